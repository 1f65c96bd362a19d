"""Export over a ledger that is a list of pages: order, memory, and what is left behind when it fails."""

import csv
import io

import pytest

from solvent.errors import ConfigurationError
from solvent.ledger.export import export, replacing
from solvent.ports.storage import Filter


class Pages:
    """A ledger that notes in *events* when each of its pages is asked for."""

    def __init__(self, pages, events):
        self._pages = pages
        self._events = events

    async def entries(self, _wanted, *, newest_first=False):
        assert not newest_first
        for number, page in enumerate(self._pages, start=1):
            self._events.append(f"page {number}")
            yield page


@pytest.fixture
def entry(teller):
    def make(number, **changes):
        ask = teller.ask(f"call_{number}", customer=changes.pop("customer", None))
        return teller.paid(ask, 10, **changes)

    return make


async def exported(pages, form, done=lambda _: None):
    file = io.BytesIO()
    count = await export(Pages(pages, []), Filter(), form, file, done)
    return count, file.getvalue()


async def test_a_page_is_written_before_the_next_is_asked_for(entry):
    events = []
    pages = [[entry(1), entry(2)], [], [entry(3)]]
    ledger = Pages(pages, events)
    count = await export(
        ledger, Filter(), "csv", io.BytesIO(), lambda count: events.append(f"{count} written")
    )
    assert count == 3
    assert events == ["page 1", "2 written", "page 2", "page 3", "1 written"]


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
async def test_every_form_counts_what_it_wrote(entry, form):
    count, content = await exported([[entry(1)], [entry(2), entry(3)]], form)
    assert count == 3
    assert content


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
async def test_text_that_may_be_a_formula_is_quoted_in_csv(entry, start):
    _, content = await exported([[entry(1, provider_call_id=f"{start}1+1", detail="=x")]], "csv")
    (row,) = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert row["provider_call_id"] == f"'{start}1+1"
    assert row["detail"] == "'=x"


async def test_text_that_breaks_lines_and_quotes_comes_back_as_it_was(entry):
    said = 'a "b",\r\nc;ü — 漢'
    _, content = await exported([[entry(1, provider_call_id=said)]], "csv")
    (row,) = csv.DictReader(io.StringIO(content.decode(), newline=""))
    assert row["provider_call_id"] == said


async def test_what_an_entry_does_not_tell_is_empty(entry):
    _, content = await exported([[entry(1, status=None, first_byte_ms=0)]], "csv")
    (row,) = csv.DictReader(io.StringIO(content.decode()))
    assert (row["status"], row["first_byte_ms"], row["customer_id"], row["tags"]) == ("", "0", "", "{}")


def write_half(place):
    with replacing(place) as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    place = tmp_path / "book.csv"
    place.write_bytes(b"old")
    with pytest.raises(ConfigurationError, match=r"book\.csv cannot be written: No space"):
        write_half(place)
    assert place.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_whole_write_takes_the_place_of_the_old_file(tmp_path):
    place = tmp_path / "book.csv"
    place.write_bytes(b"old and longer")
    with replacing(place) as file:
        file.write(b"new")
        assert place.read_bytes() == b"old and longer"
    assert place.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [place]
