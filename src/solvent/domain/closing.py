"""Closing a reservation: the one place that says which lines are booked and what a hold turns into.

Pure: a store hands in what it knows and writes down what comes back, in one atomic step.
"""

from dataclasses import dataclass, replace

from solvent.domain.entry import Entry, EntryKind, adjustment, presumed
from solvent.domain.money import Money
from solvent.domain.reservation import HoldState, Reservation, Settlement
from solvent.domain.usage import NO_USAGE
from solvent.errors import EntryMismatch


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing a reservation does: the lines to append, and the hold that its accounts get back.

    ``charged_nanos`` is what the call costs all in all; the accounts move by the sum of the *lines*, which
    differs from it when an earlier presumption is corrected.
    """

    state: HoldState
    lines: tuple[Entry, ...]
    charged_nanos: int
    freed_nanos: int
    late: bool = False

    @property
    def spent_nanos(self) -> int:
        """What the accounts are charged in this step; negative when a presumption was too high."""
        return sum(line.cost_nanos for line in self.lines)

    def settlement(self, reservation: Reservation, remaining_nanos: int | None) -> Settlement:
        """Return the settlement that this closing leaves behind."""
        return Settlement(
            id=reservation.id,
            state=self.state,
            bound_nanos=reservation.bound_nanos,
            charged_nanos=self.charged_nanos,
            overrun_nanos=max(0, self.charged_nanos - reservation.bound_nanos),
            late=self.late,
            remaining_nanos=remaining_nanos,
        )


def settle(reservation: Reservation, entries: tuple[Entry, ...]) -> Closing:
    """Return the closing of an open hold by what its attempts cost, above the bound too.

    Raises:
        EntryMismatch: an entry is not of this reservation.
        LimitOutOfRange: a cost lies outside 0 … ``Money.MAX``.
    """
    charged = _checked_cost(reservation, entries)
    return Closing(HoldState.SETTLED, entries, charged, freed_nanos=reservation.bound_nanos)


def correct(reservation: Reservation, charged: Entry, entries: tuple[Entry, ...], booked_us: int) -> Closing:
    """Return the late closing of a hold that was presumed, booked as *charged*.

    The presumption is taken back on its own provider and model, then the attempt it stood for is booked in
    full as a second correction, on those that served it: so every total is right, grouped in any way.

    Raises:
        EntryMismatch: an entry is not of this reservation.
        LimitOutOfRange: a cost lies outside 0 … ``Money.MAX``.
    """
    cost = _checked_cost(reservation, entries)
    nothing = replace(charged, cost_nanos=0, usage=NO_USAGE, detail="")
    lines = [adjustment(charged, nothing, booked_us)]
    for entry in entries:
        same_attempt = entry.id == charged.id
        lines.append(
            adjustment(charged, entry, booked_us, number=2, charged_nanos=0) if same_attempt else entry
        )
    return Closing(HoldState.SETTLED, tuple(lines), cost, freed_nanos=0, late=True)


def release(reservation: Reservation) -> Closing:
    """Return the closing of a hold whose call was never sent: nothing is booked."""
    return Closing(HoldState.RELEASED, (), 0, freed_nanos=reservation.bound_nanos)


def presume(reservation: Reservation, blank: Entry, booked_us: int, detail: str) -> Closing:
    """Return the closing of a hold whose fate is unknown: charged at its bound, as its blank entry."""
    line = presumed(blank, booked_us=booked_us, detail=detail)
    return Closing(HoldState.PRESUMED, (line,), line.cost_nanos, freed_nanos=reservation.bound_nanos)


def _checked_cost(reservation: Reservation, entries: tuple[Entry, ...]) -> int:
    """Return the sum of *entries* when each is an attempt under *reservation*, and none comes twice."""
    if len({entry.id for entry in entries}) != len(entries):
        raise EntryMismatch(f"an entry was given twice to settle {reservation.id}; give each attempt one")
    for entry in entries:
        _check_fit(reservation, entry)
    return sum(Money.checked(entry.cost_nanos) for entry in entries)


def _check_fit(reservation: Reservation, entry: Entry) -> None:
    if entry.kind is not EntryKind.ATTEMPT:
        raise EntryMismatch(f"{entry.id} is a correction; a reservation is settled with attempts")
    if entry.scopes != reservation.scopes:
        raise EntryMismatch(
            f"{entry.id} charges {', '.join(entry.scopes)}, but {reservation.id} holds money of "
            f"{', '.join(reservation.scopes)}; an entry charges the scopes of its reservation"
        )
    if entry.admitted_us != reservation.admitted_us:
        raise EntryMismatch(
            f"{entry.id} says it was admitted at {entry.admitted_us} µs, but {reservation.id} was at "
            f"{reservation.admitted_us} µs; take the instant from the reservation"
        )
