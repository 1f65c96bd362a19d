"""Budgets from worth: pure proposals, previewed changes, and a way back that leaves others' budgets alone."""

from decimal import Decimal

import pytest

from solvent.domain.budget import Budget
from solvent.domain.period import Period
from solvent.risk.limits import Exposure, LimitRules, changes, move, propose, undone
from solvent.risk.recovery import in_nanos, nanos_per_dollar

USD = 10**9
RULES = LimitRules(
    share=Decimal("0.1"),
    floor_nanos=USD // 10,
    cap_nanos=20 * USD,
    contact_cost_nanos=USD // 2,
    period=Period.MONTHLY,
    rates={"EUR": Decimal("1.1"), "JPY": Decimal("0.0065")},
)


def exposed(*open_minor, late=0.5, answer=0.5, customer="c1"):
    return Exposure(customer, open_minor, late, answer)


@pytest.mark.parametrize(
    ("known", "decision", "why", "limit_nanos"),
    [
        (exposed(("USD", 10_000)), "set", "worth", 25 * USD // 10),
        (exposed(("EUR", 10_000)), "set", "worth", 275 * USD // 100),
        (exposed(("JPY", 10_000)), "set", "worth", 1_620_000_000),
        (exposed(("USD", 10_000), ("EUR", 10_000)), "set", "worth", 525 * USD // 100),
        (exposed(("USD", 10**9)), "set", "cap", 20 * USD),
        (exposed(("USD", 250)), "set", "floor", USD // 10),
        (exposed(("USD", 199)), "stop", "worth_less_than_contact", 0),
        (exposed(("USD", 10_000), late=0.0), "stop", "worth_less_than_contact", 0),
        (exposed(("USD", 10_000), answer=0.0), "stop", "worth_less_than_contact", 0),
        (exposed(), "left_out", "nothing_open", 0),
        (exposed(("GBP", 10_000)), "left_out", "no_exchange_rate", 0),
        (exposed(("USD", 1), ("GBP", 10_000)), "left_out", "no_exchange_rate", 0),
        (exposed(("USD", 10_000), customer="*"), "left_out", "id_unusable", 0),
        (exposed(("USD", 10_000), customer="a\u2028b"), "left_out", "id_unusable", 0),
        (exposed(("USD", 2**53 - 1), late=1.0, answer=1.0), "set", "cap", 20 * USD),
    ],
)
def test_a_limit_is_a_share_of_what_the_next_contact_is_worth(known, decision, why, limit_nanos):
    made = propose(known, RULES)
    assert (made.decision, made.why, made.limit_nanos) == (decision, why, limit_nanos)


def test_more_owed_never_lowers_a_limit():
    limits = [propose(exposed(("USD", amount)), RULES).limit_nanos for amount in range(0, 200_000, 997)]
    assert limits == sorted(limits)


class Drawer:
    """Budgets in a dictionary."""

    def __init__(self, *budgets):
        self.kept = {budget.key: budget for budget in budgets}

    async def budgets(self):
        return list(self.kept.values())

    async def define(self, budget):
        replaced = self.kept.get(budget.key)
        self.kept[budget.key] = budget
        return replaced

    async def remove(self, scope, period, *, hard):
        return self.kept.pop((scope, period, hard), None)


OLD = Budget("customer:c2", Period.MONTHLY, 7)
OTHER = Budget("customer:c3", Period.DAILY, 9)


async def proposed(drawer):
    known = [exposed(("USD", 10_000), customer=name) for name in ("c1", "c2")]
    known += [exposed(customer="c3"), exposed(("USD", 1), customer="c4")]
    return await changes([propose(each, RULES) for each in known], RULES.period, drawer)


async def test_a_preview_changes_nothing_and_names_what_would():
    drawer = Drawer(OLD, OTHER)
    wanted = await proposed(drawer)
    assert drawer.kept == {OLD.key: OLD, OTHER.key: OTHER}
    assert [(change.key[0], change.before) for change in wanted] == [
        ("customer:c1", None),
        ("customer:c2", OLD),
        ("customer:c4", None),
    ]


async def test_applied_twice_is_applied_once_and_undone_is_as_before():
    drawer = Drawer(OLD, OTHER)
    before = dict(drawer.kept)
    wanted = await proposed(drawer)
    first = await move(wanted, drawer)
    assert first.changed == ("customer:c1", "customer:c2", "customer:c4")
    assert drawer.kept["customer:c4", Period.MONTHLY, True].limit_nanos == 0
    assert (await move(wanted, drawer)).changed == ()
    assert await proposed(drawer) == ()
    await move(undone(wanted), drawer)
    assert drawer.kept == before


async def test_an_application_cut_short_is_finished_by_its_repeat():
    drawer = Drawer(OLD)
    wanted = await proposed(drawer)
    await move(wanted[:1], drawer)
    assert (await move(wanted, drawer)).changed == ("customer:c2", "customer:c4")


async def test_a_budget_that_somebody_changed_since_is_left_alone():
    drawer = Drawer(OLD)
    wanted = await proposed(drawer)
    await move(wanted, drawer)
    theirs = Budget("customer:c1", Period.MONTHLY, 123)
    await drawer.define(theirs)
    moved = await move(undone(wanted), drawer)
    assert moved.left_alone == ("customer:c1",)
    assert drawer.kept[theirs.key] == theirs


def test_the_cost_of_a_recovered_dollar_is_exact_and_rounded_up():
    assert nanos_per_dollar(10, 3 * USD) == 4
    assert nanos_per_dollar(USD, 50 * USD) == USD // 50
    assert nanos_per_dollar(5, 0) is None
    assert in_nanos({"USD": 150, "EUR": 100, "GBP": 5}, RULES.rates) == 26 * USD // 10
