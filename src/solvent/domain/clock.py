"""Time as an argument: whoever needs the hour is handed a Clock.

Instants are whole microseconds since the Unix epoch, UTC, in names that end in ``_us``.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

US_PER_S = 1_000_000


class Clock(Protocol):
    """Two readings: what the calendar says, and how much time has passed."""

    def now_us(self) -> int:
        """Return the instant, in microseconds since the epoch; it may step when the host's clock is set."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds from an arbitrary start; never goes back, for latencies and deadlines only."""
        ...


class SystemClock:
    """The host's clocks."""

    def now_us(self) -> int:
        """Return the host's calendar time in microseconds since the epoch."""
        return time.time_ns() // 1000

    def monotonic_s(self) -> float:
        """Return the host's monotonic clock in seconds."""
        return time.monotonic()


def to_datetime(instant_us: int) -> datetime:
    """Return *instant_us* as an aware UTC datetime, exact to the microsecond."""
    seconds, micros = divmod(instant_us, US_PER_S)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def from_datetime(moment: datetime) -> int:
    """Return the instant of *moment* in microseconds; a naive datetime is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = aware.astimezone(UTC)
    seconds = int(whole.replace(microsecond=0).timestamp())
    return seconds * US_PER_S + whole.microsecond


def to_iso(instant_us: int) -> str:
    """Return *instant_us* in ISO 8601 with a trailing ``Z``."""
    return to_datetime(instant_us).isoformat().replace("+00:00", "Z")
