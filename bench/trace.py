"""A real trace of calls through the gateway; afterwards its ledger must equal the provider's own invoice.

Run: ``python bench/trace.py [calls] [speed]``. Replays the first calls of the trace *speed* times as fast as they
came, as OpenAI's, Anthropic's and Google's calls, for several customers, agents and campaigns, a third of them
streams; one customer's budget runs out on the way. Every fourth call is also sent to a second simulated provider
directly, at the same instant, to tell what latency the gateway adds. Status 1 when the books differ.
"""

import asyncio
import csv
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import uvloop
from load import Client, Seen, percentile_ms, post
from rich.progress import Progress
from stage import gateway, invoice, simulated

from solvent.app import opened_books
from solvent.domain.budget import Budget
from solvent.domain.clock import SystemClock
from solvent.domain.entry import Entry
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.ports.storage import Filter
from solvent.settings import Settings

TRACE = Path(__file__).resolve().parents[2] / "shared" / "traces" / "azure_llm_inference_conv_2023.csv"
SEED = 20231116
DIRECT_EVERY = 4
MODELS = {
    "gpt-4o-mini": ("openai", "0.1375", "0.6125"),
    "claude-sonnet-4-5": ("anthropic", "3.0007", "15.0003"),
    "gemini-2.5-flash": ("google", "0.3001", "2.4999"),
}
"""Provider, and dollars for a million tokens read and written; not round, so that rounding is tried too."""
BUDGETS = (
    *(Budget("total", period, Money.parse("100000")) for period in (Period.DAILY, Period.MONTHLY)),
    *(Budget("customer:*", period, Money.parse("10000")) for period in (Period.DAILY, Period.MONTHLY)),
    *(Budget("agent:*", period, Money.parse("10000")) for period in (Period.DAILY, Period.MONTHLY)),
    *(Budget("campaign:*", period, Money.parse("10000")) for period in (Period.DAILY, Period.MONTHLY)),
    Budget("customer:cust_0", Period.DAILY, Money.parse("0.05")),
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call of the trace: seconds after the first, tokens read and written."""

    at_s: float
    read: int
    written: int


@dataclass
class Run:
    """What was seen of a replay."""

    through: list[Seen] = field(default_factory=list)
    twins: list[tuple[Seen, Seen]] = field(default_factory=list)
    took_s: float = 0.0


def arrivals(calls: int) -> list[Arrival]:
    with TRACE.open(encoding="utf-8", newline="") as file:
        rows = [
            (datetime.fromisoformat(row["TIMESTAMP"]), int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in islice(csv.DictReader(file), calls)
        ]
    return [Arrival((at - rows[0][0]).total_seconds(), read, written) for at, read, written in rows]


def requests(trace: list[Arrival]) -> Iterator[bytes]:
    """Yield each call's bytes; every word of the prompt is a token, so it is as long as the trace says."""
    chosen = random.Random(SEED)
    for arrival in trace:
        model = chosen.choice(list(MODELS))
        told = f"[[sim input={arrival.read} output={arrival.written}]]{' the' * arrival.read}"
        who = {
            "x-solvent-customer": f"cust_{chosen.randrange(20)}",
            "x-solvent-agent": f"agent_{chosen.randrange(5)}",
            "x-solvent-campaign": f"q{chosen.randrange(1, 5)}",
        }
        path, document = _call(model, told, arrival.written, stream=chosen.random() < 1 / 3)
        yield post(path, document, who)


def _call(model: str, told: str, limit: int, *, stream: bool) -> tuple[str, dict[str, Any]]:
    turns = [{"role": "user", "content": told}]
    match MODELS[model][0]:
        case "openai":
            document = {"model": model, "messages": turns, "max_completion_tokens": limit, "stream": stream}
            return "/v1/chat/completions", document
        case "anthropic":
            return "/v1/messages", {"model": model, "messages": turns, "max_tokens": limit, "stream": stream}
        case _:
            verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
            contents = [{"role": "user", "parts": [{"text": told}]}]
            told_limit = {"generationConfig": {"maxOutputTokens": limit}}
            return f"/v1beta/models/{model}:{verb}", {"contents": contents} | told_limit


async def replay(trace: list[Arrival], speed: float, through: Client, direct: Client) -> Run:
    """Send each call at its instant, however many are under way."""
    run, tasks = Run(), []
    with Progress() as shown:
        bar = shown.add_task("replaying", total=len(trace))

        async def one(number: int, request: bytes) -> None:
            if number % DIRECT_EVERY:
                run.through.append(await through.send(request))
            else:
                pair = await asyncio.gather(through.send(request), direct.send(request))
                run.through.append(pair[0])
                run.twins.append(pair)
            shown.advance(bar)

        began_s = time.perf_counter()
        for number, (arrival, request) in enumerate(zip(trace, requests(trace), strict=True)):
            await asyncio.sleep(max(0.0, arrival.at_s / speed - (time.perf_counter() - began_s)))
            tasks.append(asyncio.create_task(one(number, request)))
        await asyncio.gather(*tasks)
        run.took_s = time.perf_counter() - began_s
    return run


def differences(entries: list[Entry], bill: dict[str, Any]) -> list[str]:
    """Return where the ledger and the provider's invoice differ, line by line."""
    booked = {entry.provider_call_id: entry for entry in entries if entry.cost_nanos}
    lines = {line["id"]: line for line in bill["lines"]}
    found = [f"{call_id}: on one side only" for call_id in booked.keys() ^ lines.keys()]
    for call_id in booked.keys() & lines.keys():
        entry, line = booked[call_id], lines[call_id]
        if entry.cost_nanos != line["cost_nanos"]:
            found.append(f"{call_id}: {entry.cost_nanos} nanos booked, {line['cost_nanos']} billed")
        if entry.usage.output_tokens != line["counts"]["output"] or entry.detail:
            found.append(f"{call_id}: {entry.usage} ({entry.detail}), billed {line['counts']}")
    total = sum(entry.cost_nanos for entry in entries)
    if total != bill["total_nanos"]:
        found.append(f"in all: {total} nanos booked, {bill['total_nanos']} billed")
    return found


def prices_file() -> str:
    rows = (
        f'[[price]]\nprovider = "{provider}"\nmodel = "{model}"\ninput = "{read}"\noutput = "{written}"\n'
        for model, (provider, read, written) in MODELS.items()
    )
    return "\n".join(rows)


def provider_prices() -> dict[str, dict[str, int]]:
    return {
        model: {"input_nanos": Money.parse(read), "output_nanos": Money.parse(written)}
        for model, (_, read, written) in MODELS.items()
    }


async def main(calls: int, speed: float) -> int:
    trace = arrivals(calls)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "prices.toml").write_text(prices_file(), encoding="utf-8")
        url = f"sqlite:///{directory / 'solvent.db'}"
        settings = Settings.load({"database_url": url}, environment={})
        async with opened_books(settings, SystemClock()) as books:
            for budget in BUDGETS:
                await books.desk.define(budget)
        async with AsyncExitStack() as stack:
            paid = await stack.enter_async_context(simulated(provider_prices(), chunk_tokens=32))
            apart = await stack.enter_async_context(simulated(provider_prices(), chunk_tokens=32))
            prices = str(directory / "prices.toml")
            served = gateway(directory, paid.url, database_url=url, prices_file=prices, busy_wait_s="0")
            house = await stack.enter_async_context(served)
            through = await stack.enter_async_context(Client(house.url))
            direct = await stack.enter_async_context(Client(apart.url))
            rest_mb = house.resident_mb()
            run = await replay(trace, speed, through, direct)
            report(run, trace, rest_mb, house.resident_mb())
            bill = await invoice(paid.url)
        return await judged(settings, run, bill)


