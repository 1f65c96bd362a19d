"""Google's dialect as one object without state."""

from collections.abc import Iterator

from solvent.dialects.base import Edits, Facts
from solvent.dialects.canonical import Prompt, Reply
from solvent.dialects.google_generate import answer, call, deltas, prompt_reader, prompt_writer, reply
from solvent.dialects.google_generate.array import ChunkReader
from solvent.dialects.google_generate.stream import Reading
from solvent.dialects.passing import PassingTap
from solvent.domain.call import Demand, Dialect, Json


class GoogleGenerate:
    """Calls and replies of generateContent and countTokens, and streams of streamGenerateContent."""

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        return Dialect.GOOGLE_GENERATE

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count; see ``call.demand``."""
        return call.demand(document, size_bytes)

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text that the model will read."""
        return call.texts(document)

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return *document* with *edits* made; the very same object when nothing had to change."""
        return call.edit(document, edits)

    def facts(self, document: Json) -> Facts:
        """Return what a whole reply says of itself; see ``reply.facts``."""
        return reply.facts(document)

    def count(self, document: Json) -> int:
        """Return the number that a reply to countTokens tells."""
        return reply.count(document)

    def read_counted(self, document: Json) -> Prompt:
        """Return what is to be counted: contents, or a whole call inside."""
        return prompt_reader.read_prompt(call.body(document).value)

    def write_counted(self, told: Prompt, edits: Edits) -> Json:
        """Return a countTokens call that holds the whole call, which alone counts instructions and tools."""
        written = prompt_writer.write_prompt(told, edits)
        return {call.BODY[0]: {"model": f"models/{edits.model}"} | written}

    def write_count(self, tokens: int) -> Json:
        """Return a reply of countTokens."""
        return {"totalTokens": tokens}

    def tap(self, *, hide_usage: bool = False) -> PassingTap:  # noqa: ARG002 — usage comes unasked here
        """Return a reader for one stream; *hide_usage* has nothing to hide, for usage comes unasked."""
        return PassingTap(ChunkReader(), Reading())

    def read_prompt(self, document: Json) -> Prompt:
        """Return the call in canonical form; see ``Translator.read_prompt``."""
        return prompt_reader.read_prompt(document)

    def write_prompt(self, told: Prompt, edits: Edits) -> Json:
        """Return the call in this dialect; see ``Translator.write_prompt``."""
        return prompt_writer.write_prompt(told, edits)

    def read_reply(self, document: Json) -> Reply:
        """Return a whole reply in canonical form."""
        return answer.read_reply(document)

    def write_reply(self, told: Reply) -> Json:
        """Return a whole reply in this dialect."""
        return answer.write_reply(told)

    def decoder(self) -> deltas.ChunkDecoder:
        """Return a reader of one stream into canonical deltas."""
        return deltas.ChunkDecoder()

    def encoder(self, *, usage: bool) -> deltas.ChunkEncoder:  # noqa: ARG002 — a stream always tells its usage
        """Return a writer of one stream, as events; the usage is always in it."""
        return deltas.ChunkEncoder()
