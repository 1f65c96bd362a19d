"""Records of payment risk in the file: written with the writer's transactions, read beside them."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from solvent.errors import EntryMismatch
from solvent.ports.risk import RiskKind, RiskRecord
from solvent.storage.sqlite.reader import Reader
from solvent.storage.sqlite.statements import RISK
from solvent.storage.sqlite.writer import Writer

_PATIENCE_S: Final = 5.0


class SqliteRisk:
    """See ``RiskStore``. Shares the writer and the reader of the store."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def append(self, records: Sequence[RiskRecord]) -> None:
        """See ``RiskStore.append``."""
        await self._writer.run(lambda book: _append(book.connection, records), patience_s=_PATIENCE_S)

    async def find(self, record_id: str) -> RiskRecord | None:
        """See ``RiskStore.find``."""
        return await self._reader.run(lambda connection: _find(connection, record_id))

    async def following(self, record_id: str) -> Sequence[RiskRecord]:
        """See ``RiskStore.following``."""
        return await self._reader.run(
            lambda connection: _read(connection, "following_records", {"id": record_id})
        )

    async def latest(self, kind: RiskKind, *, customer_id: str | None = None) -> Sequence[RiskRecord]:
        """See ``RiskStore.latest``."""
        name = "latest_records" if customer_id is None else "latest_record_of_one"
        keys = (
            {"kind": kind.value} if customer_id is None else {"kind": kind.value, "customer_id": customer_id}
        )
        return await self._reader.run(lambda connection: _read(connection, name, keys))


def _append(connection: sqlite3.Connection, records: Sequence[RiskRecord]) -> None:
    """Check all of *records* before the first is written, since a refused verb must not have changed anything."""
    new: dict[str, RiskRecord] = {}
    for record in records:
        kept = new.get(record.id) or _find(connection, record.id)
        if kept is None:
            new[record.id] = record
        elif replace(kept, recorded_us=record.recorded_us) != record:
            raise EntryMismatch(
                f"{record.id} is kept with other content; nothing was changed, give a new record a new id"
            )
    connection.executemany(RISK["append_record"], map(_row, new.values()))


def _find(connection: sqlite3.Connection, record_id: str) -> RiskRecord | None:
    found = _read(connection, "find_record", {"id": record_id})
    return found[0] if found else None


def _read(connection: sqlite3.Connection, name: str, keys: dict[str, str]) -> list[RiskRecord]:
    return [_record(row) for row in connection.execute(RISK[name], keys)]


def _row(record: RiskRecord) -> tuple[Any, ...]:
    return (
        *(record.id, record.kind.value, record.customer_id),
        *(record.about, record.recorded_us, record.document),
    )


def _record(row: Sequence[Any]) -> RiskRecord:
    record_id, kind, customer_id, about, recorded_us, document = row
    return RiskRecord(record_id, RiskKind(kind), customer_id, about, recorded_us, document)
