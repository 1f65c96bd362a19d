"""A caller's chat completion: what it may demand at most, the texts a model reads of it, and edits."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from solvent.dialects.base import Edits
from solvent.dialects.images import inline_media, linked_media
from solvent.dialects.reading import Field, of_call
from solvent.domain.call import Demand, Json, Media, MediaKind, ServerTool, ServerToolKind

LIMIT_FIELDS: Final = ("max_completion_tokens", "max_tokens")
"""The two names of the output limit; a caller's own choice of them is kept."""

_LINKS: Final[Mapping[str, MediaKind]] = {
    "image_url": "image",
    "audio_url": "audio",
    "video_url": "video",
    "document_url": "document",
}
_INLINE: Final[Mapping[str, tuple[str, MediaKind]]] = {
    "input_audio": ("data", "audio"),
    "file": ("file_data", "document"),
}
_WORDS: Final = frozenset({"text", "refusal", "thinking", "reasoning", "custom"})
_UNREAD: Final = frozenset({"role", "tool_call_id", "cache_control", "audio"})
_SERVER_TOOLS: Final[tuple[tuple[str, ServerToolKind], ...]] = (
    ("web_search", "web_search"),
    ("browser_search", "web_search"),
    ("web", "web_search"),
    ("file", "file_search"),
    ("code", "code"),
    ("computer", "computer"),
    ("mcp", "mcp"),
    ("image", "image"),
    ("fetch", "fetch"),
)
_SEARCHING_MODELS: Final = ("search-preview", "search-api", ":online")


def demand(document: Json, size_bytes: int) -> Demand:
    """Return what the call may make its provider count; see ``Codec.demand``.

    A list or preset of models to choose from, as OpenRouter takes them, is refused: only the model named has a
    bound.
    A part of a kind that is not known here may stand for input of any size, so it counts as ``remembered``.
    """
    call = of_call(document)
    _refuse_other_models(call)
    messages = list(call.need("messages").each())
    parts = [part for message in messages for part in _parts(message)]
    media = tuple(_media(parts))
    modalities = _words(call, "modalities")
    return Demand(
        text_bytes=max(0, size_bytes - sum(part.size_bytes for part in media)),
        messages=len(messages),
        media=media,
        tools=sum(1 for name in ("tools", "functions") for _ in call.list_of(name)),
        server_tools=tuple(_server_tools(call)),
        output_limit=_output_limit(call),
        choices=_positive(call, "n") or 1,
        remembered=any(map(_remembers, messages)) or any(map(_is_unsized, parts)),
        audio_output="audio" in modalities,
        image_output="image" in modalities,
        cache_write=_cache_write(call, [*messages, *parts]),
        price_context=tuple(
            (name, chosen) for name in ("service_tier", "speed") if (chosen := call.text_of(name))
        ),
    )


def _refuse_other_models(call: Field) -> None:
    others = call.get("models") or call.get("preset")
    if others and others.value:
        raise others.invalid("names other models, whose cost has no bound here; leave fallbacks to solvent")


def _output_limit(call: Field) -> int | None:
    return max((found for name in LIMIT_FIELDS if (found := _positive(call, name))), default=None)


def _positive(call: Field, name: str) -> int | None:
    found = call.get(name)
    if found is None:
        return None
    count = found.count()
    if count < 1:
        raise found.invalid("must be at least 1; it is 0")
    return count


def _words(call: Field, name: str) -> tuple[str, ...]:
    return tuple(word.text() for word in call.list_of(name))


def _parts(message: Field) -> Iterator[Field]:
    content = message.get("content")
    if content and not isinstance(content.value, str):
        yield from content.each()
    yield from message.list_of("images")


def _kind(part: Field) -> str:
    return part.text_of("type") or ""


def _media(parts: list[Field]) -> Iterator[Media]:
    for part in parts:
        kind = _kind(part)
        if kind in _LINKS:
            yield _linked(part.need(kind), _LINKS[kind])
        elif kind in _INLINE:
            name, media_kind = _INLINE[kind]
            data = part.get(kind) and part.need(kind).get(name)
            yield inline_media(media_kind, data.text()) if data else Media(media_kind)


