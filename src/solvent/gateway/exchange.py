"""One exchange on a provider's surface: read the call, open the path, hand on the answer.

Raw ASGI, for this is the path of every call: no dependency injection, no validation but the dialect's own.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from solvent.app import App
from solvent.calls.answer import Answer
from solvent.domain.call import Call, Dialect, Json, Operation
from solvent.domain.money import Money
from solvent.errors import CallInvalid, SolventError
from solvent.gateway.attribution import attribution, options
from solvent.gateway.errors import ErrorReply, Shape, error_event, error_reply
from solvent.providers.request import PASSED_ON

T = TypeVar("T")

_JSON: Final = "application/json"
_LOOK_S: Final = 0.05
"""How long a call takes before it is worth while to look whether its client is still there."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the address and body of a request name."""

    model: str
    operation: Operation
    stream: bool


class _ClientGone(Exception):
    """There is nobody left to answer."""


class Exchange:
    """The ASGI endpoint of one surface. *target* reads the model, operation and mode from address and body."""

    def __init__(
        self, app: App, shape: Shape, dialect: Dialect, target: Callable[[Scope, Json], Target]
    ) -> None:
        self._app = app
        self._shape = shape
        self._dialect = dialect
        self._target = target

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call; whatever goes wrong is said in the surface's own words."""
        call_id = self._app.ids.new("call", self._app.clock.now_us())
        try:
            call = self._call(call_id, scope, await _body(receive, Headers(scope=scope), self._limit))
            if call.stream:
                await _while_present(receive, self._stream(call, send))
                return
            paid = await _while_present(receive, self._app.path.pay(call))
            async with self._app.path.answered(paid) as answer:
                await _reply(send, answer.status, _head(answer), answer.body)
        except _ClientGone:
            return
        except SolventError as error:
            await _send_error(send, error_reply(error, self._shape, call_id))

    @property
    def _limit(self) -> int:
        return self._app.settings.max_body_bytes

    def _call(self, call_id: str, scope: Scope, raw: bytes) -> Call:
        headers = {key.decode("latin-1").lower(): value.decode("latin-1") for key, value in scope["headers"]}
        document = _parsed(raw)
        target = self._target(scope, document)
        return Call(
            id=call_id,
            operation=target.operation,
            dialect=self._dialect,
            model=target.model,
            stream=target.stream,
            attribution=attribution(headers, document),
            received_us=self._app.clock.now_us(),
            document=document,
            raw=raw,
            options=options(headers),
            headers=tuple((name, headers[name]) for name in PASSED_ON if name in headers),
        )

    async def _stream(self, call: Call, send: Send) -> None:
        """Hand on a stream, for as long as a call may take: one who does not read cannot hold money for ever."""
        async with self._app.path.open(call) as answer:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._app.settings.call_timeout_s):
                    await self._pump(answer, send)

    async def _pump(self, answer: Answer, send: Send) -> None:
        """Send the stream. One that breaks ends in an error event and never in the mark of a whole answer."""
        await send(
            {"type": "http.response.start", "status": answer.status, "headers": _encoded(_head(answer))}
        )
        try:
            async with aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            last = b""
        except SolventError as error:
            last = error_event(error, self._shape, answer.paid.call.id)
        except OSError:
            return
        await send({"type": "http.response.body", "body": last, "more_body": False})


def _parsed(raw: bytes) -> Json:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise CallInvalid(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise CallInvalid("the body is JSON but not an object; send an object with the call's fields")
    return document


async def _body(receive: Receive, headers: Headers, limit: int) -> bytes:
    """Return the body.

    Raises:
        CallInvalid: it is encoded, larger than *limit*, or the client went away while sending it.
    """
    if headers.get("content-encoding", "identity") != "identity":
        raise CallInvalid("the body is compressed; send it without content-encoding")
    announced = headers.get("content-length", "0")
    parts: list[bytes] = []
    size = int(announced) if announced.isdigit() else 0
    seen = 0
    more = True
    while more:
        if size > limit or seen > limit:
            raise CallInvalid(f"the body has more than {limit} bytes; send less, or raise max_body_bytes")
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallInvalid("the client went away before its call was whole")
        parts.append(message.get("body", b""))
        seen += len(parts[-1])
        more = message.get("more_body", False)
    if seen > limit:
        raise CallInvalid(f"the body has more than {limit} bytes; send less, or raise max_body_bytes")
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _while_present(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Return what *work* returns; once it takes a while, its client is watched, whose going away cancels it.

    A client that has its whole answer counts as gone too: the server says so while *work* is still tidying up.

    Raises:
        _ClientGone: the client went away.
    """
    task = asyncio.create_task(work)
    try:
        if not (await asyncio.wait({task}, timeout=_LOOK_S))[0]:
            await _either(task, asyncio.create_task(_gone(receive)))
    finally:
        left = task.cancel()
        await asyncio.wait({task})
    if left and task.cancelled():
        raise _ClientGone
    return task.result()


async def _either(task: asyncio.Task[T], watch: asyncio.Task[None]) -> None:
    try:
        await asyncio.wait({task, watch}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(answer: Answer) -> list[tuple[str, str]]:
    """Return the response headers: what it cost, or may cost while it streams, and who served it."""
    paid, receipt = answer.paid, answer.receipt
    head = [
        ("content-type", answer.content_type if answer.streams or not answer.translated else _JSON),
        ("x-solvent-call-id", paid.call.id),
        ("x-solvent-provider", paid.plan.deployment.provider.name),
        ("x-solvent-model", paid.plan.deployment.model if receipt is None else receipt.model),
        ("x-solvent-cache", "off"),
    ]
    if receipt is not None:
        head.append(("x-solvent-cost-usd", Money.plain(receipt.cost_nanos)))
    else:
        head.append(("x-solvent-bound-usd", Money.plain(paid.bound.nanos)))
    remaining = paid.reservation.remaining_nanos if receipt is None else receipt.remaining_nanos
    if remaining is not None:
        head.append(("x-solvent-remaining-usd", Money.plain(remaining)))
    if paid.output_limit is not None:
        head.append(("x-solvent-output-limit", f"{paid.output_limit}{'; clamped' if paid.clamped else ''}"))
    return head


async def _send_error(send: Send, reply: ErrorReply) -> None:
    await _reply(send, reply.status, [("content-type", reply.content_type), *reply.headers], reply.body)


async def _reply(send: Send, status: int, head: list[tuple[str, str]], body: bytes) -> None:
    head.append(("content-length", str(len(body))))
    await send({"type": "http.response.start", "status": status, "headers": _encoded(head)})
    await send({"type": "http.response.body", "body": body})


def _encoded(head: list[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in head]
