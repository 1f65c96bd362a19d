"""Google's dialect: demands, edits and usage, with what a careless or hostile sender would write."""

import copy
import json

import pytest

from solvent.dialects.base import Edits, Finish
from solvent.dialects.google_generate import GoogleGenerate
from solvent.domain.call import Media, ServerTool
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, UsageContradictory

CODEC = GoogleGenerate()
CAMEL = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"text": "Hello"},
                {"inlineData": {"mimeType": "audio/wav", "data": "aGk_"}},
                {"fileData": {"fileUri": "https://x/y.pdf", "mimeType": "application/pdf"}},
            ],
        },
    ],
    "tools": [
        {
            "functionDeclarations": [
                {"name": "look", "parametersJsonSchema": {"type": "object"}},
                {"name": "go"},
            ]
        },
        {"googleSearch": {}, "urlContext": {}},
        {"codeExecution": {}},
        {"googleMaps": {}},
    ],
    "cachedContent": "cachedContents/1",
    "serviceTier": "PRIORITY",
    "generationConfig": {
        "maxOutputTokens": 100,
        "candidateCount": 2,
        "responseModalities": ["TEXT", "AUDIO", "IMAGE"],
        "thinkingConfig": {"thinkingBudget": 50},
    },
}
SNAKE = {
    "system_instruction": {"parts": {"text": "Be brief."}},
    "contents": {
        "role": "user",
        "parts": [
            {"text": "Hello"},
            {"inline_data": {"mime_type": "audio/wav", "data": "aGk_"}},
            {"file_data": {"file_uri": "https://x/y.pdf", "mime_type": "application/pdf"}},
        ],
    },
    "tools": [
        {
            "function_declarations": [
                {"name": "look", "parameters_json_schema": {"type": "object"}},
                {"name": "go"},
            ]
        },
        {"google_search": {}, "url_context": {}},
        {"code_execution": {}},
        {"google_maps": {}},
    ],
    "cached_content": "cachedContents/1",
    "service_tier": "priority",
    "generation_config": {
        "max_output_tokens": 100,
        "candidate_count": 2,
        "response_modalities": ["text", "audio", "image"],
        "thinking_config": {"thinking_budget": 50},
    },
}
USAGE = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 40,
    "promptTokensDetails": [
        {"modality": "TEXT", "tokenCount": 50},
        {"modality": "AUDIO", "tokenCount": 30},
        {"modality": "DOCUMENT", "tokenCount": 12},
        {"modality": "VIDEO", "tokenCount": 8},
    ],
    "cacheTokensDetails": [{"modality": "TEXT", "tokenCount": 25}, {"modality": "AUDIO", "tokenCount": 15}],
    "toolUsePromptTokenCount": 7,
    "candidatesTokenCount": 20,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 15}],
    "thoughtsTokenCount": 5,
    "totalTokenCount": 132,
    "serviceTier": "flex",
}
REPLY = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Yes."}]}, "finishReason": "STOP"}],
    "usageMetadata": USAGE,
    "modelVersion": "gemini-2.5-flash",
    "responseId": "r",
}


def event(**chunk):
    return f"data: {json.dumps(chunk)}\r\n\r\n".encode()


def said(text, index=0, **more):
    return {"content": {"parts": [{"text": text}], "role": "model"}, "index": index} | more


def changed(document, *path, to):
    """Return a copy of *document* with the value at *path* replaced."""
    copied = copy.deepcopy(document)
    inner = copied
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return copied


@pytest.mark.parametrize("call", [CAMEL, SNAKE], ids=["camelCase", "snake_case"])
def test_a_demand_holds_all_that_costs_in_either_spelling(call):
    demand = CODEC.demand(call, 1000)
    assert demand.text_bytes == 1000 - len("aGk_")
    assert (demand.messages, demand.tools, demand.output_limit, demand.choices) == (1, 2, 100, 2)
    assert demand.media == (Media("audio", 4), Media("document"))
    assert demand.server_tools == tuple(map(ServerTool, ("web_search", "fetch", "code", "other")))
    assert demand.remembered
    assert demand.audio_output
    assert demand.image_output
    assert demand.price_context == (("service_tier", "priority"),)


