"""Google's own SDK with one line changed: generate, stream, count, embed, chat, and other providers' models."""

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai inherits from aiohttp's session."""

EVERYONE = (
    "gemini-2.5-flash",
    "google/gemini-2.5-flash",
    "anthropic/claude-sonnet-4-5",
    "openai/gpt-4o-mini",
)
PIXEL = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489".replace(" ", ""))
FIND = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="find",
            description="Find a thing",
            parameters=types.Schema(
                type="OBJECT", properties={"value": types.Schema(type="STRING")}, required=["value"]
            ),
        )
    ]
)


class City(BaseModel):
    name: str
    people: int


def user(text):
    return types.UserContent(parts=[types.Part(text=text)])


@pytest.mark.parametrize("model", EVERYONE)
async def test_content_says_the_same_whole_and_streamed(gateway, clients, model):
    ask = {
        "model": model,
        "contents": "Speak. [[sim input=40 output=12]]",
        "config": {"max_output_tokens": 50, "system_instruction": "Be brief.", "temperature": 0.5},
    }
    whole = await clients.google.models.generate_content(**ask)
    chunks = [chunk async for chunk in await clients.google.models.generate_content_stream(**ask)]
    assert whole.text == "".join(chunk.text or "" for chunk in chunks) != ""
    for reply in (whole, chunks[-1]):
        assert reply.candidates[0].finish_reason == "STOP"
        assert reply.usage_metadata.prompt_token_count == 40
        assert reply.usage_metadata.candidates_token_count == 12
    entries = await gateway.entries()
    assert [(entry.usage.input, entry.usage.output) for entry in entries] == [(40, 12)] * 2
    assert len({entry.cost_nanos for entry in entries}) == 1
    await gateway.books_balance()


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_limit_that_is_reached_is_the_finish_reason(clients, model):
    ask = {"model": model, "contents": "[[sim output=50]]", "config": {"max_output_tokens": 7}}
    whole = await clients.google.models.generate_content(**ask)
    chunks = [chunk async for chunk in await clients.google.models.generate_content_stream(**ask)]
    for reply in (whole, chunks[-1]):
        assert reply.candidates[0].finish_reason == "MAX_TOKENS"
        assert reply.usage_metadata.candidates_token_count == 7


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_function_is_called_and_its_result_answered(clients, model):
    ask = user("[[sim tool=find output=9]]")
    config = types.GenerateContentConfig(
        tools=[FIND], automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True)
    )
    first = await clients.google.models.generate_content(model=model, contents=[ask], config=config)
    chunks = [
        chunk
        async for chunk in await clients.google.models.generate_content_stream(
            model=model, contents=[ask], config=config
        )
    ]
    (call,) = first.function_calls
    (again,) = [call for chunk in chunks for call in chunk.function_calls or ()]
    assert (call.name, call.args) == (again.name, again.args)
    assert list(call.args) == ["value"]
    result = types.Part(
        function_response=types.FunctionResponse(id=call.id, name=call.name, response={"result": "seven"})
    )
    done = await clients.google.models.generate_content(
        model=model,
        contents=[
            ask,
            first.candidates[0].content,
            types.UserContent(parts=[result, types.Part(text='[[sim text="It is seven."]]')]),
        ],
        config=config,
    )
    assert done.text == "It is seven."


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_picture_is_part_of_what_is_asked(gateway, clients, model):
    picture = types.Part.from_bytes(data=PIXEL, mime_type="image/png")
    reply = await clients.google.models.generate_content(
        model=model, contents=types.UserContent(parts=[picture, types.Part(text="[[sim output=3]]")])
    )
    assert reply.usage_metadata.candidates_token_count == 3
    (entry,) = await gateway.entries()
    assert entry.cost_nanos <= entry.bound_nanos


@pytest.mark.parametrize("model", EVERYONE)
async def test_an_answer_of_a_form_is_parsed_by_the_sdk(clients, model):
    reply = await clients.google.models.generate_content(
        model=model,
        contents='[[sim text="{\\"name\\": \\"Bern\\", \\"people\\": 134000}"]]',
        config={"response_mime_type": "application/json", "response_schema": City},
    )
    assert reply.parsed == City(name="Bern", people=134_000)


@pytest.mark.parametrize("model", EVERYONE)
async def test_a_chat_remembers_what_was_said(clients, model):
    chat = clients.google.chats.create(model=model)
    await chat.send_message('[[sim text="I am one."]]')
    texts = [chunk.text async for chunk in await chat.send_message_stream('[[sim text="I am two."]]')]
    third = await chat.send_message('[[sim text="I am three."]]')
    assert ("".join(text or "" for text in texts), third.text) == ("I am two.", "I am three.")


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "anthropic/claude-sonnet-4-5"])
async def test_tokens_are_counted_for_nothing(gateway, clients, model):
    await gateway.budget("total", "0")
    counted = await clients.google.models.count_tokens(model=model, contents="a" * 40)
    assert counted.total_tokens == 10
    (entry,) = await gateway.entries()
    assert entry.cost_nanos == 0


async def test_a_count_of_a_whole_call_reaches_every_provider_that_counts(gateway):
    inner = {
        "contents": [{"role": "user", "parts": [{"text": "a" * 40}]}],
        "systemInstruction": {"parts": [{"text": "b" * 8}]},
    }
    for model in ("gemini-2.5-flash", "claude-sonnet-4-5"):
        whole = {"generateContentRequest": {"model": f"models/{model}", **inner}}
        status, _, told = await gateway.post(f"/v1beta/models/{model}:countTokens", whole)
        assert (status, told["totalTokens"]) == (200, 12)


@pytest.mark.parametrize("model", ["gemini-embedding-001", "openai/text-embedding-3-small"])
async def test_texts_are_embedded_one_and_several(gateway, clients, model):
    one = await clients.google.models.embed_content(
        model=model, contents="a" * 40, config={"output_dimensionality": 4}
    )
    many = await clients.google.models.embed_content(
        model=model, contents=["a" * 40, "b" * 40], config={"output_dimensionality": 4}
    )
    assert [len(row.values) for row in many.embeddings] == [4, 4]
    assert one.embeddings[0].values == many.embeddings[0].values != many.embeddings[1].values
    assert all(entry.cost_nanos > 0 for entry in await gateway.entries())
    await gateway.books_balance()


async def test_an_unknown_model_is_not_found(clients):
    with pytest.raises(errors.ClientError) as found:
        await clients.google.models.generate_content(model="no-such-model", contents="x")
    assert (found.value.code, found.value.status) == (404, "NOT_FOUND")


def test_the_blocking_client_does_the_same_in_a_thread_of_its_own(blocking_gateway):
    with genai.Client(api_key="none", http_options={"base_url": blocking_gateway}) as client:
        for model in EVERYONE:
            whole = client.models.generate_content(model=model, contents="[[sim output=5]]")
            stream = client.models.generate_content_stream(model=model, contents="[[sim output=5]]")
            assert "".join(chunk.text or "" for chunk in stream) == whole.text != ""
