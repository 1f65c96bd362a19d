"""Random traffic on SQLite beside the memory model: the same answer to every verb, the same books after it."""

import random
from dataclasses import replace

import pytest

from solvent.domain.budget import Account, Budget, Denied
from solvent.domain.clock import US_PER_S
from solvent.domain.entry import Outcome
from solvent.domain.period import Period, window
from solvent.errors import SolventError
from solvent.ports.storage import Filter
from solvent.storage.open import open_store

STEPS = 1500
CHECK_EVERY = 150
ZONES = ["UTC", "America/New_York", "Asia/Kathmandu"]
PATTERNS = [
    "total",
    "customer:*",
    "customer:c1",
    "agent:*",
    "tag:team=*",
    "tag:team=x",
    "model:gpt",
    "provider:*",
]
GROUPINGS = [[], ["model", "customer"], ["tag:team", "day"], ["hour", "agent"]]


class Traffic:
    """Draws the next verb, with ids of now, of before, and of never."""

    def __init__(self, seed, teller, clock):
        self.dice = random.Random(seed)
        self.teller = teller
        self.clock = clock
        self.asks = {}
        self.told = {}
        self.admissions = {}

    def next(self):
        verbs = [self.reserve] * 8 + [self.settle] * 6 + [self.release, self.presume] * 2
        verbs += [self.define, self.remove, self.leave, self.pass_time]
        return self.dice.choice(verbs)()

    def pass_time(self):
        step_us = self.dice.choice([1, US_PER_S, 900 * US_PER_S, 7 * 3600 * US_PER_S, -3600 * US_PER_S])
        self.clock.set(self.clock.now_us() + step_us)
        return "budgets", ()

    def reserve(self):
        if self.asks and self.dice.random() < 0.2:
            ask = self.dice.choice(list(self.asks.values()))
            return "reserve", (replace(ask, asked_us=self.clock.now_us()),)
        dice, number = self.dice, len(self.asks)
        ask = self.teller.ask(
            f"call_{number}" if dice.random() < 0.97 or not number else f"call_{number - 1}",
            dice.choice([0, 100, 1000, 5000]),
            customer=dice.choice(["c1", "c2", None]),
            agent=dice.choice(["a1", None]),
            tags=dice.choice([(), (("team", "x"),), (("team", "y"), ("zone", "eu"))]),
            model=dice.choice(["gpt", "claude"]),
            wait_us=dice.choice([None, None, US_PER_S, 3600 * US_PER_S]),
        )
        self.asks.setdefault(ask.id, ask)
        return "reserve", (ask,)

    def any_id(self):
        recent = list(self.asks)[-12:]
        return self.dice.choice(recent) if recent and self.dice.random() < 0.97 else "call_never"

    def settle(self):
        call_id = self.any_id()
        ask = self.asks.get(call_id)
        if call_id in self.told and self.dice.random() < 0.5:
            return "settle", (call_id, self.told[call_id])
        if ask is None:
            return "settle", (call_id, ())
        count = self.dice.choice([1, 1, 1, 2, 0])
        entries = tuple(
            self.teller.paid(
                replace(ask, blank=replace(ask.blank, admitted_us=self.admitted_us(ask))),
                self.dice.choice([0, 99, 1000, 9000]),
                attempt=self.dice.choice([1, 2]) if count == 1 else attempt,
                outcome=self.dice.choice(list(Outcome)),
                booked_us=self.clock.now_us(),
            )
            for attempt in range(1, count + 1)
        )
        self.told[call_id] = entries
        return "settle", (call_id, entries)

    def admitted_us(self, ask):
        return self.admissions.get(ask.id, ask.asked_us)

    def release(self):
        return "release", (self.any_id(),)

    def presume(self):
        return "presume", (self.any_id(), "lost")

    def leave(self):
        return "leave_line", (self.any_id(),)

    def define(self):
        raised = self.dice.random() < 0.2
        budget = Budget(
            self.dice.choice(PATTERNS),
            self.dice.choice(list(Period)),
            self.dice.choice([0, 3000, 20_000, 100_000]),
            hard=self.dice.random() < 0.8,
            time_zone=self.dice.choice(ZONES),
            active=self.dice.random() < 0.8,
            raise_nanos=5000 if raised else 0,
            raise_until_us=self.clock.now_us() + 1800 * US_PER_S if raised else None,
        )
        return "define", (budget,)

    def remove(self):
        key = (self.dice.choice(PATTERNS), self.dice.choice(list(Period)), self.dice.random() < 0.8)
        return "remove", (key,)


async def answer(store, verb, arguments):
    """Return what *verb* says, an error as its kind and words."""
    try:
        found = await getattr(store, verb)(*arguments)
    except SolventError as error:
        return (type(error).__name__, error.message)
    return list(found) if verb == "budgets" else found


async def assert_same_books(store, model, clock):
    now_us = clock.now_us()
    accounts = [
        Account(scope, period, zone, window(period, zone, now_us).start_us)
        for scope in ["total", "customer:c1", "customer:c2", "agent:a1", "tag:team=x", "model:gpt"]
        for period in Period
        for zone in ZONES
    ]
    assert list(await store.balances(accounts)) == list(await model.balances(accounts))
    assert list(await store.accounts(at_us=now_us)) == list(await model.accounts(at_us=now_us))
    assert list(await store.holds()) == list(await model.holds())
    since = Filter(from_us=now_us - 12 * 3600 * US_PER_S, to_us=now_us + 1)
    for wanted in (Filter(), since):
        for group_by in GROUPINGS:
            assert list(await store.usage(wanted, group_by)) == list(await model.usage(wanted, group_by))
    assert [entry async for page in store.entries(Filter()) for entry in page] == [
        entry async for page in model.entries(Filter()) for entry in page
    ]
    assert not await store.verify()
    assert not await model.verify()


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_sqlite_answers_random_traffic_as_the_model_does(tmp_path, teller, clock, seed):
    print(f"seed {seed}")
    url = str(tmp_path / "solvent.db")
    store, model = await open_store(url, clock=clock), await open_store("memory:", clock=clock)
    beside = await open_store(url, clock=clock)
    traffic = Traffic(seed, teller, clock)
    refused = 0
    for step in range(STEPS):
        verb, arguments = traffic.next()
        expected = await answer(model, verb, arguments)
        one = store if step % 7 else beside
        assert await answer(one, verb, arguments) == expected, f"seed {seed}, step {step}: {verb}{arguments}"
        if verb == "reserve" and hasattr(expected, "admitted_us"):
            traffic.admissions[expected.id] = expected.admitted_us
        refused += isinstance(expected, Denied)
        if step % CHECK_EVERY == 0:
            await assert_same_books(store, model, clock)
    await assert_same_books(store, model, clock)
    assert refused > STEPS // 50, "the traffic met too few limits to mean anything"
    for opened in (store, beside, model):
        await opened.close()
