"""Whole chat completions ↔ canonical replies."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from solvent.dialects.canonical import (
    Blob,
    Choice,
    FinishWord,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
)
from solvent.dialects.openai_chat.reply import REASONING_FIELDS, finish_of, texts_of, thoughts_of, usage_of
from solvent.dialects.openai_lenient import object_of, objects, text_of, whole_of
from solvent.dialects.openai_usage import CHAT, write_usage
from solvent.dialects.signature import read_signature, write_signature
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import NO_USAGE

FINISH_WORDS: Final[Mapping[FinishWord, str]] = {
    "stop": "stop",
    "length": "length",
    "tool": "tool_calls",
    "refused": "content_filter",
    "other": "stop",
}
"""What the dialect calls the reasons to stop; it has no word for others."""


def finish_word(word: str) -> FinishWord:
    """Return the canonical word for a ``finish_reason``."""
    found = finish_of(word)
    return found.value if found else "other"


def read_reply(document: Json) -> Reply:
    """Return a whole reply in canonical form; see ``Translator.read_reply``."""
    return Reply(
        id=text_of(document, "id"),
        model=text_of(document, "model"),
        choices=tuple(read_choices(document)),
        usage=usage_of(document) or NO_USAGE,
        created_s=whole_of(document, "created"),
    )


def read_choices(document: Json) -> Iterator[Choice]:
    """Yield the answers of a whole reply, without what they cost."""
    for choice in objects(document.get("choices")):
        parts = tuple(_parts(object_of(choice, "message")))
        yield Choice(parts, finish_word(text_of(choice, "finish_reason")))


def _parts(message: Json) -> Iterator[Part]:
    yield from _thoughts(message)
    text = "".join(texts_of(message.get("content")))
    if text:
        yield Text(text)
    refusal = text_of(message, "refusal")
    if refusal:
        yield Refusal(refusal)
    for call in objects(message.get("tool_calls")):
        function = object_of(call, "function")
        yield ToolCall(text_of(call, "id"), text_of(function, "name"), text_of(function, "arguments") or "{}")


def _thoughts(message: Json) -> Iterator[Reasoning]:
    found = [
        Reasoning(text, read_signature(Dialect.OPENAI_CHAT, proof))
        for detail in objects(message.get("reasoning_details"))
        for text, proof in (detail_of(detail),)
        if text or proof
    ]
    if found:
        yield from found
        return
    plain = plain_thought(message)
    if plain:
        yield Reasoning(plain)


def plain_thought(message: Json) -> str:
    """Return the thoughts of a message or delta, under the first name that has any."""
    named = next((text for name in REASONING_FIELDS if (text := text_of(message, name))), "")
    return named or "".join(thoughts_of(message.get("content")))


def detail_of(detail: Json) -> tuple[str, str]:
    """Return text and proof of one of OpenRouter's ``reasoning_details``."""
    text = text_of(detail, "text") or text_of(detail, "summary")
    return text, text_of(detail, "signature") or text_of(detail, "data")


def write_reply(reply: Reply) -> Json:
    """Return a whole reply in this dialect; see ``Translator.write_reply``."""
    return {
        "id": reply.id,
        "object": "chat.completion",
        "created": reply.created_s,
        "model": reply.model,
        "choices": [_choice(number, choice) for number, choice in enumerate(reply.choices)],
        "usage": write_usage(reply.usage, CHAT),
    }


def _choice(number: int, choice: Choice) -> Json:
    return {
        "index": number,
        "message": _message(choice.parts),
        "logprobs": None,
        "finish_reason": FINISH_WORDS[choice.finish],
    }


def _message(parts: tuple[Part, ...]) -> Json:
    texts = [part.text for part in parts if isinstance(part, Text)]
    refusals = [part.text for part in parts if isinstance(part, Refusal)]
    calls = [_tool_call(part) for part in parts if isinstance(part, ToolCall)]
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    pictures = [_picture(part) for part in parts if isinstance(part, Blob) and part.kind == "image"]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (calls or refusals) else None,
        "refusal": "".join(refusals) or None,
    }
    words = "".join(thought.text for thought in thoughts)
    optional = {
        "reasoning_content": words,
        "reasoning_details": [
            detail(number, thought.text, thought.signature) for number, thought in enumerate(thoughts)
        ],
        "images": pictures,
        "tool_calls": calls,
    }
    return message | {name: value for name, value in optional.items() if value}


def detail(number: int, text: str, signature: str) -> Json:
    """Return a thought, or a piece of one, as OpenRouter's ``reasoning_details`` has it.

    It carries the proof that the thought's own provider wants back; the dialect itself has no place for it.
    """
    proof = write_signature(Dialect.OPENAI_CHAT, signature)
    thought: Json = {"type": "reasoning.text", "index": number, "text": text}
    return thought | ({"signature": proof} if proof else {})


def _tool_call(call: ToolCall) -> Json:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _picture(blob: Blob) -> Json:
    address = blob.url or f"data:{blob.media_type};base64,{blob.data}"
    return {"type": "image_url", "image_url": {"url": address}}
