"""Recovery when it does not go through at once: what one round leaves, the next finishes."""

import pytest

from solvent.domain.budget import Budget
from solvent.domain.period import Period
from solvent.errors import StorageUnavailable
from solvent.ledger.recover import recover
from solvent.ports.storage import Filter
from solvent.storage.journal import FileJournal
from solvent.storage.memory.store import MemoryStore

BOOT = "boot-1"


class FailingOnce:
    """A store whose named verb fails the first time."""

    def __init__(self, inner, verb):
        self._inner = inner
        self._verb = verb

    def __getattr__(self, name):
        if name != self._verb:
            return getattr(self._inner, name)
        self._verb = ""

        async def fail(*args, **named):
            raise StorageUnavailable("the disk is full")

        return fail


@pytest.fixture
async def left_behind(teller, clock, tmp_path):
    """A store and a directory in which a process has died with a call paid, one sent and one only reserved."""
    store = MemoryStore(clock)
    await store.define(Budget("total", Period.LIFETIME, 10_000))
    journal = FileJournal.open(tmp_path, teller.owner, boot=BOOT)
    asks = [teller.ask(name, 100) for name in ("paid", "sent", "reserved")]
    for ask in asks:
        await store.reserve(ask)
    journal.dispatched("paid")
    journal.settled("paid", (teller.paid(asks[0], 30),))
    journal.dispatched("sent")
    journal.close()
    return store


@pytest.fixture
def heir(tmp_path):
    journal = FileJournal.open(tmp_path, "process_heir", boot=BOOT)
    yield journal
    journal.close()


async def costs(store):
    return {entry.call_id: entry.cost_nanos async for page in store.entries(Filter()) for entry in page}


@pytest.mark.parametrize("verb", ["settle", "presume", "release", "holds"])
async def test_a_store_that_fails_half_way_is_told_the_rest_in_the_next_round(left_behind, heir, verb):
    failing = FailingOnce(left_behind, verb)
    with pytest.raises(StorageUnavailable):
        await recover(failing, heir)
    done = await recover(failing, heir)
    assert done.journals == 1
    assert await costs(left_behind) == {"paid": 30, "sent": 100}
    assert not await left_behind.holds()
    assert not await left_behind.verify()
    assert (await recover(failing, heir)).journals == 0


async def test_a_journal_that_cannot_be_opened_is_said_and_tried_again(left_behind, heir, monkeypatch):
    def too_many(*args, **named):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("solvent.storage.journal.os.open", too_many)
        with pytest.raises(StorageUnavailable, match="Too many open files"):
            await recover(left_behind, heir)
    assert (await recover(left_behind, heir)).settled == 1
    assert not await left_behind.holds()
