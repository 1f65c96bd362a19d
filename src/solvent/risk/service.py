"""The service: assess, keep what it was assessed from, let a model word it, and propose what to spend.

Numbers come from code alone, and before any words. Every result is appended with its audit, from which it can be
repeated; words are kept with placeholders, never with names.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from solvent.domain.clock import Clock, to_datetime
from solvent.domain.ids import Ids
from solvent.errors import CallInvalid
from solvent.ports.narrator import Narrator
from solvent.ports.risk import RiskKind, RiskRecord, RiskStore
from solvent.risk.assess import Levels, RiskAssessment, assess_measured, judge
from solvent.risk.audit import AssessmentRow, WordsRow, case_of
from solvent.risk.card import Card
from solvent.risk.case import Worded
from solvent.risk.extract import Extraction, extract
from solvent.risk.features import NO_TYPICAL, typical_volume
from solvent.risk.limits import Exposure, LimitRules, exposure
from solvent.risk.metrics import DEFAULT_PRIORS, measure
from solvent.risk.narrate import Narration, narrate
from solvent.risk.portfolio import fit_priors
from solvent.risk.records import CHANNELS, Channel, History
from solvent.risk.strategy import Advice, recommend_strategy

PORTFOLIO_FROM: Final = 20
"""From so many customers on, what is typical is learnt from them; fewer say too little about each other."""


@dataclass(frozen=True, slots=True)
class RiskTerms:
    """What an operator chose: the card, the levels, days of grace, whether threats are allowed, and limits."""

    card: Card
    levels: Levels
    grace_days: int
    legal_threats: bool
    limits: LimitRules


@dataclass(frozen=True, slots=True)
class Assessed:
    """An assessment that was kept, by its id, and what a limit would need of it."""

    id: str
    assessment: RiskAssessment
    exposure: Exposure


@dataclass(frozen=True, slots=True)
class Replay:
    """An assessment as it was kept, and again from its features and its card."""

    id: str
    kept: RiskAssessment
    again: RiskAssessment

    @property
    def same(self) -> bool:
        """Whether every number is the same, to the last bit, and the features are those that were hashed."""
        return self.kept == self.again


class RiskService:
    """Assessments of payment risk over one store.

    Safe to use from several tasks. A result is on the disk before it is returned; if the process dies before, it
    is as if it had not been asked, but for calls that were paid, which are in the book.
    """

    def __init__(
        self, *, store: RiskStore, clock: Clock, ids: Ids, terms: RiskTerms, narrator: Narrator | None
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._terms = terms
        self._narrator = narrator

    async def assess(
        self, histories: Sequence[History], *, as_of: date | None = None
    ) -> tuple[Assessed, ...]:
        """Return and keep the assessment of each of *histories* as of a date (today, UTC), in their order.

        Twenty and more customers are a portfolio, which their estimates are drawn to; fewer are drawn to the
        stated default priors.

        Raises:
            ConfigurationError: the packages of the extra ``risk`` are missing.
        """
        day = as_of or to_datetime(self._clock.now_us()).date()
        rows = await asyncio.to_thread(self._rows, histories, day)
        now_us = self._clock.now_us()
        made = [(self._ids.new("assessment", now_us), row) for row in rows]
        card = self._card_record(now_us)
        kept = [
            RiskRecord(
                assessment_id,
                RiskKind.ASSESSMENT,
                row.assessment.customer_id,
                card.id,
                now_us,
                row.model_dump_json(),
            )
            for assessment_id, row in made
        ]
        await self._store.append([card, *kept])
        return tuple(Assessed(assessment_id, row.assessment, row.exposure()) for assessment_id, row in made)

    def _rows(self, histories: Sequence[History], day: date) -> list[AssessmentRow]:
        terms = self._terms
        grace_days = terms.grace_days
        many = len(histories) >= PORTFOLIO_FROM
        priors = fit_priors(histories, day, grace_days=grace_days) if many else DEFAULT_PRIORS
        typical = typical_volume(histories, day, grace_days=grace_days) if many else NO_TYPICAL
        rows = []
        for history in histories:
            metrics = measure(history, day, priors=priors, grace_days=grace_days)
            found = assess_measured(history, metrics, terms.card, typical_minor=typical, levels=terms.levels)
            rows.append(AssessmentRow.of(found, terms.levels, exposure(found, metrics, priors)))
        return rows

    def _card_record(self, now_us: int) -> RiskRecord:
        document = self._terms.card.model_dump_json()
        digest = hashlib.sha256(document.encode()).hexdigest()
        return RiskRecord(f"card_{digest}", RiskKind.CARD, None, None, now_us, document)

    async def find(self, assessment_id: str) -> Assessed:
        """Return the assessment with this id.

        Raises:
            CallInvalid: there is none.
        """
        _, row = await self._kept(assessment_id)
        return Assessed(assessment_id, row.assessment, row.exposure())

    async def latest(self, customer_id: str | None = None) -> tuple[Assessed, ...]:
        """Return the last assessment of every customer, or of one; the highest risk first."""
        records = await self._store.latest(RiskKind.ASSESSMENT, customer_id=customer_id)
        return await asyncio.to_thread(_ranked, records)

    async def replay(self, assessment_id: str) -> Replay:
        """Return the assessment as it was kept and as its features and its card give it now.

        Raises:
            CallInvalid: there is none with this id.
        """
        record, row = await self._kept(assessment_id)
        card = await self._store.find(record.about or "")
        if card is None:
            raise CallInvalid(f"the card of {assessment_id} is not kept; the assessment cannot be repeated")
        kept = row.assessment
        again = judge(
            kept.customer_id,
            kept.features,
            Card.model_validate_json(card.document),
            levels=Levels(*row.levels),
        )
        return Replay(assessment_id, kept, again)

    async def narrate(self, assessment_id: str) -> Worded[Narration]:
        """Return and keep the assessment in words; each attempt is paid from the customer's budget.

        Raises:
            CallInvalid: there is no such assessment. What a model does raises nothing; see ``Worded.why``.
        """
        _, row = await self._kept(assessment_id)
        case = case_of(row.assessment, CHANNELS, legal_threats=self._terms.legal_threats)
        worded = await narrate(case, row.assessment.customer_id, self._narrator)
        await self._keep_words(RiskKind.NARRATION, assessment_id, row, WordsRow.of(worded))
        return worded

    async def recommend_strategy(
        self, assessment_id: str, *, channels: Sequence[Channel] = CHANNELS
    ) -> Worded[Advice]:
        """Return and keep advice on how to approach the customer over *channels*, paid as for ``narrate``.

        Raises:
            CallInvalid: there is no such assessment, or no channel is allowed.
        """
        if not channels:
            raise CallInvalid(f"no channel is allowed; name at least one of {', '.join(CHANNELS)}")
        _, row = await self._kept(assessment_id)
        case = case_of(row.assessment, tuple(channels), legal_threats=self._terms.legal_threats)
        worded = await recommend_strategy(case, row.assessment.customer_id, self._narrator)
        await self._keep_words(RiskKind.STRATEGY, assessment_id, row, WordsRow.of(worded))
        return worded

    async def extract(self, text: str, *, written_on: date, currency: str, customer_id: str) -> Extraction:
        """Return what a customer's message announces, checked by code; neither it nor the text is kept.

        Raises:
            CallInvalid: the text is empty or too long.
        """
        return await extract(
            text,
            written_on=written_on,
            currency=currency,
            customer_id=customer_id,
            narrator=self._narrator,
        )

    async def _kept(self, assessment_id: str) -> tuple[RiskRecord, AssessmentRow]:
        record = await self._store.find(assessment_id)
        if record is None or record.kind is not RiskKind.ASSESSMENT:
            raise CallInvalid(f"there is no assessment {assessment_id!r}; see: solvent risk assess")
        return record, AssessmentRow.model_validate_json(record.document)

    async def _keep_words(self, kind: RiskKind, about: str, row: AssessmentRow, words: WordsRow) -> None:
        now_us = self._clock.now_us()
        customer_id = row.assessment.customer_id
        record_id = self._ids.new(kind.value, now_us)
        await self._store.append(
            [RiskRecord(record_id, kind, customer_id, about, now_us, words.model_dump_json())]
        )


def _ranked(records: Sequence[RiskRecord]) -> tuple[Assessed, ...]:
    rows = [(record.id, AssessmentRow.model_validate_json(record.document)) for record in records]
    found = [Assessed(assessment_id, row.assessment, row.exposure()) for assessment_id, row in rows]
    return tuple(sorted(found, key=rank))


def rank(assessed: Assessed) -> tuple[float, str]:
    """Order the highest probability first; equal ones by customer."""
    return -assessed.assessment.late.value, assessed.assessment.customer_id
