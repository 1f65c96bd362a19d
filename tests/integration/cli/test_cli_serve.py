"""``solvent serve`` and ``solvent demo`` as processes: they say where they listen, serve, drain and balance."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import replace

import pytest

from solvent.cli.demonstration.scenery import errands
from solvent.cli.demonstration.show import Outcome
from solvent.domain.usage import NO_USAGE
from solvent.ports.storage import Finding, UsageRow

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what the test is about
COMMAND = (sys.executable, "-m", "solvent.cli")


@contextmanager
def started(directory, *words):
    """Run ``solvent`` until it has said its first line on stdout."""
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process, process.stdout.readline()
    finally:
        process.terminate()
        process.communicate()


def healthy(address):
    with urllib.request.urlopen(f"{address}/readyz") as reply:  # noqa: S310 - an address of ours
        return reply.status == 200


@pytest.fixture
def free_port():
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_gateway_says_where_it_listens_and_ends_when_told(directory, number):
    with started(directory, "serve", "--port", "0", "--json") as (process, line):
        assert healthy(json.loads(line)["address"])
        process.send_signal(number)
        said, errors = process.communicate()
    assert (process.returncode, said, errors) == (0, "", "")


def test_workers_share_a_port_and_end_together(directory, free_port):
    with started(directory, "serve", "--workers", "2", "--port", str(free_port), "--json") as (process, line):
        address = json.loads(line)["address"]
        assert address == f"http://127.0.0.1:{free_port}"
        assert all(healthy(address) for _ in range(8))
        process.send_signal(signal.SIGTERM)
        process.communicate()
    assert process.returncode == 0
    with socket.socket() as gone:
        assert gone.connect_ex(("127.0.0.1", free_port)) != 0


def test_whoever_listens_beyond_this_machine_is_warned(directory):
    with started(directory, "serve", "--host", EVERYWHERE, "--port", "0", "--json") as (process, line):
        assert EVERYWHERE in json.loads(line)["address"]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate()
    assert "whoever reaches it can spend" in errors


def test_a_port_that_is_taken_is_told_in_one_line(refused):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "cannot listen" in refused("serve", "--port", str(taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--workers", "2", "--port", "0"], "name it with --port"),
        (["--workers", "2", "--port", "4999", "--database", "memory:"], "each process's own"),
        (["--host", "203.0.113.1", "--port", "0"], "cannot listen"),
    ],
)
def test_what_cannot_be_served_is_refused_with_why(solvent, words, why):
    assert why in solvent("serve", *words, status=1).err


@pytest.mark.parametrize(
    "words", [["--port", "65536"], ["--port", "-1"], ["--workers", "0"], ["--port", "x"]]
)
def test_ports_and_workers_have_bounds(solvent, words):
    assert words[0] in solvent("serve", *words, status=2).err


def test_the_demo_ends_by_itself_and_its_books_balance(directory):
    done = subprocess.run(
        [*COMMAND, "demo", "--calls", "150", "--json"],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["calls"] == 150
    assert said["answered"] + sum(said["refusals"].values()) == 150
    assert said["refusals"]["budget_exceeded"] > 0
    assert said["refusals"]["model_unpriced"] > 0
    assert said["ledger"] == said["invoice"]
    assert said["balances_hold"] is True
    assert not list(directory.iterdir())


def test_a_demo_that_stays_serves_on_until_it_is_told_to_end(directory):
    with started(directory, "demo", "--serve", "--calls", "24", "--json") as (process, line):
        assert healthy(json.loads(line)["address"])
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def test_equal_seeds_send_equal_calls():
    assert list(errands(50, 7)) == list(errands(50, 7))
    assert list(errands(50, 7)) != list(errands(50, 8))


@pytest.fixture
def balanced():
    """The outcome of a demo without calls, whose books balance."""
    nothing = UsageRow((), 0, 0, NO_USAGE, 0, 0, 0)
    return Outcome((), 1.0, (), (), (), nothing, 0, 0, ())


def test_a_demo_balances_only_to_the_nano_dollar_and_only_when_verified(balanced):
    assert balanced.balances
    assert not replace(balanced, invoiced_nanos=1).balances
    assert not replace(balanced, invoiced_calls=1).balances
    assert not replace(balanced, findings=(Finding("9 balance", "total", "1", "2"),)).balances
