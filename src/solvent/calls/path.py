"""The path of one call.

::

    Call ─ admit ─▶ Admitted ─ route ─▶ Plan ─ reserve ─▶ Paid ─ send ─▶ Reply ─ finish ─▶ Receipt

Whatever happens on the way (success, failure, cancellation, a caller that goes away), the reservation is closed
in one shielded ``finally``. If the process dies instead, its journal tells a successor how.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from solvent.budgets.desk import Desk
from solvent.calls.admit import admit
from solvent.calls.answer import Answer
from solvent.calls.finish import Bookkeeper
from solvent.calls.flight import Flight
from solvent.calls.records import Paid, Receipt
from solvent.calls.reserve import Till
from solvent.calls.route import Router
from solvent.calls.send import Outgoing, Sender
from solvent.domain.call import Call
from solvent.domain.clock import Clock
from solvent.domain.entry import Entry
from solvent.errors import StorageUnavailable
from solvent.ports.journal import Journal

T = TypeVar("T")


class CallPath:
    """The steps of a call, in their order."""

    def __init__(
        self,
        *,
        router: Router,
        till: Till,
        sender: Sender,
        bookkeeper: Bookkeeper,
        desk: Desk,
        journal: Journal,
        clock: Clock,
        max_reply_bytes: int,
    ) -> None:
        self._router = router
        self._till = till
        self._sender = sender
        self._bookkeeper = bookkeeper
        self._desk = desk
        self._journal = journal
        self._clock = clock
        self._max_reply_bytes = max_reply_bytes

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Answer]:
        """Pay and send *call*; the answer may be read inside the context, whose end closes the reservation.

        Raises:
            RefusedError: nothing was sent and nothing was spent.
            PricingError: the model has no price; nothing was sent.
            UpstreamError: the provider did not deliver; what it may bill is booked.
            StorageUnavailable: the budgets cannot be proven current; nothing was sent.
        """
        async with self.answered(await self.pay(call)) as answer:
            yield answer

    async def pay(self, call: Call) -> Paid:
        """Hold what the call may cost, and wait in line for it where need be; the first half of ``open``.

        Whoever gets the answer hands it to ``answered`` at once. One who is cancelled before leaves nothing.
        """
        return await self._till.pay(self._router.plan(admit(call)))

    @asynccontextmanager
    async def answered(self, paid: Paid) -> AsyncIterator[Answer]:
        """Send a call that is paid; the second half of ``open``."""
        flight = Flight(paid, self._clock)
        try:
            yield await self._answered(flight, self._sender.prepare(paid))
        finally:
            if flight.receipt is None:
                await _unbroken(self._close(flight))

    async def _answered(self, flight: Flight, outgoing: Outgoing) -> Answer:
        self._journal.dispatched(flight.paid.reservation.id)
        flight.dispatched()
        with flight.watched():
            reply = await self._sender.send(outgoing)
        flight.answered(reply)
        answer = Answer(
            flight,
            reply,
            hides_usage=outgoing.hides_usage,
            max_reply_bytes=self._max_reply_bytes,
            close=self._close,
        )
        await answer.begin()
        return answer

    async def _close(self, flight: Flight) -> Receipt:
        """Close the reservation of *flight*, once; a repeat returns the first receipt."""
        if flight.receipt is None:
            await flight.hang_up()
            flight.receipt = await self._settled(flight)
        return flight.receipt

    async def _settled(self, flight: Flight) -> Receipt:
        paid = flight.paid
        if not flight.was_dispatched:
            released = await self._desk.release(paid.reservation.id)
            return _receipt(paid, paid.blank, released.remaining_nanos if released else None, cost_nanos=0)
        entry = self._bookkeeper.entry(paid, flight.ended(), self._clock.now_us())
        # A journal without room must not keep the store from being told; until it is, the bound stays held.
        with suppress(StorageUnavailable):
            self._journal.settled(paid.reservation.id, (entry,))
        settlement = await self._desk.settle(paid.reservation.id, (entry,))
        if settlement is None:
            return _receipt(paid, entry, None, cost_nanos=entry.cost_nanos)
        self._journal.closed(paid.reservation.id)
        return _receipt(paid, entry, settlement.remaining_nanos, cost_nanos=settlement.charged_nanos)


def _receipt(paid: Paid, entry: Entry, remaining_nanos: int | None, *, cost_nanos: int) -> Receipt:
    return Receipt(
        call_id=paid.call.id,
        provider=entry.provider,
        model=entry.model,
        usage=entry.usage,
        cost_nanos=cost_nanos,
        bound_nanos=paid.bound.nanos,
        certainty=entry.certainty,
        remaining_nanos=remaining_nanos,
        latency_ms=entry.latency_ms,
    )


async def _unbroken(work: Coroutine[Any, Any, T]) -> T:
    """Finish *work* even when the caller is cancelled meanwhile, and pass the cancellation on afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return task.result()
