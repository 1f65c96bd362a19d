"""The desk over the memory model: who waits, who goes first, who leaves nothing behind, what is owed."""

import asyncio
from dataclasses import replace

import pytest

from solvent.budgets import desk as desk_module
from solvent.budgets.desk import LEASE_S, Desk
from solvent.domain.budget import Budget, Denied
from solvent.domain.clock import US_PER_S
from solvent.domain.period import Period
from solvent.domain.reservation import HoldState, Reservation
from solvent.errors import ReservationUnknown, StorageUnavailable
from solvent.storage.memory.store import MemoryStore

LIMIT = 1000
NEVER_S = 5.0
"""A tick so long that within a test only a wake-up can let a waiting call try again."""


class Offers:
    """A call that wants one hold, or failing that each of the smaller ones."""

    def __init__(self, ask, *smaller):
        self._ask = ask
        self._smaller = list(smaller)

    def first(self):
        return self._ask

    def smaller(self, than, shortfall):
        return self._smaller.pop(0) if self._smaller else None


class Failing:
    """A store whose verbs can be made to fail, or to stop after they took effect until they are let go."""

    def __init__(self, inner):
        self.inner = inner
        self.broken = set()
        self.held_back = {}

    def __getattr__(self, name):
        found = getattr(self.inner, name)

        async def verb(*args, **named):
            if name in self.broken:
                raise StorageUnavailable("the disk is full")
            result = await found(*args, **named)
            if name in self.held_back:
                await self.held_back[name].wait()
            return result

        return verb


@pytest.fixture
def store(clock):
    return Failing(MemoryStore(clock))


@pytest.fixture
async def desk(store, clock):
    desk = Desk(store, clock, tick_s=NEVER_S)
    await desk.define(Budget("total", Period.DAILY, LIMIT))
    return desk


async def taken(desk, ask):
    answer = await desk.hold(Offers(ask), wait_s=0)
    assert isinstance(answer, Reservation)
    return answer


async def waiting(desk, *offers, wait_s=60.0):
    """Let each of *offers* stand in line, one after the other, and return what becomes of them."""
    tasks = []
    for offer in offers:
        tasks.append(asyncio.create_task(desk.hold(offer, wait_s=wait_s)))
        await in_line(desk, len(tasks))
    return tasks


async def in_line(desk, count):
    await until(lambda: sum(map(len, desk._line._lines.values())) == count)


