"""Faults of a provider, through the gateway over real sockets: what the client sees, and what is booked."""

import asyncio
import tracemalloc

import aiohttp
import orjson
import pytest

from solvent.domain.entry import Certainty, Outcome

INPUT_NANOS, OUTPUT_NANOS = 150, 600
"""A token of gpt-4o-mini, read and written."""


def chat(directive, **fields):
    text = f"hello [[sim {directive}]]"
    return {
        "model": "openai/gpt-4o-mini",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 60,
        **fields,
    }


def messages(directive, **fields):
    return chat(directive, **fields) | {"model": "anthropic/claude-3-5-haiku-latest"}


def owed(sim):
    """What the provider's own counts cost at the price of the model that was asked."""
    return sum(
        line.counts.input * INPUT_NANOS + line.counts.output * OUTPUT_NANOS for line in sim.invoice().lines
    )


async def ask(gateway, body, headers=None):
    """Return (status, bytes) of a call; a connection that breaks in the middle ends the bytes."""
    async with gateway.http.post(gateway.url + "/v1/chat/completions", json=body, headers=headers) as reply:
        seen = b""
        try:
            async for chunk in reply.content.iter_any():
                seen += chunk
        except aiohttp.ClientPayloadError:
            seen += b"<broken>"
        return reply.status, seen


async def settled(gateway):
    """Return the only entry, with the books found in order."""
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    assert entry.cost_nanos >= owed(gateway.sim)
    return entry


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("status", "seen"), [(400, 400), (429, 429), (500, 500), (503, 503), (529, 529)])
async def test_an_error_of_the_provider_is_the_clients_to_see_and_costs_what_it_bills(
    gateway, status, seen, stream
):
    got, body = await ask(gateway, chat(f"status={status} retry_after_s=7", stream=stream))
    assert got == seen
    assert "error" in orjson.loads(body)
    entry = await settled(gateway)
    assert (entry.outcome, entry.status) == (Outcome.FAILED, status)
    assert entry.cost_nanos in (0, entry.bound_nanos)


@pytest.mark.parametrize("status", [401, 402, 403])
async def test_a_provider_that_denies_solvents_own_key_never_shows_its_words_to_the_client(gateway, status):
    got, body = await ask(gateway, chat(f"status={status}"))
    assert got == 502
    told = orjson.loads(body)["error"]
    assert told["code"] == "upstream_denied"
    assert "simulated failure" not in told["message"]
    assert (await settled(gateway)).cost_nanos == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_never_answers_meets_the_deadline_and_is_charged_at_its_bound(gateway, stream):
    got, body = await ask(gateway, chat("hang=true", stream=stream), {"x-solvent-deadline": "0.2"})
    assert got == 504
    assert b"upstream_timeout" in body
    entry = await settled(gateway)
    assert (entry.certainty, entry.cost_nanos) == (Certainty.PRESUMED, entry.bound_nanos)
    assert gateway.sim.abandoned == 1


@pytest.mark.parametrize("dialect", [chat, messages])
@pytest.mark.parametrize("fault", ["cut=0", "cut=1", "cut=5", "end=0", "end=1", "end=5", "error_after=1"])
async def test_a_stream_that_breaks_never_looks_complete_and_is_charged_at_its_bound(gateway, fault, dialect):
    got, body = await ask(gateway, dialect(f"output=40 {fault}", stream=True))
    assert got in (200, 502)
    assert b"[DONE]" not in body
    assert b"error" in body
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    assert entry.outcome in (Outcome.CUT, Outcome.FAILED)
    assert (entry.certainty, entry.cost_nanos) == (Certainty.PRESUMED, entry.bound_nanos)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_connection_that_is_reset_is_charged_at_its_bound(gateway, stream):
    _, body = await ask(gateway, chat("output=9 reset=true", stream=stream))
    assert b"[DONE]" not in body
    assert b"upstream_unavailable" in body
    entry = await settled(gateway)
    assert entry.cost_nanos == entry.bound_nanos


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_without_usage_is_counted_at_no_less_than_was_billed(gateway, stream):
    got, _ = await ask(gateway, chat("output=30 usage=none", stream=stream))
    assert got == 200
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    assert (entry.certainty, entry.detail) == (Certainty.COUNTED, "usage_missing")
    assert 0 < entry.cost_nanos <= entry.bound_nanos


