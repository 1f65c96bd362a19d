"""Calls through the gateway: what the client gets, what is booked, what is refused."""

import asyncio

import aiohttp
import orjson
import pytest

from solvent.domain.entry import Certainty, Outcome


def chat(text="hello", **fields):
    return {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}


async def test_an_answered_call_is_booked_once_with_the_providers_numbers(gateway):
    status, headers, body = await gateway.post(
        "/v1/chat/completions", chat("hi [[sim output=7]]"), headers={"x-solvent-customer": "c1"}
    )
    assert status == 200
    (entry,) = await gateway.entries()
    assert entry.call_id == headers["x-solvent-call-id"]
    assert entry.usage.output == body["usage"]["completion_tokens"] == 7
    assert entry.usage.input == body["usage"]["prompt_tokens"]
    assert entry.cost_nanos == entry.usage.input * 150 + 7 * 600
    assert headers["x-solvent-cost-usd"] == f"0.{entry.cost_nanos:09d}".rstrip("0")
    assert entry.certainty is Certainty.EXACT
    assert "customer:c1" in entry.scopes
    await gateway.books_balance()


async def test_a_spent_budget_is_402_and_nothing_reaches_the_provider(gateway):
    await gateway.budget("customer:c1", "0.000001")
    status, headers, body = await gateway.post(
        "/v1/chat/completions", chat(), headers={"x-solvent-customer": "c1"}
    )
    assert status == 402
    assert headers["x-should-retry"] == "false"
    assert body["error"]["code"] == "budget_exceeded"
    assert body["error"]["details"]["scope"] == "customer:c1"
    assert gateway.sim.calls == 0
    assert await gateway.entries() == []


async def test_a_default_budget_holds_for_everyone_of_its_kind_apart(gateway):
    await gateway.budget("customer:*", "0.0000001")
    await gateway.budget("customer:vip", "5")
    refused, _, _ = await gateway.post("/v1/chat/completions", chat(), headers={"x-solvent-customer": "c1"})
    paid, _, _ = await gateway.post("/v1/chat/completions", chat(), headers={"x-solvent-customer": "vip"})
    nobody, _, _ = await gateway.post("/v1/chat/completions", chat())
    assert (refused, paid, nobody) == (402, 200, 200)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"model": NaN}', b"[" * 5000]
)
async def test_a_body_that_is_no_json_object_is_refused_in_words(gateway, body):
    status, _, told = await gateway.post("/v1/chat/completions", raw=body or b" ")
    assert status == 400
    assert told["error"]["code"] == "call_invalid"
    assert gateway.sim.calls == 0


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"model": 5, "messages": []},
        {"model": "openai/gpt-4o-mini"},
        {"model": "openai/gpt-4o-mini", "messages": "hello"},
        {"model": "openai/gpt-4o-mini", "messages": [], "stream": "yes"},
        {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "max_tokens": -1},
        {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1.5},
        {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "n": 10**13},
    ],
)
async def test_a_call_of_the_wrong_form_is_refused_and_changes_nothing(gateway, document):
    status, _, told = await gateway.post("/v1/chat/completions", document)
    assert status in (400, 402, 422), told
    assert gateway.sim.calls == 0
    assert await gateway.entries() == []
    await gateway.books_balance()


async def test_an_unknown_model_is_404_and_an_unpriced_one_422(gateway):
    unknown, _, said = await gateway.post("/v1/chat/completions", chat() | {"model": "no-such-model"})
    unpriced, _, why = await gateway.post("/v1/chat/completions", chat() | {"model": "openai/no-such-model"})
    assert (unknown, said["error"]["code"]) == (404, "model_not_allowed")
    assert (unpriced, why["error"]["code"]) == (422, "model_unpriced")
    assert gateway.sim.calls == 0


async def test_a_body_above_the_limit_is_refused_before_it_is_read_whole(open_house):
    gateway = await open_house(max_body_bytes=2048)
    status, _, told = await gateway.post("/v1/chat/completions", chat("x" * 5000))
    assert status == 400
    assert "2048" in told["error"]["message"]


