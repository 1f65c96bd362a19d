"""The models that a call may name: those of the catalog that have a price, as OpenAI and Anthropic list them."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from solvent.app import App
from solvent.domain.call import Json
from solvent.domain.clock import to_iso
from solvent.errors import ModelNotAllowed
from solvent.gateway.errors import error_reply


class Models:
    """Serves ``/v1/models``; a client that sends ``anthropic-version`` gets Anthropic's shape."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def every(self, request: Request) -> Response:
        """List all models by ``provider/model``."""
        names = self._names()
        if "anthropic-version" not in request.headers:
            return JSONResponse({"object": "list", "data": [_openai(*name) for name in names]})
        listed = [_anthropic(*name) for name in names]
        ends: Json = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"]} if listed else {}
        return JSONResponse({"data": listed, "has_more": False} | ends)

    async def one(self, request: Request) -> Response:
        """Describe one model."""
        asked = request.path_params["model"]
        anthropic = "anthropic-version" in request.headers
        for provider, model in self._names():
            if asked in (model, f"{provider}/{model}"):
                return JSONResponse(_anthropic(provider, model) if anthropic else _openai(provider, model))
        error = ModelNotAllowed(f"no priced model is called {asked[:80]!r}; see /v1/models")
        reply = error_reply(error, "anthropic" if anthropic else "openai")
        return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)

    def _names(self) -> list[tuple[str, str]]:
        sources: dict[str, list[str]] = {}
        for listed in self._app.book.search(""):
            sources.setdefault(listed.source, []).append(listed.model)
        return sorted(
            (provider.name, model)
            for provider in self._app.catalog.providers
            if provider.base_url
            for model in sources.get(provider.price_source, ())
        )


def _openai(provider: str, model: str) -> Json:
    return {"id": f"{provider}/{model}", "object": "model", "created": 0, "owned_by": provider}


def _anthropic(provider: str, model: str) -> Json:
    return {
        "type": "model",
        "id": f"{provider}/{model}",
        "display_name": f"{model} ({provider})",
        "created_at": to_iso(0),
    }


def routes(app: App) -> list[Route]:
    """Return the routes of the list."""
    models = Models(app)
    return [
        Route("/v1/models", models.every, methods=["GET"]),
        Route("/v1/models/{model:path}", models.one, methods=["GET"]),
    ]
