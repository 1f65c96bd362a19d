"""The demo from first call to last: opens everything, sends the traffic, asks every book what it says."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from solvent.app import App, opened
from solvent.budgets.desk import Standing
from solvent.cli.demonstration.clients import Ended, clients, ended
from solvent.cli.demonstration.provider import invoiced_nanos, simulated_provider
from solvent.cli.demonstration.scenery import BUDGETS, OFFERED, errands
from solvent.errors import ConfigurationError
from solvent.gateway.serve import serving
from solvent.ports.storage import Filter, Finding, UsageRow
from solvent.pricing.declare import set_price
from solvent.settings import Settings

AT_ONCE: Final = 24
_SETTLING_S: Final = 10.0
_TICK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Plan:
    """What the user chose. The prices file of the demo goes into ``directory``."""

    calls: int
    seed: int
    port: int
    database_url: str
    directory: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened, as clients, the ledger and the provider each tell it."""

    ended: tuple[Ended, ...]
    elapsed_s: float
    by_customer: tuple[UsageRow, ...]
    by_model: tuple[UsageRow, ...]
    standings: tuple[Standing, ...]
    booked: UsageRow
    invoiced_calls: int
    invoiced_nanos: int
    findings: tuple[Finding, ...]

    @property
    def broken(self) -> tuple[Ended, ...]:
        """The calls that ended neither with an answer nor with a refusal of solvent's."""
        return tuple(end for end in self.ended if end.error and not end.code)

    @property
    def balances(self) -> bool:
        """Whether the books hold, agree with the provider's invoice to the nano-dollar, and no call broke."""
        agrees = (self.booked.calls, self.booked.cost_nanos) == (self.invoiced_calls, self.invoiced_nanos)
        return agrees and not self.findings and not self.broken


@dataclass(frozen=True, slots=True)
class Stage:
    """The gateway at ``address``, its app, and the provider behind it."""

    app: App
    address: str
    provider: str


@asynccontextmanager
async def staged(plan: Plan) -> AsyncIterator[Stage]:
    """Start the provider and the gateway, define the budgets, and stop all when the context ends.

    Raises:
        ConfigurationError, StorageError: something cannot be started.
    """
    async with simulated_provider() as provider:
        settings = _settings(plan, provider)
        async with opened(settings) as app, serving(app, settings.host, settings.port) as address:
            for budget in BUDGETS:
                await app.desk.define(budget)
            yield Stage(app, address, provider)


async def performed(stage: Stage, plan: Plan, done: Callable[[], None]) -> Outcome:
    """Send the traffic, wait until every call is settled, and return what all sides say; *done* hears of each.

    Raises:
        ConfigurationError: an SDK is not installed, or calls do not settle.
    """
    since_us = stage.app.clock.now_us()
    before = await invoiced_nanos(stage.provider)
    began_s = time.monotonic()
    ends = await _traffic(stage.address, plan, done)
    elapsed_s = time.monotonic() - began_s
    await _settled(stage.app)
    store, wanted = stage.app.store, Filter(from_us=since_us)
    calls, nanos = await invoiced_nanos(stage.provider)
    (booked,) = await store.usage(wanted, ())
    return Outcome(
        ended=ends,
        elapsed_s=elapsed_s,
        by_customer=tuple(await store.usage(wanted, ("customer",))),
        by_model=tuple(await store.usage(wanted, ("provider", "model"))),
        standings=await stage.app.desk.standings(),
        booked=booked,
        invoiced_calls=calls - before[0],
        invoiced_nanos=nanos - before[1],
        findings=tuple(await store.verify()),
    )


async def _traffic(address: str, plan: Plan, done: Callable[[], None]) -> tuple[Ended, ...]:
    """Make all calls, ``AT_ONCE`` at a time."""
    waiting = errands(plan.calls, plan.seed)
    ends: list[Ended] = []

    async with clients(address) as sdks:

        async def work() -> None:
            for errand in waiting:
                ends.append(await ended(sdks[errand.sdk], errand))
                done()

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    return tuple(ends)


async def _settled(app: App) -> None:
    """Return when no call is in flight; a stream settles just after its client has read it.

    Raises:
        ConfigurationError: calls stay open.
    """
    until_s = time.monotonic() + _SETTLING_S
    while holds := await app.desk.holds():
        if time.monotonic() > until_s:
            raise ConfigurationError(
                f"{len(holds)} calls have ended but are not settled; run: solvent verify"
            )
        await asyncio.sleep(_TICK_S)


def _settings(plan: Plan, provider: str) -> Settings:
    """Return settings that lead every call to the simulated provider; no file and no environment has a say."""
    paths = {"openai": "/v1", "anthropic": "/v1", "google": "/v1beta"}
    chosen: dict[str, object] = {
        "database_url": plan.database_url,
        "prices_file": _prices(plan.directory / "prices.toml"),
        "port": plan.port,
        "providers": {name: {"base_url": provider + path, "auth": "none"} for name, path in paths.items()},
    }
    return Settings.model_validate(chosen)


def _prices(path: Path) -> Path:
    """Declare what the provider asks, as an operator would."""
    for offered in OFFERED:
        prices = {"input": offered.input_usd, "output": offered.output_usd}
        set_price(path, from_us=0, prices=prices, model=offered.model, provider=offered.sdk)
    return path
