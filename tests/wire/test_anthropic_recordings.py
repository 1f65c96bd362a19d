"""Recorded exchanges with Anthropic, against the numbers that stand in them, read apart from the codec."""

import json
import os
import random
from pathlib import Path

import anthropic.types
import pytest
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from pydantic import TypeAdapter

from solvent.dialects.anthropic_messages import AnthropicMessages
from solvent.dialects.base import Edits
from solvent.domain.usage import Usage
from solvent.errors import UsageContradictory

RECORDED = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not RECORDED.exists() and os.environ.get("CI") != "true":
    pytest.skip("the recorded exchanges are not beside this checkout", allow_module_level=True)

CODEC = AnthropicMessages()


def exchanges(kind=None, path="/v1/messages", status=200):
    told = map(json.loads, RECORDED.read_text("utf-8").splitlines())
    mine = [one for one in told if one["provider"] == "anthropic" and one["path"] == path]
    return [one for one in mine if one["status"] == status and kind in (None, one["kind"])]


def of_each(*args, **kwargs):
    return pytest.mark.parametrize("recording", exchanges(*args, **kwargs), ids=lambda one: one["id"])


def counted(usage):
    """Return the buckets that Anthropic's words mean, by its reference: only thinking is inside another."""
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens", 0)
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens", 0)
    return Usage(
        input=usage["input_tokens"],
        cached_input=usage["cache_read_input_tokens"],
        cache_write_5m=usage["cache_creation_input_tokens"] - hour,
        cache_write_1h=hour,
        output=usage["output_tokens"] - thinking,
        reasoning=thinking,
        web_searches=(usage.get("server_tool_use") or {}).get("web_search_requests", 0),
    )


def events(recording):
    """Return the events of a recorded stream, whose every event has one line of data."""
    lines = recording["response"].splitlines()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def listened(stream, seed):
    """Feed *stream* in random pieces and return the facts, having checked that every byte passed."""
    rng = random.Random(seed)
    tap, passed, at = CODEC.tap(), b"", 0
    while at < len(stream):
        step = rng.choice((1, 2, 7, 50, 4096))
        passed += tap.feed(stream[at : at + step])
        at += step
    passed += tap.end()
    assert passed == stream, f"seed {seed}"
    return tap.facts()


@of_each("json")
def test_the_usage_of_a_reply_is_anthropics_own(recording):
    reply = recording["response"]
    facts = CODEC.facts(reply)
    assert facts.usage == counted(reply["usage"])
    sums = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
    assert facts.usage.total_tokens == sum(reply["usage"][name] for name in sums)
    assert (facts.model, facts.reply_id, facts.complete) == (reply["model"], reply["id"], True)
    assert dict(facts.price_context)["service_tier"] == reply["usage"]["service_tier"]


@of_each("stream")
def test_the_usage_of_a_stream_is_what_its_last_events_say(recording):
    told = events(recording)
    usage = told[0]["message"]["usage"]
    for event in told:
        if event["type"] == "message_delta":
            usage = usage | event["usage"]
    seed = recording["id"]
    facts = listened(recording["response"].encode(), seed)
    assert facts.usage == counted(usage)
    assert facts.complete
    assert (facts.model, facts.reply_id) == (told[0]["message"]["model"], told[0]["message"]["id"])
    assert facts == listened(recording["response"].encode(), f"{seed} again")


@of_each("stream")
def test_what_a_stream_wrote_is_kept_for_counting(recording):
    keys = ("text", "thinking", "partial_json")
    deltas = [event["delta"] for event in events(recording) if event["type"] == "content_block_delta"]
    told = "".join(delta.get(key, "") for delta in deltas for key in keys)
    assert told in "".join(listened(recording["response"].encode(), 0).written)


@of_each("stream")
def test_a_stream_cut_anywhere_never_looks_complete(recording):
    stream = recording["response"].encode()
    tap = CODEC.tap()
    for at in range(len(stream) - 1):
        tap.feed(stream[at : at + 1])
        if at % 997 == 0 or at > len(stream) - 200:
            assert not tap.facts().complete, f"cut after {at + 1} of {len(stream)} bytes"
    tap.feed(stream[-1:])
    assert tap.facts().complete