def test_pictures_in_the_results_of_functions_are_counted():
    picture = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
    result = {"functionResponse": {"name": "f", "response": {}, "parts": [picture]}}
    assert CODEC.demand({"contents": [{"parts": [result]}]}, 100).media == (Media("image", 4),)


def test_both_spellings_of_one_field_are_refused_because_only_one_can_hold():
    with pytest.raises(CallInvalid, match="given twice"):
        CODEC.demand(CAMEL | {"generation_config": {"max_output_tokens": 9000}}, 10)


def test_a_token_count_may_carry_the_call_inside():
    demand = CODEC.demand({"generateContentRequest": CAMEL | {"model": "models/gemini-x"}}, 1000)
    assert demand == CODEC.demand(CAMEL, 1000)
    edited = CODEC.edit({"generateContentRequest": CAMEL | {"model": "models/alias"}}, Edits("gemini-x"))
    assert edited["generateContentRequest"]["model"] == "models/gemini-x"
    assert CODEC.edit(edited, Edits("gemini-x")) is edited


@pytest.mark.parametrize(
    ("call", "limited"),
    [
        ({"contents": []}, {"contents": [], "generationConfig": {"maxOutputTokens": 9}}),
        (
            {"contents": [], "generation_config": {"max_output_tokens": 50}},
            {"contents": [], "generation_config": {"max_output_tokens": 9}},
        ),
        (
            {"contents": [], "generationConfig": {"max_output_tokens": 50, "topK": 1}},
            {"contents": [], "generationConfig": {"max_output_tokens": 9, "topK": 1}},
        ),
    ],
)
def test_a_limit_is_set_in_the_callers_own_spelling(call, limited):
    before = copy.deepcopy(call)
    assert CODEC.edit(call, Edits("any", output_limit=9)) == limited
    assert call == before


@pytest.mark.parametrize(
    ("path", "wrong", "field"),
    [
        (("contents",), None, "contents"),
        (("contents",), 7, "contents"),
        (("contents", 0, "parts"), 7, "contents[0].parts"),
        (("contents", 0, "parts", 1, "inlineData", "data"), 7, "contents[0].parts[1].inlineData.data"),
        (
            ("contents", 0, "parts", 1, "inlineData", "mimeType"),
            None,
            "contents[0].parts[1].inlineData.mimeType",
        ),
        (("generationConfig", "maxOutputTokens"), -1, "generationConfig.maxOutputTokens"),
        (("generationConfig", "maxOutputTokens"), "10", "generationConfig.maxOutputTokens"),
        (("generationConfig", "candidateCount"), 1.5, "generationConfig.candidateCount"),
        (("generationConfig",), "none", "generationConfig"),
        (("tools",), "googleSearch", "tools"),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(path, wrong, field):
    with pytest.raises(CallInvalid) as refused:
        CODEC.demand(changed(CAMEL, *path, to=wrong), 100)
    assert refused.value.message.startswith(field + " ")


def test_usage_falls_into_disjoint_buckets():
    facts = CODEC.facts(REPLY)
    assert facts.usage == Usage(
        input=50 - 25 + 7,
        input_audio=15,
        input_image=12,
        input_video=8,
        cached_input=25,
        cached_audio=15,
        output=5,
        reasoning=5,
        output_image=15,
    )
    assert facts.usage.total_tokens == USAGE["totalTokenCount"]
    assert facts.price_context == (("service_tier", "flex"),)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("promptTokenCount", -1),
        ("promptTokenCount", "100"),
        ("totalTokenCount", 131),
        ("candidatesTokenCount", 10),
        ("cachedContentTokenCount", 90),
        ("cachedContentTokenCount", 10),
        ("promptTokensDetails", {"TEXT": 1}),
    ],
)
def test_usage_that_cannot_be_is_contradictory(name, wrong):
    with pytest.raises(UsageContradictory):
        CODEC.facts(changed(REPLY, "usageMetadata", name, to=wrong))


@pytest.mark.parametrize("usage", [None, {}, {"trafficType": "ON_DEMAND"}])
def test_a_reply_without_counts_has_no_usage(usage):
    assert CODEC.facts(changed(REPLY, "usageMetadata", to=usage)).usage is None


