import asyncio
import gzip
import socket
import zlib
from contextlib import asynccontextmanager

import orjson
import pytest

from solvent.errors import UpstreamTimeout, UpstreamUnavailable
from solvent.ports.upstream import Deadlines, UpstreamCall
from solvent.providers.http import HttpUpstream
from solvent.testing import Behavior, SimulatedProvider

PATIENT = Deadlines(connect_s=10, first_byte_s=30, between_chunks_s=30, whole_s=60)
LIMIT_BYTES = 1_000_000


@pytest.fixture
async def upstream():
    async with await HttpUpstream.open() as client:
        yield client


@pytest.fixture
async def sim():
    async with SimulatedProvider() as provider:
        yield provider


def call(url, deadlines=PATIENT, body=b"{}", headers=()):
    return UpstreamCall("acme", url, (("content-type", "application/json"), *headers), body, deadlines)


def chat(sim, directive="", *, stream=False, deadlines=PATIENT):
    messages = [{"role": "user", "content": f"hello [[sim {directive}]]"}]
    body = orjson.dumps({"model": "gpt-4o-mini", "messages": messages, "stream": stream})
    return call(f"{sim.url}/v1/chat/completions", deadlines, body)


@asynccontextmanager
async def speaking(answer, *, asked=True, then_close=True):
    """A server that reads one call (unless it speaks unasked) and then says *answer*, byte for byte."""
    heard = []

    async def serve(reader, writer):
        try:
            if asked:
                heard.append(await reader.readuntil(b"\r\n\r\n{}"))
            writer.write(answer)
            await writer.drain()
            if not then_close:
                await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1/x", heard


async def fetched(upstream, exchange, limit_bytes=LIMIT_BYTES):
    reply = await upstream.send(exchange)
    try:
        return await reply.read(limit_bytes)
    finally:
        await reply.close()


def head(*headers, status="200 OK"):
    return f"HTTP/1.1 {status}\r\n".encode() + b"".join(f"{line}\r\n".encode() for line in headers) + b"\r\n"


def sized(body, *headers, status="200 OK"):
    return head("connection: close", f"content-length: {len(body)}", *headers, status=status) + body


async def test_a_reply_is_read_whole_with_its_status_and_headers(upstream, sim):
    reply = await upstream.send(chat(sim, "output=3"))
    assert reply.status == 200
    assert reply.headers["Content-Type"] == reply.headers["content-type"] == "application/json"
    assert orjson.loads(await reply.read(LIMIT_BYTES))["usage"]["completion_tokens"] == 3
    await reply.close()


async def test_a_stream_comes_piece_by_piece(upstream, sim):
    reply = await upstream.send(chat(sim, "output=12 chunk_tokens=1", stream=True))
    body = b"".join([chunk async for chunk in reply.chunks()])
    assert body.count(b'"content":" ') == 12
    assert body.endswith(b"data: [DONE]\n\n")


async def test_a_large_call_is_sent_whole(upstream, sim):
    body = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "x" * 4_000_000}]})
    reply = orjson.loads(await fetched(upstream, call(f"{sim.url}/v1/chat/completions", body=body)))
    assert reply["usage"]["prompt_tokens"] == 1_000_000


async def test_an_error_reply_is_a_reply(upstream, sim):
    reply = await upstream.send(chat(sim, "status=429 retry_after_s=7"))
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert b"rate_limit" in await reply.read(LIMIT_BYTES)


async def test_a_redirect_is_not_followed_and_no_cookie_comes_back(upstream):
    moved = sized(b"", "location: http://127.0.0.1:1/", "set-cookie: a=b", status="307 Temporary Redirect")
    async with speaking(moved) as (url, heard):
        for _ in range(2):
            reply = await upstream.send(call(url))
            assert reply.status == 307
            await reply.close()
    assert len(heard) == 2
    assert b"cookie" not in heard[1].lower()


async def test_the_address_is_sent_exactly_as_it_was_built(upstream):
    async with speaking(sized(b"{}")) as (url, heard):
        reply = await upstream.send(call(url + "%2F%3Fa:gen?alt=sse"))
        await reply.close()
    assert heard[0].startswith(b"POST /v1/x%2F%3Fa:gen?alt=sse HTTP/1.1\r\n")


