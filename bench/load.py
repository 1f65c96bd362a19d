"""A load generator on bare asyncio: one exchange at a time on each kept connection, timed from write to last byte.

It is cheap on purpose: what a bench measures should be the server's work, not its client's.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httptools


@dataclass(frozen=True, slots=True)
class Seen:
    """One exchange as the client saw it: seconds from its write to the first byte of the body and to the last."""

    status: int
    first_s: float
    whole_s: float
    body: bytes


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Seen] | None = None
        self._parts: list[bytes] = []
        self._began_s = self._first_s = 0.0

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def exchange(self, request: bytes) -> "asyncio.Future[Seen]":
        self._answer = asyncio.get_running_loop().create_future()
        self._parts = []
        self._first_s = 0.0
        self._began_s = time.perf_counter()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._first_s = self._first_s or time.perf_counter() - self._began_s
        self._parts.append(body)

    def on_message_complete(self) -> None:
        whole_s = time.perf_counter() - self._began_s
        seen = Seen(self._parser.get_status_code(), self._first_s or whole_s, whole_s, b"".join(self._parts))
        self._answer.set_result(seen)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the server closed the connection"))


class Client:
    """Kept connections to one server; as many as there are exchanges at a time."""

    def __init__(self, url: str) -> None:
        self._where = urlsplit(url)
        self._idle: list[Wire] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for wire in self._idle:
            wire.close()

    async def send(self, request: bytes) -> Seen:
        while self._idle:
            wire = self._idle.pop()
            if wire.usable:
                break
        else:
            loop = asyncio.get_running_loop()
            _, wire = await loop.create_connection(Wire, self._where.hostname, self._where.port)
        seen = await wire.exchange(request)
        self._idle.append(wire)
        return seen


def post(path: str, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> bytes:
    """Return the bytes of a POST."""
    body = json.dumps(document, separators=(",", ":")).encode()
    told = {"host": "bench", "content-type": "application/json", "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in (told | dict(headers or {})).items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def percentile_ms(times_s: Sequence[float], share: float) -> float:
    """Return the time that *share* of *times_s* did not pass, in milliseconds."""
    ordered = sorted(times_s)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3
