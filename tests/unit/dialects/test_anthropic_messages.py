"""Anthropic's dialect: demands, edits and usage, with what a careless or hostile sender would write."""

import base64
import copy
import json
import struct

import pytest

from solvent.dialects.anthropic_messages import AnthropicMessages
from solvent.dialects.base import Edits, Finish
from solvent.domain.call import Media, ServerTool
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

CODEC = AnthropicMessages()
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 300, 200)).decode()
CALL = {
    "model": "claude-sonnet-4-5",
    "max_tokens": 2048,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "thinking": {"type": "enabled", "budget_tokens": 1500},
    "service_tier": "auto",
    "speed": "fast",
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t1",
                    "content": [{"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}],
                },
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PICTURE},
                    "cache_control": {"type": "ephemeral"},
                },
                {"type": "document", "title": "A", "source": {"type": "file", "file_id": "file_1"}},
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "words"},
                },
            ],
        },
    ],
    "tools": [
        {"name": "look", "description": "looks", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "web_fetch_20250910", "name": "web_fetch"},
        {"type": "code_execution_20260120", "name": "code_execution"},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "computer_toolset_20260801"},
    ],
    "mcp_servers": [{"type": "url", "url": "https://mcp", "name": "m"}],
}
REPLY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Yes."},
        {"type": "tool_use", "id": "t2", "name": "look", "input": {"at": "you"}},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 5,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 12},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
        "service_tier": "standard",
    },
}


def event(document):
    return f"event: {document['type']}\ndata: {json.dumps(document)}\n\n".encode()


def begun(**usage):
    message = {"id": "msg_1", "model": "claude-x", "usage": {"input_tokens": 9, "output_tokens": 1} | usage}
    return event({"type": "message_start", "message": message})


def ended(reason="end_turn", **usage):
    delta = {
        "type": "message_delta",
        "delta": {"stop_reason": reason},
        "usage": {"output_tokens": 20} | usage,
    }
    return event(delta) + event({"type": "message_stop"})


def changed(document, *path, to):
    """Return a copy of *document* with the value at *path* replaced."""
    copied = copy.deepcopy(document)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return copied


def test_a_demand_holds_all_that_costs():
    size = len(json.dumps(CALL))
    demand = CODEC.demand(CALL, size)
    assert demand.text_bytes == size - len(PICTURE)
    assert (demand.messages, demand.tools, demand.output_limit) == (3, 1, 2048)
    assert [(media.kind, media.size_bytes, media.width) for media in demand.media] == [
        ("image", 0, None),
        ("image", len(PICTURE), 300),
        ("document", 0, None),
    ]
    assert demand.remembered
    assert demand.cache_write == "1h"
    assert demand.price_context == (("service_tier", "auto"), ("speed", "fast"))
    assert demand.server_tools == (
        ServerTool("web_search", 3),
        ServerTool("fetch"),
        ServerTool("code"),
        ServerTool("other", 1),
        ServerTool("computer", 1),
        ServerTool("mcp"),
    )


def test_documents_in_what_was_fetched_are_counted():
    source = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    fetched = {"type": "web_fetch_result", "content": {"type": "document", "source": source}}
    block = {"type": "web_fetch_tool_result", "tool_use_id": "s", "content": fetched}
    demand = CODEC.demand({"messages": [{"role": "assistant", "content": [block]}]}, 300)
    assert (demand.media, demand.text_bytes) == ((Media("document", 8),), 292)


def test_a_breakpoint_without_a_lifetime_writes_for_five_minutes():
    call = {"messages": [], "cache_control": {"type": "ephemeral"}}
    assert CODEC.demand(call, 9).cache_write == "5m"


def test_the_texts_are_what_the_model_reads_and_no_picture():
    texts = list(CODEC.texts(CALL))
    for words in ("Be brief.", "Hello", "words", "A"):
        assert words in texts
    assert any('"at":1' in text for text in texts)
    assert any("looks" in text for text in texts)
    assert not any(PICTURE in text for text in texts)


