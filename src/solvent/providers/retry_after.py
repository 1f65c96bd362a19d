"""When a provider wants to be asked again, from the many ways of saying so."""

import math
import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

MAX_S: Final = 31 * 86_400.0
"""A longer wait is nobody's intention; it is left out."""

_SPAN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_UNIT_S: Final = (("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0))
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def retry_after_s(headers: Mapping[str, str], document: Mapping[str, Any]) -> float | None:
    """Return the seconds to wait, None where the reply does not say.

    Looked at in order: ``retry-after-ms``, ``retry-after`` (seconds, or a date seen from the reply's own
    ``date``), Google's ``retryDelay``, ``x-ratelimit-reset-*`` of what has run out (``1s``, ``6m0s``, ``20ms``).
    """
    stated = {name.lower(): value.strip() for name, value in headers.items()}
    for found_s in (
        _millis(stated.get("retry-after-ms")),
        _seconds_or_date(stated.get("retry-after"), stated.get("date")),
        _google(document),
        _reset(stated),
    ):
        if found_s is not None and math.isfinite(found_s) and 0 <= found_s <= MAX_S:
            return found_s
    return None


def _millis(text: str | None) -> float | None:
    return float(text) / 1000 if text and _NUMBER.fullmatch(text) else None


def _seconds_or_date(text: str | None, sent: str | None) -> float | None:
    if text and _NUMBER.fullmatch(text):
        return float(text)
    if not text or not sent:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(sent)).total_seconds())
    except (ValueError, TypeError):
        return None


def _google(document: Mapping[str, Any]) -> float | None:
    error = document.get("error")
    details = error.get("details") if isinstance(error, dict) else None
    for part in details if isinstance(details, list) else ():
        delay = part.get("retryDelay") if isinstance(part, dict) else None
        if isinstance(delay, str):
            return _span(delay)
    return None


def _reset(stated: Mapping[str, str]) -> float | None:
    return max(_resets(stated), default=None)


def _resets(stated: Mapping[str, str]) -> Iterator[float]:
    for what in ("requests", "tokens"):
        if stated.get(f"x-ratelimit-remaining-{what}") == "0":
            found_s = _span(stated.get(f"x-ratelimit-reset-{what}", ""))
            if found_s is not None:
                yield found_s


def _span(text: str) -> float | None:
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return math.fsum(float(number) * dict(_UNIT_S)[unit] for number, unit in parts)
