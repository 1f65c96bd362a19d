"""Chat and responses answer the same through the canonical form, as the official SDK reads it."""

import json

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Begin,
    Choice,
    ChoiceEnd,
    End,
    Reasoning,
    Reply,
    Text,
    TextDelta,
    ToolCall,
    ToolDelta,
)
from solvent.dialects.table import TRANSLATORS
from solvent.dialects.translate import translate_reply, translating_tap
from solvent.domain.call import Dialect
from solvent.domain.usage import Usage
from solvent.errors import UsageContradictory

CHAT, RESPONSES = Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES
BOTH = pytest.mark.parametrize("dialect", [CHAT, RESPONSES])
USAGE = Usage(input=10, cached_input=5, output=7, reasoning=3)

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


def chunks(*deltas):
    documents = [{"id": "c", "model": "m", "choices": [{"index": 0, "delta": one}]} for one in deltas]
    return "".join(f"data: {json.dumps(document)}\n\n" for document in documents).encode()


def test_tool_calls_that_a_provider_numbers_alike_are_told_apart_by_their_ids():
    first = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{"}}
    more = {"index": 0, "function": {"arguments": "}"}}
    second = {"id": "c2", "function": {"name": "g", "arguments": "{}"}}
    deltas = (
        TRANSLATORS[CHAT]
        .decoder()
        .feed(chunks({"tool_calls": [first]}, {"tool_calls": [more]}, {"tool_calls": [second]}))
    )
    assert deltas[1:] == [
        ToolDelta(0, 0, "{", id="c1", name="f"),
        ToolDelta(0, 0, "}"),
        ToolDelta(0, 1, "{}", id="c2", name="g"),
    ]


def test_an_opening_chunk_without_id_and_choices_does_not_begin_the_reply():
    azure = {"id": "", "model": "", "choices": [], "prompt_filter_results": []}
    raw = f"data: {json.dumps(azure)}\n\n".encode() + chunks({"content": "a"})
    assert TRANSLATORS[CHAT].decoder().feed(raw) == [Begin("c", "m"), TextDelta(0, "a")]


def test_thoughts_among_the_parts_of_a_content_stay_thoughts():
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "Yes"},
    ]
    reply = {"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}
    assert TRANSLATORS[CHAT].read_reply(reply).choices[0].parts == (Reasoning("hm"), Text("Yes"))
    assert TRANSLATORS[CHAT].facts(reply).written == ("Yes", "hm")
    deltas = TRANSLATORS[CHAT].decoder().feed(chunks({"content": content}))
    assert deltas[1:] == [TextDelta(0, "hm", "reasoning"), TextDelta(0, "Yes")]
    back = {"messages": [{"role": "assistant", "content": content}]}
    assert TRANSLATORS[CHAT].read_prompt(back).turns[0].parts == (Reasoning("hm"), Text("Yes"))


def test_thoughts_calls_and_refusals_that_take_turns_stay_in_their_order():
    deltas = [
        Begin("r", "m"),
        TextDelta(0, "one", "reasoning", "x:1"),
        ToolDelta(0, 0, "", id="c1", name="f"),
        TextDelta(0, "two", "reasoning"),
        ToolDelta(0, 0, "{}"),
        TextDelta(0, "I will not.", "refusal"),
        ChoiceEnd(0, "length"),
        End(USAGE),
    ]
    body = TRANSLATORS[RESPONSES].encoder(usage=True).write(deltas)
    with sdk(body, "text/event-stream").responses.stream(model="m", input="a") as stream:
        kinds = [event.type for event in stream]
    assert kinds[-1] == "response.incomplete"
    decoder = TRANSLATORS[RESPONSES].decoder()
    assert spoken(decoder.feed(body)) == spoken(deltas)
    added = [
        json.loads(line[6:]) for line in body.decode().splitlines() if '"response.output_item.added"' in line
    ]
    assert [event["item"]["type"] for event in added if "item" in event] == [
        "reasoning",
        "function_call",
        "reasoning",
        "message",
    ]
