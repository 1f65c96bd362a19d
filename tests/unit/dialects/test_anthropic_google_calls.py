"""What calls become in Anthropic's and Google's dialects, field by field, and what is refused by name."""

import base64

import anthropic.types
import pytest
from google.genai import types
from pydantic import TypeAdapter

from solvent.dialects.anthropic_messages import AnthropicMessages
from solvent.dialects.base import Edits
from solvent.dialects.canonical import (
    Blob,
    Choice,
    Format,
    Prompt,
    Reasoning,
    Reply,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from solvent.dialects.google_generate import GoogleGenerate
from solvent.domain.usage import NO_USAGE
from solvent.errors import CallInvalid

ANTHROPIC, GOOGLE = AnthropicMessages(), GoogleGenerate()
HELLO = Turn("user", (Text("Hello"),))
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}}


def anthropic_call(*turns, model="claude", **fields):
    """Return the call in Anthropic's dialect, checked by its SDK's own type."""
    document = ANTHROPIC.write_prompt(
        Prompt((), turns or (HELLO,), **fields), Edits(model, output_limit=4000)
    )
    TypeAdapter(anthropic.types.MessageCreateParams).validate_python(document)
    return document


def google_call(*turns, model="gemini-3-pro", **fields):
    """Return the call in Google's dialect, checked by its SDK's own types."""
    document = GOOGLE.write_prompt(Prompt((), turns or (HELLO,), **fields), Edits(model, output_limit=4000))
    for content in document["contents"]:
        types.Content.model_validate(content)
    types.GenerationConfig.model_validate(document["generationConfig"])
    for tool in document.get("tools", ()):
        types.Tool.model_validate(tool)
    return document


