"""What a model's words may contain: numbers that were sent, no contact data, no threats, plain sentences.

Knows nothing of scores. Problems are told in words of our own, so that asking again repeats no word of an answer.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final

PLACEHOLDERS: Final = ("{customer}", "{company}")
"""Stand for names, which are never sent; they are put in after the answer was checked."""

_NUMBER: Final = re.compile(
    r"(?P<figure>(?:\d{1,3}(?:[,']\d{3})+(?!\d)|\d+)(?:\.\d+)?)(?P<percent>\s*(?:%|percent\b|per cent\b))?",
    re.IGNORECASE,
)
_UNITS: Final = (
    *("zero", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES: Final[Mapping[str, Decimal]] = (
    dict(zip(_UNITS, map(Decimal, (0, *range(2, 20))), strict=True))
    | dict(zip(_TENS, map(Decimal, range(20, 100, 10)), strict=True))
    | {"hundred": Decimal(100), "thousand": Decimal(1000), "million": Decimal(10**6), "dozen": Decimal(12)}
    | {"half": Decimal("0.5")}
)
"""Numbers that are spelt out; *one* is missing, since it is rarely meant as a number."""

_SPELT: Final = re.compile(rf"\b({'|'.join(_VALUES)})\b", re.IGNORECASE)
_CONTACT: Final = re.compile(r"\S@\S|https?:|www\.|\+\d{2}|(?:\d[ ()./-]*){7,}", re.IGNORECASE)
_THREAT: Final = re.compile(
    r"\b(?:law ?suits?|su(?:e|es|ed|ing)|courts?|legal (?:action|steps|proceedings|consequences)|lawyers?"
    r"|attorneys?|litigat\w*|prosecut\w*|criminal\w*|police|bailiffs?|seiz\w+|garnish\w*|repossess\w*"
    r"|(?:collection|debt) (?:agenc\w+|collectors?)|credit (?:bureaus?|agenc\w+|score)|blacklist\w*|insolvency"
    r"|threat\w*|or else|final warning|terminat\w+|consequences)\b",
    re.IGNORECASE,
)
_MARKUP: Final = re.compile(r"[<>`|\\]|\]\(")
_HIDDEN: Final = frozenset(("Cc", "Cf", "Co", "Cs", "Cn"))
_BRACED: Final = re.compile(r"\{[^}]*\}?|\}")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What may be said: *plain* numbers, those in *percent*, *literals* such as dates, and threats or not."""

    plain: frozenset[Decimal]
    percent: frozenset[Decimal]
    literals: tuple[str, ...]
    threats: bool


def vocabulary(sent: Mapping[str, Any], *, literals: Sequence[str] = (), threats: bool) -> Vocabulary:
    """Return the vocabulary of a case: every number that occurs in *sent*, in the ways that it may be rounded.

    A float from 0 to 1 may be told as a share or in percent; numbers inside texts as they stand there.
    """
    plain: set[Decimal] = set()
    percent: set[Decimal] = set()
    for value in _leaves(sent):
        if isinstance(value, str):
            for figure, is_percent in figures(value):
                (percent if is_percent else plain).add(figure)
        else:
            exact = abs(Decimal(str(value)))
            plain |= set(_rounded(exact))
            if isinstance(value, float) and exact <= 1:
                percent |= set(_rounded(exact * 100, whole=True))
    return Vocabulary(frozenset(plain), frozenset(percent), tuple(literals), threats)


def _leaves(node: Any) -> Iterator[str | int | float]:
    if isinstance(node, Mapping):
        for value in node.values():
            yield from _leaves(value)
    elif isinstance(node, str):
        yield node
    elif isinstance(node, Sequence):
        for value in node:
            yield from _leaves(value)
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield node


def _rounded(exact: Decimal, *, whole: bool = False) -> Iterator[Decimal]:
    """Yield *exact* and what it may be rounded to; to whole numbers only where that says nearly the same."""
    yield exact
    steps = ["0.01", "0.1", *(["1"] if whole or exact >= 10 else [])]  # noqa: PLR2004 - two digits stay
    for step in steps:
        for rounding in (ROUND_HALF_EVEN, ROUND_HALF_UP):
            yield exact.quantize(Decimal(step), rounding)


def figures(text: str) -> Iterator[tuple[Decimal, bool]]:
    """Yield each number in *text*, in digits of any script or spelt out, and whether it is in percent."""
    for found in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        yield Decimal(re.sub("[,']", "", found["figure"])), found["percent"] is not None
    for found in _SPELT.finditer(text):
        yield _VALUES[found[1].lower()], False


def problems(text: str, allowed: Vocabulary) -> tuple[str, ...]:
    """Return why *text* may not be shown; empty when it may."""
    plain = unicodedata.normalize("NFKC", text)
    for literal in (*allowed.literals, *PLACEHOLDERS):
        plain = plain.replace(literal, " ")
    return tuple(_problems(plain, allowed))


def _problems(text: str, allowed: Vocabulary) -> Iterator[str]:
    if not text.strip(" ."):
        yield "it says nothing"
    if any(unicodedata.category(character) in _HIDDEN for character in text):
        yield "it holds hidden characters"
    if _MARKUP.search(text):
        yield "it holds markup; write plain sentences"
    if _BRACED.search(text):
        yield f"it holds a placeholder other than {' and '.join(PLACEHOLDERS)}"
    if _CONTACT.search(text):
        yield "it holds what looks like contact data; none was given"
    if not allowed.threats and _THREAT.search(text):
        yield "it threatens; that is not allowed here"
    for figure, is_percent in figures(text):
        if figure not in (allowed.percent if is_percent else allowed.plain):
            yield f"the number {figure}{' %' if is_percent else ''} does not occur in the case"


def named(text: str, names: Mapping[str, str]) -> str:
    """Return *text* with *names* (by placeholder) put in; a name that looks like a placeholder stays as it is."""
    pattern = "|".join(map(re.escape, PLACEHOLDERS))
    spare = {"{customer}": "the customer", "{company}": "the company"}
    return re.sub(pattern, lambda found: names.get(found[0]) or spare[found[0]], text)
