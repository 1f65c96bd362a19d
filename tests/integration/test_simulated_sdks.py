"""The official SDKs as clients of the simulated provider: what it speaks is what they understand."""

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from openai.types.responses import Response

from solvent.testing import Counts, ModelPrice, SimulatedProvider

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai inherits from aiohttp's session."""

PRICES = {"*": ModelPrice(3_000_000, 11_000_000, 500_000, 5_000_000, 13_000_000)}
USER = "Say something. "


@pytest.fixture
async def sim():
    async with SimulatedProvider(PRICES) as provider:
        yield provider


@pytest.fixture
async def openai_client(sim):
    async with openai.AsyncOpenAI(base_url=f"{sim.url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def anthropic_client(sim):
    async with anthropic.AsyncAnthropic(base_url=sim.url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture
async def google_client(sim):
    async with genai.Client(api_key="none", http_options={"base_url": sim.url}).aio as client:
        yield client


def said(directive=""):
    return [{"role": "user", "content": f"{USER}[[sim {directive}]]"}]


def billed(sim):
    (line,) = sim.invoice().lines
    return line


async def test_openai_chat_is_whole_and_its_usage_is_the_invoice(sim, openai_client):
    reply = await openai_client.chat.completions.create(
        model="gpt-4o", messages=said("input=100 cached=30 output=8 reasoning=5"), n=2
    )
    line = billed(sim)
    assert line.counts == Counts(input=70, cached_input=30, output=16, reasoning=10)
    assert line.cost_nanos == 70 * 3 + 15 + 16 * 11 + 10 * 13
    assert (reply.id, reply.model, len(reply.choices)) == (line.id, "gpt-4o", 2)
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.prompt_tokens == 100
    assert reply.usage.prompt_tokens_details.cached_tokens == 30
    assert reply.usage.completion_tokens == 26
    assert reply.usage.completion_tokens_details.reasoning_tokens == 10


async def test_openai_chat_streams_the_same_words(sim, openai_client):
    whole = await openai_client.chat.completions.create(model="gpt-4o", messages=said("output=30"))
    chunks = [
        chunk
        async for chunk in await openai_client.chat.completions.create(
            model="gpt-4o", messages=said("output=30"), stream=True, stream_options={"include_usage": True}
        )
    ]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == 30
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert [line.counts for line in sim.invoice().lines] == [Counts(8, output=30)] * 2


async def test_openai_chat_streams_no_usage_that_nobody_asked_for(sim, openai_client):
    stream = await openai_client.chat.completions.create(model="gpt-4o", messages=said(), stream=True)
    assert [chunk.usage async for chunk in stream if chunk.usage] == []
    assert billed(sim).complete


async def test_openai_chat_calls_a_tool(openai_client):
    async with openai_client.chat.completions.stream(
        model="gpt-4o", messages=said("tool=find output=9")
    ) as events:
        streamed = await events.get_final_completion()
    whole = await openai_client.chat.completions.create(model="gpt-4o", messages=said("tool=find output=9"))
    for reply in (streamed, whole):
        (call,) = reply.choices[0].message.tool_calls
        assert call.function.name == "find"
        assert call.function.arguments.startswith('{"value":"')
        assert reply.choices[0].finish_reason == "tool_calls"


async def test_openai_responses_are_whole_and_streamed_alike(sim, openai_client):
    ask = {"model": "gpt-4o", "input": f"{USER}[[sim output=12 reasoning=4 cached=2]]"}
    whole = await openai_client.responses.create(**ask)
    async with openai_client.responses.stream(**ask) as events:
        kinds = [event.type async for event in events]
        streamed = await events.get_final_response()
    assert whole.output_text == streamed.output_text
    assert (whole.usage.output_tokens, whole.usage.output_tokens_details.reasoning_tokens) == (16, 4)
    assert streamed.usage == whole.usage
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    assert [line.counts.output for line in sim.invoice().lines] == [12, 12]


async def test_an_openai_response_is_valid_to_the_letter(openai_client):
    for directive in ("output=3", "output=3 tool=find"):
        raw = await openai_client.responses.with_raw_response.create(
            model="gpt-4o", input=f"[[sim {directive}]]", max_output_tokens=2
        )
        parsed = Response.model_validate_json(raw.content, strict=False)
        assert parsed.status == "incomplete"
        assert parsed.incomplete_details.reason == "max_output_tokens"


async def test_openai_embeddings_come_as_many_as_texts(sim, openai_client):
    reply = await openai_client.embeddings.create(
        model="text-embedding-3-small", input=["a" * 40, "b"], dimensions=4
    )
    assert [len(row.embedding) for row in reply.data] == [4, 4]
    assert reply.data[0].embedding != reply.data[1].embedding
    assert reply.usage.prompt_tokens == billed(sim).counts.input == 11


async def test_anthropic_messages_are_whole_and_streamed_alike(sim, anthropic_client):
    ask = {
        "model": "claude-x",
        "max_tokens": 100,
        "messages": said("input=50 cached=10 cache_write=20 output=12 reasoning=4"),
    }
    whole = await anthropic_client.messages.create(**ask)
    async with anthropic_client.messages.stream(**ask) as events:
        streamed = await events.get_final_message()
    for reply in (whole, streamed):
        assert reply.content[0].text == whole.content[0].text
        assert reply.stop_reason == "end_turn"
        assert (reply.usage.input_tokens, reply.usage.cache_read_input_tokens) == (20, 10)
        assert reply.usage.cache_creation_input_tokens == 20
        assert reply.usage.output_tokens == 16
    assert [line.counts for line in sim.invoice().lines] == [Counts(20, 10, 20, 12, 4)] * 2
    assert whole.id == sim.invoice().lines[0].id


async def test_anthropic_calls_a_tool_in_a_stream(anthropic_client):
    ask = {"model": "claude-x", "max_tokens": 100, "messages": said("tool=find output=9")}
    async with anthropic_client.messages.stream(**ask) as events:
        reply = await events.get_final_message()
    assert reply.stop_reason == "tool_use"
    assert reply.content[0].name == "find"
    assert list(reply.content[0].input) == ["value"]


async def test_counting_tokens_is_right_and_free(sim, anthropic_client, google_client):
    counted = await anthropic_client.messages.count_tokens(model="claude-x", messages=said())
    assert counted.input_tokens == 6
    assert (await google_client.models.count_tokens(model="gemini-x", contents="a" * 41)).total_tokens == 11
    assert sim.invoice().lines == ()


async def test_google_generates_whole_and_streamed_alike(sim, google_client):
    ask = {"model": "gemini-x", "contents": f"{USER}[[sim output=10 reasoning=3 cached=2]]"}
    whole = await google_client.models.generate_content(**ask)
    chunks = [chunk async for chunk in await google_client.models.generate_content_stream(**ask)]
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert chunks[-1].candidates[0].finish_reason == whole.candidates[0].finish_reason == "STOP"
    for reply in (whole, chunks[-1]):
        assert reply.usage_metadata.candidates_token_count == 10
        assert reply.usage_metadata.thoughts_token_count == 3
        assert reply.usage_metadata.cached_content_token_count == 2
    assert [line.counts.reasoning for line in sim.invoice().lines] == [3, 3]
    assert whole.response_id == sim.invoice().lines[0].id


async def test_google_calls_a_function(google_client):
    ask = {"model": "gemini-x", "contents": "[[sim tool=find output=9]]"}
    for reply in [
        await google_client.models.generate_content(**ask),
        *[chunk async for chunk in await google_client.models.generate_content_stream(**ask)][:1],
    ]:
        (call,) = reply.function_calls
        assert (call.name, list(call.args)) == ("find", ["value"])


async def test_google_embeds_a_batch(sim, google_client):
    reply = await google_client.models.embed_content(
        model="gemini-embedding-001", contents=["a" * 8, "b" * 8]
    )
    assert len(reply.embeddings) == 2
    assert billed(sim).counts == Counts(input=4)


async def test_the_callers_limit_is_obeyed_in_every_dialect(openai_client, anthropic_client, google_client):
    chat = await openai_client.chat.completions.create(
        model="gpt-4o", messages=said("output=50"), max_completion_tokens=7
    )
    assert (chat.usage.completion_tokens, chat.choices[0].finish_reason) == (7, "length")
    message = await anthropic_client.messages.create(model="c", max_tokens=7, messages=said("output=50"))
    assert (message.usage.output_tokens, message.stop_reason) == (7, "max_tokens")
    content = await google_client.models.generate_content(
        model="gemini-x", contents="[[sim output=50]]", config={"max_output_tokens": 7}
    )
    assert content.usage_metadata.candidates_token_count == 7
    assert content.candidates[0].finish_reason == "MAX_TOKENS"


@pytest.mark.parametrize("status", [400, 429, 503])
async def test_each_sdk_knows_the_errors_of_its_dialect(
    sim, openai_client, anthropic_client, google_client, status
):
    with pytest.raises(openai.APIStatusError) as chat:
        await openai_client.chat.completions.create(model="m", messages=said(f"status={status}"))
    with pytest.raises(anthropic.APIStatusError) as message:
        await anthropic_client.messages.create(model="m", max_tokens=5, messages=said(f"status={status}"))
    with pytest.raises(genai_errors.APIError) as content:
        await google_client.models.generate_content(model="m", contents=f"[[sim status={status}]]")
    assert (chat.value.status_code, message.value.status_code, content.value.code) == (status,) * 3
    assert sim.invoice().lines == ()


async def test_a_broken_call_is_the_clients_mistake(sim, openai_client, anthropic_client):
    with pytest.raises(openai.BadRequestError, match="messages"):
        await openai_client.chat.completions.create(model="m", messages=[])
    with pytest.raises(openai.BadRequestError, match="unknown"):
        await openai_client.chat.completions.create(model="m", messages=said("outptu=3"))
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        await anthropic_client.post("/v1/messages", body={"model": "m", "messages": said()}, cast_to=object)
    assert sim.invoice().lines == ()
