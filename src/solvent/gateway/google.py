"""Google's surface: generate, stream, count, embed; the model is in the path."""

from functools import partial
from typing import Final
from urllib.parse import parse_qs

from starlette.routing import Route
from starlette.types import Scope

from solvent.app import App
from solvent.domain.call import Dialect, Json, Operation
from solvent.errors import CallInvalid
from solvent.gateway.exchange import Exchange, Target

_VERBS: Final = (
    ("generateContent", Dialect.GOOGLE_GENERATE, Operation.GENERATE),
    ("streamGenerateContent", Dialect.GOOGLE_GENERATE, Operation.GENERATE),
    ("countTokens", Dialect.GOOGLE_GENERATE, Operation.COUNT),
    ("embedContent", Dialect.GOOGLE_EMBED, Operation.EMBED),
    ("batchEmbedContents", Dialect.GOOGLE_EMBED, Operation.EMBED),
)


def _target(operation: Operation, scope: Scope, _document: Json, *, stream: bool) -> Target:
    """Return what the address names.

    Raises:
        CallInvalid: a stream is wanted as one JSON array, a form that is whole only when all is over.
    """
    if stream and parse_qs(scope["query_string"]).get(b"alt") != [b"sse"]:
        raise CallInvalid("solvent streams as events; add ?alt=sse to the address")
    return Target(scope["path_params"]["model"], operation, stream)


def routes(app: App) -> list[Route]:
    """Return the routes of the surface, under both versions that the SDKs use."""
    return [
        Route(
            f"/{version}/models/{{model:path}}:{verb}",
            Exchange(
                app,
                "google",
                dialect,
                partial(_target, operation, stream=verb == "streamGenerateContent"),
            ),
            methods=["POST"],
        )
        for version in ("v1beta", "v1")
        for verb, dialect, operation in _VERBS
    ]
