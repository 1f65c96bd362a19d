"""The port of the journal: what a process did, written down before and after it speaks to a provider."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from solvent.domain.entry import Entry


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the journal of a process that died tells.

    ``dispatched`` are reservations whose call was, or was about to be, written to a socket; ``settled`` what
    was known of the cost when the process died. ``complete`` says that the journal cannot have lost its tail,
    so that a reservation it does not name was provably never sent.
    """

    owner: str
    dispatched: frozenset[str]
    settled: dict[str, tuple[Entry, ...]]
    complete: bool


class Journal(Protocol):
    """An append-only record of one process; writing never blocks on the disk and survives a kill."""

    @property
    def owner(self) -> str:
        """The id under which this process's reservations are held."""
        ...

    def dispatched(self, reservation_id: str) -> None:
        """Record that the call is about to be written to a socket; returns when a killed process cannot lose it.

        Raises:
            StorageUnavailable: the record could not be written; the call must not be sent.
        """
        ...

    def settled(self, reservation_id: str, entries: tuple[Entry, ...]) -> None:
        """Record what the call cost, before the store is told."""
        ...

    def closed(self, reservation_id: str) -> None:
        """Record that the store has the settlement, so that the journal may forget the call."""
        ...

    def orphans(self) -> Sequence[Testimony]:
        """Claim the journals of processes that are dead, each for one claimant, and return what they tell.

        What was claimed before and is not buried yet is told again.

        Raises:
            StorageUnavailable: a journal cannot be read.
        """
        ...

    def bury(self, owner: str) -> None:
        """Forget a claimed journal whose reservations have all been closed."""
        ...

    def close(self) -> None:
        """Let go of the record: forgotten when every call in it is closed, else left for a successor."""
        ...
