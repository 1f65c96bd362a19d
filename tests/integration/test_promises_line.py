"""The line between processes: two desks on one file, as two gateways have, serve in the order of arrival."""

import asyncio

import pytest

from solvent.budgets.desk import Desk
from solvent.domain.budget import Budget, Denied
from solvent.domain.period import Period
from solvent.domain.reservation import Reservation
from solvent.storage.open import open_store

LIMIT = 1000


class Offer:
    """A call that wants one hold and no smaller one."""

    def __init__(self, ask):
        self._ask = ask

    def first(self):
        return self._ask

    def smaller(self, than, shortfall):
        return None


@pytest.fixture
async def desks(tmp_path, clock):
    stores = [await open_store(str(tmp_path / "solvent.db"), clock=clock) for _ in range(2)]
    made = [Desk(store, clock, tick_s=0.002) for store in stores]
    await made[0].define(Budget("total", Period.LIFETIME, LIMIT))
    yield made
    assert not await stores[0].verify()
    for store in stores:
        await store.close()


async def in_line(desks, count):
    async with asyncio.timeout(10):
        while sum(len(line) for desk in desks for line in desk._line._lines.values()) != count:
            await desks[0].budgets()


async def test_calls_of_two_processes_are_served_in_the_order_in_which_they_came(desks, teller, clock):
    blocker = teller.ask("blocker", LIMIT)
    await desks[0].hold(Offer(blocker), wait_s=0)
    served = []

    async def serve(desk, ask):
        held = await desk.hold(Offer(ask), wait_s=60)
        served.append(ask.id)
        await desk.settle(ask.id, (teller.paid(ask, 1, admitted_us=held.admitted_us),))

    tasks = []
    for number in range(8):
        clock.advance(1)
        bound = LIMIT // 2 if number % 3 else LIMIT - 10
        tasks.append(asyncio.create_task(serve(desks[number % 2], teller.ask(f"call{number}", bound))))
        await in_line(desks, number + 1)
    await desks[0].settle("blocker", (teller.paid(blocker, 0),))
    await asyncio.wait_for(asyncio.gather(*tasks), 30)
    large = [name for name in served if int(name[4:]) % 3 == 0]
    assert large == ["call0", "call3", "call6"]
    for number in (0, 3, 6):
        before = served[: served.index(f"call{number}")]
        assert {int(name[4:]) for name in before} == set(range(number)), "nobody overtakes"
    assert not await desks[0].holds()


async def test_one_process_may_not_pass_by_the_line_of_another(desks, teller, clock):
    blocker = teller.ask("blocker", LIMIT - 100)
    await desks[0].hold(Offer(blocker), wait_s=0)
    clock.advance(1)
    large = asyncio.create_task(desks[0].hold(Offer(teller.ask("large", 500)), wait_s=60))
    await in_line(desks, 1)
    hasty = await desks[1].hold(Offer(teller.ask("hasty", 50)), wait_s=0)
    assert isinstance(hasty, Denied)
    assert hasty.busy
    await desks[1].settle("blocker", (teller.paid(blocker, 0),))
    assert isinstance(await asyncio.wait_for(large, 30), Reservation)
    assert isinstance(await desks[1].hold(Offer(teller.ask("hasty", 50)), wait_s=0), Reservation)


async def test_a_limit_raised_in_one_process_lets_those_go_who_wait_in_another(desks, teller):
    await desks[0].hold(Offer(teller.ask("blocker", LIMIT)), wait_s=0)
    waiter = asyncio.create_task(desks[1].hold(Offer(teller.ask("waiter", 10)), wait_s=60))
    await in_line(desks, 1)
    await desks[0].define(Budget("total", Period.LIFETIME, 2 * LIMIT))
    assert isinstance(await asyncio.wait_for(waiter, 30), Reservation)
