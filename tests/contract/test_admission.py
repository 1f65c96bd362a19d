"""``reserve``: who is admitted, what a refusal leaves behind, and who waits for whom."""

from dataclasses import replace

import pytest

from solvent.domain.budget import Account, Balance, Budget, Denied
from solvent.domain.clock import US_PER_S
from solvent.domain.money import Money
from solvent.domain.period import Period, window
from solvent.domain.reservation import Reservation
from solvent.errors import CallInvalid, EntryMismatch, LimitOutOfRange
from solvent.ports.storage import Filter


def account(scope, period, now_us, zone="UTC"):
    return Account(scope, period, zone, window(period, zone, now_us).start_us)


async def balance(store, scope, period, now_us):
    (found,) = await store.balances([account(scope, period, now_us)])
    return found


async def test_an_ask_without_budgets_is_admitted_and_tells_no_remainder(store, teller):
    ask = teller.ask("call_1", customer="c1")
    held = await store.reserve(ask)
    assert held == Reservation("call_1", 1000, ask.asked_us, ask.expires_us, ask.owner, ask.scopes, None)


async def test_a_bound_equal_to_what_is_left_is_admitted_and_one_more_is_refused(store, teller):
    await store.define(Budget("customer:c1", Period.DAILY, 1000))
    refused = await store.reserve(teller.ask("call_1", 1001, customer="c1"))
    assert isinstance(refused, Denied)
    assert not refused.busy
    admitted = await store.reserve(teller.ask("call_1", 1000, customer="c1"))
    assert isinstance(admitted, Reservation)
    assert admitted.remaining_nanos == 0


async def test_a_refusal_carries_the_figures_of_the_budget_that_refused(store, teller, clock):
    await store.define(Budget("total", Period.MONTHLY, 10_000))
    await store.define(Budget("customer:*", Period.DAILY, 1500))
    await store.reserve(teller.ask("call_1", 1000, customer="c1"))
    refused = await store.reserve(teller.ask("call_2", 700, customer="c1"))
    day = window(Period.DAILY, "UTC", clock.now_us())
    short = refused.shortfall
    assert refused.busy
    assert (short.scope, short.period, short.window_start_us) == ("customer:c1", "daily", day.start_us)
    assert (short.limit_nanos, short.spent_nanos, short.held_nanos, short.asked_nanos) == (1500, 0, 1000, 700)
    assert (short.available_nanos, short.resets_at_us) == (500, day.end_us)


async def test_a_refusal_changes_nothing_on_any_budget(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 10_000))
    await store.define(Budget("agent:a1", Period.DAILY, 10))
    assert isinstance(await store.reserve(teller.ask("call_1", 1000, agent="a1")), Denied)
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, 0)
    assert await store.holds() == []
    assert await store.count(Filter()) == 0


async def test_a_denial_is_not_remembered(store, teller):
    await store.define(Budget("total", Period.DAILY, 500))
    assert isinstance(await store.reserve(teller.ask("call_1", 1000)), Denied)
    assert isinstance(await store.reserve(teller.ask("call_1", 400)), Reservation)


async def test_a_soft_budget_counts_and_never_refuses(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 10, hard=False))
    assert isinstance(await store.reserve(teller.ask("call_1", 1000)), Reservation)
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, 1000)


async def test_a_hard_and_a_soft_budget_on_one_account_count_a_call_once(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 5000))
    await store.define(Budget("total", Period.DAILY, 10, hard=False))
    await store.reserve(teller.ask("call_1", 1000))
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, 1000)


async def test_a_repeat_returns_the_first_reservation_and_holds_nothing_more(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 5000))
    ask = teller.ask("call_1")
    first = await store.reserve(ask)
    clock.advance(US_PER_S)
    again = teller.ask("call_1", wait_us=5)
    assert await store.reserve(again) == first
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, 1000)


async def test_a_repeat_is_known_for_ever_after_it_was_closed(store, teller, clock):
    ask = teller.ask("call_1")
    first = await store.reserve(ask)
    await store.settle("call_1", (teller.paid(ask, 5),))
    clock.advance(400 * 86_400 * US_PER_S)
    assert await store.reserve(ask) == first
    assert await store.holds() == []


