"""Counting tokens: exact where the vocabulary is public, bounded by bytes everywhere."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.pricing.models import output_max
from solvent.pricing.tokens import TokenCounter

SEED = 11


@pytest.fixture(scope="module")
def counter() -> TokenCounter:
    return TokenCounter()


@pytest.mark.parametrize(
    ("model", "text", "tokens"),
    [
        ("gpt-4o", "", 0),
        ("gpt-4o", "Hello, world!", 4),
        ("gpt-4o-mini-2024-07-18", "tiktoken is great!", 6),
        ("gpt-4-0613", "tiktoken is great!", 6),
        ("gpt-3.5-turbo", "antidisestablishmentarianism", 6),
        ("gpt-4o", "antidisestablishmentarianism", 6),
        ("gpt-4", "2 + 2 = 4", 7),
        ("gpt-4", "お誕生日おめでとう", 9),
        ("gpt-4o", "お誕生日おめでとう", 8),
    ],
)
def test_known_texts_have_the_tokens_that_the_vocabularys_owner_publishes(
    counter: TokenCounter, model: str, text: str, tokens: int
) -> None:
    assert counter.count("openai", model, [text], 0, 0) == tokens


@pytest.mark.parametrize(
    ("source", "model"),
    [
        ("anthropic", "claude-sonnet-4-5"),
        ("google", "gemini-2.5-pro"),
        ("groq", "openai/gpt-oss-120b"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("openrouter", "gpt-4o"),
        ("ollama", "gpt-4o"),
        ("openai", "gpt-99"),
        ("openai", ""),
    ],
)
def test_a_model_without_a_public_vocabulary_is_not_counted(
    counter: TokenCounter, source: str, model: str
) -> None:
    assert counter.count(source, model, ["hello"], 1, 0) is None


@given(text=st.text())
def test_no_text_has_more_tokens_than_bytes(counter: TokenCounter, text: str) -> None:
    for model in ("gpt-4o", "gpt-4"):
        counted = counter.count("openai", model, [text], 0, 0)
        assert counted is not None
        assert counted <= len(text.encode("utf-8", "surrogatepass"))


def test_lone_surrogates_are_counted_as_what_a_provider_reads(counter: TokenCounter) -> None:
    assert counter.count("openai", "gpt-4o", ["a\ud800b"], 0, 0) == counter.count(
        "openai", "gpt-4o", ["a\ufffdb"], 0, 0
    )


def test_framing_grows_with_messages_tools_and_texts_and_is_absent_without_a_conversation(
    counter: TokenCounter,
) -> None:
    bare = counter.count("openai", "gpt-4o", ["hello"], 0, 0)
    one = counter.count("openai", "gpt-4o", ["hello"], 1, 0)
    two = counter.count("openai", "gpt-4o", ["hello"], 2, 0)
    tool = counter.count("openai", "gpt-4o", ["hello"], 1, 1)
    assert bare is not None
    assert one is not None
    assert two is not None
    assert tool is not None
    assert bare < one < two < tool


def test_texts_cut_anywhere_are_never_counted_below_the_whole(counter: TokenCounter) -> None:
    draw = random.Random(SEED)
    words = ["the ", "Größe", " 12,345", "\n\n", "日本", "aaaa", "  ", '{"key": [', "https://x.y/z?q=", "ing"]
    for _ in range(300):
        whole = "".join(draw.choice(words) for _ in range(draw.randrange(1, 60)))
        cuts = sorted(draw.randrange(len(whole) + 1) for _ in range(3))
        pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        parts = counter.count("openai", "gpt-4o", pieces, 1, 0)
        together = counter.count("openai", "gpt-4o", [whole], 0, 0)
        assert parts is not None
        assert together is not None
        assert parts >= together, (SEED, pieces)


@pytest.mark.parametrize(
    ("source", "model", "most"),
    [
        ("openai", "gpt-4o-2024-05-13", 4_096),
        ("openai", "gpt-4o-mini", 16_384),
        ("openai", "o3-mini", 100_000),
        ("azure", "GPT-4.1", 32_768),
        ("openrouter", "openai/gpt-5-mini", 128_000),
        ("anthropic", "claude-3-haiku-20240307", 4_096),
        ("anthropic", "claude-3-5-sonnet-20241022", 8_192),
        ("anthropic", "claude-opus-4-1-20250805", 32_000),
        ("anthropic", "claude-opus-4-20250514", 32_000),
        ("anthropic", "claude-sonnet-4-5", 64_000),
        ("openrouter", "anthropic/claude-sonnet-4.5", 64_000),
        ("anthropic", "claude-sonnet-4-99", None),
        ("google", "gemini-2.0-flash", 8_192),
        ("google", "gemini-2.5-pro", 65_535),
        ("groq", "openai/gpt-oss-20b", None),
        ("openai", "gpt-99", None),
        ("mine", "gpt-4o", None),
    ],
)
def test_a_models_own_output_limit_is_known_or_said_to_be_unknown(
    source: str, model: str, most: int | None
) -> None:
    assert output_max(source, model) == most
