"""``define``, ``remove`` and the questions about balances: a budget counts what came before it."""

import pytest

from solvent.domain.budget import Account, Balance, Budget, Denied
from solvent.domain.clock import US_PER_S
from solvent.domain.period import Period, window
from solvent.errors import CallInvalid, LimitOutOfRange

MONTH = Budget("customer:*", Period.MONTHLY, 10_000)


async def spend(store, teller, call_id, cost, **who):
    ask = teller.ask(call_id, max(cost, 1), **who)
    await store.reserve(ask)
    await store.settle(call_id, (teller.paid(ask, cost),))


async def test_budgets_are_listed_in_order_and_come_back_whole(store):
    raised = Budget("total", Period.DAILY, 5, time_zone="Asia/Kathmandu", raise_nanos=7, raise_until_us=99)
    soft = Budget("agent:a", Period.WEEKLY, 1, hard=False, active=False)
    hard = Budget("agent:a", Period.WEEKLY, 2)
    for budget in (raised, hard, soft):
        assert await store.define(budget) is None
    assert list(await store.budgets()) == [soft, hard, raised]


async def test_defining_again_replaces_and_a_repeat_changes_nothing(store):
    first, second = Budget("total", Period.DAILY, 1), Budget("total", Period.DAILY, 2)
    assert await store.define(first) is None
    assert await store.define(second) == first
    assert await store.define(second) == second
    assert list(await store.budgets()) == [second]


async def test_removing_returns_the_budget_and_a_repeat_returns_none(store, teller):
    await store.define(Budget("total", Period.DAILY, 1))
    assert await store.remove(("total", Period.DAILY, True)) == Budget("total", Period.DAILY, 1)
    assert await store.remove(("total", Period.DAILY, True)) is None
    assert not isinstance(await store.reserve(teller.ask("call_1")), Denied)


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        (Budget("nobody:x", Period.DAILY, 1), CallInvalid),
        (Budget("total", Period.DAILY, 1, time_zone="Mars/Base"), CallInvalid),
        (Budget("total", Period.DAILY, -1), LimitOutOfRange),
        (Budget("total", Period.DAILY, 2**53), LimitOutOfRange),
        (Budget("total", Period.DAILY, 1, raise_nanos=1), CallInvalid),
    ],
)
async def test_a_budget_that_cannot_hold_is_refused_and_none_is_kept(store, budget, error):
    with pytest.raises(error):
        await store.define(budget)
    assert list(await store.budgets()) == []


async def test_a_new_budget_counts_what_was_spent_and_is_held_in_its_window(store, teller, clock):
    await spend(store, teller, "early", 50, customer="c1")
    clock.set(clock.now_us() + 40 * 86_400 * US_PER_S)
    await spend(store, teller, "call_1", 300, customer="c1")
    await spend(store, teller, "call_2", 20, customer="c2")
    await store.reserve(teller.ask("call_3", 4000, customer="c1"))
    await store.define(MONTH)
    counted = {account.scope: balance for account, balance in await store.accounts(at_us=clock.now_us())}
    assert counted == {"customer:c1": Balance(300, 4000), "customer:c2": Balance(20, 0)}
    refused = await store.reserve(teller.ask("call_4", 6000, customer="c1"))
    assert refused.shortfall.available_nanos == 5700


async def test_a_hold_from_before_the_budget_settles_into_it(store, teller, clock):
    ask = teller.ask("call_1", 4000, customer="c1")
    await store.reserve(ask)
    await store.define(MONTH)
    await store.settle("call_1", (teller.paid(ask, 100),))
    ((_, balance),) = await store.accounts(at_us=clock.now_us())
    assert balance == Balance(100, 0)


async def test_a_budget_that_was_away_counts_what_was_spent_meanwhile(store, teller, clock):
    await store.define(Budget("total", Period.MONTHLY, 10_000))
    await spend(store, teller, "call_1", 100)
    await store.remove(("total", Period.MONTHLY, True))
    await spend(store, teller, "call_2", 30)
    await store.define(Budget("total", Period.MONTHLY, 10_000))
    ((_, balance),) = await store.accounts(at_us=clock.now_us())
    assert balance == Balance(130, 0)


async def test_removing_an_override_lets_the_default_count_from_the_start_of_its_window(store, teller, clock):
    await store.define(Budget("customer:c1", Period.MONTHLY, 0, active=False))
    await store.define(MONTH)
    await spend(store, teller, "call_1", 9000, customer="c1")
    await store.remove(("customer:c1", Period.MONTHLY, True))
    assert isinstance(await store.reserve(teller.ask("call_2", 1001, customer="c1")), Denied)
    ((account, balance),) = await store.accounts(at_us=clock.now_us(), scope="customer:c1")
    assert (account.scope, balance) == ("customer:c1", Balance(9000, 0))


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC"])
async def test_windows_of_odd_time_zones_are_filled_to_the_microsecond(store, teller, clock, zone):
    start_us = window(Period.DAILY, zone, clock.now_us()).start_us
    clock.set(start_us - 1)
    await spend(store, teller, "yesterday", 500)
    clock.set(start_us)
    await spend(store, teller, "today", 7)
    await store.define(Budget("total", Period.DAILY, 1000, time_zone=zone))
    ((_, balance),) = await store.accounts(at_us=start_us)
    assert balance == Balance(7, 0)


async def test_a_changed_time_zone_opens_another_account(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 1000))
    await spend(store, teller, "call_1", 700)
    await store.define(Budget("total", Period.DAILY, 1000, time_zone="Asia/Tokyo"))
    assert isinstance(await store.reserve(teller.ask("call_2", 400)), Denied)


async def test_lowering_a_limit_below_what_is_spent_stops_admission(store, teller):
    await store.define(Budget("total", Period.DAILY, 1000))
    await spend(store, teller, "call_1", 700)
    await store.define(Budget("total", Period.DAILY, 100))
    refused = await store.reserve(teller.ask("call_2", 1))
    assert (refused.busy, refused.shortfall.available_nanos) == (False, 0)


async def test_balances_answer_in_order_also_for_accounts_that_nobody_opened(store, teller, clock):
    await spend(store, teller, "call_1", 70, customer="c1")
    start_us = window(Period.WEEKLY, "UTC", clock.now_us()).start_us
    asked = [
        Account("customer:nobody", Period.WEEKLY, "UTC", start_us),
        Account("customer:c1", Period.WEEKLY, "UTC", start_us),
    ]
    assert list(await store.balances(asked)) == [Balance(), Balance(70, 0)]
    assert list(await store.balances([])) == []


async def test_accounts_are_those_whose_window_holds_the_instant(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 1000))
    await store.define(Budget("total", Period.LIFETIME, 10_000))
    await store.define(Budget("customer:*", Period.DAILY, 1000))
    await spend(store, teller, "call_1", 70, customer="c1")
    noon_us = clock.now_us()
    clock.advance(86_400 * US_PER_S)
    today = await store.accounts(at_us=clock.now_us())
    assert [(account.scope, account.period) for account, _ in today] == [("total", Period.LIFETIME)]
    then = await store.accounts(at_us=noon_us)
    assert [account.scope for account, _ in then] == ["customer:c1", "total", "total"]
    assert len(await store.accounts(at_us=noon_us, scope="total")) == 2
