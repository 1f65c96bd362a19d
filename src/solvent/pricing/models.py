"""What is known of models beside their price: how much they can write, how they count images, when they cache.

Facts of the providers' documentation, by the beginning of a model's name; a model that is not listed is
unknown, never guessed. Prices are not here: they come from the book.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class ImageRule(StrEnum):
    """The formula by which a family counts an image's tokens; see ``images``."""

    OPENAI = "openai"
    OPENAI_4O_MINI = "openai_4o_mini"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Traits:
    """What a bound must know of a model.

    ``caches_unasked``: it may bill a cache write that no caller asked for. ``bills_file_search``: a search of
    files that the provider runs has a fee of its own. ``tools_prompt_tokens``: what the provider adds of its
    own when a call has tools, all of its ready-made ones together.
    """

    images: ImageRule
    caches_unasked: bool = True
    bills_file_search: bool = True
    tools_prompt_tokens: int = 1_024


UNKNOWN: Final = Traits(ImageRule.ANY)

_OUTPUT_MAX: Final = (
    # platform.openai.com/docs/models
    ("gpt-3.5-turbo", 4_096),
    ("gpt-4-turbo", 4_096),
    ("gpt-4-1106", 4_096),
    ("gpt-4-0125", 4_096),
    ("gpt-4o-2024-05-13", 4_096),
    ("gpt-4o", 16_384),
    ("chatgpt-4o", 16_384),
    ("gpt-4.1", 32_768),
    ("gpt-4.5", 16_384),
    ("gpt-4", 8_192),
    ("o1-mini", 65_536),
    ("o1-preview", 32_768),
    ("o1", 100_000),
    ("o3", 100_000),
    ("o4-mini", 100_000),
    ("gpt-5-chat", 16_384),
    ("gpt-5.1-chat", 16_384),
    ("gpt-5.2-chat", 16_384),
    ("gpt-5", 128_000),
    # platform.claude.com/docs/en/about-claude/models/overview
    ("claude-3-5", 8_192),
    ("claude-3-7", 64_000),
    ("claude-3", 4_096),
    ("claude-opus-4-1", 32_000),
    ("claude-opus-4-5", 64_000),
    ("claude-opus-4-6", 128_000),
    ("claude-opus-4-7", 128_000),
    ("claude-opus-4-8", 128_000),
    ("claude-opus-4-2", 32_000),
    ("claude-opus-4-0", 32_000),
    ("claude-sonnet-4-6", 128_000),
    ("claude-sonnet-4-5", 64_000),
    ("claude-sonnet-4-0", 64_000),
    ("claude-sonnet-4-2", 64_000),
    ("claude-haiku-4-5", 64_000),
    # ai.google.dev/gemini-api/docs/models
    ("gemini-1.5", 8_192),
    ("gemini-2.0", 8_192),
    ("gemini-2.5-flash-image", 32_768),
    ("gemini-2.5", 65_535),
    ("gemini-3-pro-image", 32_768),
    ("gemini-3", 65_536),
    # api-docs.deepseek.com
    ("deepseek-chat", 8_192),
    ("deepseek-reasoner", 65_536),
)


def output_max(source: str, model: str) -> int | None:
    """Return the most tokens that *model* can write in one answer, or None where that is not known.

    *source* is the price source: a host of other companies' models may cap them lower, so only the makers'
    own services, and those that pass them on unchanged, are answered for.
    """
    if source not in _MAKERS:
        return None
    name = bare(model)
    if name.startswith("claude"):
        name = name.replace(".", "-")  # openrouter writes claude-sonnet-4.5
    return next((most for prefix, most in _OUTPUT_MAX if name.startswith(prefix)), None)


def traits(source: str, model: str) -> Traits:
    """Return what a bound must know of *model* as *source* serves it."""
    name = bare(model)
    if name.startswith("claude") or ".claude" in name:
        return Traits(ImageRule.ANTHROPIC, caches_unasked=False, tools_prompt_tokens=4_096)
    if name.startswith("gemini"):
        return Traits(ImageRule.GOOGLE, caches_unasked=False, bills_file_search=False)
    if name.startswith("gpt-4o-mini"):
        return Traits(ImageRule.OPENAI_4O_MINI)
    if source == "openai" or name.startswith(("gpt-", "chatgpt-", "o1", "o3", "o4")):
        return Traits(ImageRule.OPENAI)
    return UNKNOWN


def bare(model: str) -> str:
    """Return the model's name in lower case without its maker: ``openai/gpt-4o`` is ``gpt-4o``."""
    return model.lower().rpartition("/")[2]


_MAKERS: Final = frozenset({"openai", "azure", "anthropic", "google", "deepseek", "openrouter"})
