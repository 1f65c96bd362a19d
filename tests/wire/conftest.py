"""The recorded exchanges, and a server that plays the provider's side of one of them."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

EXCHANGES = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"


def recorded() -> list[dict[str, Any]]:
    """Return every exchange; none, with a line that says so, where the data is not beside the project."""
    if EXCHANGES.exists():
        return [json.loads(line) for line in EXCHANGES.read_text("utf-8").splitlines()]
    if os.environ.get("CI") == "true":
        raise FileNotFoundError(f"CI needs the recorded exchanges at {EXCHANGES}")
    return []


@dataclass
class Replayer:
    """Answers each POST with the recorded reply that was put on, and keeps what it was sent."""

    url: str = ""
    exchange: dict[str, Any] = field(default_factory=dict)
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Serve one exchange."""
        self.received.append((request.path_qs, json.loads(await request.read())))
        response = self.exchange["response"]
        body = response if isinstance(response, str) else json.dumps(response)
        return web.Response(
            status=self.exchange["status"],
            body=body.encode(),
            headers={"content-type": self.exchange["content_type"]},
        )


@pytest.fixture
async def replayer() -> AsyncIterator[Replayer]:
    """A server that plays the provider."""
    made = Replayer()
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/{tail:.*}", made.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``exchange`` once for each; without the data it is left out, and says so."""
    if "exchange" in metafunc.fixturenames:
        found = recorded()
        metafunc.parametrize("exchange", found, ids=[f"{one['provider']}-{one['id']}" for one in found])
