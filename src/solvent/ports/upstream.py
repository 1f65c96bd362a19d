"""The port to providers: bytes out, bytes in, and a translated error when they do not come."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long to wait, in seconds: for a connection, the first byte, the next chunk, and all of it."""

    connect_s: float
    first_byte_s: float
    between_chunks_s: float
    whole_s: float


@dataclass(frozen=True, slots=True)
class UpstreamCall:
    """One HTTP exchange to make. ``headers`` hold the credential and are never shown."""

    provider: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    deadlines: Deadlines


class UpstreamReply(Protocol):
    """A reply whose head has arrived; whoever got it closes it."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The reply's headers; names match in any case."""
        ...

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body.

        Raises:
            UpstreamUnavailable: the connection broke, or the body is larger than *limit_bytes*.
            UpstreamTimeout: a deadline passed.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, with the same errors as ``read``."""
        ...

    async def close(self) -> None:
        """Let go of the exchange; an unfinished one is cancelled at the provider. Repeats do nothing."""
        ...


class Upstream(Protocol):
    """A client of providers."""

    async def send(self, call: UpstreamCall) -> UpstreamReply:
        """Send *call* and return when the head of its reply is there. No redirect is followed.

        Raises:
            UpstreamUnavailable: no connection (``billed`` is ``no``), or it broke afterwards (``unknown``).
            UpstreamTimeout: a deadline passed; ``billed`` is ``no`` only while connecting.
        """
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...
