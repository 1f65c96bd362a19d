"""kill -9 at every step of a call at the store; then a successor reads the journal and the books must balance."""

import asyncio
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from solvent.domain.budget import Account, Balance, Budget
from solvent.domain.clock import US_PER_S, SystemClock
from solvent.domain.entry import Certainty
from solvent.domain.ids import RandomIds
from solvent.domain.period import Period
from solvent.errors import StorageUnavailable
from solvent.ledger.recover import Recovered, recover, sweep
from solvent.ports.storage import Filter
from solvent.storage.open import open_journal, open_store
from solvent.testing import ManualClock

CHILD = Path(__file__).with_name("dying_store.py")
TOTAL = Account("total", Period.LIFETIME, "UTC", 0)
BOUND, COST = 1000, 300
NOTHING = Recovered(journals=1)
RELEASED = Recovered(journals=1, released=1)
PRESUMED = Recovered(journals=1, presumed=1)
SETTLED = Recovered(journals=1, settled=1)
STEPS = [
    ("before reserve", NOTHING, 0),
    ("in reserve", NOTHING, 0),
    ("after reserve", RELEASED, 0),
    ("after dispatch", PRESUMED, BOUND),
    ("after reply", SETTLED, COST),
    ("in settle", SETTLED, COST),
    ("after settle", SETTLED, COST),
    ("after close", NOTHING, COST),
]


class Successor:
    """A process that opens the books after another has died."""

    def __init__(self, url, store, journal):
        self.url, self.store, self.journal = url, store, journal

    async def spent(self):
        (balance,) = await self.store.balances([TOTAL])
        return balance

    async def entries(self):
        return [entry async for page in self.store.entries(Filter()) for entry in page]


@pytest.fixture
async def successor(tmp_path):
    url, clock = f"sqlite:///{tmp_path / 'solvent.db'}", SystemClock()
    store = await open_store(url, clock=clock)
    await store.define(Budget("total", Period.LIFETIME, 10_000))
    journal = open_journal(url, clock, RandomIds())
    yield Successor(url, store, journal)
    assert not await store.verify()
    journal.close()
    await store.close()


