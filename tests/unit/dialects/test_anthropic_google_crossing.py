"""Calls, replies and streams between the dialects, read at their ends by the providers' own SDKs."""

import json

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types

from solvent.dialects import canonical
from solvent.dialects.base import Edits
from solvent.dialects.table import TRANSLATORS
from solvent.dialects.translate import translate_call, translate_reply, translating_tap
from solvent.domain.call import Dialect

CHAT, RESPONSES = Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES
MESSAGES, GENERATE = Dialect.ANTHROPIC_MESSAGES, Dialect.GOOGLE_GENERATE
PICTURE = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}, "required": ["at"]}

ANTHROPIC_CALL = {
    "model": "alias",
    "max_tokens": 300,
    "system": "Be brief.",
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PICTURE}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "a cat"}]},
    ],
    "tools": [{"name": "look", "description": "see", "input_schema": SCHEMA}],
    "tool_choice": {"type": "any"},
    "stop_sequences": ["END"],
    "temperature": 0.5,
}
GOOGLE_CALL = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "What is this?"}, {"inlineData": {"mimeType": "image/png", "data": PICTURE}}],
        },
        {
            "role": "model",
            "parts": [{"text": "I look."}, {"functionCall": {"name": "look", "args": {"at": 1}}}],
        },
        {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": "a cat"}}}]},
    ],
    "tools": [
        {"functionDeclarations": [{"name": "look", "description": "see", "parametersJsonSchema": SCHEMA}]}
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "generationConfig": {"maxOutputTokens": 300, "stopSequences": ["END"], "temperature": 0.5},
}
CHAT_CALL = {
    "model": "alias",
    "max_tokens": 300,
    "messages": [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "a cat"},
    ],
    "tools": [{"type": "function", "function": {"name": "look", "description": "see", "parameters": SCHEMA}}],
    "tool_choice": "required",
    "stop": ["END"],
    "temperature": 0.5,
}
CALLS = {MESSAGES: ANTHROPIC_CALL, GENERATE: GOOGLE_CALL, CHAT: CHAT_CALL}

ANTHROPIC_REPLY = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "served",
    "content": [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "text", "text": "A cat."},
        {"type": "tool_use", "id": "t2", "name": "look", "input": {"at": "cat"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 0,
        "output_tokens": 50,
        "output_tokens_details": {"thinking_tokens": 12},
    },
}
GOOGLE_REPLY = {
    "candidates": [
        {
            "content": {
                "role": "model",
                "parts": [
                    {"text": "Hm.", "thought": True},
                    {"text": "A cat."},
                    {"functionCall": {"name": "look", "args": {"at": "cat"}}, "thoughtSignature": "c2ln"},
                ],
            },
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 15,
        "cachedContentTokenCount": 5,
        "candidatesTokenCount": 38,
        "thoughtsTokenCount": 12,
        "totalTokenCount": 65,
    },
    "modelVersion": "served",
    "responseId": "r1",
}
CHAT_REPLY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "served",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "A cat.",
                "reasoning_content": "Hm.",
                "tool_calls": [
                    {
                        "id": "t2",
                        "type": "function",
                        "function": {"name": "look", "arguments": '{"at":"cat"}'},
                    }
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
    "usage": {
        "prompt_tokens": 15,
        "completion_tokens": 50,
        "total_tokens": 65,
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 12},
    },
}
REPLIES = {MESSAGES: ANTHROPIC_REPLY, GENERATE: GOOGLE_REPLY, CHAT: CHAT_REPLY}


def every(kinds):
    """Return every pair of two dialects of which one is Anthropic's or Google's."""
    pairs = [(one, other) for one in kinds for other in kinds if one is not other]
    mine = [pair for pair in pairs if {MESSAGES, GENERATE} & set(pair)]
    return pytest.mark.parametrize(
        ("source", "target"), mine, ids=[f"{one}_to_{other}" for one, other in mine]
    )


