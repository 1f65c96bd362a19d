"""Moments on the command line: ISO 8601, ``now``, ``today``, ``yesterday``, or a while such as ``7d``."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

from solvent.domain.clock import US_PER_S, from_datetime, to_datetime
from solvent.errors import CallInvalid

_WHILE: Final = re.compile(r"([0-9]{1,4})([mhdw])")
_UNITS_S: Final = (("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800))
_DAYS_BACK: Final = (("today", 0), ("yesterday", 1))
_FORMS: Final = "a date (2026-01-31), an instant (2026-01-31T09:00:00Z)"


def moment(text: str, now_us: int) -> int:
    """Return the instant that *text* names, seen from *now_us*: ``7d`` is seven days ago.

    ``today`` and ``yesterday``, like a bare date, are the first instant of that day.
    Moments are UTC unless they name an offset.

    Raises:
        CallInvalid: it names none.
    """
    if (while_us := _while_us(text)) is not None:
        instant_us = now_us - while_us
    elif text in dict(_DAYS_BACK):
        day = to_datetime(now_us).date() - timedelta(days=dict(_DAYS_BACK)[text])
        instant_us = from_datetime(datetime.combine(day, time(), UTC))
    else:
        instant_us = (
            now_us if text == "now" else _written(text, "now, today, yesterday, or a while ago (7d, 12h)")
        )
    if instant_us < 0:
        raise CallInvalid(f"{text!r} lies before 1970, where no book begins; name a later moment")
    return instant_us


def future(text: str, now_us: int) -> int:
    """Return the instant that *text* names, seen from *now_us*: ``3d`` is three days from now.

    Raises:
        CallInvalid: it names none, or one that has passed.
    """
    while_us = _while_us(text)
    instant_us = _written(text, "or a while from now (3d, 12h)") if while_us is None else now_us + while_us
    if instant_us <= now_us:
        raise CallInvalid(f"{text!r} has passed; name a moment to come")
    return instant_us


def stretch(since: str | None, until: str | None, now_us: int) -> tuple[int | None, int | None]:
    """Return the half-open stretch from *since* up to, but not with, *until*; None leaves an end open.

    Raises:
        CallInvalid: one names no moment, or they are turned round.
    """
    from_us = None if since is None else moment(since, now_us)
    to_us = None if until is None else moment(until, now_us)
    if from_us is not None and to_us is not None and from_us > to_us:
        raise CallInvalid(f"--from {since} is later than --to {until}; swap them")
    return from_us, to_us


def _while_us(text: str) -> int | None:
    found = _WHILE.fullmatch(text)
    if found is None:
        return None
    return int(found.group(1)) * dict(_UNITS_S)[found.group(2)] * US_PER_S


def _written(text: str, also: str) -> int:
    try:
        return from_datetime(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise CallInvalid(f"{text!r} names no moment; write {_FORMS}, {also}") from None
