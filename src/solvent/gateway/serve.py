"""Serving: the gateway on uvicorn, with an address to show and streams that drain when it stops."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import uvicorn

from solvent.app import App
from solvent.errors import ConfigurationError
from solvent.gateway.app import create_app

GRACE_S: Final = 30
KEEP_ALIVE_S: Final = 75
_BACKLOG: Final = 2048


def bound_socket(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens on *host* and *port* (0 takes a free one).

    *shared* lets several processes listen on the same port; the kernel spreads connections among them.

    Raises:
        ConfigurationError: the address is taken, or is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; stop what does, or choose another port"
        ) from error
    return listener


class _Server(uvicorn.Server):
    """A server that says when it listens, and leaves signals to whoever runs it."""

    def __init__(self, app: App) -> None:
        super().__init__(
            uvicorn.Config(
                create_app(app),
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="none",
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=KEEP_ALIVE_S,
                server_header=False,
                date_header=False,
            )
        )
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def run_on(self, listener: socket.socket) -> None:
        """Serve on *listener* until ``should_exit``, then drain what is under way."""
        await self._serve([listener])


@asynccontextmanager
async def serving(
    app: App, host: str = "127.0.0.1", port: int = 0, *, shared: bool = False
) -> AsyncIterator[str]:
    """Serve *app* while the context is open, and yield its address, such as ``http://127.0.0.1:4000``.

    When it closes, no new call is taken and those under way have ``GRACE_S`` seconds to end.

    Raises:
        ConfigurationError: the address cannot be listened on.
    """
    listener = bound_socket(host, port, shared=shared)
    running = _Server(app)
    task = asyncio.create_task(running.run_on(listener))
    try:
        await running.up.wait()
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{listener.getsockname()[1]}"
    finally:
        running.should_exit = True
        await task
        listener.close()


async def until_stopped() -> None:
    """Return when the process is told to stop: SIGTERM, or Ctrl-C."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
