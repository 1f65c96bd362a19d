"""What a chat completion says of itself, whole or in chunks; both have the same fields but one."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from solvent.dialects.base import Facts, Finish
from solvent.dialects.openai_lenient import object_of, objects, text_of
from solvent.dialects.openai_usage import CHAT, read_usage
from solvent.domain.call import Json
from solvent.domain.usage import Usage

FINISHES: Final[Mapping[str, Finish]] = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOL,
    "function_call": Finish.TOOL,
    "content_filter": Finish.REFUSED,
    "eos": Finish.STOP,
    "model_length": Finish.LENGTH,
}
REASONING_FIELDS: Final = ("reasoning_content", "reasoning")
"""Thoughts: DeepSeek's name and those who follow it; OpenRouter's and groq's."""

_TEXT_FIELDS: Final = ("content", *REASONING_FIELDS, "refusal")


def facts(document: Json) -> Facts:
    """Return what a whole reply says of itself; see ``Codec.facts``."""
    choices = objects(document.get("choices"))
    finish = next((str(choice.get("finish_reason") or "") for choice in choices), "")
    return Facts(
        usage=usage_of(document),
        model=text_of(document, "model"),
        reply_id=text_of(document, "id"),
        finish=finish_of(finish),
        error=error_of(document),
        written=tuple(
            text for choice in choices for _, text in written(object_of(choice, "message")) if text
        ),
        price_context=price_context(document),
    )


def price_context(document: Json) -> tuple[tuple[str, str], ...]:
    """Return the service tier that served a reply or chunk, where it says so."""
    tier = text_of(document, "service_tier")
    return (("service_tier", tier),) if tier else ()


def finish_of(word: str) -> Finish | None:
    """Return why the model stopped, where *word* says so."""
    return FINISHES.get(word, Finish.OTHER) if word else None


def usage_of(document: Json) -> Usage | None:
    """Return the usage of a reply or chunk: OpenAI's field, or where only groq's own carries it, that."""
    found = document.get("usage")
    if found is None:
        found = object_of(document, "x_groq").get("usage")
    return read_usage(found, CHAT)


def error_of(document: Json) -> Json | None:
    """Return the error that stands in place of a reply, or in a stream, as a document of its own."""
    found = document.get("error") or object_of(document, "x_groq").get("error")
    return {"error": found} if found else None


def written(message: Json) -> Iterator[tuple[str, str]]:
    """Yield channel and text of all that the model wrote in a message or delta."""
    for name in _TEXT_FIELDS:
        for text in texts_of(message.get(name)):
            yield name, text
    for text in thoughts_of(message.get("content")):
        yield "thinking", text
    for call in objects(message.get("tool_calls")):
        function = object_of(call, "function")
        channel = f"tool {call.get('index')}"
        yield channel, text_of(function, "name")
        yield channel, text_of(function, "arguments")


def texts_of(content: Any) -> Iterator[str]:
    """Yield the texts of a content that is a text or, as at Mistral, a list of parts; thoughts are apart."""
    if isinstance(content, str):
        yield content
    for part in objects(content):
        yield text_of(part, "text")


def thoughts_of(content: Any) -> Iterator[str]:
    """Yield the thoughts in a content, where Mistral's models put them."""
    for part in objects(content):
        yield from texts_of(part.get("thinking"))
