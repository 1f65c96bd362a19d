"""Several processes on one file: never a nano-dollar over, and sums that are exact."""

import asyncio
import json
import random
import sys
from pathlib import Path

import pytest

from solvent.domain.budget import Account, Balance, Budget
from solvent.domain.clock import SystemClock
from solvent.domain.period import Period
from solvent.domain.reservation import Reservation
from solvent.ports.storage import Filter
from solvent.storage.open import open_store

CHILD = Path(__file__).with_name("spending_process.py")
PROCESSES = 3
CALLS = 150
BOUND_NANOS = 1000


async def run_all(url, costs, seed):
    """Run the processes side by side and return what each told."""
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, str(CHILD), url, f"process{number}", str(CALLS), str(seed + number), costs),
            stdout=asyncio.subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]
    outputs = await asyncio.gather(*(child.communicate() for child in children))
    assert [child.returncode for child in children] == [0] * PROCESSES
    return [json.loads(out) for out, _ in outputs]


def account(scope):
    return Account(scope, Period.LIFETIME, "UTC", 0)


@pytest.fixture
async def shared(tmp_path):
    url = f"sqlite:///{tmp_path / 'solvent.db'}"
    store = await open_store(url, clock=SystemClock())
    yield url, store
    assert not await store.verify()
    await store.close()


async def test_calls_that_cost_their_bound_fill_a_budget_exactly(shared):
    url, store = shared
    limit = 200 * BOUND_NANOS + BOUND_NANOS - 1
    await store.define(Budget("total", Period.LIFETIME, limit))
    told = await run_all(url, "exact", 0)
    assert sum(one["admitted"] for one in told) == 200
    assert list(await store.balances([account("total")])) == [Balance(200 * BOUND_NANOS, 0)]
    assert await store.count(Filter()) == 200


async def test_mixed_calls_never_pass_a_limit_and_every_sum_is_exact(shared):
    url, store = shared
    await store.define(Budget("customer:*", Period.LIFETIME, 60 * BOUND_NANOS))
    await store.define(Budget("total", Period.LIFETIME, 100 * BOUND_NANOS))
    told = await run_all(url, "mixed", 10)
    total, one, two = await store.balances([account(s) for s in ("total", "customer:c1", "customer:c2")])
    assert total == Balance(sum(process["cost"] for process in told), 0)
    assert one.spent_nanos == sum(process["paid"]["c1"] for process in told) <= 60 * BOUND_NANOS
    assert two.spent_nanos == sum(process["paid"]["c2"] for process in told) <= 60 * BOUND_NANOS
    assert 99 * BOUND_NANOS < total.spent_nanos <= 100 * BOUND_NANOS
    (row,) = await store.usage(Filter(), [])
    assert row.cost_nanos == total.spent_nanos


@pytest.mark.parametrize("seed", [4, 5])
async def test_at_every_admission_spent_and_held_are_within_the_limit(shared, teller_of, seed):
    print(f"seed {seed}")
    _, store = shared
    teller, dice = teller_of(SystemClock()), random.Random(seed)
    limit = 20 * BOUND_NANOS
    await store.define(Budget("total", Period.LIFETIME, limit))
    holding = spent = 0

    async def call(number):
        """Keep books of its own: what is surely held or spent when the store has answered."""
        nonlocal holding, spent
        bound = dice.choice([0, 1, 500, BOUND_NANOS, 3000])
        ask = teller.ask(f"call_{number}", bound)
        if not isinstance(await store.reserve(ask), Reservation):
            return
        holding += bound
        assert spent + holding <= limit
        for _ in range(dice.randrange(3)):
            await asyncio.sleep(0)
        cost = dice.randrange(bound + 1)
        holding, spent = holding - bound, spent + cost
        await store.settle(ask.id, (teller.paid(ask, cost),))

    await asyncio.gather(*(call(number) for number in range(300)))
    assert list(await store.balances([account("total")])) == [Balance(spent, 0)]