@pytest.mark.parametrize("change", ["bound", "customer", "deployment"])
async def test_the_same_id_with_other_content_is_an_error(store, teller, change):
    await store.reserve(teller.ask("call_1", customer="c1"))
    other = {
        "bound": teller.ask("call_1", 999, customer="c1"),
        "customer": teller.ask("call_1", customer="c2"),
        "deployment": replace(
            teller.ask("call_1", customer="c1"),
            blank=replace(teller.ask("call_1", customer="c1").blank, deployment="elsewhere"),
        ),
    }[change]
    with pytest.raises(EntryMismatch, match="call_1 was admitted before"):
        await store.reserve(other)


async def test_a_blank_entry_that_is_not_of_its_ask_is_refused(store, teller):
    ask = teller.ask("call_1")
    with pytest.raises(EntryMismatch, match="they must be equal"):
        await store.reserve(replace(ask, blank=replace(ask.blank, bound_nanos=1)))


@pytest.mark.parametrize("bound", [-1, Money.MAX + 1, True])
async def test_an_absurd_bound_is_refused(store, teller, bound):
    with pytest.raises(LimitOutOfRange):
        await store.reserve(teller.ask("call_1", bound))
    assert await store.holds() == []


async def test_an_account_never_passes_the_largest_amount(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 1, hard=False))
    await store.reserve(teller.ask("call_1", Money.MAX))
    with pytest.raises(LimitOutOfRange, match="total would pass"):
        await store.reserve(teller.ask("call_2", 1))
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, Money.MAX)


async def test_a_record_that_cannot_be_written_down_is_refused_and_harms_no_other(store, teller):
    ask = teller.ask("call_1")
    broken = replace(ask, blank=replace(ask.blank, detail="half a character: \ud800"))
    with pytest.raises(CallInvalid, match="cannot be written down"):
        await store.reserve(broken)
    assert isinstance(await store.reserve(teller.ask("call_2")), Reservation)


async def test_a_default_holds_for_each_id_apart_and_an_override_takes_its_place(store, teller):
    await store.define(Budget("customer:*", Period.DAILY, 1000))
    await store.define(Budget("customer:vip", Period.DAILY, 5000))
    assert isinstance(await store.reserve(teller.ask("call_1", customer="a")), Reservation)
    assert isinstance(await store.reserve(teller.ask("call_2", customer="b")), Reservation)
    assert isinstance(await store.reserve(teller.ask("call_3", customer="a")), Denied)
    assert isinstance(await store.reserve(teller.ask("call_4", 5000, customer="vip")), Reservation)


async def test_an_inactive_override_exempts_from_the_default(store, teller):
    await store.define(Budget("customer:*", Period.DAILY, 10))
    await store.define(Budget("customer:free", Period.DAILY, 0, active=False))
    assert isinstance(await store.reserve(teller.ask("call_1", customer="free")), Reservation)


async def test_a_raise_ends_at_its_instant(store, teller, clock):
    until_us = clock.now_us() + 10
    await store.define(Budget("total", Period.DAILY, 500, raise_nanos=500, raise_until_us=until_us))
    assert isinstance(await store.reserve(teller.ask("call_1", 1000)), Reservation)
    await store.release("call_1")
    clock.advance(10)
    assert isinstance(await store.reserve(teller.ask("call_2", 1000)), Denied)


async def test_a_new_window_begins_empty_while_old_calls_settle_into_theirs(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 1000))
    ask = teller.ask("call_1")
    await store.reserve(ask)
    yesterday_us = clock.now_us()
    clock.advance(86_400 * US_PER_S)
    assert isinstance(await store.reserve(teller.ask("call_2")), Reservation)
    await store.settle("call_1", (teller.paid(ask, 900),))
    assert await balance(store, "total", Period.DAILY, yesterday_us) == Balance(900, 0)
    assert await balance(store, "total", Period.DAILY, clock.now_us()) == Balance(0, 1000)


