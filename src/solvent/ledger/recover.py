"""Recovery: closing the reservations of processes that died, by what their journals tell.

Everything here may be repeated: each step is idempotent in the store, and a journal is buried only when all
its reservations are closed, so whoever dies in the middle leaves the rest to the next.
"""

from dataclasses import dataclass

from solvent.domain.clock import Clock
from solvent.domain.entry import Entry
from solvent.domain.reservation import HoldState
from solvent.errors import EntryMismatch, ReservationUnknown
from solvent.ports.journal import Journal, Testimony
from solvent.ports.storage import BudgetStore

DIED = "process died in flight"
UNTOLD = "process died, journal lost or not whole"
EXPIRED = "hold expired"


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many reservations were closed in which way.

    ``contradicted`` counts testimonies that the store did not accept: it has closed the reservation otherwise,
    or never had it. What the store has booked stays.
    """

    journals: int = 0
    settled: int = 0
    released: int = 0
    presumed: int = 0
    contradicted: int = 0

    def __add__(self, other: "Recovered") -> "Recovered":
        """Return the sums, count by count."""
        return Recovered(
            journals=self.journals + other.journals,
            settled=self.settled + other.settled,
            released=self.released + other.released,
            presumed=self.presumed + other.presumed,
            contradicted=self.contradicted + other.contradicted,
        )


async def recover(store: BudgetStore, journal: Journal) -> Recovered:
    """Close what dead processes left open, each reservation by its journal, and bury the journals.

    Settled is settled, late where it had been presumed meanwhile. Dispatched without an outcome is charged at
    its bound. Not named by a complete journal was never sent, and is given back; not named by any other is
    charged. Idempotent; if this process dies, the next repeats it.

    Raises:
        StorageUnavailable: the store failed; journals not yet worked off are told again in the next round.
    """
    total = Recovered()
    for testimony in journal.orphans():
        total += await _work_off(store, testimony)
        journal.bury(testimony.owner)
    return total


async def _work_off(store: BudgetStore, testimony: Testimony) -> Recovered:
    total = Recovered(journals=1)
    for reservation_id, entries in testimony.settled.items():
        total += await _settle(store, reservation_id, entries)
    for hold in await store.holds(owner=testimony.owner):
        total += await _close_unsettled(store, hold.reservation.id, testimony)
    return total


async def _settle(store: BudgetStore, reservation_id: str, entries: tuple[Entry, ...]) -> Recovered:
    try:
        await store.settle(reservation_id, entries)
    except (EntryMismatch, ReservationUnknown):
        return Recovered(contradicted=1)
    return Recovered(settled=1)


async def _close_unsettled(store: BudgetStore, reservation_id: str, testimony: Testimony) -> Recovered:
    if testimony.complete and reservation_id not in testimony.dispatched:
        try:
            await store.release(reservation_id)
        except EntryMismatch:
            return Recovered(contradicted=1)
        return Recovered(released=1)
    return await _presume(store, reservation_id, DIED if reservation_id in testimony.dispatched else UNTOLD)


async def _presume(store: BudgetStore, reservation_id: str, why: str) -> Recovered:
    try:
        settlement = await store.presume(reservation_id, why)
    except EntryMismatch:
        return Recovered(contradicted=1)
    return Recovered(presumed=1) if settlement.state is HoldState.PRESUMED else Recovered(contradicted=1)


async def sweep(store: BudgetStore, clock: Clock) -> Recovered:
    """Charge every hold that has outlived its expiry at its bound; nothing is ever given back by time.

    Whoever settles one later corrects it. Idempotent.
    """
    total = Recovered()
    for hold in await store.holds(expired_before_us=clock.now_us()):
        total += await _presume(store, hold.reservation.id, EXPIRED)
    return total