@pytest.mark.parametrize(
    ("path", "wrong", "field"),
    [
        (("messages",), None, "messages"),
        (("messages",), "hello", "messages"),
        (("messages", 0), 7, "messages[0]"),
        (("messages", 0, "content"), 7, "messages[0].content"),
        (("messages", 0, "role"), None, "messages[0].role"),
        (("max_tokens",), -1, "max_tokens"),
        (("max_tokens",), 1.5, "max_tokens"),
        (("max_tokens",), True, "max_tokens"),
        (("max_tokens",), "100", "max_tokens"),
        (("max_tokens",), float("nan"), "max_tokens"),
        (("tools",), {"name": "x"}, "tools"),
        (("tools", 1, "max_uses"), -3, "tools[1].max_uses"),
        (("system", 0, "cache_control", "ttl"), "1y", "system[0].cache_control.ttl"),
        (("messages", 2, "content", 1, "source", "data"), 5, "messages[2].content[1].source.data"),
        (("thinking",), "much", "thinking"),
        (("speed",), 5, "speed"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(path, wrong, field):
    with pytest.raises(CallInvalid) as refused:
        CODEC.demand(changed(CALL, *path, to=wrong), 100)
    assert refused.value.message.startswith(field + " ")


@pytest.mark.parametrize(
    "extra",
    [
        {"fallbacks": [{"model": "claude-other"}]},
        {"tools": [{"type": "advisor_20260301", "name": "advisor", "model": "claude-other"}]},
    ],
)
def test_work_for_another_model_is_refused_because_it_has_no_bound(extra):
    with pytest.raises(CallInvalid, match="no bound"):
        CODEC.demand(CALL | extra, 100)


def test_blocks_nested_without_end_are_refused():
    block = {"type": "text", "text": "deep"}
    for _ in range(200):
        block = {"type": "tool_result", "tool_use_id": "t", "content": [block]}
    with pytest.raises(CallInvalid, match="nested more than"):
        CODEC.demand({"messages": [{"role": "user", "content": [block]}]}, 100)


def test_a_lower_limit_takes_the_thinking_budget_down_with_it():
    edited = CODEC.edit(CALL, Edits("claude-sonnet-4-5", output_limit=1200))
    assert edited["max_tokens"] == 1200
    assert edited["thinking"] == {"type": "enabled", "budget_tokens": 1199}
    assert CALL["thinking"]["budget_tokens"] == 1500


def test_a_limit_below_the_least_budget_leaves_the_budget_to_anthropic_to_refuse():
    edited = CODEC.edit(CALL, Edits("claude-sonnet-4-5", output_limit=500))
    assert edited["thinking"] is CALL["thinking"]


def test_usage_falls_into_disjoint_buckets():
    facts = CODEC.facts(REPLY)
    assert facts.usage == Usage(
        input=10,
        cached_input=5,
        cache_write_5m=10,
        cache_write_1h=20,
        output=38,
        reasoning=12,
        web_searches=2,
    )
    assert facts.finish is Finish.TOOL
    assert facts.written == ("Hm.", "Yes.", '{"at":"you"}')
    assert facts.price_context == (("service_tier", "standard"),)


def test_cache_writes_without_lifetimes_are_of_five_minutes():
    reply = changed(REPLY, "usage", "cache_creation", to=None)
    assert CODEC.facts(reply).usage.cache_write_5m == 30


def test_cache_writes_beyond_a_breakdown_of_hours_are_hours():
    parts = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 20}
    usage = CODEC.facts(changed(REPLY, "usage", "cache_creation", to=parts)).usage
    assert (usage.cache_write_5m, usage.cache_write_1h) == (0, 30)


def test_the_tokens_of_a_compaction_are_added_since_the_sums_leave_them_out():
    steps = [
        {"type": "compaction", "input_tokens": 1000, "output_tokens": 100, "cache_read_input_tokens": 7},
        {"type": "message", "input_tokens": 10, "output_tokens": 50},
    ]
    usage = CODEC.facts(changed(REPLY, "usage", "iterations", to=steps)).usage
    assert (usage.input, usage.output, usage.cached_input) == (1010, 138, 12)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("usage", "input_tokens"), -1),
        (("usage", "input_tokens"), "10"),
        (("usage", "input_tokens"), None),
        (("usage", "input_tokens"), 10**12),
        (("usage", "output_tokens"), True),
        (("usage", "output_tokens_details", "thinking_tokens"), 51),
        (("usage", "cache_creation_input_tokens"), 29),
        (("usage", "server_tool_use"), [1]),
        (("usage",), [1]),
        (("usage", "iterations"), [{"type": "advisor_message", "input_tokens": 1, "output_tokens": 1}]),
        (("content",), "words"),
    ],
)
def test_usage_that_cannot_be_is_contradictory(path, wrong):
    with pytest.raises(UsageContradictory):
        CODEC.facts(changed(REPLY, *path, to=wrong))


def test_a_reply_without_usage_has_none():
    assert CODEC.facts(changed(REPLY, "usage", to=None)).usage is None


def test_later_counts_of_a_stream_replace_earlier_ones():
    tap = CODEC.tap()
    tap.feed(
        begun(cache_read_input_tokens=4) + ended(input_tokens=90, server_tool_use={"web_search_requests": 1})
    )
    assert tap.facts().usage == Usage(input=90, cached_input=4, output=20, web_searches=1)


def test_an_error_in_a_stream_ends_it_as_an_error():
    tap = CODEC.tap()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    tap.feed(begun() + event(error) + event({"type": "message_stop"}))
    assert tap.facts().error == error
    assert not tap.facts().complete


def test_a_stream_passes_though_its_usage_is_doubted():
    tap = CODEC.tap()
    stream = begun() + ended(output_tokens=-5)
    assert tap.feed(stream) == stream
    facts = tap.facts()
    assert (facts.usage, facts.complete) == (None, True)
    assert "output_tokens" in facts.doubt


def test_events_of_kinds_to_come_are_let_pass():
    tap = CODEC.tap()
    stream = event({"type": "news", "x": 1}) + begun() + b": a comment\n\n" + ended()
    assert tap.feed(stream) == stream
    assert tap.facts().complete


@pytest.mark.parametrize("data", ["nonsense", "[1]", "{}", '{"type": 5}', '{"type": "content_block_delta"}'])
def test_what_is_no_event_of_the_dialect_is_contradictory(data):
    with pytest.raises(UsageContradictory):
        CODEC.tap().feed(f"data: {data}\n\n".encode())
