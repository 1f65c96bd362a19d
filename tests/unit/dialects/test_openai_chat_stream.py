"""A chat stream passes byte for byte, without what only solvent asked for, and is complete only at its end."""

import json

import pytest

from solvent.dialects.base import Finish
from solvent.dialects.openai_chat.codec import OpenAIChat
from solvent.domain.usage import Usage
from solvent.errors import UsageContradictory

codec = OpenAIChat()
USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


def chunk(delta=None, finish=None, index=0, **more):
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"} | (
        {"choices": [choice]} | more
    )


def stream(*documents, done=True):
    lines = [f"data: {json.dumps(document, separators=(',', ':'))}\n\n" for document in documents]
    return ("".join(lines) + ("data: [DONE]\n\n" if done else "")).encode()


def passed(raw, size=10**9, *, hide_usage=False):
    tap = codec.tap(hide_usage=hide_usage)
    seen = b"".join(tap.feed(raw[at : at + size]) for at in range(0, len(raw), size)) + tap.end()
    return seen, tap.facts()


ANSWER = stream(
    chunk({"role": "assistant", "content": ""}, usage=None),
    chunk({"content": 'say ,"usage":null or not'}, usage=None),
    chunk({}, "stop", usage=None),
    chunk(usage=USAGE) | {"choices": []},
)
SHOWN = stream(
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": 'say ,"usage":null or not'}),
    chunk({}, "stop"),
)


def test_bytes_pass_at_once_and_unchanged_when_nothing_is_hidden():
    tap = codec.tap()
    for at in range(len(ANSWER)):
        piece = ANSWER[at : at + 1]
        assert tap.feed(piece) == piece
    assert tap.end() == b""


@pytest.mark.parametrize("size", [1, 3, 50, 10**6])
def test_only_what_solvent_asked_for_is_hidden(size):
    seen, facts = passed(ANSWER, size, hide_usage=True)
    assert seen == SHOWN
    assert facts.usage == Usage(input=10, output=2)
    assert facts.complete


def test_null_usage_is_cut_out_wherever_it_stands():
    raw = b'data: {"usage": null, "id":"c", "choices":[] }\n\n:x\n\ndata: {"choices":[],"usage" : null}\n\n'
    assert passed(raw, hide_usage=True)[0] == (
        b'data: {"id":"c", "choices":[] }\n\n:x\n\ndata: {"choices":[]}\n\n'
    )


def test_only_the_outer_null_usage_is_cut_when_an_inner_one_looks_like_it():
    raw = stream(chunk({"usage": None, "content": "a"}, usage=None), done=False)
    assert json.loads(passed(raw, hide_usage=True)[0][6:]) == chunk({"usage": None, "content": "a"})


def test_a_chunk_that_says_more_than_usage_is_not_hidden():
    raw = stream(chunk(usage=USAGE, moderation={"flagged": False}) | {"choices": []})
    assert passed(raw, hide_usage=True)[0] == raw


def test_usage_that_comes_with_a_choice_is_the_providers_own_habit_and_stays():
    raw = stream(chunk({}, "stop", usage=USAGE))
    seen, facts = passed(raw, hide_usage=True)
    assert seen == raw
    assert facts.usage == Usage(input=10, output=2)


def test_usage_that_only_groqs_own_field_carries_is_read():
    facts = passed(stream(chunk({}, "stop", x_groq={"id": "r", "usage": USAGE})))[1]
    assert facts.usage == Usage(input=10, output=2)


def test_the_last_of_several_usages_counts():
    grown = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    facts = passed(stream(chunk({"content": "a"}, usage=USAGE), chunk({}, "stop", usage=grown)))[1]
    assert facts.usage == Usage(input=10, output=5)


@pytest.mark.parametrize("hide_usage", [False, True])
def test_a_stream_cut_at_any_byte_is_never_complete_nor_shows_an_end(hide_usage):
    for cut in range(len(ANSWER)):
        seen, facts = passed(ANSWER[:cut], hide_usage=hide_usage)
        assert not facts.complete
        assert b"data: [DONE]\n\n" not in seen


def test_an_end_mark_before_every_choice_has_ended_is_no_end():
    raw = stream(chunk({"content": "a"}, "stop"), chunk({"content": "b"}, index=1))
    assert not passed(raw)[1].complete
    assert passed(stream(chunk({}, "stop"), chunk({}, "length", index=1)))[1].complete


def test_an_end_mark_alone_is_no_answer():
    assert not passed(b"data: [DONE]\n\n")[1].complete


def test_an_error_event_is_told_and_the_stream_is_not_complete():
    raw = stream(chunk({"content": "a"}), done=False) + b'event: error\ndata: {"error":{"code":"x"}}\n\n'
    facts = passed(raw)[1]
    assert facts.error == {"error": {"code": "x"}}
    assert (facts.complete, facts.usage) == (False, None)


def test_an_error_event_of_unknown_shape_is_an_error_too():
    assert passed(b'event: error\ndata: {"message":"no"}\n\n')[1].error == {"error": {"message": "no"}}


def test_an_error_in_groqs_own_field_is_told():
    raw = stream(chunk({"content": "a"}, x_groq={"id": "r", "error": "over capacity"}))
    assert passed(raw)[1].error == {"error": "over capacity"}


def test_what_was_written_is_told_by_channel():
    raw = stream(
        chunk({"reasoning_content": "let me "}),
        chunk({"reasoning_content": "see"}),
        chunk({"content": "He"}),
        chunk({"content": "llo"}),
        chunk({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"a'}}]}),
        chunk({"tool_calls": [{"index": 0, "function": {"arguments": '":1}'}}]}),
        done=False,
    )
    assert passed(raw)[1].written == ("let me see", "Hello", 'f{"a":1}')


def test_usage_that_does_not_add_up_is_doubted_while_the_bytes_pass():
    raw = stream(chunk({}, "stop"), chunk(usage=USAGE | {"total_tokens": 99}) | {"choices": []})
    seen, facts = passed(raw)
    assert seen == raw
    assert facts.usage is None
    assert "99" in facts.doubt


def test_the_service_tier_and_the_reason_to_stop_are_told():
    facts = passed(stream(chunk({}, "length", service_tier="priority")))[1]
    assert facts.price_context == (("service_tier", "priority"),)
    assert facts.finish is Finish.LENGTH


@pytest.mark.parametrize("raw", [b"data: {broken\n\n", b"data: 7\n\n", b'data: "x"\n\n'])
def test_an_event_that_is_no_chunk_is_refused(raw):
    with pytest.raises(UsageContradictory):
        codec.tap().feed(raw)


def test_nothing_after_the_end_mark_counts():
    late = chunk(usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
    facts = passed(ANSWER + stream(late, done=False))[1]
    assert facts.usage == Usage(input=10, output=2)


def test_a_whole_reply_that_is_an_error_is_told_as_one():
    facts = codec.facts({"error": {"message": "no"}, "user_id": "u"})
    assert facts.error == {"error": {"message": "no"}}


@pytest.mark.parametrize(
    "document",
    [{}, {"choices": None}, {"choices": [None, 3]}, {"choices": [{"message": []}]}, {"model": 3, "id": []}],
)
def test_a_whole_reply_of_any_shape_is_read_without_a_guess(document):
    assert codec.facts(document).usage is None
