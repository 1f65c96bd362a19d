"""The gateway's application, driven by hand where a server cannot be made to keep an order of events."""

import asyncio

import orjson

from solvent.gateway.app import create_app


async def test_a_stream_is_not_answered_twice_when_the_server_forgets_the_client_with_the_last_byte(gateway):
    messages = [{"role": "user", "content": "[[sim output=8 latency_ms=300]]"}]
    body = orjson.dumps({"model": "gpt-4o-mini", "messages": messages, "max_tokens": 8, "stream": True})
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    waiting = [{"type": "http.request", "body": body}]
    ended = asyncio.Event()
    sent = []

    async def receive():
        if waiting:
            return waiting.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            ended.set()
            for _ in range(10):
                await asyncio.sleep(0)

    await create_app(gateway.app)(scope, receive, send)

    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [200]
    assert b"".join(message.get("body", b"") for message in sent).endswith(b"data: [DONE]\n\n")
    (entry,) = await gateway.entries()
    assert entry.usage.output_tokens == 8
    assert not entry.detail
    await gateway.books_balance()
