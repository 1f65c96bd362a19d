"""``solvent serve``: the gateway, in this process or in several that share its port."""

import asyncio
import gc
import ipaddress
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Coroutine
from contextlib import suppress
from typing import Annotated, Any, Final, TypeVar

import typer
from uvicorn.loops.auto import auto_loop_factory

from solvent.app import opened
from solvent.cli.opening import Database, settings_for
from solvent.cli.screen import AsJson, show, warn
from solvent.errors import CallInvalid, ConfigurationError
from solvent.gateway.serve import serving, until_stopped
from solvent.settings import Settings
from solvent.storage.open import files

T = TypeVar("T")

MAX_WORKERS: Final = 64


def serve(
    *,
    host: Annotated[
        str | None, typer.Option(help="The address to listen on, instead of the setting.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The port, instead of the setting; 0 takes a free one."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=MAX_WORKERS, help="Processes that share the port.")] = 1,
    as_json: AsJson = False,
    database: Database = None,
    shared: Annotated[bool, typer.Option("--shared", hidden=True)] = False,
) -> None:
    """Serve the gateway until Ctrl-C or SIGTERM; streams under way may end before it does."""
    settings = settings_for(database, host=host, port=port)
    if not shared:
        _warn_of_reach(settings.host)
    if workers == 1:
        run(_serve(settings, shared=shared, as_json=as_json))
        return
    if settings.port == 0:
        raise CallInvalid("several workers share one port; name it with --port")
    if files(settings.database_url) is None:
        raise CallInvalid(f"several workers need one book, and {settings.database_url} is each process's own")
    run(_serve_by(workers, settings, as_json=as_json))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run *work* on the fastest event loop that is installed, and return its result."""
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(work)


async def _serve(settings: Settings, *, shared: bool, as_json: bool) -> None:
    async with opened(settings) as app, serving(app, settings.host, settings.port, shared=shared) as address:
        stop = asyncio.create_task(until_stopped())
        await asyncio.sleep(0)  # so that it hears a signal before anyone knows whom to send one
        gc.freeze()  # what is open by now lasts as long as the process: no collector need walk it again
        _announce(address, settings, as_json=as_json)
        await stop


def _announce(address: str, settings: Settings, *, as_json: bool) -> None:
    """Say where solvent listens, at once, so that whoever started it can go on."""
    document = {"address": address, "database_url": settings.database_url}
    people = f"solvent listens on {address}; the book is {settings.database_url}. Ctrl-C ends it."
    show(document, people, as_json=as_json)
    sys.stdout.flush()


def _warn_of_reach(host: str) -> None:
    if not is_loopback(host):
        warn(
            f"warning: solvent listens on {host}, and it asks callers for no key: whoever reaches it can spend. "
            "Let only those in who may, or listen on 127.0.0.1."
        )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach *host*."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve_by(count: int, settings: Settings, *, as_json: bool) -> None:
    """Keep *count* processes on one port, and start another where one ends by itself."""
    workers: dict[asyncio.Task[int], Process] = {}
    stop = asyncio.create_task(until_stopped())
    try:
        for _ in range(count):
            await _add(workers, settings)
        _announce(f"http://{settings.host}:{settings.port}", settings, as_json=as_json)
        while not stop.done():
            await asyncio.wait({stop, *workers}, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in workers if task.done()]:
                gone = workers.pop(task)
                warn(f"worker {gone.pid} ended with status {gone.returncode}; another takes its place")
                await _add(workers, settings)
    finally:
        stop.cancel()
        await _end(workers)


async def _add(workers: dict[asyncio.Task[int], Process], settings: Settings) -> None:
    """Start a worker and wait until it listens. It has a session of its own: Ctrl-C reaches only its parent.

    Raises:
        ConfigurationError: it ended before it listened; its own words are on stderr.
    """
    where = ("--host", settings.host, "--port", str(settings.port), "--database", settings.database_url)
    command = (sys.executable, "-m", "solvent.cli", "serve", *where, "--shared", "--json")
    worker = await asyncio.create_subprocess_exec(*command, stdout=PIPE, start_new_session=True)
    workers[asyncio.create_task(worker.wait())] = worker
    if worker.stdout is None or not await worker.stdout.readline():
        raise ConfigurationError("a worker did not start; what it said stands above")


async def _end(workers: dict[asyncio.Task[int], Process]) -> None:
    for worker in workers.values():
        with suppress(ProcessLookupError):
            worker.terminate()
    if workers:
        await asyncio.wait(workers)
