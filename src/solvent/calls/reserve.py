"""Reserve: hold the most that a call can cost, cheaply bounded first and exactly counted where that decides.

A refusal is never based on a cheap bound: before one, the tokens are counted. Under the policy ``clamp`` a
call that does not fit lowers its output limit to what is left, and says so.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from solvent.budgets.desk import Desk
from solvent.budgets.refusal import refusal
from solvent.calls.records import Paid, Plan
from solvent.dialects.table import codec
from solvent.domain.budget import Denied
from solvent.domain.call import Operation, Policy
from solvent.domain.clock import US_PER_S, Clock
from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.ids import attempt_id
from solvent.domain.money import Money
from solvent.domain.reservation import Ask
from solvent.domain.usage import NO_USAGE
from solvent.errors import Shortfall
from solvent.pricing.bound import Bound, Ceilings, bound, clamp
from solvent.pricing.tokens import TokenCounter

MAX_COUNTED_BYTES: Final = 4 * 2**20
"""Longer prompts are bounded by their bytes alone: counting them would hold up every other call."""
FREE: Final = Bound(nanos=0, input_tokens=0, output_tokens=0, output_limit=0, basis="counted")


@dataclass(frozen=True, slots=True)
class Terms:
    """The operator's terms, where a call does not name its own."""

    policy: Policy
    busy_wait_s: float
    clamp_floor_tokens: int
    call_s: float
    hold_grace_s: float
    ceilings: Ceilings


class Till:
    """Where a planned call is paid."""

    def __init__(self, desk: Desk, counter: TokenCounter, clock: Clock, owner: str, terms: Terms) -> None:
        self._desk = desk
        self._counter = counter
        self._clock = clock
        self._owner = owner
        self._terms = terms

    async def pay(self, plan: Plan) -> Paid:
        """Hold the call's bound on every budget that meets it.

        Raises:
            BudgetExceeded, BudgetBusy: a hard budget cannot hold it; nothing changed.
            LimitOutOfRange: it could cost more than any budget can count.
            StorageUnavailable: the budgets cannot be proven current; nothing is sent.
        """
        options = plan.call.options
        wait_s = self._terms.busy_wait_s if options.busy_wait_s is None else options.busy_wait_s
        offers = BoundOffers(plan, self._terms, self._blank_ask, self._count)
        answer = await self._desk.hold(offers, wait_s=wait_s)
        if isinstance(answer, Denied):
            raise refusal(answer)
        chosen, ask = offers.held(answer.bound_nanos)
        same = ask.asked_us == answer.admitted_us
        return Paid(
            plan=plan,
            bound=chosen,
            reservation=answer,
            blank=ask.blank if same else replace(ask.blank, admitted_us=answer.admitted_us),
            output_limit=_to_send(plan, chosen),
            clamped=chosen.output_limit < offers.wanted_limit,
        )

    def bound(self, plan: Plan, *, exact: bool = False) -> Bound:
        """Return the most that the call can cost; *exact* counts its tokens where their vocabulary is known."""
        return bound_of(plan, self._terms.ceilings, self._count(plan) if exact else None)

    def _count(self, plan: Plan) -> int | None:
        demand, source = plan.admitted.demand, plan.deployment.provider.price_source
        if demand.text_bytes > MAX_COUNTED_BYTES:
            return None
        texts = codec(plan.call.dialect).texts(plan.call.document)
        return self._counter.count(source, plan.deployment.model, texts, demand.messages, demand.tools)

    def _blank_ask(self, plan: Plan, held: Bound) -> Ask:
        now_us = self._clock.now_us()
        deadline_s = plan.call.options.deadline_s
        call_s = self._terms.call_s if deadline_s is None else min(self._terms.call_s, deadline_s)
        return Ask(
            id=plan.call.id,
            scopes=plan.scopes,
            bound_nanos=held.nanos,
            asked_us=now_us,
            expires_us=now_us + round((call_s + self._terms.hold_grace_s) * US_PER_S),
            owner=self._owner,
            blank=blank_entry(plan, held, now_us),
        )


