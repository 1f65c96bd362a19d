"""Records of payment risk in memory."""

from collections.abc import Sequence
from dataclasses import replace

from solvent.errors import EntryMismatch
from solvent.ports.risk import RiskKind, RiskRecord


class MemoryRisk:
    """See ``RiskStore``."""

    def __init__(self) -> None:
        self._kept: dict[str, RiskRecord] = {}

    async def append(self, records: Sequence[RiskRecord]) -> None:
        """See ``RiskStore.append``."""
        wanted = dict(self._kept)
        for record in records:
            kept = wanted.setdefault(record.id, record)
            if replace(kept, recorded_us=record.recorded_us) != record:
                raise EntryMismatch(
                    f"{record.id} is kept with other content; nothing was changed, give a new record a new id"
                )
        self._kept = wanted

    async def find(self, record_id: str) -> RiskRecord | None:
        """See ``RiskStore.find``."""
        return self._kept.get(record_id)

    async def following(self, record_id: str) -> Sequence[RiskRecord]:
        """See ``RiskStore.following``."""
        return [record for record in self._kept.values() if record.about == record_id]

    async def latest(self, kind: RiskKind, *, customer_id: str | None = None) -> Sequence[RiskRecord]:
        """See ``RiskStore.latest``."""
        last = {
            record.customer_id: record
            for record in self._kept.values()
            if record.kind is kind
            and record.customer_id is not None
            and customer_id in (None, record.customer_id)
        }
        return [last[name] for name in sorted(last)]
