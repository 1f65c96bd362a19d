"""Payment risk under ``/api/risk``: assess, explain in words, advise, and plan customers' budgets.

Scores come from code alone. Routes that ask a model pay from the customer's budget, and answer with a template's
words where that cannot be.
"""

from datetime import date
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from solvent.app import RiskAssessmentService
from solvent.errors import CallInvalid
from solvent.gateway.schemas import Amount, BudgetView
from solvent.risk.assess import RiskAssessment
from solvent.risk.audit import AttemptRow, WordsRow
from solvent.risk.budgeting import LimitPlan
from solvent.risk.case import A, Worded, placeholders
from solvent.risk.extract import MOST_CHARACTERS, Extraction, Intent
from solvent.risk.limits import Change, Decision, LimitProposal, Moved, Why
from solvent.risk.portfolio import Portfolio, measure_portfolio
from solvent.risk.records import CHANNELS, Channel, Currency, History, Identifier
from solvent.risk.service import Assessed

MOST_HISTORIES: Final = 1000
"""In one request; a larger portfolio is assessed from files, with ``solvent risk assess``."""

_Name = Annotated[str | None, Field(max_length=255)]
_Histories = Annotated[list[History], Field(min_length=1, max_length=MOST_HISTORIES)]


class _Body(BaseModel):
    """The form of every body here."""

    model_config = ConfigDict(extra="forbid")


class HistoriesBody(_Body):
    """Histories to assess as of a date; today (UTC) where none is named."""

    histories: _Histories
    as_of: date | None = None

    def distinct(self) -> list[History]:
        """Return the histories.

        Raises:
            CallInvalid: a customer is there twice.
        """
        names = [history.customer_id for history in self.histories]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise CallInvalid(f"customer {twice!r} has two histories; put them together")
        return self.histories


class NamesBody(_Body):
    """Names that the words are for. They are put in by code and never sent to a model."""

    customer_name: _Name = None
    company_name: _Name = None


class StrategyBody(NamesBody):
    """The channels that may be used, and names."""

    channels: list[Channel] = Field(default=list(CHANNELS), min_length=1, max_length=len(CHANNELS))


class MessageBody(_Body):
    """What a customer wrote, and when; amounts in it are of this currency."""

    customer_id: Identifier
    text: str = Field(min_length=1, max_length=MOST_CHARACTERS)
    written_on: date
    currency: Currency


class PlanBody(_Body):
    """Whose budgets are planned: those of these customers, or of all that were assessed."""

    customers: list[Identifier] | None = Field(None, max_length=100_000)


class AssessmentView(BaseModel):
    """An assessment that was kept."""

    id: str
    assessment: RiskAssessment

    @classmethod
    def of(cls, assessed: Assessed) -> Self:
        """Show *assessed*."""
        return cls(id=assessed.id, assessment=assessed.assessment)


class ReplayView(BaseModel):
    """An assessment as it was kept, and whether its features and its card give the same numbers now."""

    id: str
    same: bool
    kept: RiskAssessment
    again: RiskAssessment


class ExtractionView(BaseModel):
    """What a message announces; ``dropped`` are fields that the text does not bear out."""

    intent: Intent | None
    promised_on: date | None
    promised_minor: int | None
    dropped: tuple[str, ...]
    why: str | None
    prompt_id: str
    prompt_sha256: str
    attempts: tuple[AttemptRow, ...]

    @classmethod
    def of(cls, found: Extraction) -> Self:
        """Show *found*."""
        return cls.model_validate(found, from_attributes=True)


class ProposalView(BaseModel):
    """The budget proposed for a customer, and why."""

    customer_id: str
    decision: Decision
    why: Why
    limit: Amount
    worth: Amount
    unvalued: tuple[str, ...]

    @classmethod
    def of(cls, made: LimitProposal) -> Self:
        """Show *made*."""
        return cls(
            customer_id=made.customer_id,
            decision=made.decision,
            why=made.why,
            limit=Amount.of(made.limit_nanos),
            worth=Amount.of(made.worth_nanos),
            unvalued=made.unvalued,
        )


class ChangeView(BaseModel):
    """A budget before and after."""

    before: BudgetView | None
    after: BudgetView | None

    @classmethod
    def of(cls, change: Change) -> Self:
        """Show *change*."""
        before, after = change.before, change.after
        return cls(
            before=None if before is None else BudgetView.of(before),
            after=None if after is None else BudgetView.of(after),
        )


