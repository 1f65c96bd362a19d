"""What a chat completion may demand, what of it a model reads, and what solvent changes in it."""

import base64
import json
import struct

import pytest

from solvent.dialects.base import Edits
from solvent.dialects.openai_chat.codec import OpenAIChat
from solvent.domain.call import Media, ServerTool
from solvent.errors import CallInvalid

codec = OpenAIChat()
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 64, 32)).decode()
USER = {"role": "user", "content": "hello"}


def demand(**fields):
    document = {"model": "m", "messages": [USER]} | fields
    return codec.demand(document, len(json.dumps(document)))


def of_parts(*parts):
    return demand(messages=[{"role": "user", "content": list(parts)}])


def test_text_is_bounded_by_the_body():
    document = {"model": "m", "messages": [USER]}
    found = codec.demand(document, 1000)
    assert (found.text_bytes, found.messages, found.choices, found.output_limit) == (1000, 1, 1, None)
    assert not found.remembered


def test_inline_pictures_are_media_and_no_text():
    url = f"data:image/png;base64,{PNG}"
    document = {
        "model": "m",
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url, "detail": "low"}}]}
        ],
    }
    size = len(json.dumps(document))
    found = codec.demand(document, size)
    assert found.media == (Media("image", len(url), width=64, height=32, detail="low"),)
    assert found.text_bytes == size - len(url)


def test_a_bare_address_is_a_picture_too():
    assert of_parts({"type": "image_url", "image_url": "https://x.example/cat"}).media == (Media("image"),)


def test_sound_video_and_files_are_media():
    found = of_parts(
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,AAAA", "filename": "a.pdf"}},
        {"type": "video_url", "video_url": {"url": "https://x.example/v"}},
    )
    assert [media.kind for media in found.media] == ["audio", "document", "video"]
    assert not found.remembered


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_id": "file-1"}},
        {"type": "file", "file_id": "f"},
        {"type": "hologram", "hologram": "?"},
        {"text": "a part without a type"},
    ],
)
def test_input_of_unknown_size_counts_as_remembered(part):
    assert of_parts(part).remembered


def test_an_earlier_spoken_answer_counts_as_remembered():
    assert demand(messages=[USER, {"role": "assistant", "audio": {"id": "audio_1"}}]).remembered


@pytest.mark.parametrize("fields", [{"max_tokens": 7}, {"max_completion_tokens": 7}])
def test_either_name_of_the_output_limit_is_read(fields):
    assert demand(**fields).output_limit == 7


def test_of_two_output_limits_the_larger_bounds():
    assert demand(max_tokens=7, max_completion_tokens=9).output_limit == 9


def test_answers_sound_and_pictures_asked_for_are_told():
    found = demand(n=3, modalities=["text", "audio", "image"], service_tier="flex", speed="fast")
    assert (found.choices, found.audio_output, found.image_output) == (3, True, True)
    assert found.price_context == (("service_tier", "flex"), ("speed", "fast"))


def test_tools_of_the_caller_are_counted_and_those_of_the_provider_named():
    found = demand(
        tools=[
            {"type": "function", "function": {"name": "f"}},
            {"function": {"name": "g"}},
            {"type": "openrouter:web_search", "parameters": {"max_uses": 2}},
            {"type": "code_interpreter", "function": {"name": "a disguise"}},
        ]
    )
    assert found.tools == 4
    assert found.server_tools == (ServerTool("web_search", 2), ServerTool("code"))


@pytest.mark.parametrize(
    "fields",
    [
        {"web_search_options": {"search_context_size": "low"}},
        {"search_parameters": {"mode": "auto"}},
        {"plugins": [{"id": "web"}]},
        {"model": "gpt-4o-search-preview"},
        {"model": "groq/compound-mini"},
        {"model": "openai/gpt-4o:online"},
    ],
)
def test_a_search_by_the_provider_is_seen_however_it_is_asked_for(fields):
    assert [tool.kind for tool in demand(**fields).server_tools] == ["web_search"]


