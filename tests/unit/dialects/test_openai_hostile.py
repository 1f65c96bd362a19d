"""Whatever a caller sends is read or refused as ``CallInvalid``; whatever a provider sends never surprises."""

import contextlib
import json

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Begin,
    Choice,
    ChoiceEnd,
    End,
    Reasoning,
    Refusal,
    Reply,
    Text,
    TextDelta,
    ToolCall,
    ToolDelta,
)
from solvent.dialects.openai_embeddings import OpenAIEmbeddings
from solvent.dialects.table import TRANSLATORS
from solvent.domain.call import Dialect
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

CHAT, RESPONSES = TRANSLATORS[Dialect.OPENAI_CHAT], TRANSLATORS[Dialect.OPENAI_RESPONSES]
BOTH = pytest.mark.parametrize("codec", [CHAT, RESPONSES], ids=["chat", "responses"])

SOME_NAMES = (
    "model messages input role content type text image_url url input_audio data format file file_data "
    "file_id tools function name parameters description strict tool_choice parallel_tool_calls n stop "
    "max_tokens max_completion_tokens max_output_tokens response_format json_schema schema stream "
    "stream_options include_usage reasoning reasoning_effort effort tool_calls tool_call_id id arguments "
    "call_id output summary encrypted_content instructions temperature seed modalities service_tier "
    "models plugins cache_control ttl detail usage choices message delta index finish_reason error status "
    "prompt_tokens completion_tokens total_tokens input_tokens output_tokens response item output_index "
    "reasoning_details reasoning_content refusal response_format input_image input_file"
)
SOME_WORDS = (
    "user assistant system developer tool text image_url input_audio file input_text output_text refusal "
    "input_image input_file function function_call function_call_output reasoning message json_schema "
    "json_object auto none required data:image/png;base64,AAAA https://x.example completed in_progress "
    "response.completed response.output_text.delta response.output_item.added stop length error"
)
NAMES, WORDS = st.sampled_from(SOME_NAMES.split()), st.sampled_from(SOME_WORDS.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | WORDS
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=10,
)
DOCUMENTS = st.dictionaries(NAMES, ANYTHING, max_size=5)
ITEMS = st.lists(st.dictionaries(NAMES, ANYTHING, max_size=4), max_size=2)
FEW = settings(max_examples=30)


@BOTH
@FEW
@given(document=DOCUMENTS, items=ITEMS)
def test_any_call_is_read_or_refused(codec, document, items):
    for held in (document, document | {"messages": items, "input": items}):
        with contextlib.suppress(CallInvalid):
            demand = codec.demand(held, 10_000)
            assert 0 <= demand.text_bytes <= 10_000
        with contextlib.suppress(CallInvalid):
            assert all(isinstance(text, str) for text in codec.texts(held))
        with contextlib.suppress(CallInvalid):
            codec.edit(held, Edits("m", 5, "max_tokens", stream_usage=True))


@BOTH
@FEW
@given(fields=DOCUMENTS, items=ITEMS)
def test_any_call_is_translated_or_refused(codec, fields, items):
    with contextlib.suppress(CallInvalid):
        prompt = codec.read_prompt(fields | {"messages": items, "input": items})
        for target in (CHAT, RESPONSES):
            with contextlib.suppress(CallInvalid):
                orjson.dumps(target.write_prompt(prompt, Edits("m", 5)))


@FEW
@given(document=DOCUMENTS, given_input=ANYTHING)
def test_any_embedding_call_is_read_or_refused(document, given_input):
    codec = OpenAIEmbeddings()
    held = document | {"input": given_input}
    for act in (
        lambda: codec.demand(held, 100),
        lambda: list(codec.texts(held)),
        lambda: codec.read_embed(held),
    ):
        with contextlib.suppress(CallInvalid):
            act()


@BOTH
@FEW
@given(document=DOCUMENTS)
def test_any_reply_is_read_or_its_usage_refused(codec, document):
    for held in (document, document | {"choices": [document], "output": [document], "message": document}):
        with contextlib.suppress(UsageContradictory):
            codec.facts(held)
        with contextlib.suppress(UsageContradictory):
            reply = codec.read_reply(held)
            for target in (CHAT, RESPONSES):
                with contextlib.suppress(UsageContradictory):
                    target.write_reply(reply)


@BOTH
@FEW
@given(documents=st.lists(DOCUMENTS, max_size=5), rest=st.binary(max_size=30), size=st.integers(1, 50))
def test_any_stream_passes_byte_for_byte_or_is_refused(codec, documents, rest, size):
    raw = b"".join(f"data: {json.dumps(document)}\n\n".encode() for document in documents) + rest
    tap, decoder = codec.tap(), codec.decoder()
    with contextlib.suppress(UsageContradictory):
        pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
        assert b"".join(map(tap.feed, pieces)) + tap.end() == raw
        tap.facts()
        for encoder in (CHAT.encoder(usage=True), RESPONSES.encoder(usage=True)):
            encoder.write(decoder.feed(raw))


