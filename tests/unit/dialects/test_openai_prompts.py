"""Chat and responses ask the same through the canonical form, or refuse by name what only one can say."""

import json

import pytest

from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Blob,
    Format,
    Prompt,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from solvent.dialects.table import TRANSLATORS
from solvent.dialects.translate import translate_call
from solvent.domain.call import Dialect
from solvent.errors import CallInvalid

CHAT, RESPONSES = Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES
BOTH = pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}

PROMPT = Prompt(
    system=("Be brief.", "Be kind."),
    turns=(
        Turn("user", (Text("look"), Blob("image", "image/png", "AAAA", detail="low"))),
        Turn("assistant", (Text("I look."), ToolCall("c1", "f", '{"a":1}'), ToolCall("c2", "g", "{}"))),
        Turn("user", (ToolResult("c1", "f", (Text("one"),)), ToolResult("c2", "g", (Text("two"),)))),
        Turn("assistant", (Refusal("I will not."),)),
        Turn("user", (Blob("document", "application/pdf", "BBBB", name="a.pdf"), Text("then?"))),
    ),
    tools=(Tool("f", "does f", SCHEMA, strict=True), Tool("g", schema=SCHEMA, strict=False)),
    tool_choice=ToolChoice("one", "f", parallel=False),
    format=Format("schema", "place", SCHEMA, strict=True),
    output_limit=99,
    temperature=0.5,
    top_p=0.9,
    effort="low",
    user="u1",
    stream=True,
)


@BOTH
def test_a_prompt_is_read_as_it_was_written(dialect):
    translator = TRANSLATORS[dialect]
    document = translator.write_prompt(PROMPT, Edits("m"))
    assert translator.read_prompt(document) == Prompt(
        **{**fields(PROMPT), "stream_usage": dialect is RESPONSES}
    )


def fields(record):
    return {name: getattr(record, name) for name in record.__slots__}


def test_chat_is_written_in_responses_and_back():
    chat = TRANSLATORS[CHAT].write_prompt(PROMPT, Edits("m"))
    there = translate_call(CHAT, RESPONSES, chat, Edits("m"))
    assert translate_call(RESPONSES, CHAT, there, Edits("m")) == chat


def test_a_call_in_responses_says_what_the_chat_said():
    chat = {
        "model": "gpt",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "What is it like in Paris?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
        "max_tokens": 9,
        "response_format": {"type": "json_object"},
        "reasoning_effort": "high",
        "metadata": {"a": "b"},
    }
    assert translate_call(CHAT, RESPONSES, chat, Edits("m", output_limit=5)) == {
        "model": "m",
        "input": [
            {"type": "message", "role": "system", "content": "Be brief."},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "What is it like in Paris?"}],
            },
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        ],
        "store": False,
        "tools": [
            {"type": "function", "name": "f", "description": None, "parameters": SCHEMA, "strict": False}
        ],
        "text": {"format": {"type": "json_object"}},
        "max_output_tokens": 5,
        "reasoning": {"effort": "high"},
    }


def test_settings_that_only_chat_has_are_written_back_to_chat():
    chat = {
        "model": "m",
        "messages": [{"role": "user", "content": "a"}],
        "n": 2,
        "seed": -3,
        "stop": ["x", "y"],
        "presence_penalty": 0.5,
        "frequency_penalty": -0.5,
        "max_tokens": 5,
    }
    again = translate_call(CHAT, CHAT, chat, Edits("m", limit_field="max_tokens"))
    assert again == chat


@BOTH
def test_no_tokens_to_think_with_are_no_effort(dialect):
    prompt = Prompt(system=(), turns=(), thinking_tokens=0)
    assert "none" in json.dumps(TRANSLATORS[dialect].write_prompt(prompt, Edits("m")))


def test_a_stream_asks_for_usage_where_the_provider_needs_that():
    chat = {"model": "m", "messages": [{"role": "user", "content": "a"}], "stream": True}
    written = translate_call(CHAT, CHAT, chat, Edits("m", stream_usage=True))
    assert written["stream_options"] == {"include_usage": True}


def test_a_description_beside_a_schema_moves_into_it():
    held = {"name": "n", "schema": SCHEMA, "description": "the place"}
    chat = {"messages": [], "response_format": {"type": "json_schema", "json_schema": held}}
    found = TRANSLATORS[CHAT].read_prompt(chat).format
    assert found == Format("schema", "n", {"description": "the place"} | SCHEMA)


def message(**more):
    return {"messages": [{"role": "user", "content": "a"}]} | more


def said(part):
    return {"messages": [{"role": "user", "content": [part]}]}


