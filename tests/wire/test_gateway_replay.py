"""Every recorded exchange through the gateway: the client gets what the provider sent, and it is booked right.

Expected usage and cost are worked out here from the raw reply and by ``genai_prices`` itself, not by solvent.
"""

import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from urllib.parse import urlsplit

import aiohttp
import anthropic
import openai
import pytest
from genai_prices import Usage as ListedUsage
from genai_prices import calc_price
from google import genai
from openai.types import chat, responses

from solvent.app import opened
from solvent.domain.clock import to_datetime
from solvent.domain.entry import Certainty
from solvent.gateway.serve import serving
from solvent.ports.storage import Filter
from solvent.providers.catalog import Catalog
from solvent.providers.config import ProviderConfig
from solvent.settings import Settings

OWN_PRICES = """
[[price]]
provider = "groq"
model = "compound*"
input = "1"
output = "1"
per_web_search = "0.01"

[[price]]
provider = "groq"
model = "non-existent"
input = "1"
output = "1"

[[price]]
provider = "openrouter"
model = "minimax/minimax-m2:free"
free = true

[[price]]
provider = "openrouter"
model = "google/gemini-2.0-flash-exp:free"
free = true

[[price]]
provider = "openrouter"
model = "google/gemini-3.6-flash"
per_web_search = "0.01"

[[price]]
provider = "openrouter"
model = "openai/gpt-4.1-mini"
per_web_search = "0.01"
"""
"""What the list does not know, models or fees, is refused until the operator declares a price."""
DECLARED = ("compound", "non-existent", ":free")
SEARCH_NANOS = 10_000_000
SHAPES = {
    "/chat/completions": "/v1/chat/completions",
    "/responses": "/v1/responses",
    "/messages": "/v1/messages",
    "/messages/count_tokens": "/v1/messages/count_tokens",
}


@asynccontextmanager
async def gateway(tmp_path, replayer) -> AsyncIterator[tuple[object, str]]:
    (tmp_path / "prices.toml").write_text(OWN_PRICES)
    rows = {
        row.name: ProviderConfig(base_url=replayer.url + urlsplit(row.base_url).path, auth="none")
        for row in Catalog.bundled().providers
        if row.name in ("openai", "anthropic", "google", "groq", "deepseek", "mistral", "openrouter")
    }
    given = {
        "database_url": f"sqlite:///{tmp_path / 'solvent.db'}",
        "providers": rows,
        "prices_file": tmp_path / "prices.toml",
    }
    async with opened(Settings.load(given, environment={})) as app, serving(app) as url:
        yield app, url


def address(exchange) -> tuple[str, dict]:
    """Return where a client of the gateway sends the exchange, and its body with the provider named."""
    body, path = dict(exchange["request"]), exchange["path"]
    if exchange["provider"] == "google":
        head, _, tail = path.rpartition("/")
        query = f"?{exchange['query']}" if exchange["query"] else ""
        return f"{head}/google/{tail}{query}", body
    body["model"] = f"{exchange['provider']}/{body['model']}"
    ending = next(end for end in sorted(SHAPES, key=len, reverse=True) if path.endswith(end))
    return SHAPES[ending], body


async def sent(url: str, body: dict) -> tuple[int, str, bytes]:
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as reply:
        return reply.status, reply.content_type, await reply.read()


def events(stream: bytes | str) -> list[dict]:
    text = stream.decode() if isinstance(stream, bytes) else stream
    blocks = text.replace("\r\n", "\n").replace("\r", "\n").split("\n\n")
    datas = [
        "\n".join(line[5:].lstrip() for line in block.split("\n") if line.startswith("data:"))
        for block in blocks
    ]
    return [json.loads(data) for data in datas if data and data != "[DONE]"]


def provider_said(exchange) -> tuple[dict, dict]:
    """Return the last usage of the raw reply (Anthropic's begins with the first), and what holds it."""
    response = exchange["response"]
    documents = [response] if exchange["kind"] == "json" else events(response)
    found: dict = {}
    holder: dict = {}
    for document in documents:
        for place in (document, document.get("response"), document.get("message"), document.get("x_groq")):
            if isinstance(place, dict):
                usage = place.get("usage") or place.get("usageMetadata")
                if usage:
                    earlier = found if exchange["provider"] == "anthropic" else {}
                    found = earlier | {key: value for key, value in usage.items() if value is not None}
                    holder = place
    return found, holder


