"""A gateway on SQLite in this process, over real sockets, with the simulated provider behind it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import openai
import pytest
from anyio.from_thread import start_blocking_portal
from google import genai

from solvent.app import App, opened
from solvent.domain.budget import Budget
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.gateway.serve import serving
from solvent.ports.storage import Filter
from solvent.settings import Settings
from solvent.testing import SimulatedProvider


@dataclass
class House:
    """An open gateway, and short ways to what tests look at."""

    app: App
    url: str
    sim: SimulatedProvider
    http: aiohttp.ClientSession

    async def post(
        self, path: str, body: Any = None, *, headers: dict[str, str] | None = None, raw: bytes = b""
    ):
        """Return (status, headers, parsed or raw body) of a POST."""
        sent = {"data": raw} if raw else {"json": body}
        async with self.http.post(self.url + path, headers=headers, **sent) as reply:
            data = await reply.read()
            parsed = await reply.json() if reply.content_type == "application/json" else data
            return reply.status, reply.headers, parsed

    async def get(self, path: str):
        """Return (status, parsed body) of a GET."""
        async with self.http.get(self.url + path) as reply:
            return reply.status, await reply.json()

    async def budget(self, scope: str, usd: str, period: Period = Period.DAILY, *, hard: bool = True) -> None:
        """Put a budget in force."""
        await self.app.desk.define(Budget(scope, period, Money.parse(usd), hard=hard))

    async def entries(self, call_id: str | None = None):
        """Return the entries of the book, or of one call."""
        return [entry async for page in self.app.store.entries(Filter(call_id=call_id)) for entry in page]

    async def books_balance(self) -> None:
        """Assert that every promise on the books holds and nothing is held any more."""
        assert not await self.app.store.verify()
        assert not await self.app.desk.holds()


Opener = Callable[..., Awaitable[House]]


@asynccontextmanager
async def house(path: Path, sim: SimulatedProvider, **overrides: Any) -> AsyncIterator[House]:
    """Open a gateway on a database at *path*, with *overrides* of settings."""
    given = {
        "database_url": f"sqlite:///{path / 'solvent.db'}",
        "providers": sim.as_providers(),
        "port": 0,
    }
    settings = Settings.load(given | overrides, environment={})
    async with opened(settings) as app, serving(app) as url, aiohttp.ClientSession() as http:
        yield House(app, url, sim, http)


@pytest.fixture
async def sim() -> AsyncIterator[SimulatedProvider]:
    """A simulated provider of its own for each test."""
    async with SimulatedProvider() as running:
        yield running


@pytest.fixture
async def open_house(tmp_path: Path, sim: SimulatedProvider) -> AsyncIterator[Opener]:
    """Opens a gateway with settings of the test's choice; closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opener(**overrides: Any) -> House:
            return await stack.enter_async_context(house(tmp_path, sim, **overrides))

        yield opener


@pytest.fixture
async def gateway(open_house: Opener) -> House:
    """A gateway with every setting at its default."""
    return await open_house()


@dataclass
class Clients:
    """The official SDKs as clients of one gateway, and how many requests the first two have sent."""

    openai: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic
    google: genai.client.AsyncClient
    sent: int = 0


@pytest.fixture
async def clients_of() -> AsyncIterator[Callable[[House], Awaitable[Clients]]]:
    """Opens the official SDKs, retries at their defaults, on a gateway of the test's choice."""
    async with AsyncExitStack() as stack:

        async def opener(gateway: House) -> Clients:
            async def count(_request: Any) -> None:
                made.sent += 1

            hooks = {"request": [count]}
            made = Clients(
                openai.AsyncOpenAI(
                    base_url=gateway.url + "/v1",
                    api_key="none",
                    http_client=openai.DefaultAsyncHttpxClient(event_hooks=hooks),
                ),
                anthropic.AsyncAnthropic(
                    base_url=gateway.url,
                    api_key="none",
                    http_client=anthropic.DefaultAsyncHttpxClient(event_hooks=hooks),
                ),
                genai.Client(api_key="none", http_options={"base_url": gateway.url}).aio,
            )
            for client in (made.openai, made.anthropic, made.google):
                await stack.enter_async_context(client)
            return made

        yield opener


@pytest.fixture
async def clients(gateway: House, clients_of: Callable[[House], Awaitable[Clients]]) -> Clients:
    """The official SDKs on a gateway with every setting at its default."""
    return await clients_of(gateway)


@pytest.fixture
def blocking_gateway(tmp_path: Path) -> Iterator[str]:
    """The address of a gateway that runs on a loop in another thread, for blocking clients."""

    @asynccontextmanager
    async def running() -> AsyncIterator[str]:
        async with SimulatedProvider() as sim, house(tmp_path, sim) as gateway:
            yield gateway.url

    with start_blocking_portal("asyncio") as portal, portal.wrap_async_context_manager(running()) as url:
        yield url
