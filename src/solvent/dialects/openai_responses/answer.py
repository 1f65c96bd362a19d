"""Whole responses ↔ canonical replies, and the items that streams of this dialect are made of."""

from collections.abc import Iterator, Mapping, Sequence
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
from solvent.dialects.openai_lenient import objects, text_of, whole_of
from solvent.dialects.openai_responses.reply import finish_of, usage_of
from solvent.dialects.openai_usage import RESPONSES, write_usage
from solvent.dialects.refusals import part_name, unshowable
from solvent.dialects.signature import read_signature, write_signature
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import NO_USAGE, Usage

_INCOMPLETE: Final[Mapping[FinishWord, str]] = {"length": "max_output_tokens", "refused": "content_filter"}


def finish_word(document: Json) -> FinishWord:
    """Return the canonical word for why a response stopped."""
    found = finish_of(document)
    return found.value if found else "other"


def read_reply(document: Json) -> Reply:
    """Return a whole reply in canonical form; see ``Translator.read_reply``."""
    parts = tuple(part for item in objects(document.get("output")) for part in _parts(item))
    return Reply(
        id=text_of(document, "id"),
        model=text_of(document, "model"),
        choices=(Choice(parts, finish_word(document)),),
        usage=usage_of(document) or NO_USAGE,
        created_s=whole_of(document, "created_at"),
    )


def _parts(item: Json) -> Iterator[Part]:
    match text_of(item, "type"):
        case "message":
            for piece in objects(item.get("content")):
                if text_of(piece, "type") == "refusal":
                    yield Refusal(text_of(piece, "refusal"))
                else:
                    yield Text(text_of(piece, "text"))
        case "function_call":
            yield ToolCall(
                text_of(item, "call_id"), text_of(item, "name"), text_of(item, "arguments") or "{}"
            )
        case "image_generation_call":
            yield Blob("image", "image/png", text_of(item, "result"))
        case "reasoning":
            yield Reasoning(_thought(item), signature_of(item))


def _thought(item: Json) -> str:
    """Return the words of a thought: raw where the provider shows them, else in summary."""
    pieces = objects(item.get("content")) or objects(item.get("summary"))
    return "\n\n".join(text_of(piece, "text") for piece in pieces)


def signature_of(item: Json) -> str:
    """Return the canonical signature of a thought; the dialect calls it its encrypted content."""
    return read_signature(Dialect.OPENAI_RESPONSES, text_of(item, "encrypted_content"))


def write_reply(reply: Reply) -> Json:
    """Return a whole reply in this dialect; see ``Translator.write_reply``.

    Raises:
        UsageContradictory: it holds what the dialect has no form for, such as a second choice.
    """
    if len(reply.choices) != 1:
        raise unshowable("more or less than one choice", Dialect.OPENAI_RESPONSES)
    choice = reply.choices[0]
    output = [write_item(f"{reply.id}_{number}", part) for number, part in enumerate(choice.parts)]
    return envelope(
        reply.id, reply.model, reply.created_s, output=output, finish=choice.finish, usage=reply.usage
    )


def envelope(
    reply_id: str,
    model: str,
    created_s: int,
    *,
    output: Sequence[Json] = (),
    finish: FinishWord | None = None,
    usage: Usage | None = None,
) -> Json:
    """Return a response with everything that its SDK insists on; without *finish* it is in progress."""
    reason = _INCOMPLETE.get(finish) if finish else None
    ended = "incomplete" if reason else "completed"
    return {
        "id": reply_id,
        "object": "response",
        "created_at": created_s,
        "status": ended if finish else "in_progress",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": list(output),
        "parallel_tool_calls": True,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": write_usage(usage, RESPONSES) if usage else None,
    }


def write_item(identity: str, part: Part, *, status: str = "completed") -> Json:
    """Return *part* as an item of a response's output.

    Raises:
        UsageContradictory: the dialect has no form for it.
    """
    match part:
        case Text():
            return _message(identity, status, {"type": "output_text", "text": part.text, "annotations": []})
        case Refusal():
            return _message(identity, status, {"type": "refusal", "refusal": part.text})
        case ToolCall():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
            return {"type": "function_call", "id": f"fc_{identity}", "status": status} | call
        case Blob(kind="image") if part.data:
            picture = {"status": status, "result": part.data}
            return {"type": "image_generation_call", "id": f"ig_{identity}"} | picture
        case Reasoning():
            proof = write_signature(Dialect.OPENAI_RESPONSES, part.signature)
            thought: dict[str, Any] = {"type": "reasoning", "id": f"rs_{identity}"}
            thought["summary"] = [{"type": "summary_text", "text": part.text}] if part.text else []
            return thought | ({"encrypted_content": proof} if proof else {})
        case _:
            raise unshowable(part_name(part), Dialect.OPENAI_RESPONSES)


def _message(identity: str, status: str, content: Json) -> Json:
    message = {"type": "message", "id": f"msg_{identity}", "status": status, "role": "assistant"}
    return message | {"content": [content]}
