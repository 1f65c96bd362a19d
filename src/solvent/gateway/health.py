"""Health: whether the process lives, and whether it can pay for calls now."""

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from solvent.app import App
from solvent.errors import StorageError

_NOBODY: Final = "nobody"


async def alive(_request: Request) -> JSONResponse:
    """Answer 200 while the process serves."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Answers 200 when the store can be written and nothing is owed, else 503 with the reason."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def answer(self, _request: Request) -> JSONResponse:
        """Let the store write nothing, which fails where a call's hold would, and say what is owed to it."""
        found: dict[str, object] = {"status": "ok", "settlements_owed": self._app.desk.owed}
        try:
            await self._app.store.leave_line(_NOBODY)
        except StorageError as error:
            return JSONResponse(found | {"status": "storage", "reason": error.message}, status_code=503)
        if self._app.desk.owed:
            return JSONResponse(found | {"status": "owing"}, status_code=503)
        return JSONResponse(found)


def routes(app: App) -> list[Route]:
    """Return the routes of health."""
    return [
        Route("/healthz", alive, methods=["GET"]),
        Route("/readyz", Readiness(app).answer, methods=["GET"]),
    ]