@pytest.mark.parametrize("stream", [False, True])
async def test_an_overrun_is_booked_in_full_and_may_pass_the_limit(gateway, stream):
    await gateway.budget("total", "0.0001")
    got, _ = await ask(gateway, chat("output=5000 overrun=true", stream=stream))
    assert got == 200
    entry = await settled(gateway)
    assert (entry.usage.output, entry.detail, entry.certainty) == (5000, "overrun", Certainty.EXACT)
    (standing,) = await gateway.app.desk.standing(["total"])
    assert standing.balance.spent_nanos == entry.cost_nanos > standing.limit_nanos
    refused, _ = await ask(gateway, chat("output=1"))
    assert refused == 402


async def test_a_repeated_reply_id_makes_two_entries(gateway):
    for _ in range(2):
        await ask(gateway, chat("output=3 id=chatcmpl-same"))
    await gateway.books_balance()
    first, second = await gateway.entries()
    assert first.provider_call_id == second.provider_call_id == "chatcmpl-same"
    assert first.id != second.id
    assert first.cost_nanos == second.cost_nanos > 0


@pytest.mark.parametrize("stream", [False, True])
async def test_another_model_that_served_is_booked_at_its_own_price(gateway, stream):
    await ask(gateway, chat("output=10 model=gpt-4o", stream=stream))
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    assert entry.model == "gpt-4o"
    assert entry.cost_nanos == entry.usage.input * 2500 + 10 * 10_000


async def test_a_model_that_no_list_knows_is_booked_at_the_price_that_was_asked(gateway):
    await ask(gateway, chat("output=10 model=gpt-secret-preview"))
    entry = await settled(gateway)
    assert entry.cost_nanos == entry.usage.input * INPUT_NANOS + 10 * OUTPUT_NANOS


@pytest.mark.parametrize("stream", [False, True])
async def test_single_bytes_make_a_whole_answer(gateway, stream):
    got, body = await ask(gateway, chat("output=20 dribble=true", stream=stream))
    assert got == 200
    assert (b"[DONE]" in body) == stream
    entry = await settled(gateway)
    assert (entry.usage.output, entry.certainty) == (20, Certainty.EXACT)


async def test_a_compressed_bomb_is_refused_and_memory_stays_bounded(open_house):
    gateway = await open_house(max_reply_bytes=2**20)
    packed = chat("output=5 bomb_mb=64")
    tracemalloc.start()
    got, body = await ask(gateway, packed)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got == 502
    assert b"more than the 1048576 bytes" in body
    assert peak_bytes < (64 + 16) * 2**20, "the bomb itself is made in this process; no second one may appear"
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    assert entry.cost_nanos == entry.bound_nanos


async def test_a_line_of_ten_megabytes_in_a_whole_answer_passes(gateway):
    got, body = await ask(gateway, chat("output=8 line_mb=10"))
    assert got == 200
    assert len(body) > 10 * 2**20
    entry = await settled(gateway)
    assert (entry.usage.output, entry.certainty) == (8, Certainty.EXACT)


@pytest.mark.parametrize("size_mb", [10, 40])
async def test_a_long_line_of_junk_ends_a_stream_and_is_charged_at_its_bound(gateway, size_mb):
    got, body = await ask(gateway, chat(f"output=8 line_mb={size_mb}", stream=True))
    assert got == 200
    assert b"[DONE]" not in body
    assert b"reply_unreadable" in body
    assert len(body) < 2**20
    entry = await settled(gateway)
    assert (entry.outcome, entry.certainty) == (Outcome.CUT, Certainty.PRESUMED)


async def test_faults_side_by_side_leave_books_that_balance(gateway):
    faults = [
        "status=500",
        "cut=1",
        "end=2",
        "error_after=0",
        "usage=none",
        "reset=true",
        "output=7",
        "id=same",
    ]
    await gateway.budget("total", "0.01")
    bodies = [chat(fault, stream=bool(number % 2)) for number in range(8) for fault in faults]
    results = await asyncio.gather(*(ask(gateway, body) for body in bodies))
    await gateway.books_balance()
    entries = await gateway.entries()
    (standing,) = await gateway.app.desk.standing(["total"])
    assert standing.balance.spent_nanos == sum(entry.cost_nanos for entry in entries)
    assert standing.balance.spent_nanos >= owed(gateway.sim)
    assert standing.balance.spent_nanos <= standing.limit_nanos
    refused = sum(status == 402 for status, _ in results)
    assert len(entries) == len(bodies) - refused
