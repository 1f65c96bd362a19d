"""OpenAI's surface: chat completions, responses, embeddings."""

from functools import partial

from starlette.routing import Route
from starlette.types import Scope

from solvent.app import App
from solvent.domain.call import Dialect, Json, Operation
from solvent.errors import CallInvalid
from solvent.gateway.exchange import Exchange, Target


def body_target(operation: Operation, _scope: Scope, document: Json) -> Target:
    """Return what a body names that holds the model and the stream switch itself.

    Raises:
        CallInvalid: the model is missing, or a field is of another type.
    """
    model, stream = document.get("model"), document.get("stream", False)
    if not isinstance(model, str) or not model:
        raise CallInvalid("the call names no model; set 'model' to a text such as openai/gpt-4o-mini")
    if stream is not None and not isinstance(stream, bool):
        raise CallInvalid(f"'stream' is true or false, not {type(stream).__name__}")
    return Target(model, operation, bool(stream))


def routes(app: App) -> list[Route]:
    """Return the routes of the surface."""
    served = (
        ("/v1/chat/completions", Dialect.OPENAI_CHAT, Operation.GENERATE),
        ("/v1/responses", Dialect.OPENAI_RESPONSES, Operation.GENERATE),
        ("/v1/embeddings", Dialect.OPENAI_EMBEDDINGS, Operation.EMBED),
    )
    return [
        Route(path, Exchange(app, "openai", dialect, partial(body_target, operation)), methods=["POST"])
        for path, dialect, operation in served
    ]
