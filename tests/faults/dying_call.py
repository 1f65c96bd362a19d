"""A process that makes one call and is killed at a step of its path. Run by the tests, never collected.

Arguments: database URL, address of the simulated provider, step, and ``stream`` or ``whole``.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from solvent.app import Outside, opened
from solvent.providers.config import ProviderConfig
from solvent.providers.http import HttpUpstream
from solvent.settings import Settings

BEFORE, AFTER = "before", "after"


def die() -> None:
    """End this process as a power cut of the process would: no handler, no finally."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """Stands before a port and kills the process before or after one of its verbs."""

    def __init__(self, inner: Any, step: str, reply_of: Any = None) -> None:
        self._inner = inner
        self._when, _, self._verb = step.partition("-")
        self._reply_of = reply_of

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._verb:
            return found
        if not asyncio.iscoroutinefunction(found):
            return lambda *args, **named: self._around(found, args, named)
        return lambda *args, **named: self._awaited(found, args, named)

    def _around(self, found: Any, args: Any, named: Any) -> Any:
        if self._when == BEFORE:
            die()
        found(*args, **named)
        return die()

    async def _awaited(self, found: Any, args: Any, named: Any) -> Any:
        if self._when == BEFORE:
            die()
        await found(*args, **named)
        return die()


async def call(database: str, sim: str, step: str, mode: str) -> None:
    """Make the call; a step that never comes is an exit with status 3, which the test does not expect."""
    rows = {"openai": ProviderConfig(base_url=sim + "/v1", auth="none")}
    settings = Settings.load({"database_url": database, "providers": rows}, environment={})
    upstream = Dying(await HttpUpstream.open(), step)
    async with opened(settings, Outside(upstream=upstream)) as app:
        app.desk._store = Dying(app.store, step)
        app.path._journal = Dying(app.journal, step)
        messages = [{"role": "user", "content": "hello [[sim output=40 chunk_ms=1]]"}]
        face = app.face()
        if mode == "stream":
            async for delta in face.stream("openai/gpt-4o-mini", messages, customer_id="c1"):
                if step == "mid-stream" and delta.text:
                    die()
        else:
            await face.chat("openai/gpt-4o-mini", messages, customer_id="c1")
    sys.exit(3)


if __name__ == "__main__":
    asyncio.run(call(*sys.argv[1:]))
