"""Clients that leave at every chunk, read slowly or never, vanish in line: charged right, cancelled upstream."""

import asyncio
import socket
from contextlib import suppress

import aiohttp
import orjson
import pytest

from solvent.app import opened
from solvent.domain.entry import Certainty, Outcome
from solvent.gateway import serve
from solvent.ports.storage import Filter
from solvent.settings import Settings


def chat(directive, **fields):
    text = f"hello [[sim {directive}]]"
    return {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}


class RawClient:
    """A client that speaks HTTP by hand, so that it can stop anywhere."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def calling(cls, gateway, body, headers=(), *, receive_bytes=None):
        """Send a call; with *receive_bytes*, through a socket that takes in no more than that unread."""
        connection = socket.socket()
        connection.settimeout(0)
        if receive_bytes:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        address = ("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]))
        await asyncio.get_running_loop().sock_connect(connection, address)
        reader, writer = await asyncio.open_connection(sock=connection, limit=2**16)
        raw = orjson.dumps(body)
        head = ["POST /v1/chat/completions HTTP/1.1", "host: test", f"content-length: {len(raw)}", *headers]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + raw)
        await writer.drain()
        return cls(reader, writer)

    async def events(self, count):
        """Read *count* events of a stream."""
        for _ in range(count):
            await self.reader.readuntil(b"data: ")

    async def vanish(self):
        """Break the connection, as a client that is killed does."""
        self.writer.transport.abort()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


async def until(gateway, holds):
    """Ask the gateway for its health until *holds* says so."""
    async with asyncio.timeout(10):
        while not await holds():
            await gateway.get("/healthz")


async def booked(gateway):
    """Return the entry of the only call, when it is booked."""

    async def there():
        return await gateway.entries()

    await until(gateway, there)
    await gateway.books_balance()
    (entry,) = await gateway.entries()
    return entry


@pytest.mark.parametrize("events", range(7))
async def test_a_client_that_leaves_at_any_chunk_pays_for_what_was_streamed(gateway, events):
    client = await RawClient.calling(gateway, chat("output=400 chunk_ms=20", stream=True))
    await until(gateway, gateway.app.desk.holds)
    await client.events(events)
    await client.vanish()
    entry = await booked(gateway)
    (line,) = gateway.sim.invoice().lines or (None,)
    assert entry.outcome in (Outcome.ABORTED, Outcome.LOST)
    assert entry.cost_nanos <= entry.bound_nanos
    if entry.outcome is Outcome.ABORTED:
        assert entry.certainty is Certainty.COUNTED
        assert entry.usage.output >= max(0, events - 1) * 4 - 4
    assert line is None or not line.complete
    assert gateway.sim.abandoned == 1


async def test_a_client_that_leaves_before_the_first_byte_cancels_its_stream_upstream(gateway):
    client = await RawClient.calling(gateway, chat("hang=true", stream=True))

    async def asked():
        return gateway.sim.calls

    await until(gateway, asked)
    await client.vanish()
    entry = await booked(gateway)
    assert (entry.outcome, entry.cost_nanos) == (Outcome.LOST, entry.bound_nanos)
    assert gateway.sim.abandoned == 1


async def test_a_whole_answer_is_finished_and_booked_exactly_though_its_client_has_left(gateway):
    client = await RawClient.calling(gateway, chat("output=9 latency_ms=300"))

    async def asked():
        return gateway.sim.calls

    await until(gateway, asked)
    await client.vanish()
    entry = await booked(gateway)
    assert (entry.outcome, entry.certainty, entry.usage.output) == (Outcome.OK, Certainty.EXACT, 9)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_while_it_waits_in_line_is_never_sent_and_lets_the_next_go(
    gateway, stream
):
    await gateway.budget("total", "0.01")
    dear = chat("output=5 latency_ms=700", max_tokens=16_000)
    holder = asyncio.create_task(gateway.post("/v1/chat/completions", dear))
    await until(gateway, gateway.app.desk.holds)
    leaver = await RawClient.calling(gateway, chat("output=1", max_tokens=16_000, stream=stream))
    await until(gateway, lambda: in_line(gateway, 1))
    stayer = asyncio.create_task(gateway.post("/v1/chat/completions", dear))
    await until(gateway, lambda: in_line(gateway, 2))
    await leaver.vanish()
    await until(gateway, lambda: in_line(gateway, 1))
    assert not holder.done()
    assert [status for status, _, _ in await asyncio.gather(holder, stayer)] == [200, 200]
    assert gateway.sim.calls == 2
    assert len(await gateway.entries()) == 2
    await gateway.books_balance()


async def in_line(gateway, count):
    """Say whether *count* calls stand in line, here and in the file."""
    here = sum(map(len, gateway.app.desk._line._lines.values()))
    kept = await gateway.app.store._reader.run(
        lambda connection: connection.execute("SELECT count(*) FROM waiting").fetchone()[0]
    )
    return here == kept == count


async def test_a_slow_reader_gets_everything_and_is_booked_exactly(gateway):
    body = chat("output=3000 chunk_tokens=30", stream=True, max_tokens=3000)
    client = await RawClient.calling(gateway, body, ["connection: close"], receive_bytes=4096)
    seen = b""
    while piece := await client.reader.read(700):
        seen += piece
    await client.vanish()
    assert seen.count(b"[DONE]") == 1
    entry = await booked(gateway)
    assert (entry.usage.output, entry.certainty) == (3000, Certainty.EXACT)


async def test_a_client_that_never_reads_holds_money_no_longer_than_a_call_may_take(open_house):
    gateway = await open_house(call_timeout_s=1)
    body = chat("output=60000 overrun=true chunk_tokens=1", stream=True)
    client = await RawClient.calling(gateway, body, receive_bytes=2048)
    entry = await booked(gateway)
    ways = {(Outcome.ABORTED, Certainty.COUNTED), (Outcome.CUT, Certainty.PRESUMED)}
    assert (entry.outcome, entry.certainty) in ways, (
        "let go by solvent, or the provider's time was over first"
    )
    assert gateway.sim.abandoned == 1
    await client.vanish()


async def test_a_client_that_closes_its_side_only_after_the_end_mark_is_booked_exactly(gateway):
    client = await RawClient.calling(gateway, chat("output=12", stream=True))
    await client.reader.readuntil(b"[DONE]")
    await client.vanish()
    entry = await booked(gateway)
    assert (entry.outcome, entry.certainty, entry.usage.output) == (Outcome.OK, Certainty.EXACT, 12)


async def test_many_who_leave_leave_nothing(gateway):
    await gateway.budget("total", "0.05")
    clients = [
        await RawClient.calling(gateway, chat("output=200 chunk_ms=10", stream=True, max_tokens=8000))
        for _ in range(40)
    ]
    await until(gateway, gateway.app.desk.holds)
    for client in clients:
        await client.vanish()

    async def quiet():
        return not await gateway.app.desk.holds() and await in_line(gateway, 0)

    await until(gateway, quiet)
    await gateway.books_balance()
    status, _, _ = await gateway.post("/v1/chat/completions", chat("output=1", max_tokens=10))
    assert status == 200


async def test_streams_that_outlive_the_grace_of_an_ending_gateway_pay_for_what_was_streamed(
    tmp_path, sim, monkeypatch
):
    monkeypatch.setattr(serve, "GRACE_S", 0.2)
    settings = Settings.load(
        {"database_url": f"sqlite:///{tmp_path / 'solvent.db'}", "providers": sim.as_providers()},
        environment={},
    )
    async with aiohttp.ClientSession() as http:
        async with opened(settings) as app, serve.serving(app) as url:
            body = chat("output=4000 chunk_ms=20", stream=True)
            replies = [await http.post(url + "/v1/chat/completions", json=body) for _ in range(5)]
            for reply in replies:
                await reply.content.readany()
        for reply in replies:
            reply.close()
    async with opened(settings) as successor:
        entries = [entry async for page in successor.store.entries(Filter()) for entry in page]
        assert not await successor.store.verify()
        assert not await successor.desk.holds()
    assert [(entry.outcome, entry.certainty) for entry in entries] == [
        (Outcome.ABORTED, Certainty.COUNTED)
    ] * len(replies)