def test_results_of_tools_come_first_and_sides_alternate():
    turns = (
        HELLO,
        Turn("assistant", (ToolCall("a/1", "look", ""), ToolCall("b", "look", "{}"))),
        Turn("user", (Text("and then"),)),
        Turn("user", (ToolResult("a/1", "look", (Text("seen"),)), ToolResult("b", "look", (), failed=True))),
    )
    messages = anthropic_call(*turns)["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [block["type"] for block in messages[2]["content"]] == ["tool_result", "tool_result", "text"]
    assert messages[1]["content"][0]["id"] == messages[2]["content"][0]["tool_use_id"] == "a_1"
    assert messages[2]["content"][1]["is_error"]
    contents = google_call(*turns)["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    kinds = [kind for part in contents[2]["parts"] for kind in part]
    assert kinds == ["functionResponse", "functionResponse", "text"]
    assert contents[2]["parts"][0]["functionResponse"]["response"] == {"output": "seen"}
    assert contents[2]["parts"][1]["functionResponse"]["response"] == {"error": ""}


def test_what_a_tool_answered_in_json_is_an_object_for_google():
    turns = (
        HELLO,
        Turn("assistant", (ToolCall("a", "f", ""),)),
        Turn("user", (ToolResult("a", "f", (Text('{"x":1}'),)),)),
    )
    assert google_call(*turns)["contents"][2]["parts"][0]["functionResponse"]["response"] == {"x": 1}


def test_empty_words_are_left_out_for_anthropic_which_refuses_them():
    turns = (HELLO, Turn("assistant", (Text(""),)), Turn("user", (Text("Again"),)))
    assert [message["content"][0]["text"] for message in anthropic_call(*turns)["messages"]] == [
        "Hello",
        "Again",
    ]


@pytest.mark.parametrize("write", [anthropic_call, google_call])
def test_a_conversation_without_words_is_refused(write):
    with pytest.raises(CallInvalid, match="empty"):
        write(Turn("user", ()))


@pytest.mark.parametrize(
    ("fields", "thinking", "config"),
    [
        ({}, None, None),
        ({"effort": "high"}, {"type": "adaptive"}, {"effort": "high"}),
        ({"effort": "minimal"}, {"type": "adaptive"}, {"effort": "low"}),
        ({"effort": "none"}, {"type": "disabled"}, None),
        ({"thinking_tokens": 0}, {"type": "disabled"}, None),
        ({"thinking_tokens": 2000}, {"type": "enabled", "budget_tokens": 2000}, None),
        ({"thinking_tokens": 9000}, {"type": "enabled", "budget_tokens": 3999}, None),
        (
            {"format": Format("schema", schema=SCHEMA)},
            None,
            {"format": {"type": "json_schema", "schema": SCHEMA}},
        ),
    ],
)
def test_thinking_and_form_are_said_in_anthropics_words(fields, thinking, config):
    document = anthropic_call(**fields)
    assert document.get("thinking") == thinking
    assert document.get("output_config") == config


@pytest.mark.parametrize(
    ("model", "fields", "thinking"),
    [
        ("gemini-3-pro", {"effort": "low"}, {"thinkingLevel": "low", "includeThoughts": True}),
        ("gemini-2.5-pro", {"effort": "low"}, {"thinkingBudget": 1024, "includeThoughts": True}),
        ("gemini-3-pro", {"effort": "none"}, {"thinkingBudget": 0}),
        ("gemini-3-pro", {"thinking_tokens": 500}, {"thinkingBudget": 500, "includeThoughts": True}),
        ("gemini-3-pro", {}, None),
    ],
)
def test_thinking_is_said_in_googles_words(model, fields, thinking):
    assert google_call(model=model, **fields)["generationConfig"].get("thinkingConfig") == thinking


def test_google_gets_schemas_as_json_schema():
    tool = Tool("look", "sees", SCHEMA)
    document = google_call(tools=(tool,), format=Format("schema", schema=SCHEMA))
    declaration = document["tools"][0]["functionDeclarations"][0]
    assert declaration == {"name": "look", "description": "sees", "parametersJsonSchema": SCHEMA}
    assert document["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert document["generationConfig"]["responseMimeType"] == "application/json"


@pytest.mark.parametrize(
    ("choice", "strict", "said"),
    [
        (None, None, None),
        (None, True, {"mode": "VALIDATED"}),
        (ToolChoice("required"), True, {"mode": "ANY"}),
        (ToolChoice("one", "look"), None, {"mode": "ANY", "allowedFunctionNames": ["look"]}),
        (ToolChoice("none"), None, {"mode": "NONE"}),
    ],
)
def test_the_choice_of_tools_is_said_in_googles_words(choice, strict, said):
    document = google_call(tools=(Tool("look", "", SCHEMA, strict),), tool_choice=choice)
    assert document.get("toolConfig", {}).get("functionCallingConfig") == said


def test_the_choice_of_tools_is_said_in_anthropics_words():
    document = anthropic_call(tools=(Tool("look"),), tool_choice=ToolChoice("one", "look", parallel=False))
    assert document["tool_choice"] == {"type": "tool", "name": "look", "disable_parallel_tool_use": True}
    assert document["tools"][0]["input_schema"]["type"] == "object"


def test_a_call_that_gemini_3_did_not_make_says_so_in_place_of_a_signature():
    turns = (HELLO, Turn("assistant", (ToolCall("a", "f", ""), ToolCall("b", "f", ""))), HELLO)
    first, second = google_call(*turns)["contents"][1]["parts"]
    assert first["thoughtSignature"] == "skip_thought_signature_validator"
    assert "thoughtSignature" not in second
    assert "thoughtSignature" not in google_call(*turns, model="gemini-2.5-pro")["contents"][1]["parts"][0]


def test_a_signature_of_googles_goes_to_the_call_that_follows():
    signed = Reasoning("", "google_generate:c2ln")
    parts = google_call(HELLO, Turn("assistant", (signed, Text("I look."), ToolCall("a", "f", ""))), HELLO)
    told = parts["contents"][1]["parts"]
    assert told[0] == {"text": "I look."}
    assert told[1]["thoughtSignature"] == "c2ln"
    last = google_call(HELLO, Turn("assistant", (Text("Yes."), signed)), HELLO)["contents"][1]["parts"][-1]
    assert last == {"text": "", "thoughtSignature": "c2ln"}


def test_a_redacted_thought_keeps_its_data():
    block = {"type": "redacted_thinking", "data": "c2VjcmV0"}
    call = {
        "model": "c",
        "max_tokens": 9,
        "messages": [{"role": "assistant", "content": [block]}, {"role": "user", "content": "x"}],
    }
    prompt = ANTHROPIC.read_prompt(call)
    assert ANTHROPIC.write_prompt(prompt, Edits("c"))["messages"][0]["content"] == [block]
    assert "c2VjcmV0" not in str(GOOGLE.write_prompt(prompt, Edits("g")))


def test_documents_cross_with_their_titles_and_words():
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}
    text = {"type": "text", "media_type": "text/plain", "data": "plain"}
    content = [
        {"type": "document", "title": "A", "context": "of old", "source": pdf},
        {"type": "document", "title": "B", "source": text},
        {"type": "document", "source": {"type": "url", "url": "https://x/y.pdf"}},
    ]
    prompt = ANTHROPIC.read_prompt({"messages": [{"role": "user", "content": content}]})
    assert prompt.turns[0].parts == (
        Text("of old"),
        Blob("document", "application/pdf", "JVBERg==", name="A"),
        Text("B"),
        Text("plain"),
        Blob("document", "application/pdf", url="https://x/y.pdf"),
    )
    parts = GOOGLE.write_prompt(prompt, Edits("gemini"))["contents"][0]["parts"]
    assert parts[1] == {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}}
    assert parts[4] == {"fileData": {"fileUri": "https://x/y.pdf", "mimeType": "application/pdf"}}


def test_a_plain_text_file_is_words_for_anthropic():
    blob = Blob("document", "text/plain", base64.b64encode("größe".encode()).decode())
    block = anthropic_call(Turn("user", (blob,)))["messages"][0]["content"][0]
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "größe"}
    with pytest.raises(CallInvalid, match="base64"):
        anthropic_call(Turn("user", (Blob("document", "text/plain", "!"),)))


