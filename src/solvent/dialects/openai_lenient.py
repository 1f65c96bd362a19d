"""Reading what a provider wrote without insisting: what is missing, or not as expected, is empty.

For what solvent only passes on or shows; what is charged for is read strictly (openai_usage).
"""

from typing import Any

from solvent.domain.call import Json


def object_of(document: Json, name: str) -> Json:
    """Return an object of a provider's document, empty where it is missing or something else."""
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def objects(value: Any) -> list[Json]:
    """Return the objects of a provider's list, none where it is missing or something else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text_of(document: Json, name: str) -> str:
    """Return a text of a provider's document, empty where it is missing or something else."""
    found = document.get(name)
    return found if isinstance(found, str) else ""


def whole_of(document: Json, name: str) -> int:
    """Return a whole number of a provider's document, zero where it is missing or something else."""
    found = document.get(name)
    return int(found) if isinstance(found, (int, float)) else 0
