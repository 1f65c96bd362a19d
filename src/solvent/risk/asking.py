"""Asking a model for words: a versioned prompt, at most one repeat, and a record of every attempt.

Whoever asks brings the function that reads an answer, and what to say where no valid one comes.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from solvent.errors import SolventError
from solvent.ports.narrator import Narrator, Question, Told

T = TypeVar("T")
A = TypeVar("A", bound="Answer")

MOST_ATTEMPTS: Final = 2
OUTPUT_TOKENS: Final = 900
_MOST_CHARACTERS: Final = 20_000
_MOST_TOLD: Final = 12
_LENGTHS: Final = ("minLength", "maxLength", "minItems", "maxItems")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file: its name is its version, its hash proves what was sent."""

    id: str
    sha256: str
    text: str

    @classmethod
    def of(cls, prompt_id: str) -> "Prompt":
        """Return the prompt ``prompts/<prompt_id>.md``."""
        data = files(__package__).joinpath("prompts", f"{prompt_id}.md").read_bytes()
        return cls(prompt_id, hashlib.sha256(data).hexdigest(), data.decode())


class Answer(BaseModel):
    """The form of every answer: nothing unknown is let in, nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AnswerInvalid(Exception):
    """An answer that may not be used; *problems* say why in words of our own."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Attempt:
    """One paid try. Where it failed before an answer, ``error`` is the code and the ledger knows what it cost."""

    call_id: str | None = None
    provider: str | None = None
    model: str | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nanos: int = 0
    problems: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Asked(Generic[T]):
    """The answer, or None and ``why``; and every attempt."""

    answer: T | None
    why: str | None
    attempts: tuple[Attempt, ...]


async def ask(narrator: Narrator | None, question: Question, read: Callable[[Told], T]) -> Asked[T]:
    """Return the first valid answer to *question*, asking at most twice; never raises for what a model does.

    An error (no budget, no provider, a refusal) ends it at once: asking again would not help, or spend more.
    """
    if narrator is None:
        return Asked(None, "no_model", ())
    attempts: list[Attempt] = []
    while len(attempts) < MOST_ATTEMPTS:
        try:
            told = await narrator.ask(question)
        except SolventError as error:
            return Asked(None, error.code, (*attempts, Attempt(error=error.code)))
        try:
            answer = read(told)
        except AnswerInvalid as error:
            attempts.append(_attempt(told, error.problems))
            question = _again(question, error.problems)
        else:
            return Asked(answer, None, (*attempts, _attempt(told, ())))
    return Asked(None, "answer_invalid", tuple(attempts))


def parsed(form: type[A], told: Told) -> A:
    """Return *told* as an instance of *form*.

    Raises:
        AnswerInvalid: it is not one, was cut off, or is far too long.
    """
    if not told.whole:
        raise AnswerInvalid(("the answer was cut off; be shorter",))
    if len(told.text) > _MOST_CHARACTERS:
        raise AnswerInvalid(("the answer is too long",))
    try:
        return form.model_validate_json(told.text)
    except ValidationError as error:
        issues = error.errors(include_input=False, include_url=False, include_context=False)
        known = form.model_fields
        raise AnswerInvalid(
            tuple(
                f"{issue['loc'][0] if issue['loc'] and issue['loc'][0] in known else 'answer'}: {issue['type']}"
                for issue in issues[:_MOST_TOLD]
            )
        ) from None


def schema_of(form: type[Answer]) -> Mapping[str, Any]:
    """Return the JSON schema of *form* without lengths, which the strict modes of providers do not know."""
    schema: Mapping[str, Any] = _without_lengths(form.model_json_schema())
    return schema


def _without_lengths(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_lengths(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_lengths(value) for key, value in node.items() if key not in _LENGTHS}
    return node


def _attempt(told: Told, problems: tuple[str, ...]) -> Attempt:
    return Attempt(
        call_id=told.call_id,
        provider=told.provider,
        model=told.model,
        input_tokens=told.input_tokens,
        output_tokens=told.output_tokens,
        cost_nanos=told.cost_nanos,
        problems=problems,
    )


def _again(question: Question, problems: tuple[str, ...]) -> Question:
    listed = "\n".join(f"- {problem}" for problem in problems[:_MOST_TOLD])
    return replace(
        question,
        instructions=f"{question.instructions}\n\nAn earlier answer could not be used:\n{listed}\n",
    )
