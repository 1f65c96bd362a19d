"""Finish: what an attempt cost, and the one place where its reservation is closed.

======================================  ====================================================================
what happened                           what is booked
======================================  ====================================================================
never handed to a socket                nothing; the hold is released
the provider refused or was not there   nothing was billed: an entry at cost 0
a whole answer with usage               the provider's numbers, at the price of the model that served
a whole answer without usage            solvent's own count (``counted``)
the caller went away from a stream      what was streamed, counted, or what the provider said if more
anything else after dispatch            the bound (``presumed``), until evidence corrects it
======================================  ====================================================================
"""

from dataclasses import dataclass, replace

from solvent.calls.records import Ended, Paid, Plan
from solvent.calls.route import Router
from solvent.dialects.base import Facts
from solvent.dialects.table import codec
from solvent.domain.call import Operation
from solvent.domain.entry import Certainty, Entry, Outcome, presumed
from solvent.domain.money import Money
from solvent.domain.usage import NO_USAGE, Usage
from solvent.errors import ModelUnpriced, UsageContradictory
from solvent.pricing.rate import Rate
from solvent.pricing.tokens import TokenCounter


@dataclass(frozen=True, slots=True)
class _Cost:
    usage: Usage
    nanos: int
    rate: Rate | None
    certainty: Certainty


class Bookkeeper:
    """Turns the end of an attempt into its ledger entry; pure but for the price book it reads."""

    def __init__(self, router: Router, counter: TokenCounter) -> None:
        self._router = router
        self._counter = counter

    def entry(self, paid: Paid, ended: Ended, booked_us: int) -> Entry:
        """Return the entry of an attempt that was dispatched; see the table above."""
        drawn = _with_end(paid.blank, ended, booked_us)
        if paid.plan.rate is None:
            return replace(drawn, cost_nanos=0, certainty=Certainty.EXACT)
        if ended.outcome is Outcome.FAILED and ended.failure and ended.failure.billed == "no":
            return replace(drawn, cost_nanos=0, certainty=Certainty.EXACT)
        if ended.outcome not in (Outcome.OK, Outcome.ABORTED):
            return _charged_at_bound(drawn, ended, drawn.detail)
        if ended.outcome is Outcome.OK and not ended.facts.complete:
            return _charged_at_bound(drawn, ended, "unfinished")
        try:
            cost = _countable(self._cost(paid, ended))
        except (ModelUnpriced, UsageContradictory) as error:
            return _charged_at_bound(drawn, ended, error.code)
        return _priced(drawn, cost)

    def _cost(self, paid: Paid, ended: Ended) -> _Cost:
        facts, plan = ended.facts, paid.plan
        if facts.doubt:
            raise UsageContradictory(facts.doubt)
        rate, asked = self._served_rate(plan, facts)
        if ended.outcome is Outcome.OK and facts.usage is not None and facts.usage.total_tokens:
            return _Cost(facts.usage, rate.cost(facts.usage), rate, Certainty.EXACT)
        counted = self._counted(paid, facts)
        told = facts.usage or NO_USAGE
        usage = max(counted, told, key=asked.cost)
        return _Cost(usage, rate.cost(usage), rate, Certainty.COUNTED)

    def _served_rate(self, plan: Plan, facts: Facts) -> tuple[Rate, Rate]:
        """Return the rate of the model that served, and of the one asked for.

        A provider may name its model in words that no price list knows, or that the operator's own price for
        the name asked for does not cover; the price that the call was admitted at then holds.
        """
        asked = plan.rate
        if asked is None:
            raise ModelUnpriced(f"{plan.deployment.model} has no price")
        context = tuple((dict(plan.admitted.demand.price_context) | dict(facts.price_context)).items())
        model = facts.model or plan.deployment.model
        if model == plan.deployment.model and context == plan.admitted.demand.price_context:
            return asked, asked
        try:
            served = self._router.rate_of(plan.deployment, model, plan.call.received_us, context)
        except ModelUnpriced:
            return asked, asked
        return (asked if asked.declared and not served.declared else served), asked

    def _counted(self, paid: Paid, facts: Facts) -> Usage:
        """Count what was read and written; where no vocabulary is known, bytes, which are never fewer."""
        plan = paid.plan
        source, model, demand = (
            plan.deployment.provider.price_source,
            plan.deployment.model,
            plan.admitted.demand,
        )
        texts = codec(plan.call.dialect).texts(plan.call.document)
        read = self._counter.count(source, model, texts, demand.messages, demand.tools)
        written = self._counter.count(source, model, facts.written, 0, 0)
        if written is None:
            written = sum(len(text.encode()) for text in facts.written)
        if plan.call.operation is Operation.EMBED:
            written = 0
        return Usage(input=paid.bound.input_tokens if read is None else read, output=written)


def _with_end(blank: Entry, ended: Ended, booked_us: int) -> Entry:
    facts, failure = ended.facts, ended.failure
    return replace(
        blank,
        booked_us=booked_us,
        outcome=ended.outcome,
        model=facts.model or blank.model,
        provider_call_id=facts.reply_id[:255],
        status=ended.status if failure is None else failure.status,
        detail=ended.detail or (failure.kind if failure else ""),
        latency_ms=ended.latency_ms,
        first_byte_ms=ended.first_byte_ms,
    )


def _charged_at_bound(drawn: Entry, ended: Ended, detail: str) -> Entry:
    charged = presumed(drawn, booked_us=drawn.booked_us, detail=detail)
    return replace(charged, outcome=ended.outcome)


def _countable(cost: _Cost) -> _Cost:
    """Return *cost* unless no account could hold it: a provider that counts so has counted wrong."""
    if cost.nanos > Money.MAX:
        raise UsageContradictory(f"the usage told would cost {Money.show(cost.nanos)}")
    return cost


def _priced(drawn: Entry, cost: _Cost) -> Entry:
    over = "overrun" if cost.nanos > drawn.bound_nanos else ""
    return replace(
        drawn,
        usage=cost.usage,
        cost_nanos=cost.nanos,
        price_version=cost.rate.version if cost.rate else "",
        certainty=cost.certainty,
        detail=drawn.detail or over or ("usage_missing" if _silent(drawn, cost) else ""),
    )


def _silent(drawn: Entry, cost: _Cost) -> bool:
    return drawn.outcome is Outcome.OK and cost.certainty is Certainty.COUNTED
