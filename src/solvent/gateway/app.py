"""The gateway: every surface on one application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from solvent.app import App
from solvent.gateway import anthropic, google, health, models, openai
from solvent.gateway.management import create_management


async def _not_here(_request: Request, error: Exception) -> Response:
    """Answer what no route serves, in a shape that every SDK can read."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = error.headers if isinstance(error, HTTPException) else None
    said = "no such address" if status == 404 else getattr(error, "detail", "")  # noqa: PLR2004 - HTTP's number
    told = {
        "code": "address_unknown",
        "message": f"{said}; the routes are in the reference",
        "type": "not_found",
    }
    return JSONResponse({"error": told}, status_code=status, headers=headers)


def create_app(app: App) -> Starlette:
    """Return the ASGI application that serves *app*, which stays open as long as it is used."""
    routes: list[Route | Mount] = [
        *openai.routes(app),
        *anthropic.routes(app),
        *google.routes(app),
        *models.routes(app),
        *health.routes(app),
        Mount("/api", create_management(app)),
    ]
    return Starlette(routes=routes, exception_handlers={404: _not_here, 405: _not_here})