def test_googles_own_schemas_become_json_schema():
    parameters = {
        "type": "OBJECT",
        "propertyOrdering": ["at", "n"],
        "required": ["at"],
        "properties": {
            "at": {"type": "STRING", "nullable": True, "format": "enum", "enum": ["a", "b"]},
            "n": {
                "any_of": [
                    {"type": "INTEGER", "format": "int32"},
                    {"type": "ARRAY", "minItems": "2", "items": {"type": "NUMBER"}},
                ]
            },
        },
    }
    call = {"contents": "Hello", "tools": {"function_declarations": {"name": "f", "parameters": parameters}}}
    assert GOOGLE.read_prompt(call).tools[0].schema == {
        "type": "object",
        "required": ["at"],
        "properties": {
            "at": {"type": ["string", "null"], "enum": ["a", "b"]},
            "n": {
                "anyOf": [{"type": "integer"}, {"type": "array", "minItems": 2, "items": {"type": "number"}}]
            },
        },
    }


def test_calls_without_ids_get_stable_ones_and_results_find_them():
    call = {"functionCall": {"name": "f"}}
    answer = {"functionResponse": {"name": "f", "response": {"result": "r"}}}
    contents = [{"role": "model", "parts": [call, call]}, {"role": "user", "parts": [answer, answer]}]
    said, answered = GOOGLE.read_prompt({"contents": contents}).turns
    assert [part.id for part in said.parts] == [part.id for part in answered.parts] == ["call_0", "call_1"]
    with pytest.raises(CallInvalid, match="answers no functionCall"):
        GOOGLE.read_prompt({"contents": [{"role": "user", "parts": [answer]}]})


def test_a_result_without_its_call_is_refused():
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "x"}
    with pytest.raises(CallInvalid, match="answers no tool_use"):
        ANTHROPIC.read_prompt({"messages": [{"role": "user", "content": [result]}]})