@every([MESSAGES, GENERATE, CHAT])
def test_a_call_says_the_same_in_every_dialect(source, target):
    document = translate_call(source, target, CALLS[source], Edits("served", output_limit=200))
    there = TRANSLATORS[target].read_prompt(document)
    here = TRANSLATORS[target].read_prompt(CALLS[target])
    assert there.output_limit == 200
    for name in ("system", "tool_choice", "stop", "temperature", "choices", "format", "tools"):
        assert getattr(there, name) == getattr(here, name), name
    assert [turn.role for turn in there.turns] == [turn.role for turn in here.turns]
    assert [_known(turn) for turn in there.turns] == [_known(turn) for turn in here.turns]


def _known(turn):
    """Return a turn's parts without what Google leaves out or adds: the ids of tools, bare signatures."""
    parts = [part for part in turn.parts if not isinstance(part, canonical.Reasoning)]
    return [(type(part).__name__, *_words(part)) for part in parts]


def _words(part):
    fields = ("text", "data", "name", "arguments")
    told = [getattr(part, name, None) for name in fields]
    return [*told, *[inner.text for inner in getattr(part, "parts", ())]]


def sdk_reply(dialect, answer, *, stream=False):
    """Return what the official SDK of *dialect* makes of the bytes *answer*."""
    headers = {"content-type": "text/event-stream" if stream else "application/json"}
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, content=answer, headers=headers))
    with httpx2.Client(transport=transport) as client:
        return READERS[dialect](client, stream=stream)


def read_by_anthropic(client, *, stream):
    sdk = anthropic.Anthropic(api_key="k", base_url="http://solvent.test", http_client=client)
    asked = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    if stream:
        with sdk.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = sdk.messages.create(**asked)
    words = {block.type: block for block in message.content}
    usage = message.usage
    return {
        "text": words["text"].text,
        "thought": "".join(block.thinking for block in message.content if block.type == "thinking"),
        "call": (words["tool_use"].name, words["tool_use"].input),
        "finish": message.stop_reason == "tool_use",
        "usage": (usage.input_tokens + usage.cache_read_input_tokens, usage.output_tokens),
        "cached": usage.cache_read_input_tokens,
    }


def read_by_google(client, *, stream):
    sdk = genai.Client(
        api_key="k", http_options=types.HttpOptions(base_url="http://solvent.test", httpx_client=client)
    )
    if stream:
        chunks = list(sdk.models.generate_content_stream(model="m", contents="x"))
    else:
        chunks = [sdk.models.generate_content(model="m", contents="x")]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    calls = [part.function_call for part in parts if part.function_call]
    usage = chunks[-1].usage_metadata
    return {
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thought": "".join(part.text or "" for part in parts if part.thought),
        "call": (calls[0].name, calls[0].args),
        "finish": chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP,
        "usage": (usage.prompt_token_count, usage.candidates_token_count + usage.thoughts_token_count),
        "cached": usage.cached_content_token_count,
    }


def read_by_openai(client, *, stream):
    sdk = openai.OpenAI(api_key="k", base_url="http://solvent.test", http_client=client)
    asked = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    if stream:
        with sdk.chat.completions.stream(**asked, stream_options={"include_usage": True}) as events:
            thoughts = [
                choice.delta.model_extra.get("reasoning_content", "")
                for event in events
                if event.type == "chunk"
                for choice in event.chunk.choices
            ]
            reply = events.get_final_completion()
        thought = "".join(thoughts)
    else:
        reply = sdk.chat.completions.create(**asked)
        thought = reply.choices[0].message.model_extra["reasoning_content"]
    message = reply.choices[0].message
    function = message.tool_calls[0].function
    return {
        "text": message.content,
        "thought": thought,
        "call": (function.name, json.loads(function.arguments)),
        "finish": reply.choices[0].finish_reason == "tool_calls",
        "usage": (reply.usage.prompt_tokens, reply.usage.completion_tokens),
        "cached": reply.usage.prompt_tokens_details.cached_tokens,
    }


READERS = {MESSAGES: read_by_anthropic, GENERATE: read_by_google, CHAT: read_by_openai}
EXPECTED = {
    "text": "A cat.",
    "thought": "Hm.",
    "call": ("look", {"at": "cat"}),
    "finish": True,
    "usage": (15, 50),
    "cached": 5,
}


