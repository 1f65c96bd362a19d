"""What a whole reply in Google's dialect says of itself: usage in disjoint buckets, and why it ended."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from solvent.dialects.base import Facts, Finish
from solvent.dialects.google_generate.call import parts
from solvent.dialects.reading import Field, of_reply
from solvent.domain.call import Json
from solvent.domain.usage import Usage

_FINISHES: Final[Mapping[str, Finish]] = {"STOP": Finish.STOP, "MAX_TOKENS": Finish.LENGTH}
_REFUSALS: Final = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
    }
)
_PER_PROMPT: Final = ("gemini-1", "gemini-2")
"""Models before Gemini 3 are billed for Google Search by prompt, later ones by query."""


def facts(document: Json) -> Facts:
    """Return what the reply says; of an error document only the error, of a token count nothing.

    Raises:
        UsageContradictory: its usage is not of a known shape, negative, or does not add up.
    """
    reply = of_reply(document)
    if reply.get("error") is not None:
        return Facts(error=document, complete=False)
    if reply.get("totalTokens", "total_tokens") is not None:
        return Facts()
    told = candidates(reply)
    model = text(reply, "modelVersion", "model_version")
    sent = {query for candidate in told for query in queries(candidate)}
    usage = reply.get("usageMetadata", "usage_metadata")
    return Facts(
        usage=read_usage(usage, billed_searches(model, sent)),
        model=model,
        reply_id=text(reply, "responseId", "response_id"),
        finish=finish(reply, told),
        written=tuple("".join(written(candidate)) for candidate in told),
        price_context=price_context(usage),
    )


def count(document: Json) -> int:
    """Return the number of tokens that a reply to countTokens tells.

    Raises:
        UsageContradictory: it tells none.
    """
    return of_reply(document).need("totalTokens", "total_tokens").count()


def price_context(usage: Field | None) -> tuple[tuple[str, str], ...]:
    """Return the service tier that served a reply, where its usage says so."""
    tier = text(usage, "serviceTier", "service_tier").lower() if usage is not None else ""
    return (("service_tier", tier),) if tier else ()


def candidates(reply: Field) -> tuple[Field, ...]:
    """Return the candidates of a reply or of a chunk; none where the prompt was blocked."""
    told = reply.get("candidates")
    return tuple(told.each()) if told is not None else ()


def finish(reply: Field, told: tuple[Field, ...]) -> Finish | None:
    """Return why the first candidate ended, or that the prompt was blocked; None while it has not ended."""
    if blocked(reply):
        return Finish.REFUSED
    return next((candidate_finish(candidate, called=calls_function(candidate)) for candidate in told), None)


def blocked(reply: Field) -> bool:
    """Say whether the prompt was refused, so that no candidate comes."""
    feedback = reply.get("promptFeedback", "prompt_feedback")
    return feedback is not None and feedback.get("blockReason", "block_reason") is not None


def candidate_finish(candidate: Field, *, called: bool) -> Finish | None:
    """Return why a candidate ended; one that ended by itself after it *called* a function waits for its tool."""
    reason = text(candidate, "finishReason", "finish_reason")
    if not reason:
        return None
    if reason in _REFUSALS:
        return Finish.REFUSED
    found = _FINISHES.get(reason, Finish.OTHER)
    return Finish.TOOL if found is Finish.STOP and called else found


def calls_function(candidate: Field) -> bool:
    """Say whether a candidate, or this chunk of it, holds a function call."""
    return any(part.get("functionCall", "function_call") is not None for part in candidate_parts(candidate))


def candidate_parts(candidate: Field) -> tuple[Field, ...]:
    """Return the parts that a candidate holds; a refused or empty one has none."""
    content = candidate.get("content")
    return tuple(parts(content)) if content is not None else ()


def written(candidate: Field) -> tuple[str, ...]:
    """Return what the model wrote: words, thoughts, and the calls and code it made up."""
    return tuple(words for part in candidate_parts(candidate) for words in part_texts(part) if words)


def part_texts(part: Field) -> Iterator[str]:
    """Yield what the model wrote in one part."""
    for name in ("text", "functionCall", "function_call", "executableCode", "executable_code"):
        told = part.get(name)
        if told is not None:
            yield told.text() if name == "text" else told.dumped()


def queries(candidate: Field) -> tuple[str, ...]:
    """Return the queries that a candidate sent to Google Search; empty ones were never sent."""
    grounding = candidate.get("groundingMetadata", "grounding_metadata")
    told = grounding.get("webSearchQueries", "web_search_queries") if grounding is not None else None
    return tuple(query.text() for query in told.each() if query.value) if told is not None else ()


def billed_searches(model: str, sent: AbstractSet[str]) -> int:
    """Return how many Google searches *model* is billed for.

    From Gemini 3 on each distinct query counts; before, a prompt counts once however many queries it led to
    (https://ai.google.dev/gemini-api/docs/google-search#pricing).
    """
    return min(len(sent), 1) if model.startswith(_PER_PROMPT) else len(sent)


def read_usage(told: Field | None, web_searches: int = 0) -> Usage | None:
    """Return the usage in disjoint buckets; None where the provider gave no counts.

    The prompt's count includes what came from a cache, and excludes what tools of Google's read back; thoughts
    are counted beside the candidates; a count of zero may be left out. Documents count as images, and cached
    films as cached text, as genai-prices has it.

    Raises:
        UsageContradictory: a count is negative, a part exceeds its whole, or the total is not the sum.
    """
    if told is None or not any(name.endswith(("Count", "_count")) for name in told.object()):
        return None
    prompt = _count(told, "promptTokenCount", "prompt_token_count")
    tool_use = _count(told, "toolUsePromptTokenCount", "tool_use_prompt_token_count")
    output = _count(told, "candidatesTokenCount", "candidates_token_count")
    thoughts = _count(told, "thoughtsTokenCount", "thoughts_token_count")
    total = told.get("totalTokenCount", "total_token_count")
    if total is not None and total.count() != prompt + tool_use + output + thoughts:
        raise told.invalid(
            f"says {total.count()} tokens in all, but {prompt} prompt + {tool_use} tool use"
            f" + {output} candidates + {thoughts} thoughts"
        )
    read = _modalities(told, "promptTokensDetails", "prompt_tokens_details")
    read = read.plus(_modalities(told, "toolUsePromptTokensDetails", "tool_use_prompt_tokens_details"))
    cached = _modalities(told, "cacheTokensDetails", "cache_tokens_details")
    made = _modalities(told, "candidatesTokensDetails", "candidates_tokens_details")
    from_cache = _count(told, "cachedContentTokenCount", "cached_content_token_count")
    fresh = read.less(cached)
    return Usage(
        input=_rest(told, "input", prompt + tool_use - from_cache, fresh.audio + fresh.image + fresh.video),
        input_audio=fresh.audio,
        input_image=fresh.image,
        input_video=fresh.video,
        cached_input=_rest(told, "cached input", from_cache, cached.audio + cached.image),
        cached_audio=cached.audio,
        cached_image=cached.image,
        output=_rest(told, "output", output, made.audio + made.image),
        reasoning=thoughts,
        output_audio=made.audio,
        output_image=made.image,
        web_searches=web_searches,
    ).checked()


@dataclass(frozen=True, slots=True)
class _Modalities:
    """Tokens of one side that are not text."""

    audio: int = 0
    image: int = 0
    video: int = 0

    def plus(self, other: "_Modalities") -> "_Modalities":
        """Return both together."""
        return _Modalities(self.audio + other.audio, self.image + other.image, self.video + other.video)

    def less(self, other: "_Modalities") -> "_Modalities":
        """Return what is left without *other*, at least nothing."""
        return _Modalities(
            max(0, self.audio - other.audio),
            max(0, self.image - other.image),
            max(0, self.video - other.video),
        )


def _modalities(told: Field, *names: str) -> _Modalities:
    found = {"AUDIO": 0, "IMAGE": 0, "VIDEO": 0}
    details = told.get(*names)
    for detail in details.each() if details is not None else ():
        modality = text(detail, "modality").upper()
        kind = "IMAGE" if modality == "DOCUMENT" else modality
        if kind in found:
            found[kind] += _count(detail, "tokenCount", "token_count")
    return _Modalities(found["AUDIO"], found["IMAGE"], found["VIDEO"])


def _rest(told: Field, name: str, whole: int, named: int) -> int:
    if named > whole:
        raise told.invalid(f"says {whole} tokens of {name}, but {named} of them by modality")
    return whole - named


def _count(told: Field, *names: str) -> int:
    counted = told.get(*names)
    return counted.count() if counted is not None else 0


def text(told: Field, *names: str) -> str:
    """Return the string under the first of *names* that is there, else the empty one."""
    found = told.get(*names)
    return found.text() if found is not None else ""
