"""Admission: which budgets a call meets, and the one decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.budget import Account, Balance, Budget, Line, admit, applicable, lines, remaining
from solvent.domain.money import Money
from solvent.domain.period import LIFETIME, Period
from solvent.domain.waiting import Place, decide
from solvent.errors import LimitOutOfRange

NOON_US = 1_767_268_800_000_000
amounts = st.integers(0, 50)


def line(name, limit, *, hard=True):
    return Line(Account(name, Period.LIFETIME, "UTC", 0), LIFETIME, limit, hard)


drawn = st.lists(st.tuples(amounts, st.booleans(), amounts, amounts), max_size=5)


@given(drawn, amounts)
def test_a_call_is_admitted_exactly_when_every_hard_line_can_hold_it(rows, asked):
    met = [line(f"customer:{place}", limit, hard=hard) for place, (limit, hard, _, _) in enumerate(rows)]
    balances = {entry.account: Balance(row[2], row[3]) for entry, row in zip(met, rows, strict=True)}
    fits = all(not hard or spent + held + asked <= limit for limit, hard, spent, held in rows)
    assert (admit(met, balances, asked) is None) is fits


@given(drawn, amounts)
def test_a_refusal_that_is_final_is_told_before_one_that_is_busy(rows, asked):
    met = [line(f"customer:{place}", limit, hard=hard) for place, (limit, hard, _, _) in enumerate(rows)]
    balances = {entry.account: Balance(row[2], row[3]) for entry, row in zip(met, rows, strict=True)}
    denied = admit(met, balances, asked)
    spent = any(hard and spent + asked > limit for limit, hard, spent, _ in rows)
    if denied is not None:
        assert denied.busy is not spent


@given(drawn)
def test_what_remains_is_the_least_of_the_hard_lines_and_never_negative(rows):
    met = [line(f"customer:{place}", limit, hard=hard) for place, (limit, hard, _, _) in enumerate(rows)]
    balances = {entry.account: Balance(row[2], row[3]) for entry, row in zip(met, rows, strict=True)}
    left = [max(0, limit - spent - held) for limit, hard, spent, held in rows if hard]
    assert remaining(met, balances) == (min(left) if left else None)


def test_an_account_that_counts_nothing_yet_is_empty():
    assert admit([line("total", 5)], {}, 5) is None
    assert admit([line("total", 5)], {}, 6).shortfall.available_nanos == 5
    assert remaining([line("total", 5)], {}) == 5


def test_nothing_is_admitted_beyond_the_largest_amount_even_softly():
    soft = line("total", 1, hard=False)
    assert admit([soft], {soft.account: Balance(Money.MAX - 1, 0)}, 1) is None
    with pytest.raises(LimitOutOfRange):
        admit([soft], {soft.account: Balance(Money.MAX, 0)}, 1)


def test_an_override_takes_the_place_of_the_default_of_its_period_and_kind_only():
    default, monthly = Budget("customer:*", Period.DAILY, 5), Budget("customer:*", Period.MONTHLY, 50)
    own, soft = Budget("customer:vip", Period.DAILY, 99), Budget("customer:*", Period.DAILY, 1, hard=False)
    rules = {"customer:*": [default, monthly, soft], "customer:vip": [own]}
    assert {budget for _, budget in applicable(rules, ["customer:vip"])} == {own, monthly, soft}
    assert {budget for _, budget in applicable(rules, ["customer:x"])} == {default, monthly, soft}


def test_an_inactive_budget_counts_nothing_and_shields_from_the_default():
    rules = {
        "customer:*": [Budget("customer:*", Period.DAILY, 5)],
        "customer:free": [Budget("customer:free", Period.DAILY, 0, active=False)],
        "total": [Budget("total", Period.DAILY, 1, active=False)],
    }
    assert applicable(rules, ["total", "customer:free"]) == ()


def test_the_order_in_which_budgets_are_kept_decides_nothing():
    kept = [Budget("total", period, 5, hard=hard) for period in Period for hard in (True, False)]
    assert applicable({"total": kept}, ["total"]) == applicable({"total": kept[::-1]}, ["total"])


def test_a_raise_counts_until_its_instant():
    budget = Budget("total", Period.DAILY, 5, raise_nanos=3, raise_until_us=NOON_US)
    assert [entry.limit_nanos for entry in lines([("total", budget)], NOON_US - 1)] == [8]
    assert [entry.limit_nanos for entry in lines([("total", budget)], NOON_US)] == [5]


class TestTheLine:
    """Who may pass whom."""

    def place(self, name, queued_us, until_us, *lines_of):
        return Place(name, queued_us, until_us, tuple(entry.account for entry in lines_of))

    def test_an_ask_that_fits_waits_behind_an_earlier_one(self, teller):
        met = [line("total", 5000)]
        places = {met[0].account: [self.place("early", 0, NOON_US + 1, *met)]}
        verdict = decide(teller.ask("late", 10, wait_us=99), met, {}, places)
        assert verdict.denied.busy
        assert verdict.place.accounts == (met[0].account,)

    def test_a_lease_that_has_ended_holds_nobody_up(self, teller):
        met = [line("total", 5000)]
        places = {met[0].account: [self.place("early", 0, NOON_US, *met)]}
        assert decide(teller.ask("late", 10), met, {}, places).denied is None

    def test_its_own_place_holds_no_ask_up(self, teller):
        met = [line("total", 5000)]
        places = {met[0].account: [self.place("mine", 0, NOON_US + 9, *met)]}
        assert decide(teller.ask("mine", 10, wait_us=9), met, {}, places).denied is None

    def test_a_place_is_only_on_the_accounts_that_are_short(self, teller):
        short, ample = line("customer:c1", 10), line("total", 5000)
        balances = {short.account: Balance(0, 10)}
        verdict = decide(teller.ask("call", 10, wait_us=9), [ample, short], balances, {})
        assert verdict.place.accounts == (short.account,)

    def test_patience_that_has_run_out_gives_no_place(self, teller):
        short = line("total", 10)
        ask = teller.ask("call", 10, wait_us=0, queued_us=NOON_US - 5)
        assert decide(ask, [short], {short.account: Balance(0, 10)}, {}).place is None
