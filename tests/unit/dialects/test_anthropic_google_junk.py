"""Calls, replies and streams with one place of them replaced by junk: understood or refused, nothing else."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.dialects.anthropic_messages import AnthropicMessages
from solvent.dialects.base import Edits
from solvent.dialects.google_embed import GoogleEmbed
from solvent.dialects.google_generate import GoogleGenerate
from solvent.errors import CallInvalid, UsageContradictory

ANTHROPIC, GOOGLE, EMBED = AnthropicMessages(), GoogleGenerate(), GoogleEmbed()
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}}
ANTHROPIC_CALL = {
    "model": "claude-x",
    "max_tokens": 2048,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "thinking": {"type": "enabled", "budget_tokens": 1500},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}},
    "stop_sequences": ["END"],
    "metadata": {"user_id": "u"},
    "messages": [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "c2ln"},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "seen"}]},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "document", "title": "A", "source": {"type": "text", "data": "words"}},
            ],
        },
    ],
    "tools": [{"name": "look", "description": "looks", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "look"},
}
ANTHROPIC_REPLY = {
    "id": "m",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "Yes."},
        {"type": "tool_use", "id": "t2", "name": "look", "input": {"at": "you"}},
    ],
    "stop_reason": "tool_use",
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 12},
        "server_tool_use": {"web_search_requests": 2},
    },
}
TOOL_USE = {"type": "tool_use", "id": "t", "name": "n", "input": {}}
ANTHROPIC_STREAM = [
    {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": TOOL_USE},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
]
GOOGLE_CALL = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "Hello"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}}],
        },
        {
            "role": "model",
            "parts": [{"functionCall": {"name": "look", "args": {"at": 1}}, "thoughtSignature": "c2ln"}],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": "seen"}}}]},
    ],
    "tools": [
        {"functionDeclarations": [{"name": "look", "parameters": {"type": "OBJECT", "properties": {}}}]}
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "generationConfig": {
        "maxOutputTokens": 100,
        "candidateCount": 2,
        "temperature": 0.5,
        "stopSequences": ["END"],
        "responseModalities": ["TEXT"],
        "responseMimeType": "application/json",
        "responseSchema": {"type": "STRING", "nullable": True},
        "thinkingConfig": {"thinkingBudget": 10},
    },
}
GOOGLE_REPLY = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [{"text": "Yes."}, {"functionCall": {"name": "look", "args": {}}}],
            },
            "finishReason": "STOP",
            "index": 0,
            "groundingMetadata": {"webSearchQueries": ["a"]},
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 20,
        "cachedContentTokenCount": 5,
        "candidatesTokenCount": 3,
        "totalTokenCount": 23,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}],
    },
    "modelVersion": "gemini-3-flash",
    "responseId": "r",
}
EMBED_CALL = {
    "requests": [{"model": "models/e", "content": {"parts": [{"text": "a"}]}, "outputDimensionality": 4}]
}
EMBED_REPLY = {"embeddings": [{"values": [0.5, 1]}], "usageMetadata": {"promptTokenCount": 1}}

WORDS = st.sampled_from(
    ["text", "image", "document", "tool_result", "base64", "user", "5m", "", "\ud83d", "x"]
)
NAMES = st.sampled_from(
    ["type", "text", "source", "content", "data", "usage", "index", "parts", "properties"]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


def places(value, path=()):
    """Yield the path of every value in a document."""
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from places(inner, (*path, step))


def spoiled(document, data):
    """Return a copy of *document* with one drawn place replaced by junk."""
    path = data.draw(st.sampled_from(list(places(document))))
    copied = copy.deepcopy(document)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = data.draw(JUNK)
    return copied


def tried(read, allowed):
    """Say whether *read* came through, or failed as it may."""
    try:
        read()
    except allowed:
        return False
    return True


@pytest.mark.parametrize(
    ("codec", "call"),
    [(ANTHROPIC, ANTHROPIC_CALL), (GOOGLE, GOOGLE_CALL), (EMBED, EMBED_CALL)],
    ids=["anthropic", "google", "embed"],
)
@given(data=st.data())
def test_a_call_is_understood_or_refused(codec, call, data):
    document = spoiled(call, data)
    translate = codec.read_embed if codec is EMBED else codec.read_prompt
    tried(lambda: list(codec.texts(document)), CallInvalid)
    tried(lambda: translate(document), CallInvalid)
    if tried(lambda: codec.demand(document, 1000), CallInvalid):
        codec.edit(document, Edits("other", output_limit=1100))


@pytest.mark.parametrize(
    ("codec", "call"), [(ANTHROPIC, ANTHROPIC_CALL), (GOOGLE, GOOGLE_CALL)], ids=["anthropic", "google"]
)
@pytest.mark.parametrize("target", [ANTHROPIC, GOOGLE], ids=["to_anthropic", "to_google"])
@given(data=st.data())
def test_a_call_that_is_understood_can_be_written_or_is_refused(codec, call, target, data):
    document = spoiled(call, data)
    tried(lambda: target.write_prompt(codec.read_prompt(document), Edits("other")), CallInvalid)


@pytest.mark.parametrize(
    ("codec", "reply"),
    [(ANTHROPIC, ANTHROPIC_REPLY), (GOOGLE, GOOGLE_REPLY), (EMBED, EMBED_REPLY)],
    ids=["anthropic", "google", "embed"],
)
@given(data=st.data())
def test_a_reply_is_understood_or_contradictory(codec, reply, data):
    document = spoiled(reply, data)
    readers = (
        [codec.facts, codec.read_vectors] if codec is EMBED else [codec.facts, codec.read_reply, codec.count]
    )
    for read in readers:
        tried(lambda read=read: read(document), UsageContradictory)


@pytest.mark.parametrize(
    ("codec", "stream"),
    [(ANTHROPIC, ANTHROPIC_STREAM), (GOOGLE, [GOOGLE_REPLY, GOOGLE_REPLY])],
    ids=["anthropic", "google"],
)
@given(data=st.data())
def test_a_stream_is_understood_or_contradictory(codec, stream, data):
    events = spoiled(stream, data)
    for reader in (codec.tap(), codec.decoder()):
        for told in events:
            raw = b"data: " + json.dumps(told).encode() + b"\n\n"
            if not tried(lambda reader=reader, raw=raw: reader.feed(raw), UsageContradictory):
                break
        reader.facts()


@given(st.binary(max_size=200))
@pytest.mark.parametrize("codec", [ANTHROPIC, GOOGLE], ids=["anthropic", "google"])
def test_any_bytes_are_a_stream_or_contradictory(codec, raw):
    for reader in (codec.tap(), codec.decoder()):
        tried(lambda reader=reader: reader.feed(raw + b"\n\n"), UsageContradictory)
        assert not reader.facts().complete
