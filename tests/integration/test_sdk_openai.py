"""OpenAI's own SDK with one line changed: every surface, its helpers, and models of other providers behind it."""

import openai
import pytest
from pydantic import BaseModel

from solvent.domain.entry import Certainty

EVERYONE = ("openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "google/gemini-2.5-flash")
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
FIND = {
    "type": "function",
    "function": {
        "name": "find",
        "description": "Find a thing",
        "parameters": {"type": "object", "properties": {"value": {"type": "string"}}, "required": ["value"]},
    },
}


class City(BaseModel):
    name: str
    people: int


SAYS_CITY = '[[sim text="{\\"name\\": \\"Bern\\", \\"people\\": 134000}"]]'


def said(text):
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_chat_says_the_same_whole_streamed_and_through_the_helper(gateway, clients, model):
    ask = {"model": model, "messages": said("Speak. [[sim input=40 output=12]]"), "max_tokens": 50}
    whole = await clients.openai.chat.completions.create(**ask)
    stream = await clients.openai.chat.completions.create(
        **ask, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    async with clients.openai.chat.completions.stream(**ask) as events:
        helped = await events.get_final_completion()
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert whole.choices[0].message.content == text == helped.choices[0].message.content
    assert whole.usage.prompt_tokens == chunks[-1].usage.prompt_tokens == 40
    assert whole.usage.completion_tokens == chunks[-1].usage.completion_tokens == 12
    assert whole.choices[0].finish_reason == helped.choices[0].finish_reason == "stop"
    entries = await gateway.entries()
    assert [(entry.usage.input, entry.usage.output) for entry in entries] == [(40, 12)] * 3
    assert len({entry.cost_nanos for entry in entries}) == 1
    await gateway.books_balance()


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_response_says_the_same_whole_and_streamed(gateway, clients, model):
    ask = {"model": model, "input": "Speak. [[sim input=40 output=12]]", "max_output_tokens": 50}
    whole = await clients.openai.responses.create(**ask)
    async with clients.openai.responses.stream(**ask) as events:
        kinds = [event.type async for event in events]
        streamed = await events.get_final_response()
    assert whole.output_text == streamed.output_text != ""
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (40, 12)
    assert streamed.usage == whole.usage
    assert (whole.status, streamed.status) == ("completed", "completed")
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert [entry.certainty for entry in await gateway.entries()] == [Certainty.EXACT] * 2


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_limit_that_is_reached_is_the_finish_reason(clients, model):
    ask = {"model": model, "messages": said("[[sim output=50]]"), "max_tokens": 7}
    whole = await clients.openai.chat.completions.create(**ask)
    async with clients.openai.chat.completions.stream(**ask) as events:
        last = [event async for event in events if event.type == "chunk"][-1].snapshot
    response = await clients.openai.responses.create(
        model=model, input="[[sim output=50]]", max_output_tokens=17
    )
    assert whole.choices[0].finish_reason == last.choices[0].finish_reason == "length"
    assert whole.usage.completion_tokens == 7
    assert (response.status, response.incomplete_details.reason) == ("incomplete", "max_output_tokens")


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_tool_is_called_and_its_result_answered_in_chat(clients, model):
    ask = said("[[sim tool=find output=9]]")
    first = await clients.openai.chat.completions.create(model=model, messages=ask, tools=[FIND])
    async with clients.openai.chat.completions.stream(model=model, messages=ask, tools=[FIND]) as events:
        streamed = await events.get_final_completion()
    message = first.choices[0].message
    (call,) = message.tool_calls
    assert first.choices[0].finish_reason == streamed.choices[0].finish_reason == "tool_calls"
    assert call.function.name == streamed.choices[0].message.tool_calls[0].function.name == "find"
    assert call.function.arguments == streamed.choices[0].message.tool_calls[0].function.arguments
    done = await clients.openai.chat.completions.create(
        model=model,
        tools=[FIND],
        messages=[
            *ask,
            message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "seven"},
            {"role": "user", "content": '[[sim text="It is seven."]]'},
        ],
    )
    assert done.choices[0].message.content == "It is seven."


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_tool_is_called_and_its_result_answered_in_responses(clients, model):
    tool = {"type": "function", "strict": False, **FIND["function"]}
    ask = said("[[sim tool=find output=9]]")
    first = await clients.openai.responses.create(model=model, input=ask, tools=[tool])
    async with clients.openai.responses.stream(model=model, input=ask, tools=[tool]) as events:
        streamed = await events.get_final_response()
    (call,) = [item for item in first.output if item.type == "function_call"]
    (again,) = [item for item in streamed.output if item.type == "function_call"]
    assert (call.name, call.arguments) == (again.name, again.arguments)
    done = await clients.openai.responses.create(
        model=model,
        tools=[tool],
        input=[
            *ask,
            call.model_dump(exclude_none=True),
            {"type": "function_call_output", "call_id": call.call_id, "output": "seven"},
            {"role": "user", "content": '[[sim text="It is seven."]]'},
        ],
    )
    assert done.output_text == "It is seven."


@pytest.mark.parametrize("model", EVERYONE)
async def test_an_answer_of_a_form_is_parsed_by_the_helpers(clients, model):
    chat = await clients.openai.chat.completions.parse(
        model=model, messages=said(SAYS_CITY), response_format=City
    )
    response = await clients.openai.responses.parse(model=model, input=SAYS_CITY, text_format=City)
    assert chat.choices[0].message.parsed == response.output_parsed == City(name="Bern", people=134_000)


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_picture_is_part_of_what_is_asked(gateway, clients, model):
    picture = {"type": "image_url", "image_url": {"url": PIXEL}}
    chat = await clients.openai.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": [picture, {"type": "text", "text": "[[sim output=3]]"}]}],
    )
    response = await clients.openai.responses.create(
        model=model,
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": PIXEL, "detail": "auto"},
                    {"type": "input_text", "text": "[[sim output=3]]"},
                ],
            }
        ],
    )
    assert chat.usage.completion_tokens == response.usage.output_tokens == 3
    assert all(entry.cost_nanos <= entry.bound_nanos for entry in await gateway.entries())


