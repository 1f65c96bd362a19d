"""``solvent risk evaluate`` and ``solvent risk fit``: what a card is worth on a ledger, and a card from one."""

import hashlib
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from solvent.app import risk_terms
from solvent.cli import ledgers
from solvent.cli.opening import settings_for
from solvent.cli.screen import AsJson, figures, progress, show, table, words
from solvent.errors import ConfigurationError
from solvent.risk.card import Source
from solvent.risk.chart import draw_reliability
from solvent.risk.evaluate import Figure, Figures
from solvent.risk.observations import matured
from solvent.risk.records import History
from solvent.risk.standing import standing
from solvent.risk.trial import EVENT, LedgerTrial, fit_ledger, try_ledger

_CAVEAT: Final = (
    "Figures hold for customers and times like these. Intervals are 90 %, over resampled customers."
)


def evaluate(
    invoices: ledgers.Invoices,
    contacts: ledgers.Contacts = None,
    *,
    as_of: ledgers.AsOf = None,
    currency: ledgers.Currency = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw predictions against outcomes into this .svg, .png or .pdf file."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try the card on the later part of a ledger: each invoice is predicted as of its day of issue.

    Beside it stand a card that was fitted on the earlier part, where that holds enough, and the base rate.
    """
    report = ledgers.read(invoices, contacts, currency)
    day = ledgers.day(as_of)
    terms = risk_terms(settings_for(None))
    origin = _source(invoices, report.histories, day, terms.grace_days)
    with progress(f"predicting the invoices of {len(report.histories):,} customers"):
        found = try_ledger(report.histories, day, terms.card, origin, grace_days=terms.grace_days)
    if plot is not None:
        draw_reliability(_named(found), plot)
    told = [f"Drawn into {plot}."] if plot else []
    if found.why_not:
        told.append(f"No card was fitted on the earlier part: {found.why_not}")
    head = f"Invoices issued from {found.cut} on, outcomes as known on {found.as_of}: {EVENT}"
    show(asdict(found), head, figures_table(found), *told, _CAVEAT, as_json=as_json)


def fit(
    invoices: ledgers.Invoices,
    contacts: ledgers.Contacts = None,
    *,
    output: Annotated[Path, typer.Option(metavar="FILE", help="Where the card is written, as JSON.")],
    version: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="What the card is called in every assessment, such as own-2026-01."
        ),
    ],
    as_of: ledgers.AsOf = None,
    currency: ledgers.Currency = None,
    as_json: AsJson = False,
) -> None:
    """Fit a card on your own ledger; the setting risk_card puts it in force. Evaluate before you do."""
    report = ledgers.read(invoices, contacts, currency)
    day = ledgers.day(as_of)
    grace_days = settings_for(None).risk_grace_days
    origin = _source(invoices, report.histories, day, grace_days)
    with progress("fitting a card"):
        card = fit_ledger(report.histories, day, version, origin, grace_days=grace_days)
    try:
        output.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{output} cannot be written: {error.strerror}; name another file"
        ) from error
    people = (
        f"Card {card.version} with {len(card.curves)} features is written to {output}.",
        f'To use it, set risk_card = "{output}". {_CAVEAT}',
    )
    show({"card": card, "path": str(output)}, *people, as_json=as_json)


def figures_table(found: LedgerTrial) -> Table:
    """Return how good the predictions were, beside saying the base rate to everyone."""
    columns = _named(found)
    given = found.given
    drawn = table(words("figure"), *map(figures, columns), figures("base rate to all"))
    drawn.add_row("invoices", *(f"{each.rows:,}" for each in columns.values()), "")
    drawn.add_row("customers", *(f"{each.customers:,}" for each in columns.values()), "")
    drawn.add_row("paid late", *(f"{100 * each.base_rate:.1f} %" for each in columns.values()), "")
    drawn.add_row("AUC, 1 is best", *(_figure(each.auc) for each in columns.values()), "0.500")
    drawn.add_row(
        "Brier, 0 is best", *(_figure(each.brier) for each in columns.values()), f"{given.base_brier:.3f}"
    )
    losses = (_figure(each.log_loss) for each in columns.values())
    drawn.add_row("log loss, 0 is best", *losses, f"{given.base_log_loss:.3f}")
    drawn.add_row("calibration error", *(_figure(each.calibration_error) for each in columns.values()), "")
    return drawn


def _named(found: LedgerTrial) -> dict[str, Figures]:
    columns = {f"card {found.card_version}": found.given}
    return columns if found.fitted is None else columns | {"fitted on the earlier part": found.fitted}


def _figure(found: Figure | None) -> str:
    return "–" if found is None else f"{found.value:.3f} ({found.low:.3f} – {found.high:.3f})"


def _source(path: Path, histories: tuple[History, ...], day: date, grace_days: int) -> Source:
    """Return what a card that is fitted on the ledger says of its origin.

    Raises:
        ConfigurationError: every invoice of known outcome was late, or none, so there is nothing to tell apart.
    """
    stands = (standing(invoice, day) for history in histories for invoice in history.invoices)
    known = matured([each for each in stands if each], grace_days)
    late = sum(each.days_past_due > grace_days for each in known)
    if not 0 < late < len(known):
        raise ConfigurationError(
            f"{late} of {len(known)} invoices of known outcome were late as of {day}; some of each kind are needed"
        )
    return Source(
        name=path.name,
        population="the customers of this ledger",
        event=EVENT,
        customers=len(histories),
        base_rate=late / len(known),
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
