"""The stage of a bench: the simulated provider, the gateway and a bare relay, each in a process of its own."""

import asyncio
import json
import os
import sys
import urllib.request
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psutil

from solvent.domain.clock import US_PER_S

_PATHS = {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}


@dataclass(frozen=True, slots=True)
class Server:
    """A process that listens."""

    url: str
    process: psutil.Process

    def resident_mb(self) -> float:
        return self.process.memory_info().rss / 2**20

    def processor_us(self) -> float:
        """Return the processor time it has used so far."""
        times = self.process.cpu_times()
        return (times.user + times.system) * US_PER_S


Running: TypeAlias = AbstractAsyncContextManager[Server]


@asynccontextmanager
async def server(*command: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Server]:
    """Run a module or script that prints one line of JSON with its address, and end it with the context."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=PIPE, env=environment, start_new_session=True
    )
    try:
        line = await process.stdout.readline()
        if not line:
            raise SystemExit(f"{' '.join(command)} did not start; what it said stands above")
        told = json.loads(line)
        yield Server(told.get("url") or told["address"], psutil.Process(process.pid))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


def simulated(prices: Mapping[str, Any] | None = None, *, chunk_tokens: int = 4) -> Running:
    """Run the simulated provider, with *prices* of its own where given."""
    pace = ("--port", "0", "--chunk-tokens", str(chunk_tokens))
    priced = ("--prices", json.dumps(prices)) if prices else ()
    return server("-m", "solvent.providers.simulated", *pace, *priced)


def gateway(directory: Path, provider_url: str, **settings: str) -> Running:
    """Run one gateway on SQLite in *directory*, its providers all brought to *provider_url*."""
    rows = (
        f'[providers.{name}]\nbase_url = "{provider_url}{path}"\nauth = "none"\n'
        for name, path in _PATHS.items()
    )
    config = directory / "solvent.toml"
    config.write_text("\n".join(rows), encoding="utf-8")
    told = {f"SOLVENT_{name.upper()}": value for name, value in settings.items()}
    environment = {"PATH": os.environ["PATH"], "SOLVENT_CONFIG": str(config), **told}
    return server("-m", "solvent", "serve", "--port", "0", "--json", environment=environment)


def relay(provider_url: str) -> Running:
    """Run the bare relay before *provider_url*."""
    return server(str(Path(__file__).with_name("bare_relay.py")), provider_url)


async def invoice(provider_url: str) -> dict[str, Any]:
    """Return what the simulated provider bills."""
    return await asyncio.to_thread(_invoice, provider_url)


def _invoice(provider_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{provider_url}/invoice", timeout=60) as reply:  # noqa: S310 - our own process
        return json.load(reply)
