"""The app: opens adapters, hands them to services, keeps house in the background, closes everything in order.

No rules live here. Whoever needs solvent whole (the gateway, a command, a program through ``LLMService``) enters
``opened`` once and uses what it yields.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, fields
from typing import Self

from solvent.budgets.desk import Desk
from solvent.calls.face import CallFace
from solvent.calls.finish import Bookkeeper
from solvent.calls.narrator import CallNarrator
from solvent.calls.path import CallPath
from solvent.calls.reserve import Terms, Till
from solvent.calls.route import Router
from solvent.calls.send import Sender
from solvent.domain.clock import Clock, SystemClock
from solvent.domain.ids import Ids, RandomIds
from solvent.domain.money import Money
from solvent.errors import SolventError, StorageError
from solvent.ledger.recover import recover, sweep
from solvent.ports.journal import Journal
from solvent.ports.narrator import Narrator
from solvent.ports.storage import Store
from solvent.ports.upstream import Deadlines, Upstream
from solvent.pricing.book import PriceBook
from solvent.pricing.bound import Ceilings
from solvent.pricing.operator import OperatorPrices
from solvent.pricing.tokens import TokenCounter
from solvent.providers.catalog import Catalog
from solvent.providers.credentials import Credentials
from solvent.providers.http import HttpUpstream
from solvent.risk.assess import Levels
from solvent.risk.budgeting import LimitDesk
from solvent.risk.card import default_card, read_card
from solvent.risk.limits import LimitRules, checked_rates
from solvent.risk.service import RiskService, RiskTerms
from solvent.settings import Settings
from solvent.storage.open import open_journal, open_store

log = logging.getLogger("solvent")


@dataclass(frozen=True, slots=True)
class Outside:
    """What comes from outside and may be replaced in tests: time, ids, and the way to providers."""

    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)
    upstream: Upstream | None = None


@dataclass(frozen=True, slots=True)
class Adapters:
    """What was opened, and is closed again."""

    store: Store
    journal: Journal
    upstream: Upstream


@dataclass(frozen=True, slots=True)
class App:
    """Everything that is open."""

    settings: Settings
    clock: Clock
    ids: Ids
    store: Store
    journal: Journal
    desk: Desk
    catalog: Catalog
    book: PriceBook
    counter: TokenCounter
    router: Router
    till: Till
    path: CallPath

    def face(self) -> CallFace:
        """Return the face of the path for programs."""
        return CallFace(path=self.path, till=self.till, router=self.router, clock=self.clock, ids=self.ids)

    def risk(self) -> "RiskAssessmentService":
        """Return the assessment of payment risk, with the model that the settings name.

        Raises:
            ConfigurationError: the card, the levels or the rates cannot be used.
        """
        model = self.settings.risk_model
        narrator = None if model is None else CallNarrator(self.face(), model)
        books = Books(self.clock, self.store, self.desk)
        return RiskAssessmentService(books, self.settings, self.ids, narrator)


@dataclass(frozen=True, slots=True)
class Books:
    """Budgets and the book without a way to providers: enough to look, to define and to verify."""

    clock: Clock
    store: Store
    desk: Desk


def price_book(settings: Settings) -> PriceBook:
    """Return the price list in force: bundled or refreshed, with the operator's own prices over it.

    Raises:
        ConfigurationError: a file cannot be read or used.
    """
    book = PriceBook.load(settings.price_list) if settings.price_list else PriceBook.bundled()
    if settings.prices_file is None:
        return book
    return book.with_operator(OperatorPrices.load(settings.prices_file))


def ceilings(settings: Settings) -> Ceilings:
    """Return what a call is assumed to use where its body does not tell."""
    return Ceilings(**{field.name: getattr(settings, field.name) for field in fields(Ceilings)})


def deadlines(settings: Settings) -> Deadlines:
    """Return how long a provider may take."""
    return Deadlines(
        connect_s=settings.connect_timeout_s,
        first_byte_s=settings.first_byte_timeout_s,
        between_chunks_s=settings.chunk_timeout_s,
        whole_s=settings.call_timeout_s,
    )


def risk_terms(settings: Settings) -> RiskTerms:
    """Return what the operator chose for payment risk.

    Raises:
        ConfigurationError: the card cannot be read or used, the levels do not rise, or a rate is of no currency.
    """
    return RiskTerms(
        card=read_card(settings.risk_card) if settings.risk_card else default_card(),
        levels=Levels(settings.risk_medium_from, settings.risk_high_from, settings.risk_critical_from),
        grace_days=settings.risk_grace_days,
        legal_threats=settings.risk_legal_threats,
        limits=LimitRules(
            share=settings.risk_limit_share,
            floor_nanos=Money.parse(settings.risk_limit_floor_usd),
            cap_nanos=Money.parse(settings.risk_limit_cap_usd),
            contact_cost_nanos=Money.parse(settings.risk_contact_cost_usd),
            period=settings.risk_limit_period,
            rates=checked_rates(settings.risk_rates),
        ),
    )


@asynccontextmanager
async def opened(settings: Settings, outside: Outside | None = None) -> AsyncIterator[App]:
    """Open solvent as *settings* say, and close it when the context ends.

    Before anything is served, what processes that died left open is closed by what their journals tell.

    Raises:
        ConfigurationError, StorageError: it cannot be opened; nothing was changed.
    """
    world = outside or Outside()
    book = price_book(settings)
    catalog = Catalog.bundled().with_operator(settings.providers)
    store = await open_store(settings.database_url, clock=world.clock)
    try:
        journal = open_journal(settings.database_url, clock=world.clock, ids=world.ids)
        upstream = world.upstream or await HttpUpstream.open()
        try:
            app = _assembled(settings, world, Adapters(store, journal, upstream), catalog, book)
            await keep_house(app)
            async with _housekeeping(app):
                yield app
        finally:
            await upstream.close()
            journal.close()
    finally:
        await store.close()


@asynccontextmanager
async def opened_books(settings: Settings, clock: Clock) -> AsyncIterator[Books]:
    """Open the store that *settings* name, and close it when the context ends; no call in flight is touched.

    Raises:
        ConfigurationError, StorageError: it cannot be opened.
    """
    store = await open_store(settings.database_url, clock=clock)
    try:
        yield Books(clock, store, Desk(store, clock, tick_s=settings.busy_tick_s))
    finally:
        await store.close()


def _assembled(
    settings: Settings, world: Outside, adapters: Adapters, catalog: Catalog, book: PriceBook
) -> App:
    clock, counter = world.clock, TokenCounter()
    store, journal = adapters.store, adapters.journal
    desk = Desk(store, clock, tick_s=settings.busy_tick_s)
    router = Router(catalog, book)
    terms = Terms(
        policy=settings.policy,
        busy_wait_s=settings.busy_wait_s,
        clamp_floor_tokens=settings.clamp_floor_tokens,
        call_s=settings.call_timeout_s,
        hold_grace_s=settings.hold_grace_s,
        ceilings=ceilings(settings),
    )
    till = Till(desk, counter, clock, journal.owner, terms)
    path = CallPath(
        router=router,
        till=till,
        sender=Sender(
            adapters.upstream, Credentials(os.environ, settings.credentials_file), deadlines(settings)
        ),
        bookkeeper=Bookkeeper(router, counter),
        desk=desk,
        journal=journal,
        clock=clock,
        max_reply_bytes=settings.max_reply_bytes,
    )
    return App(settings, clock, world.ids, store, journal, desk, catalog, book, counter, router, till, path)


async def keep_house(app: App) -> None:
    """Do one round: close what is owed, what dead processes left, and what is past its deadline.

    Idempotent; a round that dies half-way is finished by the next, in this process or another.
    """
    for reservation_id in await app.desk.pay_owed():
        app.journal.closed(reservation_id)
    await recover(app.store, app.journal)
    await sweep(app.store, app.clock)


@asynccontextmanager
async def _housekeeping(app: App) -> AsyncIterator[None]:
    task = asyncio.create_task(_rounds(app))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(StorageError):
            await keep_house(app)


async def _rounds(app: App) -> None:
    while True:
        await asyncio.sleep(app.settings.sweep_s)
        try:
            await keep_house(app)
        except SolventError as error:
            log.warning("housekeeping is put off: %s", error.message)


def _chosen(settings: Settings | None, overrides: Mapping[str, object]) -> Settings:
    return Settings.load(overrides) if settings is None else settings.overridden(overrides)


class LLMService(CallFace):
    """Solvent inside a program: ``async with LLMService.open() as llm``."""

    def __init__(self, app: App) -> None:
        super().__init__(path=app.path, till=app.till, router=app.router, clock=app.clock, ids=app.ids)
        self._app = app

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings | None = None, *, outside: Outside | None = None, **overrides: object
    ) -> AsyncIterator[Self]:
        """Open solvent (``solvent.db`` here, keys from the environment) and close it when the context ends.

        *overrides* are settings by name, over *settings*, or over those of the file and the environment.

        Raises:
            ConfigurationError, StorageError: it cannot be opened; nothing was changed.
        """
        async with opened(_chosen(settings, overrides), outside) as app:
            yield cls(app)

    @property
    def budgets(self) -> Desk:
        """The desk: define budgets and see how they stand."""
        return self._app.desk

    @property
    def ledger(self) -> Store:
        """The book: entries and usage."""
        return self._app.store

    def available_providers(self) -> tuple[str, ...]:
        """Return the providers that calls may name."""
        return tuple(provider.name for provider in self._app.catalog.providers)


class RiskAssessmentService(RiskService):
    """Payment risk inside a program: ``async with RiskAssessmentService.open() as risk``."""

    def __init__(self, books: Books, settings: Settings, ids: Ids, narrator: Narrator | None = None) -> None:
        store, clock, terms = books.store.risk, books.clock, risk_terms(settings)
        super().__init__(store=store, clock=clock, ids=ids, terms=terms, narrator=narrator)
        self._limits = LimitDesk(store=store, purse=books.desk, clock=clock, ids=ids, rules=terms.limits)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings | None = None, *, outside: Outside | None = None, **overrides: object
    ) -> AsyncIterator["RiskAssessmentService"]:
        """Open solvent and close it when the context ends; see ``LLMService.open``."""
        async with opened(_chosen(settings, overrides), outside) as app:
            yield app.risk()

    @property
    def limits(self) -> LimitDesk:
        """Customers' budgets from what contacting them is worth: planned, applied, taken back."""
        return self._limits
