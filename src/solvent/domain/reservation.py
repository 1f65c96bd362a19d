"""Reservations: money held for a call in flight, and the ways in which one is closed, once."""

from dataclasses import dataclass
from enum import StrEnum

from solvent.domain.entry import Entry
from solvent.domain.money import Money
from solvent.errors import EntryMismatch


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

    def checked(self) -> "Ask":
        """Return itself when its bound can be held and its blank entry is the one of this ask.

        Raises:
            LimitOutOfRange: the bound lies outside 0 … ``Money.MAX``.
            EntryMismatch: the blank names other scopes or another bound than would be held.
        """
        Money.checked(self.bound_nanos)
        if (self.blank.scopes, self.blank.bound_nanos) != (self.scopes, self.bound_nanos):
            raise EntryMismatch(
                f"the blank entry of {self.id} is for {Money.show(self.blank.bound_nanos)} on "
                f"{', '.join(self.blank.scopes)}, its ask for {Money.show(self.bound_nanos)} on "
                f"{', '.join(self.scopes)}; they must be equal"
            )
        return self


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
