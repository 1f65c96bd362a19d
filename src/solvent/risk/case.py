"""The case: all that a model is told of an assessment; no name, no id, no contact data, no customer's words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Literal, TypeVar

import orjson

from solvent.ports.narrator import Question
from solvent.risk.asking import OUTPUT_TOKENS, Answer, AnswerInvalid, Asked, Attempt, Prompt, schema_of
from solvent.risk.records import Channel
from solvent.risk.wording import PLACEHOLDERS, Vocabulary, named, problems, vocabulary

A = TypeVar("A", bound=Answer)
Source = Literal["model", "template"]


@dataclass(frozen=True, slots=True)
class CaseReason:
    """A reason by its stable code, in words of our own, with its figures."""

    code: str
    says: str
    figures: Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Case:
    """A finished assessment, as far as it may be worded; ``as_of`` is an ISO date."""

    as_of: str
    score: int | None
    level: str
    features: Mapping[str, float | int | None]
    reasons: tuple[CaseReason, ...]
    channels: tuple[Channel, ...]
    legal_threats_allowed: bool

    def document(self) -> dict[str, Any]:
        """Return the JSON document that is sent."""
        return {
            "as_of": self.as_of,
            "score": self.score,
            "level": self.level,
            "features": dict(self.features),
            "reasons": [asdict(reason) for reason in self.reasons],
            "channels": list(self.channels),
            "legal_threats_allowed": self.legal_threats_allowed,
        }

    def vocabulary(self) -> Vocabulary:
        """Return what may be said about it; the score may be told in percent too, since it is one."""
        told = {
            "score": self.score,
            "share": None if self.score is None else self.score / 100,
            "features": self.features,
            "reasons": [asdict(reason) for reason in self.reasons],
            "scale": 100,
        }
        return vocabulary(told, literals=(self.as_of,), threats=self.legal_threats_allowed)

    def question(self, prompt: Prompt, form: type[Answer], customer_id: str) -> Question:
        """Return the question that *prompt* asks about it."""
        return Question(
            name=form.__name__,
            instructions=prompt.text,
            case=orjson.dumps(self.document()).decode(),
            schema=schema_of(form),
            customer_id=customer_id,
            output_tokens=OUTPUT_TOKENS,
        )


@dataclass(frozen=True, slots=True)
class Worded(Generic[A]):
    """Words for a case, names still placeholders: a model's if they were valid, else a template's and ``why``."""

    answer: A
    source: Source
    why: str | None
    prompt_id: str
    prompt_sha256: str
    attempts: tuple[Attempt, ...]

    @classmethod
    def of(cls, asked: Asked[A], prompt: Prompt, spare: A) -> "Worded[A]":
        """Return the answer that was *asked* for, or *spare*."""
        source: Source = "template" if asked.answer is None else "model"
        return cls(asked.answer or spare, source, asked.why, prompt.id, prompt.sha256, asked.attempts)

    def shown(self, names: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer as JSON with *names* (by placeholder) put in."""
        document: dict[str, Any] = _renamed(self.answer.model_dump(mode="json"), names)
        return document


def placeholders(customer_name: str | None, company_name: str | None) -> dict[str, str]:
    """Return the names by the placeholders that stand for them."""
    pairs = zip(PLACEHOLDERS, (customer_name, company_name), strict=True)
    return {placeholder: name for placeholder, name in pairs if name}


def check_texts(texts: Sequence[tuple[str, str]], allowed: Vocabulary) -> None:
    """Check (where, text) pairs.

    Raises:
        AnswerInvalid: one may not be shown.
    """
    found = [f"{where}: {problem}" for where, text in texts for problem in problems(text, allowed)]
    if found:
        raise AnswerInvalid(tuple(dict.fromkeys(found)))


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _renamed(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_renamed(value, names) for value in node]
    return named(node, names) if isinstance(node, str) else node