@pytest.mark.parametrize(
    ("document", "named"),
    [
        (message(audio={"voice": "x"}), "audio"),
        (message(logprobs=True), "logprobs"),
        (message(logit_bias={"5": 1}), "logit_bias"),
        (message(web_search_options={}), "web_search_options"),
        (message(service_tier="flex"), "service_tier"),
        (message(store=True), "store"),
        (message(functions=[{"name": "f"}]), "functions"),
        (message(surprise=1), "surprise"),
        (message(stream_options={"surprise": 1}), "stream_options.surprise"),
        (message(tools=[{"type": "web_search"}]), r"tools\[0\].type"),
        (message(tools=[{"type": "custom", "custom": {}}]), r"tools\[0\].type"),
        (message(tool_choice={"type": "allowed_tools"}), "tool_choice"),
        (message(tool_choice="sometimes"), "tool_choice"),
        (message(response_format={"type": "grammar"}), "response_format.type"),
        (message(reasoning={"exclude": True}), "reasoning.exclude"),
        (message(seed=1.5), "seed"),
        (message(stop=[1]), r"stop\[0\]"),
        (message(n="2"), "n must"),
        (said({"type": "file", "file": {"file_id": "f"}}), "file.file_id"),
        (said({"type": "image_url", "image_url": {"url": "data:image/png,AA"}}), "image_url.url"),
        (said({"type": "video_url", "video_url": {}}), r"content\[0\]"),
        ({"messages": [{"role": "user", "content": "a", "name": "bob"}]}, "name"),
        ({"messages": [{"role": "assistant", "audio": {"id": "x"}}]}, "audio"),
        ({"messages": [{"role": "function", "content": "a"}]}, r"messages\[0\].role"),
        ({"messages": [{"role": "tool", "content": "a"}]}, "tool_call_id"),
        (
            {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]},
            r"messages\[1\].role",
        ),
    ],
)
def test_what_chat_alone_can_say_is_refused_by_name(document, named):
    with pytest.raises(CallInvalid, match=named):
        translate_call(CHAT, RESPONSES, document, Edits("m"))


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"input": "a", "previous_response_id": "r"}, "previous_response_id"),
        ({"input": "a", "conversation": "c"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"input": "a", "background": True}, "background"),
        ({"input": "a", "truncation": "auto"}, "truncation"),
        ({"input": "a", "include": ["message.output_text.logprobs"]}, "include"),
        ({"input": "a", "tools": [{"type": "web_search"}]}, r"tools\[0\].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, r"input\[0\].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "f"}]}]}, "file_id"),
        ({"input": "a", "text": {"verbosity": "high"}}, "text.verbosity"),
        ({}, "input"),
    ],
)
def test_what_responses_alone_can_say_is_refused_by_name(document, named):
    with pytest.raises(CallInvalid, match=named):
        translate_call(RESPONSES, CHAT, document, Edits("m"))


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        (CHAT, {"top_k": 4}),
        (CHAT, {"thinking_tokens": 1000}),
        (CHAT, {"turns": (Turn("user", (Blob("video", "video/mp4", "AA"),)),)}),
        (CHAT, {"turns": (Turn("user", (ToolResult("c", "f", (Blob("image", url="u"),)),)),)}),
        (CHAT, {"turns": (Turn("assistant", (Blob("image", url="u"),)),)}),
        (RESPONSES, {"thinking_tokens": 1000}),
        (RESPONSES, {"choices": 2}),
        (RESPONSES, {"stop": ("x",)}),
        (RESPONSES, {"seed": 0}),
        (RESPONSES, {"presence_penalty": 1}),
        (RESPONSES, {"turns": (Turn("user", (Blob("audio", "audio/wav", "AA"),)),)}),
    ],
)
def test_a_prompt_that_a_dialect_cannot_say_is_refused(dialect, more):
    prompt = Prompt(**{"system": (), "turns": ()} | more)
    with pytest.raises(CallInvalid, match=dialect):
        TRANSLATORS[dialect].write_prompt(prompt, Edits("m"))


def test_hints_that_cannot_change_the_answer_are_left_out():
    document = message(
        metadata={"a": "b"},
        store=False,
        prompt_cache_key="k",
        safety_identifier="s",
        logprobs=False,
        service_tier="auto",
        verbosity="medium",
        modalities=["text"],
    )
    assert TRANSLATORS[CHAT].read_prompt(document) == TRANSLATORS[CHAT].read_prompt(message())


def test_a_conversation_is_not_translated_into_embeddings():
    with pytest.raises(CallInvalid, match="openai_embeddings"):
        translate_call(CHAT, Dialect.OPENAI_EMBEDDINGS, message(), Edits("m"))