def _linked(holder: Field, kind: MediaKind) -> Media:
    """Read ``{"url": …, "detail": …}``, or the bare address that some providers take."""
    if isinstance(holder.value, str):
        return linked_media(kind, holder.value)
    return linked_media(kind, holder.need("url").text(), detail=holder.text_of("detail"))


def _remembers(message: Field) -> bool:
    return message.get("audio") is not None


def _is_unsized(part: Field) -> bool:
    """Say whether a part names input that the provider keeps, or is of no kind known here."""
    kind = _kind(part)
    if kind == "file":
        held = part.get("file")
        return part.get("file_id") is not None or held is None or held.get("file_data") is None
    return kind not in _LINKS and kind not in _INLINE and kind not in _WORDS


def _server_tools(call: Field) -> Iterator[ServerTool]:
    for tool in call.list_of("tools"):
        kind = _kind(tool)
        mine = kind in ("function", "custom") or (not kind and tool.get("function") is not None)
        if not mine:
            settings = tool.get("parameters")
            yield ServerTool(_server_kind(kind), settings.count_of("max_uses") if settings else None)
    for plugin in call.list_of("plugins"):
        yield ServerTool(_server_kind(plugin.text_of("id") or ""))
    if call.get("web_search_options") or call.get("search_parameters") or _searches(call):
        yield ServerTool("web_search")


def _searches(call: Field) -> bool:
    name = call.text_of("model") or ""
    return name.rpartition("/")[2].startswith("compound") or any(mark in name for mark in _SEARCHING_MODELS)


def _server_kind(name: str) -> ServerToolKind:
    bare = name.rpartition(":")[2]
    return next((kind for start, kind in _SERVER_TOOLS if bare.startswith(start)), "other")


def _cache_write(call: Field, owners: list[Field]) -> Literal["5m", "1h"] | None:
    marks = [
        mark for owner in (call, *call.list_of("tools"), *owners) if (mark := owner.get("cache_control"))
    ]
    if any(mark.text_of("ttl") == "1h" for mark in marks):
        return "1h"
    asked = marks or call.get("prompt_cache_options")
    return "5m" if asked else None


def texts(document: Json) -> Iterator[str]:
    """Yield every text that the model will read; see ``Codec.texts``. What is of no known kind comes whole."""
    call = of_call(document)
    for message in call.need("messages").each():
        for member in message.members():
            if member.name not in _UNREAD:
                yield from _member_texts(member)
    for name in ("tools", "functions", "response_format", "prediction"):
        found = call.get(name)
        if found:
            yield found.dumped()


def _member_texts(member: Field) -> Iterator[str]:
    if isinstance(member.value, str):
        yield member.value
    elif member.name == "content":
        for part in member.each():
            yield from _part_texts(part)
    elif member.name == "tool_calls":
        for tool_call in member.each():
            yield from _tool_texts(tool_call)
    elif member.name != "images":
        yield member.dumped()


def _part_texts(part: Field) -> Iterator[str]:
    kind = _kind(part)
    text = part.get(kind) if kind in _WORDS else None
    if text and isinstance(text.value, str):
        yield text.value
    elif kind not in _LINKS and kind not in _INLINE:
        yield part.dumped()


def _tool_texts(tool_call: Field) -> Iterator[str]:
    function = tool_call.get("function")
    if function is None:
        yield tool_call.dumped()
        return
    for name in ("name", "arguments"):
        found = function.get(name)
        if found:
            yield found.text()


def edit(document: Json, edits: Edits) -> Json:
    """Return *document* with *edits* made; see ``Codec.edit``."""
    wanted: Json = {"model": edits.model}
    if edits.output_limit is not None:
        own = [name for name in LIMIT_FIELDS if document.get(name) is not None]
        for name in own or [edits.limit_field or LIMIT_FIELDS[0]]:
            wanted[name] = edits.output_limit
    if edits.stream_usage and document.get("stream") is True:
        options = of_call(document).get("stream_options")
        wanted["stream_options"] = (options.object() if options else {}) | {"include_usage": True}
    changed = {name: value for name, value in wanted.items() if document.get(name) != value}
    return document | changed if changed else document