def totals(exchange, usage) -> dict[str, int]:
    """Return the provider's own totals: what it read, of that cached, what it wrote, of that thought."""
    if exchange["provider"] == "google":
        read = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
        thought = usage.get("thoughtsTokenCount", 0)
        return {
            "read": read,
            "cached": usage.get("cachedContentTokenCount", 0),
            "written": usage.get("candidatesTokenCount", 0) + thought,
            "thought": thought,
        }
    if exchange["provider"] == "anthropic":
        cached, made = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
        return {
            "read": usage["input_tokens"] + cached + made,
            "cached": cached,
            "written": usage["output_tokens"],
            "thought": usage.get("output_tokens_details", {}).get("thinking_tokens", 0),
        }
    prompt = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    answer = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    return {
        "read": usage.get("prompt_tokens", usage.get("input_tokens", 0)),
        "cached": prompt.get("cached_tokens", 0),
        "written": usage.get("completion_tokens", usage.get("output_tokens", 0)),
        "thought": answer.get("reasoning_tokens", 0),
    }


def booked(entry) -> dict[str, int]:
    usage = entry.usage
    return {
        "read": usage.input_tokens,
        "cached": usage.cached_input + usage.cached_audio + usage.cached_image,
        "written": usage.output_tokens,
        "thought": usage.reasoning,
    }


def listed_cost(exchange, entry, source: str, context: dict[str, str]) -> int:
    """Return what ``genai_prices`` says the booked buckets cost, in nano-dollars rounded up."""
    usage = entry.usage
    listed = ListedUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input or None,
        cache_write_tokens=(usage.cache_write_5m + usage.cache_write_1h) or None,
        output_reasoning_tokens=usage.reasoning or None,
        web_searches=usage.web_searches or None,
        storage_searches=usage.file_searches or None,
    )
    priced = calc_price(
        listed,
        entry.model,
        provider_id=source,
        genai_request_timestamp=to_datetime(entry.admitted_us),
        price_context=context or None,
    )
    return math.ceil(priced.total_price * Decimal(10**9))


async def test_every_exchange_passes_unchanged_and_is_booked_as_the_provider_counted(
    tmp_path, replayer, exchange
):
    replayer.exchange = exchange
    path, body = address(exchange)
    async with gateway(tmp_path, replayer) as (app, url):
        status, content_type, got = await sent(url + path, body)
        (entry,) = [entry async for page in app.store.entries(Filter()) for entry in page]
        assert not await app.store.verify()
    assert status == exchange["status"]
    assert content_type == exchange["content_type"].partition(";")[0]
    if exchange["kind"] == "json":
        assert json.loads(got) == exchange["response"]
    else:
        assert shown(events(got), exchange) == shown(events(exchange["response"]), exchange)
    assert_sent(exchange, replayer.received)
    assert_booked(exchange, entry)


def shown(found: list[dict], exchange) -> list[dict]:
    """Return the events without the usage that the recorder's client, unlike ours, did not ask for."""
    asked = (exchange["request"].get("stream_options") or {}).get("include_usage")
    if asked or not exchange["path"].endswith("/chat/completions"):
        return found
    return [event for event in found if event.get("choices") or "error" in event]


def assert_sent(exchange, received) -> None:
    """The provider got the caller's own call, but for the output limit and the wish for usage in a stream."""
    ((path, body),) = received
    assert path.partition("?")[0] == exchange["path"]
    added = {"max_tokens", "max_completion_tokens", "max_output_tokens", "stream_options", "generationConfig"}
    same = {key: value for key, value in body.items() if key not in added}
    assert same == {key: value for key, value in exchange["request"].items() if key not in added}


