"""What a program may say in a call, checked: whom it is for, on what terms, and the fields of its body.

Types are hints that nobody enforces at run time, so what comes from a caller is looked at here, and refused
before anything is held.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar, get_args

import orjson

from solvent.domain.call import CallOptions, Json, Policy
from solvent.domain.scope import Attribution
from solvent.errors import CallInvalid

T = TypeVar("T")


class Who(TypedDict, total=False):
    """Whom a call is for, and how it may be paid; all optional. Seconds lie between 0 and 3600."""

    customer_id: str
    agent_id: str
    campaign_id: str
    tags: Mapping[str, str]
    policy: Policy
    busy_wait_s: float
    deadline_s: float


class ChatArguments(Who, total=False):
    """What a chat may say besides its messages. ``extra`` holds further fields of OpenAI chat completions."""

    max_tokens: int
    temperature: float
    top_p: float
    stop: str | Sequence[str]
    seed: int
    tools: Sequence[Mapping[str, Any]]
    tool_choice: str | Mapping[str, Any]
    extra: Mapping[str, Any]


WHO: Final = frozenset(Who.__optional_keys__)
_BODY: Final = ("temperature", "top_p", "stop", "seed", "tools", "tool_choice")
_CHAT: Final = frozenset(ChatArguments.__optional_keys__)
_SAID_ELSEWHERE: Final = frozenset({"model", "messages", "stream", "max_tokens", *_BODY})
_LONGEST_S: Final = 3600


def known(given: Mapping[str, Any], names: frozenset[str]) -> None:
    """Refuse what has no meaning, so that a misspelt limit is never a missing one.

    Raises:
        CallInvalid: an argument is not one of *names*, or no finite number.
    """
    for name, value in given.items():
        if name not in names:
            raise CallInvalid(f"{name!r} is no argument of a call; use one of {', '.join(sorted(names))}")
        if isinstance(value, float) and not math.isfinite(value):
            raise CallInvalid(f"{name} is a finite number, not {value}")


def chat_fields(given: ChatArguments) -> Json:
    """Return the body's fields among the arguments of a chat, all but its output limit; None says nothing.

    Raises:
        CallInvalid: an argument is unknown, or ``extra`` says what has an argument of its own.
    """
    known(given, _CHAT)
    extra = _mapping("extra", given.get("extra"))
    if twice := sorted(_SAID_ELSEWHERE & extra.keys()):
        raise CallInvalid(f"extra may not hold {', '.join(twice)}; each has an argument of its own")
    named = {name: value for name in _BODY if (value := given.get(name)) is not None}
    return {**extra, **named}


def attribution(given: Who) -> Attribution:
    """Return whom a call is for.

    Raises:
        CallInvalid: an id, or the key or value of a tag, is not text.
    """
    tags = _mapping("tags", given.get("tags"))
    return Attribution(
        customer_id=_text("customer_id", given.get("customer_id")),
        agent_id=_text("agent_id", given.get("agent_id")),
        campaign_id=_text("campaign_id", given.get("campaign_id")),
        tags=tuple(sorted((needed_text("tags", key), needed_text("tags", tags[key])) for key in tags)),
    )


def options(given: Who) -> CallOptions:
    """Return the caller's own terms.

    Raises:
        CallInvalid: the policy is unknown, or a time is not a number of seconds from 0 to 3600.
    """
    policy = given.get("policy")
    if policy is not None and policy not in get_args(Policy):
        raise CallInvalid(f"policy is one of {', '.join(get_args(Policy))}, not {policy!r}")
    busy_wait_s = _seconds("busy_wait_s", given.get("busy_wait_s"))
    return CallOptions(policy, busy_wait_s, _seconds("deadline_s", given.get("deadline_s")))


def several(name: str, given: Iterable[T]) -> list[T]:
    """Return *given* as a list.

    Raises:
        CallInvalid: it is a single text or mapping, or nothing that has elements.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise CallInvalid(f"{name} are a list, not {type(given).__name__}; put a single one in a list")
    return list(given)


def needed_text(name: str, given: object) -> str:
    """Return *given* when it is text.

    Raises:
        CallInvalid: it is not.
    """
    if not isinstance(given, str):
        raise CallInvalid(f"{name} is text, not {type(given).__name__}")
    return given


def written(document: Json) -> tuple[bytes, Json]:
    """Return the bytes of *document*, and what they say: lists where tuples were, and no object of Python's.

    Raises:
        CallInvalid: it holds what JSON cannot.
    """
    try:
        raw = orjson.dumps(document)
    except TypeError as error:
        raise CallInvalid(f"the call cannot be written as JSON: {error}") from None
    return raw, orjson.loads(raw)


def _text(name: str, given: object) -> str | None:
    return None if given is None else needed_text(name, given)


def _mapping(name: str, given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise CallInvalid(f"{name} is a mapping, not {type(given).__name__}")
    return given


def _seconds(name: str, given: object) -> float | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= _LONGEST_S:
        raise CallInvalid(f"{name} is a number of seconds from 0 to {_LONGEST_S}, not {given!r}")
    return given