def test_cache_marks_tell_how_long_to_keep():
    marked = {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "x"}}]}
    assert demand(messages=[marked]).cache_write == "5m"
    longer = {"role": "user", "content": "a", "cache_control": {"type": "x", "ttl": "1h"}}
    assert demand(messages=[marked, longer]).cache_write == "1h"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": None}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": ["hello"]}, r"messages\[0\]"),
        ({"messages": [{"role": "user", "content": 7}]}, r"messages\[0\].content"),
        ({"messages": [{"role": "user", "content": ["a"]}]}, r"messages\[0\].content\[0\]"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"n": 0}, "n must"),
        ({"n": 2.5}, "n must"),
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, r"tools\[0\]"),
        ({"modalities": "audio"}, "modalities"),
        ({"service_tier": 3}, "service_tier"),
        ({"models": ["openai/gpt-4o", "x/y"]}, "models"),
        ({"preset": "cheap"}, "preset"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            r"content\[0\].image_url.url",
        ),
    ],
)
def test_a_wrong_type_is_refused_by_the_name_of_its_field(fields, named):
    with pytest.raises(CallInvalid, match=named):
        demand(**fields)


def test_a_refusal_never_quotes_the_prompt():
    with pytest.raises(CallInvalid) as caught:
        demand(messages=[{"role": "user", "content": {"secret": "the prompt"}}])
    assert "secret" not in str(caught.value)
    assert "the prompt" not in str(caught.value)


def test_every_text_that_the_model_reads_is_yielded():
    document = {
        "model": "m",
        "messages": [
            {"role": "system", "content": "one", "name": "two"},
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "three"}, {"type": "refusal", "refusal": "four"}],
                "reasoning_content": "five",
                "tool_calls": [{"id": "c", "function": {"name": "six", "arguments": "seven"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "eight"},
            {"role": "user", "content": [{"type": "novelty", "x": "nine"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "ten"}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "eleven"}},
        "prediction": {"type": "content", "content": "twelve"},
    }
    read = "\n".join(codec.texts(document))
    words = (
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    )
    assert [word for word in words if word not in read] == []


def test_pictures_are_not_yielded_as_text():
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    document = {"messages": [{"role": "user", "content": [part], "images": [part]}]}
    assert PNG not in "".join(codec.texts(document))


def test_nothing_to_change_gives_the_very_same_document():
    document = {"model": "m", "max_tokens": 5, "stream": True, "stream_options": {"include_usage": True}}
    assert codec.edit(document, Edits("m", 5, "max_completion_tokens", stream_usage=True)) is document


def test_the_callers_own_name_of_the_limit_is_kept():
    document = {"model": "m", "max_tokens": 50}
    assert codec.edit(document, Edits("m", 5, "max_completion_tokens")) == {"model": "m", "max_tokens": 5}


def test_a_caller_who_used_both_names_gets_both_lowered():
    document = {"model": "m", "max_tokens": 50, "max_completion_tokens": 60}
    edited = codec.edit(document, Edits("m", 5))
    assert edited == {"model": "m", "max_tokens": 5, "max_completion_tokens": 5}


@pytest.mark.parametrize(("field", "name"), [(None, "max_completion_tokens"), ("max_tokens", "max_tokens")])
def test_a_limit_that_the_caller_left_open_takes_the_providers_name(field, name):
    document = {"model": "m", "max_completion_tokens": None}
    assert codec.edit(document, Edits("m", 5, field))[name] == 5


def test_usage_in_the_stream_is_asked_for_beside_the_callers_own_options():
    document = {"model": "m", "stream": True, "stream_options": {"include_obfuscation": False}}
    edited = codec.edit(document, Edits("x", stream_usage=True))
    assert edited["stream_options"] == {"include_obfuscation": False, "include_usage": True}
    assert document["stream_options"] == {"include_obfuscation": False}
    assert (edited["model"], document["model"]) == ("x", "m")


def test_usage_is_not_asked_of_a_call_that_does_not_stream():
    assert "stream_options" not in codec.edit({"model": "m"}, Edits("m", stream_usage=True))
