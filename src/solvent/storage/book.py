"""What a verb needs of a backend: its book, open for one atomic step.

An account counts every call of its scope admitted in its window, from the moment it exists, whichever budgets
are in force; it is filled from the book and from open holds when it is opened. So its balance always equals
its entries and holds, and no list of lines per reservation has to be kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from solvent.domain.budget import Account, Balance, Budget, Line
from solvent.domain.clock import US_PER_S
from solvent.domain.entry import Entry
from solvent.domain.period import Period
from solvent.domain.reservation import Reservation, Settlement
from solvent.domain.waiting import Place

SLOT_US: Final = 900 * US_PER_S
"""A quarter of an hour. Every time zone's offset is a multiple of it, so no window begins inside one."""

HOUR_US: Final = 3600 * US_PER_S


@dataclass(frozen=True, slots=True)
class Record:
    """A reservation as it is kept for ever: its content as a digest, and how it was closed.

    ``blank``, an entry as the codec writes it, is kept until the close. ``told`` is the digest of the
    entries it was settled with, ``presumed_as`` the id of the entry that stood in for them.
    """

    reservation: Reservation
    asked: bytes
    blank: str | None
    settlement: Settlement | None = None
    told: bytes | None = None
    presumed_as: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a call of some scopes touches: the budgets' lines that it meets, and the accounts that count it."""

    lines: tuple[Line, ...]
    accounts: tuple[Account, ...]


class Book(Protocol):
    """A backend's book within one atomic step. Reads see what the step has changed before them."""

    @property
    def balances(self) -> Mapping[Account, Balance]:
        """Balances, at least of the accounts of every sheet handed out in this step."""
        ...

    @property
    def line(self) -> Mapping[Account, Iterable[Place]]:
        """Who waits for which account."""
        ...

    def find(self, reservation_id: str) -> Record | None:
        """Return the reservation with this id."""
        ...

    def entry(self, entry_id: str) -> Entry | None:
        """Return the entry with this id."""
        ...

    def is_booked(self, entry_id: str) -> bool:
        """Say whether there is an entry with this id."""
        ...

    def sheet(self, scopes: tuple[str, ...], instant_us: int) -> Sheet:
        """Return what a call of *scopes* admitted at *instant_us* touches; opens the accounts that it lacks."""
        ...

    def write(self, record: Record) -> None:
        """Keep *record*, in place of an earlier one with its id."""
        ...

    def append(self, reservation_id: str, entry: Entry) -> None:
        """Append *entry* to the book and add it to the roll-ups."""
        ...

    def move(self, accounts: Sequence[Account], *, spent_nanos: int, held_nanos: int) -> None:
        """Add to the balance of each account."""
        ...

    def stand(self, ask_id: str, place: Place | None, now_us: int) -> None:
        """Give the ask this place in line instead of the one it has; places whose lease has ended are dropped."""
        ...

    def budget(self, key: tuple[str, Period, bool]) -> Budget | None:
        """Return the budget with this key."""
        ...

    def put_budget(self, budget: Budget) -> None:
        """Put *budget* in force, in place of the one with its key."""
        ...

    def drop_budget(self, key: tuple[str, Period, bool]) -> None:
        """Take the budget with this key out of force."""
        ...

    def spenders(self, default: str, since_us: int) -> Iterable[str]:
        """Return the scopes of a default's kind that spent or hold anything in windows from *since_us* on."""
        ...