CHAT_CALL = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "a"}]},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"file_data": "data:a/b;base64,AAAA", "filename": "a"}},
            ],
        },
        {
            "role": "assistant",
            "content": "a",
            "refusal": "no",
            "reasoning_details": [{"text": "a", "signature": "b"}],
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "a", "name": "f"},
    ],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": {"a": "b"}, "strict": True}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"a": "b"}}},
    "reasoning": {"effort": "low", "max_tokens": 3},
    "stream_options": {"include_usage": True},
    "stop": ["a"],
    "seed": 1,
    "n": 2,
}
RESPONSES_CALL = {
    "input": [
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://x", "detail": "low"}]},
        {"role": "user", "content": [{"type": "input_file", "file_data": "data:a/b;base64,AAAA"}]},
        {"type": "reasoning", "summary": [{"text": "a"}], "encrypted_content": "b"},
        {"type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "a"}]},
    ],
    "tools": [{"type": "function", "name": "f", "parameters": {"a": "b"}, "strict": True}],
    "tool_choice": {"type": "function", "name": "f"},
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"a": "b"}}},
    "reasoning": {"effort": "low"},
}


def places(document, path=()):
    """Yield the path to every value of a document."""
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in inside:
        yield (*path, name)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, name))


def replaced(document, path, value):
    """Return the document with one value replaced."""
    head, *rest = path
    copy = document.copy()
    copy[head] = replaced(document[head], rest, value) if rest else value
    return copy


@pytest.mark.parametrize(
    ("codec", "call"), [(CHAT, CHAT_CALL), (RESPONSES, RESPONSES_CALL)], ids=["chat", "responses"]
)
@pytest.mark.parametrize(
    "value", [None, True, -1, 2.5, "", "text", [], ["a"], [None], {}, {"type": "x"}, [{}]]
)
def test_a_good_call_with_any_one_value_spoilt_is_read_or_refused(codec, call, value):
    assert codec.read_prompt(call).turns
    for path in places(call):
        spoilt = replaced(call, path, value)
        for act in (
            codec.demand,
            lambda held, _: list(codec.texts(held)),
            lambda held, _: wrote(codec, held),
        ):
            with contextlib.suppress(CallInvalid):
                act(spoilt, 10_000)


def wrote(codec, document):
    prompt = codec.read_prompt(document)
    for target in (CHAT, RESPONSES):
        with contextlib.suppress(CallInvalid):
            orjson.dumps(target.write_prompt(prompt, Edits("m")))


@pytest.mark.parametrize(
    "value", [None, True, -1, 2.5, "", "text", [], ["a"], [None], {}, {"type": "x"}, [{}]]
)
@BOTH
def test_a_good_reply_with_any_one_value_spoilt_is_read_or_doubted(codec, value):
    good = codec.write_reply(GOOD_REPLY)
    shown = []
    for path in places(good):
        spoilt = replaced(good, path, value)
        for target in (CHAT, RESPONSES):
            with contextlib.suppress(UsageContradictory):
                codec.facts(spoilt)
                shown.append(orjson.dumps(target.write_reply(codec.read_reply(spoilt))))
    assert any(b'"usage"' in document for document in shown)


@pytest.mark.parametrize(
    "value", [None, True, -1, 2.5, "", "text", [], ["a"], [None], {}, {"type": "x"}, [{}]]
)
@BOTH
def test_a_good_stream_with_any_one_value_spoilt_passes_and_is_read_or_doubted(codec, value):
    good = codec.encoder(usage=True).write(GOOD_DELTAS).decode().split("\n\n")
    for number, event in enumerate(good):
        head, found, data = event.partition("data: {")
        document = json.loads("{" + data) if found else {}
        for path in places(document):
            spoilt = f"{head}data: {json.dumps(replaced(document, path, value))}"
            raw = "\n\n".join([*good[:number], spoilt, *good[number + 1 :]]).encode()
            tap, decoder = codec.tap(), codec.decoder()
            assert tap.feed(raw) + tap.end() == raw
            tap.facts()
            for encoder in (CHAT.encoder(usage=True), RESPONSES.encoder(usage=True)):
                with contextlib.suppress(UsageContradictory):
                    encoder.write(decoder.feed(raw))


GOOD_REPLY = Reply(
    "r",
    "m",
    (Choice((Reasoning("a", "x:b"), Text("a"), Refusal("b"), ToolCall("c", "f", "{}")), "tool"),),
    Usage(input=3, cached_input=2, output=2, reasoning=1),
)
GOOD_DELTAS = [
    Begin("r", "m"),
    TextDelta(0, "a", "reasoning", "x:b"),
    TextDelta(0, "a"),
    ToolDelta(0, 0, "{}", id="c", name="f"),
    ChoiceEnd(0, "tool"),
    End(Usage(input=3, output=2)),
]


@BOTH
def test_a_document_nested_very_deep_is_refused_or_read(codec):
    deep = "a"
    for _ in range(5000):
        deep = [deep]
    held = {"messages": [{"role": "user", "content": deep}], "input": [{"role": "user", "content": deep}]}
    with pytest.raises(CallInvalid):
        codec.demand(held, 10_000)
    tools = held | {
        "messages": [],
        "input": [],
        "tools": [{"type": "function", "function": {"parameters": deep}}],
    }
    with contextlib.suppress(CallInvalid):
        list(codec.texts(tools))
