"""The line of calls that wait for held money: who is next, and that nobody overtakes.

A place in line is a lease: it ends by itself, so a caller that died blocks nobody for long.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from solvent.domain.budget import NOTHING, Account, Balance, Denied, Line, admit, denial
from solvent.domain.reservation import Ask


@dataclass(frozen=True, slots=True)
class Place:
    """A call's place in line, on the accounts that could not hold it, until ``until_us``."""

    ask_id: str
    queued_us: int
    until_us: int
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an ask is admitted (``denied`` is None), and the place in line that it has from now on."""

    denied: Denied | None
    place: Place | None = None


def decide(
    ask: Ask,
    met: Sequence[Line],
    balances: Mapping[Account, Balance],
    line: Mapping[Account, Iterable[Place]],
) -> Verdict:
    """Decide on *ask*: the budgets first, then the line, in which an ask without a place is last.

    Raises:
        LimitOutOfRange: an account would pass ``Money.MAX``.
    """
    denied = admit(met, balances, ask.bound_nanos)
    if denied is not None and not denied.busy:
        return Verdict(denied)
    behind = _behind(ask, met, line) if line else []
    if denied is None and not behind:
        return Verdict(None)
    if denied is None:
        first = behind[0]
        denied = denial(first, balances.get(first.account, NOTHING), ask.bound_nanos)
    return Verdict(denied, _place(ask, met, balances, behind))


def _behind(ask: Ask, met: Sequence[Line], line: Mapping[Account, Iterable[Place]]) -> list[Line]:
    """Return the hard lines on whose account somebody waits before *ask*."""
    return [entry for entry in met if entry.hard and _someone_earlier(ask, line.get(entry.account, ()))]


def _someone_earlier(ask: Ask, places: Iterable[Place]) -> bool:
    """Say whether a lease that still runs stands before *ask*; equal instants go by id."""
    return any(
        place.until_us > ask.asked_us
        and place.ask_id != ask.id
        and (ask.queued_us is None or (place.queued_us, place.ask_id) < (ask.queued_us, ask.id))
        for place in places
    )


def _place(
    ask: Ask, met: Sequence[Line], balances: Mapping[Account, Balance], behind: Sequence[Line]
) -> Place | None:
    """Return the place of a busy ask: on each account that is short of money for it, or where it is behind."""
    if ask.queued_us is None or ask.queue_until_us <= ask.asked_us:
        return None
    waited = {
        entry.account: None
        for entry in met
        if entry in behind or admit((entry,), balances, ask.bound_nanos) is not None
    }
    return Place(ask.id, ask.queued_us, ask.queue_until_us, tuple(waited))
