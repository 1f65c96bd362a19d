"""What a response may demand and says of itself, whole and as a stream."""

import json

import pytest

from solvent.dialects.base import Edits, Finish
from solvent.dialects.openai_responses.codec import OpenAIResponses
from solvent.domain.call import Media, ServerTool
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

codec = OpenAIResponses()
USAGE = {"input_tokens": 10, "output_tokens": 4, "total_tokens": 14}
MESSAGE = {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}


def demand(**fields):
    document = {"model": "m", "input": "hello"} | fields
    return codec.demand(document, len(json.dumps(document)))


def of_parts(*parts):
    return demand(input=[{"role": "user", "content": list(parts)}])


def reply(**fields):
    return {"id": "r1", "model": "m", "status": "completed", "output": [MESSAGE], "usage": USAGE} | fields


def events(*documents):
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in documents)


def tapped(raw):
    tap = codec.tap()
    assert tap.feed(raw) + tap.end() == raw
    return tap.facts()


def test_text_is_bounded_by_the_body():
    found = codec.demand({"model": "m", "input": "hello", "max_output_tokens": 5}, 1000)
    assert (found.text_bytes, found.messages, found.output_limit) == (1000, 1, 5)
    assert not found.remembered


def test_pictures_and_files_are_media():
    url = "data:image/png;base64,AAAA"
    found = of_parts(
        {"type": "input_image", "image_url": url, "detail": "high"},
        {"type": "input_image", "image_url": "https://x.example/cat"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
        {"type": "input_file", "file_url": "https://x.example/a.pdf"},
    )
    assert found.media == (
        Media("image", len(url), detail="high"),
        Media("image"),
        Media("document", 32),
        Media("document"),
    )
    assert not found.remembered


def test_a_screenshot_and_a_drawn_picture_are_media():
    shot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
    found = demand(
        input=[
            {"type": "computer_call_output", "call_id": "c", "output": shot},
            {"type": "image_generation_call", "result": "BBBB"},
        ]
    )
    assert sorted(media.size_bytes for media in found.media) == [4, 26]


@pytest.mark.parametrize(
    "fields",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"conversation": {"id": "conv_1"}},
        {"prompt": {"id": "pmpt_1"}},
        {"input": [{"type": "item_reference", "id": "x"}]},
        {"input": [{"type": "compaction", "encrypted_content": "x"}]},
        {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
        {"input": [{"role": "user", "content": [{"type": "hologram"}]}]},
    ],
)
def test_input_that_the_provider_keeps_counts_as_remembered(fields):
    assert demand(**fields).remembered


@pytest.mark.parametrize(
    "item",
    [
        {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAAA"},
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "a"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"},
        {"role": "user", "content": "hello"},
    ],
)
def test_input_that_stands_in_the_body_is_not_remembered(item):
    assert not demand(input=[item]).remembered


def test_tools_of_the_provider_are_named_and_capped():
    found = demand(
        max_tool_calls=3,
        tools=[
            {"type": "function", "name": "f"},
            {"type": "web_search_preview"},
            {"type": "file_search", "vector_store_ids": ["v"]},
            {"type": "code_interpreter", "container": {"type": "auto"}},
            {"type": "image_generation"},
            {"type": "computer_use_preview"},
            {"type": "mcp", "server_label": "s"},
            {"type": "telepathy"},
        ],
    )
    kinds = ["web_search", "file_search", "code", "image", "computer", "mcp", "other"]
    assert found.server_tools == tuple(ServerTool(kind, 3) for kind in kinds)
    assert (found.tools, found.image_output) == (8, True)


def test_a_prompt_that_the_provider_keeps_may_bring_tools():
    assert demand(prompt={"id": "p"}).server_tools == (ServerTool("other"),)


def test_cache_marks_and_the_tier_are_told():
    found = demand(prompt_cache_options={"mode": "explicit"}, service_tier="flex")
    assert (found.cache_write, found.price_context) == ("5m", (("service_tier", "flex"),))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"input": 7}, "input"),
        ({"input": ["a"]}, r"input\[0\]"),
        ({"input": [{"role": "user", "content": 7}]}, r"input\[0\].content"),
        ({"input": [{"role": "user", "content": [{"type": 3}]}]}, r"content\[0\].type"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_tokens": -3}, "max_output_tokens"),
        ({"max_output_tokens": "5"}, "max_output_tokens"),
        ({"tools": "web_search"}, "tools"),
        ({"max_tool_calls": []}, "max_tool_calls"),
        ({"models": ["a", "b"]}, "models"),
    ],
)
def test_a_wrong_type_is_refused_by_the_name_of_its_field(fields, named):
    with pytest.raises(CallInvalid, match=named):
        demand(**fields)


