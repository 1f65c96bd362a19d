"""Periods and windows: the concrete stretch of time that holds an instant, in a budget's own time zone.

A window is a pure function of (period, time zone, instant). Its bounds are local midnights (or hours) taken
to UTC, so a day of a DST change is 23 or 25 hours long and windows neither overlap nor leave gaps.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from solvent.domain.clock import US_PER_S, from_datetime, to_datetime
from solvent.errors import CallInvalid


class Period(StrEnum):
    """How often a budget starts again."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    LIFETIME = "lifetime"


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open stretch: ``start_us`` ≤ instant < ``end_us``; a lifetime has no end."""

    start_us: int
    end_us: int | None


LIFETIME: Final = Window(0, None)
_HOUR_US: Final = 3600 * US_PER_S


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """Return the time zone called *name* (IANA, such as ``Europe/Berlin``).

    Raises:
        CallInvalid: there is none.
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CallInvalid(f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin") from None


def window(period: Period, zone_name: str, instant_us: int) -> Window:
    """Return the window of *period* in *zone_name* that holds *instant_us*."""
    if period is Period.LIFETIME:
        return LIFETIME
    if period is Period.HOURLY:
        return _hour(zone_name, instant_us)
    local = to_datetime(instant_us).astimezone(zone(zone_name)).date()
    return _days(period, zone_name, _first_day(period, local))


def _first_day(period: Period, day: date) -> date:
    if period is Period.WEEKLY:
        return day - timedelta(days=day.weekday())
    if period is Period.MONTHLY:
        return day.replace(day=1)
    return day


def _next_first(period: Period, first: date) -> date:
    if period is Period.MONTHLY:
        return (first + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=7 if period is Period.WEEKLY else 1)


@lru_cache(maxsize=4096)
def _days(period: Period, zone_name: str, first: date) -> Window:
    return Window(_midnight(zone_name, first), _midnight(zone_name, _next_first(period, first)))


def _midnight(zone_name: str, day: date) -> int:
    """Return the first instant of *day*; where midnight is skipped, the first that exists."""
    return from_datetime(datetime.combine(day, time(), zone(zone_name)))


def _hour(zone_name: str, instant_us: int) -> Window:
    """Return the clock hour: zones off by half an hour start theirs at the half hour of UTC."""
    offset = to_datetime(instant_us).astimezone(zone(zone_name)).utcoffset() or timedelta()
    offset_us = offset // timedelta(microseconds=1)
    start = (instant_us + offset_us) // _HOUR_US * _HOUR_US - offset_us
    return Window(start, start + _HOUR_US)
