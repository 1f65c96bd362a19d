"""Whole replies between Anthropic's dialect and the canonical form."""

from collections.abc import Mapping
from typing import Final

from solvent.dialects.anthropic_messages.prompt_reader import REDACTED
from solvent.dialects.anthropic_messages.reply import finish, read_usage
from solvent.dialects.base import Finish
from solvent.dialects.canonical import Choice, FinishWord, Part, Reasoning, Refusal, Reply, Text, ToolCall
from solvent.dialects.reading import Field, of_reply
from solvent.dialects.signature import own_signature, read_signature, write_signature
from solvent.dialects.turns import arguments
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import Usage
from solvent.errors import SolventError, UsageContradictory

_ME: Final = Dialect.ANTHROPIC_MESSAGES
STOP_REASONS: Final[Mapping[FinishWord, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool": "tool_use",
    "refused": "refusal",
    "other": "end_turn",
}


def read_reply(document: Json) -> Reply:
    """Return the reply in canonical form.

    Raises:
        UsageContradictory: it holds what only Anthropic's dialect can say, or its usage does not add up.
    """
    reply = of_reply(document)
    parts = tuple(_part(block) for block in reply.need("content").each())
    return Reply(
        id=reply.need("id").text(),
        model=reply.need("model").text(),
        choices=(Choice(parts, (finish(reply) or Finish.OTHER).value),),
        usage=read_usage(reply.need("usage")),
    )


def _part(block: Field) -> Part:
    match block.need("type").text():
        case "text":
            return Text(block.need("text").text())
        case "thinking" | "redacted_thinking":
            return thought(block)
        case "tool_use":
            return ToolCall(block.need("id").text(), block.need("name").text(), block.need("input").dumped())
        case kind:
            raise foreign(block, kind)


def thought(block: Field) -> Reasoning:
    """Return the thought that a block holds, or the sealed data that stands for one."""
    if block.need("type").value == "redacted_thinking":
        return Reasoning("", read_signature(_ME, REDACTED + block.need("data").text()))
    return Reasoning(block.need("thinking").text(), read_signature(_ME, block.text_of("signature") or ""))


def foreign(block: Field, kind: str) -> SolventError:
    """Return the error for a block that nothing asked for could bring, and that no other dialect can say."""
    return block.invalid(f"is of type {kind[:40]!r}, which only Anthropic's own format can say")


def write_reply(reply: Reply) -> Json:
    """Return the reply as a message.

    Raises:
        UsageContradictory: it holds several answers or media, which the dialect cannot say.
    """
    if len(reply.choices) != 1:
        raise UsageContradictory(f"the provider gave {len(reply.choices)} answers where a message has one")
    choice = reply.choices[0]
    return {
        "id": reply.id,
        "type": "message",
        "role": "assistant",
        "model": reply.model,
        "content": [_block(part) for part in choice.parts],
        "stop_reason": STOP_REASONS[choice.finish],
        "stop_sequence": None,
        "usage": write_usage(reply.usage),
    }


def _block(part: Part) -> Json:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "text", "text": text}
        case Reasoning():
            return thought_block(part)
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part)}
        case _:
            raise UsageContradictory(
                f"the provider sent a {type(part).__name__}, which a message cannot hold"
            )


def _input(part: ToolCall) -> Json:
    """Return a call's input; of arguments that are no JSON object, as where the model was cut short, the words.

    They are wrapped as Anthropic asks its callers to wrap them (fine-grained tool streaming).
    """
    told = arguments(part)
    return {"INVALID_JSON": part.arguments} if told is None else told


def thought_block(part: Reasoning) -> Json:
    """Return the block of a thought; one whose signature is another provider's carries it wrapped."""
    proof = own_signature(_ME, part.signature)
    if proof.startswith(REDACTED):
        return {"type": "redacted_thinking", "data": proof.removeprefix(REDACTED)}
    return {"type": "thinking", "thinking": part.text, "signature": write_signature(_ME, part.signature)}


def write_usage(usage: Usage) -> Json:
    """Return the usage in Anthropic's words; what it has no word for counts as input or output."""
    cached = usage.cached_input + usage.cached_audio + usage.cached_image
    fresh = usage.input + usage.input_audio + usage.input_image + usage.input_video
    told: Json = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": usage.cache_write_5m + usage.cache_write_1h,
        "cache_read_input_tokens": cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning:
        told["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    if usage.web_searches:
        told["server_tool_use"] = {"web_search_requests": usage.web_searches, "web_fetch_requests": 0}
    return told
