"""The gateway: every surface on one application."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from solvent.app import App
from solvent.gateway import anthropic, google, health, models, openai
from solvent.gateway.management import create_management
from solvent.gateway.nowhere import not_here


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
    return Starlette(routes=routes, exception_handlers={404: not_here, 405: not_here})
