"""Whom a call is for and what it cost, said and read through the official SDKs."""

import openai
import pytest

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""google-genai inherits from aiohttp's session."""

HEADERS = {
    "x-solvent-customer": "c1",
    "x-solvent-agent": "a1",
    "x-solvent-campaign": "q4",
    "x-solvent-tag-team": "blue",
}
SCOPES = {"customer:c1", "agent:a1", "campaign:q4", "tag:team=blue"}


def said(text):
    return [{"role": "user", "content": text}]


async def by_openai(clients):
    raw = await clients.openai.chat.completions.with_raw_response.create(
        model="openai/gpt-4o-mini", messages=said("x"), max_tokens=9, extra_headers=HEADERS
    )
    return raw.headers


async def by_anthropic(clients):
    raw = await clients.anthropic.messages.with_raw_response.create(
        model="anthropic/claude-sonnet-4-5", messages=said("x"), max_tokens=9, extra_headers=HEADERS
    )
    return raw.headers


async def by_google(clients):
    reply = await clients.google.models.generate_content(
        model="gemini-2.5-flash",
        contents="x",
        config={"max_output_tokens": 9, "http_options": {"headers": HEADERS}},
    )
    return reply.sdk_http_response.headers


@pytest.mark.parametrize("ask", [by_openai, by_anthropic, by_google])
async def test_headers_say_whom_it_is_for_and_tell_what_it_cost_and_what_is_left(gateway, clients, ask):
    await gateway.budget("customer:*", "1")
    told = await ask(clients)
    (entry,) = await gateway.entries()
    assert set(entry.scopes) >= SCOPES
    assert float(told["x-solvent-cost-usd"]) == entry.cost_nanos / 10**9 > 0
    assert float(told["x-solvent-remaining-usd"]) == (10**9 - entry.cost_nanos) / 10**9
    assert told["x-solvent-call-id"] == entry.call_id
    assert told["x-solvent-cache"] == "off"


async def test_the_sdks_own_fields_say_it_too(gateway, clients):
    await clients.openai.chat.completions.create(
        model="openai/gpt-4o-mini", messages=said("x"), max_tokens=9, metadata={"customer_id": "m"}
    )
    await clients.openai.responses.create(
        model="openai/gpt-4o-mini", input="x", max_output_tokens=20, user="u"
    )
    await clients.anthropic.messages.create(
        model="anthropic/claude-sonnet-4-5", messages=said("x"), max_tokens=9, metadata={"user_id": "n"}
    )
    named = [
        [scope for scope in entry.scopes if scope.startswith("customer:")]
        for entry in await gateway.entries()
    ]
    assert named == [["customer:m"], ["customer:u"], ["customer:n"]]


async def test_a_customers_budget_stops_that_customer_alone(gateway, clients):
    await gateway.budget("customer:c1", "0.0000001")
    ask = {"model": "openai/gpt-4o-mini", "messages": said("x"), "max_tokens": 9}
    with pytest.raises(openai.APIStatusError, match="customer:c1") as refused:
        await clients.openai.chat.completions.create(**ask, extra_headers=HEADERS)
    assert refused.value.status_code == 402
    assert refused.value.body["details"]["scope"] == "customer:c1"
    other = await clients.openai.chat.completions.create(**ask, extra_headers={"x-solvent-customer": "c2"})
    assert other.choices