async def test_a_refused_connection_is_not_billed(upstream):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(UpstreamUnavailable) as caught:
            await upstream.send(call(url))
    assert (caught.value.failure.billed, caught.value.failure.kind) == ("no", "unreachable")


async def test_a_host_without_an_address_is_not_billed(upstream):
    with pytest.raises(UpstreamUnavailable) as caught:
        await upstream.send(call("http://no-such-host.invalid/v1"))
    assert caught.value.failure.billed == "no"


async def test_a_failed_handshake_is_not_billed(upstream):
    async with speaking(b"this is no TLS\r\n", asked=False) as (url, _):
        with pytest.raises(UpstreamUnavailable) as caught:
            await upstream.send(call(url.replace("http://", "https://")))
    assert caught.value.failure.billed == "no"


async def test_a_connection_that_is_not_accepted_in_time_is_not_billed(upstream):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        try:
            for client in waiting:
                client.setblocking(False)  # noqa: FBT003 - the socket's own signature
                client.connect_ex(("127.0.0.1", port))
            with pytest.raises(UpstreamTimeout) as caught:
                await upstream.send(call(f"http://127.0.0.1:{port}/", Deadlines(0.05, 30, 30, 60)))
        finally:
            for client in waiting:
                client.close()
    assert caught.value.failure.billed == "no"


async def test_a_provider_that_never_answers_is_given_up_and_may_be_billed(upstream, sim):
    with pytest.raises(UpstreamTimeout, match=r"no reply within 0\.05 s") as caught:
        await upstream.send(chat(sim, "hang=1", deadlines=Deadlines(10, 0.05, 30, 60)))
    assert caught.value.failure.billed == "unknown"


async def test_the_whole_deadline_also_bounds_the_first_byte(upstream, sim):
    with pytest.raises(UpstreamTimeout):
        await upstream.send(chat(sim, "hang=1", deadlines=Deadlines(10, 30, 30, 0.05)))


async def test_a_stream_that_falls_silent_is_given_up(upstream):
    silent = head("transfer-encoding: chunked") + b"5\r\nhello\r\n"
    async with speaking(silent, then_close=False) as (url, _):
        reply = await upstream.send(call(url, Deadlines(10, 30, 0.05, 60)))
        chunks = reply.chunks()
        assert await anext(chunks) == b"hello"
        with pytest.raises(UpstreamTimeout, match="fell silent for") as caught:
            await anext(chunks)
        await reply.close()
    assert caught.value.failure.billed == "unknown"


async def test_a_stream_that_drips_for_ever_meets_the_whole_deadline(upstream, sim):
    reply = await upstream.send(
        chat(sim, "output=20000 chunk_ms=1", stream=True, deadlines=Deadlines(10, 30, 30, 0.2))
    )
    with pytest.raises(UpstreamTimeout, match="not done after"):
        await reply.read(10**9)
    await reply.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage that is no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "garbage", "length", "endless header"],
)
async def test_a_broken_head_is_an_unavailable_provider_that_may_bill(upstream, answer):
    async with speaking(answer) as (url, _):
        with pytest.raises(UpstreamUnavailable) as caught:
            await upstream.send(call(url))
    assert (caught.value.failure.billed, caught.value.failure.kind) == ("unknown", "broken")


@pytest.mark.parametrize(
    "answer",
    [
        head("content-length: 100") + b"short",
        head("transfer-encoding: chunked") + b"5\r\nhello\r\n",
        head("transfer-encoding: chunked") + b"5\r\nhello\r\nzz\r\n",
    ],
    ids=["short of its length", "no last chunk", "no chunk size"],
)
async def test_a_body_that_breaks_off_is_never_whole(upstream, answer):
    async with speaking(answer) as (url, _):
        with pytest.raises(UpstreamUnavailable) as caught:
            await fetched(upstream, call(url))
    assert caught.value.failure.billed == "unknown"


