"""The simulated provider in a process of its own, with the prices that the demo's provider asks."""

import asyncio
import json
import sys
import urllib.request
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from solvent.cli.demonstration.scenery import OFFERED, UNPRICED
from solvent.domain.money import Money
from solvent.errors import ConfigurationError

LATENCY_MS: Final = 20
_CHUNK_MS: Final = 1
_CHUNK_TOKENS: Final = 16


@asynccontextmanager
async def simulated_provider() -> AsyncIterator[str]:
    """Run the provider while the context is open, and yield its address.

    Raises:
        ConfigurationError: it did not start.
    """
    pace = (
        "--latency-ms",
        str(LATENCY_MS),
        "--chunk-ms",
        str(_CHUNK_MS),
        "--chunk-tokens",
        str(_CHUNK_TOKENS),
    )
    command = (
        sys.executable,
        "-m",
        "solvent.providers.simulated",
        "--port",
        "0",
        *pace,
        "--prices",
        _prices(),
    )
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, start_new_session=True)
    try:
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise ConfigurationError("the simulated provider did not start; what it said stands above")
        yield json.loads(line)["url"]
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def invoiced_nanos(provider: str) -> tuple[int, int]:
    """Return how many calls the provider bills so far, and what for them all, in nano-dollars."""
    document = await asyncio.to_thread(_invoice, provider)
    return document["calls"], document["total_nanos"]


def _invoice(provider: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{provider}/invoice", timeout=10) as reply:  # noqa: S310 - our own process
        document: dict[str, int] = json.load(reply)
    return document


def _prices() -> str:
    """Return the provider's price list; it would serve the unpriced model too, for more than anyone wants."""
    asked = {
        offered.model: {
            "input_nanos": Money.ceil(offered.input_usd),
            "output_nanos": Money.ceil(offered.output_usd),
        }
        for offered in OFFERED
    }
    return json.dumps(asked | {UNPRICED: {"input_nanos": Money.MAX, "output_nanos": Money.MAX}})
