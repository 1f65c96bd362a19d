"""What cannot be translated is refused by name, never dropped in silence: the words of that refusal.

Hints, which cannot change an answer, may be left out; each dialect lists its own, and so does the reference.
"""

from collections.abc import Collection, Mapping
from typing import Any

from solvent.dialects.canonical import Blob, Part
from solvent.dialects.reading import Field
from solvent.domain.call import Dialect
from solvent.errors import CallInvalid, SolventError, UsageContradictory


def untranslatable(found: Field) -> SolventError:
    """Return the error for a caller's field that only its own dialect can say."""
    return found.invalid(
        "cannot be translated for this model's provider; leave it out, "
        "or name a model whose provider speaks the format that you send"
    )


def unsaid(what: str, dialect: Dialect) -> CallInvalid:
    """Return the error for something of a prompt that the provider's *dialect* has no form for."""
    return CallInvalid(
        f"{what} cannot be said in {dialect}, the format of this model's provider; "
        "leave it out, or name a model whose provider speaks the format that you send"
    )


def unshowable(what: str, dialect: Dialect) -> UsageContradictory:
    """Return the error for something of a reply that the caller's *dialect* has no form for."""
    return UsageContradictory(
        f"the provider answered with {what}, which {dialect} has no form for; "
        "call it in the format of its own provider to receive it"
    )


def only(
    found: Field,
    known: Collection[str],
    hints: Collection[str] = (),
    defaults: Mapping[str, Collection[Any]] | None = None,
) -> None:
    """Refuse a member of *found* that is neither *known* nor a hint, nor set to a value that changes nothing.

    Raises:
        CallInvalid: naming the first such member.
    """
    harmless = defaults or {}
    for name, value in found.object().items():
        if value is None or name in known or name in hints or value in harmless.get(name, ()):
            continue
        raise untranslatable(found.need(name))


def part_name(part: Part) -> str:
    """Name a part of a prompt for a refusal, by its kind and never by its content."""
    if isinstance(part, Blob):
        return f"{part.kind} of type {part.media_type or 'unknown'} by {'data' if part.data else 'address'}"
    return type(part).__name__