class BoundOffers:
    """The holds that one call would accept: by bytes, then counted, then (under ``clamp``) what is left."""

    def __init__(
        self,
        plan: Plan,
        terms: Terms,
        ask: Callable[[Plan, Bound], Ask],
        count: Callable[[Plan], int | None],
    ) -> None:
        self._plan = plan
        self._terms = terms
        self._ask = ask
        self._count = count
        self._clamps = _may_clamp(plan, terms)
        self._tokens: int | None = None
        self._counted = False
        self._made: dict[int, tuple[Bound, Ask]] = {}
        self._best = self._bound()
        self.wanted_limit = self._best.output_limit

    def first(self) -> Ask:
        """Return the ask for the whole bound, as closely as it is known by now."""
        return self._offer(self._best)

    def smaller(self, than: Ask, shortfall: Shortfall) -> Ask | None:
        """Return the counted bound the first time, then what is left of the budget that denied, if allowed."""
        if not self._counted:
            self._counted = True
            self._tokens = self._count(self._plan) if self._plan.rate else None
            self._best = min(self._best, self._bound(), key=lambda known: known.nanos)
            if self._best.nanos < than.bound_nanos:
                return self._offer(self._best)
        return self._clamped(than, shortfall) if self._clamps else None

    def held(self, bound_nanos: int) -> tuple[Bound, Ask]:
        """Return the offer that was admitted."""
        return self._made[bound_nanos]

    def _bound(self, output_limit: int | None = None) -> Bound:
        return bound_of(self._plan, self._terms.ceilings, self._tokens, output_limit)

    def _offer(self, known: Bound) -> Ask:
        Money.checked(known.nanos)
        ask = self._ask(self._plan, known)
        self._made[known.nanos] = (known, ask)
        return ask

    def _clamped(self, than: Ask, shortfall: Shortfall) -> Ask | None:
        """Return the ask for the largest output that fits, never under the floor, which then may wait."""
        rate = self._plan.rate
        if rate is None:
            return None
        floor = min(self._terms.clamp_floor_tokens, self.wanted_limit)
        fits = clamp(
            rate,
            self._plan.admitted.demand,
            self._terms.ceilings,
            shortfall.available_nanos,
            tokens=self._tokens,
        )
        limited = self._bound(max(floor, min(fits or 0, self.wanted_limit)))
        return self._offer(limited) if limited.nanos < than.bound_nanos else None


def _to_send(plan: Plan, chosen: Bound) -> int | None:
    """Return the output limit that must be sent for the bound to hold; None where the caller's own does it."""
    own = plan.admitted.demand.output_limit
    if plan.call.operation is not Operation.GENERATE or (own is not None and own <= chosen.output_limit):
        return None
    return chosen.output_limit


def _may_clamp(plan: Plan, terms: Terms) -> bool:
    policy = plan.call.options.policy or terms.policy
    return policy == "clamp" and plan.call.operation is Operation.GENERATE


def bound_of(plan: Plan, ceilings: Ceilings, tokens: int | None, output_limit: int | None = None) -> Bound:
    """Return the call's bound: by its bytes, or by *tokens*; with its own output limit, or another."""
    if plan.rate is None:
        return FREE
    demand = plan.admitted.demand
    if output_limit is not None:
        demand = replace(demand, output_limit=output_limit)
    return bound(plan.rate, demand, ceilings, output_max=plan.output_max, tokens=tokens)


def blank_entry(plan: Plan, held: Bound, now_us: int) -> Entry:
    """Return the entry of the call's attempt before anything is known: lost, charged at its bound."""
    call, deployment = plan.call, plan.deployment
    return Entry(
        id=attempt_id(call.id, 1),
        call_id=call.id,
        kind=EntryKind.ATTEMPT,
        corrects=None,
        scopes=plan.scopes,
        attribution=call.attribution,
        admitted_us=now_us,
        booked_us=now_us,
        operation=call.operation.value,
        dialect=call.dialect.value,
        provider=deployment.provider.name,
        deployment=deployment.name,
        model_asked=call.model,
        model=deployment.model,
        usage=NO_USAGE,
        cost_nanos=held.nanos,
        bound_nanos=held.nanos,
        price_version=plan.rate.version if plan.rate else "",
        certainty=Certainty.PRESUMED,
        outcome=Outcome.LOST,
        streamed=call.stream,
    )