@pytest.mark.parametrize("model", ["openai/text-embedding-3-small", "google/gemini-embedding-001"])
async def test_texts_are_embedded_one_and_several(gateway, clients, model):
    one = await clients.openai.embeddings.create(model=model, input="a" * 40, dimensions=4)
    many = await clients.openai.embeddings.create(model=model, input=["a" * 40, "b" * 40], dimensions=4)
    assert [len(row.embedding) for row in many.data] == [4, 4]
    assert one.data[0].embedding == many.data[0].embedding != many.data[1].embedding
    assert [row.index for row in many.data] == [0, 1]
    first, second = await gateway.entries()
    assert (first.usage.output, second.usage.output) == (0, 0)
    assert first.cost_nanos > 0
    await gateway.books_balance()


async def test_models_are_listed_and_shown(clients):
    names = [model.id async for model in clients.openai.models.list()]
    assert set(EVERYONE) <= set(names)
    assert (await clients.openai.models.retrieve("openai/gpt-4o-mini")).owned_by == "openai"
    assert (await clients.openai.models.retrieve("gpt-4o-mini")).id == "openai/gpt-4o-mini"
    with pytest.raises(openai.NotFoundError, match="no-such"):
        await clients.openai.models.retrieve("no-such")


async def test_usage_appears_in_a_stream_only_where_it_was_asked_for(gateway, clients):
    for model in EVERYONE:
        stream = await clients.openai.chat.completions.create(model=model, messages=said("x"), stream=True)
        assert [chunk.usage async for chunk in stream if chunk.usage] == []
    assert all(entry.certainty is Certainty.EXACT for entry in await gateway.entries())


def test_the_blocking_client_does_the_same_in_a_thread_of_its_own(blocking_gateway):
    with openai.OpenAI(base_url=blocking_gateway + "/v1", api_key="none") as client:
        for model in EVERYONE:
            whole = client.chat.completions.create(model=model, messages=said("[[sim output=5]]"))
            stream = client.chat.completions.create(
                model=model, messages=said("[[sim output=5]]"), stream=True
            )
            text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            assert text == whole.choices[0].message.content != ""
