"""What the simulated provider does wrong on purpose, and what it bills for it."""

import asyncio
import io

import aiohttp
import orjson
import pytest

from solvent.domain.call import Dialect, Operation
from solvent.errors import ConfigurationError
from solvent.ports.upstream import Deadlines
from solvent.providers.catalog import Catalog
from solvent.providers.http import HttpUpstream
from solvent.providers.request import build
from solvent.testing import Behavior, ModelPrice, SimulatedProvider

PIECE = b'"delta":{"content":" '
DEADLINES = Deadlines(10, 30, 30, 60)


@pytest.fixture
async def sim():
    async with SimulatedProvider(chunk_tokens=1) as provider:
        yield provider


@pytest.fixture
async def client():
    async with aiohttp.ClientSession() as session:
        yield session


def chat(directive="", **fields):
    return {"model": "m", "messages": [{"role": "user", "content": f"hello [[sim {directive}]]"}]} | fields


async def streamed(client, sim, directive):
    """Return what came of a stream, and whether it ended as HTTP ends."""
    body = b""
    async with client.post(f"{sim.url}/v1/chat/completions", json=chat(directive, stream=True)) as reply:
        try:
            async for piece in reply.content.iter_any():
                body += piece
        except aiohttp.ClientError:
            return body, False
    return body, True


@pytest.mark.parametrize("pieces", [0, 1, 3, 10])
async def test_a_cut_stream_breaks_after_its_pieces_and_is_billed_for_them(sim, client, pieces):
    body, whole = await streamed(client, sim, f"output=10 reasoning=7 cut={pieces}")
    (line,) = sim.invoice().lines
    assert not whole
    assert b"[DONE]" not in body
    assert body.count(PIECE) == pieces == line.counts.output
    assert line.counts.reasoning == (7 if pieces else 0)
    assert not line.complete


async def test_a_stream_may_end_early_as_if_all_were_well(sim, client):
    body, whole = await streamed(client, sim, "output=10 end=4")
    assert whole
    assert b"[DONE]" not in body
    assert sim.invoice().lines[0].counts.output == 4


async def test_a_stream_may_end_in_an_error_event(sim, client):
    body, whole = await streamed(client, sim, "output=10 error_after=4")
    assert whole
    assert "error" in orjson.loads(body.rsplit(b"data: ", 1)[1])
    assert sim.invoice().lines[0].counts.output == 4


async def test_usage_may_be_missing_from_the_reply_but_not_from_the_invoice(sim, client):
    async with client.post(f"{sim.url}/v1/chat/completions", json=chat("usage=none output=5")) as reply:
        assert "usage" not in await reply.json()
    assert sim.invoice().lines[0].counts.output == 5


async def test_another_model_may_serve_and_is_billed_at_its_own_price(client):
    prices = {"m": ModelPrice.per_token(1, 1), "dear": ModelPrice.per_token(1000, 1000)}
    async with SimulatedProvider(prices) as sim:
        async with client.post(
            f"{sim.url}/v1/chat/completions", json=chat("model=dear input=1 output=1")
        ) as reply:
            assert (await reply.json())["model"] == "dear"
        assert sim.invoice().total_nanos == 2000


async def test_a_model_without_a_price_is_unknown(client):
    async with (
        SimulatedProvider({"known": ModelPrice.per_token(1, 1)}) as sim,
        client.post(f"{sim.url}/v1/chat/completions", json=chat()) as reply,
    ):
        assert (reply.status, (await reply.json())["error"]["code"]) == (404, "model_not_found")


async def test_an_id_may_come_twice(sim, client):
    for _ in range(2):
        async with client.post(f"{sim.url}/v1/chat/completions", json=chat("id=same")) as reply:
            assert (await reply.json())["id"] == "same"
    assert [line.id for line in sim.invoice().lines] == ["same", "same"]


async def test_calls_at_the_same_time_have_ids_of_their_own(sim, client):
    async def called():
        async with client.post(f"{sim.url}/v1/chat/completions", json=chat("latency_ms=1")) as reply:
            return (await reply.json())["id"]

    ids = await asyncio.gather(*[called() for _ in range(50)])
    assert len(set(ids)) == 50
    assert sorted(ids) == sorted(line.id for line in sim.invoice().lines)


@pytest.mark.parametrize("wrong", [{"latency_ms": -1}, {"chunk_ms": -1}, {"chunk_tokens": 0}])
def test_an_impossible_pace_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        SimulatedProvider(**wrong)


@pytest.mark.parametrize(
    ("directive", "lines"), [("status=500", 0), ("status=500 bill=full", 1), ("bill=none", 0)]
)
async def test_what_a_fault_costs_can_be_said(sim, client, directive, lines):
    async with client.post(f"{sim.url}/v1/chat/completions", json=chat(directive)) as reply:
        await reply.read()
    assert len(sim.invoice().lines) == lines


