"""Whom a call is for: from ``x-solvent-*`` headers, else from the ``metadata`` and ``user`` of its body."""

from collections.abc import Mapping
from typing import Any, Final

from solvent.domain.call import CallOptions, Json
from solvent.domain.scope import Attribution
from solvent.errors import CallInvalid

PREFIX: Final = "x-solvent-"
TAG: Final = PREFIX + "tag-"
_POLICIES: Final = ("refuse", "clamp")


def attribution(headers: Mapping[str, str], document: Json) -> Attribution:
    """Return whom the call is for; a header wins over the body.

    The body may say ``metadata.customer_id``, ``agent_id`` or ``campaign_id``; ``user`` (OpenAI), or
    ``metadata.user_id`` (Anthropic), is a customer where nothing else names one. ``labels`` are Google's metadata.

    Raises:
        CallInvalid: one of them is not text.
    """
    told = _told(document)
    user = document.get("user") or told.get("user_id")
    return Attribution(
        customer_id=_text(headers.get(PREFIX + "customer") or told.get("customer_id") or user, "customer"),
        agent_id=_text(headers.get(PREFIX + "agent") or told.get("agent_id"), "agent"),
        campaign_id=_text(headers.get(PREFIX + "campaign") or told.get("campaign_id"), "campaign"),
        tags=tuple(
            sorted((name.removeprefix(TAG), value) for name, value in headers.items() if name.startswith(TAG))
        ),
    )


def options(headers: Mapping[str, str]) -> CallOptions:
    """Return the caller's own terms: ``x-solvent-policy``, ``x-solvent-busy-wait``, ``x-solvent-deadline`` (s).

    Raises:
        CallInvalid: one is not of its kind.
    """
    policy = headers.get(PREFIX + "policy")
    if policy is not None and policy not in _POLICIES:
        raise CallInvalid(f"{PREFIX}policy is 'refuse' or 'clamp', not {policy!r}")
    return CallOptions(
        policy="clamp" if policy == "clamp" else "refuse" if policy else None,
        busy_wait_s=_seconds(headers, "busy-wait"),
        deadline_s=_seconds(headers, "deadline"),
    )


def _told(document: Json) -> Mapping[str, Any]:
    for name in ("metadata", "labels"):
        found = document.get(name)
        if isinstance(found, dict):
            return found
    return {}


def _text(value: object, kind: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise CallInvalid(f"the {kind} of a call is named by text, not by {type(value).__name__}")
    return value


def _seconds(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(PREFIX + name)
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:  # noqa: PLR2004 - an hour
        raise CallInvalid(f"{PREFIX}{name} is a number of seconds from 0 to 3600, not {text!r}")
    return seconds
