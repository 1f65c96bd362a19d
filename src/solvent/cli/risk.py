"""``solvent risk``: who will pay late, why, and what to do about it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from solvent.app import RiskAssessmentService
from solvent.cli import exposure, ledgers, trials
from solvent.cli.opening import Database, with_risk
from solvent.cli.screen import AsJson, figures, progress, show, table, words
from solvent.errors import CallInvalid
from solvent.risk.assess import RiskAssessment
from solvent.risk.audit import WordsRow, reason_sentence
from solvent.risk.case import A, Worded, placeholders
from solvent.risk.chart import draw_ranked
from solvent.risk.currency import show as show_amount
from solvent.risk.records import CHANNELS, Channel
from solvent.risk.service import Assessed, rank

app = typer.Typer(no_args_is_help=True, help="Assess who will pay late, and what to do about it.")

Which = Annotated[
    str,
    typer.Argument(
        metavar="WHICH", help="A customer, whose last assessment is meant, or an assessment's id."
    ),
]
CustomerName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The customer's name in the text; it is never sent to a model."),
]
CompanyName = Annotated[
    str | None, typer.Option(metavar="NAME", help="Their firm's name in the text; it is never sent either.")
]


@app.command("assess")
def assess_ledger(
    invoices: ledgers.Invoices,
    contacts: ledgers.Contacts = None,
    *,
    as_of: ledgers.AsOf = None,
    currency: ledgers.Currency = None,
    top: Annotated[int, typer.Option(min=1, help="How many customers are shown; all are kept.")] = 25,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw those shown into this .svg, .png or .pdf file.")
    ] = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Assess every customer of a ledger, keep the results, and show the highest risks first with their reasons."""
    report = ledgers.read(invoices, contacts, currency)
    day = ledgers.day(as_of)

    async def work(risk: RiskAssessmentService) -> tuple[Assessed, ...]:
        with progress(f"assessing {len(report.histories):,} customers"):
            return await risk.assess(report.histories, as_of=day)

    found = sorted(with_risk(database, work, made_if_absent=True), key=rank)
    if plot is not None:
        draw_ranked([each.assessment for each in found[:top]], plot)
    document = {
        "as_of": day.isoformat(),
        "rows": report.rows,
        "used": report.used,
        "problems": [str(problem) for problem in report.problems],
        "assessments": [_document(each) for each in found],
    }
    drawn = f"\nDrawn into {plot}." if plot else ""
    told = (
        f"{report.used:,} of {report.rows:,} rows used, {len(found):,} customers assessed as of {day}.{drawn}"
    )
    show(document, ranked_table(found[:top]), told, as_json=as_json)


