"""The blocking face: the same calls for programs without an event loop.

One loop runs in a thread of its own while the service is open, and every method hands its work to it; nothing
is written twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, Self, Unpack

from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import BaseModel

from solvent.app import LLMService as AsyncService
from solvent.app import Outside
from solvent.app import RiskAssessmentService as AsyncRiskService
from solvent.budgets.desk import Standing
from solvent.calls.arguments import ChatArguments, Who
from solvent.calls.face import TokenCount
from solvent.calls.reply import ChatDelta, ChatReply, CostEstimate, Embeddings
from solvent.domain.budget import Budget
from solvent.domain.period import Period
from solvent.risk.case import Worded
from solvent.risk.narrate import Narration
from solvent.risk.records import CHANNELS, Channel, History
from solvent.risk.service import Assessed, Replay
from solvent.risk.strategy import Advice
from solvent.settings import Settings


class LLMService:
    """Solvent inside a blocking program: ``with LLMService.open() as llm``. Safe to use from several threads."""

    def __init__(self, service: AsyncService, portal: BlockingPortal) -> None:
        self._service = service
        self._portal = portal

    @classmethod
    @contextmanager
    def open(
        cls, settings: Settings | None = None, *, outside: Outside | None = None, **overrides: object
    ) -> Iterator[Self]:
        """Open solvent and close it when the context ends; see ``solvent.LLMService.open``."""
        with start_blocking_portal("asyncio") as portal:
            opening = AsyncService.open(settings, outside=outside, **overrides)
            with portal.wrap_async_context_manager(opening) as service:
                yield cls(service, portal)

    def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        output: type[BaseModel] | None = None,
        **arguments: Unpack[ChatArguments],
    ) -> ChatReply:
        """Return the answer to *messages*; see ``solvent.LLMService.chat``."""
        return self._portal.call(lambda: self._service.chat(model, messages, output=output, **arguments))

    def generate_text(
        self, model: str, prompt: str, *, system: str | None = None, **arguments: Unpack[ChatArguments]
    ) -> ChatReply:
        """Return the answer to one *prompt*; see ``solvent.LLMService.generate_text``."""
        return self._portal.call(
            lambda: self._service.generate_text(model, prompt, system=system, **arguments)
        )

    def stream(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> Iterator[ChatDelta]:
        """Yield the answer as it comes; closing the iterator early cancels the call at the provider."""
        deltas = self._service.stream(model, messages, **arguments)
        try:
            while True:
                try:
                    delta = self._portal.call(deltas.__anext__)
                except StopAsyncIteration:
                    return
                yield delta
        finally:
            self._portal.call(deltas.aclose)

    def embed(
        self, model: str, texts: Sequence[str], *, dimensions: int | None = None, **who: Unpack[Who]
    ) -> Embeddings:
        """Return a vector for each of *texts*; see ``solvent.LLMService.embed``."""
        return self._portal.call(lambda: self._service.embed(model, texts, dimensions=dimensions, **who))

    def count_tokens(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> TokenCount:
        """Return how many tokens the call would be charged for reading, at most."""
        return self._service.count_tokens(model, messages, **arguments)

    def estimate_cost(
        self, model: str, messages: Sequence[Mapping[str, Any]], **arguments: Unpack[ChatArguments]
    ) -> CostEstimate:
        """Return the most that the call can cost; nothing is sent or held."""
        return self._service.estimate_cost(model, messages, **arguments)

    def define_budget(self, budget: Budget) -> Budget | None:
        """Put *budget* in force and return the one it replaces."""
        return self._portal.call(self._service.budgets.define, budget)

    def remove_budget(self, scope: str, period: Period, *, hard: bool = True) -> Budget | None:
        """Take a budget out of force and return it; None if there was none."""
        return self._portal.call(lambda: self._service.budgets.remove(scope, period, hard=hard))

    def standings(self, scope: str | None = None) -> tuple[Standing, ...]:
        """Return how budgets stand now, for one scope or for all that count."""
        return self._portal.call(self._service.budgets.standings, scope)

    def available_providers(self) -> tuple[str, ...]:
        """Return the providers that calls may name."""
        return self._service.available_providers()


class RiskAssessmentService:
    """Payment risk inside a blocking program: ``with RiskAssessmentService.open() as risk``; for any thread."""

    def __init__(self, service: AsyncRiskService, portal: BlockingPortal) -> None:
        self._service = service
        self._portal = portal

    @classmethod
    @contextmanager
    def open(
        cls, settings: Settings | None = None, *, outside: Outside | None = None, **overrides: object
    ) -> Iterator[Self]:
        """Open solvent and close it when the context ends; see ``solvent.LLMService.open``."""
        with start_blocking_portal("asyncio") as portal:
            opening = AsyncRiskService.open(settings, outside=outside, **overrides)
            with portal.wrap_async_context_manager(opening) as service:
                yield cls(service, portal)

    def assess(self, histories: Sequence[History], *, as_of: date | None = None) -> tuple[Assessed, ...]:
        """Return and keep the assessment of each of *histories*; see ``solvent.RiskAssessmentService.assess``."""
        return self._portal.call(lambda: self._service.assess(histories, as_of=as_of))

    def latest(self, customer_id: str | None = None) -> tuple[Assessed, ...]:
        """Return the last assessment of every customer, or of one; the highest risk first."""
        return self._portal.call(self._service.latest, customer_id)

    def replay(self, assessment_id: str) -> Replay:
        """Return an assessment as it was kept, and again from its features and its card."""
        return self._portal.call(self._service.replay, assessment_id)

    def narrate(self, assessment_id: str) -> Worded[Narration]:
        """Return and keep an assessment in words; see ``solvent.RiskAssessmentService.narrate``."""
        return self._portal.call(self._service.narrate, assessment_id)

    def recommend_strategy(
        self, assessment_id: str, *, channels: Sequence[Channel] = CHANNELS
    ) -> Worded[Advice]:
        """Return and keep advice on how to approach the customer over *channels*."""
        return self._portal.call(lambda: self._service.recommend_strategy(assessment_id, channels=channels))
