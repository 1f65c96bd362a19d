"""What is kept of a result: enough to repeat it, and to show who said what at which price."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Self

from solvent.risk.assess import Levels, Reason, RiskAssessment
from solvent.risk.case import A, Case, CaseReason, Source, Worded
from solvent.risk.limits import Exposure
from solvent.risk.records import Channel, Record

_DECIMALS = 3


class AssessmentRow(Record):
    """An assessment, the levels it was told in, and what limits need; its card is a record of its own."""

    assessment: RiskAssessment
    levels: tuple[float, float, float]
    open_minor: tuple[tuple[str, int], ...]
    answer_probability: float

    @classmethod
    def of(cls, assessment: RiskAssessment, levels: Levels, exposed: Exposure) -> Self:
        """Return the row of *assessment*."""
        return cls(
            assessment=assessment,
            levels=(levels.medium, levels.high, levels.critical),
            open_minor=exposed.open_minor,
            answer_probability=exposed.answer_probability,
        )

    def exposure(self) -> Exposure:
        """Return what limits need of it."""
        found = self.assessment
        return Exposure(found.customer_id, self.open_minor, found.late.value, self.answer_probability)


class AttemptRow(Record):
    """One paid try at words."""

    call_id: str | None
    provider: str | None
    model: str | None
    input_tokens: int
    output_tokens: int
    cost_nanos: int
    problems: tuple[str, ...]
    error: str | None


class WordsRow(Record):
    """Words about an assessment: the prompt, every attempt, and the final text with its placeholders."""

    source: Source
    why: str | None
    prompt_id: str
    prompt_sha256: str
    attempts: tuple[AttemptRow, ...]
    answer: dict[str, Any]

    @classmethod
    def of(cls, worded: Worded[A]) -> Self:
        """Return the row of *worded*."""
        return cls(
            source=worded.source,
            why=worded.why,
            prompt_id=worded.prompt_id,
            prompt_sha256=worded.prompt_sha256,
            attempts=tuple(AttemptRow(**asdict(attempt)) for attempt in worded.attempts),
            answer=worded.answer.model_dump(mode="json"),
        )


def case_of(assessment: RiskAssessment, channels: tuple[Channel, ...], *, legal_threats: bool) -> Case:
    """Return what a model is told of *assessment*: figures rounded as people read them, reasons in our words."""
    figures = assessment.features.model_dump(exclude={"as_of"})
    return Case(
        as_of=assessment.as_of.isoformat(),
        score=assessment.score,
        level=assessment.level,
        features=_rounded(figures),
        reasons=tuple(
            CaseReason(reason.code, reason_sentence(reason), _rounded(reason.numbers))
            for reason in assessment.reasons
        ),
        channels=channels,
        legal_threats_allowed=legal_threats,
    )


def reason_sentence(reason: Reason) -> str:
    """Return *reason* as a sentence with its figures."""
    told = [f"{name.replace('_', ' ')} {value}" for name, value in _rounded(reason.numbers).items()]
    figures = f" ({', '.join(told)})" if told else ""
    words = reason.words[:1].upper() + reason.words[1:]
    return f"{words}{figures}: this {reason.effect} the risk."


def _rounded(figures: Mapping[str, float | int | None]) -> dict[str, float | int | None]:
    return {
        name: round(value, _DECIMALS) if isinstance(value, float) else value
        for name, value in figures.items()
    }
