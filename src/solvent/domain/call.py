"""Calls: what a caller asked for, in the words of no provider, and what it may demand at most."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, get_args

from solvent.domain.scope import Attribution
from solvent.errors import CallInvalid

Json: TypeAlias = dict[str, Any]
"""A parsed JSON object of a wire format. It is read, and copied where it must differ; never changed in place."""


class Dialect(StrEnum):
    """The wire formats that solvent speaks, on both of its sides."""

    OPENAI_CHAT = "openai_chat"
    OPENAI_RESPONSES = "openai_responses"
    OPENAI_EMBEDDINGS = "openai_embeddings"
    ANTHROPIC_MESSAGES = "anthropic_messages"
    GOOGLE_GENERATE = "google_generate"
    GOOGLE_EMBED = "google_embed"


class Operation(StrEnum):
    """What is asked of a model. Counting tokens is free at every provider, so its bound is zero."""

    GENERATE = "generate"
    EMBED = "embed"
    COUNT = "count"


MediaKind = Literal["image", "audio", "video", "document"]
ServerToolKind = Literal["web_search", "file_search", "code", "computer", "mcp", "fetch", "image", "other"]
Policy = Literal["refuse", "clamp"]
MAX_OPTION_S: Final = 86_400
"""A day: longer than any call may wait or take."""


@dataclass(frozen=True, slots=True)
class Media:
    """A part of the prompt that is not text. ``size_bytes`` counts its characters in the body, 0 for a link.

    ``width`` and ``height`` are pixels where the header of inline data tells them; ``pages`` likewise.
    """

    kind: MediaKind
    size_bytes: int = 0
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class ServerTool:
    """A tool that the provider runs itself, and may read its results back as input; ``uses`` caps it."""

    kind: ServerToolKind
    uses: int | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What a call may make its provider count, as far as its body tells: the ground of its bound.

    ``text_bytes`` is at least the UTF-8 length of all that the model reads but media, so at least its tokens.
    ``output_limit`` is the caller's own; 0 says that nothing is written at all (an embedding).
    ``remembered`` says that the provider adds input that it keeps itself (an earlier answer, a file, a cache).
    ``price_context`` are the request's own choices that select another price, such as ``service_tier``.
    """

    text_bytes: int
    messages: int = 1
    media: tuple[Media, ...] = ()
    tools: int = 0
    server_tools: tuple[ServerTool, ...] = ()
    output_limit: int | None = None
    choices: int = 1
    remembered: bool = False
    audio_output: bool = False
    image_output: bool = False
    cache_write: Literal["5m", "1h"] | None = None
    price_context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What a caller chose for one call; None takes the setting."""

    policy: Policy | None = None
    busy_wait_s: float | None = None
    deadline_s: float | None = None

    def checked(self) -> "CallOptions":
        """Return itself when each term can hold.

        Raises:
            CallInvalid: one cannot; it is named.
        """
        if self.policy not in (None, *get_args(Policy)):
            raise CallInvalid(f"policy is 'refuse' or 'clamp', not {self.policy!r}")
        _check_seconds("busy_wait_s", self.busy_wait_s)
        _check_seconds("deadline_s", self.deadline_s)
        if self.deadline_s == 0:
            raise CallInvalid("deadline_s leaves the call no time; give some, or leave it out")
        return self


def _check_seconds(name: str, seconds: object) -> None:
    if seconds is None:
        return
    if not isinstance(seconds, int | float) or not 0 <= seconds <= MAX_OPTION_S:
        raise CallInvalid(f"{name} is a number of seconds from 0 to {MAX_OPTION_S}, not {seconds!r}")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came in. ``raw`` are the very bytes received, ``document`` what they say, parsed once.

    ``headers`` are the caller's; a provider gets those that its dialect allows, and no other.
    """

    id: str
    operation: Operation
    dialect: Dialect
    model: str
    stream: bool
    attribution: Attribution
    received_us: int
    document: Json = field(repr=False)
    raw: bytes = field(repr=False)
    options: CallOptions = CallOptions()
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
