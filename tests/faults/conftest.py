"""Gateways as processes of their own on one file, a simulated provider, and traffic that this process sends."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import aiohttp
import orjson
import pytest

from solvent.app import opened
from solvent.ports.storage import Filter
from solvent.settings import Settings
from solvent.testing import SimulatedProvider

MODEL = "openai/gpt-4o-mini"
INPUT_NANOS, OUTPUT_NANOS = 150, 600
"""A token of the model, read and written."""


class GatewayProcess:
    """One ``solvent serve``."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    def signal(self, number: int) -> None:
        """Send a signal; SIGKILL and SIGSTOP cannot be caught."""
        os.kill(self.process.pid, number)

    async def ended(self) -> int:
        """Return the status it ended with."""
        return await asyncio.wait_for(self.process.wait(), 60)


class Street:
    """Several gateways on one file, and what came of the calls that were sent to them."""

    def __init__(self, directory: Path, sim: SimulatedProvider, http: aiohttp.ClientSession) -> None:
        self.directory = directory
        self.sim = sim
        self.http = http
        self.settings = Settings.load(
            {"database_url": f"sqlite:///{directory / 'solvent.db'}", "providers": sim.as_providers()},
            environment={},
        )
        self.environment: dict[str, str] = {"SOLVENT_SWEEP_S": "0.2"}
        self.running: list[GatewayProcess] = []
        self.seen: Counter[str] = Counter()
        self._ended = asyncio.Event()

    async def open(self) -> GatewayProcess:
        """Start a gateway and return when it serves."""
        config = self.directory / "solvent.toml"
        rows = self.settings.providers.items()
        config.write_text(
            "\n".join(f'[providers.{name}]\nbase_url = "{row.base_url}"\nauth = "none"' for name, row in rows)
        )
        told = {"SOLVENT_CONFIG": str(config), "SOLVENT_DATABASE_URL": self.settings.database_url}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "solvent", "serve", "--port", "0", "--json"),
            env={"PATH": "/usr/bin:/bin", **told, **self.environment},
            cwd=self.directory,
            stdout=asyncio.subprocess.PIPE,
        )
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        gateway = GatewayProcess(process, orjson.loads(line)["address"])
        self.running.append(gateway)
        return gateway

    async def close(self) -> None:
        """End every gateway, gently where it still listens to that."""
        for gateway in self.running:
            with suppress(ProcessLookupError):
                gateway.signal(signal.SIGCONT)
                gateway.signal(signal.SIGTERM)
        await asyncio.gather(*(gateway.ended() for gateway in self.running))

    async def call(
        self, url: str, directive: str, *, stream: bool = False, customer: str = "c1", **more
    ) -> str:
        """Make a call and return how it ended: its status, ``cut`` for half an answer, ``gone`` for none."""
        text = f"hello [[sim {directive}]]"
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 100, **more}
        headers = {"x-solvent-customer": customer, "x-solvent-agent": f"{customer}-agent"}
        status = "gone"
        try:
            async with self.http.post(
                url + "/v1/chat/completions", json=body | {"stream": stream}, headers=headers
            ) as reply:
                status = "cut"
                data = await reply.read()
                whole = reply.status != 200 or not stream or b"[DONE]" in data
                status = str(reply.status) if whole else "cut"
        except (aiohttp.ClientError, OSError):
            pass
        self.seen[status] += 1
        self._ended.set()
        return status

    async def traffic(self, seed: int, stop: asyncio.Event, *, at_once: int = 12) -> None:
        """Send calls of mixed kinds and customers to whatever runs, until told to stop."""

        async def caller(number: int) -> None:
            chance = random.Random(seed * 1000 + number)
            while not stop.is_set():
                gateway = chance.choice(self.running)
                directive = f"output={chance.randint(1, 60)} latency_ms={chance.randint(0, 30)} chunk_ms=2"
                streams, customer = chance.random() < 0.5, f"c{chance.randint(1, 3)}"
                await self.call(gateway.url, directive, stream=streams, customer=customer)

        await asyncio.gather(*(caller(number) for number in range(at_once)))

    async def answers(self, count: int) -> None:
        """Return when *count* more calls have come to an end."""
        until = self.seen.total() + count
        async with asyncio.timeout(60):
            while self.seen.total() < until:
                self._ended.clear()
                await self._ended.wait()

    async def audit(self):
        """Open the book here, as a successor, and return (entries, standing by scope)."""
        async with opened(self.settings) as app:
            assert not await app.store.verify()
            assert not await app.desk.holds()
            entries = [entry async for page in app.store.entries(Filter()) for entry in page]
            standings = {standing.scope: standing for standing in await app.desk.standings()}
        for standing in standings.values():
            assert standing.balance.held_nanos == 0
        assert sum(entry.cost_nanos for entry in entries) >= self.owed_nanos()
        return entries, standings

    def owed_nanos(self) -> int:
        """What the provider's own counts cost at the price of the model."""
        lines = self.sim.invoice().lines
        return sum(line.counts.input * INPUT_NANOS + line.counts.output * OUTPUT_NANOS for line in lines)


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """An empty street; its gateways are ended with the test."""
    async with AsyncExitStack() as stack:
        sim = await stack.enter_async_context(SimulatedProvider())
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        made = Street(tmp_path, sim, http)
        stack.push_async_callback(made.close)
        yield made