async def test_scripted_behaviors_come_first_and_in_order(sim, client):
    sim.fail_next(503, times=2)
    sim.script(Behavior(output=3))
    found = []
    for _ in range(4):
        async with client.post(f"{sim.url}/v1/chat/completions", json=chat("output=9")) as reply:
            found.append((reply.status, (await reply.json()).get("usage", {}).get("completion_tokens")))
    assert found == [(503, None), (503, None), (200, 3), (200, 9)]


async def test_googles_stream_without_alt_sse_is_a_json_array(sim, client):
    ask = {"contents": [{"parts": [{"text": "[[sim output=3]]"}]}]}
    async with client.post(f"{sim.url}/v1beta/models/g:streamGenerateContent", json=ask) as reply:
        assert reply.content_type == "application/json"
        documents = orjson.loads(await reply.read())
    assert documents[-1]["candidates"][0]["finishReason"] == "STOP"
    assert documents[-1]["usageMetadata"]["candidatesTokenCount"] == 3


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "unexpected"),
        (b"[]", "object"),
        (b"\xff", "UTF-8"),
        (b"", "empty"),
        (b'{"model":"m"}', "messages"),
    ],
)
async def test_a_body_that_is_no_call_is_answered_with_400(sim, client, body, said):
    async with client.post(f"{sim.url}/v1/chat/completions", data=body) as reply:
        assert reply.status == 400
        assert (await reply.json())["error"]["type"] == "invalid_request_error"
    assert sim.invoice().lines == ()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/v2/chat"), ("GET", "/")]
)
async def test_nothing_else_lives_at_the_simulated_provider(sim, client, method, path):
    async with client.request(method, sim.url + path) as reply:
        assert reply.status == 404


async def test_the_invoice_is_also_read_over_http(sim, client):
    async with client.post(f"{sim.url}/v1/chat/completions", json=chat()) as reply:
        await reply.read()
    async with client.get(f"{sim.url}/invoice") as reply:
        document = await reply.json()
    assert document == orjson.loads(orjson.dumps(sim.invoice().document()))
    assert document["total_nanos"] == sim.invoice().total_nanos > 0


async def test_a_large_call_is_read_and_counted(sim, client):
    body = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 4_000_000}]})
    async with client.post(f"{sim.url}/v1/chat/completions", data=io.BytesIO(body)) as reply:
        assert (await reply.json())["usage"]["prompt_tokens"] == 1_000_000


async def test_a_closed_provider_is_gone_and_its_invoice_stays(client):
    sim = SimulatedProvider()
    await sim.start()
    async with client.post(f"{sim.url}/v1/chat/completions", json=chat()) as reply:
        await reply.read()
    await sim.close()
    await sim.close()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(f"{sim.url}/invoice")
    assert len(sim.invoice().lines) == 1


BODIES = {
    Dialect.OPENAI_CHAT: chat("output=2"),
    Dialect.OPENAI_RESPONSES: {"model": "m", "input": "[[sim output=2]]"},
    Dialect.OPENAI_EMBEDDINGS: {"model": "m", "input": "a"},
    Dialect.ANTHROPIC_MESSAGES: chat("output=2", max_tokens=9),
    Dialect.GOOGLE_GENERATE: {"contents": [{"parts": [{"text": "[[sim output=2]]"}]}]},
    Dialect.GOOGLE_EMBED: {"content": {"parts": [{"text": "a"}]}},
}


@pytest.mark.parametrize(
    ("model", "dialects"),
    [
        ("gpt-4o", [Dialect.OPENAI_CHAT, Dialect.OPENAI_RESPONSES, Dialect.OPENAI_EMBEDDINGS]),
        ("claude-x", [Dialect.ANTHROPIC_MESSAGES]),
        ("gemini-x", [Dialect.GOOGLE_GENERATE, Dialect.GOOGLE_EMBED]),
        ("simulated/any", list(Dialect)),
    ],
)
async def test_the_catalogs_addresses_reach_the_simulated_provider_in_every_dialect(sim, model, dialects):
    deployment = Catalog.bundled().with_operator(sim.as_providers()).resolve(model)
    async with await HttpUpstream.open() as upstream:
        for dialect in dialects:
            embeds = dialect in (Dialect.OPENAI_EMBEDDINGS, Dialect.GOOGLE_EMBED)
            call = build(
                deployment,
                dialect,
                Operation.EMBED if embeds else Operation.GENERATE,
                stream=False,
                body=orjson.dumps(BODIES[dialect]),
                credential=None,
                deadlines=DEADLINES,
            )
            reply = await upstream.send(call)
            assert reply.status == 200, await reply.read(10_000)
            await reply.close()
    assert [line.dialect for line in sim.invoice().lines] == [dialect.value for dialect in dialects]