async def killed_at(url, step):
    """Run a process that dies at *step*, and return the id of its journal."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(CHILD), url, step), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    assert child.returncode == -signal.SIGKILL
    return out.decode().strip()


@pytest.mark.parametrize(("step", "recovered", "charged"), STEPS, ids=[step for step, _, _ in STEPS])
async def test_a_process_killed_at_any_step_is_recovered_from_its_journal(
    successor, step, recovered, charged
):
    await killed_at(successor.url, step)
    assert not await successor.store.verify()
    assert await recover(successor.store, successor.journal) == recovered
    assert await successor.spent() == Balance(charged, 0)
    assert sum(entry.cost_nanos for entry in await successor.entries()) == charged
    assert len(await successor.entries()) == (1 if charged else 0)
    assert await recover(successor.store, successor.journal) == Recovered()
    assert await successor.spent() == Balance(charged, 0)


@pytest.mark.parametrize(("step", "charged"), [(step, charged) for step, _, charged in STEPS])
async def test_a_lost_journal_charges_at_least_what_was_spent(successor, step, charged, tmp_path):
    owner = await killed_at(successor.url, step)
    (tmp_path / "solvent.db.journals" / f"{owner}.journal").unlink()
    assert await recover(successor.store, successor.journal) == Recovered()
    for hold in await successor.store.holds():
        assert hold.reservation.owner == owner
    later = ManualClock(SystemClock().now_us() + 3600 * US_PER_S)
    await sweep(successor.store, later)
    balance = await successor.spent()
    assert balance.held_nanos == 0
    assert balance.spent_nanos >= charged


@pytest.mark.parametrize("step", ["after reserve", "after dispatch"])
async def test_expiry_gives_nothing_back(successor, step):
    await killed_at(successor.url, step)
    later = ManualClock(SystemClock().now_us() + 3600 * US_PER_S)
    before = await successor.spent()
    assert await sweep(successor.store, later) == Recovered(presumed=1)
    after = await successor.spent()
    assert after == Balance(before.spent_nanos + before.held_nanos, 0)
    assert await sweep(successor.store, later) == Recovered()
    (line,) = await successor.entries()
    assert (line.certainty, line.cost_nanos) == (Certainty.PRESUMED, BOUND)


async def test_a_sweep_leaves_alone_what_has_not_expired(successor):
    await killed_at(successor.url, "after dispatch")
    assert await sweep(successor.store, SystemClock()) == Recovered()
    assert await successor.spent() == Balance(0, BOUND)


async def test_a_journal_read_after_the_sweep_corrects_what_was_presumed(successor):
    await killed_at(successor.url, "after reply")
    later = ManualClock(SystemClock().now_us() + 3600 * US_PER_S)
    await sweep(successor.store, later)
    assert await successor.spent() == Balance(BOUND, 0)
    assert await recover(successor.store, successor.journal) == SETTLED
    assert await successor.spent() == Balance(COST, 0)
    presumed, *corrections = await successor.entries()
    assert {line.corrects for line in corrections} == {presumed.id}


async def test_a_journal_from_before_the_last_boot_proves_nothing_unsent(successor, tmp_path):
    owner = await killed_at(successor.url, "after reserve")
    path = tmp_path / "solvent.db.journals" / f"{owner}.journal"
    assert path.exists()
    successor.journal._boot = "another-boot"
    assert await recover(successor.store, successor.journal) == PRESUMED
    assert await successor.spent() == Balance(BOUND, 0)


async def test_recovery_that_fails_in_the_middle_is_finished_by_the_next(successor):
    await killed_at(successor.url, "after dispatch")
    failing = open_journal(successor.url, SystemClock(), RandomIds())
    closed = await open_store(successor.url, clock=SystemClock())
    await closed.close()
    with pytest.raises(StorageUnavailable):
        await recover(closed, failing)
    failing.close()
    assert await recover(successor.store, successor.journal) == PRESUMED


async def test_many_dead_processes_are_recovered_once_by_many_successors(successor):
    await asyncio.gather(*(killed_at(successor.url, "before reserve") for _ in range(2)))
    await killed_at(successor.url, "after dispatch")
    journals = [open_journal(successor.url, SystemClock(), RandomIds()) for _ in range(4)]
    found = await asyncio.gather(*(recover(successor.store, journal) for journal in journals))
    assert sum(found, Recovered()) == Recovered(journals=3, presumed=1)
    for journal in journals:
        journal.close()


async def test_a_living_process_keeps_its_holds_and_its_journal(successor, teller_of):
    teller = teller_of(SystemClock(), owner=successor.journal.owner)
    await successor.store.reserve(teller.ask("call_mine"))
    other = open_journal(successor.url, SystemClock(), RandomIds())
    assert await recover(successor.store, other) == Recovered()
    assert await successor.spent() == Balance(0, BOUND)
    other.close()


async def test_testimony_that_the_books_contradict_is_counted_and_changes_nothing(successor, teller_of):
    dead = open_journal(successor.url, SystemClock(), RandomIds())
    teller = teller_of(SystemClock(), owner=dead.owner)
    ask = teller.ask("call_1")
    held = await successor.store.reserve(ask)
    dead.settled("call_1", (teller.paid(ask, 5, admitted_us=held.admitted_us),))
    dead.settled("call_unheard_of", ())
    await successor.store.release("call_1")
    dead.close()
    assert await recover(successor.store, successor.journal) == Recovered(journals=1, contradicted=2)
    assert await successor.spent() == Balance(0, 0)


async def test_a_blank_that_was_booked_by_another_call_stops_no_sweep(successor, teller_of):
    teller = teller_of(ManualClock())
    thief, late = teller.ask("call_thief"), teller.ask("call_late")
    stolen, last = teller.ask("call_stolen"), teller.ask("call_zlast")
    for ask in (thief, late, stolen, last):
        await successor.store.reserve(ask)
    await successor.store.settle("call_thief", (replace(teller.paid(thief, 5), id=stolen.blank.id),))
    assert await sweep(successor.store, SystemClock()) == Recovered(presumed=2, contradicted=1)
    assert await successor.spent() == Balance(2 * BOUND + 5, BOUND)


async def test_a_file_copied_in_the_middle_of_writing_opens_and_balances(successor, teller_of, tmp_path):
    teller, copies = teller_of(SystemClock()), tmp_path / "copies"
    copies.mkdir()

    async def spend(number):
        ask = teller.ask(f"call_{number}", 10)
        held = await successor.store.reserve(ask)
        await successor.store.settle(ask.id, (teller.paid(ask, 3, admitted_us=held.admitted_us),))

    work = asyncio.gather(*(spend(number) for number in range(400)))
    for number in range(5):
        await asyncio.sleep(0)
        await asyncio.to_thread(copy, tmp_path, copies / f"{number}.db")
    await work
    for path in sorted(copies.glob("*.db")):
        copied = await open_store(str(path), clock=SystemClock())
        assert not await copied.verify()
        (balance,) = await copied.balances([TOTAL])
        assert balance.spent_nanos == 3 * await copied.count(Filter())
        await copied.close()


def copy(directory, target):
    """Copy the database first and its log after it, as a backup that knows of both would."""
    shutil.copy(directory / "solvent.db", target)
    shutil.copy(directory / "solvent.db-wal", f"{target}-wal")
