"""Ids as an argument: sortable by time, unguessable, and free of meaning.

An id is a kind, an underscore and 26 characters of Crockford base 32: 48 bits of milliseconds, then 80
random bits (the layout of a ULID). Attempts and corrections derive theirs, so a repeat finds the same id.
"""

import secrets
from typing import Final, Protocol

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)


class Ids(Protocol):
    """A source of new ids."""

    def new(self, kind: str, now_us: int) -> str:
        """Return a new id such as ``call_01K…``; ids of one source sort by *now_us* to the millisecond."""
        ...


class RandomIds:
    """Ids from the operating system's random source."""

    def new(self, kind: str, now_us: int) -> str:
        """Return ``kind_`` followed by 26 sortable characters."""
        return f"{kind}_{encode(now_us // 1000, secrets.randbits(80))}"


def encode(millis: int, entropy: int) -> str:
    """Return 26 characters for 48 bits of *millis* and 80 bits of *entropy*."""
    value = (millis << 80) | entropy
    return "".join(_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10))


def attempt_id(call_id: str, number: int) -> str:
    """Return the id of attempt *number* (from 1) of a call; it is also the id of its ledger entry."""
    return f"{call_id}.{number}"


def adjustment_id(entry_id: str, number: int) -> str:
    """Return the id of correction *number* (from 1) of an entry."""
    return f"{entry_id}~{number}"
