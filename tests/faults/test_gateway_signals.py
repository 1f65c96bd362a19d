"""Gateways under load that are killed, stopped, continued and told to end; afterwards the books must balance."""

import asyncio
import random
import signal

from solvent.app import opened
from solvent.domain.budget import Budget
from solvent.domain.entry import Certainty, EntryKind, Outcome
from solvent.domain.money import Money
from solvent.domain.period import Period


async def with_budgets(street, total):
    """Put a hard limit on everything, one on each customer, and count each agent."""
    async with opened(street.settings) as app:
        await app.desk.define(Budget("total", Period.LIFETIME, Money.parse(total)))
        await app.desk.define(Budget("customer:*", Period.MONTHLY, Money.parse("1")))
        await app.desk.define(Budget("agent:*", Period.DAILY, 0, hard=False))


async def test_gateways_killed_at_random_moments_leave_books_that_balance(street):
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    await with_budgets(street, "0.02")
    for _ in range(2):
        await street.open()
    stop = asyncio.Event()
    traffic = asyncio.create_task(street.traffic(seed, stop))
    for _ in range(4):
        await street.answers(chance.randint(20, 90))
        victim = street.running.pop(chance.randrange(2))
        victim.signal(signal.SIGKILL)
        assert await victim.ended() == -signal.SIGKILL
        await street.open()
    while not street.seen["402"]:
        await street.answers(50)
    stop.set()
    await traffic
    await street.close()
    entries, standings = await street.audit()
    total = standings["total"]
    assert total.balance.spent_nanos == sum(entry.cost_nanos for entry in entries) <= total.limit_nanos
    assert street.seen["200"] > 100, street.seen
    assert street.seen["402"], "the limit was to be reached during the run"
    assert not set(street.seen) - {"200", "402", "429", "503", "gone", "cut"}, street.seen


async def test_a_gateways_death_is_noticed_by_its_neighbour(street):
    await with_budgets(street, "1")
    dying, living = await street.open(), await street.open()
    stuck = [asyncio.create_task(street.call(dying.url, "hang=true")) for _ in range(5)]
    async with asyncio.timeout(30):
        while street.sim.calls < len(stuck):
            await street.http.get(living.url + "/healthz")
    dying.signal(signal.SIGKILL)
    await dying.ended()
    street.running.remove(dying)
    assert set(await asyncio.gather(*stuck)) == {"gone"}
    async with asyncio.timeout(30):
        while await held(street, living):
            pass
    entries, _ = await street.audit()
    assert [(entry.certainty, entry.cost_nanos == entry.bound_nanos) for entry in entries] == [
        (Certainty.PRESUMED, True)
    ] * len(stuck)


async def held(street, gateway):
    async with street.http.get(gateway.url + "/api/holds") as reply:
        return await reply.json()


async def test_a_gateway_told_to_end_drains_its_streams_and_presumes_nothing(street):
    await with_budgets(street, "1")
    gateway = await street.open()
    streams = [
        asyncio.create_task(street.call(gateway.url, "output=60 chunk_ms=40", stream=True)) for _ in range(20)
    ]
    wholes = [asyncio.create_task(street.call(gateway.url, "output=9 latency_ms=500")) for _ in range(20)]
    async with asyncio.timeout(30):
        while street.sim.calls < 40:
            await street.http.get(gateway.url + "/healthz")
    gateway.signal(signal.SIGTERM)
    assert await asyncio.gather(*streams, *wholes) == ["200"] * 40
    assert await gateway.ended() == 0
    entries, _ = await street.audit()
    assert {(entry.outcome, entry.certainty) for entry in entries} == {(Outcome.OK, Certainty.EXACT)}
    assert len(entries) == 40
    assert list((street.directory / "solvent.db.journals").iterdir()) == []


async def test_a_gateway_told_to_end_while_calls_wait_in_line_serves_or_refuses_them(street):
    async with opened(street.settings) as app:
        await app.desk.define(Budget("total", Period.LIFETIME, Money.parse("0.0001")))
    gateway = await street.open()
    calls = [asyncio.create_task(street.call(gateway.url, "output=9 latency_ms=100")) for _ in range(12)]
    async with asyncio.timeout(30):
        while not street.sim.calls:
            await street.http.get(gateway.url + "/healthz")
    gateway.signal(signal.SIGTERM)
    statuses = await asyncio.gather(*calls)
    assert set(statuses) <= {"200", "402", "429", "gone"}
    assert await gateway.ended() == 0
    entries, _ = await street.audit()
    assert all(entry.certainty is Certainty.EXACT for entry in entries)
    assert len(entries) == statuses.count("200")


async def test_a_gateway_that_is_stopped_and_continued_gives_nothing_back_and_settles_late(street):
    await with_budgets(street, "1")
    stopped, other = await street.open(), await street.open()
    stop = asyncio.Event()
    traffic = asyncio.create_task(street.traffic(7, stop))
    for _ in range(3):
        await street.answers(40)
        stopped.signal(signal.SIGSTOP)
        street.running.remove(stopped)
        for number in range(30):
            status = await street.call(other.url, "output=5", customer=f"c{number % 3 + 1}")
            assert status in ("200", "503"), "a neighbour that is stopped may hold the file, never the answer"
        stopped.signal(signal.SIGCONT)
        street.running.append(stopped)
    stop.set()
    await traffic
    assert await street.call(stopped.url, "output=5") == "200"
    await street.close()
    entries, _ = await street.audit()
    assert {entry.certainty for entry in entries} == {Certainty.EXACT}
    assert {entry.kind for entry in entries} == {EntryKind.ATTEMPT}
    assert sum(entry.outcome is Outcome.OK for entry in entries) == street.seen["200"] == len(entries)