async def test_a_provider_without_a_key_is_named_with_the_variable_to_set(open_house, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    gateway = await open_house(providers={})
    status, _, told = await gateway.post("/v1/chat/completions", chat())
    assert status == 500
    assert "OPENAI_API_KEY" in told["error"]["message"]
    await gateway.books_balance()


async def test_an_error_of_the_provider_passes_as_it_came_and_costs_nothing(gateway):
    status, _, body = await gateway.post("/v1/chat/completions", chat("[[sim status=429]]"))
    assert status == 429
    assert "error" in body
    (entry,) = await gateway.entries()
    assert (entry.cost_nanos, entry.outcome, entry.status) == (0, Outcome.FAILED, 429)
    await gateway.books_balance()


async def test_a_stream_is_passed_on_and_hides_the_usage_that_only_solvent_asked_for(gateway):
    request = chat("[[sim output=12]]", stream=True)
    status, headers, data = await gateway.post("/v1/chat/completions", request)
    events = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: ")]
    assert status == 200
    assert headers["content-type"].startswith("text/event-stream")
    assert events[-1] == b"[DONE]"
    assert all("usage" not in orjson.loads(event) for event in events[:-1])
    (entry,) = await gateway.entries()
    assert entry.usage.output == 12
    assert entry.certainty is Certainty.EXACT
    assert entry.first_byte_ms is not None
    await gateway.books_balance()


async def test_a_stream_cut_by_the_provider_is_an_error_and_charged_at_its_bound(gateway):
    _, _, data = await gateway.post("/v1/chat/completions", chat("[[sim output=40 cut=2]]", stream=True))
    assert b"[DONE]" not in data
    assert b"upstream_unavailable" in data
    (entry,) = await gateway.entries()
    assert (entry.outcome, entry.certainty) == (Outcome.CUT, Certainty.PRESUMED)
    assert entry.cost_nanos == entry.bound_nanos
    await gateway.books_balance()


async def test_a_client_that_leaves_a_stream_pays_for_what_was_streamed(gateway):
    request = chat("[[sim output=400 chunk_ms=20]]", stream=True)
    async with gateway.http.post(gateway.url + "/v1/chat/completions", json=request) as reply:
        await reply.content.readany()
    entry = await _first_entry(gateway)
    assert entry.outcome is Outcome.ABORTED
    assert entry.certainty is Certainty.COUNTED
    assert 0 < entry.cost_nanos < entry.bound_nanos
    assert gateway.sim.abandoned == 1
    await gateway.books_balance()


async def test_attribution_comes_from_the_body_where_no_header_gives_it(gateway):
    body = chat(metadata={"customer_id": "m", "agent_id": "a"}, user="u")
    await gateway.post("/v1/chat/completions", body)
    await gateway.post("/v1/chat/completions", chat(user="u"), headers={"x-solvent-tag-team": "blue"})
    first, second = await gateway.entries()
    assert {"customer:m", "agent:a"} <= set(first.scopes)
    assert {"customer:u", "tag:team=blue"} <= set(second.scopes)


@pytest.mark.parametrize("name", ["", "*", "a\nb", "x" * 300, " pad "])
async def test_a_customer_that_cannot_be_one_is_refused(gateway, name):
    status, _, told = await gateway.post(
        "/v1/chat/completions", chat(metadata={"customer_id": name or "\x00"})
    )
    assert (status, told["error"]["code"]) == (400, "call_invalid")


async def test_where_the_caller_names_no_output_limit_solvent_sends_one(gateway):
    _, headers, _ = await gateway.post("/v1/chat/completions", chat())
    _, named, _ = await gateway.post("/v1/chat/completions", chat(max_tokens=9))
    assert headers["x-solvent-output-limit"] == "8192"
    assert "x-solvent-output-limit" not in named


async def test_under_clamp_the_output_limit_is_lowered_to_what_is_left(gateway):
    await gateway.budget("customer:c1", "0.0005")
    headers = {"x-solvent-customer": "c1", "x-solvent-policy": "clamp"}
    status, told, body = await gateway.post(
        "/v1/chat/completions", chat("[[sim output=5000]]"), headers=headers
    )
    limit, _, word = told["x-solvent-output-limit"].partition("; ")
    assert status == 200
    assert word == "clamped"
    assert body["usage"]["completion_tokens"] == int(limit)
    (entry,) = await gateway.entries()
    assert entry.cost_nanos <= 500_000
    await gateway.books_balance()


async def test_counting_tokens_is_free_and_needs_no_budget(gateway):
    await gateway.budget("total", "0")
    body = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hello"}]}
    status, _, counted = await gateway.post("/v1/messages/count_tokens", body)
    assert status == 200
    assert counted["input_tokens"] > 0
    (entry,) = await gateway.entries()
    assert entry.cost_nanos == 0


async def test_an_answer_without_usage_is_counted_and_says_so(gateway):
    status, _, _ = await gateway.post("/v1/chat/completions", chat("[[sim output=30 usage=none]]"))
    (entry,) = await gateway.entries()
    assert status == 200
    assert (entry.certainty, entry.detail) == (Certainty.COUNTED, "usage_missing")
    assert entry.usage.output > 0
    await gateway.books_balance()


async def test_a_provider_that_breaks_its_limit_is_booked_in_full_and_marked(gateway):
    await gateway.post("/v1/chat/completions", chat("[[sim output=50 overrun=true]]", max_tokens=5))
    (entry,) = await gateway.entries()
    assert entry.usage.output == 50
    assert entry.detail == "overrun" or entry.cost_nanos <= entry.bound_nanos
    await gateway.books_balance()


async def _first_entry(gateway):
    async with asyncio.timeout(10):
        while not (entries := await gateway.entries()):
            await gateway.get("/healthz")
    return entries[0]


async def test_a_broken_connection_before_the_answer_is_502_and_charged_at_its_bound(gateway):
    status, _, told = await gateway.post("/v1/chat/completions", chat("[[sim reset=true]]"))
    assert status == 502, told
    (entry,) = await gateway.entries()
    assert entry.certainty is Certainty.PRESUMED
    await gateway.books_balance()


async def test_a_provider_that_is_not_there_costs_nothing(open_house, sim):
    gateway = await open_house()
    await sim.close()
    status, _, told = await gateway.post("/v1/chat/completions", chat())
    assert (status, told["error"]["code"]) == (502, "upstream_unavailable")
    (entry,) = await gateway.entries()
    assert (entry.cost_nanos, entry.outcome) == (0, Outcome.FAILED)
    await gateway.books_balance()


async def test_an_address_that_is_not_served_says_so_as_json(gateway):
    status, body = await gateway.get("/v2/nothing")
    assert status == 404
    assert body["error"]["code"] == "address_unknown"


async def test_a_compressed_body_is_refused(gateway):
    status, _, told = await gateway.post(
        "/v1/chat/completions", raw=b"\x1f\x8b", headers={"content-encoding": "gzip"}
    )
    assert status == 400
    assert "content-encoding" in told["error"]["message"]


async def test_health_says_whether_calls_can_be_paid(gateway):
    assert (await gateway.get("/healthz"))[0] == 200
    status, body = await gateway.get("/readyz")
    assert (status, body["status"]) == (200, "ok")


async def test_a_client_that_leaves_before_its_call_is_whole_leaves_nothing(gateway):
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert isinstance(gateway.http, aiohttp.ClientSession)
    assert (await gateway.get("/readyz"))[0] == 200
    assert await gateway.entries() == []
    del reader


@pytest.mark.parametrize("first", ['"max_tokens"', '"max\\u005ftokens"'])
async def test_a_limit_that_is_given_twice_reaches_the_provider_once(gateway, first):
    messages = '"messages": [{"role": "user", "content": "x"}]'
    raw = f'{{{first}: 5000, "max_tokens": 3, "model": "gpt-4o-mini", {messages}}}'
    status, _, body = await gateway.post("/v1/chat/completions", raw=raw.encode())
    (entry,) = await gateway.entries()
    assert status == 200
    assert body["usage"]["completion_tokens"] == 3
    assert entry.cost_nanos <= entry.bound_nanos


async def test_a_body_nested_too_deeply_is_refused_and_leaves_nothing(gateway):
    deep = "[" * 500 + "]" * 500
    raw = '{"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "x"}], "metadata": {"a": %s}}'
    status, _, told = await gateway.post("/v1/chat/completions", raw=(raw % deep).encode())
    assert (status, told["error"]["code"]) == (400, "call_invalid")
    await gateway.books_balance()


@pytest.mark.parametrize("tier", ["priority", "platinum"])
async def test_a_dearer_tier_without_a_price_is_refused_and_an_ordinary_one_passes(gateway, tier):
    model = {"model": "openai/gpt-3.5-turbo"}
    status, _, told = await gateway.post("/v1/chat/completions", chat(service_tier=tier) | model)
    assert (status, told["error"]["code"]) == (422, "model_unpriced")
    assert f"service_tier={tier}" in told["error"]["message"]
    ordinary, _, _ = await gateway.post("/v1/chat/completions", chat(service_tier="default") | model)
    assert ordinary == 200


async def test_a_google_stream_that_is_not_wanted_as_events_is_refused_with_the_remedy(gateway):
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
    refused, _, told = await gateway.post(path, body)
    served, _, _ = await gateway.post(f"{path}?alt=sse", body)
    assert (refused, served) == (400, 200)
    assert "?alt=sse" in told["error"]["message"]
