"""What a call in Google's dialect demands, the texts in it, and the changes solvent makes to it.

Google reads every field in camelCase and in snake_case; so does solvent, but not both at once. The model stands
in the path of the call, not in its body; only a countTokens call may repeat it inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from solvent.dialects.base import Edits
from solvent.dialects.images import inline_media
from solvent.dialects.reading import Field, of_call
from solvent.domain.call import Demand, Json, Media, MediaKind, ServerTool, ServerToolKind

BODY: Final = ("generateContentRequest", "generate_content_request")
SYSTEM: Final = ("systemInstruction", "system_instruction")
CONFIG: Final = ("generationConfig", "generation_config")
LIMIT: Final = ("maxOutputTokens", "max_output_tokens")
DECLARATIONS: Final = ("functionDeclarations", "function_declarations")

SERVER_TOOLS: Final[tuple[tuple[str, ServerToolKind], ...]] = (
    ("googleSearch", "web_search"),
    ("google_search", "web_search"),
    ("googleSearchRetrieval", "web_search"),
    ("google_search_retrieval", "web_search"),
    ("enterpriseWebSearch", "web_search"),
    ("enterprise_web_search", "web_search"),
    ("urlContext", "fetch"),
    ("url_context", "fetch"),
    ("codeExecution", "code"),
    ("code_execution", "code"),
    ("fileSearch", "file_search"),
    ("file_search", "file_search"),
    ("computerUse", "computer"),
    ("computer_use", "computer"),
    ("mcpServers", "mcp"),
    ("mcp_servers", "mcp"),
)
"""Tools of a call by name; every other one, such as ``googleMaps``, counts as ``other``."""


def body(document: Json) -> Field:
    """Return the call itself, which a countTokens call may carry inside."""
    root = of_call(document)
    return root.get(*BODY) or root


def demand(document: Json, size_bytes: int) -> Demand:
    """Return what the call may make its provider count; thoughts are inside ``maxOutputTokens``.

    Raises:
        CallInvalid: a field is not as the dialect says, or is given in both spellings.
    """
    call = body(document)
    media: list[Media] = []
    said = tuple(contents(call))
    for content in (*said, *call.some(*SYSTEM)):
        media += [found for part in _media_parts(content) if (found := part_media(part)) is not None]
    config = _config(call.get(*CONFIG))
    tools, server_tools = _tools(call)
    tier = call.get("serviceTier", "service_tier")
    return Demand(
        text_bytes=max(0, size_bytes - sum(found.size_bytes for found in media)),
        messages=len(said),
        media=tuple(media),
        tools=tools,
        server_tools=server_tools,
        output_limit=config.output_limit,
        choices=config.choices,
        remembered=call.get("cachedContent", "cached_content") is not None,
        audio_output="AUDIO" in config.modalities,
        image_output="IMAGE" in config.modalities,
        price_context=(("service_tier", tier.text().lower()),) if tier is not None else (),
    )


def contents(call: Field) -> Iterator[Field]:
    """Yield the contents; Google takes one, or a bare string, where a list is due."""
    told = call.need("contents")
    if isinstance(told.value, str):
        yield told
    else:
        yield from listed(told)


def parts(content: Field) -> Iterator[Field]:
    """Yield the parts of a content; a bare string is one part, as some clients write it."""
    if isinstance(content.value, str):
        yield Field({"text": content.value}, content.path, content.wrong)
        return
    for told in content.some("parts"):
        yield from listed(told)


def _media_parts(content: Field) -> Iterator[Field]:
    """Yield the parts of a content and those that the results of functions hold."""
    for part in parts(content):
        yield part
        for result in part.some("functionResponse", "function_response"):
            yield from result.list_of("parts")


def media_kind(media_type: str) -> MediaKind:
    """Return what a media type is; all that is neither picture, sound nor film is a document."""
    family = media_type.partition("/")[0].lower()
    return family if family in ("image", "audio", "video") else "document"  # type: ignore[return-value]  # one line up


def plain_base64(data: str) -> str:
    """Return *data* in the plain alphabet: Google's own clients write the one for URLs."""
    return data.replace("-", "+").replace("_", "/")


