"""Recorded answers of OpenAI's formats, shown in every other dialect: the same words and the same counts."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from solvent.dialects.base import Edits
from solvent.dialects.canonical import Blob, Refusal, Text, ToolCall
from solvent.dialects.table import TRANSLATORS
from solvent.dialects.translate import translate_call, translate_reply, translating_tap
from solvent.domain.call import Dialect
from solvent.errors import CallInvalid

EXCHANGES = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not EXCHANGES.exists() and os.environ.get("CI") != "true":
    pytest.skip("left out: the recorded exchanges are not beside the project", allow_module_level=True)

SURFACES = {"/chat/completions": Dialect.OPENAI_CHAT, "/responses": Dialect.OPENAI_RESPONSES}
ANSWERED = [
    (dialect, recording)
    for recording in map(json.loads, EXCHANGES.read_text("utf-8").splitlines())
    for ending, dialect in SURFACES.items()
    if recording["path"].endswith(ending) and recording["status"] == 200
]
TARGETS = pytest.mark.parametrize("target", list(TRANSLATORS))


def named(kind):
    chosen = [(dialect, one) for dialect, one in ANSWERED if one["kind"] == kind]
    ids = [f"{one['provider']}-{one['id']}" for _, one in chosen]
    return pytest.mark.parametrize(("source", "recording"), chosen, ids=ids)


def said(reply):
    """Return the answer's words and calls; thoughts are shown in each dialect's own way."""
    parts = [part for choice in reply.choices for part in choice.parts]
    words = "".join(part.text for part in parts if isinstance(part, (Text, Refusal)))
    calls = [(part.name, json.loads(part.arguments)) for part in parts if isinstance(part, ToolCall)]
    return words, calls, [part.data for part in parts if isinstance(part, Blob)]


@TARGETS
@named("json")
def test_a_whole_answer_says_and_counts_the_same(source, recording, target):
    shown = translate_reply(source, target, recording["response"])
    own, other = TRANSLATORS[source].facts(recording["response"]), TRANSLATORS[target].facts(shown)
    assert (other.usage.input_tokens, other.usage.output_tokens) == (
        own.usage.input_tokens,
        own.usage.output_tokens,
    )
    assert other.usage.cached_input == own.usage.cached_input
    assert (other.complete, other.error, other.reply_id) == (True, None, own.reply_id)
    read = TRANSLATORS[target].read_reply(shown)
    assert said(read) == said(TRANSLATORS[source].read_reply(recording["response"]))


@TARGETS
@named("stream")
def test_a_stream_says_and_counts_the_same(source, recording, target):
    tap = translating_tap(source, target, usage=True)
    raw = recording["response"].encode()
    shown = b"".join(tap.feed(raw[at : at + 100]) for at in range(0, len(raw), 100)) + tap.end()
    reader = TRANSLATORS[target].tap()
    reader.feed(shown)
    own, other = tap.facts(), reader.facts()
    assert other.complete is (own.complete and own.error is None)
    if other.complete:
        assert other.usage.input_tokens == own.usage.input_tokens
        assert other.usage.output_tokens == own.usage.output_tokens
        assert other.finish is own.finish
    plain = TRANSLATORS[source].tap()
    plain.feed(raw)
    assert own == plain.facts()


@TARGETS
@pytest.mark.parametrize(
    ("source", "recording"), ANSWERED, ids=[f"{one['provider']}-{one['id']}" for _, one in ANSWERED]
)
def test_a_call_is_translated_or_refused_with_a_name(source, recording, target):
    document = recording["request"]
    with contextlib.suppress(CallInvalid):
        written = translate_call(source, target, document, Edits("m", output_limit=4096))
        read = TRANSLATORS[target].read_prompt(written)
        assert read.output_limit == 4096
        assert [tool.name for tool in read.tools] == [
            tool.name for tool in TRANSLATORS[source].read_prompt(document).tools
        ]


def test_most_recorded_calls_can_be_translated_into_every_other_dialect():
    able = 0
    for source, recording in ANSWERED:
        with contextlib.suppress(CallInvalid):
            for target in TRANSLATORS:
                translate_call(source, target, recording["request"], Edits("m", output_limit=4096))
            able += 1
    assert able > len(ANSWERED) / 2
