"""The port to a model that words what code has computed: one question out, one text back, each paid for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. ``schema`` is the JSON schema of the answer, ``name`` what it is called.

    ``customer_id`` is who pays; it is never part of what is sent.
    """

    name: str
    instructions: str
    case: str
    schema: Mapping[str, Any]
    customer_id: str
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Told:
    """What came back, as it was written, and what it cost; ``whole`` says that it was not cut off."""

    text: str
    whole: bool
    call_id: str
    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_nanos: int


class Narrator(Protocol):
    """Asks a model. It trusts nothing of the answer; whoever asked checks it."""

    async def ask(self, question: Question) -> Told:
        """Return the answer to *question*: one call, paid from the customer's budget and booked once.

        Raises:
            SolventError: it was refused, could not be priced, or was not delivered; see the class.
        """
        ...
