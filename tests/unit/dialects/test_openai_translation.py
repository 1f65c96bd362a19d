"""Chat and responses say the same through the canonical form, as the official SDK reads it; or refuse by name."""

import json

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Begin,
    Blob,
    Choice,
    ChoiceEnd,
    End,
    Format,
    Prompt,
    Reasoning,
    Refusal,
    Reply,
    Text,
    TextDelta,
    Tool,
    ToolCall,
    ToolChoice,
    ToolDelta,
    ToolResult,
    Turn,
)
from solvent.dialects.table import TRANSLATORS
from solvent.dialects.translate import translate_call, translate_reply, translating_tap
from solvent.domain.call import Dialect
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

CHAT, RESPONSES = Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES
BOTH = pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
USAGE = Usage(input=10, cached_input=5, output=7, reasoning=3)

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

REPLY = Reply(
    "r1",
    "model-x",
    (
        Choice(
            (
                Reasoning("thinking", "anthropic_messages:proof"),
                Text("Hello"),
                ToolCall("c1", "f", '{"a":1}'),
            ),
            "tool",
        ),
    ),
    USAGE,
    1700000000,
)

DELTAS = [
    Begin("r1", "model-x", 1700000000),
    TextDelta(0, "think", "reasoning"),
    TextDelta(0, "ing", "reasoning"),
    TextDelta(0, "", "reasoning", "anthropic_messages:proof"),
    TextDelta(0, "Hel"),
    TextDelta(0, "lo"),
    ToolDelta(0, 0, "", id="c1", name="f"),
    ToolDelta(0, 0, '{"a"'),
    ToolDelta(0, 0, ":1}"),
    ToolDelta(0, 1, "{}", id="c2", name="g"),
    ChoiceEnd(0, "tool"),
    End(USAGE),
]


