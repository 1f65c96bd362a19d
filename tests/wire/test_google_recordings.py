"""Recorded exchanges with Google, against the numbers that stand in them, read apart from the codec."""

import json
import os
import random
from pathlib import Path

import pytest
from google.genai import types

from solvent.dialects.base import Edits
from solvent.dialects.google_generate import GoogleGenerate
from solvent.errors import CallInvalid, UsageContradictory

RECORDED = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not RECORDED.exists() and os.environ.get("CI") != "true":
    pytest.skip("the recorded exchanges are not beside this checkout", allow_module_level=True)

CODEC = GoogleGenerate()
SEARCHES = {"0c0790e34e07": 1, "a64d1a6bc865": 1}
"""By hand: one query under Gemini 2.5, and one beside an empty one under Gemini 3."""


def exchanges(kind=None):
    told = map(json.loads, RECORDED.read_text("utf-8").splitlines())
    mine = [one for one in told if one["provider"] == "google" and one["status"] == 200]
    return [one for one in mine if kind in (None, one["kind"])]


def of_each(kind=None):
    return pytest.mark.parametrize("recording", exchanges(kind), ids=lambda one: one["id"])


def chunks(recording):
    """Return the chunks of a recorded stream, whose every event has one line of data."""
    lines = recording["response"].splitlines()
    return [json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data:")]


def as_array(recording):
    """Return the stream as Google writes it without ``alt=sse``."""
    return (
        "[" + "\r\n,\r\n".join(json.dumps(chunk, indent=2) for chunk in chunks(recording)) + "\r\n]"
    ).encode()


def check(usage, told, recording):
    """Compare buckets with Google's own counts: thoughts beside candidates, tool use beside the prompt."""
    modalities = {"TEXT": 0, "IMAGE": 0}
    for detail in told["promptTokensDetails"]:
        modalities[detail["modality"]] += detail["tokenCount"]
    assert usage.input_image == modalities["IMAGE"]
    assert usage.input == modalities["TEXT"] + told.get("toolUsePromptTokenCount", 0)
    assert usage.input_tokens == told["promptTokenCount"] + told.get("toolUsePromptTokenCount", 0)
    assert usage.output == told.get("candidatesTokenCount", 0)
    assert usage.reasoning == told.get("thoughtsTokenCount", 0)
    assert usage.total_tokens == told["totalTokenCount"]
    assert usage.web_searches == SEARCHES.get(recording["id"], 0)


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
def test_the_usage_of_a_reply_is_googles_own(recording):
    reply = recording["response"]
    facts = CODEC.facts(reply)
    check(facts.usage, reply["usageMetadata"], recording)
    assert (facts.model, facts.reply_id, facts.complete) == (reply["modelVersion"], reply["responseId"], True)


@of_each("stream")
def test_the_usage_of_a_stream_is_what_its_last_chunk_says(recording):
    last = chunks(recording)[-1]
    facts = listened(recording["response"].encode(), recording["id"])
    check(facts.usage, last["usageMetadata"], recording)
    assert (facts.model, facts.reply_id, facts.complete) == (last["modelVersion"], last["responseId"], True)
    assert facts == listened(recording["response"].encode(), f"{recording['id']} again")


@of_each("stream")
def test_a_stream_written_as_an_array_says_the_same(recording):
    assert listened(as_array(recording), recording["id"]) == listened(recording["response"].encode(), 1)


@of_each("stream")
def test_a_stream_cut_anywhere_never_looks_complete(recording):
    """The last line feed is not needed: by the rules of event streams a carriage return ends a line too."""
    stream = recording["response"].encode()
    assert stream.endswith(b"\r\n\r\n")
    _cut_everywhere(stream, len(stream) - 2)


@of_each("stream")
def test_an_array_cut_anywhere_never_looks_complete(recording):
    stream = as_array(recording)
    _cut_everywhere(stream, len(stream) - 1)


def _cut_everywhere(stream, whole):
    tap = CODEC.tap()
    for at in range(whole):
        tap.feed(stream[at : at + 1])
        if at % 997 == 0 or at > whole - 200:
            assert not tap.facts().complete, f"cut after {at + 1} of {len(stream)} bytes"
    tap.feed(stream[whole:])
    tap.end()
    assert tap.facts().complete


def test_a_cut_stream_keeps_the_largest_count_that_it_showed():
    told = next(one for one in exchanges("stream") if one["id"] == "2a3d1f846f08")
    stream = told["response"].encode()
    cut = stream[: stream.index(b"The capital of France")]
    facts = listened(cut, 5)
    assert not facts.complete
    assert facts.usage.total_tokens == 447


@of_each()
def test_a_call_is_understood_and_its_bytes_bound_its_texts(recording):
    request = recording["request"]
    body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
    demand = CODEC.demand(request, len(body))
    assert demand.messages == len(request["contents"])
    assert demand.text_bytes >= sum(len(text.encode()) for text in CODEC.texts(request))
    assert [media.kind for media in demand.media] == ["image"] * json.dumps(request).count('"inlineData"')
    assert all(media.width and media.height for media in demand.media)


@of_each()
def test_a_limit_is_set_without_touching_the_rest(recording):
    request = recording["request"]
    assert CODEC.edit(request, Edits("any")) is request
    edited = CODEC.edit(request, Edits("any", output_limit=7))
    assert edited == request | {"generationConfig": request["generationConfig"] | {"maxOutputTokens": 7}}
    assert CODEC.edit(edited, Edits("any", output_limit=7)) is edited


def own(recording):
    """Say whether an recording uses a tool that Google runs, so that it cannot be translated."""
    return any(word in json.dumps(recording["request"]) for word in ("googleSearch", "fileSearch"))


@of_each()
def test_a_call_keeps_its_meaning_through_the_canonical_form(recording):
    if own(recording):
        with pytest.raises(CallInvalid, match="cannot be translated"):
            CODEC.read_prompt(recording["request"])
        return
    prompt = CODEC.read_prompt(recording["request"])
    again = CODEC.write_prompt(prompt, Edits("gemini-2.5-flash"))
    assert CODEC.read_prompt(again) == prompt


@of_each("json")
def test_a_reply_keeps_its_content_through_the_canonical_form(recording):
    if own(recording):
        return
    reply = CODEC.read_reply(recording["response"])
    document = CODEC.write_reply(reply)
    assert CODEC.read_reply(document).usage == reply.usage
    theirs, ours = read_by_sdk(recording["response"]), read_by_sdk(document)
    assert ours.text == theirs.text
    assert [call.args for call in ours.function_calls or []] == [
        call.args for call in theirs.function_calls or []
    ]
    assert ours.candidates[0].finish_reason == theirs.candidates[0].finish_reason
    assert ours.usage_metadata.total_token_count == theirs.usage_metadata.total_token_count


@of_each("stream")
def test_a_stream_keeps_its_content_through_the_canonical_form(recording):
    if any(part in recording["response"] for part in ('"executableCode"', '"toolCall"')):
        with pytest.raises(UsageContradictory, match="own format can say"):
            CODEC.decoder().feed(recording["response"].encode())
        return
    deltas = CODEC.decoder().feed(recording["response"].encode())
    stream = CODEC.encoder(usage=True).write(deltas)
    ours, theirs = listened(stream, 3), listened(recording["response"].encode(), 3)
    assert ours.usage.total_tokens == theirs.usage.total_tokens
    assert (ours.finish, ours.complete) == (theirs.finish, True)
    read = [read_by_sdk(chunk) for chunk in chunks({"response": stream.decode()})]
    assert words(read) == words(read_by_sdk(chunk) for chunk in chunks(recording))


def read_by_sdk(document):
    """Return what Google's SDK makes of a reply or chunk; its model does not know the tier that its API tells."""
    usage = {
        name: value for name, value in document.get("usageMetadata", {}).items() if name != "serviceTier"
    }
    return types.GenerateContentResponse.model_validate(document | {"usageMetadata": usage})


def words(read):
    """Return all the text of a stream and its function calls."""
    parts = [part for chunk in read for part in chunk.candidates[0].content.parts]
    calls = [(part.function_call.name, part.function_call.args) for part in parts if part.function_call]
    return "".join(part.text or "" for part in parts), calls
