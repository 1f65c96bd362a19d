"""The port of what is kept about payment risk: records that are appended, never changed.

An assessment, what a model said about it, a proposal of limits, its application and its undoing are records
of their own; a later one names the earlier by ``about``. So the audit is the data, and nothing has to be kept in
step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RiskKind(StrEnum):
    """What a record tells of."""

    CARD = "card"
    ASSESSMENT = "assessment"
    NARRATION = "narration"
    STRATEGY = "strategy"
    LIMITS = "limits"
    APPLIED = "applied"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class RiskRecord:
    """One record. ``document`` is JSON text whose shape the kind decides; it holds no name and no contact data.

    ``customer_id`` is None where it concerns several customers, ``about`` the id of the record it follows.
    """

    id: str
    kind: RiskKind
    customer_id: str | None
    about: str | None
    recorded_us: int
    document: str


class RiskStore(Protocol):
    """Records of payment risk, in the order they were appended."""

    async def append(self, records: Sequence[RiskRecord]) -> None:
        """Keep *records*, all of them or none: one atomic step, idempotent by id for ever.

        Raises:
            EntryMismatch: one came before with other content (``recorded_us`` is no part of it); none is kept.
            StorageUnavailable: nothing was changed.
        """
        ...

    async def find(self, record_id: str) -> RiskRecord | None:
        """Return the record with this id."""
        ...

    async def following(self, record_id: str) -> Sequence[RiskRecord]:
        """Return the records that are about this one, in the order they were appended."""
        ...

    async def latest(self, kind: RiskKind, *, customer_id: str | None = None) -> Sequence[RiskRecord]:
        """Return the last record of *kind* for each customer, by customer; or for one customer alone."""
        ...