@app.command("explain")
def explain(
    which: Which,
    *,
    customer_name: CustomerName = None,
    company_name: CompanyName = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Show why a customer has its score: every contribution, exactly, and the same in words.

    A model words it where the setting risk_model names one, paid from the customer's budget; else a template does.
    """

    async def work(risk: RiskAssessmentService) -> tuple[Assessed, WordsRow]:
        found = await resolved(risk, which)
        return found, _shown(await risk.narrate(found.id), customer_name, company_name)

    found, row = with_risk(database, work, asks_model=True)
    sentences = [f"• {each['sentence']}" for each in row.answer["reasons"]]
    told = [row.answer["summary"], *sentences, *row.answer["caveats"], source_of(row)]
    made = found.assessment
    head = (
        f"{made.customer_id}: score {made.score}, {made.level} (card {made.card_version}, as of {made.as_of})"
    )
    show(_document(found) | {"words": row}, head, contributions_table(made), *told, as_json=as_json)


@app.command("strategy")
def advise(
    which: Which,
    *,
    channel: Annotated[
        list[str] | None,
        typer.Option(metavar="CHANNEL", help="A channel that may be used; several by repeating it."),
    ] = None,
    customer_name: CustomerName = None,
    company_name: CompanyName = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Advise how to approach a customer, over the channels that are allowed."""
    channels = _channels(channel)

    async def work(risk: RiskAssessmentService) -> tuple[Assessed, WordsRow]:
        found = await resolved(risk, which)
        worded = await risk.recommend_strategy(found.id, channels=channels)
        return found, _shown(worded, customer_name, company_name)

    found, row = with_risk(database, work, asks_model=True)
    answer = row.answer
    drawn = table(words("channel"), words("tone"), words("when"))
    drawn.add_row(answer["channel"], answer["tone"], answer["timing"].replace("_", " "))
    others = [f"Else {each['channel']}, {each['tone']}: {each['why']}" for each in answer["alternatives"]]
    told = [answer["strategy"], *others, *answer["caveats"], source_of(row)]
    show({"id": found.id, "words": row}, drawn, *told, as_json=as_json)


@app.command("replay")
def replay(which: Which, *, as_json: AsJson = False, database: Database = None) -> None:
    """Compute an assessment again from its audit row; the status is 1 when a number differs."""

    async def work(risk: RiskAssessmentService) -> Any:
        return await risk.replay((await resolved(risk, which)).id)

    found = with_risk(database, work)
    same = "every number is the same" if found.same else "the numbers differ: the audit row was changed"
    people = f"{found.id}: score {found.kept.score}, again {found.again.score}; {same}."
    document = {"id": found.id, "same": found.same, "kept": found.kept, "again": found.again}
    show(document, people, as_json=as_json)
    if not found.same:
        raise typer.Exit(1)


app.command("evaluate")(trials.evaluate)
app.command("fit")(trials.fit)
app.command("portfolio")(exposure.portfolio)
app.command("limits")(exposure.limits)


async def resolved(risk: RiskAssessmentService, which: str) -> Assessed:
    """Return the assessment with the id *which*, or the last one of the customer *which*.

    Raises:
        CallInvalid: there is neither.
    """
    last = await risk.latest(which)
    return last[0] if last else await risk.find(which)


def ranked_table(found: list[Assessed]) -> Table:
    """Return *found* as a table, in its order."""
    drawn = table(
        words("customer"),
        figures("score"),
        words("level"),
        figures("90 %"),
        figures("open"),
        figures("days late"),
        words("first reason"),
    )
    for each in found:
        made = each.assessment
        owed = ", ".join(show_amount(minor, currency) for currency, minor in each.exposure.open_minor)
        reason = (
            reason_sentence(made.reasons[0]) if made.reasons else "no history: an average customer's figures"
        )
        interval = f"{100 * made.late.low:.0f} – {100 * made.late.high:.0f}"
        days = f"{made.days_late.value:.0f}"
        drawn.add_row(made.customer_id, str(made.score), made.level, interval, owed or "–", days, reason)
    return drawn


def contributions_table(found: RiskAssessment) -> Table:
    """Return what each feature adds to the log-odds of an average customer; the sum decides the score."""
    drawn = table(words("feature"), figures("value"), figures("log-odds"))
    values = found.features.model_dump()
    drawn.add_row("average customer", "", f"{found.average_log_odds:+.3f}")
    for code, log_odds in sorted(found.contributions.items(), key=lambda pair: -abs(pair[1])):
        value = values[code]
        drawn.add_row(
            code.replace("_", " "), "unknown" if value is None else f"{value:.4g}", f"{log_odds:+.3f}"
        )
    return drawn


def source_of(row: WordsRow) -> str:
    """Return who said the words, and what they cost."""
    if row.source == "model":
        return f"(worded by {row.attempts[-1].model}, prompt {row.prompt_id})"
    return f"(worded by a template: {row.why})"


def _shown(worded: Worded[A], customer_name: str | None, company_name: str | None) -> WordsRow:
    answer = worded.shown(placeholders(customer_name, company_name))
    return WordsRow.of(worded).model_copy(update={"answer": answer})


def _channels(chosen: list[str] | None) -> tuple[Channel, ...]:
    found = tuple(channel for channel in CHANNELS if chosen is None or channel in chosen)
    unknown = set(chosen or ()) - set(CHANNELS)
    if unknown:
        raise CallInvalid(f"{min(unknown)!r} is no channel; use {', '.join(CHANNELS)}")
    return found


def _document(found: Assessed) -> dict[str, Any]:
    return {"id": found.id, "assessment": found.assessment}
