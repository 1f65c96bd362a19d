"""A relay without accounting, to measure the gateway beside: the same server, loop and client library, no more.

Run: ``python bench/bare_relay.py PROVIDER_URL``. Prints one line of JSON with its address.
"""

import json
import sys

import aiohttp
import uvicorn
import uvloop
from starlette.types import Receive, Scope, Send

from solvent.gateway.serve import bound_socket


class Relay:
    """Hands each body on and each answer back, as they come."""

    def __init__(self, session: aiohttp.ClientSession, provider_url: str) -> None:
        self._session = session
        self._provider_url = provider_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts, more = [], True
        while more:
            message = await receive()
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        url = self._provider_url + scope["path"]
        sent = {"content-type": "application/json", "accept-encoding": "identity"}
        async with self._session.post(url, data=b"".join(parts), headers=sent) as reply:
            kind = [(b"content-type", reply.headers["content-type"].encode())]
            if reply.content_length is not None:
                kind.append((b"content-length", str(reply.content_length).encode()))
            await send({"type": "http.response.start", "status": reply.status, "headers": kind})
            while piece := await reply.content.readany():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def main(provider_url: str) -> None:
    listener = bound_socket("127.0.0.1", 0)
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar, auto_decompress=False) as session:
        config = uvicorn.Config(
            Relay(session, provider_url),
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1])) if len(sys.argv) == 2 else sys.exit(__doc__)
