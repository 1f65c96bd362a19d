"""The gateway with all its accounting beside a bare relay, and ``LLMService`` beside the bare client, in one run.

Run: ``python bench/relay.py [calls]``. Both sides take turns before one simulated provider, a round of each at a
time. Prints figures of this machine and their ratios; asserts nothing.
"""

import asyncio
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import uvloop
from load import Client, Seen, percentile_ms, post
from stage import Server, gateway, relay, simulated

from solvent.app import LLMService, opened_books
from solvent.domain.budget import Budget
from solvent.domain.clock import SystemClock
from solvent.domain.period import Period
from solvent.providers.config import ProviderConfig
from solvent.settings import Settings
from solvent.storage.sqlite.connection import prepare, writing

ROUNDS = 6
SCOPES = ("total", "customer:cust_1", "agent:agent_1", "campaign:q4")
BUDGETS = tuple(
    Budget(scope, period, 10**15) for scope in SCOPES for period in (Period.DAILY, Period.MONTHLY)
)
WHO = {"x-solvent-customer": "cust_1", "x-solvent-agent": "agent_1", "x-solvent-campaign": "q4"}
TOLD = f"{'Summarise the minutes of the meeting, please. ' * 40}[[sim output=40]]"
CALL = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "system", "content": "You are brief."}, {"role": "user", "content": TOLD}],
    "max_tokens": 200,
}


@dataclass
class Side:
    """One of two that are compared: what it serves and what was seen of it."""

    name: str
    server: Server
    client: Client
    seen: list[Seen] = field(default_factory=list)
    took_s: float = 0.0
    used_us: float = 0.0

    async def round(self, request: bytes, calls: int, in_flight: int) -> None:
        work = iter(range(calls))
        used_us, began_s = self.server.processor_us(), time.perf_counter()
        await asyncio.gather(*(self._worker(request, work) for _ in range(in_flight)))
        self.took_s += time.perf_counter() - began_s
        self.used_us += self.server.processor_us() - used_us

    async def _worker(self, request: bytes, work: Iterator[int]) -> None:
        for _ in work:
            seen = await self.client.send(request)
            if seen.status != 200:
                raise SystemExit(f"{self.name} answered {seen.status}: {seen.body[:500]!r}")
            self.seen.append(seen)

    @property
    def calls_per_s(self) -> float:
        return len(self.seen) / self.took_s

    def line(self) -> str:
        whole = [seen.whole_s for seen in self.seen]
        return (
            f"  {self.name:12} {self.calls_per_s:9,.0f} calls/s   p50 {percentile_ms(whole, 0.5):7.2f} ms"
            f"   p99 {percentile_ms(whole, 0.99):7.2f} ms   {self.used_us / len(self.seen):5.0f} µs of processor"
        )


