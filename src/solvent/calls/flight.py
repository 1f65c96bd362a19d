"""A flight: what is known so far of a call that is being made. The path closes it; nobody else does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from solvent.calls.records import Ended, Paid, Receipt
from solvent.dialects.base import Facts, Tap
from solvent.domain.clock import Clock
from solvent.domain.entry import Outcome
from solvent.errors import Failure, UpstreamError
from solvent.ports.upstream import UpstreamReply

NOTHING_SAID = Facts(complete=False)


@dataclass(slots=True)
class _Marks:
    """Instants of the monotonic clock, in seconds."""

    sent_s: float
    first_byte_s: float | None = None


class Flight:
    """One attempt under way. Until something better is recorded, its fate is unknown."""

    def __init__(self, paid: Paid, clock: Clock) -> None:
        self.paid = paid
        self.receipt: Receipt | None = None
        self._clock = clock
        self._marks: _Marks | None = None
        self._reply: UpstreamReply | None = None
        self._tap: Tap | None = None
        self._facts = NOTHING_SAID
        self._failure: Failure | None = None
        self._done: Outcome | None = None

    def dispatched(self) -> None:
        """Record that from now on bytes may reach the provider."""
        self._marks = _Marks(self._clock.monotonic_s())

    @property
    def was_dispatched(self) -> bool:
        """Say whether bytes may have reached the provider."""
        return self._marks is not None

    def answered(self, reply: UpstreamReply) -> None:
        """Record that the head of the reply is there."""
        self._reply = reply

    def tapped(self, tap: Tap) -> None:
        """Record who reads the stream, so that an early end still knows what it said."""
        self._tap = tap

    def first_byte(self) -> None:
        """Record the arrival of content; later calls change nothing."""
        if self._marks is not None and self._marks.first_byte_s is None:
            self._marks.first_byte_s = self._clock.monotonic_s()

    def completed(self, facts: Facts) -> None:
        """Record that the whole answer is there, and what it says of itself."""
        self._facts, self._done = facts, Outcome.OK

    def failed(self, failure: Failure) -> None:
        """Record that the provider did not deliver, or stopped in the middle of a stream."""
        begun = self._tap is not None and self._marks is not None and self._marks.first_byte_s is not None
        self._failure, self._done = failure, Outcome.CUT if begun else Outcome.FAILED

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Record an ``UpstreamError`` on its way through."""
        try:
            yield
        except UpstreamError as error:
            if self._done is None:
                self.failed(error.failure)
            raise

    def _left(self, facts: Facts) -> Outcome:
        """Return how a call ended that nobody waits for: whole, if its end mark had passed already."""
        if self._tap is None:
            return Outcome.LOST
        return Outcome.OK if facts.complete and facts.error is None else Outcome.ABORTED

    async def hang_up(self) -> None:
        """Let go of the exchange; an unfinished one is cancelled at the provider."""
        if self._reply is not None:
            await self._reply.close()

    def ended(self) -> Ended:
        """Return how the attempt ended, as of now."""
        if self._marks is None:
            raise AssertionError("a call that was never dispatched has no end to book")
        now_s = self._clock.monotonic_s()
        first_s = self._marks.first_byte_s
        facts = self._facts if self._tap is None or self._done is Outcome.OK else self._tap.facts()
        return Ended(
            outcome=self._done or self._left(facts),
            facts=facts,
            latency_ms=round((now_s - self._marks.sent_s) * 1000),
            first_byte_ms=None if first_s is None else round((first_s - self._marks.sent_s) * 1000),
            status=self._reply.status if self._reply is not None else None,
            failure=self._failure,
        )
