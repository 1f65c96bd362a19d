"""Management under ``/api``: budgets, balances, holds, usage, calls, prices; described by ``/api/openapi.json``.

Every body is read by a model that forbids unknown fields; a refused request changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from solvent.app import App
from solvent.domain.period import Period
from solvent.errors import CallInvalid, SolventError
from solvent.gateway import risk
from solvent.gateway.errors import error_reply
from solvent.gateway.nowhere import not_here
from solvent.gateway.schemas import (
    BudgetBody,
    BudgetView,
    EntryView,
    HoldView,
    PriceView,
    StandingView,
    UsageView,
    instant,
)
from solvent.ports.storage import Filter

MAX_PRICES: Final = 500
_Text = Annotated[str | None, Field(max_length=400)]


def _app(request: Request) -> App:
    found: App = request.app.state.solvent
    return found


class _Asked(BaseModel):
    """The query of usage. A moment without a zone is UTC, and a tag is ``KEY=VALUE``."""

    model_config = ConfigDict(extra="forbid")

    since: datetime | None = Field(None, alias="from")
    until: datetime | None = Field(None, alias="to")
    provider: _Text = None
    model: _Text = None
    customer: _Text = None
    agent: _Text = None
    campaign: _Text = None
    tag: _Text = None
    by: list[str] = Field(default_factory=list, max_length=8)

    def wanted(self) -> Filter:
        """Return which entries are meant.

        Raises:
            CallInvalid: the stretch is turned round, or a tag is no pair.
        """
        from_us = None if self.since is None else instant("from", self.since)
        to_us = None if self.until is None else instant("to", self.until)
        if from_us is not None and to_us is not None and from_us > to_us:
            raise CallInvalid("'from' is later than 'to'; swap them")
        key, equals, value = (self.tag or "").partition("=")
        if self.tag is not None and not (key and equals and value):
            raise CallInvalid(f"a tag is KEY=VALUE; got {self.tag!r}")
        return Filter(
            from_us=from_us,
            to_us=to_us,
            provider=self.provider,
            model=self.model,
            customer_id=self.customer,
            agent_id=self.agent,
            campaign_id=self.campaign,
            tag=None if self.tag is None else (key, value),
        )


Solvent = Annotated[App, Depends(_app)]
router = APIRouter()


@router.get("/budgets")
async def list_budgets(app: Solvent) -> list[BudgetView]:
    """List the budgets, defaults and inactive ones included."""
    return [BudgetView.of(budget) for budget in await app.desk.budgets()]


@router.put("/budgets")
async def define_budget(app: Solvent, body: BudgetBody) -> BudgetView:
    """Put a budget in force; it replaces the one with the same scope, period and kind. Idempotent."""
    budget = body.budget()
    await app.desk.define(budget)
    return BudgetView.of(budget)


@router.delete("/budgets")
async def remove_budget(
    app: Solvent, scope: str, period: Period, kind: Literal["hard", "soft"] = "hard"
) -> BudgetView | None:
    """Take a budget out of force and return what it was; null where there was none. Idempotent."""
    removed = await app.desk.remove(scope, period, hard=kind == "hard")
    return None if removed is None else BudgetView.of(removed)


@router.get("/balances")
async def list_balances(
    app: Solvent, scope: Annotated[str | None, Query(max_length=400)] = None
) -> list[StandingView]:
    """Show how budgets stand now: limit, spent, held, available, reset; for one scope, or all that count."""
    return [StandingView.of(standing) for standing in await app.desk.standings(scope)]


@router.get("/holds")
async def list_holds(app: Solvent) -> list[HoldView]:
    """Show the calls in flight and what they hold, oldest first."""
    return [HoldView.of(hold) for hold in await app.desk.holds()]


@router.get("/usage")
async def show_usage(app: Solvent, asked: Annotated[_Asked, Query()]) -> list[UsageView]:
    """Show totals by any of model, provider, customer, agent, campaign, tag:KEY, day, hour; dearest first."""
    names = tuple(asked.by)
    return [UsageView.of(names, row) for row in await app.store.usage(asked.wanted(), names)]


@router.get("/calls/{call_id}")
async def show_call(app: Solvent, call_id: str) -> list[EntryView]:
    """Show the entries of one call: its attempts and their corrections, in the order they were booked."""
    pages: list[EntryView] = []
    async for page in app.store.entries(Filter(call_id=call_id)):
        pages += [EntryView.of(entry) for entry in page]
    return pages


@router.get("/prices")
async def list_prices(app: Solvent, text: Annotated[str, Query(max_length=200)] = "") -> list[PriceView]:
    """Find models in the price list whose provider or name contains *text*; at most 500."""
    found = app.book.search(text)[:MAX_PRICES]
    return [PriceView(source=row.source, model=row.model, context_tokens=row.context_tokens) for row in found]


async def _solvent_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, SolventError):
        raise error
    reply = error_reply(error, "solvent")
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)


async def _invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return await _solvent_error(request, CallInvalid(_told(error.errors())))


def _told(issues: Sequence[Any]) -> str:
    return "; ".join(f"{'.'.join(map(str, issue['loc'][1:])) or 'body'}: {issue['msg']}" for issue in issues)


def create_management(app: App) -> FastAPI:
    """Return the application to mount under ``/api``. It has no pages, so nothing is loaded from elsewhere.

    Raises:
        ConfigurationError: the card or another setting of payment risk cannot be used.
    """
    api = FastAPI(title="solvent", version="1", docs_url=None, redoc_url=None)
    api.state.solvent = app
    api.state.risk = app.risk()
    api.add_exception_handler(HTTPException, not_here)
    api.add_exception_handler(SolventError, _solvent_error)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.include_router(router)
    api.include_router(risk.router)
    return api
