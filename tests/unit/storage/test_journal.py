"""The journal: what a dead process left, told once, and never more than it wrote."""

import os

import pytest

from solvent.errors import StorageUnavailable
from solvent.storage import journal as journals
from solvent.storage.journal import FileJournal, MemoryJournal

BOOT = "boot-1"


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "solvent.db.journals"


@pytest.fixture
def dead(directory):
    """A journal whose process is about to die with it open."""
    return FileJournal.open(directory, "process_dead", boot=BOOT)


@pytest.fixture
def heir(directory):
    opened = FileJournal.open(directory, "process_heir", boot=BOOT)
    yield opened
    opened.close()


def die(journal):
    """Let go of the lock as the system does when a process ends, the file left as it is."""
    os.close(journal._file)
    journal._file = -1


def told(heir):
    (testimony,) = heir.orphans()
    return testimony


def test_a_dead_process_tells_what_it_sent_and_what_it_paid(dead, heir, teller):
    ask = teller.ask("b", customer="c1", tags=[("team", "x")])
    entries = (teller.paid(ask, 7), teller.paid(ask, 5, attempt=2))
    dead.dispatched("a")
    dead.dispatched("b")
    dead.settled("b", entries)
    dead.dispatched("c")
    dead.closed("c")
    die(dead)
    testimony = told(heir)
    assert testimony.owner == "process_dead"
    assert testimony.dispatched == {"a", "b"}
    assert testimony.settled == {"b": entries}
    assert testimony.complete


def test_a_living_process_is_no_orphan(dead, heir):
    dead.dispatched("a")
    assert list(heir.orphans()) == []
    dead.close()


def test_a_claim_is_one_heirs_until_it_is_buried_and_passes_on_when_the_claimant_dies(dead, heir, directory):
    dead.dispatched("a")
    die(dead)
    first = heir.orphans()
    assert [testimony.dispatched for testimony in first] == [{"a"}]
    assert heir.orphans() == first
    other = FileJournal.open(directory, "process_other", boot=BOOT)
    assert list(other.orphans()) == []
    heir.close()
    assert [testimony.owner for testimony in other.orphans()] == ["process_dead"]
    other.close()


def test_a_buried_journal_is_gone(dead, heir, directory):
    dead.dispatched("a")
    die(dead)
    told(heir)
    heir.bury("process_dead")
    heir.bury("process_dead")
    assert [path.name for path in directory.iterdir()] == ["process_heir.journal"]


def test_closing_without_open_calls_leaves_no_file(dead, directory):
    dead.dispatched("a")
    dead.closed("a")
    dead.close()
    dead.close()
    assert list(directory.iterdir()) == []


def test_closing_with_open_calls_leaves_them_to_a_successor(dead, heir):
    dead.dispatched("a")
    dead.close()
    assert told(heir).dispatched == {"a"}


@pytest.mark.parametrize("lost_bytes", range(1, 24))
def test_a_torn_last_record_was_never_written(dead, heir, directory, lost_bytes):
    dead.dispatched("a")
    dead.dispatched("b")
    die(dead)
    path = directory / "process_dead.journal"
    os.truncate(path, path.stat().st_size - lost_bytes)
    testimony = told(heir)
    assert testimony.dispatched == {"a"}
    assert testimony.complete


def test_damage_in_the_middle_makes_the_rest_unknown(dead, heir, directory):
    dead.dispatched("a")
    middle = (directory / "process_dead.journal").stat().st_size
    dead.dispatched("b")
    dead.dispatched("c")
    die(dead)
    content = bytearray((directory / "process_dead.journal").read_bytes())
    content[middle + 12] ^= 0xFF
    (directory / "process_dead.journal").write_bytes(content)
    testimony = told(heir)
    assert testimony.dispatched == {"a"}
    assert not testimony.complete


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 64, b"not a journal at all, but long enough to look like one"]
)
def test_a_file_that_is_no_journal_proves_nothing(heir, directory, content):
    (directory / "process_odd.journal").write_bytes(content)
    testimony = told(heir)
    assert (testimony.owner, testimony.dispatched, testimony.complete) == ("process_odd", frozenset(), False)


@pytest.mark.parametrize(("before", "after"), [("boot-0", BOOT), ("", "")])
def test_a_journal_of_another_boot_or_of_none_known_is_never_complete(directory, before, after):
    dead = FileJournal.open(directory, "process_dead", boot=before)
    dead.dispatched("a")
    die(dead)
    heir = FileJournal.open(directory, "process_heir", boot=after)
    testimony = told(heir)
    assert (testimony.dispatched, testimony.complete) == ({"a"}, False)
    heir.close()


def test_a_long_life_does_not_make_a_long_file(dead, heir, directory, monkeypatch):
    monkeypatch.setattr(journals, "_SHORTEN_BYTES", 2000)
    dead.dispatched("kept")
    for number in range(500):
        dead.dispatched(f"call_{number}")
        dead.closed(f"call_{number}")
    assert (directory / "process_dead.journal").stat().st_size < 4000
    die(dead)
    testimony = told(heir)
    assert (testimony.dispatched, testimony.complete) == ({"kept"}, True)


def test_a_shortened_journal_is_still_locked(dead, heir, monkeypatch):
    monkeypatch.setattr(journals, "_SHORTEN_BYTES", 1)
    dead.dispatched("a")
    dead.closed("a")
    dead.dispatched("b")
    assert list(heir.orphans()) == []
    dead.close()


def test_a_record_that_cannot_be_written_leaves_the_file_as_it_was(dead, heir, monkeypatch):
    dead.dispatched("a")
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, content: whole(file, content[: len(content) // 2]))
    with pytest.raises(StorageUnavailable, match="cannot be written"):
        dead.dispatched("b")
    dead.closed("a")
    monkeypatch.undo()
    dead.dispatched("c")
    die(dead)
    testimony = told(heir)
    assert (testimony.dispatched, testimony.complete) == ({"a", "c"}, True)


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable, match="cannot be written"):
        FileJournal.open(tmp_path / "file" / "journals", "process_x", boot=BOOT)


def test_a_journal_in_memory_has_nothing_to_tell():
    journal = MemoryJournal("process_x")
    journal.dispatched("a")
    journal.settled("a", ())
    journal.closed("a")
    journal.bury("process_x")
    journal.close()
    assert (journal.owner, journal.orphans()) == ("process_x", ())