def sdk(body, content_type):
    """Return an official client whose provider answers *body*."""

    def answer(_request):
        return httpx2.Response(200, content=body, headers={"content-type": content_type})

    return openai.OpenAI(
        api_key="k",
        base_url="http://provider.test/v1",
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        max_retries=0,
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


@BOTH
def test_a_reply_is_read_as_it_was_written(dialect):
    translator = TRANSLATORS[dialect]
    assert translator.read_reply(translator.write_reply(REPLY)) == REPLY


def test_a_chat_reply_is_what_the_official_client_expects():
    body = json.dumps(TRANSLATORS[CHAT].write_reply(REPLY))
    ChatCompletion.model_validate_json(body, strict=True)
    reply = sdk(body.encode(), "application/json").chat.completions.create(model="m", messages=[])
    assert reply.choices[0].message.content == "Hello"
    assert reply.choices[0].message.tool_calls[0].function.arguments == '{"a":1}'
    assert reply.choices[0].finish_reason == "tool_calls"
    assert reply.usage.prompt_tokens_details.cached_tokens == 5
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (15, 10)


def test_a_response_is_what_the_official_client_expects():
    body = json.dumps(TRANSLATORS[RESPONSES].write_reply(REPLY))
    Response.model_validate_json(body, strict=True)
    reply = sdk(body.encode(), "application/json").responses.create(model="m", input="a")
    assert reply.output_text == "Hello"
    assert [item.type for item in reply.output] == ["reasoning", "message", "function_call"]
    assert reply.status == "completed"
    assert reply.usage.output_tokens_details.reasoning_tokens == 3


@pytest.mark.parametrize(
    ("finish", "reason"), [("length", "max_output_tokens"), ("refused", "content_filter")]
)
def test_a_response_that_was_cut_off_says_why(finish, reason):
    document = TRANSLATORS[RESPONSES].write_reply(Reply("r", "m", (Choice((Text("a"),), finish),), USAGE))
    assert (document["status"], document["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert TRANSLATORS[RESPONSES].read_reply(document).choices[0].finish == finish


def test_an_answer_that_responses_cannot_show_is_an_error_and_not_cut():
    two = Reply("r", "m", (Choice((), "stop"), Choice((), "stop")), USAGE)
    with pytest.raises(UsageContradictory, match="choice"):
        TRANSLATORS[RESPONSES].write_reply(two)


def test_a_chat_stream_is_what_the_official_client_expects():
    body = TRANSLATORS[CHAT].encoder(usage=True).write(DELTAS)
    with sdk(body, "text/event-stream").chat.completions.stream(
        model="m", messages=[], stream_options={"include_usage": True}
    ) as stream:
        final = stream.get_final_completion()
    said_last = final.choices[0].message
    assert said_last.content == "Hello"
    assert [call.function.arguments for call in said_last.tool_calls] == ['{"a":1}', "{}"]
    assert (final.usage.prompt_tokens, final.usage.completion_tokens) == (15, 10)


def test_a_response_stream_is_what_the_official_client_expects():
    body = TRANSLATORS[RESPONSES].encoder(usage=True).write(DELTAS)
    with sdk(body, "text/event-stream").responses.stream(model="m", input="a") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == "Hello"
    assert [item.type for item in final.output] == [
        "reasoning",
        "message",
        "function_call",
        "function_call",
    ]
    assert [item.arguments for item in final.output[2:]] == ['{"a":1}', "{}"]
    assert [event.sequence_number for event in events if hasattr(event, "sequence_number")]
    assert final.usage.input_tokens == 15


@BOTH
def test_a_stream_that_is_written_is_read_as_the_same_words(dialect):
    translator = TRANSLATORS[dialect]
    raw, decoder = translator.encoder(usage=True).write(DELTAS), translator.decoder()
    read = [delta for at in range(0, len(raw), 11) for delta in decoder.feed(raw[at : at + 11])]
    assert spoken(read) == spoken(DELTAS)
    assert (read[0], read[-2:]) == (DELTAS[0], DELTAS[-2:])
    assert decoder.facts().complete


def spoken(deltas):
    """Return all words by channel, whatever pieces they came in."""
    words = {}
    for delta in deltas:
        if isinstance(delta, TextDelta):
            words[delta.kind] = words.get(delta.kind, "") + delta.text
            words["proof"] = words.get("proof", "") + delta.signature
        elif isinstance(delta, ToolDelta):
            words[delta.index] = words.get(delta.index, "") + delta.id + delta.name + delta.arguments
    return words


def test_usage_is_shown_in_a_chat_stream_only_to_who_asked():
    assert b"usage" not in TRANSLATORS[CHAT].encoder(usage=False).write(DELTAS)


@pytest.mark.parametrize(("source", "target"), [(CHAT, RESPONSES), (RESPONSES, CHAT)])
def test_a_translated_stream_cut_at_any_byte_shows_no_end(source, target):
    raw = TRANSLATORS[source].encoder(usage=True).write(DELTAS)
    tap = translating_tap(source, target, usage=True)
    seen = b""
    for at in range(len(raw) - 1):
        seen += tap.feed(raw[at : at + 1])
        assert b"[DONE]" not in seen
        assert b"response.completed" not in seen
        assert not tap.facts().complete
    assert tap.end() == b""
    last = tap.feed(raw[-1:])
    assert b"[DONE]" in last or b"response.completed" in last
    assert tap.facts().usage == USAGE


@pytest.mark.parametrize(("source", "target"), [(CHAT, RESPONSES), (RESPONSES, CHAT)])
def test_an_error_in_a_stream_is_told_and_never_shown_as_an_end(source, target):
    raw = TRANSLATORS[source].encoder(usage=True).write(DELTAS[:-2])
    raw += b'event: error\ndata: {"type":"error","error":{"message":"no"}}\n\ndata: [DONE]\n\n'
    tap = translating_tap(source, target, usage=True)
    seen = tap.feed(raw) + tap.end()
    assert tap.facts().error == {"error": {"message": "no"}}
    assert b"[DONE]" not in seen
    assert b"response.completed" not in seen


def test_a_thoughts_proof_comes_back_to_its_own_provider_through_a_client_of_another_dialect():
    for dialect in (CHAT, RESPONSES):
        translator = TRANSLATORS[dialect]
        shown = translator.write_reply(REPLY)
        back = (
            {"messages": [shown["choices"][0]["message"]]} if dialect is CHAT else {"input": shown["output"]}
        )
        assert translator.read_prompt(back).turns[0].parts[0] == REPLY.choices[0].parts[0]
        other = RESPONSES if dialect is CHAT else CHAT
        assert "proof" not in json.dumps(
            TRANSLATORS[other].write_prompt(translator.read_prompt(back), Edits("m"))
        )


def test_a_reply_passes_from_responses_to_chat():
    chat = translate_reply(RESPONSES, CHAT, TRANSLATORS[RESPONSES].write_reply(REPLY))
    assert chat["choices"][0]["message"]["content"] == "Hello"
    assert chat["usage"]["total_tokens"] == USAGE.total_tokens


def test_a_conversation_is_not_translated_into_embeddings():
    with pytest.raises(CallInvalid, match="openai_embeddings"):
        translate_call(CHAT, Dialect.OPENAI_EMBEDDINGS, message(), Edits("m"))
