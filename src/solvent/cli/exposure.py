"""``solvent risk portfolio`` and ``solvent risk limits``: what is owed in all, and what may be spent on whom."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table

from solvent.app import Books, RiskAssessmentService, risk_terms
from solvent.cli import ledgers
from solvent.cli.opening import Database, settings_for, with_books, with_risk
from solvent.cli.screen import AsJson, figures, show, table, words
from solvent.domain.clock import from_datetime
from solvent.domain.money import Money
from solvent.errors import CallInvalid
from solvent.gateway.risk import PlanView
from solvent.ports.storage import Filter
from solvent.risk.budgeting import LimitPlan
from solvent.risk.currency import show as show_amount
from solvent.risk.limits import Moved
from solvent.risk.portfolio import PERIOD_DAYS, Portfolio, measure_portfolio
from solvent.risk.records import History
from solvent.risk.recovery import in_nanos, nanos_per_dollar, recovered_minor


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was recovered in a period, and what was spent on calls for these customers meanwhile."""

    since: date
    until: date
    recovered_minor: dict[str, int]
    recovered_nanos: int
    cost_nanos: int
    cost_per_dollar_nanos: int | None


def portfolio(
    invoices: ledgers.Invoices,
    contacts: ledgers.Contacts = None,
    *,
    as_of: ledgers.AsOf = None,
    currency: ledgers.Currency = None,
    days: Annotated[
        int,
        typer.Option(
            min=1, max=3660, help="The length of the period that DSO, CEI and recovery look back on."
        ),
    ] = PERIOD_DAYS,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Show receivables by age, DSO, CEI, the amount at risk, and what a recovered dollar cost in calls.

    Recovered is what arrived after its due date and after a contact; its cost are the calls of these customers.
    """
    report = ledgers.read(invoices, contacts, currency)
    day = ledgers.day(as_of)
    since = day - timedelta(days=days)
    rates = risk_terms(settings_for(database)).limits.rates

    async def work(books: Books) -> Recovery:
        cost_nanos = await _cost_nanos(books, report.histories, since, day)
        found = recovered_minor(report.histories, since, day)
        nanos = in_nanos(found, rates)
        return Recovery(since, day, found, nanos, cost_nanos, nanos_per_dollar(cost_nanos, nanos))

    made = measure_portfolio(report.histories, day, period_days=days)
    recovery = with_books(database, work, made_if_absent=True)
    document = {
        "portfolios": [asdict(each) for each in made],
        "recovery": asdict(recovery),
        "problems": [str(problem) for problem in report.problems],
    }
    show(document, *map(portfolio_table, made), _told(recovery), as_json=as_json)


def limits(
    *,
    apply: Annotated[
        bool, typer.Option("--apply", help="Put the budgets in force, not only show them.")
    ] = False,
    plan: Annotated[
        str | None, typer.Option(metavar="PLAN", help="With --apply: the plan shown before, not a new one.")
    ] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="PLAN", help="Put back the budgets that this plan replaced.")
    ] = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Propose a budget for every customer assessed, from what the next contact is worth.

    Where it is worth less than it costs, the budget proposed is zero. Nothing changes without --apply.
    """
    if undo is not None and (apply or plan is not None):
        raise CallInvalid("--undo stands alone; a plan is either applied or taken back")
    if plan is not None and not apply:
        raise CallInvalid("--plan names the plan to --apply; without it, a new one is shown")

    async def work(risk: RiskAssessmentService) -> tuple[LimitPlan | None, Moved | None]:
        if undo is not None:
            return None, await risk.limits.undo(undo)
        if plan is not None:
            return None, await risk.limits.apply(plan)
        made = await risk.limits.plan([each.exposure for each in await risk.latest()])
        return made, await risk.limits.apply(made.id) if apply else None

    made, moved = with_risk(database, work)
    document = {
        "plan": None if made is None else PlanView.of(made),
        "moved": None if moved is None else asdict(moved),
    }
    people: list[Any] = [] if made is None else [plan_table(made), _next_step(made, applied=apply)]
    show(document, *people, *([] if moved is None else [_moved(moved)]), as_json=as_json)


def plan_table(plan: LimitPlan) -> Table:
    """Return the proposals of *plan* for customers who owe anything."""
    changed = {change.key[0] for change in plan.changes}
    drawn = table(
        words("customer"), figures("worth of a contact"), figures("budget"), words("why"), words("changes")
    )
    for made in plan.proposals:
        if made.why == "nothing_open":
            continue
        budget = "–" if made.decision == "left_out" else Money.show(made.limit_nanos)
        worth = Money.show(made.worth_nanos)
        why = made.why.replace("_", " ") + (f" ({', '.join(made.unvalued)})" if made.unvalued else "")
        drawn.add_row(
            made.customer_id, worth, budget, why, "yes" if f"customer:{made.customer_id}" in changed else "no"
        )
    return drawn


def portfolio_table(made: Portfolio) -> Table:
    """Return the figures of one currency."""
    drawn = table(words("figure"), figures("value"), title=f"{made.currency}, as of {made.as_of}")
    aging = made.aging
    amounts = (
        ("receivables", made.receivables_minor),
        ("not yet due", aging.current_minor),
        ("1 – 30 days past due", aging.days_1_30_minor),
        ("31 – 60 days", aging.days_31_60_minor),
        ("61 – 90 days", aging.days_61_90_minor),
        ("91 days and more", aging.days_91_minor),
        ("disputed", made.disputed_minor),
        ("at risk", made.at_risk_minor),
        ("sales of the period", made.sales_minor),
    )
    ratios = (
        ("days sales outstanding", made.dso),
        ("best possible DSO", made.best_possible_dso),
        ("average days delinquent", made.average_days_delinquent),
        ("collection effectiveness index", made.cei),
    )
    drawn.add_row("customers", f"{made.customers:,}")
    for name, minor in amounts:
        drawn.add_row(name, show_amount(minor, made.currency))
    for name, value in ratios:
        drawn.add_row(name, "–" if value is None else f"{value:.1f}")
    return drawn


async def _cost_nanos(books: Books, histories: tuple[History, ...], since: date, until: date) -> int:
    """Return what calls for these customers cost from *since* to *until*, both included, UTC."""
    wanted = Filter(
        from_us=from_datetime(datetime.combine(since, time())),
        to_us=from_datetime(datetime.combine(until + timedelta(days=1), time())),
    )
    names = {history.customer_id for history in histories}
    rows = await books.store.usage(wanted, ("customer",))
    return sum(row.cost_nanos for row in rows if row.group[0] in names)


def _told(found: Recovery) -> str:
    amounts = ", ".join(show_amount(minor, currency) for currency, minor in found.recovered_minor.items())
    each = found.cost_per_dollar_nanos
    rate = "" if each is None else f": {Money.show(each)} for each recovered dollar"
    spent = Money.show(found.cost_nanos)
    return f"From {found.since} to {found.until}, {amounts or 'nothing'} recovered; calls cost {spent}{rate}."


def _next_step(plan: LimitPlan, *, applied: bool) -> str:
    if applied:
        return f"Plan {plan.id}; take it back with: solvent risk limits --undo {plan.id}"
    return f"Nothing was changed. To apply this: solvent risk limits --apply --plan {plan.id}"


def _moved(moved: Moved) -> str:
    alone = (
        f" Left alone, since changed by somebody: {', '.join(moved.left_alone)}." if moved.left_alone else ""
    )
    return f"{len(moved.changed)} budgets changed.{alone}"
