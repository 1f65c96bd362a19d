"""A process that makes one call at the store and kills itself at a step of it. Run by the tests, never collected.

Arguments: database URL and step. Prints its owner id before it dies.
"""

import asyncio
import os
import runpy
import signal
import sys
from pathlib import Path

from solvent.domain.clock import SystemClock
from solvent.domain.ids import RandomIds
from solvent.storage.open import open_journal, open_store
from solvent.storage.sqlite.book import SqliteBook

Teller = runpy.run_path(str(Path(__file__).parents[1] / "teller.py"))["Teller"]
COST_NANOS = 300


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_in(transaction):
    """Have the process die with a transaction written in part and not committed."""
    flush = SqliteBook._flush

    def flush_and_die(book):
        loaded = transaction(book._pending)
        flush(book)
        if loaded:
            die()

    SqliteBook._flush = flush_and_die


async def call(url, step):
    clock = SystemClock()
    store, journal = await open_store(url, clock=clock), open_journal(url, clock, RandomIds())
    print(journal.owner, flush=True)
    ask = Teller(clock, owner=journal.owner).ask("call_1", 1000, customer="c1")
    entries = (Teller(clock).paid(ask, COST_NANOS),)

    def at(here):
        if here == step:
            die()

    at("before reserve")
    if step == "in reserve":
        die_in(lambda pending: bool(pending.opened))
    held = await store.reserve(ask)
    entries = (Teller(clock).paid(ask, COST_NANOS, admitted_us=held.admitted_us),)
    at("after reserve")
    journal.dispatched(ask.id)
    at("after dispatch")
    journal.settled(ask.id, entries)
    at("after reply")
    if step == "in settle":
        die_in(lambda pending: bool(pending.closed))
    await store.settle(ask.id, entries)
    at("after settle")
    journal.closed(ask.id)
    at("after close")


if __name__ == "__main__":
    asyncio.run(call(*sys.argv[1:]))
