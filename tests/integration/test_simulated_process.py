"""The simulated provider as a process of its own."""

import signal
import subprocess
import sys
import urllib.request

import orjson
import pytest

MODULE = "solvent.providers.simulated"


@pytest.fixture
def started():
    running = []

    def start(*arguments):
        process = subprocess.Popen([sys.executable, "-m", MODULE, *arguments], stdout=subprocess.PIPE)
        running.append(process)
        return process, orjson.loads(process.stdout.readline())["url"]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def posted(url, document):
    request = urllib.request.Request(url, orjson.dumps(document), {"content-type": "application/json"})  # noqa: S310 - this machine
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - as above
        return orjson.loads(reply.read())


def test_a_process_says_where_it_listens_bills_by_its_prices_and_ends_on_a_signal(started):
    prices = orjson.dumps({"*": {"input_nanos": 0, "output_nanos": 5_000_000}}).decode()
    process, url = started("--port", "0", "--prices", prices)
    messages = [{"role": "user", "content": "[[sim output=3]]"}]
    reply = posted(f"{url}/v1/chat/completions", {"model": "m", "messages": messages})
    assert reply["usage"]["completion_tokens"] == 3
    with urllib.request.urlopen(f"{url}/invoice") as invoice:  # noqa: S310 - this machine
        assert orjson.loads(invoice.read())["total_nanos"] == 15
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("prices", ["{", '{"m": {"input": 1}}'])
def test_prices_that_cannot_be_read_end_the_process_with_a_word(prices):
    ended = subprocess.run(
        [sys.executable, "-m", MODULE, "--port", "0", "--prices", prices], capture_output=True, check=False
    )
    assert ended.returncode == 2
    assert b"--prices" in ended.stderr
