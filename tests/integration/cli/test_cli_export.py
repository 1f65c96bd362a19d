"""``solvent export``: what comes out is the whole book, exact, and safe to open."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from arro3.io import read_parquet

from solvent.domain.clock import from_datetime

FULL = Path("/dev/full")
COMMAND = (sys.executable, "-m", "solvent.cli")


def parsed(text):
    return list(csv.DictReader(io.StringIO(text)))


def total(entries):
    return sum(entry.cost_nanos for entry in entries)


def test_csv_holds_every_entry_and_its_sums_are_the_books(solvent, booked):
    rows = parsed(solvent("export").out)
    assert [row["id"] for row in rows] == [entry.id for entry in booked]
    assert sum(int(row["cost_nanos"]) for row in rows) == total(booked)
    assert sum(int(row["input_tokens"]) for row in rows) == sum(entry.usage.input for entry in booked)
    assert {row["kind"] for row in rows} == {"attempt", "adjustment"}


def test_corrections_name_what_they_correct_and_may_be_negative_numbers(solvent, booked):
    rows = [row for row in parsed(solvent("export").out) if row["kind"] == "adjustment"]
    assert [(int(row["cost_nanos"]), row["cost_usd"]) for row in rows] == [
        (-5000, "-0.000005"),
        (1200, "0.0000012"),
    ]
    assert {row["corrects"] for row in rows} == {booked[0].id}


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless(solvent, booked):
    assert booked
    customers = {row["customer_id"] for row in parsed(solvent("export").out)}
    assert "'=HYPERLINK(1)" in customers
    assert "=HYPERLINK(1)" not in customers


def test_json_lines_hold_ids_as_they_are(solvent, booked):
    lines = [json.loads(line) for line in solvent("export", "--json").out.splitlines()]
    assert [line["id"] for line in lines] == [entry.id for entry in booked]
    assert "=HYPERLINK(1)" in {line["customer_id"] for line in lines}
    assert lines[0]["tags"] == {"team": "a=b"}
    assert solvent("export", "--format", "jsonl").out == solvent("export", "--json").out


def test_parquet_holds_money_as_whole_numbers_and_instants_as_instants(solvent, booked, directory):
    said = solvent("export", "-o", "book.parquet", "--json").document
    assert said == {"entries": len(booked), "file": "book.parquet", "format": "parquet"}
    read = read_parquet(directory / "book.parquet").read_all()
    columns = {name: read.column(name).to_pylist() for name in read.schema.names}
    assert sum(columns["cost_nanos"]) == total(booked)
    assert all(type(cost) is int for cost in columns["cost_nanos"])
    assert [from_datetime(moment) for moment in columns["admitted_at"]] == [e.admitted_us for e in booked]
    assert columns["admitted_at"][0].astimezone(UTC) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert columns["customer_id"][-2] is None
    assert columns["streamed"] == [False] * len(booked)


def test_an_empty_book_has_a_head_in_every_form(solvent, directory):
    solvent("budget", "set", "total", "daily", "5")
    assert solvent("export").out.count("\n") == 1
    assert solvent("export", "--json").out == ""
    solvent("export", "-o", "empty.parquet")
    assert "cost_nanos" in read_parquet(directory / "empty.parquet").schema.names


def test_only_what_was_asked_for_is_written(solvent, booked):
    assert booked
    rows = parsed(solvent("export", "--customer", "acme", "--from", "2026-01-01T13:00:00Z").out)
    assert [row["call_id"] for row in rows] == ["call_2"]


def test_a_file_says_its_form_by_its_name(solvent, booked, directory):
    assert booked
    solvent("export", "-o", "book.jsonl")
    assert (
        json.loads((directory / "book.jsonl").read_text(encoding="utf-8").splitlines()[0])["call_id"]
        == "call_1"
    )
    solvent("export", "-o", "book.txt")
    assert (directory / "book.txt").read_text(encoding="utf-8").startswith("id,call_id,")
    assert sorted(path.suffix for path in directory.glob("book*")) == [".jsonl", ".txt"]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--format", "parquet"], "name a file"),
        (["--json", "--format", "csv"], "JSON lines"),
        (["-o", "missing/book.csv"], "cannot be written"),
        (["-o", "."], "cannot be written"),
        (["--from", "2026-01-02", "--to", "2026-01-01"], "swap them"),
    ],
)
def test_what_cannot_be_written_is_refused_with_why(refused, booked, directory, options, why):
    before = sorted(directory.iterdir())
    assert booked
    assert why in refused("export", *options)
    assert sorted(directory.iterdir()) == before


def test_an_unknown_form_is_an_error_of_usage(solvent, booked):
    assert booked
    solvent("export", "--format", "xlsx", status=2)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")
def test_a_full_disk_is_told_in_one_line(booked):
    assert booked
    with FULL.open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "export"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "solvent: standard output cannot be written: No space left on device\n"


def test_a_reader_that_leaves_early_causes_no_traceback(booked):
    assert booked
    done = subprocess.Popen([*COMMAND, "export"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    done.stdout.close()
    with done.stderr as said:
        assert said.read() == ""
    assert done.wait() == 1