def report(run: Run, trace: list[Arrival], before_mb: float, after_mb: float) -> None:
    seen = Counter(seen.status for seen in run.through)
    offered = len(trace) / max(trace[-1].at_s, 1e-9)
    print(
        f"{len(trace):,} calls in {run.took_s:.1f} s: {len(trace) / run.took_s:,.0f} calls/s (the trace: "
        f"{offered:.1f} calls/s); statuses {dict(sorted(seen.items()))}"
    )
    pairs = [pair for pair in run.twins if pair[0].status == 200]
    sides = [[pair[side].whole_s for pair in pairs] for side in (0, 1)]
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        gate_ms, direct_ms = (percentile_ms(side, share) for side in sides)
        print(
            f"{name}: {gate_ms:8.2f} ms through the gateway, {direct_ms:8.2f} ms direct, "
            f"added {gate_ms - direct_ms:.2f} ms"
        )
    print(f"memory of the gateway: {before_mb:.0f} MB before, {after_mb:.0f} MB after")


async def judged(settings: Settings, run: Run, bill: dict[str, Any]) -> int:
    """Print whether the books hold, and return the status of the bench."""
    async with opened_books(settings, SystemClock()) as books:
        entries = [entry async for page in books.store.entries(Filter()) for entry in page]
        amiss = [f"verify: {found}" for found in await books.store.verify()]
        amiss += [f"still held: {hold}" for hold in await books.desk.holds()]
    amiss += differences(entries, bill)
    answered = sum(seen.status == 200 for seen in run.through)
    if answered != bill["calls"]:
        amiss.append(f"{answered} calls answered, {bill['calls']} billed")
    for line in amiss[:20]:
        print(line)
    total = Money.show(bill["total_nanos"])
    verdict = f"DIFFER in {len(amiss)} places" if amiss else "agree to the nano-dollar, and verify is clean"
    print(f"ledger and invoice of {bill['calls']:,} calls ({total}) {verdict}")
    return 1 if amiss else 0


if __name__ == "__main__":
    if not TRACE.exists():
        print(f"left out: the trace is not at {TRACE}")
        sys.exit(0)
    asked = [float(argument) for argument in sys.argv[1:]]
    sys.exit(uvloop.run(main(int(asked[0]) if asked else 10_000, asked[1] if len(asked) > 1 else 30.0)))