@pytest.mark.parametrize(
    ("model", "queries", "billed"),
    [
        ("gemini-2.5-pro", ["a", "b"], 1),
        ("gemini-2.5-pro", [], 0),
        ("gemini-3-flash-preview", ["a", "b", "", "a"], 2),
        ("gemini-3-flash-preview", [""], 0),
        ("gemini-4", ["a"], 1),
    ],
)
def test_searches_are_counted_as_google_bills_them(model, queries, billed):
    grounded = changed(REPLY, "candidates", 0, "groundingMetadata", to={"webSearchQueries": queries})
    assert CODEC.facts(grounded | {"modelVersion": model}).usage.web_searches == billed


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("STOP", Finish.STOP),
        ("MAX_TOKENS", Finish.LENGTH),
        ("SAFETY", Finish.REFUSED),
        ("PROHIBITED_CONTENT", Finish.REFUSED),
        ("MALFORMED_FUNCTION_CALL", Finish.OTHER),
        (None, None),
    ],
)
def test_a_finish_reason_is_understood(reason, finish):
    assert CODEC.facts(changed(REPLY, "candidates", 0, "finishReason", to=reason)).finish is finish


def test_a_blocked_prompt_is_a_whole_refused_reply():
    reply = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}
    facts = CODEC.facts(reply)
    assert (facts.finish, facts.complete, facts.usage) == (Finish.REFUSED, True, Usage(input=4))
    tap = CODEC.tap()
    tap.feed(event(**reply))
    assert (tap.facts().finish, tap.facts().complete) == (Finish.REFUSED, True)


def test_a_token_count_tells_its_number_and_no_usage():
    assert CODEC.count({"totalTokens": 31}) == 31
    assert CODEC.facts({"totalTokens": 31}).usage is None
    with pytest.raises(UsageContradictory):
        CODEC.count({})


def test_a_stream_is_complete_when_every_candidate_has_ended():
    tap = CODEC.tap()
    tap.feed(event(candidates=[said("a"), said("b", 1)]))
    tap.feed(event(candidates=[said("", 1, finishReason="STOP")]))
    assert not tap.facts().complete
    tap.feed(event(candidates=[said("", finishReason="MAX_TOKENS")], usageMetadata={"promptTokenCount": 1}))
    assert tap.facts().complete
    assert tap.facts().finish is Finish.LENGTH
    assert tap.facts().written == ("a", "b")


def test_an_error_in_a_stream_ends_it_as_an_error():
    tap = CODEC.tap()
    tap.feed(event(candidates=[said("a")]))
    tap.feed(event(error={"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}))
    assert tap.facts().error["error"]["code"] == 503
    assert not tap.facts().complete


def test_a_stream_passes_though_its_usage_is_doubted():
    tap = CODEC.tap()
    stream = event(candidates=[said("a", finishReason="STOP")], usageMetadata={"promptTokenCount": -4})
    assert tap.feed(stream) == stream
    facts = tap.facts()
    assert (facts.usage, facts.complete) == (None, True)
    assert "promptTokenCount" in facts.doubt


def test_a_chunk_without_end_is_given_up():
    tap = CODEC.tap()
    tap.feed(b'[{"x": "')
    with pytest.raises(UsageContradictory, match="more than"):
        tap.feed(b"a" * (16 * 2**20))


def test_brackets_and_commas_in_strings_do_not_cut_an_array():
    text = 'a "quoted" ],}{[ \\ end'
    chunks = [{"candidates": [said(text)]}, {"candidates": [said(text, finishReason="STOP")]}]
    stream = json.dumps(chunks).encode()
    for size in (1, 3, len(stream)):
        tap = CODEC.tap()
        for at in range(0, len(stream), size):
            assert not tap.facts().complete
            tap.feed(stream[at : at + size])
        assert tap.facts().complete
        assert tap.facts().written == (text * 2,)


def test_nothing_but_blanks_is_no_stream():
    tap = CODEC.tap()
    assert tap.feed(b" \r\n") == b" \r\n"
    tap.end()
    assert not tap.facts().complete
