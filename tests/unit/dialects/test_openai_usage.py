"""Token counts in OpenAI's formats become disjoint buckets, or an error: never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.dialects.openai_usage import CHAT, RESPONSES, read_usage, write_usage
from solvent.domain.usage import Usage
from solvent.errors import UsageContradictory

counts = st.integers(0, 10**9)


def chat(prompt=100, completion=50, total=None, inside=None, outside=None, **more):
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion if total is None else total,
        "prompt_tokens_details": inside,
        "completion_tokens_details": outside,
        **more,
    }


def test_no_usage_is_none():
    assert read_usage(None, CHAT) is None


def test_parts_are_taken_out_of_their_whole():
    usage = read_usage(
        chat(
            inside={"cached_tokens": 30, "cache_write_tokens": 20, "audio_tokens": 5, "image_tokens": 4},
            outside={"reasoning_tokens": 20, "audio_tokens": 10, "image_tokens": 5},
        ),
        CHAT,
    )
    assert usage == Usage(
        input=41,
        cached_input=30,
        cache_write_5m=20,
        input_audio=5,
        input_image=4,
        output=15,
        reasoning=20,
        output_audio=10,
        output_image=5,
    )
    assert usage.total_tokens == 150


def test_reasoning_that_the_total_counts_beside_the_output_is_added():
    usage = read_usage(chat(total=170, outside={"reasoning_tokens": 20}), CHAT)
    assert (usage.output, usage.reasoning, usage.total_tokens) == (50, 20, 170)


def test_reasoning_above_the_output_that_the_total_confirms_is_bounded_by_it():
    usage = read_usage(chat(completion=10, outside={"reasoning_tokens": 11}), CHAT)
    assert (usage.output, usage.reasoning, usage.total_tokens) == (0, 10, 110)


def test_a_missing_total_follows_the_definition():
    usage = read_usage({"prompt_tokens": 3, "completion_tokens": 2}, CHAT)
    assert usage == Usage(input=3, output=2)


def test_embeddings_read_and_write_nothing():
    assert read_usage({"prompt_tokens": 8, "total_tokens": 8}, CHAT) == Usage(input=8)


@pytest.mark.parametrize(
    "more",
    [
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},
        {"cached_tokens": 64},
        {"inside": {"cached_tokens": 64}, "prompt_cache_hit_tokens": 64},
    ],
)
def test_each_name_for_cached_input_is_known(more):
    usage = read_usage(chat(**more), CHAT)
    assert (usage.input, usage.cached_input) == (36, 64)


def test_searches_that_openrouter_counts_are_kept():
    assert read_usage(chat(server_tool_use_details={"web_search_requests": 2}), CHAT).web_searches == 2


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ("many", "usage"),
        ([], "usage"),
        ({}, "prompt_tokens"),
        ({"input_tokens": 3, "output_tokens": 4}, "prompt_tokens"),
        (chat(prompt=-1), "prompt_tokens"),
        (chat(completion="7", total=107), "completion_tokens"),
        (chat(prompt=1.5), "prompt_tokens"),
        (chat(prompt=True), "prompt_tokens"),
        (chat(total=149), "149"),
        (chat(total=300, outside={"reasoning_tokens": 20}), "300"),
        (chat(inside={"cached_tokens": 101}), "prompt_tokens"),
        (chat(outside={"audio_tokens": 51}), "completion_tokens"),
        (chat(inside=[3]), "prompt_tokens_details"),
        (chat(inside={"cached_tokens": -2}), "cached_tokens"),
        (chat(prompt=10**13), "10000000000000"),
    ],
)
def test_what_cannot_be_is_refused_by_name(document, named):
    with pytest.raises(UsageContradictory, match=named):
        read_usage(document, CHAT)


@pytest.mark.parametrize("names", [CHAT, RESPONSES])
@given(
    st.builds(
        Usage, input=counts, cached_input=counts, cache_write_5m=counts, output=counts, reasoning=counts
    )
)
def test_what_is_written_is_read_as_the_same_counts(names, usage):
    assert read_usage(write_usage(usage, names), names) == usage


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        *("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"),
                        *("completion_tokens_details", "cached_tokens", "reasoning_tokens", "audio_tokens"),
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
def test_any_document_gives_counts_that_add_up_or_is_refused(document):
    try:
        usage = read_usage(document, CHAT)
    except UsageContradictory:
        return
    if usage is not None and document.get("total_tokens") is not None:
        assert usage.total_tokens == document["total_tokens"]
