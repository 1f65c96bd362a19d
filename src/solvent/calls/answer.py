"""An answer on its way to the caller, in the caller's dialect: a whole body, or a stream."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import Final

import orjson

from solvent.calls.flight import Flight
from solvent.calls.records import Paid, Receipt
from solvent.calls.send import asked_for_usage
from solvent.dialects.base import Facts, Tap
from solvent.dialects.table import codec
from solvent.dialects.translate import translate_count, translate_reply, translating_tap
from solvent.domain.call import Json, Operation
from solvent.errors import (
    Failure,
    SolventError,
    UpstreamDenied,
    UpstreamError,
    UpstreamUnavailable,
    UsageContradictory,
)
from solvent.ports.upstream import UpstreamReply
from solvent.providers.classify import failure, stream_failure

MAX_ERROR_BYTES: Final = 2**20
_JSON: Final = "application/json"


class Answer:
    """The answer of one call. A whole answer is settled before it is handed over; a stream when it has ended.

    ``error`` is the failure in which a stream of the caller's own dialect ended, in bytes that were handed on.
    """

    def __init__(
        self,
        flight: Flight,
        reply: UpstreamReply,
        *,
        hides_usage: bool,
        max_reply_bytes: int,
        close: Callable[[Flight], Awaitable[Receipt]],
    ) -> None:
        self._flight = flight
        self._reply = reply
        self._hides_usage = hides_usage
        self._max_reply_bytes = max_reply_bytes
        self._close = close
        self.body = b""
        self.content_type = reply.headers.get("content-type", _JSON)
        self.facts: Facts | None = None
        self.error: UpstreamError | None = None

    @property
    def paid(self) -> Paid:
        """The call, where it went and what is held for it."""
        return self._flight.paid

    @property
    def status(self) -> int:
        """The HTTP status of the provider's reply."""
        return self._reply.status

    @property
    def receipt(self) -> Receipt | None:
        """What the call cost; None while its stream is open."""
        return self._flight.receipt

    @property
    def streams(self) -> bool:
        """Say whether the answer comes in chunks; else ``body`` holds all of it."""
        return self.paid.call.stream

    @property
    def translated(self) -> bool:
        """Say whether the provider speaks another dialect than the caller."""
        return self.paid.plan.dialect is not self.paid.call.dialect

    async def begin(self) -> None:
        """Read what there is before the first byte may be handed on: an error, or all of a whole answer.

        Raises:
            UpstreamError: the provider did not deliver.
        """
        if self._reply.status >= 400:  # noqa: PLR2004 - where HTTP's errors begin
            raise await self._refused()
        if not self.streams:
            await self._read_whole()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the stream in the caller's dialect.

        Raises:
            UpstreamError: it broke, or ended before its end mark; what came looks incomplete to the caller.
        """
        tap = self._tap()
        self._flight.tapped(tap)
        try:
            with self._flight.watched():
                async for chunk in self._reply.chunks():
                    self._flight.first_byte()
                    if seen := self._read(tap.feed, chunk):
                        yield seen
                if tail := self._read(tap.end):
                    yield tail
            self._judge(tap.facts())
        except SolventError:
            await self._close(self._flight)
            raise
        await self._close(self._flight)

    def _read(self, step: Callable[..., bytes], *chunk: bytes) -> bytes:
        """Take one *step* of the tap.

        Raises:
            UpstreamUnavailable: what came cannot be read as a stream.
        """
        try:
            return step(*chunk)
        except UsageContradictory as error:
            provider = self.paid.plan.deployment.provider.name
            raise UpstreamUnavailable(
                f"{provider} sent a stream that cannot be read: {error.message}",
                Failure(provider, self.status, "unknown", "reply_unreadable"),
            ) from error

    def _judge(self, facts: Facts) -> None:
        """Record how the stream ended.

        Raises:
            UpstreamError: not as it should; a caller of the provider's own dialect has seen its error already.
        """
        provider = self.paid.plan.deployment.provider.name
        if facts.error is not None:
            error = stream_failure(provider, facts.error)
            self._flight.failed(error.failure)
            self.error = error
            if self.translated:
                raise error
        elif not facts.complete:
            cut = UpstreamUnavailable(
                f"{provider} stopped in the middle of its answer; it is charged at its bound",
                Failure(provider, self.status, "unknown", "cut"),
            )
            self._flight.failed(cut.failure)
            raise cut
        else:
            self._flight.completed(facts)

    async def _refused(self) -> UpstreamError:
        plan = self.paid.plan
        with self._flight.watched():
            body = await self._reply.read(MAX_ERROR_BYTES)
        error = failure(plan.deployment.provider.name, plan.dialect, self.status, self._reply.headers, body)
        if self.translated or isinstance(error, UpstreamDenied):
            error.failure = replace(error.failure, body=b"")
        self._flight.failed(error.failure)
        return error

    async def _read_whole(self) -> None:
        with self._flight.watched():
            raw = await self._reply.read(self._max_reply_bytes)
            self._flight.first_byte()
            document = self._parsed(raw)
        self.facts = self._facts(document)
        self._flight.completed(self.facts)
        await self._close(self._flight)
        self.body = orjson.dumps(self._translated(document)) if self.translated else raw

    def _parsed(self, raw: bytes) -> Json:
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict):
            return document
        provider = self.paid.plan.deployment.provider.name
        raise UpstreamUnavailable(
            f"{provider} answered {self.status} with {len(raw)} bytes that are not a JSON object",
            Failure(provider, self.status, "unknown", "not_json"),
        )

    def _facts(self, document: Json) -> Facts:
        try:
            return codec(self.paid.plan.dialect).facts(document)
        except UsageContradictory as error:
            return Facts(doubt=error.message)

    def _translated(self, document: Json) -> Json:
        call, plan = self.paid.call, self.paid.plan
        translate = translate_count if call.operation is Operation.COUNT else translate_reply
        return translate(plan.dialect, call.dialect, document)

    def _tap(self) -> Tap:
        call, plan = self.paid.call, self.paid.plan
        if self.translated:
            return translating_tap(plan.dialect, call.dialect, usage=asked_for_usage(call.document))
        return codec(call.dialect).tap(hide_usage=self._hides_usage)
