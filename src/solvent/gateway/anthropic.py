"""Anthropic's surface: messages, and counting their tokens."""

from functools import partial

from starlette.routing import Route

from solvent.app import App
from solvent.domain.call import Dialect, Operation
from solvent.gateway.exchange import Exchange
from solvent.gateway.openai import body_target


def routes(app: App) -> list[Route]:
    """Return the routes of the surface."""
    served = (
        ("/v1/messages", Operation.GENERATE),
        ("/v1/messages/count_tokens", Operation.COUNT),
    )
    return [
        Route(
            path,
            Exchange(app, "anthropic", Dialect.ANTHROPIC_MESSAGES, partial(body_target, operation)),
            methods=["POST"],
        )
        for path, operation in served
    ]
