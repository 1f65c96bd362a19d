"""A real trace of calls, read where it is kept: afterwards the ledger equals the provider's own invoice."""

import asyncio
import csv
import os
import random
from itertools import islice
from pathlib import Path

import pytest

from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.testing import ModelPrice, SimulatedProvider

TRACE = Path(__file__).resolve().parents[2] / ".." / "shared" / "traces" / "azure_llm_inference_conv_2023.csv"
CALLS = 1_000
IN_FLIGHT = 16
SEED = 20231116
PRICES = """
[[price]]
provider = "openai"
model = "gpt-4o-mini"
input = "0.1375001"
output = "0.6125003"

[[price]]
provider = "anthropic"
model = "claude-sonnet-4-5"
input = "3.0000007"
output = "15.0000003"

[[price]]
provider = "google"
model = "gemini-2.5-flash"
input = "0.3000001"
output = "2.4999999"
"""
PROVIDER_PRICES = {
    "gpt-4o-mini": ModelPrice(137_500_100, 612_500_300),
    "claude-sonnet-4-5": ModelPrice(3_000_000_700, 15_000_000_300),
    "gemini-2.5-flash": ModelPrice(300_000_100, 2_499_999_900),
}

if not TRACE.exists() and os.environ.get("CI") != "true":
    pytest.skip(f"left out: there is no trace at {TRACE}", allow_module_level=True)


@pytest.fixture
async def sim():
    async with SimulatedProvider(PROVIDER_PRICES, chunk_tokens=32) as running:
        yield running


def trace():
    with TRACE.open(encoding="utf-8", newline="") as file:
        rows = [
            (int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in islice(csv.DictReader(file), CALLS)
        ]
    assert len(rows) == CALLS
    return rows


def post_of(chosen, read, written):
    """Return path, body and headers of one call whose prompt is as long as the trace says."""
    text = f"[[sim input={read} output={written}]]{' the' * read}"
    turns = [{"role": "user", "content": text}]
    stream = chosen.random() < 1 / 3
    headers = {
        "x-solvent-customer": f"cust_{chosen.randrange(8)}",
        "x-solvent-agent": f"agent_{chosen.randrange(3)}",
        "x-solvent-campaign": f"q{chosen.randrange(1, 5)}",
    }
    match chosen.choice(list(PROVIDER_PRICES)):
        case "gpt-4o-mini" as model:
            body = {"model": model, "messages": turns, "max_tokens": written, "stream": stream}
            return "/v1/chat/completions", body, headers
        case "claude-sonnet-4-5" as model:
            body = {"model": model, "messages": turns, "max_tokens": written, "stream": stream}
            return "/v1/messages", body, headers
        case model:
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            contents = [{"role": "user", "parts": [{"text": text}]}]
            body = {"contents": contents, "generationConfig": {"maxOutputTokens": written}}
            return f"/v1beta/models/{model}:{verb}", body, headers


async def replayed(gateway):
    """Send the trace, as fast as it goes, and return the statuses."""
    chosen = random.Random(SEED)
    print(f"seed {SEED}")
    work = iter([post_of(chosen, *row) for row in trace()])
    statuses = []

    async def worker():
        for path, body, headers in work:
            status, _, _ = await gateway.post(path, body, headers=headers)
            statuses.append(status)

    await asyncio.gather(*(worker() for _ in range(IN_FLIGHT)))
    return statuses


async def test_after_a_replayed_trace_the_ledger_equals_the_invoice_to_the_nano_dollar(
    open_house, sim, tmp_path
):
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES)
    gateway = await open_house(prices_file=prices, busy_wait_s=0)
    for scope in ("total", "customer:*", "agent:*", "campaign:*"):
        for period in (Period.DAILY, Period.MONTHLY):
            await gateway.budget(scope, "1000", period)
    await gateway.budget("customer:cust_0", "0.05")

    statuses = await replayed(gateway)

    assert set(statuses) <= {200, 402, 429}
    assert statuses.count(402) > 0
    assert statuses.count(200) > CALLS // 2
    entries = await gateway.entries()
    invoice = sim.invoice()
    assert len(invoice.lines) == statuses.count(200) == len(entries)
    assert sum(entry.cost_nanos for entry in entries) == invoice.total_nanos
    assert {entry.provider_call_id: booked(entry) for entry in entries} == {
        line.id: (line.model, line.counts.input, line.counts.output, line.cost_nanos)
        for line in invoice.lines
    }
    assert {entry.detail for entry in entries} == {""}
    await gateway.books_balance()
    (poor,) = [
        standing
        for standing in await gateway.app.desk.standing(["customer:cust_0"])
        if standing.limit_nanos == Money.parse("0.05")
    ]
    assert poor.balance.spent_nanos <= poor.limit_nanos


def booked(entry):
    return entry.model, entry.usage.input_tokens, entry.usage.output_tokens, entry.cost_nanos
