"""Recorded exchanges of OpenAI's formats: counts as the provider's own, bytes as they came."""

import json
import os
import random
from pathlib import Path

import pytest

from solvent.dialects.base import Edits
from solvent.dialects.table import codec
from solvent.domain.call import Dialect
from solvent.domain.usage import Usage

EXCHANGES = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not EXCHANGES.exists() and os.environ.get("CI") != "true":
    pytest.skip("left out: the recorded exchanges are not beside the project", allow_module_level=True)

FAMILY = [
    recording
    for recording in map(json.loads, EXCHANGES.read_text("utf-8").splitlines())
    if recording["path"].endswith(("/chat/completions", "/responses", "/embeddings"))
]
ANSWERED = [recording for recording in FAMILY if recording["status"] == 200]
STREAMS = [recording for recording in ANSWERED if recording["kind"] == "stream"]


def named(exchanges):
    return pytest.mark.parametrize(
        "recording", exchanges, ids=[f"{one['provider']}-{one['id']}" for one in exchanges]
    )


def speaks(recording):
    ending = recording["path"].rpartition("/")[2]
    return codec({"completions": Dialect.OPENAI_CHAT, "responses": Dialect.OPENAI_RESPONSES}[ending])


def documents(recording):
    """Return the JSON documents of a reply, found by a reading of its own that is as plain as can be."""
    if recording["kind"] == "json":
        return [recording["response"]]
    lines = [line[5:].strip() for line in recording["response"].splitlines() if line.startswith("data:")]
    return [json.loads(line) for line in lines if line.startswith("{")]


def own_counts(recording):
    """Return what the provider says that it counted, in solvent's buckets, by arithmetic on its raw numbers."""
    raw, searches, files = None, 0, 0
    for document in documents(recording):
        reply = document.get("response") or document
        raw = reply.get("usage") or raw
        items = reply.get("output") or []
        searches = max(searches, sum(1 for item in items if item["type"] == "web_search_call"))
        files = max(files, sum(1 for item in items if item["type"] == "file_search_call"))
    if raw is None:
        return None
    kinds = ("prompt", "completion") if "prompt_tokens" in raw else ("input", "output")
    read, written = (raw[f"{kind}_tokens"] for kind in kinds)
    inside, outside = (raw.get(f"{kind}_tokens_details") or {} for kind in kinds)
    cached, stored = inside.get("cached_tokens", 0), inside.get("cache_write_tokens", 0)
    reasoning = min(outside.get("reasoning_tokens", 0), written)
    searches += raw.get("server_tool_use_details", {}).get("web_search_requests", 0)
    assert raw["total_tokens"] == read + written
    return Usage(
        input=read - cached - stored,
        cached_input=cached,
        cache_write_5m=stored,
        output=written - reasoning,
        reasoning=reasoning,
        web_searches=searches,
        file_searches=files,
    )


def facts_of(recording, size=10**9):
    if recording["kind"] == "json":
        return speaks(recording).facts(recording["response"])
    raw, tap = recording["response"].encode(), speaks(recording).tap()
    seen = b"".join(tap.feed(raw[at : at + size]) for at in range(0, len(raw), size)) + tap.end()
    assert seen == raw
    return tap.facts()


def test_every_provider_that_was_recorded_is_tried():
    assert {one["provider"] for one in ANSWERED} == {"openai", "groq", "deepseek", "mistral", "openrouter"}
    assert {one["provider"] for one in STREAMS} == {"openai", "groq", "deepseek", "openrouter"}


@named(ANSWERED)
def test_usage_equals_the_providers_own_numbers_bucket_by_bucket(recording):
    facts = facts_of(recording)
    assert facts.usage == own_counts(recording)
    assert not facts.doubt


@named(ANSWERED)
def test_model_and_id_are_the_providers_own(recording):
    facts = facts_of(recording)
    last = documents(recording)[0]
    reply = last.get("response") or last
    assert facts.reply_id == reply["id"]
    assert facts.model == reply["model"]


@named(ANSWERED)
def test_an_answer_is_complete_unless_the_provider_broke_it_off(recording):
    facts = facts_of(recording)
    broken_off = recording["kind"] == "stream" and "event: error" in recording["response"]
    assert facts.complete is not broken_off
    assert facts.written or facts.usage == Usage()


@named([recording for recording in FAMILY if recording["status"] != 200])
def test_an_error_is_told_as_one(recording):
    facts = facts_of(recording)
    assert facts.error == {"error": recording["response"]["error"]}
    assert facts.usage is None


@named(FAMILY)
def test_every_call_is_read_and_bounded(recording):
    call, size = recording["request"], len(json.dumps(recording["request"], ensure_ascii=False).encode())
    demand = speaks(recording).demand(call, size)
    counted = own_counts(recording)
    texts = list(speaks(recording).texts(call))
    assert sum(len(text.encode()) for text in texts) <= demand.text_bytes <= size
    if counted and not demand.media and not demand.remembered and not demand.server_tools:
        overhead = 2_000 if demand.tools else 200
        assert counted.input_tokens <= demand.text_bytes + overhead


@named(FAMILY)
def test_an_edit_changes_the_model_and_nothing_else(recording):
    call = recording["request"]
    assert speaks(recording).edit(call, Edits(call["model"])) is call
    assert speaks(recording).edit(call, Edits("other")) == call | {"model": "other"}


@named(STREAMS)
def test_how_a_stream_is_split_changes_neither_bytes_nor_facts(recording):
    whole = facts_of(recording)
    assert [facts_of(recording, size) for size in (1, 7, 1000)] == [whole] * 3


@named(STREAMS)
def test_what_is_hidden_does_not_depend_on_the_split(recording):
    seed = random.randrange(2**32)
    source, raw = random.Random(seed), recording["response"].encode()
    cuts = sorted(source.randrange(len(raw)) for _ in range(40))
    at_once, in_pieces = (speaks(recording).tap(hide_usage=True) for _ in range(2))
    pieces = [raw[a:b] for a, b in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    seen = b"".join(map(in_pieces.feed, pieces)) + in_pieces.end()
    assert seen == at_once.feed(raw) + at_once.end(), f"seed {seed}"
    assert in_pieces.facts() == at_once.facts()


@named(STREAMS)
def test_a_stream_cut_at_any_byte_never_looks_complete(recording):
    raw, tap = recording["response"].encode(), speaks(recording).tap()
    for at in range(len(raw) - 1):
        tap.feed(raw[at : at + 1])
        if tap.facts().complete:
            assert b"[DONE]" in raw[: at + 1] or b"event: response.completed" in raw[: at + 1]
            assert not raw[at + 1 :].strip().removeprefix(b"data: [DONE]")