def assert_booked(exchange, entry) -> None:
    if exchange["status"] >= 400 or exchange["path"].endswith("count_tokens"):
        ran = entry.detail == "tool_failed"
        assert entry.cost_nanos == (entry.bound_nanos if ran else 0)
        return
    said, holder = provider_said(exchange)
    counted = totals(exchange, said)
    if holder.get("status") in ("queued", "in_progress") or broken(exchange):
        assert entry.certainty is Certainty.PRESUMED, "no good end was seen, so it is charged at its bound"
        assert entry.cost_nanos == entry.bound_nanos
        return
    assert entry.cost_nanos <= entry.bound_nanos
    if not (counted["read"] or counted["written"]):
        assert (entry.certainty, entry.detail) == (Certainty.COUNTED, "usage_missing")
        return
    assert entry.certainty is Certainty.EXACT, entry.detail
    assert booked(entry) == counted
    if not any(word in f"{entry.model} {entry.model_asked}" for word in DECLARED):
        tier = said.get("service_tier") or said.get("serviceTier") or holder.get("service_tier")
        context = {"service_tier": tier} if tier else {}
        declared = entry.usage.web_searches * SEARCH_NANOS if exchange["provider"] == "openrouter" else 0
        assert entry.cost_nanos == listed_cost(exchange, entry, exchange["provider"], context) + declared


def broken(exchange) -> bool:
    """Say whether an answer that began well ended in an error."""
    return exchange["kind"] == "stream" and any("error" in event for event in events(exchange["response"]))


@pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")
async def test_the_official_clients_read_the_same_through_the_gateway_as_without(
    tmp_path, replayer, exchange
):
    replayer.exchange = exchange
    path, body = address(exchange)
    direct = await read_by_sdk(exchange, replayer.url, exchange["path"], exchange["request"])
    async with gateway(tmp_path, replayer) as (_, url):
        assert await read_by_sdk(exchange, url, path, body) == direct
    assert direct


async def read_by_sdk(exchange, url: str, path: str, body: dict) -> object:
    reader = {"google": by_google, "anthropic": by_anthropic}.get(exchange["provider"], by_openai)
    return await reader(exchange, url, path.partition("?")[0], body)


async def by_openai(exchange, url: str, path: str, body: dict) -> object:
    is_chat = path.endswith("chat/completions")
    whole = chat.ChatCompletion if is_chat else responses.Response
    piece = chat.ChatCompletionChunk if is_chat else responses.ResponseStreamEvent
    async with openai.AsyncOpenAI(base_url=url, api_key="k", max_retries=0) as client:
        try:
            if exchange["kind"] == "json":
                reply = await client.post(path, body=body, cast_to=whole)
                return reply.model_dump(warnings=False)
            stream = await client.post(
                path, body=body, cast_to=whole, stream=True, stream_cls=openai.AsyncStream[piece]
            )
            return [
                event.model_dump(warnings=False) async for event in stream if not is_chat or event.choices
            ]
        except openai.APIError as error:
            return type(error).__name__, getattr(error, "status_code", None), error.body


async def by_anthropic(exchange, url: str, path: str, body: dict) -> object:
    counts = path.endswith("count_tokens")
    whole = anthropic.types.MessageTokensCount if counts else anthropic.types.Message
    async with anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0) as client:
        try:
            if exchange["kind"] == "json":
                return (await client.post(path, body=body, cast_to=whole)).model_dump(warnings=False)
            stream = await client.post(
                path,
                body=body,
                cast_to=whole,
                stream=True,
                stream_cls=anthropic.AsyncStream[anthropic.types.RawMessageStreamEvent],
            )
            return [event.model_dump(warnings=False) async for event in stream]
        except anthropic.APIStatusError as error:
            return type(error).__name__, error.status_code, error.body


async def by_google(exchange, url: str, path: str, body: dict) -> object:
    model = path.rpartition("models/")[2].partition(":")[0]
    said = dict(body)
    contents = said.pop("contents")
    config = said.pop("generationConfig", {}) | said
    client = genai.Client(api_key="k", http_options=genai.types.HttpOptions(base_url=url))
    try:
        if exchange["kind"] == "json":
            reply = await client.aio.models.generate_content(model=model, contents=contents, config=config)
            return told(reply)
        stream = await client.aio.models.generate_content_stream(
            model=model, contents=contents, config=config
        )
        return [told(chunk) async for chunk in stream]
    finally:
        await client.aio.aclose()


def told(reply) -> dict:
    """Return what the reply says, without the headers that came with it."""
    return reply.model_dump(exclude={"sdk_http_response"}, warnings=False)
