"""Image tokens: at least the providers' own published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.pricing.images import image_tokens
from solvent.pricing.models import ImageRule, traits

CEILING = 5_000


@pytest.mark.parametrize(
    ("rule", "width", "height", "published"),
    [
        (ImageRule.OPENAI, 1024, 1024, 765),
        (ImageRule.OPENAI, 2048, 4096, 1105),
        (ImageRule.OPENAI, 128, 64, 255),
        (ImageRule.OPENAI, 4000, 1474, 2488),
        (ImageRule.OPENAI, 2400, 1800, 2352),
        (ImageRule.OPENAI_4O_MINI, 1024, 1024, 25_501),
        (ImageRule.OPENAI_4O_MINI, 128, 64, 8_500),
        (ImageRule.ANTHROPIC, 200, 200, 54),
        (ImageRule.ANTHROPIC, 1000, 1000, 1334),
        (ImageRule.ANTHROPIC, 1092, 1092, 1590),
        (ImageRule.GOOGLE, 384, 384, 258),
        (ImageRule.GOOGLE, 960, 540, 1548),
        (ImageRule.GOOGLE, 540, 960, 1548),
    ],
)
def test_a_published_example_is_never_counted_below(
    rule: ImageRule, width: int, height: int, published: int
) -> None:
    assert image_tokens(rule, width, height, None, CEILING) >= published
    assert image_tokens(ImageRule.OPENAI_4O_MINI, width, height, None, CEILING) >= 0


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_an_unknown_family_is_counted_as_the_dearest_known_one(width: int, height: int) -> None:
    for rule in (ImageRule.OPENAI, ImageRule.ANTHROPIC, ImageRule.GOOGLE):
        assert image_tokens(ImageRule.ANY, width, height, None, CEILING) >= image_tokens(
            rule, width, height, None, CEILING
        )


@given(
    st.sampled_from([ImageRule.OPENAI, ImageRule.OPENAI_4O_MINI, ImageRule.ANTHROPIC]),
    st.integers(1, 20_000),
    st.integers(1, 20_000),
)
def test_an_image_of_unknown_size_counts_as_the_largest(rule: ImageRule, width: int, height: int) -> None:
    assert image_tokens(rule, None, None, None, CEILING) >= image_tokens(rule, width, height, None, CEILING)


@pytest.mark.parametrize("rule", ImageRule)
def test_a_size_that_cannot_be_is_taken_as_unknown(rule: ImageRule) -> None:
    assert image_tokens(rule, 0, -5, None, CEILING) == image_tokens(rule, None, None, None, CEILING)


def test_the_original_detail_may_need_more_patches() -> None:
    assert image_tokens(ImageRule.OPENAI, 3200, 3200, "original", CEILING) == 24_600
    assert image_tokens(ImageRule.OPENAI, None, None, "original", CEILING) == 24_600


@pytest.mark.parametrize(
    ("source", "model", "rule"),
    [
        ("openai", "gpt-4o", ImageRule.OPENAI),
        ("openai", "gpt-4o-mini-2024-07-18", ImageRule.OPENAI_4O_MINI),
        ("openrouter", "openai/gpt-4o-mini", ImageRule.OPENAI_4O_MINI),
        ("azure", "claude-sonnet-4-5", ImageRule.ANTHROPIC),
        ("aws", "us.anthropic.claude-3-5-sonnet-20240620-v1:0", ImageRule.ANTHROPIC),
        ("google", "gemini-2.5-pro", ImageRule.GOOGLE),
        ("ollama", "llava", ImageRule.ANY),
    ],
)
def test_a_family_is_known_by_the_models_name(source: str, model: str, rule: ImageRule) -> None:
    assert traits(source, model).images is rule
