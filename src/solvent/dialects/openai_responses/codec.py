"""The dialect as one object; what each method does is in the module named for it."""

from collections.abc import Iterator

from solvent.dialects.base import Decoder, Edits, Encoder, Facts, Tap
from solvent.dialects.canonical import Prompt, Reply
from solvent.dialects.openai_responses import answer, call, prompt_reader, prompt_writer, reply
from solvent.dialects.openai_responses.decoder import ResponseDecoder
from solvent.dialects.openai_responses.encoder import ResponseEncoder
from solvent.dialects.openai_responses.stream import ResponseProgress
from solvent.dialects.passing import PassingTap
from solvent.dialects.sse import EventReader
from solvent.domain.call import Demand, Dialect, Json


class OpenAIResponses:
    """Responses: a ``Translator``."""

    __slots__ = ()

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        return Dialect.OPENAI_RESPONSES

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count."""
        return call.demand(document, size_bytes)

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text that the model will read."""
        return call.texts(document)

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return the call with *edits* made; the very same object when nothing had to change."""
        return call.edit(document, edits)

    def facts(self, document: Json) -> Facts:
        """Return what a whole reply says of itself."""
        return reply.facts(document)

    def tap(self, *, hide_usage: bool = False) -> Tap:  # noqa: ARG002 - usage is always part of these streams
        """Return a reader for one stream that is passed on in this dialect."""
        return PassingTap(EventReader(), ResponseProgress())

    def read_prompt(self, document: Json) -> Prompt:
        """Return the call in canonical form."""
        return prompt_reader.read_prompt(document)

    def write_prompt(self, prompt: Prompt, edits: Edits) -> Json:
        """Return the canonical call in this dialect."""
        return prompt_writer.write_prompt(prompt, edits)

    def read_reply(self, document: Json) -> Reply:
        """Return a whole reply in canonical form."""
        return answer.read_reply(document)

    def write_reply(self, reply: Reply) -> Json:
        """Return a canonical reply in this dialect."""
        return answer.write_reply(reply)

    def decoder(self) -> Decoder:
        """Return a reader of one stream of this dialect."""
        return ResponseDecoder()

    def encoder(self, *, usage: bool) -> Encoder:  # noqa: ARG002 - usage is always part of these streams
        """Return a writer of one stream of this dialect."""
        return ResponseEncoder()
