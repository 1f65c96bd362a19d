"""``solvent usage``: calls, tokens and cost, in total or by whatever is asked."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from solvent.cli.opening import Database, with_books
from solvent.cli.screen import AsJson, figures, show, table, words
from solvent.cli.selection import Agent, Campaign, Customer, From, Model, Provider, Tag, To, selection
from solvent.domain.clock import SystemClock, to_iso
from solvent.domain.money import Money
from solvent.gateway.schemas import UsageView
from solvent.ports.storage import UsageRow

By = Annotated[
    list[str] | None,
    typer.Option(
        metavar="DIMENSION",
        help="model, provider, customer, agent, campaign, tag:KEY, day or hour; several with commas.",
    ),
]


def usage(
    *,
    by: By = None,
    since: From = None,
    until: To = None,
    customer: Customer = None,
    agent: Agent = None,
    campaign: Campaign = None,
    provider: Provider = None,
    model: Model = None,
    tag: Tag = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Show calls, tokens and cost, dearest first. Days and hours are UTC."""
    wanted = selection(
        SystemClock().now_us(),
        since=since,
        until=until,
        customer=customer,
        agent=agent,
        campaign=campaign,
        provider=provider,
        model=model,
        tag=tag,
    )
    names = tuple(name.strip() for text in by or () for name in text.split(","))
    rows = with_books(database, lambda books: books.store.usage(wanted, names))
    document = {
        "from": None if wanted.from_us is None else to_iso(wanted.from_us),
        "to": None if wanted.to_us is None else to_iso(wanted.to_us),
        "by": names,
        "rows": [UsageView.of(names, row) for row in rows],
    }
    show(document, usage_table(names, rows), as_json=as_json)


def usage_table(names: Sequence[str], rows: Sequence[UsageRow], title: str | None = None) -> Table:
    """Return *rows*, grouped by *names*, as a table; with a sum where there are several."""
    several = len(rows) > 1
    totals = _figures(rows) if several else [""] * 6
    drawn = table(
        *(words(name, "all" if several and at == 0 else "") for at, name in enumerate(names)),
        figures("calls", totals[0]),
        figures("failed", totals[1]),
        figures("input tokens", totals[2]),
        figures("output tokens", totals[3]),
        figures("mean ms", totals[4]),
        figures("cost", totals[5]),
        title=title,
        footer=several,
    )
    for row in rows:
        drawn.add_row(*("–" if value is None else value for value in row.group), *_figures([row]))
    return drawn


def _figures(rows: Sequence[UsageRow]) -> list[str]:
    calls = sum(row.calls for row in rows)
    return [
        f"{calls:,}",
        f"{sum(row.failures for row in rows):,}",
        f"{sum(row.usage.input_tokens for row in rows):,}",
        f"{sum(row.usage.output_tokens for row in rows):,}",
        f"{sum(row.latency_ms for row in rows) // calls:,}" if calls else "–",
        Money.show(sum(row.cost_nanos for row in rows)),
    ]