@every([MESSAGES, GENERATE, CHAT])
def test_a_reply_says_the_same_to_every_sdk(source, target):
    document = translate_reply(source, target, REPLIES[source])
    assert sdk_reply(target, json.dumps(document).encode()) == EXPECTED


def streamed(dialect):
    """Return the reply of *dialect* as a stream of it, written by the dialect's own encoder."""
    reply = TRANSLATORS[dialect].read_reply(REPLIES[dialect])
    return TRANSLATORS[dialect].encoder(usage=True).write(_deltas(reply))


def _deltas(reply):
    deltas = [canonical.Begin(reply.id, reply.model)]
    calls = 0
    for part in reply.choices[0].parts:
        match part:
            case canonical.Text(text):
                deltas += [canonical.TextDelta(0, piece) for piece in (text[:2], text[2:])]
            case canonical.Reasoning(text, signature):
                deltas += [canonical.TextDelta(0, text, "reasoning")] if text else []
                deltas += [canonical.TextDelta(0, "", "reasoning", signature)] if signature else []
            case canonical.ToolCall(call_id, name, made):
                deltas.append(canonical.ToolDelta(0, calls, "", call_id, name))
                deltas += [canonical.ToolDelta(0, calls, piece) for piece in (made[:3], made[3:])]
                calls += 1
    return [*deltas, canonical.ChoiceEnd(0, reply.choices[0].finish), canonical.End(reply.usage)]


@every([MESSAGES, GENERATE, CHAT])
def test_a_stream_says_the_same_to_every_sdk(source, target):
    stream = streamed(source)
    tap = translating_tap(source, target, usage=True)
    shown = b"".join(tap.feed(stream[at : at + 7]) for at in range(0, len(stream), 7)) + tap.end()
    assert tap.facts().complete
    assert tap.facts().usage.total_tokens == 65
    assert sdk_reply(target, shown, stream=True) == EXPECTED


@every([MESSAGES, GENERATE, CHAT])
def test_a_translated_stream_that_is_cut_never_looks_complete(source, target):
    stream = streamed(source)
    tap = translating_tap(source, target, usage=True)
    shown = tap.feed(stream[:-40]) + tap.end()
    there = TRANSLATORS[target].tap()
    there.feed(shown)
    assert not tap.facts().complete
    assert not there.facts().complete


@pytest.mark.parametrize("client", [CHAT, MESSAGES, GENERATE])
@pytest.mark.parametrize("provider", [MESSAGES, GENERATE])
def test_a_signature_comes_back_to_its_own_provider_through_any_client(client, provider):
    """A client that sends back what it was told gives each provider its own proof, and no other's."""
    told = REPLIES[provider] if client is provider else translate_reply(provider, client, REPLIES[provider])
    call = _continued(client, told)
    document = translate_call(client, provider, call, Edits("gemini-3-pro", output_limit=2000))
    assert '"c2ln"' in json.dumps(document)
    other = MESSAGES if provider is GENERATE else GENERATE
    elsewhere = translate_call(client, other, call, Edits("gemini-3-pro", output_limit=2000))
    assert "c2ln" not in json.dumps(elsewhere)


def _continued(client, reply):
    """Return a call of *client* that sends *reply* back with the result of its tool."""
    if client is MESSAGES:
        called = next(block["id"] for block in reply["content"] if block["type"] == "tool_use")
        result = {"type": "tool_result", "tool_use_id": called, "content": "seen"}
        said = [{"role": "assistant", "content": reply["content"]}, {"role": "user", "content": [result]}]
        return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}, *said]}
    if client is GENERATE:
        result = {"functionResponse": {"name": "look", "response": {"output": "seen"}}}
        said = [reply["candidates"][0]["content"], {"role": "user", "parts": [result]}]
        return {"contents": [{"role": "user", "parts": [{"text": "x"}]}, *said]}
    message = reply["choices"][0]["message"]
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "seen"}
    return {"model": "m", "messages": [{"role": "user", "content": "x"}, message, result]}
