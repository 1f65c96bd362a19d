"""Reservations: money held for a call in flight, and the ways in which one is closed, once."""

from dataclasses import dataclass, replace
from enum import StrEnum

from solvent.domain.entry import Entry


class HoldState(StrEnum):
    """Where a reservation stands; every state but HELD is final."""

    HELD = "held"
    SETTLED = "settled"
    RELEASED = "released"
    PRESUMED = "presumed"


@dataclass(frozen=True, slots=True)
class Ask:
    """A wish to hold ``bound_nanos`` on every budget that meets ``scopes``.

    ``blank`` is the entry that is booked, charged at the bound, should the call's fate stay unknown; its id is
    that of the first attempt. ``owner`` names the process that will close the reservation. A call that would
    rather wait than be refused as busy gives the instant of its arrival as ``queued_us``, and the store keeps
    its place in the line until ``queue_until_us``.
    """

    id: str
    scopes: tuple[str, ...]
    bound_nanos: int
    asked_us: int
    expires_us: int
    owner: str
    blank: Entry
    queued_us: int | None = None
    queue_until_us: int = 0

    def same_as(self, scopes: tuple[str, ...], bound_nanos: int, blank: Entry) -> bool:
        """Say whether this repeats an ask with that content; instants and the place in line are no part of it."""
        same_line = replace(self.blank.content(), admitted_us=0) == replace(blank.content(), admitted_us=0)
        return same_line and (self.scopes, self.bound_nanos) == (scopes, bound_nanos)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is held. ``remaining_nanos`` is the least any hard budget had left then; None without one."""

    id: str
    bound_nanos: int
    admitted_us: int
    expires_us: int
    owner: str
    scopes: tuple[str, ...]
    remaining_nanos: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """An open reservation as the store sees it: what a sweep needs to close it when its process has died."""

    reservation: Reservation
    blank: Entry


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a reservation was closed.

    ``charged_nanos`` is the sum of its entries, ``overrun_nanos`` what of it lies above the bound, ``late``
    whether the hold had been presumed before. A repeat returns the same settlement.
    """

    id: str
    state: HoldState
    bound_nanos: int
    charged_nanos: int
    overrun_nanos: int
    late: bool
    remaining_nanos: int | None


def same_entries(told: tuple[Entry, ...], booked: tuple[Entry, ...]) -> bool:
    """Say whether *told* repeats the lines that were *booked*."""
    return tuple(entry.content() for entry in told) == tuple(entry.content() for entry in booked)
