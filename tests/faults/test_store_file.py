"""Files that are foreign, damaged, locked, read-only or full: clear words, and nothing changed."""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from solvent.domain.budget import Account, Balance, Budget
from solvent.domain.clock import SystemClock
from solvent.domain.period import Period
from solvent.domain.reservation import Reservation
from solvent.errors import ConfigurationError, SchemaMismatch, StorageUnavailable
from solvent.storage.open import open_store

TOTAL = Account("total", Period.LIFETIME, "UTC", 0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "solvent.db"


@pytest.fixture
def teller(teller_of):
    return teller_of(SystemClock())


@pytest.fixture
async def store(path):
    """A store with a budget of 10,000 nano-dollars, whose books must balance in the end."""
    opened = await open_store(str(path), clock=SystemClock())
    await opened.define(Budget("total", Period.LIFETIME, 10_000))
    yield opened
    assert not await opened.verify()
    await opened.close()


async def made(path):
    """Make a whole, empty database at *path*."""
    await (await open_store(str(path), clock=SystemClock())).close()


async def test_a_new_file_is_marked_as_solvents(path):
    await made(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (0x736C7674,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.parametrize(
    "url", ["", " ", "postgres://host/db", "redis://x", "sqlite:///", "memory", "a\x00b"]
)
async def test_a_url_that_names_no_store_is_refused_with_those_that_do(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if url == "memory":
        await made(url)
        assert (tmp_path / "memory").exists()
        return
    with pytest.raises(ConfigurationError, match="sqlite:///PATH, a plain path, or memory:"):
        await open_store(url, clock=SystemClock())
    assert list(tmp_path.iterdir()) == []


async def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="does not exist; make it"):
        await open_store(str(tmp_path / "missing" / "solvent.db"), clock=SystemClock())


async def test_a_directory_is_not_a_file(tmp_path):
    with pytest.raises(ConfigurationError, match="is a directory; name a file"):
        await open_store(str(tmp_path), clock=SystemClock())


def foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()


def text(path):
    path.write_text("a diary, not a database\n" * 100)


@pytest.mark.parametrize(("make", "said"), [(foreign, "another program"), (text, "not an SQLite database")])
async def test_another_programs_file_is_left_as_it_was(path, make, said):
    make(path)
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match=said):
        await open_store(str(path), clock=SystemClock())
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_an_empty_file_becomes_a_new_database(path):
    path.touch()
    await made(path)
    assert path.stat().st_size > 0


async def test_a_newer_schema_is_refused_and_kept(path):
    await made(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(SchemaMismatch, match="a newer solvent"):
        await open_store(str(path), clock=SystemClock())
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    connection.close()


async def reserve_in(path, ask):
    store = await open_store(str(path), clock=SystemClock())
    try:
        await store.reserve(ask)
    finally:
        await store.close()


async def test_damage_is_reported_and_never_counted_as_nothing_spent(path, teller):
    store = await open_store(str(path), clock=SystemClock())
    for number in range(50):
        await store.reserve(teller.ask(f"call_{number}"))
        await store.presume(f"call_{number}", "lost")
    await store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(SchemaMismatch, match="damaged"):
        await reserve_in(path, teller.ask("call_more"))


async def test_verify_finds_books_that_were_changed_by_hand(path, store, teller):
    ask = teller.ask("call_1")
    await store.reserve(ask)
    await store.settle("call_1", (teller.paid(ask, 300),))
    await store.reserve(teller.ask("call_2"))
    shutil.copy(path, spoiled := path.with_name("spoiled.db"))
    shutil.copy(f"{path}-wal", f"{spoiled}-wal")
    connection = sqlite3.connect(spoiled, isolation_level=None)
    connection.execute("UPDATE accounts SET spent_nanos = spent_nanos - 1, held_nanos = 0")
    connection.execute("UPDATE usage_hours SET calls = calls + 1")
    connection.execute("UPDATE scope_spending SET spent_nanos = 0 WHERE scope = 'model:gpt'")
    connection.execute("UPDATE reservations SET charged_nanos = 299 WHERE id = 'call_1'")
    connection.close()
    opened = await open_store(str(spoiled), clock=SystemClock())
    found = {finding.promise for finding in await opened.verify()}
    assert found == {"9 balance", "9 spending", "9 totals", "3 closing"}
    await opened.close()


async def test_the_book_itself_cannot_be_changed_even_by_hand(path, store, teller):
    ask = teller.ask("call_1")
    await store.reserve(ask)
    await store.settle("call_1", (teller.paid(ask, 300),))
    connection = sqlite3.connect(path)
    for statement in ("UPDATE llm_usage_logs SET cost_nanos = 0", "DELETE FROM llm_usage_logs"):
        with pytest.raises(sqlite3.IntegrityError, match="append a correction"):
            connection.execute(statement)
    connection.close()


async def test_a_locked_file_refuses_admission_and_goes_on_when_it_is_free(path, store, teller):
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageUnavailable, match="locked by another program"):
        await store.reserve(teller.ask("call_1"))
    assert list(await store.balances([TOTAL])) == [Balance(0, 0)]
    blocker.execute("ROLLBACK")
    blocker.close()
    assert isinstance(await store.reserve(teller.ask("call_1")), Reservation)


async def test_a_settlement_outwaits_a_lock_that_refuses_admissions(path, store, teller):
    ask = teller.ask("call_1")
    await store.reserve(ask)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    settling = asyncio.create_task(store.settle("call_1", (teller.paid(ask, 300),)))
    with pytest.raises(StorageUnavailable):
        await store.reserve(teller.ask("call_2"))
    assert not settling.done()
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (await settling).charged_nanos == 300


async def test_a_cancelled_caller_leaves_a_whole_effect(store, teller):
    ask = teller.ask("call_1")
    reserving = asyncio.create_task(store.reserve(ask))
    await asyncio.sleep(0)
    reserving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reserving
    await store.release((await store.reserve(ask)).id)
    assert list(await store.balances([TOTAL])) == [Balance(0, 0)]


async def test_one_bad_verb_among_many_harms_no_other(store, teller):
    good = [teller.ask(f"call_{number}", 10) for number in range(20)]
    bad = [store.settle("nobody", ()), store.reserve(teller.ask("absurd", -5)), store.release("nobody")]
    results = await asyncio.gather(
        *map(store.reserve, good[:10]), *bad, *map(store.reserve, good[10:]), return_exceptions=True
    )
    assert [type(result).__name__ for result in results[10:13]] == [
        "ReservationUnknown",
        "LimitOutOfRange",
        "ReservationUnknown",
    ]
    assert sum(isinstance(result, Reservation) for result in results) == 20
    assert list(await store.balances([TOTAL])) == [Balance(0, 200)]


READ_ONLY = """
    import asyncio, os, sys
    from solvent.domain.clock import SystemClock
    from solvent.errors import StorageUnavailable
    from solvent.storage.open import open_store

    if os.getuid() == 0:
        os.setuid(65534)
    try:
        asyncio.run(open_store(sys.argv[1], clock=SystemClock()))
    except StorageUnavailable as error:
        print(error.message)
"""


async def child(script, *arguments):
    """Run *script* in a process of its own and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


@pytest.fixture
def open_directory():
    """A directory that any user can reach, as a process without rights needs it."""
    with tempfile.TemporaryDirectory() as made_here:
        directory = Path(made_here)
        directory.chmod(0o755)
        yield directory
        directory.chmod(0o755)


async def test_a_read_only_file_says_who_must_act(open_directory):
    path = open_directory / "solvent.db"
    await made(path)
    path.chmod(0o444)
    open_directory.chmod(0o555)
    before = path.read_bytes()
    said = await child(READ_ONLY, path)
    assert "read-only; give this user the right to write" in said or "cannot be opened" in said
    assert path.read_bytes() == before


async def test_a_directory_that_may_not_be_entered_is_named(open_directory):
    path = open_directory / "solvent.db"
    await made(path)
    open_directory.chmod(0o700)
    assert "cannot be reached (Permission denied)" in await child(READ_ONLY, path)


FULL_DISK = """
    import asyncio, resource, runpy, sys
    from solvent.domain.clock import SystemClock
    from solvent.domain.reservation import Reservation
    from solvent.errors import StorageUnavailable
    from solvent.storage.open import open_store

    teller = runpy.run_path(sys.argv[2])["Teller"](SystemClock())

    async def fill(store):
        for number in range(100_000):
            await store.reserve(teller.ask(f"call_{number}", 1))
        return 0

    async def main():
        store = await open_store(sys.argv[1], clock=SystemClock())
        await store.reserve(teller.ask("first", 1))
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, unlimited[1]))
        refusals = set()
        try:
            await fill(store)
        except StorageUnavailable as error:
            refusals.add(error.message)
        for number in range(3):
            try:
                await store.reserve(teller.ask(f"again_{number}", 1))
            except StorageUnavailable as error:
                refusals.add(error.message)
        held = len(await store.holds())
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
        print(len(refusals) > 0, held == len(await store.holds()))
        print(isinstance(await store.reserve(teller.ask("last", 1)), Reservation), len(await store.holds()) - held)
        print(list(await store.verify()))
        await store.close()

    asyncio.run(main())
"""


async def test_a_full_disk_refuses_cleanly_and_resumes_by_itself(path):
    said = await child(FULL_DISK, path, Path(__file__).parents[1] / "teller.py")
    assert said.splitlines() == ["True True", "True 1", "[]"]
