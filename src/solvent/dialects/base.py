"""What every dialect can do. A dialect is a stateless object; a stream gets a tap of its own.

Documents are parsed JSON and may come from anyone: every method that reads a caller's document raises
``CallInvalid``, naming the field, where its shape cannot be what the dialect says.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from solvent.dialects.canonical import Delta, EmbedPrompt, EmbedReply, Prompt, Reply
from solvent.domain.call import Demand, Dialect, Json
from solvent.domain.usage import Usage


class Finish(StrEnum):
    """Why a model stopped."""

    STOP = "stop"
    LENGTH = "length"
    TOOL = "tool"
    REFUSED = "refused"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reply says of itself.

    ``usage`` is None where the provider gave none. ``complete`` is false while a stream has not shown its end
    mark, or where the reply says that it goes on elsewhere. ``error`` is the provider's own error document
    where a reply that began well ended in one. ``written`` are the texts the model wrote, for counting what an
    aborted stream delivered. ``doubt`` says why the usage of a stream, already on its way to the client, cannot
    be believed; ``usage`` is None then. (Of a whole reply that is an error, ``UsageContradictory``.)
    ``price_context`` are the reply's own words that select a price, such as the service tier that served it.
    """

    usage: Usage | None = None
    model: str = ""
    reply_id: str = ""
    finish: Finish | None = None
    complete: bool = True
    error: Json | None = None
    written: tuple[str, ...] = field(default=(), repr=False)
    doubt: str = ""
    price_context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Edits:
    """What solvent changes in a call before it passes it on in the same dialect.

    ``output_limit`` is set, under ``limit_field`` where the dialect has several names for it, only when given.
    ``stream_usage`` asks the provider to report usage in the stream, where the dialect needs that. ``stream`` says
    that the caller wants a stream, for a translation from a dialect that says so outside its document.
    """

    model: str
    output_limit: int | None = None
    limit_field: str | None = None
    stream_usage: bool = False
    stream: bool = False


class Tap(Protocol):
    """Reads one stream while it passes through: same dialect out, or another."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they came, split anywhere, and return what the client may see now (possibly nothing).

        Raises:
            UsageContradictory: an event is not of the dialect, or a line is longer than the tap allows.
        """
        ...

    def end(self) -> bytes:
        """Say that no more bytes come, and return what was still held back.

        Of a stream cut before its end mark, nothing is returned that would make it look complete.
        """
        ...

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        ...


class Codec(Protocol):
    """One dialect: the wire format of calls, replies and streams."""

    @property
    def dialect(self) -> Dialect:
        """Which one."""
        ...

    def demand(self, document: Json, size_bytes: int) -> Demand:
        """Return what the call may make its provider count; *size_bytes* is the length of its body.

        ``text_bytes`` may be taken from *size_bytes* less the media: cheap, and never too small.
        """
        ...

    def texts(self, document: Json) -> Iterator[str]:
        """Yield every text that the model will read (names, schemas and tool results too), for exact counting."""
        ...

    def edit(self, document: Json, edits: Edits) -> Json:
        """Return *document* with *edits* made; the very same object when nothing had to change."""
        ...

    def facts(self, document: Json) -> Facts:
        """Return what a whole reply says of itself.

        Raises:
            UsageContradictory: its usage is not of a known shape, negative, or does not add up.
        """
        ...

    def tap(self, *, hide_usage: bool = False) -> Tap:
        """Return a reader for one stream that is passed on in this dialect.

        *hide_usage* drops from it the usage that only solvent asked for.
        """
        ...


class Translator(Codec, Protocol):
    """A dialect that can be written in another through the canonical form."""

    def read_prompt(self, document: Json) -> Prompt:
        """Return the call in canonical form.

        Raises:
            CallInvalid: a field has no canonical counterpart; its name and what to do are said.
        """
        ...

    def write_prompt(self, prompt: Prompt, edits: Edits) -> Json:
        """Return the call in this dialect.

        Raises:
            CallInvalid: the prompt uses what this dialect cannot say.
        """
        ...

    def read_reply(self, document: Json) -> Reply:
        """Return a whole reply in canonical form."""
        ...

    def write_reply(self, reply: Reply) -> Json:
        """Return a whole reply in this dialect, as its official SDK expects it."""
        ...

    def decoder(self) -> "Decoder":
        """Return a reader of one stream of this dialect."""
        ...

    def encoder(self, *, usage: bool) -> "Encoder":
        """Return a writer of one stream of this dialect; *usage* whether the client asked to see it there."""
        ...


class Counter(Codec, Protocol):
    """A dialect in which tokens can be counted before a call, and whose counts can be written in another."""

    def read_counted(self, document: Json) -> Prompt:
        """Return what is to be counted, in canonical form.

        Raises:
            CallInvalid: a field has no canonical counterpart; its name and what to do are said.
        """
        ...

    def write_counted(self, prompt: Prompt, edits: Edits) -> Json:
        """Return the call that counts *prompt*.

        Raises:
            CallInvalid: the prompt uses what this dialect cannot say.
        """
        ...

    def count(self, document: Json) -> int:
        """Return the number that a reply tells.

        Raises:
            UsageContradictory: there is none.
        """
        ...

    def write_count(self, tokens: int) -> Json:
        """Return a reply that tells *tokens*."""
        ...


class Embedder(Codec, Protocol):
    """A dialect of embeddings that can be written in another through the canonical form."""

    def read_embed(self, document: Json) -> EmbedPrompt:
        """Return the call in canonical form.

        Raises:
            CallInvalid: a field has no canonical counterpart; its name and what to do are said.
        """
        ...

    def write_embed(self, prompt: EmbedPrompt, edits: Edits) -> Json:
        """Return the call in this dialect."""
        ...

    def read_vectors(self, document: Json) -> EmbedReply:
        """Return a reply in canonical form.

        Raises:
            UsageContradictory: its usage or a vector is not of a known shape.
        """
        ...

    def write_vectors(self, reply: EmbedReply) -> Json:
        """Return a reply in this dialect, as its official SDK expects it."""
        ...


class Decoder(Protocol):
    """Stream of one dialect → canonical deltas."""

    def feed(self, chunk: bytes) -> list[Delta]:
        """Return the deltas that *chunk* completes."""
        ...

    def facts(self) -> Facts:
        """Return what the stream has said so far."""
        ...


class Encoder(Protocol):
    """Canonical deltas → stream of one dialect."""

    def write(self, deltas: list[Delta]) -> bytes:
        """Return the bytes of *deltas*; the end mark comes with the delta that ends the reply, never before."""
        ...