async def test_a_reset_after_the_head_is_never_whole(upstream, sim):
    with pytest.raises(UpstreamUnavailable):
        await fetched(upstream, chat(sim, "reset=1"))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("GZIP", gzip.compress)],
)
async def test_a_reply_compressed_unasked_is_read_all_the_same(upstream, encoding, pack):
    body = bytes(range(256)) * 2000
    async with speaking(sized(pack(body), f"content-encoding: {encoding}")) as (url, _):
        assert await fetched(upstream, call(url)) == body


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"\x0b\x02\x80"),
        ("gzip, gzip", b"x"),
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"x" * 9999)[:-12]),
    ],
)
async def test_an_encoding_that_cannot_be_read_is_no_reply(upstream, encoding, body):
    async with speaking(sized(body, f"content-encoding: {encoding}")) as (url, _):
        with pytest.raises(UpstreamUnavailable) as caught:
            await fetched(upstream, call(url))
    assert caught.value.failure.billed == "unknown"


async def test_a_compressed_bomb_is_refused_before_it_fills_memory(upstream, sim):
    with pytest.raises(UpstreamUnavailable, match="more than the 1000000 bytes"):
        await fetched(upstream, chat(sim, "bomb_mb=50"))


async def test_a_compressed_bomb_is_streamed_in_small_pieces(upstream, sim):
    reply = await upstream.send(chat(sim, "bomb_mb=20"))
    sizes = [len(chunk) async for chunk in reply.chunks()]
    assert sum(sizes) == 20 * 2**20
    assert max(sizes) <= 65_536


async def test_a_reply_of_exactly_the_limit_is_read_and_one_byte_more_is_not(upstream):
    async with speaking(sized(b"x" * 100)) as (url, _):
        assert len(await fetched(upstream, call(url), 100)) == 100
        with pytest.raises(UpstreamUnavailable, match="more than the 99 bytes"):
            await fetched(upstream, call(url), 99)


async def test_an_endless_line_passes_in_bounded_pieces(upstream, sim):
    reply = await upstream.send(chat(sim, "output=2 line_mb=10", stream=True))
    sizes = [len(chunk) async for chunk in reply.chunks()]
    assert sum(sizes) > 10 * 2**20
    assert max(sizes) < 2**20


async def test_a_stream_of_single_bytes_is_whole(upstream, sim):
    assert (await fetched(upstream, chat(sim, "output=2 dribble=1", stream=True))).endswith(
        b"data: [DONE]\n\n"
    )


async def test_closing_an_unfinished_reply_cancels_it_at_the_provider(upstream, sim):
    sim.script(Behavior(output=20_000, chunk_ms=1))
    reply = await upstream.send(chat(sim, stream=True))
    await anext(reply.chunks())
    await reply.close()
    await reply.close()
    await abandoned(sim)
    assert not sim.invoice().lines[0].complete
    assert sim.invoice().lines[0].counts.output < 20_000


async def test_a_cancelled_send_is_cancelled_at_the_provider(upstream, sim):
    sending = asyncio.create_task(upstream.send(chat(sim, "hang=1")))
    while not sim.calls:
        await asyncio.wait([sending], timeout=0.001)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await abandoned(sim)


async def test_a_finished_exchange_leaves_its_connection_for_the_next(upstream):
    async def serve(reader, writer):
        peers.append(writer.get_extra_info("peername"))
        for _ in range(3):
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(head("content-length: 2") + b"{}")
        await reader.read()
        writer.close()

    peers = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for _ in range(3):
            assert await fetched(upstream, call(url)) == b"{}"
        await upstream.close()
    assert len(peers) == 1


async def test_no_secret_is_shown_when_an_exchange_fails(upstream):
    secret = call("http://127.0.0.1:1/", headers=(("authorization", "Bearer sk-secret"),), body=b"sk-secret")
    with pytest.raises(UpstreamUnavailable) as caught:
        await upstream.send(secret)
    assert "sk-secret" not in f"{caught.value!r} {caught.value.__cause__!r} {secret!r}"


async def abandoned(sim):
    """Wait until the provider has noticed that its client left."""
    while not sim.abandoned:
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.005)
