"""Clocks and windows with calls in flight (midnight, months, zones, steps back and forth), and steady memory."""

import asyncio
import gc
import tracemalloc
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from solvent.app import Outside, keep_house, opened
from solvent.domain.budget import Budget
from solvent.domain.clock import US_PER_S, from_datetime
from solvent.domain.entry import Certainty, EntryKind
from solvent.domain.period import Period
from solvent.ports.storage import Filter
from solvent.settings import Settings
from solvent.testing import ManualClock

HOUR_US = 3600 * US_PER_S
MODEL = "openai/gpt-4o-mini"


def at(*moment):
    return from_datetime(datetime(*moment, tzinfo=UTC))


def said(directive):
    return [{"role": "user", "content": f"hello [[sim {directive}]]"}]


@pytest.fixture
async def bench(tmp_path, sim):
    """An open solvent on a clock that the test moves, behind the simulated provider."""
    clock = ManualClock(at(2026, 1, 31, 23, 59, 50))
    settings = Settings.load(
        {"database_url": f"sqlite:///{tmp_path / 'solvent.db'}", "providers": sim.as_providers()},
        environment={},
    )
    async with opened(settings, Outside(clock=clock)) as app:
        yield app, clock


async def entries(app):
    return [entry async for page in app.store.entries(Filter()) for entry in page]


async def spent(app, period):
    """Return what ``total`` has spent in the current window of a budget of *period*."""
    (found,) = [s for s in await app.desk.standing(["total"]) if s.budget.period is period]
    assert found.balance.held_nanos == 0
    return found.balance.spent_nanos


async def crossing(app, move):
    """Make a streamed call, and *move* the clock when its first words are there."""
    stream = app.face().stream(MODEL, said("output=20"), customer_id="c1", max_tokens=50)
    moved = False
    async with aclosing(stream) as deltas:
        async for delta in deltas:
            if not moved:
                moved = True
                move()
            if delta.kind == "end":
                return delta.reply
    raise AssertionError("the stream has no end")


async def test_a_call_over_midnight_and_month_end_belongs_to_the_windows_of_its_admission(bench):
    app, clock = bench
    for period in (Period.HOURLY, Period.DAILY, Period.WEEKLY, Period.MONTHLY, Period.LIFETIME):
        await app.desk.define(Budget("total", period, 10**9))
    admitted_us = clock.now_us()
    reply = await crossing(app, lambda: clock.advance(20 * US_PER_S))
    assert [await spent(app, p) for p in (Period.HOURLY, Period.DAILY, Period.MONTHLY)] == [0, 0, 0]
    assert await spent(app, Period.WEEKLY) == await spent(app, Period.LIFETIME) == reply.cost_nanos > 0
    (entry,) = await entries(app)
    assert (entry.admitted_us, entry.booked_us) == (admitted_us, clock.now_us())
    clock.set(admitted_us)
    assert await spent(app, Period.MONTHLY) == await spent(app, Period.DAILY) == reply.cost_nanos
    assert not await app.store.verify()


@pytest.mark.parametrize(
    ("zone", "new_day"),
    [
        ("UTC", (2026, 2, 1, 0, 0, 1)),
        ("America/New_York", (2026, 2, 1, 5, 0, 1)),
        ("Asia/Kolkata", (2026, 2, 1, 18, 30, 1)),
        ("Pacific/Kiritimati", (2026, 2, 1, 10, 0, 1)),
    ],
)
async def test_a_days_money_is_new_at_midnight_of_the_budgets_own_zone(bench, zone, new_day):
    app, clock = bench
    await app.desk.define(Budget("total", Period.DAILY, 10**9, time_zone=zone))
    await app.face().chat(MODEL, said("output=5"), max_tokens=50)
    paid = await spent(app, Period.DAILY)
    clock.set(at(*new_day) - 2 * US_PER_S)
    assert await spent(app, Period.DAILY) == paid > 0
    clock.set(at(*new_day))
    assert await spent(app, Period.DAILY) == 0


