"""From one dialect to another, through the canonical form: calls, whole replies, streams."""

from dataclasses import replace

from solvent.dialects.base import Decoder, Edits, Encoder, Facts, Tap
from solvent.dialects.table import COUNTERS, EMBEDDERS, TRANSLATORS
from solvent.domain.call import Dialect, Json
from solvent.errors import CallInvalid


def translate_call(source: Dialect, target: Dialect, document: Json, edits: Edits) -> Json:
    """Return a caller's *document* of *source* as a call in *target*, with *edits* made.

    Raises:
        CallInvalid: something in it cannot be said in *target*; its name and what to do are said.
    """
    if source in TRANSLATORS and target in TRANSLATORS:
        prompt = TRANSLATORS[source].read_prompt(document)
        return TRANSLATORS[target].write_prompt(replace(prompt, stream=prompt.stream or edits.stream), edits)
    if source in EMBEDDERS and target in EMBEDDERS:
        return EMBEDDERS[target].write_embed(EMBEDDERS[source].read_embed(document), edits)
    raise CallInvalid(
        f"a call in {source} cannot be translated into {target}; "
        "name a model that converses for a conversation, one that embeds for embeddings"
    )


def translate_reply(source: Dialect, target: Dialect, document: Json) -> Json:
    """Return a provider's whole reply of *source* in *target*, the dialect of the caller.

    Raises:
        UsageContradictory: it holds what *target* has no form for, or its usage is of no known shape.
    """
    if source in EMBEDDERS:
        return EMBEDDERS[target].write_vectors(EMBEDDERS[source].read_vectors(document))
    return TRANSLATORS[target].write_reply(TRANSLATORS[source].read_reply(document))


def translate_count_call(source: Dialect, target: Dialect, document: Json, edits: Edits) -> Json:
    """Return a caller's wish in *source* to count tokens as one in *target*.

    Raises:
        CallInvalid: something in it cannot be said in *target*; its name and what to do are said.
    """
    return COUNTERS[target].write_counted(COUNTERS[source].read_counted(document), edits)


def translate_count(source: Dialect, target: Dialect, document: Json) -> Json:
    """Return the number that a provider's reply of *source* tells, as *target* tells it.

    Raises:
        UsageContradictory: it tells none.
    """
    return COUNTERS[target].write_count(COUNTERS[source].count(document))


def translating_tap(source: Dialect, target: Dialect, *, usage: bool) -> Tap:
    """Return a tap that reads a stream of *source* and shows it in *target*.

    Its facts are those of the provider's own stream. An error in the stream is found there and nothing of it
    is shown, so the reply never looks complete. *usage* says whether the client asked to see it.
    """
    return TranslatingTap(TRANSLATORS[source].decoder(), TRANSLATORS[target].encoder(usage=usage))


class TranslatingTap:
    """A decoder of one dialect in front of an encoder of another."""

    __slots__ = ("_decoder", "_encoder")

    def __init__(self, decoder: Decoder, encoder: Encoder) -> None:
        self._decoder = decoder
        self._encoder = encoder

    def feed(self, chunk: bytes) -> bytes:
        """Return what *chunk* completes, in the client's dialect; see ``Tap.feed``."""
        return self._encoder.write(self._decoder.feed(chunk))

    def end(self) -> bytes:
        """Return nothing: the end mark was written when the provider's came, or never will be."""
        return b""

    def facts(self) -> Facts:
        """Return what the provider's stream has said so far."""
        return self._decoder.facts()