class PlanView(BaseModel):
    """A plan: nothing is changed until it is applied."""

    id: str
    proposals: list[ProposalView]
    changes: list[ChangeView]

    @classmethod
    def of(cls, plan: LimitPlan) -> Self:
        """Show *plan*."""
        return cls(
            id=plan.id,
            proposals=[ProposalView.of(made) for made in plan.proposals],
            changes=[ChangeView.of(change) for change in plan.changes],
        )


def _risk(request: Request) -> RiskAssessmentService:
    found: RiskAssessmentService = request.app.state.risk
    return found


Risk = Annotated[RiskAssessmentService, Depends(_risk)]
router = APIRouter(prefix="/risk")


@router.post("/assessments")
async def assess_histories(risk: Risk, body: HistoriesBody) -> list[AssessmentView]:
    """Assess customers and keep the results; twenty and more are a portfolio that estimates are drawn to."""
    found = await risk.assess(body.distinct(), as_of=body.as_of)
    return [AssessmentView.of(assessed) for assessed in found]


@router.get("/assessments")
async def list_assessments(
    risk: Risk,
    customer: Annotated[str | None, Query(max_length=255)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_HISTORIES)] = 100,
) -> list[AssessmentView]:
    """List the last assessment of the customers with the highest risks, or of one; the highest first."""
    return [AssessmentView.of(assessed) for assessed in (await risk.latest(customer))[:limit]]


@router.get("/assessments/{assessment_id}")
async def show_assessment(risk: Risk, assessment_id: str) -> AssessmentView:
    """Show one assessment with its reasons."""
    return AssessmentView.of(await risk.find(assessment_id))


@router.get("/assessments/{assessment_id}/replay")
async def replay_assessment(risk: Risk, assessment_id: str) -> ReplayView:
    """Compute an assessment again from its audit, and say whether every number is the same."""
    found = await risk.replay(assessment_id)
    return ReplayView(id=found.id, same=found.same, kept=found.kept, again=found.again)


@router.post("/assessments/{assessment_id}/narration")
async def narrate_assessment(risk: Risk, assessment_id: str, body: NamesBody) -> WordsRow:
    """Put an assessment into words; the score never changes."""
    return _shown(await risk.narrate(assessment_id), body)


@router.post("/assessments/{assessment_id}/strategy")
async def recommend_strategy(risk: Risk, assessment_id: str, body: StrategyBody) -> WordsRow:
    """Advise how to approach the customer, over the channels that are allowed."""
    worded = await risk.recommend_strategy(assessment_id, channels=body.channels)
    return _shown(worded, body)


@router.post("/messages")
async def read_message(risk: Risk, body: MessageBody) -> ExtractionView:
    """Read what a customer's message announces, checked by code; the text is not kept."""
    found = await risk.extract(
        body.text, written_on=body.written_on, currency=body.currency, customer_id=body.customer_id
    )
    return ExtractionView.of(found)


@router.post("/portfolio")
async def show_portfolio(body: HistoriesBody) -> list[Portfolio]:
    """Show receivables, aging, DSO, CEI and the amount at risk, by currency."""
    if body.as_of is None:
        raise CallInvalid("as_of: say as of which date, such as 2026-01-31")
    return list(measure_portfolio(body.distinct(), body.as_of))


@router.post("/limits")
async def plan_limits(risk: Risk, body: PlanBody) -> PlanView:
    """Plan customers' budgets from what contacting them is worth; no budget is changed."""
    wanted = None if body.customers is None else set(body.customers)
    known = [
        each.exposure
        for each in await risk.latest()
        if wanted is None or each.assessment.customer_id in wanted
    ]
    return PlanView.of(await risk.limits.plan(known))


@router.post("/limits/{plan_id}/apply")
async def apply_limits(risk: Risk, plan_id: str) -> Moved:
    """Put the budgets of a plan in force; a repeat changes nothing more."""
    return await risk.limits.apply(plan_id)


@router.post("/limits/{plan_id}/undo")
async def undo_limits(risk: Risk, plan_id: str) -> Moved:
    """Put back the budgets that a plan replaced; a repeat changes nothing more."""
    return await risk.limits.undo(plan_id)


def _shown(worded: Worded[A], names: NamesBody) -> WordsRow:
    answer: dict[str, Any] = worded.shown(placeholders(names.customer_name, names.company_name))
    return WordsRow.of(worded).model_copy(update={"answer": answer})
