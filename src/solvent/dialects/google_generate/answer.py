"""Whole replies between Google's dialect and the canonical form."""

from collections.abc import Iterator, Mapping
from typing import Final

from solvent.dialects.base import Finish
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
from solvent.dialects.google_generate.call import media_kind
from solvent.dialects.google_generate.reply import (
    billed_searches,
    blocked,
    calls_function,
    candidate_finish,
    candidate_parts,
    candidates,
    queries,
    read_usage,
    text,
)
from solvent.dialects.reading import Field, of_reply
from solvent.dialects.signature import read_signature, write_signature
from solvent.dialects.turns import arguments
from solvent.domain.call import Dialect, Json
from solvent.domain.usage import NO_USAGE, Usage
from solvent.errors import UsageContradictory

_ME: Final = Dialect.GOOGLE_GENERATE
_SIGNATURE: Final = ("thoughtSignature", "thought_signature")
FINISH_REASONS: Final[Mapping[FinishWord, str]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool": "STOP",
    "refused": "SAFETY",
    "other": "OTHER",
}


def read_reply(document: Json) -> Reply:
    """Return the reply in canonical form; of a blocked prompt one empty, refused answer.

    Raises:
        UsageContradictory: it holds what only Google's dialect can say, or its usage does not add up.
    """
    reply = of_reply(document)
    told = candidates(reply)
    model, identity = text(reply, "modelVersion", "model_version"), text(reply, "responseId", "response_id")
    sent = {query for candidate in told for query in queries(candidate)}
    usage = read_usage(reply.get("usageMetadata", "usage_metadata"), billed_searches(model, sent))
    choices = tuple(_choice(candidate, identity) for candidate in told)
    if blocked(reply):
        choices = (Choice((), "refused"),)
    return Reply(identity, model, choices, usage or NO_USAGE)


def _choice(candidate: Field, identity: str) -> Choice:
    parts: list[Part] = []
    for part in candidate_parts(candidate):
        calls = sum(isinstance(found, ToolCall) for found in parts)
        parts += read_part(part, f"call_{identity}_{calls}")
    finish = candidate_finish(candidate, called=calls_function(candidate)) or Finish.OTHER
    return Choice(tuple(parts), finish.value)


def read_part(part: Field, call_id: str) -> Iterator[Part]:
    """Yield what a part says; a function call without an id gets *call_id*.

    A signature on words or on a call is a thought of its own before them.

    Raises:
        UsageContradictory: only Google's dialect can say it.
    """
    signature = read_signature(_ME, text(part, *_SIGNATURE))
    if part.flag_of("thought"):
        yield Reasoning(text(part, "text"), signature)
        return
    if signature:
        yield Reasoning("", signature)
    called = part.get("functionCall", "function_call")
    inline = part.get("inlineData", "inline_data")
    if called is not None:
        held = called.get("args")
        made = held.dumped() if held is not None else "{}"
        yield ToolCall(text(called, "id") or call_id, called.need("name").text(), made)
    elif inline is not None:
        media_type = inline.need("mimeType", "mime_type").text()
        yield Blob(media_kind(media_type), media_type, inline.need("data").text())
    elif part.get("text") is not None:
        words = part.need("text").text()
        yield from (Text(said) for said in (words,) if said or not signature)
    elif any(member.name not in _SIGNATURE for member in part.members()):
        raise part.invalid("holds what only Google's own format can say")


def write_reply(reply: Reply) -> Json:
    """Return the reply in this dialect; a signature of another provider goes wrapped."""
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [write_part(part) for part in choice.parts]},
                "finishReason": FINISH_REASONS[choice.finish],
                "index": index,
            }
            for index, choice in enumerate(reply.choices)
        ],
        "usageMetadata": write_usage(reply.usage),
        "modelVersion": reply.model,
        "responseId": reply.id,
    }


def write_part(part: Part) -> Json:
    """Return a part of a reply.

    Raises:
        UsageContradictory: a model does not answer with such a part.
    """
    match part:
        case Text(words) | Refusal(words):
            return {"text": words}
        case Reasoning():
            proof = write_signature(_ME, part.signature)
            return {"text": part.text, "thought": True} | ({"thoughtSignature": proof} if proof else {})
        case ToolCall():
            return {"functionCall": {"id": part.id, "name": part.name, "args": _args(part)}}
        case Blob():
            return {"inlineData": {"mimeType": part.media_type, "data": part.data}}
        case _:
            raise UsageContradictory(
                f"the provider answered with a {type(part).__name__}, which no reply holds"
            )


def _args(part: ToolCall) -> Json:
    """Return a call's arguments; of those that are no JSON object, as where the model was cut short, the words."""
    told = arguments(part)
    return {"INVALID_JSON": part.arguments} if told is None else told


def write_usage(usage: Usage) -> Json:
    """Return the usage in Google's words; cache writes, for which it has none, are part of the prompt."""
    cached = usage.cached_input + usage.cached_audio + usage.cached_image
    told: Json = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning,
        "totalTokenCount": usage.total_tokens,
    }
    optional = {
        "cachedContentTokenCount": cached,
        "thoughtsTokenCount": usage.reasoning,
        "promptTokensDetails": _details(
            audio=usage.input_audio + usage.cached_audio,
            image=usage.input_image + usage.cached_image,
            video=usage.input_video,
        ),
        "cacheTokensDetails": _details(audio=usage.cached_audio, image=usage.cached_image),
        "candidatesTokensDetails": _details(audio=usage.output_audio, image=usage.output_image),
    }
    return told | {name: value for name, value in optional.items() if value}


def _details(**counts: int) -> list[Json]:
    return [{"modality": name.upper(), "tokenCount": tokens} for name, tokens in counts.items() if tokens]