def test_arguments_that_a_model_left_unfinished_are_shown_as_they_are():
    reply = Reply("r", "m", (Choice((ToolCall("a", "f", '{"at": "ha'),), "length"),), NO_USAGE)
    assert ANTHROPIC.write_reply(reply)["content"][0]["input"] == {"INVALID_JSON": '{"at": "ha'}
    parts = GOOGLE.write_reply(reply)["candidates"][0]["content"]["parts"]
    assert parts[0]["functionCall"]["args"] == {"INVALID_JSON": '{"at": "ha'}


@pytest.mark.parametrize("write", [anthropic_call, google_call])
@pytest.mark.parametrize("made", ["{", "[1]", '"x"'])
def test_arguments_that_a_caller_sends_back_broken_are_refused(write, made):
    with pytest.raises(CallInvalid, match="not a JSON object"):
        write(HELLO, Turn("assistant", (ToolCall("a", "f", made),)), HELLO)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"container": "c"}, "container"),
        ({"inference_geo": "us"}, "inference_geo"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"messages": [{"role": "assistant", "content": "I"}]}, "messages[0]"),
        ({"messages": [{"role": "system", "content": "I"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "search_result"}]}]},
            "messages[0].content[0].type",
        ),
        ({"thinking": {"type": "between_tools"}}, "thinking.type"),
        ({"output_config": {"task_budget": {"total": 5}}}, "output_config.task_budget"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_what_only_anthropic_understands_is_refused_by_name(extra, words):
    with pytest.raises(CallInvalid) as refused:
        ANTHROPIC.read_prompt({"messages": [{"role": "user", "content": "x"}]} | extra)
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
        (
            {"safetySettings": [{"category": "X", "threshold": "BLOCK_LOW_AND_ABOVE"}]},
            "safetySettings[0].threshold",
        ),
        ({"generationConfig": {"responseModalities": ["IMAGE"]}}, "generationConfig.responseModalities"),
        ({"generationConfig": {"speechConfig": {}}}, "generationConfig.speechConfig"),
        ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "generationConfig.responseMimeType"),
        ({"contents": [{"parts": [{"executableCode": {}}]}]}, "contents[0].parts[0].executableCode"),
        (
            {"contents": [{"parts": [{"fileData": {"fileUri": "gs://b/f"}}]}]},
            "parts[0].fileData.fileUri",
        ),
        ({"contents": [{"role": "tool", "parts": []}]}, "contents[0].role"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_what_only_google_understands_is_refused_by_name(extra, words):
    with pytest.raises(CallInvalid) as refused:
        GOOGLE.read_prompt({"contents": [{"parts": [{"text": "x"}]}]} | extra)
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("write", "fields", "words"),
    [
        (anthropic_call, {"seed": 1}, "a seed"),
        (anthropic_call, {"choices": 2}, "more than one answer"),
        (anthropic_call, {"presence_penalty": 0.5}, "penalty"),
        (anthropic_call, {"temperature": 1.5}, "temperature of 1.5"),
        (anthropic_call, {"format": Format("json")}, "without a schema"),
        (anthropic_call, {"thinking_tokens": 100}, "thinking budget of 100"),
        (google_call, {"effort": "xhigh"}, "effort of 'xhigh'"),
        (
            google_call,
            {"tools": (Tool("f"),), "tool_choice": ToolChoice(parallel=False)},
            "one tool call",
        ),
    ],
)
def test_what_a_provider_cannot_be_told_is_refused_by_name(write, fields, words):
    with pytest.raises(CallInvalid) as refused:
        write(**fields)
    assert words in refused.value.message
    assert "leave it out" in refused.value.message


def test_sound_and_film_are_for_google_alone():
    sound = Blob("audio", "audio/wav", "aGk=")
    assert (
        google_call(Turn("user", (sound,)))["contents"][0]["parts"][0]["inlineData"]["mimeType"]
        == "audio/wav"
    )
    with pytest.raises(CallInvalid, match="audio of type audio/wav"):
        anthropic_call(Turn("user", (sound,)))
