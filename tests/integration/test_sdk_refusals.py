"""Refusals and failures as the official SDKs see them: their own error types, and how often they ask again."""

import asyncio
from contextlib import suppress

import anthropic
import openai
import pytest
from google.genai import errors as google_errors

from solvent.providers.config import ProviderConfig
from solvent.testing import Behavior

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai inherits from aiohttp's session."""

OPENAI, ANTHROPIC, GOOGLE = "openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "google/gemini-2.5-flash"
EVERYONE = (OPENAI, ANTHROPIC, GOOGLE)


def said(text):
    return [{"role": "user", "content": text}]


async def chat(clients, model, text, *, stream=False):
    return await clients.openai.chat.completions.create(
        model=model, messages=said(text), max_tokens=90, stream=stream
    )


async def respond(clients, model, text, *, stream=False):
    return await clients.openai.responses.create(model=model, input=text, max_output_tokens=90, stream=stream)


async def message(clients, model, text, *, stream=False):
    return await clients.anthropic.messages.create(
        model=model, messages=said(text), max_tokens=90, stream=stream
    )


async def generate(clients, model, text, *, stream=False):
    ask = clients.google.models.generate_content_stream if stream else clients.google.models.generate_content
    return await ask(model=model, contents=text, config={"max_output_tokens": 90})


SURFACES = (chat, respond, message, generate)
RAISED = (openai.APIError, anthropic.APIError, google_errors.APIError)


def status_of(error):
    return error.code if isinstance(error, google_errors.APIError) else error.status_code


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("ask", SURFACES)
async def test_a_spent_budget_is_402_in_every_sdk_and_asked_once(gateway, clients, ask, stream):
    await gateway.budget("total", "0.0000001")
    with pytest.raises(RAISED, match="total") as refused:
        await one(ask(clients, OPENAI, "x", stream=stream))
    assert status_of(refused.value) == 402
    assert clients.sent == (0 if ask is generate else 1)
    assert gateway.sim.calls == 0
    assert await gateway.entries() == []
    await gateway.books_balance()


@pytest.mark.parametrize("ask", SURFACES)
async def test_a_busy_budget_is_429_and_says_when_to_come_back(open_house, clients_of, ask):
    gateway = await open_house(busy_wait_s=0)
    clients = await clients_of(gateway)
    clients.openai = clients.openai.with_options(max_retries=0)
    clients.anthropic = clients.anthropic.with_options(max_retries=0)
    await gateway.budget("total", "0.0001")
    held = asyncio.create_task(chat(clients, OPENAI, "[[sim hang=true]]"))
    await until_held(gateway)
    with pytest.raises(RAISED, match="flight") as busy:
        await ask(clients, OPENAI, "x" * 40)
    assert status_of(busy.value) == 429
    head = busy.value.response.headers
    assert (head["retry-after"], head["x-should-retry"]) == ("1", "true")
    held.cancel()
    with suppress(asyncio.CancelledError):
        await held


async def until_held(gateway):
    async with asyncio.timeout(10):
        while not await gateway.app.desk.holds():
            await gateway.get("/healthz")


async def one(asked):
    """Await an answer, or the first piece of a stream, as the SDK hands it out."""
    reply = await asked
    if hasattr(reply, "__aiter__"):
        async for _piece in reply:
            break
    return reply


@pytest.mark.parametrize("ask", SURFACES)
async def test_an_unknown_model_is_404_and_an_unpriced_one_422_and_both_are_final(gateway, clients, ask):
    with pytest.raises(RAISED) as unknown:
        await ask(clients, "no-such-model", "x")
    with pytest.raises(RAISED) as unpriced:
        await ask(clients, "openai/no-such-model", "x")
    assert (status_of(unknown.value), status_of(unpriced.value)) == (404, 422)
    assert clients.sent == (0 if ask is generate else 2)
    assert gateway.sim.calls == 0


@pytest.mark.parametrize("model", EVERYONE)
@pytest.mark.parametrize("ask", SURFACES)
@pytest.mark.parametrize(("status", "seen"), [(400, 400), (429, 429), (500, None), (503, None)])
async def test_a_providers_error_has_its_type_in_every_sdk_and_costs_nothing(
    gateway, clients, ask, model, status, seen
):
    clients.openai = clients.openai.with_options(max_retries=0)
    clients.anthropic = clients.anthropic.with_options(max_retries=0)
    for stream in (False, True):
        with pytest.raises(RAISED) as failed:
            await one(ask(clients, model, f"[[sim status={status}]]", stream=stream))
        assert status_of(failed.value) in ({seen} if seen else {500, 502, 503})
    assert [entry.cost_nanos for entry in await gateway.entries()] == [0, 0]
    await gateway.books_balance()


async def test_the_sdks_ask_again_after_an_error_that_may_pass_and_get_their_answer(gateway, clients):
    gateway.sim.script(Behavior(status=503, retry_after_s=0), Behavior(output=3))
    reply = await chat(clients, OPENAI, "x")
    assert reply.usage.completion_tokens == 3
    gateway.sim.script(Behavior(status=503, retry_after_s=0), Behavior(output=3))
    assert (await message(clients, ANTHROPIC, "x")).usage.output_tokens == 3
    assert clients.sent == 4
    costs = [entry.cost_nanos for entry in await gateway.entries()]
    assert [cost > 0 for cost in costs] == [False, True, False, True]


@pytest.mark.parametrize("ask", SURFACES)
@pytest.mark.parametrize("model", EVERYONE)
async def test_the_providers_refusal_of_solvents_key_shows_nothing_of_it(
    open_house, clients_of, monkeypatch, tmp_path, sim, ask, model
):
    keys = tmp_path / "keys"
    keys.write_text("SECRET_KEY=sk-very-secret-0123456789\n", "utf-8")
    bases = {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}
    gateway = await open_house(
        credentials_file=str(keys),
        providers={
            name: ProviderConfig(base_url=sim.url + path, credential_env=("SECRET_KEY",))
            for name, path in bases.items()
        },
    )
    clients = await clients_of(gateway)
    text = '[[sim status=401 error="sk-very-secret-0123456789"]]'
    with pytest.raises(RAISED) as denied:
        await ask(clients, model, text)
    assert status_of(denied.value) == 502
    assert "very-secret" not in str(denied.value) + repr(denied.value.response.headers)
    assert clients.sent == (0 if ask is generate else 1)
    (entry,) = await gateway.entries()
    assert (entry.cost_nanos, entry.status) == (0, 401)