async def until(holds):
    """Let other tasks run until *holds* says so."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the other tasks know nothing of the test
            await asyncio.sleep(0)


async def settled_all(tasks):
    async with asyncio.timeout(NEVER_S - 1):
        return await asyncio.gather(*tasks)


async def places(store):
    return store.inner._book.places


async def test_a_large_call_that_waits_is_not_overtaken_by_small_ones(desk, teller, clock):
    first, second = teller.ask("first", 600), teller.ask("second", 400)
    await taken(desk, first)
    await taken(desk, second)
    clock.advance(1)
    (large,) = await waiting(desk, Offers(teller.ask("large", 800)))
    clock.advance(1)
    small = asyncio.create_task(desk.hold(Offers(teller.ask("small", 100)), wait_s=60))
    await in_line(desk, 2)
    await desk.settle("second", (teller.paid(second, 0),))
    hasty = await desk.hold(Offers(teller.ask("hasty", 100)), wait_s=0)
    assert isinstance(hasty, Denied)
    assert hasty.busy
    assert not large.done()
    assert not small.done()
    await desk.settle("first", (teller.paid(first, 0),))
    answers = await settled_all([large, small])
    assert [answer.id for answer in answers] == ["large", "small"]


async def test_those_who_wait_are_served_in_the_order_in_which_they_came(desk, teller, clock):
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    served = []
    tasks = []
    for number in range(5):
        clock.advance(1)
        ask = teller.ask(f"call{number}", LIMIT)

        async def serve(ask=ask):
            await desk.hold(Offers(ask), wait_s=60)
            served.append(ask.id)
            await desk.settle(ask.id, (teller.paid(ask, 0, admitted_us=clock.now_us()),))

        tasks.append(asyncio.create_task(serve()))
        await in_line(desk, number + 1)
    await desk.settle("blocker", (teller.paid(blocker, 0),))
    await settled_all(tasks)
    assert served == [f"call{number}" for number in range(5)]


async def test_when_patience_ends_the_call_is_refused_as_busy_and_its_place_is_free(
    desk, store, teller, clock
):
    await taken(desk, teller.ask("blocker", LIMIT))
    (task,) = await waiting(desk, Offers(teller.ask("late", 10)), wait_s=3)
    clock.advance(3 * US_PER_S)
    await desk.define(Budget("total", Period.DAILY, LIMIT, hard=False))
    (answer,) = await settled_all([task])
    assert isinstance(answer, Denied)
    assert answer.busy
    assert not await places(store)
    assert not desk._line._lines


async def test_without_patience_a_busy_call_is_refused_at_once_and_stands_in_no_line(desk, store, teller):
    await taken(desk, teller.ask("blocker", LIMIT))
    answer = await desk.hold(Offers(teller.ask("hasty", 10)), wait_s=0)
    assert isinstance(answer, Denied)
    assert not await places(store)


async def test_a_call_that_could_never_fit_does_not_wait(desk, store, teller):
    blocker = teller.ask("blocker", 500)
    await taken(desk, blocker)
    answer = await desk.hold(Offers(teller.ask("huge", LIMIT + 1)), wait_s=60)
    assert isinstance(answer, Denied)
    assert not answer.busy
    assert not await places(store)


async def test_a_waiting_call_is_refused_as_soon_as_what_it_waits_for_is_spent(desk, teller):
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    tasks = await waiting(desk, Offers(teller.ask("hopeful", 10)))
    await desk.settle("blocker", (teller.paid(blocker, LIMIT),))
    (answer,) = await settled_all(tasks)
    assert not answer.busy


async def test_one_who_is_cancelled_in_line_leaves_it_and_the_next_moves_up(desk, store, teller, clock):
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    clock.advance(1)
    leaver, stayer = await waiting(
        desk, Offers(teller.ask("leaver", LIMIT)), Offers(teller.ask("stayer", 10))
    )
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    await desk.settle("blocker", (teller.paid(blocker, 0),))
    (answer,) = await settled_all([stayer])
    assert answer.id == "stayer"
    assert not await places(store)
    assert [hold.reservation.id for hold in await desk.holds()] == ["stayer"]


@pytest.mark.parametrize("wait_s", [0, 60])
async def test_one_who_is_cancelled_while_the_store_admits_it_leaves_no_hold(desk, store, teller, wait_s):
    store.held_back["reserve"] = asyncio.Event()
    task = asyncio.create_task(desk.hold(Offers(teller.ask("gone", 10)), wait_s=wait_s))
    await until(store.inner._book.open_holds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await desk.holds()
    assert await desk.pay_owed() == ()
    assert not await store.inner.verify()


async def test_one_who_is_cancelled_while_the_store_refuses_it_is_just_gone(desk, store, teller):
    store.held_back["reserve"] = asyncio.Event()
    task = asyncio.create_task(desk.hold(Offers(teller.ask("gone", LIMIT + 1)), wait_s=0))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert desk.owed == 0


async def test_a_store_that_fails_when_one_leaves_the_line_hides_neither_refusal_nor_cancellation(
    desk, store, teller, clock
):
    await taken(desk, teller.ask("blocker", LIMIT))
    patient, leaver = await waiting(desk, Offers(teller.ask("a", 10)), Offers(teller.ask("b", 10)), wait_s=3)
    store.broken.add("leave_line")
    leaver.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaver
    clock.advance(3 * US_PER_S)
    desk._line.wake()
    (answer,) = await settled_all([patient])
    assert answer.busy


async def test_one_whose_process_died_in_line_holds_up_the_others_only_for_a_lease(
    desk, store, teller, clock
):
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    clock.advance(1)
    dead = Desk(store, clock, tick_s=NEVER_S)
    store.broken.add("leave_line")
    (ghost,) = await waiting(dead, Offers(teller.ask("ghost", 10)), wait_s=3600)
    ghost.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ghost
    await desk.settle("blocker", (teller.paid(blocker, 0),))
    behind = await desk.hold(Offers(teller.ask("behind", 10)), wait_s=0)
    assert isinstance(behind, Denied)
    clock.advance(round(LEASE_S * US_PER_S))
    assert isinstance(await desk.hold(Offers(teller.ask("behind", 10)), wait_s=0), Reservation)


async def test_one_who_waits_long_keeps_its_place(desk, store, teller, clock, monkeypatch):
    monkeypatch.setattr(desk_module, "RENEW_S", 0.001)
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    clock.advance(1)
    (task,) = await waiting(desk, Offers(teller.ask("patient", 10)), wait_s=3600)
    for _ in range(5):
        clock.advance(round(LEASE_S * US_PER_S) - 1)
        await until(lambda: store.inner._book.places["patient"].until_us > clock.now_us() + US_PER_S)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_raised_limit_lets_those_who_wait_go_at_once(desk, teller, clock):
    await taken(desk, teller.ask("blocker", LIMIT))
    tasks = await waiting(desk, Offers(teller.ask("a", 300)), Offers(teller.ask("b", 300)))
    until_us = clock.now_us() + 60 * US_PER_S
    raised = Budget("total", Period.DAILY, LIMIT, raise_nanos=600, raise_until_us=until_us)
    await desk.define(raised)
    answers = await settled_all(tasks)
    assert all(isinstance(answer, Reservation) for answer in answers)


async def test_a_removed_budget_lets_those_who_wait_go_at_once(desk, teller):
    await taken(desk, teller.ask("blocker", LIMIT))
    tasks = await waiting(desk, Offers(teller.ask("a", 300)))
    await desk.remove("total", Period.DAILY, hard=True)
    (answer,) = await settled_all(tasks)
    assert isinstance(answer, Reservation)


async def test_a_smaller_offer_is_taken_before_one_waits(desk, teller):
    await taken(desk, teller.ask("blocker", 900))
    wanted = teller.ask("flexible", 500)
    blank = replace(wanted.blank, bound_nanos=100, cost_nanos=0)
    answer = await desk.hold(Offers(wanted, replace(wanted, bound_nanos=100, blank=blank)), wait_s=60)
    assert isinstance(answer, Reservation)
    assert answer.bound_nanos == 100


async def test_a_call_that_waited_over_midnight_is_admitted_in_the_new_day(desk, teller, clock):
    day_us = 86_400 * US_PER_S
    blocker = teller.ask("blocker", LIMIT)
    await taken(desk, blocker)
    tasks = await waiting(desk, Offers(teller.ask("patient", 10)), wait_s=day_us)
    clock.advance(day_us)
    await desk.settle("blocker", (teller.paid(blocker, LIMIT),))
    (answer,) = await settled_all(tasks)
    assert answer.admitted_us == clock.now_us()
    (today,) = await desk.standing(["total"])
    assert (today.balance.spent_nanos, today.balance.held_nanos) == (0, 10)


async def test_what_the_store_cannot_close_is_owed_and_paid_later(desk, store, teller):
    paid, unsent = teller.ask("paid", 100), teller.ask("unsent", 100)
    await taken(desk, paid)
    await taken(desk, unsent)
    store.broken |= {"settle", "release"}
    assert await desk.settle("paid", (teller.paid(paid, 70),)) is None
    assert await desk.release("unsent") is None
    assert await desk.pay_owed() == ()
    assert desk.owed == 2
    store.broken.clear()
    assert set(await desk.pay_owed()) == {"paid", "unsent"}
    assert desk.owed == 0
    (standing,) = await desk.standing(["total"])
    assert (standing.balance.spent_nanos, standing.balance.held_nanos) == (70, 0)


async def test_a_call_never_sent_that_expired_meanwhile_is_corrected_to_nothing(desk, store, teller):
    unsent = teller.ask("unsent", 100)
    await taken(desk, unsent)
    store.broken.add("release")
    await desk.release("unsent")
    await store.presume("unsent", "hold expired")
    store.broken.clear()
    assert await desk.pay_owed() == ("unsent",)
    (standing,) = await desk.standing(["total"])
    assert standing.balance.spent_nanos == 0
    assert not await store.inner.verify()


async def test_what_the_store_never_had_is_owed_no_longer_and_stops_nobody(desk, store, teller, caplog):
    known = teller.ask("known", 100)
    await taken(desk, known)
    store.broken |= {"settle", "release"}
    await desk.release("unknown")
    await desk.settle("known", (teller.paid(known, 30),))
    store.broken.clear()
    assert await desk.pay_owed() == ("unknown", "known")
    assert "unknown" in caplog.text
    assert desk.owed == 0
    with pytest.raises(ReservationUnknown):
        await desk.release("unknown")


async def test_a_repeated_settlement_is_one_and_another_cost_is_an_error(desk, store, teller):
    ask = teller.ask("once", 100)
    await taken(desk, ask)
    first = await desk.settle("once", (teller.paid(ask, 40),))
    assert await desk.settle("once", (teller.paid(ask, 40),)) == first
    assert first.state is HoldState.SETTLED
    (standing,) = await desk.standing(["total"])
    assert standing.balance.spent_nanos == 40
