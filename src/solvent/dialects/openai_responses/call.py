"""A caller's response: what it may demand at most, the texts a model reads of it, and edits."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from solvent.dialects.base import Edits
from solvent.dialects.images import inline_media, linked_media
from solvent.dialects.reading import Field, of_call
from solvent.domain.call import Demand, Json, Media, MediaKind, ServerTool, ServerToolKind

_LIMIT_FIELD: Final = "max_output_tokens"
_CALLER_TOOLS: Final = frozenset({"function", "custom", "local_shell", "apply_patch", "namespace"})
_SERVER_TOOLS: Final[tuple[tuple[str, ServerToolKind], ...]] = (
    ("web_search", "web_search"),
    ("file_search", "file_search"),
    ("code_interpreter", "code"),
    ("shell", "code"),
    ("computer", "computer"),
    ("mcp", "mcp"),
    ("image_generation", "image"),
)
_ITEMS: Final = frozenset(
    {"", "message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"}
    | {"web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call"}
    | {"computer_call", "computer_call_output", "local_shell_call", "local_shell_call_output"}
    | {"apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_call"}
    | {"mcp_approval_request", "mcp_approval_response", "reasoning"}
)
_WORDS: Final = frozenset({"input_text", "output_text", "text", "refusal", "summary_text", "reasoning_text"})
_PARTS: Final[Mapping[str, tuple[MediaKind, str, str]]] = {
    "input_image": ("image", "image_url", "image_url"),
    "computer_screenshot": ("image", "image_url", "image_url"),
    "input_file": ("document", "file_data", "file_url"),
    "input_audio": ("audio", "data", "data"),
}
"""Parts that are not text: their kind, where their data stands, and where their address."""


def demand(document: Json, size_bytes: int) -> Demand:
    """Return what the call may make its provider count; see ``Codec.demand``.

    An item or part of a kind that is not known here may stand for input of any size, so it counts as
    ``remembered``; so does a thought that is named by its id alone.
    """
    call = of_call(document)
    _refuse_other_models(call)
    items = list(_items(call))
    parts = [part for item in items for part in _parts(item)]
    media = tuple(_media(items, parts))
    server_tools = tuple(_server_tools(call))
    return Demand(
        text_bytes=max(0, size_bytes - sum(part.size_bytes for part in media)),
        messages=max(1, len(items)),
        media=media,
        tools=sum(1 for _ in call.list_of("tools")),
        server_tools=server_tools,
        output_limit=_output_limit(call),
        remembered=_continues(call) or any(map(_is_kept, items)) or any(map(_is_unsized, parts)),
        image_output=any(tool.kind == "image" for tool in server_tools),
        cache_write=_cache_write(call, parts),
        price_context=tuple(
            (name, chosen) for name in ("service_tier", "speed") if (chosen := call.text_of(name))
        ),
    )


def _refuse_other_models(call: Field) -> None:
    others = call.get("models") or call.get("preset")
    if others and others.value:
        raise others.invalid("names other models, whose cost has no bound here; leave fallbacks to solvent")


def _output_limit(call: Field) -> int | None:
    found = call.get(_LIMIT_FIELD)
    if found and found.count() < 1:
        raise found.invalid("must be at least 1; it is 0")
    return found.count() if found else None


def _continues(call: Field) -> bool:
    return any(call.get(name) is not None for name in ("previous_response_id", "conversation", "prompt"))


def _items(call: Field) -> Iterator[Field]:
    found = call.get("input")
    if found and not isinstance(found.value, str):
        yield from found.each()


def _kind(found: Field) -> str:
    return found.text_of("type") or ""


def _parts(item: Field) -> Iterator[Field]:
    for name in ("content", "output"):
        found = item.get(name)
        if found is None or isinstance(found.value, str):
            continue
        if isinstance(found.value, list):
            yield from found.each()
        else:
            yield found


def _media(items: list[Field], parts: list[Field]) -> Iterator[Media]:
    for item in items:
        if _kind(item) == "image_generation_call" and (drawn := item.text_of("result")):
            yield inline_media("image", drawn)
    for part in parts:
        found = _PARTS.get(_kind(part))
        if found:
            yield _part_media(part, *found)


def _part_media(part: Field, kind: MediaKind, data_name: str, address_name: str) -> Media:
    detail = part.text_of("detail")
    holder = part.get("input_audio") or part
    address = holder.text_of(address_name)
    if address and data_name == address_name and kind != "audio":
        return linked_media(kind, address, detail=detail)
    data = holder.text_of(data_name)
    return inline_media(kind, data, detail=detail) if data else Media(kind, detail=detail)


def _is_kept(item: Field) -> bool:
    """Say whether an item is one that the provider keeps, or is of no kind known here."""
    kind = _kind(item)
    if kind == "reasoning":
        return item.get("encrypted_content") is None and item.get("content") is None
    return kind not in _ITEMS


def _is_unsized(part: Field) -> bool:
    kind = _kind(part)
    if kind in _PARTS:
        return part.get("file_id") is not None
    return kind not in _WORDS and kind != "logs"


def _server_tools(call: Field) -> Iterator[ServerTool]:
    """Yield the provider's own tools; a prompt that it keeps may bring more of them."""
    uses = call.count_of("max_tool_calls")
    if call.get("prompt"):
        yield ServerTool("other", uses)
    for tool in call.list_of("tools"):
        kind = _kind(tool)
        if kind not in _CALLER_TOOLS:
            yield ServerTool(_server_kind(kind), uses)


def _server_kind(name: str) -> ServerToolKind:
    bare = name.rpartition(":")[2]
    return next((kind for start, kind in _SERVER_TOOLS if bare.startswith(start)), "other")


def _cache_write(call: Field, parts: list[Field]) -> Literal["5m"] | None:
    marked = any(part.get("prompt_cache_breakpoint") or part.get("cache_control") for part in parts)
    return "5m" if marked or call.get("prompt_cache_options") else None


def texts(document: Json) -> Iterator[str]:
    """Yield every text that the model will read; see ``Codec.texts``. What is of no known kind comes whole."""
    call = of_call(document)
    for name in ("instructions", "input"):
        found = call.get(name)
        if found and isinstance(found.value, str):
            yield found.value
    for item in _items(call):
        yield from _item_texts(item)
    for name in ("tools", "text", "prompt"):
        found = call.get(name)
        if found:
            yield found.dumped()


def _item_texts(item: Field) -> Iterator[str]:
    for member in item.members():
        if member.name in ("content", "output", "summary") and not isinstance(member.value, str):
            for part in member.each() if isinstance(member.value, list) else (member,):
                yield from _part_texts(part)
        elif isinstance(member.value, str):
            if member.name not in ("type", "role", "id", "call_id", "status", "result"):
                yield member.value
        else:
            yield member.dumped()


def _part_texts(part: Field) -> Iterator[str]:
    kind = _kind(part)
    if kind in _WORDS:
        yield part.text_of("text") or part.text_of("refusal") or ""
    elif kind not in _PARTS:
        yield part.dumped()


def edit(document: Json, edits: Edits) -> Json:
    """Return *document* with *edits* made; see ``Codec.edit``. Streams of this dialect always report usage."""
    wanted: Json = {"model": edits.model}
    if edits.output_limit is not None:
        wanted[_LIMIT_FIELD] = edits.output_limit
    changed = {name: value for name, value in wanted.items() if document.get(name) != value}
    return document | changed if changed else document
