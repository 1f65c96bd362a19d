"""A store that fails while the gateway serves: refused at once, resumed by itself, nothing owed is lost."""

import asyncio
import resource
import sqlite3
from contextlib import contextmanager

import pytest

from solvent.app import keep_house
from solvent.budgets import desk
from solvent.domain.entry import Certainty, Outcome
from solvent.errors import StorageUnavailable
from solvent.storage.sqlite import store as sqlite_store


def chat(directive="output=3", **fields):
    text = f"hello [[sim {directive}]]"
    return {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}


@contextmanager
def locked(gateway):
    """Hold the file's write lock, as another program would."""
    path = gateway.app.settings.database_url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def full_disk(gateway):
    """Let no file of this process grow, as on a disk without room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


FAULTS = {"locked": locked, "full disk": full_disk}


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch):
    """A settlement waits five seconds for a lock; a test need not."""
    monkeypatch.setattr(sqlite_store, "PATIENCE_S", 0.2)


async def call(gateway, body=None):
    return await gateway.post("/v1/chat/completions", body or chat(), headers={"x-solvent-customer": "c1"})


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("budget", ["1", None])
async def test_a_store_that_cannot_be_written_refuses_calls_and_resumes_by_itself(gateway, fault, budget):
    if budget:
        await gateway.budget("customer:c1", budget)
    assert (await call(gateway))[0] == 200
    with FAULTS[fault](gateway):
        answers = await asyncio.gather(*(call(gateway) for _ in range(8)))
    assert {status for status, _, _ in answers} == {503}
    assert {told["error"]["code"] for _, _, told in answers} == {"storage_unavailable"}
    assert {headers["x-should-retry"] for _, headers, _ in answers} == {"true"}
    assert gateway.sim.calls == 1
    assert (await call(gateway))[0] == 200
    assert (await gateway.get("/readyz"))[0] == 200
    await gateway.books_balance()
    assert len(await gateway.entries()) == 2


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_store_that_fails_in_the_middle_of_a_call_is_owed_its_settlement(gateway, fault, stream):
    await gateway.budget("customer:c1", "1")
    making = asyncio.create_task(call(gateway, chat("output=30 latency_ms=300", stream=stream)))
    async with asyncio.timeout(10):
        while not gateway.sim.calls:
            await gateway.get("/healthz")
    with FAULTS[fault](gateway):
        status, _, _ = await making
        ready, said = await gateway.get("/readyz")
    assert status == 200
    assert ready == 503
    assert said["settlements_owed"] == 1
    await keep_house(gateway.app)
    ready, said = await gateway.get("/readyz")
    assert (ready, said["settlements_owed"]) == (200, 0)
    (entry,) = await gateway.entries()
    assert (entry.outcome, entry.certainty, entry.usage.output) == (Outcome.OK, Certainty.EXACT, 30)
    await gateway.books_balance()


async def test_a_locked_store_says_that_it_is_not_ready(gateway):
    with locked(gateway):
        status, said = await gateway.get("/readyz")
    assert (status, said["status"]) == (503, "storage")
    assert "locked" in said["reason"]
    assert (await gateway.get("/readyz"))[0] == 200


async def test_calls_in_line_survive_a_store_that_fails_for_a_moment(gateway, monkeypatch):
    monkeypatch.setattr(desk, "LEASE_S", 0.5)
    await gateway.budget("total", "0.01")
    dear = chat("output=5 latency_ms=400", max_tokens=16_000)
    first = asyncio.create_task(call(gateway, dear))
    async with asyncio.timeout(10):
        while not gateway.sim.calls:
            await gateway.get("/healthz")
    second = asyncio.create_task(call(gateway, dear))
    async with asyncio.timeout(10):
        while not gateway.app.desk._line._lines:
            await gateway.get("/healthz")
    with locked(gateway):
        status, _, told = await second
    assert (status, told["error"]["code"]) == (503, "storage_unavailable")
    assert (await first)[0] == 200
    await keep_house(gateway.app)
    assert (await call(gateway, dear))[0] == 200
    await gateway.books_balance()


async def test_what_is_owed_when_solvent_ends_is_settled_by_its_successor(open_house, tmp_path):
    gateway = await open_house()
    making = asyncio.create_task(call(gateway, chat("output=30 latency_ms=200")))
    async with asyncio.timeout(10):
        while not gateway.sim.calls:
            await gateway.get("/healthz")
    gateway.app.desk._store = _Broken(gateway.app.store)
    assert (await making)[0] == 200
    (journal,) = (tmp_path / "solvent.db.journals").glob("*.journal")
    assert gateway.app.desk.owed == 1
    gateway.app.journal.close()
    successor = await open_house()
    (entry,) = await successor.entries()
    assert (entry.certainty, entry.usage.output) == (Certainty.EXACT, 30)
    assert not journal.exists()
    await successor.books_balance()
    gateway.app.desk._owed.clear()


class _Broken:
    """A store that this process can read and no longer settle in."""

    def __init__(self, inner):
        self._inner = inner

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def settle(self, reservation_id, entries):
        raise StorageUnavailable("the disk is gone")
