"""The command line in this process, in an empty directory, and a book that was filled before."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from solvent.cli.main import app
from solvent.domain.budget import Budget
from solvent.domain.period import Period
from solvent.ports.storage import Filter
from solvent.storage.open import open_store

FORMULA = "=HYPERLINK(1)"
MARKUP = "[red]x[/red]"
CALLS = (
    ("acme", "gpt", 1200),
    ("acme", "gpt", 2000),
    ("globex", "gpt", 3100),
    (FORMULA, "gpt-mini", 17),
    (None, "gpt-mini", 0),
    (MARKUP, "gpt", 4999),
)


@dataclass(frozen=True)
class Said:
    """What a command printed on stdout and stderr."""

    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on stdout."""
        assert self.out.count("\n") == 1
        return json.loads(self.out)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """An empty working directory, and no terminal that narrows tables."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


@pytest.fixture
def solvent(directory):
    """Runs ``solvent`` with the words given and asserts its status; a traceback fails the test."""
    assert Path.cwd() == directory

    def run(*words, status=0):
        done = CliRunner().invoke(app, list(words), catch_exceptions=False)
        assert done.exit_code == status, done.output
        return Said(done.stdout, done.stderr)

    return run


@pytest.fixture
def refused(solvent):
    """Runs ``solvent``, asserts that it says no in one line on stderr, and returns that line."""

    def run(*words):
        said = solvent(*words, status=1)
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert said.err.startswith("solvent: ")
        return said.err

    return run


@pytest.fixture
def booked(directory, teller, clock):
    """The entries of a book at ``solvent.db``: six calls, one of them corrected, and one in flight."""
    return asyncio.run(_fill(directory / "solvent.db", teller, clock))


async def _fill(path, teller, clock):
    store = await open_store(f"sqlite:///{path}", clock=clock)
    try:
        await store.define(Budget("customer:*", Period.LIFETIME, 10_000_000))
        for number, (customer, model, cost) in enumerate(CALLS, start=1):
            ask = teller.ask(
                f"call_{number}", 5000, customer=customer, agent="mail", model=model, tags=[("team", "a=b")]
            )
            await store.reserve(ask)
            if number == 1:
                await store.presume(ask.id, "process died in flight")
            await store.settle(ask.id, (teller.paid(ask, cost, detail="", provider_call_id=f"x{number}"),))
            clock.advance(3_600_000_000)
        await store.reserve(teller.ask("call_open", 700, customer="acme"))
        return [entry async for page in store.entries(Filter()) for entry in page]
    finally:
        await store.close()