async def compared(servers: tuple[Server, Server], request: bytes, calls: int, in_flight: int) -> list[Side]:
    """Let both sides take turns; the first round of each warms up and does not count."""
    async with Client(servers[0].url) as first, Client(servers[1].url) as second:
        sides = [Side("bare relay", servers[0], first), Side("gateway", servers[1], second)]
        for number in range(ROUNDS + 1):
            for side in sides if number % 2 else reversed(sides):
                if number == 1:
                    side.seen, side.took_s, side.used_us = [], 0.0, 0.0
                await side.round(request, calls // ROUNDS, in_flight)
    return sides


def commit_ms(directory: Path) -> float:
    """Return the median time of a commit that is on the disk, with no rules around it."""
    took_s: list[float] = []
    path = directory / "bare.db"
    prepare(path)
    with closing(writing(path)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (row BLOB)")
        for _ in range(200):
            began_s = time.perf_counter()
            connection.execute("INSERT INTO bare VALUES (zeroblob(2000))")
            took_s.append(time.perf_counter() - began_s)
    return percentile_ms(took_s, 0.5)


def added_ms(sides: list[Side], share: float, part: Callable[[Seen], float]) -> float:
    bare, real = ([part(seen) for seen in side.seen] for side in sides)
    return percentile_ms(real, share) - percentile_ms(bare, share)


async def report_gateway(calls: int, provider: Server, directory: Path) -> None:
    settings = Settings.load({"database_url": f"sqlite:///{directory / 'gateway.db'}"}, environment={})
    async with opened_books(settings, SystemClock()) as books:
        for budget in BUDGETS:
            await books.desk.define(budget)
    url = settings.database_url
    async with relay(provider.url) as bare, gateway(directory, provider.url, database_url=url) as real:
        for in_flight in (1, 32):
            count = calls if in_flight > 1 else max(ROUNDS, calls // 4)
            sides = await compared((bare, real), post("/v1/chat/completions", CALL, WHO), count, in_flight)
            print(f"whole answers, {in_flight} in flight, budgets on 4 scopes × 2 windows, SQLite")
            print("\n".join(side.line() for side in sides))
            print(
                f"  ratio {sides[1].calls_per_s / sides[0].calls_per_s:.2f}; added "
                f"p50 {added_ms(sides, 0.5, _whole):.2f} ms, p99 {added_ms(sides, 0.99, _whole):.2f} ms"
            )
            print(
                f"  a bare commit of one row to this disk takes {commit_ms(directory):.2f} ms; a call needs two"
            )
        streamed = post("/v1/chat/completions", CALL | {"stream": True}, WHO)
        sides = await compared((bare, real), streamed, max(ROUNDS, calls // 8), 1)
        print("streams, 1 in flight: time to the first byte of the body")
        print(
            f"  added p50 {added_ms(sides, 0.5, _first):.2f} ms, p99 {added_ms(sides, 0.99, _first):.2f} ms"
        )


def _whole(seen: Seen) -> float:
    return seen.whole_s


def _first(seen: Seen) -> float:
    return seen.first_s


async def report_service(calls: int, provider: Server, directory: Path) -> None:
    base = f"{provider.url}/v1"
    rows = {"openai": ProviderConfig(base_url=base, auth="none")}
    settings = Settings.load(
        {"database_url": f"sqlite:///{directory / 'service.db'}", "providers": rows}, environment={}
    )
    connector = aiohttp.TCPConnector(limit=0)
    async with LLMService.open(settings) as llm, aiohttp.ClientSession(connector=connector) as session:
        for budget in BUDGETS:
            await llm.budgets.define(budget)

        async def bare() -> None:
            body, head = orjson.dumps(CALL), {"content-type": "application/json"}
            async with session.post(f"{base}/chat/completions", data=body, headers=head) as reply:
                orjson.loads(await reply.read())

        async def real() -> None:
            await llm.chat(
                "gpt-4o-mini",
                CALL["messages"],
                max_tokens=200,
                customer_id="cust_1",
                agent_id="agent_1",
                campaign_id="q4",
            )

        took_s = {bare: 0.0, real: 0.0}
        for number in range(ROUNDS + 1):
            for work in (bare, real) if number % 2 else (real, bare):
                round_s = await many(work, calls // ROUNDS)
                took_s[work] += round_s if number else 0.0
    speeds = {work: calls // ROUNDS * ROUNDS / spent_s for work, spent_s in took_s.items()}
    print("LLMService in the process, 32 in flight, SQLite, the same budgets")
    print(f"  bare client  {speeds[bare]:9,.0f} calls/s")
    print(f"  LLMService   {speeds[real]:9,.0f} calls/s")
    print(f"  ratio {speeds[real] / speeds[bare]:.2f}")


async def many(work: Callable[[], Awaitable[None]], calls: int) -> float:
    """Run *work* so many times, 32 at a time, and return how long that took."""
    numbers = itertools.repeat(None, calls)

    async def worker() -> None:
        for _ in numbers:
            await work()

    began_s = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(32)))
    return time.perf_counter() - began_s


async def main(calls: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        async with simulated() as provider:
            print(f"{os.cpu_count()} cores, shared by provider, server and load generator")
            await report_gateway(calls, provider, Path(name))
            await report_service(calls, provider, Path(name))


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 6_000))
