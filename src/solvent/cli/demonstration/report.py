"""What the demo prints in the end, for people and as JSON."""

from collections import Counter
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from solvent.cli.budget import standings_table
from solvent.cli.demonstration.clients import Ended
from solvent.cli.demonstration.show import Outcome
from solvent.cli.screen import figures, table, words
from solvent.cli.usage import usage_table
from solvent.cli.verify import findings_table
from solvent.domain.call import Json
from solvent.domain.money import Money
from solvent.gateway.schemas import Amount, StandingView, UsageView


def report(outcome: Outcome) -> Iterator[RenderableType]:
    """Yield the parts of the report, from the calls to the verdict."""
    count, seconds = len(outcome.ended), outcome.elapsed_s
    yield Text(
        f"\n{count} calls in {seconds:.1f} s through the SDKs of OpenAI, Anthropic and Google\n", "bold"
    )
    yield _calls(outcome)
    yield _refusals(outcome)
    yield usage_table(("customer",), outcome.by_customer, title="Cost by customer")
    yield usage_table(("provider", "model"), outcome.by_model, title="Cost by model")
    yield standings_table(outcome.standings, title="Budgets")
    if outcome.findings:
        yield findings_table(outcome.findings)
    yield _verdict(outcome)


def document(outcome: Outcome, address: str) -> Json:
    """Return the report as a JSON object."""
    return {
        "address": address,
        "calls": len(outcome.ended),
        "answered": sum(not end.error for end in outcome.ended),
        "refusals": Counter(end.code for end in _refused(outcome)),
        "broken": len(outcome.broken),
        "by_customer": [UsageView.of(("customer",), row) for row in outcome.by_customer],
        "by_model": [UsageView.of(("provider", "model"), row) for row in outcome.by_model],
        "balances": [StandingView.of(standing) for standing in outcome.standings],
        "ledger": {"calls": outcome.booked.calls, "cost": Amount.of(outcome.booked.cost_nanos)},
        "invoice": {"calls": outcome.invoiced_calls, "cost": Amount.of(outcome.invoiced_nanos)},
        "findings": len(outcome.findings),
        "balances_hold": outcome.balances,
    }


def _calls(outcome: Outcome) -> Table:
    drawn = table(
        words("SDK"),
        figures("calls"),
        figures("of them streams"),
        figures("answered"),
        figures("refused"),
        figures("broken"),
        figures("median ms"),
        title="Calls",
    )
    for sdk in ("openai", "anthropic", "google"):
        ends = [end for end in outcome.ended if end.errand.sdk == sdk]
        counts = (
            len(ends),
            sum(end.errand.stream for end in ends),
            sum(not end.error for end in ends),
            sum(bool(end.code) for end in ends),
            sum(bool(end.error and not end.code) for end in ends),
            _median_ms(ends),
        )
        drawn.add_row(sdk, *map(str, counts))
    return drawn


def _refusals(outcome: Outcome) -> Table:
    drawn = table(
        words("kind"),
        words("for"),
        figures("calls"),
        figures("status"),
        words("seen by the program as"),
        figures("retries"),
        title="Refused before anything was sent",
    )
    refused = _refused(outcome)
    groups = Counter((end.code, _whom(end), end.status, end.error) for end in refused)
    for (code, whom, status, error), count in sorted(groups.items(), key=lambda group: str(group[0])):
        alike = [end for end in refused if (end.code, _whom(end), end.error) == (code, whom, error)]
        told = [end.retries for end in alike if end.retries is not None]
        retries = str(sum(told)) if told else "–"
        drawn.add_row(code, whom, str(count), str(status), error, retries)
    return drawn


def _verdict(outcome: Outcome) -> Panel:
    booked, invoiced = outcome.booked, outcome.invoiced_nanos
    said = table(words(""), figures("calls"), figures("amount"))
    said.add_row("the provider's invoice", str(outcome.invoiced_calls), Money.show(invoiced))
    said.add_row("solvent's ledger", str(booked.calls), Money.show(booked.cost_nanos))
    said.add_row(
        "difference", str(booked.calls - outcome.invoiced_calls), Money.show(booked.cost_nanos - invoiced)
    )
    found = len(outcome.findings)
    verified = f"{found} promises are broken" if found else "every promise that it checks holds"
    verdict = "The books balance." if outcome.balances else "THE BOOKS DO NOT BALANCE."
    colour = "green" if outcome.balances else "red"
    parts: list[RenderableType] = [said, Text(f"solvent verify: {verified}")]
    if outcome.broken:
        parts.append(Text(f"{len(outcome.broken)} calls broke, the first with {outcome.broken[0].error}"))
    return Panel(Group(*parts, Text(verdict, f"bold {colour}")), border_style=colour, expand=False)


def _refused(outcome: Outcome) -> list[Ended]:
    return [end for end in outcome.ended if end.code]


def _whom(end: Ended) -> str:
    return end.errand.model if end.code == "model_unpriced" else end.errand.customer


def _median_ms(ends: list[Ended]) -> int:
    times = sorted(end.elapsed_s for end in ends if not end.error)
    return round(times[len(times) // 2] * 1000) if times else 0