def part_media(part: Field) -> Media | None:
    """Return the media of a part, if it has any; a linked file of no stated type may be a film."""
    inline = part.get("inlineData", "inline_data")
    if inline is not None:
        kind = media_kind(inline.need("mimeType", "mime_type").text())
        data = inline.need("data").text()
        return inline_media(kind, plain_base64(data) if kind == "image" else data)
    linked = part.get("fileData", "file_data")
    if linked is None:
        return None
    named = linked.get("mimeType", "mime_type")
    return Media(media_kind(named.text()) if named is not None else "video")


@dataclass(frozen=True, slots=True)
class _Config:
    """What of a generation's settings bears on its cost."""

    output_limit: int | None = None
    choices: int = 1
    modalities: frozenset[str] = field(default_factory=frozenset)


def _config(config: Field | None) -> _Config:
    if config is None:
        return _Config()
    limit = config.get(*LIMIT)
    choices = config.get("candidateCount", "candidate_count")
    modalities = config.get("responseModalities", "response_modalities")
    wanted = modalities.each() if modalities is not None else ()
    return _Config(
        output_limit=limit.count() if limit is not None else None,
        choices=max(1, choices.count()) if choices is not None else 1,
        modalities=frozenset(told.text().upper() for told in wanted),
    )


def _tools(call: Field) -> tuple[int, tuple[ServerTool, ...]]:
    """Return how many functions are declared, and the tools that Google runs."""
    functions = 0
    served: list[ServerTool] = []
    table = dict(SERVER_TOOLS)
    for tool in (tool for tools in call.some("tools") for tool in listed(tools)):
        for member in tool.members():
            if member.name in DECLARATIONS:
                functions += sum(1 for _ in listed(member))
            else:
                served.append(ServerTool(table.get(member.name, "other")))
    return functions, tuple(served)


def listed(told: Field) -> Iterator[Field]:
    """Yield the elements of a list; Google takes one object where a list is due."""
    if isinstance(told.value, dict):
        yield told
    else:
        yield from told.each()


def texts(document: Json) -> Iterator[str]:
    """Yield every text that the model will read; function calls, results and schemas as JSON."""
    call = body(document)
    for content in (*call.some(*SYSTEM), *contents(call)):
        for part in parts(content):
            yield from part_texts(part)
    for told in (*call.some("tools"), *call.some(*CONFIG)):
        yield told.dumped()


def part_texts(part: Field) -> Iterator[str]:
    """Yield the texts of a part; calls, results and code as JSON."""
    for member in part.members():
        if member.name == "text":
            yield member.text()
        elif member.name not in ("inlineData", "inline_data", "fileData", "file_data"):
            yield member.dumped()


def edit(document: Json, edits: Edits) -> Json:
    """Return *document* for the model of *edits*, with its output limit, in the spellings that its caller uses."""
    name = _spelling(document, BODY)
    inner: Json | None = document.get(name)
    if inner is None:
        return _limited(document, edits)
    changed = _limited(inner, edits)
    if "model" in inner and inner["model"] != f"models/{edits.model}":
        changed = {**changed, "model": f"models/{edits.model}"}
    return document if changed is inner else {**document, name: changed}


def _limited(document: Json, edits: Edits) -> Json:
    if edits.output_limit is None:
        return document
    config_name = _spelling(document, CONFIG)
    config: Json = document.get(config_name) or {}
    limit_name = _spelling(config, LIMIT)
    if config.get(limit_name) == edits.output_limit:
        return document
    return {**document, config_name: {**config, limit_name: edits.output_limit}}


def _spelling(document: Json, names: tuple[str, str]) -> str:
    return names[1] if document.get(names[1]) is not None else names[0]