def test_every_text_that_the_model_reads_is_yielded():
    document = {
        "instructions": "one",
        "input": [
            {"role": "user", "content": "two"},
            {"role": "user", "content": [{"type": "input_text", "text": "three"}]},
            {"type": "function_call", "call_id": "c", "name": "four", "arguments": "five"},
            {"type": "function_call_output", "call_id": "c", "output": "six"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "seven"}]},
            {"type": "novelty", "x": {"y": "eight"}},
        ],
        "tools": [{"type": "function", "name": "nine"}],
        "text": {"format": {"type": "json_schema", "name": "ten"}},
    }
    read = "\n".join(codec.texts(document))
    words = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    assert [word for word in words if word not in read] == []
    assert list(codec.texts({"input": "all"})) == ["all"]


def test_edits_set_model_and_limit_and_nothing_else():
    document = {"model": "m", "input": "a", "stream": True}
    assert codec.edit(document, Edits("m", stream_usage=True)) is document
    assert codec.edit(document, Edits("x", 9, "max_tokens")) == document | {
        "model": "x",
        "max_output_tokens": 9,
    }


def test_searches_are_counted_from_the_output():
    output = [
        {"type": "web_search_call", "action": {"type": "search"}},
        {"type": "web_search_call"},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "file_search_call"},
        MESSAGE,
    ]
    usage = codec.facts(reply(output=output)).usage
    assert usage == Usage(input=10, output=4, web_searches=2, file_searches=1)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_that_goes_on_in_the_background_is_not_complete(status):
    facts = codec.facts(reply(status=status, output=[], usage=None))
    assert (facts.complete, facts.usage, facts.finish) == (False, None, None)
    assert codec.facts(reply(status=status)).usage is None


@pytest.mark.parametrize(
    ("fields", "finish"),
    [
        ({}, Finish.STOP),
        ({"output": [{"type": "function_call", "name": "f", "arguments": "{}"}]}, Finish.TOOL),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, Finish.LENGTH),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, Finish.REFUSED),
        ({"status": "cancelled"}, Finish.OTHER),
    ],
)
def test_why_the_model_stopped_is_told(fields, finish):
    facts = codec.facts(reply(**fields))
    assert (facts.finish, facts.complete) == (finish, True)


def test_a_failed_answer_is_an_error():
    facts = codec.facts(reply(status="failed", error={"code": "server_error"}, usage=None))
    assert facts.error == {"error": {"code": "server_error"}}


def test_usage_that_does_not_add_up_is_refused():
    with pytest.raises(UsageContradictory):
        codec.facts(reply(usage=USAGE | {"total_tokens": 15}))


def test_a_stream_ends_with_the_event_that_carries_the_whole():
    started = {"type": "response.created", "response": reply(status="in_progress", usage=None)}
    words = [
        {"type": "response.output_text.delta", "output_index": 0, "delta": "Hel"},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "lo"},
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"},
    ]
    cut = tapped(events(started, *words))
    assert (cut.complete, cut.usage, cut.written) == (False, None, ("Hello", "{}"))
    whole = tapped(events(started, *words, {"type": "response.completed", "response": reply()}))
    assert (whole.complete, whole.usage) == (True, Usage(input=10, output=4))


def test_sound_in_a_stream_is_not_taken_for_words():
    assert tapped(events({"type": "response.audio.delta", "delta": "AAAA"})).written == ()


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "x", "message": "no", "param": None},
        {"type": "error", "error": {"code": "x", "message": "no"}},
    ],
)
def test_an_error_event_is_told_and_the_stream_is_not_complete(event):
    facts = tapped(events(event))
    assert facts.error["error"]["message"] == "no"
    assert not facts.complete


def test_a_stream_that_failed_has_ended_with_an_error():
    failed = reply(status="failed", error={"code": "x"}, usage=None)
    facts = tapped(events({"type": "response.failed", "response": failed}))
    assert (facts.error, facts.usage) == ({"error": {"code": "x"}}, None)


def test_usage_in_a_stream_that_does_not_add_up_is_doubted_while_the_bytes_pass():
    broken = reply(usage=USAGE | {"total_tokens": 15})
    facts = tapped(events({"type": "response.completed", "response": broken}))
    assert (facts.usage, facts.complete) == (None, True)
    assert "15" in facts.doubt


def test_an_end_mark_of_another_dialect_is_passed_over():
    raw = events({"type": "response.completed", "response": reply()}) + b"data: [DONE]\n\n"
    assert tapped(raw).complete
    assert not tapped(b"data: [DONE]\n\n").complete


def test_an_event_that_is_no_object_is_refused():
    with pytest.raises(UsageContradictory):
        codec.tap().feed(b"data: [1]\n\n")
