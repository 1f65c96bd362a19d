"""500 concurrent calls that cost exactly $0.01 each, against $1.00: in one process, and in four on one file."""

import asyncio
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import orjson
import pytest

from solvent.app import opened
from solvent.domain.budget import Budget
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.settings import Settings

CALLS = 500
OUTPUT = 10
PRICES = """
[[price]]
provider = "openai"
model = "penny"
output = "1000"
free = ["input"]
"""
"""A thousand dollars for a million tokens written, nothing for those read: ten tokens cost one cent."""


def limits(case: str) -> dict[str, object]:
    return {"bound_is_cost": {"max_tokens": OUTPUT}, "five_times": {"max_tokens": 5 * OUTPUT}, "none": {}}[
        case
    ]


def body(case: str) -> bytes:
    text = f"[[sim output={OUTPUT} latency_ms=50]]"
    call = {"model": "openai/penny", "messages": [{"role": "user", "content": text}]} | limits(case)
    return orjson.dumps(call)


async def gateways(
    stack: AsyncExitStack, count: int, path: Path, sim, environment: dict[str, str]
) -> list[str]:
    """Start *count* gateways as processes on one file and return their addresses."""
    config = path / "solvent.toml"
    rows = "\n".join(
        f'[providers.{name}]\nbase_url = "{row.base_url}"\nauth = "none"'
        for name, row in sim.as_providers().items()
    )
    config.write_text(rows)
    urls = []
    for _ in range(count):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "solvent",
            "serve",
            "--port",
            "0",
            "--json",
            env={"PATH": "/usr/bin:/bin", "SOLVENT_CONFIG": str(config), **environment},
            cwd=path,
            stdout=asyncio.subprocess.PIPE,
        )
        stack.push_async_callback(stopped, process)
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        urls.append(orjson.loads(line)["address"])
    return urls


async def stopped(process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def burst(urls: list[str], case: str, headers: dict[str, str]) -> Counter[int]:
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:

        async def one(number: int) -> int:
            url = urls[number % len(urls)] + "/v1/chat/completions"
            sent = {"content-type": "application/json", "x-solvent-customer": "c1"} | headers
            async with http.post(url, data=body(case), headers=sent) as reply:
                await reply.read()
                return reply.status

        return Counter(await asyncio.gather(*(one(number) for number in range(CALLS))))


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.toml"
    path.write_text(PRICES)
    return path


@pytest.mark.parametrize("processes", [1, 4])
@pytest.mark.parametrize(
    ("case", "policy", "paid"),
    [
        ("bound_is_cost", "refuse", (100, 100)),
        ("five_times", "refuse", (96, 100)),
        ("none", "clamp", (99, 100)),
    ],
)
async def test_a_burst_never_passes_its_budget_and_uses_it(
    tmp_path, sim, prices, processes, case, policy, paid
):
    environment = {
        "SOLVENT_DATABASE_URL": f"sqlite:///{tmp_path / 'solvent.db'}",
        "SOLVENT_PRICES_FILE": str(prices),
        "SOLVENT_POLICY": policy,
        "SOLVENT_BUSY_WAIT_S": "60",
    }
    settings = Settings.load({"prices_file": prices}, environment=environment)
    async with opened(settings) as app, AsyncExitStack() as stack:
        await app.desk.define(Budget("total", Period.LIFETIME, Money.parse("1.00")))
        urls = await gateways(stack, processes, tmp_path, sim, environment)
        seen = await burst(urls, case, {})
        (standing,) = await app.desk.standing(["total"])
        assert standing.balance.spent_nanos == sim_paid(sim)
        assert standing.balance.spent_nanos <= 10**9
        assert standing.balance.held_nanos == 0
        assert paid[0] <= seen[200] <= paid[1], seen
        assert seen[402] == CALLS - seen[200], seen
        assert not await app.store.verify()


def sim_paid(sim) -> int:
    """What the provider says it is owed: ten-thousandths of a dollar for each token it wrote."""
    return sum(line.counts.output for line in sim.invoice().lines) * 10**6
