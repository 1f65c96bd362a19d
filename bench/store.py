"""Reserve + settle on SQLite, 32 calls in flight over 8 budgets, beside a bare sketch of the same writes.

Run: ``python bench/store.py [calls]``. Prints figures of this machine and their ratio; asserts nothing.
Runs on the event loop that the gateway runs on.
The sketch is one thread that commits the same rows in batches of 32, with no rules, no tasks and no answers.
"""

import asyncio
import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import uvloop

from solvent.domain.budget import Budget
from solvent.domain.clock import US_PER_S, SystemClock
from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.ids import attempt_id
from solvent.domain.period import Period
from solvent.domain.reservation import Ask, Reservation
from solvent.domain.scope import Attribution
from solvent.domain.usage import NO_USAGE, Usage
from solvent.ports.storage import Store
from solvent.storage.open import open_store
from solvent.storage.sqlite.connection import prepare, writing
from solvent.storage.sqlite.rows import booked_row
from solvent.storage.sqlite.statements import ENTRIES

IN_FLIGHT = 32
BOUND_NANOS = 5_000_000
COST_NANOS = 1_000_000
WHO = Attribution("cust_1", "agent_1", "q4")
SCOPES = ("total", "customer:cust_1", "agent:agent_1", "campaign:q4")
BUDGETS = tuple(
    Budget(scope, period, 10**15) for scope in SCOPES for period in (Period.DAILY, Period.MONTHLY)
)


def ask_of(call_id: str, now_us: int) -> Ask:
    scopes = WHO.scopes("openai", "gpt-4o-mini")
    blank = Entry(
        id=attempt_id(call_id, 1),
        call_id=call_id,
        kind=EntryKind.ATTEMPT,
        corrects=None,
        scopes=scopes,
        attribution=WHO,
        admitted_us=now_us,
        booked_us=now_us,
        operation="generate",
        dialect="openai_chat",
        provider="openai",
        deployment="openai",
        model_asked="openai/gpt-4o-mini",
        model="gpt-4o-mini",
        usage=NO_USAGE,
        cost_nanos=0,
        bound_nanos=BOUND_NANOS,
        price_version="bench",
        certainty=Certainty.EXACT,
        outcome=Outcome.OK,
    )
    return Ask(call_id, scopes, BOUND_NANOS, now_us, now_us + 60_000_000, "bench", blank)


async def worker(store: Store, asks: Iterator[tuple[Ask, Entry]]) -> None:
    for ask, paid in asks:
        held = await store.reserve(ask)
        if not isinstance(held, Reservation):
            raise SystemExit(f"refused: {held}")
        await store.settle(ask.id, (paid,))


def paid_for(ask: Ask) -> Entry:
    return replace(ask.blank, cost_nanos=COST_NANOS, usage=Usage(input=900, output=120), latency_ms=400)


async def whole(path: Path, calls: int) -> tuple[float, float]:
    clock = SystemClock()
    store = await open_store(str(path), clock=clock)
    for budget in BUDGETS:
        await store.define(budget)
    asks = [ask_of(f"call_{number:026d}", clock.now_us()) for number in range(calls)]
    work = iter([(ask, paid_for(ask)) for ask in asks])
    gc.freeze()  # what the bench prepared is no garbage of the store's
    began_s, cpu_s = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker(store, work) for _ in range(IN_FLIGHT)))
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    if findings := await store.verify():
        raise SystemExit(f"the books do not balance: {findings}")
    await store.close()
    return calls / took_s, cpu_s / calls * US_PER_S


def sketch(path: Path, calls: int) -> tuple[float, float]:
    prepare(path)
    ids = count()
    entry = ask_of("call", 1).blank
    hold = (5, "{}", b"")
    with closing(writing(path)) as connection:
        connection.execute("CREATE TABLE holds (id TEXT PRIMARY KEY, bound INTEGER, blank TEXT, asked BLOB)")
        began_s, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(calls // IN_FLIGHT):
            numbers = [next(ids) for _ in range(IN_FLIGHT)]
            commit(connection, "INSERT INTO holds VALUES (?, ?, ?, ?)", [(str(n), *hold) for n in numbers])
            commit(
                connection, "UPDATE holds SET blank = NULL WHERE id = ?", [(str(n),) for n in numbers], entry
            )
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    return calls / took_s, cpu_s / calls * US_PER_S


def commit(
    connection: sqlite3.Connection, statement: str, rows: list[tuple[object, ...]], entry: Entry | None = None
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statement, rows)
    if entry is not None:
        booked = [booked_row(str(row[0]), replace(entry, id=str(row[0]))) for row in rows]
        connection.executemany(ENTRIES["append_entry"], booked)
    connection.execute("COMMIT")


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory() as directory:
        bare, bare_us = sketch(Path(directory) / "sketch.db", calls)
        real, real_us = uvloop.run(whole(Path(directory) / "solvent.db", calls))
    print(
        f"bare sketch      {bare:10,.0f} calls/s, {bare_us:5.0f} µs of processor each, batches of {IN_FLIGHT}"
    )
    print(
        f"reserve + settle {real:10,.0f} calls/s, {real_us:5.0f} µs of processor each, {IN_FLIGHT} in flight"
    )
    print(f"ratio            {real / bare:10.2f} over {len(BUDGETS)} budgets, one process, synchronous=FULL")


if __name__ == "__main__":
    main()
