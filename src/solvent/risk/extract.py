"""Reading what a customer wrote: an intent, a day and an amount, each checked against the text by code.

The text goes to a model in a call of its own and no further: neither scores nor narrations ever see it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

import orjson

from solvent.errors import CallInvalid
from solvent.ports.narrator import Narrator, Question, Told
from solvent.risk.asking import Answer, AnswerInvalid, Attempt, Prompt, ask, parsed, schema_of
from solvent.risk.currency import to_minor

PROMPT_ID = "extract-1"
MOST_CHARACTERS: Final = 8000
MOST_DAYS: Final = 366
"""A promise lies at most so many days after the message."""

Intent = Literal["will_pay", "has_paid", "asks_time", "disputes", "cannot_pay", "refuses", "other"]
_OUTPUT_TOKENS: Final = 200
_FIGURE: Final = re.compile(r"\d+(?:[.,' ]\d+)*")
_GROUPS: Final = re.compile(r"\d+|\d{1,3}(?:[.,' ]\d{3})+", re.ASCII)


class ReadOut(Answer):
    """What a model read in the text."""

    intent: Intent
    promised_on: str | None
    promised_amount: str | None


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a message announces, as far as code could check it; a person or a record confirms the rest.

    ``intent`` is None where no valid answer came, and ``why`` says it. ``dropped`` names fields of an otherwise
    valid answer that the text does not bear out.
    """

    intent: Intent | None
    promised_on: date | None
    promised_minor: int | None
    dropped: tuple[str, ...]
    why: str | None
    prompt_id: str
    prompt_sha256: str
    attempts: tuple[Attempt, ...]


async def extract(
    text: str, *, written_on: date, currency: str, customer_id: str, narrator: Narrator | None
) -> Extraction:
    """Return what *text* announces; each attempt is paid from the customer's budget.

    Raises:
        CallInvalid: the text is empty or longer than ``MOST_CHARACTERS``.
    """
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise CallInvalid(f"a message has 1 to {MOST_CHARACTERS} characters; got {len(text)}")
    prompt = Prompt.of(PROMPT_ID)
    case = {"written_on": written_on.isoformat(), "text": text.encode("utf-8", "replace").decode()}
    question = Question(
        name=ReadOut.__name__,
        instructions=prompt.text,
        case=orjson.dumps(case).decode(),
        schema=schema_of(ReadOut),
        customer_id=customer_id,
        output_tokens=_OUTPUT_TOKENS,
    )
    asked = await ask(narrator, question, _read)
    promised_on = promised_minor = None
    dropped: list[str] = []
    answer = asked.answer
    if answer is not None and answer.promised_on is not None:
        promised_on = _day(answer.promised_on, written_on)
        dropped += ["promised_on"] if promised_on is None else []
    if answer is not None and answer.promised_amount is not None:
        promised_minor = _amount(answer.promised_amount, text, currency)
        dropped += ["promised_amount"] if promised_minor is None else []
    return Extraction(
        intent=None if answer is None else answer.intent,
        promised_on=promised_on,
        promised_minor=promised_minor,
        dropped=tuple(dropped),
        why=asked.why,
        prompt_id=prompt.id,
        prompt_sha256=prompt.sha256,
        attempts=asked.attempts,
    )


def _read(told: Told) -> ReadOut:
    answer = parsed(ReadOut, told)
    if answer.promised_on is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", answer.promised_on, re.ASCII):
        raise AnswerInvalid(("promised_on: write YYYY-MM-DD or null",))
    return answer


def _day(text: str, written_on: date) -> date | None:
    """Return the day, if there is one of this date and it lies in the time after the message."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if timedelta(0) <= day - written_on <= timedelta(days=MOST_DAYS) else None


def _amount(told: str, text: str, currency: str) -> int | None:
    """Return the amount, if its very digits stand in *text* as one figure and it is one of *currency*."""
    figures = _FIGURE.findall(unicodedata.normalize("NFKC", text))
    found = _FIGURE.search(unicodedata.normalize("NFKC", told))
    if found is None or found[0] not in figures:
        return None
    try:
        minor = to_minor(Decimal(_plain(found[0])), currency)
    except (InvalidOperation, ValueError):
        return None
    return minor if minor > 0 else None


def _plain(figure: str) -> str:
    """Return *figure* with a point as its decimal mark: the last mark, where one or two digits follow it.

    Raises:
        ValueError: other marks do not part groups of thousands.
    """
    whole, mark, rest = figure.rpartition(max(".,' ", key=figure.rfind))
    decimals = rest if mark in {".", ","} and len(rest) <= 2 else ""  # noqa: PLR2004 - a group has three digits
    groups = whole if decimals else figure
    if not _GROUPS.fullmatch(groups):
        raise ValueError(figure)
    return f"{re.sub(r'[^0-9]', '', groups)}.{decimals or 0}"
