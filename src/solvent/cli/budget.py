"""``solvent budget``: put budgets in force, take them out, and see how they stand."""

from typing import Annotated

import typer
from rich.table import Table

from solvent.app import Books
from solvent.budgets.desk import Standing
from solvent.cli import moments
from solvent.cli.opening import Database, with_books
from solvent.cli.screen import AsJson, figures, show, table, words
from solvent.domain.budget import Budget
from solvent.domain.clock import to_datetime, to_iso
from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.domain.scope import default_of, is_default, parse_pattern
from solvent.errors import CallInvalid
from solvent.gateway.schemas import BudgetView, StandingView

app = typer.Typer(no_args_is_help=True, help="Put budgets in force, and see how they stand.")

Scope = Annotated[
    str,
    typer.Argument(
        metavar="SCOPE",
        help="Who spends: total, customer:ID, agent:ID, tag:KEY=VALUE …; customer:* is the default.",
    ),
]
PeriodName = Annotated[
    Period,
    typer.Argument(
        metavar="PERIOD",
        help="How often it starts again: hourly, daily, weekly, monthly, or lifetime for never.",
    ),
]
Soft = Annotated[bool, typer.Option("--soft", help="The budget that only counts, not the one that refuses.")]


@app.command("set")
def set_budget(
    scope: Scope,
    period: PeriodName,
    limit: Annotated[
        str, typer.Argument(metavar="LIMIT", help="Dollars for each window, such as 5 or 0.25.")
    ],
    *,
    soft: Soft = False,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Where its windows begin, such as Europe/Berlin.")
    ] = "UTC",
    inactive: Annotated[bool, typer.Option("--inactive", help="Keep it, but out of force.")] = False,
    raised: Annotated[
        str | None, typer.Option("--raise", metavar="DOLLARS", help="Add this much until --until.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="When the raise ends: 3d, 12h, a date or an instant.")
    ] = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Put a budget in force; one of the same scope, period and kind is replaced as a whole."""
    if (raised is None) != (until is None):
        raise CallInvalid("--raise and --until go together: an amount, and when it ends")
    limit_nanos = Money.parse(limit)
    raise_nanos = 0 if raised is None else Money.parse(raised)

    async def define(books: Books) -> tuple[Budget, Budget | None]:
        wanted = Budget(
            scope=parse_pattern(scope),
            period=period,
            limit_nanos=limit_nanos,
            hard=not soft,
            time_zone=timezone,
            active=not inactive,
            raise_nanos=raise_nanos,
            raise_until_us=None if until is None else moments.future(until, books.clock.now_us()),
        )
        return wanted, await books.desk.define(wanted)

    defined, replaced = with_books(database, define, made_if_absent=True)
    before = f" It was {_told(replaced)}." if replaced else ""
    show(
        {
            "budget": BudgetView.of(defined),
            "replaced": None if replaced is None else BudgetView.of(replaced),
        },
        f"{defined.scope}: {_told(defined)}.{before}",
        as_json=as_json,
    )


@app.command("list")
def list_budgets(*, as_json: AsJson = False, database: Database = None) -> None:
    """List all budgets, defaults and inactive ones included."""
    budgets = with_books(database, lambda books: books.desk.budgets())
    listed = table(
        words("scope"), words("period"), figures("limit"), words("kind"), words("time zone"), words("raise")
    )
    for budget in budgets:
        kind = ("hard" if budget.hard else "soft") + ("" if budget.active else ", inactive")
        listed.add_row(
            budget.scope,
            budget.period,
            Money.show(budget.limit_nanos),
            kind,
            budget.time_zone,
            _raise(budget),
        )
    people = listed if budgets else "There is no budget yet; try: solvent budget set total daily 10"
    show([BudgetView.of(budget) for budget in budgets], people, as_json=as_json)


@app.command("show")
def show_standing(
    scope: Annotated[
        str | None,
        typer.Argument(
            metavar="SCOPE", help="Whose budgets; customer:* for everyone whom the default counts."
        ),
    ] = None,
    *,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Show how budgets stand now: limit, spent, held by calls in flight, available, and when they reset."""
    standings = with_books(database, lambda books: _standings(books, scope))
    people = standings_table(standings) if standings else f"No budget holds for {scope or 'anyone'}."
    show([StandingView.of(standing) for standing in standings], people, as_json=as_json)


@app.command("delete")
def delete_budget(
    scope: Scope,
    period: PeriodName,
    *,
    soft: Soft = False,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Take a budget out of force; what was spent stays in the book."""
    removed = with_books(database, lambda books: books.desk.remove(scope, period, hard=not soft))
    if removed is None:
        kind = "soft" if soft else "hard"
        raise CallInvalid(f"{scope} has no {kind} {period} budget; see: solvent budget list")
    show(BudgetView.of(removed), f"{removed.scope}: {_told(removed)} is no longer in force.", as_json=as_json)


def standings_table(standings: tuple[Standing, ...], title: str | None = None) -> Table:
    """Return *standings* as a table."""
    drawn = table(
        words("scope"),
        words("budget"),
        figures("limit"),
        figures("spent"),
        figures("held"),
        figures("available"),
        words("resets (UTC)"),
        title=title,
    )
    for standing in standings:
        budget, end_us = standing.budget, standing.window.end_us
        amounts = (
            standing.limit_nanos,
            standing.balance.spent_nanos,
            standing.balance.held_nanos,
            standing.available_nanos,
        )
        drawn.add_row(
            standing.scope,
            f"{budget.period}{'' if budget.hard else ', soft'}",
            *map(Money.show, amounts),
            "never" if end_us is None else f"{to_datetime(end_us):%Y-%m-%d %H:%M}",
        )
    return drawn


async def _standings(books: Books, scope: str | None) -> tuple[Standing, ...]:
    if scope is None or not is_default(parse_pattern(scope)):
        return await books.desk.standings(scope)
    counted = await books.desk.standings()
    return tuple(standing for standing in counted if default_of(standing.scope) == scope)


def _told(budget: Budget) -> str:
    traits = ["hard" if budget.hard else "soft", budget.time_zone]
    if not budget.active:
        traits.append("inactive")
    if budget.raise_nanos:
        traits.append(_raise(budget))
    return f"{Money.show(budget.limit_nanos)} {budget.period} ({', '.join(traits)})"


def _raise(budget: Budget) -> str:
    if not budget.raise_nanos or budget.raise_until_us is None:
        return ""
    return f"+{Money.show(budget.raise_nanos)} until {to_iso(budget.raise_until_us)}"
