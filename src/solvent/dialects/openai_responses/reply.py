"""What a response says of itself: the same object ends a stream and answers a call that does not stream."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from solvent.dialects.base import Facts, Finish
from solvent.dialects.openai_lenient import object_of, objects, text_of
from solvent.dialects.openai_usage import RESPONSES, read_usage
from solvent.domain.call import Json
from solvent.domain.usage import Usage

_ELSEWHERE: Final = frozenset({"queued", "in_progress"})
_INCOMPLETE: Final[Mapping[str, Finish]] = {
    "max_output_tokens": Finish.LENGTH,
    "content_filter": Finish.REFUSED,
}
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_WRITTEN: Final = ("text", "refusal")


def facts(document: Json) -> Facts:
    """Return what a whole response says of itself; see ``Codec.facts``.

    One that goes on in the background is not complete, and whatever it says of its usage is not the end of it.
    """
    complete = text_of(document, "status") not in _ELSEWHERE
    return Facts(
        usage=usage_of(document) if complete else None,
        model=text_of(document, "model"),
        reply_id=text_of(document, "id"),
        finish=finish_of(document) if complete else None,
        complete=complete,
        error=error_of(document),
        written=tuple(text for item in objects(document.get("output")) for text in _written(item) if text),
        price_context=price_context(document),
    )


def price_context(document: Json) -> tuple[tuple[str, str], ...]:
    """Return the service tier that served the response, where it says so."""
    tier = text_of(document, "service_tier")
    return (("service_tier", tier),) if tier else ()


def error_of(document: Json) -> Json | None:
    """Return the error that ended a response, as a document of its own."""
    return {"error": document["error"]} if document.get("error") else None


def finish_of(document: Json) -> Finish | None:
    """Return why the model stopped."""
    match text_of(document, "status"):
        case "incomplete":
            return _INCOMPLETE.get(text_of(object_of(document, "incomplete_details"), "reason"), Finish.OTHER)
        case "completed":
            calls = any(text_of(item, "type") in _CALLS for item in objects(document.get("output")))
            return Finish.TOOL if calls else Finish.STOP
        case "":
            return None
        case _:
            return Finish.OTHER


def usage_of(document: Json) -> Usage | None:
    """Return the usage of a response, with the searches that its output shows and its counts do not."""
    usage = read_usage(document.get("usage"), RESPONSES)
    if usage is None:
        return None
    items = objects(document.get("output"))
    return replace(
        usage,
        web_searches=usage.web_searches or sum(map(_is_web_search, items)),
        file_searches=sum(1 for item in items if text_of(item, "type") == "file_search_call"),
    )


def _is_web_search(item: Json) -> bool:
    """Say whether an item is a search; opening a page or looking inside one is part of the search before it."""
    action = text_of(object_of(item, "action"), "type")
    return text_of(item, "type") == "web_search_call" and action in ("", "search")


def _written(item: Json) -> Iterator[str]:
    for name in ("content", "summary"):
        for part in objects(item.get(name)):
            yield from (text_of(part, key) for key in _WRITTEN)
    if text_of(item, "type") in _CALLS:
        yield text_of(item, "name")
        yield text_of(item, "arguments") or text_of(item, "input")
    yield text_of(item, "code")