@of_each()
def test_a_call_is_understood_and_its_bytes_bound_its_tokens(recording):
    body = json.dumps(recording["request"], ensure_ascii=False, separators=(",", ":")).encode()
    demand = CODEC.demand(recording["request"], len(body))
    assert demand.output_limit == recording["request"]["max_tokens"]
    assert demand.messages == len(recording["request"]["messages"])
    assert demand.text_bytes >= sum(len(text.encode()) for text in CODEC.texts(recording["request"]))
    kinds = [tool.get("type") for tool in recording["request"].get("tools", [])]
    assert demand.tools == kinds.count(None) + kinds.count("custom")
    assert len(demand.server_tools) == len(kinds) - demand.tools + len(
        recording["request"].get("mcp_servers", [])
    )


@of_each()
def test_a_call_for_the_same_model_is_not_touched(recording):
    request = recording["request"]
    assert CODEC.edit(request, Edits(request["model"])) is request
    edited = CODEC.edit(request, Edits("claude-other", output_limit=7))
    assert edited == request | {"model": "claude-other", "max_tokens": 7}


@of_each(path="/v1/messages/count_tokens")
def test_a_token_count_tells_its_number_and_no_usage(recording):
    assert CODEC.count(recording["response"]) == recording["response"]["input_tokens"]
    assert CODEC.facts(recording["response"]).usage is None
    assert CODEC.demand(recording["request"], 10_000).output_limit is None


@of_each(status=400)
def test_an_error_is_an_error_and_no_reply(recording):
    facts = CODEC.facts(recording["response"])
    assert facts.error == recording["response"]
    assert not facts.complete
    assert facts.usage is None


def own(recording):
    """Say whether an recording has nothing that only Anthropic's models can do."""
    text = json.dumps(recording["request"])
    theirs = (
        '"type": "code_',
        "web_search",
        "mcp_servers",
        "tool_search",
        "defer_loading",
        '"role": "system"',
    )
    return not any(word in text for word in theirs)


TRANSLATABLE = [one for one in exchanges() if own(one) and one["request"]["messages"][-1]["role"] == "user"]


@pytest.mark.parametrize("recording", TRANSLATABLE, ids=lambda one: one["id"])
def test_a_call_keeps_its_meaning_through_the_canonical_form(recording):
    prompt = CODEC.read_prompt(recording["request"])
    again = CODEC.write_prompt(prompt, Edits(recording["request"]["model"]))
    assert CODEC.read_prompt(again) == prompt


@of_each("json")
def test_a_reply_keeps_its_content_through_the_canonical_form(recording):
    kinds = {block["type"] for block in recording["response"]["content"]}
    if not kinds <= {"text", "thinking", "tool_use"}:
        with pytest.raises(UsageContradictory, match="own format can say"):
            CODEC.read_reply(recording["response"])
        return
    reply = CODEC.read_reply(recording["response"])
    document = CODEC.write_reply(reply)
    assert CODEC.read_reply(document) == reply
    message = anthropic.types.Message.model_validate(document, strict=True)
    assert message.stop_reason == recording["response"]["stop_reason"]
    assert BetaMessage.model_validate(recording["response"]).id == message.id


@of_each("stream")
def test_a_stream_keeps_its_content_through_the_canonical_form(recording):
    blocks = [event["content_block"] for event in events(recording) if "content_block" in event]
    if not {block["type"] for block in blocks} <= {"text", "thinking", "tool_use"}:
        with pytest.raises(UsageContradictory, match="own format can say"):
            CODEC.decoder().feed(recording["response"].encode())
        return
    deltas = CODEC.decoder().feed(recording["response"].encode())
    stream = CODEC.encoder(usage=True).write(deltas)
    assert listened(stream, 3).written == listened(recording["response"].encode(), 3).written
    assert listened(stream, 4).usage == listened(recording["response"].encode(), 4).usage
    for event in events({"response": stream.decode()}):
        TypeAdapter(BetaRawMessageStreamEvent).validate_python(event)