async def test_a_clock_that_steps_back_over_midnight_charges_the_window_it_shows(store, teller, clock):
    await store.define(Budget("total", Period.DAILY, 1000))
    noon_us = clock.now_us()
    clock.advance(86_400 * US_PER_S)
    await store.reserve(teller.ask("call_1", 600))
    clock.set(noon_us)
    assert isinstance(await store.reserve(teller.ask("call_2", 600)), Reservation)
    assert isinstance(await store.reserve(teller.ask("call_3", 600)), Denied)


class TestTheLine:
    """Calls that would rather wait than be refused as busy."""

    async def test_nobody_overtakes_an_earlier_call_on_its_account(self, store, teller, clock):
        await store.define(Budget("total", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900))
        first = teller.ask("first", 500, wait_us=US_PER_S)
        assert (await store.reserve(first)).busy
        clock.advance(1)
        refused = await store.reserve(teller.ask("small", 50))
        assert refused.busy
        assert refused.shortfall.available_nanos == 100
        await store.release("holder")
        assert (await store.reserve(teller.ask("second", 50, wait_us=US_PER_S))).busy
        assert isinstance(await store.reserve(first), Reservation)
        assert (await store.reserve(teller.ask("small", 50))).busy
        assert isinstance(await store.reserve(teller.ask("second", 50, wait_us=US_PER_S)), Reservation)
        assert isinstance(await store.reserve(teller.ask("small", 50)), Reservation)

    async def test_a_call_on_other_accounts_does_not_wait(self, store, teller):
        await store.define(Budget("total", Period.DAILY, 100_000))
        await store.define(Budget("customer:*", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900, customer="c1"))
        assert (await store.reserve(teller.ask("first", 500, customer="c1", wait_us=US_PER_S))).busy
        assert isinstance(await store.reserve(teller.ask("other", 500, customer="c2")), Reservation)

    async def test_calls_of_one_instant_go_by_id(self, store, teller):
        await store.define(Budget("total", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900))
        late, early = (teller.ask(name, 500, wait_us=US_PER_S) for name in ("b", "a"))
        assert (await store.reserve(late)).busy
        assert (await store.reserve(early)).busy
        await store.release("holder")
        assert isinstance(await store.reserve(early), Reservation)
        assert isinstance(await store.reserve(late), Reservation)

    async def test_a_place_is_a_lease_that_ends_by_itself(self, store, teller, clock):
        await store.define(Budget("total", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900))
        assert (await store.reserve(teller.ask("first", 500, wait_us=US_PER_S))).busy
        clock.advance(US_PER_S)
        assert isinstance(await store.reserve(teller.ask("small", 50)), Reservation)

    async def test_leaving_the_line_lets_the_next_one_in(self, store, teller):
        await store.define(Budget("total", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900))
        assert (await store.reserve(teller.ask("first", 500, wait_us=US_PER_S))).busy
        await store.leave_line("first")
        await store.leave_line("first")
        await store.leave_line("never there")
        assert isinstance(await store.reserve(teller.ask("small", 50)), Reservation)

    async def test_a_spent_budget_gives_no_place(self, store, teller, clock):
        await store.define(Budget("total", Period.DAILY, 1000))
        ask = teller.ask("spender", 900)
        await store.reserve(ask)
        await store.settle("spender", (teller.paid(ask, 900),))
        assert not (await store.reserve(teller.ask("first", 500, wait_us=US_PER_S))).busy
        clock.advance(1)
        assert isinstance(await store.reserve(teller.ask("small", 100)), Reservation)

    async def test_an_admitted_call_frees_its_place_for_good(self, store, teller):
        await store.define(Budget("total", Period.DAILY, 1000))
        await store.reserve(teller.ask("holder", 900))
        first = teller.ask("first", 500, wait_us=US_PER_S)
        await store.reserve(first)
        await store.release("holder")
        await store.reserve(first)
        await store.release("first")
        assert isinstance(await store.reserve(teller.ask("small", 1000)), Reservation)

    async def test_waiting_for_a_soft_budget_never_happens(self, store, teller):
        await store.define(Budget("total", Period.DAILY, 1, hard=False))
        assert isinstance(await store.reserve(teller.ask("first", 500, wait_us=US_PER_S)), Reservation)
