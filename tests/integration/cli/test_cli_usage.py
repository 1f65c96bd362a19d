"""``solvent usage`` and ``solvent verify`` on a real database file."""

import shutil
import sqlite3

import pytest


def rows(solvent, *options):
    return solvent("usage", "--json", *options).document["rows"]


def test_the_total_is_that_of_the_book(solvent, booked):
    (row,) = rows(solvent)
    assert row["calls"] == 6
    assert row["cost"]["nanos"] == sum(entry.cost_nanos for entry in booked)
    assert row["total_tokens"] == sum(entry.usage.total_tokens for entry in booked)


def test_groups_add_up_to_the_total(solvent, booked):
    by_customer = rows(solvent, "--by", "customer")
    assert sum(row["cost"]["nanos"] for row in by_customer) == sum(entry.cost_nanos for entry in booked)
    customers = [row["group"]["customer"] for row in by_customer]
    assert customers[0] == "[red]x[/red]"
    assert None in customers


def test_dimensions_come_with_commas_or_apart(solvent, booked):
    assert booked
    assert rows(solvent, "--by", "model,customer") == rows(solvent, "--by", "model", "--by", "customer")


def test_people_get_a_sum_below_several_groups(solvent, booked):
    assert booked
    said = solvent("usage", "--by", "customer").out
    assert "[red]x[/red]" in said
    assert "all" in said.splitlines()[-2]
    assert "$0.000011316" in said.splitlines()[-2]


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        (["--customer", "acme"], 2),
        (["--agent", "mail"], 6),
        (["--agent", "phone"], 0),
        (["--campaign", "q4"], 0),
        (["--model", "gpt-mini"], 2),
        (["--provider", "openai"], 6),
        (["--tag", "team=a=b"], 6),
        (["--tag", "team=c"], 0),
        (["--from", "2026-01-01", "--to", "2026-01-02"], 6),
        (["--from", "2026-01-01T14:00:00Z"], 4),
        (["--from", "2026-01-01T15:00:00+01:00"], 4),
        (["--to", "2026-01-01T14:00:00Z"], 2),
        (["--to", "2026-01-01"], 0),
        (["--customer", "' OR 1=1 --"], 0),
    ],
)
def test_options_choose_the_entries(solvent, booked, options, calls):
    assert booked
    assert rows(solvent, *options)[0]["calls"] == calls


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "2026-01-02", "--to", "2026-01-01"], "swap them"),
        (["--from", "2026-02-30"], "names no moment"),
        (["--from", "soon"], "names no moment"),
        (["--to", ""], "names no moment"),
        (["--from", "99999999999d"], "names no moment"),
        (["--from", "0001-01-01T00:00:00+14:00"], "names no moment"),
        (["--from", "1969-12-31"], "before 1970"),
        (["--from", "9999w"], "before 1970"),
        (["--customer", ""], "customer id"),
        (["--model", "*"], "model id"),
        (["--by", "colour"], "grouped by 'colour'"),
        (["--by", "tag"], "grouped by 'tag'"),
        (["--by", ""], "grouped by ''"),
        (["--by", "model,"], "grouped by ''"),
        (["--tag", "team"], "KEY=VALUE"),
        (["--tag", "=a"], "KEY=VALUE"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_why(refused, booked, options, why):
    assert booked
    assert why in refused("usage", *options)


@pytest.mark.parametrize(
    "command", [["usage"], ["verify"], ["export"], ["budget", "list"], ["budget", "show"]]
)
def test_a_command_that_only_looks_makes_no_book(refused, directory, command):
    assert "there is no book at solvent.db" in refused(*command)
    assert not list(directory.iterdir())


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\x00" + bytes(4080)])
def test_a_foreign_file_is_refused_and_left_as_it_was(refused, directory, content):
    place = directory / "other.db"
    place.write_bytes(content)
    refused("usage", "--database", str(place))
    refused("budget", "set", "total", "daily", "5", "--database", str(place))
    assert place.read_bytes() == content
    assert [found.name for found in directory.iterdir()] == ["other.db"]


def test_another_programs_database_is_refused_and_left_as_it_was(refused, directory):
    place = directory / "other.db"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE notes (text TEXT)")
    other.close()
    before = place.read_bytes()
    assert "another program" in refused("verify", "--database", f"sqlite:///{place}")
    assert place.read_bytes() == before


@pytest.mark.parametrize("url", ["redis://localhost", "mysql://x/y", "", " ", "sqlite:///"])
def test_a_url_that_names_no_store_is_refused(refused, url):
    assert "names no store" in refused("usage", "--database", url)


def test_a_directory_is_no_book(refused, directory):
    assert "is a directory" in refused("usage", "--database", str(directory))


def test_settings_that_cannot_be_used_are_named(refused, directory):
    (directory / "solvent.toml").write_text("prot = 4000\n", encoding="utf-8")
    assert "prot" in refused("usage")


def test_a_sound_book_is_verified(solvent, booked):
    assert solvent("verify", "--json").document == {"entries": len(booked), "holds": True, "findings": []}
    assert "The books balance" in solvent("verify").out


def test_a_book_that_was_tampered_with_fails_verification(solvent, booked, directory):
    assert booked
    shutil.copy(directory / "solvent.db", directory / "copy.db")
    with sqlite3.connect(directory / "copy.db") as tampered:
        assert tampered.execute("UPDATE accounts SET spent_nanos = spent_nanos + 1").rowcount
    tampered.close()
    said = solvent("verify", "--json", "--database", "copy.db", status=1).document
    assert said["holds"] is False
    assert said["findings"]
    assert "These do not hold" in solvent("verify", "--database", "copy.db", status=1).out
