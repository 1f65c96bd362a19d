"""Anthropic's own SDK with one line changed: messages, counts, its stream helper, and other providers' models."""

import anthropic
import pytest
from anthropic.lib.streaming import TextEvent
from pydantic import BaseModel

from solvent.domain.entry import Certainty

EVERYONE = ("anthropic/claude-sonnet-4-5", "openai/gpt-4o-mini", "google/gemini-2.5-flash")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
FIND = {
    "name": "find",
    "description": "Find a thing",
    "input_schema": {
        "type": "object",
        "properties": {"value": {"type": "string"}},
        "required": ["value"],
    },
}


class City(BaseModel):
    name: str
    people: int


def said(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_message_says_the_same_whole_streamed_and_through_the_helper(gateway, clients, model):
    ask = {"model": model, "max_tokens": 50, "messages": said("Speak. [[sim input=40 output=12]]")}
    whole = await clients.anthropic.messages.create(**ask)
    async with clients.anthropic.messages.stream(**ask) as events:
        text = "".join([event.text async for event in events if isinstance(event, TextEvent)])
        helped = await events.get_final_message()
    raw = [event async for event in await clients.anthropic.messages.create(**ask, stream=True)]
    assert whole.content[0].text == text == helped.content[0].text != ""
    assert (raw[0].type, raw[-1].type) == ("message_start", "message_stop")
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (40, 12)
    assert helped.usage.output_tokens == 12
    assert whole.stop_reason == helped.stop_reason == "end_turn"
    entries = await gateway.entries()
    assert [(entry.usage.input, entry.usage.output) for entry in entries] == [(40, 12)] * 3
    assert len({entry.cost_nanos for entry in entries}) == 1
    await gateway.books_balance()


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_limit_that_is_reached_is_the_stop_reason(clients, model):
    ask = {"model": model, "max_tokens": 7, "messages": said("[[sim output=50]]")}
    whole = await clients.anthropic.messages.create(**ask)
    async with clients.anthropic.messages.stream(**ask) as events:
        streamed = await events.get_final_message()
    assert whole.stop_reason == streamed.stop_reason == "max_tokens"
    assert whole.usage.output_tokens == streamed.usage.output_tokens == 7


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_tool_is_called_and_its_result_answered(clients, model):
    ask = said("[[sim tool=find output=9]]")
    first = await clients.anthropic.messages.create(model=model, max_tokens=99, messages=ask, tools=[FIND])
    async with clients.anthropic.messages.stream(
        model=model, max_tokens=99, messages=ask, tools=[FIND]
    ) as events:
        streamed = await events.get_final_message()
    (call,) = [block for block in first.content if block.type == "tool_use"]
    (again,) = [block for block in streamed.content if block.type == "tool_use"]
    assert first.stop_reason == streamed.stop_reason == "tool_use"
    assert (call.name, call.input) == (again.name, again.input)
    assert list(call.input) == ["value"]
    done = await clients.anthropic.messages.create(
        model=model,
        max_tokens=99,
        tools=[FIND],
        messages=[
            *ask,
            {"role": "assistant", "content": first.model_dump(exclude_none=True)["content"]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call.id, "content": "seven"},
                    {"type": "text", "text": '[[sim text="It is seven."]]'},
                ],
            },
        ],
    )
    assert done.content[0].text == "It is seven."


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_picture_and_instructions_are_part_of_what_is_asked(gateway, clients, model):
    picture = {
        "type": "image",
        "source": {"type": "base64", "media_type": "image/png", "data": PIXEL},
    }
    message = await clients.anthropic.messages.create(
        model=model,
        max_tokens=20,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[{"role": "user", "content": [picture, {"type": "text", "text": "[[sim output=3]]"}]}],
    )
    assert message.usage.output_tokens == 3
    (entry,) = await gateway.entries()
    assert entry.cost_nanos <= entry.bound_nanos


@pytest.mark.parametrize("model", EVERYONE)
async def test_an_answer_of_a_form_is_parsed_by_the_helper(clients, model):
    message = await clients.anthropic.messages.parse(
        model=model,
        max_tokens=99,
        messages=said('[[sim text="{\\"name\\": \\"Bern\\", \\"people\\": 134000}"]]'),
        output_format=City,
    )
    assert message.parsed_output == City(name="Bern", people=134_000)


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "gemini-2.5-flash"])
async def test_tokens_are_counted_for_nothing(gateway, clients, model):
    await gateway.budget("total", "0")
    counted = await clients.anthropic.messages.count_tokens(
        model=model,
        system="b" * 8,
        messages=said("a" * 40),
        thinking={"type": "enabled", "budget_tokens": 2048},
    )
    assert counted.input_tokens == 12
    (entry,) = await gateway.entries()
    assert (entry.cost_nanos, entry.certainty) == (0, Certainty.EXACT)


async def test_a_count_that_the_provider_does_not_offer_is_refused_in_words(gateway, clients):
    with pytest.raises(anthropic.BadRequestError, match="openai does not offer 'count'"):
        await clients.anthropic.messages.count_tokens(model="openai/gpt-4o-mini", messages=said("x"))
    assert gateway.sim.calls == 0


async def test_models_are_listed_and_shown_in_anthropics_shape(clients):
    names = [model.id async for model in clients.anthropic.models.list()]
    assert set(EVERYONE) <= set(names)
    shown = await clients.anthropic.models.retrieve("claude-sonnet-4-5")
    assert (shown.type, shown.id) == ("model", "anthropic/claude-sonnet-4-5")
    with pytest.raises(anthropic.NotFoundError, match="no-such"):
        await clients.anthropic.models.retrieve("no-such")


def test_the_blocking_client_does_the_same_in_a_thread_of_its_own(blocking_gateway):
    with anthropic.Anthropic(base_url=blocking_gateway, api_key="none") as client:
        for model in EVERYONE:
            ask = {"model": model, "max_tokens": 9, "messages": said("[[sim output=5]]")}
            whole = client.messages.create(**ask)
            with client.messages.stream(**ask) as events:
                assert events.get_final_text() == whole.content[0].text != ""