async def test_an_hour_that_comes_twice_is_two_hours_and_one_day(bench):
    app, clock = bench
    zone = "America/New_York"
    for period in (Period.HOURLY, Period.DAILY):
        await app.desk.define(Budget("total", period, 10**9, time_zone=zone))
    clock.set(at(2026, 11, 1, 5, 30))
    first = (await app.face().chat(MODEL, said("output=5"), max_tokens=50)).cost_nanos
    clock.set(at(2026, 11, 1, 6, 30))
    assert await spent(app, Period.HOURLY) == 0
    await app.face().chat(MODEL, said("output=5"), max_tokens=50)
    assert await spent(app, Period.DAILY) == 2 * first
    clock.set(at(2026, 11, 2, 4, 59, 59))
    assert await spent(app, Period.DAILY) == 2 * first
    clock.set(at(2026, 11, 2, 5))
    assert await spent(app, Period.DAILY) == 0


@pytest.mark.parametrize("step_us", [-HOUR_US, HOUR_US, -25 * HOUR_US, 25 * HOUR_US])
async def test_a_clock_that_steps_while_a_call_is_in_flight_neither_loses_nor_doubles_it(bench, step_us):
    app, clock = bench
    await app.desk.define(Budget("total", Period.DAILY, 10**9))
    await app.desk.define(Budget("total", Period.LIFETIME, 10**9))
    began_us = clock.now_us()
    reply = await crossing(app, lambda: clock.set(began_us + step_us))
    await keep_house(app)
    (entry,) = await entries(app)
    assert entry.admitted_us == began_us
    assert await spent(app, Period.LIFETIME) == reply.cost_nanos
    assert not await app.store.verify()
    clock.set(began_us)
    assert await spent(app, Period.DAILY) == reply.cost_nanos


async def test_a_hold_swept_while_its_call_still_streams_is_corrected_when_it_ends(bench):
    app, clock = bench
    await app.desk.define(Budget("total", Period.LIFETIME, 10**9))
    stream = app.face().stream(MODEL, said("output=20"), max_tokens=5000)
    async with aclosing(stream) as deltas:
        await anext(deltas)
        clock.advance(2 * HOUR_US)
        await keep_house(app)
        (presumed,) = await entries(app)
        assert presumed.certainty is Certainty.PRESUMED
        assert await spent(app, Period.LIFETIME) == presumed.bound_nanos
        (end,) = [delta.reply async for delta in deltas if delta.kind == "end"]
    assert await spent(app, Period.LIFETIME) == end.cost_nanos < presumed.bound_nanos
    booked = await entries(app)
    assert booked[0] == presumed, "what is booked is never changed"
    assert {entry.kind for entry in booked[1:]} == {EntryKind.ADJUSTMENT}
    assert {entry.corrects for entry in booked[1:]} == {presumed.id}
    assert not await app.store.verify()


async def test_a_step_back_never_opens_a_window_with_money_that_was_spent(bench):
    app, clock = bench
    await app.desk.define(Budget("total", Period.DAILY, 10**9))
    await app.face().chat(MODEL, said("output=5"), max_tokens=50)
    paid = await spent(app, Period.DAILY)
    clock.advance(20 * US_PER_S)
    assert await spent(app, Period.DAILY) == 0
    clock.set(clock.now_us() - 20 * US_PER_S)
    assert await spent(app, Period.DAILY) == paid
    await app.face().chat(MODEL, said("output=5"), max_tokens=50)
    assert await spent(app, Period.DAILY) == 2 * paid


async def test_memory_stays_flat_over_many_calls_of_ever_new_customers(gateway):
    """Refused, paid and abandoned calls alike; what grows with them must be in the file alone."""
    await gateway.budget("customer:*", "0.00002")

    async def some(first, count):
        async def one(number):
            text = f"hello {number} [[sim output={number % 7 + 1}]]"
            body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 8}
            headers = {"x-solvent-customer": f"c{number // 2}", "x-solvent-tag-run": f"r{number}"}
            return (await gateway.post("/v1/chat/completions", body, headers=headers))[0]

        for start in range(first, first + count, 50):
            await asyncio.gather(*(one(number) for number in range(start, start + 50)))

    await some(0, 200)
    gateway.sim._lines.clear()
    tracemalloc.start()
    gc.collect()
    before_bytes, _ = tracemalloc.get_traced_memory()
    await some(200, 800)
    gateway.sim._lines.clear()
    gc.collect()
    after_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    book = gateway.app.store._writer._desk._book
    assert not book._records
    assert not book._places
    assert not gateway.app.desk._line._lines
    assert gateway.app.desk.owed == 0
    assert after_bytes - before_bytes < 4 * 2**20, "rules and balances are remembered up to a bound"
    await gateway.books_balance()
