"""Makes asks and entries for tests of storage. Read with ``runpy`` by fixtures and by child processes."""

from dataclasses import replace

from solvent.domain.clock import US_PER_S
from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.ids import attempt_id
from solvent.domain.reservation import Ask
from solvent.domain.scope import Attribution
from solvent.domain.usage import NO_USAGE, Usage

HOLD_US = 60 * US_PER_S


class Teller:
    """Writes asks as of its clock."""

    def __init__(self, clock, owner="process_test"):
        self.clock = clock
        self.owner = owner

    def ask(
        self,
        call_id,
        bound=1000,
        *,
        customer=None,
        agent=None,
        campaign=None,
        tags=(),
        provider="openai",
        model="gpt",
        wait_us=None,
        queued_us=None,
        hold_us=HOLD_US,
    ):
        now_us = self.clock.now_us()
        who = Attribution(customer, agent, campaign, None, tuple(tags))
        scopes = who.scopes(provider, model)
        blank = Entry(
            id=attempt_id(call_id, 1),
            call_id=call_id,
            kind=EntryKind.ATTEMPT,
            corrects=None,
            scopes=scopes,
            attribution=who,
            admitted_us=now_us,
            booked_us=now_us,
            operation="generate",
            dialect="openai_chat",
            provider=provider,
            deployment=provider,
            model_asked=f"{provider}/{model}",
            model=model,
            usage=NO_USAGE,
            cost_nanos=0,
            bound_nanos=bound,
            price_version="test",
            certainty=Certainty.EXACT,
            outcome=Outcome.OK,
        )
        queued_us = now_us if queued_us is None and wait_us is not None else queued_us
        until_us = 0 if queued_us is None else now_us + (HOLD_US if wait_us is None else wait_us)
        return Ask(call_id, scopes, bound, now_us, now_us + hold_us, self.owner, blank, queued_us, until_us)

    def paid(self, ask, cost, *, attempt=1, **changes):
        """Return the entry of an attempt of *ask* that cost *cost* nano-dollars."""
        told = {"usage": Usage(input=90, cached_input=7, output=12, reasoning=3), "latency_ms": 250} | changes
        number = attempt_id(ask.blank.call_id, attempt)
        return replace(ask.blank, id=number, cost_nanos=cost, **told)
