"""The form between dialects: what a conversation, a reply and a stream say, in no provider's words.

Only what at least two dialects can say has a place here; a call that uses more is refused by its reader.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from solvent.domain.call import Json
from solvent.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Text:
    """Plain words."""

    text: str


@dataclass(frozen=True, slots=True)
class Blob:
    """An image, audio, video or document: base64 *data* of a media type, or a *url*."""

    kind: Literal["image", "audio", "video", "document"]
    media_type: str = ""
    data: str = field(default="", repr=False)
    url: str = ""
    detail: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called; *arguments* is the JSON text it wrote."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered."""

    id: str
    name: str
    parts: tuple[Text | Blob, ...]
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Words a model thought aloud. *signature* is the provider's proof of them, valid only there."""

    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A model's refusal, in its words."""

    text: str


Part: TypeAlias = Text | Blob | ToolCall | ToolResult | Reasoning | Refusal


@dataclass(frozen=True, slots=True)
class Turn:
    """One side's say."""

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the caller runs; *schema* is JSON Schema of its arguments."""

    name: str
    description: str = ""
    schema: Json = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether the model must call a tool, and which; *parallel* None leaves the provider's default."""

    mode: Literal["auto", "none", "required", "one"] = "auto"
    name: str = ""
    parallel: bool | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """The form of the answer: any JSON object, or one of a schema."""

    mode: Literal["json", "schema"]
    name: str = "answer"
    schema: Json = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole call. None means that the caller left it to the provider.

    ``effort`` is how hard to think, by word; ``thinking_tokens`` by count.
    """

    system: tuple[str, ...]
    turns: tuple[Turn, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    format: Format | None = None
    output_limit: int | None = None
    choices: int = 1
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] = ()
    effort: str | None = None
    thinking_tokens: int | None = None
    user: str | None = None
    stream: bool = False
    stream_usage: bool = False


FinishWord: TypeAlias = Literal["stop", "length", "tool", "refused", "other"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a reply."""

    parts: tuple[Part, ...]
    finish: FinishWord


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. *created_s* is seconds since the epoch."""

    id: str
    model: str
    choices: tuple[Choice, ...]
    usage: Usage
    created_s: int = 0


@dataclass(frozen=True, slots=True)
class Begin:
    """A stream has begun."""

    id: str
    model: str
    created_s: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More words of one choice; *kind* tells answer, thought and refusal apart."""

    choice: int
    text: str
    kind: Literal["text", "reasoning", "refusal"] = "text"
    signature: str = ""


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """More of a tool call. *index* numbers the calls of a choice; id and name come with its first delta."""

    choice: int
    index: int
    arguments: str
    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class ChoiceEnd:
    """One choice is finished."""

    choice: int
    finish: FinishWord


@dataclass(frozen=True, slots=True)
class End:
    """The reply is complete, and this is what it used."""

    usage: Usage


Delta: TypeAlias = Begin | TextDelta | ToolDelta | ChoiceEnd | End


@dataclass(frozen=True, slots=True)
class EmbedPrompt:
    """Texts to turn into vectors, in order; *dimensions* None leaves their length to the model."""

    texts: tuple[str, ...] = field(repr=False)
    dimensions: int | None = None


@dataclass(frozen=True, slots=True)
class EmbedReply:
    """One vector for each text, in order. *usage* is None where the provider gave none."""

    vectors: tuple[tuple[float, ...], ...] = field(repr=False)
    model: str
    usage: Usage | None = None
