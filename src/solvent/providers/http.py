"""The HTTP client of providers, on aiohttp: one exchange at a time over kept connections, bounded in every way.

Every error of aiohttp is translated here, in one place. Whether an attempt may be billed follows from how far
it came: while no connection stands nothing was sent (``no``), from then on the provider may have worked
(``unknown``). No redirect is followed, no cookie kept, no proxy taken from the environment.
"""

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType, TracebackType
from typing import Final, Self

import aiohttp
from yarl import URL

from solvent.errors import Billed, Failure, UpstreamError, UpstreamTimeout, UpstreamUnavailable
from solvent.ports.upstream import Deadlines, UpstreamCall

_KEEPALIVE_S: Final = 15.0
_DNS_TTL_S: Final = 60
_AT_ONCE_BYTES: Final = 1_000_000
_PIECE_BYTES: Final = 65_536
_WBITS: Final = MappingProxyType(
    {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
)


class HttpUpstream:
    """A client of providers for one event loop; open it inside the loop and close it there."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    @classmethod
    async def open(cls, *, connections: int = 0) -> Self:
        """Return a client that keeps at most *connections* open at once; 0 sets no bound."""
        connector = aiohttp.TCPConnector(
            limit=connections, keepalive_timeout=_KEEPALIVE_S, ttl_dns_cache=_DNS_TTL_S
        )
        session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent",),
            headers={"user-agent": "solvent"},
            trust_env=False,
        )
        return cls(session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send(self, call: UpstreamCall) -> "HttpReply":
        """Send *call* and return when the head of its reply is there.

        Raises:
            UpstreamUnavailable: no connection (``billed`` is ``no``), or it broke afterwards (``unknown``).
            UpstreamTimeout: a deadline passed; ``billed`` is ``no`` only while connecting.
        """
        allowed = call.deadlines
        started_s = asyncio.get_running_loop().time()
        first_byte_s = min(allowed.first_byte_s, allowed.whole_s)
        connect_s = min(allowed.connect_s, first_byte_s)
        try:
            async with asyncio.timeout_at(started_s + first_byte_s):
                response = await self._session.post(
                    URL(call.url, encoded=True),
                    data=_payload(call.body),
                    headers=call.headers,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, connect=connect_s, sock_connect=connect_s),
                )
        except (aiohttp.ClientError, OSError) as error:
            raise _translated(call.provider, error, f"sent no reply within {first_byte_s:g} s") from error
        return HttpReply(response, call.provider, allowed, started_s + allowed.whole_s)

    async def close(self) -> None:
        """Close all connections; repeats do nothing."""
        await self._session.close()


class HttpReply:
    """A reply whose head has arrived. Only the bytes read so far are held; an unread one waits in the socket."""

    def __init__(
        self, response: aiohttp.ClientResponse, provider: str, deadlines: Deadlines, ends_s: float
    ) -> None:
        self._response = response
        self._provider = provider
        self._between_s = deadlines.between_chunks_s
        self._whole_s = deadlines.whole_s
        self._ends_s = ends_s

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The reply's headers; names match in any case."""
        return self._response.headers

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body, decompressed; at no time is more than *limit_bytes* and one piece held.

        Raises:
            UpstreamUnavailable: the connection broke, or the body is larger than *limit_bytes*.
            UpstreamTimeout: a deadline passed.
        """
        pieces: list[bytes] = []
        size_bytes = 0
        async for piece in self.chunks():
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                await self.close()
                raise self._broken(f"sent more than the {limit_bytes} bytes that are read of one reply")
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, decompressed, with the same errors as ``read``."""
        encoding = self._response.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity":
            while piece := await self._next():
                yield piece
            return
        if encoding not in _WBITS:
            raise self._broken(f"encoded its reply as {encoding!r:.40}, which solvent did not ask for")
        async for piece in self._inflated(_WBITS[encoding]):
            yield piece

    async def close(self) -> None:
        """Let go of the exchange; an unfinished one is cancelled by closing its connection."""
        self._response.close()

    async def _next(self) -> bytes:
        content = self._response.content
        if content.at_eof():
            return b""
        late_s = min(asyncio.get_running_loop().time() + self._between_s, self._ends_s)
        try:
            async with asyncio.timeout_at(late_s):
                return await content.readany()
        except (aiohttp.ClientError, OSError) as error:
            whole = late_s == self._ends_s
            late = (
                f"was not done after {self._whole_s:g} s"
                if whole
                else f"fell silent for {self._between_s:g} s"
            )
            raise _translated(self._provider, error, late) from error

    async def _inflated(self, wbits: int) -> AsyncIterator[bytes]:
        inflater = zlib.decompressobj(wbits)
        try:
            while packed := await self._next():
                while packed:
                    piece = inflater.decompress(packed, _PIECE_BYTES)
                    packed = inflater.unconsumed_tail
                    if piece:
                        yield piece
        except zlib.error as error:
            raise self._broken("sent a compressed reply that cannot be read") from error
        if rest := inflater.flush():
            yield rest
        if not inflater.eof:
            raise self._broken("broke off in the middle of a compressed reply")

    def _broken(self, what: str) -> UpstreamUnavailable:
        return UpstreamUnavailable(
            f"{self._provider} {what}", Failure(self._provider, kind="reply_unreadable")
        )


def _payload(body: bytes) -> bytes | io.BytesIO:
    """Return *body*, as a file where it is so large that it should be written in parts."""
    return body if len(body) <= _AT_ONCE_BYTES else io.BytesIO(body)


def _translated(provider: str, error: Exception, late: str) -> UpstreamError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return _timeout(provider, "did not accept a connection in time", "no")
    if isinstance(error, TimeoutError):
        return _timeout(provider, late, "unknown")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientConnectorCertificateError):
        return _unavailable(provider, f"cannot be reached ({error.__class__.__name__})", "unreachable", "no")
    if isinstance(error, aiohttp.InvalidURL):
        return _unavailable(provider, "has no address of a host; mend its base_url", "unreachable", "no")
    return _unavailable(provider, f"broke the connection ({error.__class__.__name__})", "broken", "unknown")


def _timeout(provider: str, what: str, billed: Billed) -> UpstreamError:
    return UpstreamTimeout(f"{provider} {what}", Failure(provider, billed=billed, kind="timeout"))


def _unavailable(provider: str, what: str, kind: str, billed: Billed) -> UpstreamError:
    return UpstreamUnavailable(f"{provider} {what}", Failure(provider, billed=billed, kind=kind))
