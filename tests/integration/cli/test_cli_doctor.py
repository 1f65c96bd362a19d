"""``solvent doctor`` and what every command shares: help, version, settings."""

import json
import socket

import pytest

SHOWN_TO_NOBODY = "sk-proj-0123456789-do-not-show"


@pytest.fixture
def checked(solvent, unused_port, directory):
    """Runs the doctor and returns its checks by name."""
    (directory / "solvent.toml").write_text(f"port = {unused_port}\n", encoding="utf-8")

    def run(*words, status=0):
        said = solvent("doctor", "--json", *words, status=status).document
        assert said["healthy"] is (status == 0)
        return {check["name"]: check for check in said["checks"]}

    return run


@pytest.fixture
def unused_port():
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_a_place_where_nothing_is_yet_is_fit_and_stays_empty(checked, directory):
    checks = checked()
    assert {name for name, check in checks.items() if check["state"] != "ok"} == {"credentials"}
    assert "not there yet" in checks["database"]["says"]
    assert [path.name for path in directory.iterdir()] == ["solvent.toml"]


def test_a_book_is_told_by_what_it_holds(checked, booked):
    assert f"{len(booked)} entries, 1 budgets, 1 calls in flight" in checked()["database"]["says"]


def test_a_key_is_found_and_never_shown(checked, solvent, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SHOWN_TO_NOBODY)
    assert checked()["credentials"] == {
        "name": "credentials",
        "state": "ok",
        "says": "keys are set for openai",
    }
    assert SHOWN_TO_NOBODY not in solvent("doctor").out


def test_what_cannot_be_a_key_is_wrong_and_never_shown(checked, solvent, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{SHOWN_TO_NOBODY}\n{SHOWN_TO_NOBODY}")
    check = checked(status=1)["credentials"]
    assert check["state"] == "wrong"
    assert "OPENAI_API_KEY" in check["says"]
    assert SHOWN_TO_NOBODY not in json.dumps(check) + solvent("doctor", status=1).out


@pytest.mark.parametrize("place", ["other.db", ".", "missing/solvent.db", "redis://localhost"])
def test_a_database_that_cannot_be_used_is_wrong(checked, directory, place):
    (directory / "other.db").write_text("not a database", encoding="utf-8")
    checks = checked("--database", place, status=1)
    assert "wrong" in {checks["database"]["state"], checks.get("disk", checks["database"])["state"]}


def test_a_book_in_memory_asks_for_a_decision(checked):
    assert checked("--database", "memory:")["database"]["state"] == "look"


@pytest.mark.parametrize(
    "text", ["port = 'high'", "prot = 4000", "port = ", "[providers.x]\nbase_url = 'ftp://x'"]
)
def test_settings_that_cannot_be_used_are_wrong(solvent, directory, text):
    (directory / "solvent.toml").write_text(text, encoding="utf-8")
    said = solvent("doctor", "--json", status=1).document
    assert [check["name"] for check in said["checks"] if check["state"] == "wrong"] == ["settings"]


def test_prices_that_cannot_be_read_are_wrong(checked, directory):
    with (directory / "solvent.toml").open("a", encoding="utf-8") as settings:
        settings.write('prices_file = "none.toml"\n')
    assert "none.toml" in checked(status=1)["prices"]["says"]


def test_a_port_in_use_asks_for_a_decision(checked, unused_port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused_port))
        taken.listen()
        assert checked()["port"]["state"] == "look"


def test_the_version_is_printed(solvent):
    assert solvent("--version").out.startswith("solvent ")


def test_help_names_every_command(solvent):
    said = solvent("--help").out
    for command in ("serve", "demo", "budget", "usage", "price", "export", "verify", "doctor"):
        assert f"\n  {command} " in said


def test_a_command_that_does_not_exist_is_an_error_of_usage(solvent):
    assert "frobnicate" in solvent("frobnicate", status=2).err
