"""kill -9 at every step of the path of a call; then a successor opens the books."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from solvent.app import opened
from solvent.domain.budget import Budget
from solvent.domain.entry import Certainty
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.ports.storage import Filter
from solvent.settings import Settings
from solvent.testing import SimulatedProvider

NOTHING, BOUND, EXACT = "nothing", "bound", "exact"
STEPS = [
    ("before-reserve", NOTHING),
    ("after-reserve", NOTHING),
    ("before-dispatched", NOTHING),
    ("after-dispatched", BOUND),
    ("before-send", BOUND),
    ("after-send", BOUND),
    ("before-settled", BOUND),
    ("after-settled", EXACT),
    ("before-settle", EXACT),
    ("after-settle", EXACT),
    ("before-closed", EXACT),
    ("after-closed", EXACT),
]
CHILD = Path(__file__).with_name("dying_call.py")


async def died(database: str, sim: SimulatedProvider, step: str, mode: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, str(CHILD), database, sim.url, step, mode)
    assert await asyncio.wait_for(process.wait(), 60) == -signal.SIGKILL, f"the call was not at {step}"


@pytest.mark.parametrize("mode", ["whole", "stream"])
@pytest.mark.parametrize(("step", "expected"), [*STEPS, ("mid-stream", BOUND)])
async def test_a_process_killed_at_any_step_leaves_books_that_balance(tmp_path, step, expected, mode):
    if (step, mode) == ("mid-stream", "whole"):
        step, expected = "after-send", BOUND
    settings = Settings.load({"database_url": f"sqlite:///{tmp_path / 'solvent.db'}"}, environment={})
    budget = Budget("customer:c1", Period.LIFETIME, Money.parse("1"))
    async with opened(settings) as app:
        await app.desk.define(budget)
    async with SimulatedProvider() as sim:
        await died(settings.database_url, sim, step, mode)
        async with opened(settings) as app:
            entries = [entry async for page in app.store.entries(Filter()) for entry in page]
            (standing,) = await app.desk.standing(["customer:c1"])
            assert not await app.desk.holds()
            assert not await app.store.verify()
            assert standing.balance.held_nanos == 0
            assert standing.balance.spent_nanos == sum(entry.cost_nanos for entry in entries)
            assert_booked(entries, expected)
        async with opened(settings) as again:
            (unchanged,) = await again.desk.standing(["customer:c1"])
            assert unchanged.balance == standing.balance
        if expected is not EXACT:
            assert standing.balance.spent_nanos >= sim_owed(sim) or (expected is NOTHING and not sim.calls)


def assert_booked(entries, expected):
    if expected is NOTHING:
        assert entries == []
        return
    (entry,) = entries
    wanted = Certainty.PRESUMED if expected is BOUND else Certainty.EXACT
    assert entry.certainty is wanted
    assert (entry.cost_nanos == entry.bound_nanos) == (expected is BOUND)


def sim_owed(sim: SimulatedProvider) -> int:
    """What the provider's own counts cost at the price of the model that was asked."""
    return sum(line.counts.input * 150 + line.counts.output * 600 for line in sim.invoice().lines)
