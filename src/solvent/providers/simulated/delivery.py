"""Puts one answer on the wire, at its pace and with its faults, and knows how much of it was written."""

import asyncio
import gzip
from dataclasses import dataclass

from aiohttp import web

from solvent.providers.simulated.behavior import Behavior
from solvent.providers.simulated.script import Script

_MB = 2**20


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds before the first byte and between pieces of a stream, and the tokens of a piece."""

    latency_ms: int
    chunk_ms: int
    chunk_tokens: int


class Delivery:
    """One answer on its way to one client.

    ``said_tokens`` were written to the client, ``complete`` says that all was; ``abandoned`` that the client
    left first.
    """

    def __init__(self, request: web.BaseRequest, pace: Pace, behavior: Behavior) -> None:
        self._request = request
        self._behavior = behavior
        self._latency_ms = pace.latency_ms if behavior.latency_ms is None else behavior.latency_ms
        self._chunk_ms = pace.chunk_ms if behavior.chunk_ms is None else behavior.chunk_ms
        self.said_tokens = 0
        self.complete = False
        self.abandoned = False

    @property
    def query(self) -> str:
        """The query of the request, as it came."""
        return self._request.query_string

    async def wait(self) -> None:
        """Let the latency pass; for ever where the call is to hang, until its client leaves."""
        try:
            if self._behavior.hang:
                await asyncio.Event().wait()
            if self._latency_ms:
                await asyncio.sleep(self._latency_ms / 1000)
        except asyncio.CancelledError:
            self.abandoned = True
            raise

    async def whole(self, body: bytes) -> web.StreamResponse:
        """Answer with *body*, as one JSON document."""
        behavior = self._behavior
        if behavior.bomb_mb:
            packed = await asyncio.to_thread(gzip.compress, bytes(behavior.bomb_mb * _MB))
            self.complete = True
            return web.Response(
                body=packed, content_type="application/json", headers={"content-encoding": "gzip"}
            )
        if behavior.reset or behavior.dribble or behavior.line_mb:
            padding = b" " * (behavior.line_mb * _MB)
            return await self.stream(Script(padding + body, (), b"", b"", "application/json"))
        self.complete = True
        return web.Response(body=body, content_type="application/json")

    async def stream(self, script: Script) -> web.StreamResponse:
        """Answer with *script*, piece by piece."""
        response = web.StreamResponse(headers={"content-type": script.content_type})
        try:
            await response.prepare(self._request)
            if self._behavior.reset:
                self._break_off()
                return response
            await self._perform(response, script)
        except ConnectionError:
            self.abandoned = True
        except asyncio.CancelledError:
            self.abandoned = True
            raise
        return response

    async def _perform(self, response: web.StreamResponse, script: Script) -> None:
        behavior = self._behavior
        if behavior.line_mb and script.pieces:
            await response.write(b"data: " + b"x" * (behavior.line_mb * _MB) + b"\n\n")
        if script.head:
            await self._write(response, script.head)
        for number, (piece, tokens) in enumerate(script.pieces):
            if number and self._chunk_ms:
                await asyncio.sleep(self._chunk_ms / 1000)
            if await self._failed(response, number, script.broken):
                return
            await self._write(response, piece)
            self.said_tokens += tokens
        if await self._failed(response, len(script.pieces), script.broken):
            return
        await self._write(response, script.tail)
        await response.write_eof()
        self.complete = True

    async def _failed(self, response: web.StreamResponse, written: int, broken: bytes) -> bool:
        """Do to the stream what its behavior wants after *written* pieces; return whether that ended it."""
        behavior = self._behavior
        if written == behavior.cut:
            self._break_off()
        elif written == behavior.end:
            await response.write_eof()
        elif written == behavior.error_after:
            await response.write(broken)
            await response.write_eof()
        else:
            return False
        return True

    async def _write(self, response: web.StreamResponse, piece: bytes) -> None:
        if not self._behavior.dribble:
            await response.write(piece)
            return
        for at in range(len(piece)):
            await response.write(piece[at : at + 1])

    def _break_off(self) -> None:
        transport = self._request.transport
        if transport is not None:
            transport.abort()
