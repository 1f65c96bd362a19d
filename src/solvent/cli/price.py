"""``solvent price``: look prices up, declare your own, see how one comes about, fetch a newer list."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Final

import typer

from solvent.app import price_book
from solvent.calls.route import Router
from solvent.cli import moments, pricing
from solvent.cli.opening import settings_for
from solvent.cli.screen import AsJson, figures, progress, show, table, warn, words
from solvent.domain.clock import SystemClock, to_iso
from solvent.domain.money import Money
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import CallInvalid
from solvent.pricing.declare import set_price
from solvent.pricing.operator import OperatorPrices, as_document
from solvent.pricing.refresh import DEFAULT_UPDATE_URL, refresh
from solvent.providers.catalog import Catalog
from solvent.settings import Settings

OWN_PRICES: Final = Path("solvent-prices.toml")
OWN_LIST: Final = Path("solvent-price-list.json")

app = typer.Typer(no_args_is_help=True, help="Look prices up, declare your own, see how one comes about.")

At = Annotated[
    str,
    typer.Option(
        "--at", metavar="WHEN", help="Whose prices are meant: a date, an instant, or 7d for seven days ago."
    ),
]
PerMillion = Annotated[
    str | None, typer.Option(metavar="DOLLARS", help="Dollars for a million tokens of this kind.")
]


@app.command("show")
def show_prices(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="A part of the model's name; all models when left out.")
    ] = "",
    *,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this provider.")] = None,
    at: At = "now",
    as_json: AsJson = False,
) -> None:
    """Show list prices as solvent charges them, in dollars per million tokens, and the prices you declared."""
    settings = settings_for(None)
    book, at_us = price_book(settings), moments.moment(at, SystemClock().now_us())
    offers = pricing.offers(book, _catalog(settings), text, provider, at_us)
    own = _declared(settings)
    document = {
        "at": to_iso(at_us),
        "models": [pricing.offer_document(offer) for offer in offers],
        "declared": as_document(own),
    }
    listed = pricing.offers_table(offers) if offers else f"No listed model has {text!r} in its name."
    declared = (
        [pricing.declared_table(own, f"Declared in {settings.prices_file}")]
        if own.prices or own.factors
        else []
    )
    show(document, listed, *declared, as_json=as_json)


@app.command("explain")
def explain_price(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="As a call names it, such as openai/gpt-4o-mini.")
    ],
    *,
    read: Annotated[int, typer.Option("--input", metavar="TOKENS", min=0, help="Input tokens.")] = 0,
    written: Annotated[int, typer.Option("--output", metavar="TOKENS", min=0, help="Output tokens.")] = 0,
    cached: Annotated[
        int, typer.Option("--cached-input", metavar="TOKENS", min=0, help="Input tokens read from a cache.")
    ] = 0,
    counted: Annotated[
        list[str] | None,
        typer.Option(
            "--usage", metavar="BUCKET=COUNT", help="Any other bucket of usage, such as reasoning=500."
        ),
    ] = None,
    choice: Annotated[
        list[str] | None,
        typer.Option(
            "--choice", metavar="KEY=VALUE", help="A choice in the call, such as service_tier=flex."
        ),
    ] = None,
    at: At = "now",
    as_json: AsJson = False,
) -> None:
    """Show how the cost of a call comes about: which price, which tier, each bucket, and the sum."""
    settings = settings_for(None)
    at_us = moments.moment(at, SystemClock().now_us())
    usage = _usage({"input": read, "output": written, "cached_input": cached}, counted or [])
    catalog, book = _catalog(settings), price_book(settings)
    deployment = catalog.resolve(model)
    context = tuple(_pair(text) for text in choice or [])
    rate = Router(catalog, book).rate_of(deployment, deployment.model, at_us, context)
    account = pricing.account(rate, usage)
    drawn = table(words("bucket"), figures("count"), figures("dollars each million"), figures("cost"))
    for part in account.parts:
        drawn.add_row(part.bucket, f"{part.count:,}", part.usd_per_million, f"${part.usd}")
    show(
        pricing.account_document(account, at_us),
        f"{rate.name} at {to_iso(at_us)}\nprice: {rate.version}; {account.tier}",
        drawn,
        f"cost: {Money.show(account.cost_nanos)} (exactly ${account.usd}, rounded up to whole nano-dollars)",
        as_json=as_json,
    )


@app.command("set")
def declare_price(
    model: Annotated[
        str, typer.Argument(metavar="PROVIDER/MODEL", help="* ends a name that stands for several.")
    ],
    *,
    read: Annotated[
        str | None, typer.Option("--input", metavar="DOLLARS", help="Dollars for a million input tokens.")
    ] = None,
    written: Annotated[
        str | None, typer.Option("--output", metavar="DOLLARS", help="Dollars for a million output tokens.")
    ] = None,
    cached_input: PerMillion = None,
    cache_write_5m: PerMillion = None,
    cache_write_1h: PerMillion = None,
    reasoning: PerMillion = None,
    input_audio: PerMillion = None,
    output_audio: PerMillion = None,
    per_request: Annotated[str | None, typer.Option(metavar="DOLLARS", help="Dollars for each call.")] = None,
    free: Annotated[bool, typer.Option("--free", help="It costs nothing; zero is never assumed.")] = False,
    since: Annotated[
        str,
        typer.Option("--from", metavar="WHEN", help="The price holds from here on: a date or an instant."),
    ] = "now",
    as_json: AsJson = False,
) -> None:
    """Declare your own price: a dated row is added to the prices file, and no row that is there changes."""
    settings = settings_for(None)
    provider, name = _target(model, _catalog(settings))
    said = {
        "input": read,
        "output": written,
        "cached_input": cached_input,
        "cache_write_5m": cache_write_5m,
        "cache_write_1h": cache_write_1h,
        "reasoning": reasoning,
        "input_audio": input_audio,
        "output_audio": output_audio,
        "per_request": per_request,
    }
    path = settings.prices_file or OWN_PRICES
    declared = set_price(
        path,
        from_us=moments.moment(since, SystemClock().now_us()),
        prices={bucket: _decimal(bucket, text) for bucket, text in said.items() if text is not None},
        model=name,
        provider=provider,
        free=free,
    )
    row = as_document(declared)["price"][-1]
    show({"file": str(path), "price": row}, f"{path} now has a price for {model}.", as_json=as_json)
    _hint("prices_file", settings.prices_file, path)


@app.command("refresh")
def refresh_prices(
    *,
    url: Annotated[str, typer.Option(help="Where the list is published.")] = DEFAULT_UPDATE_URL,
    as_json: AsJson = False,
) -> None:
    """Fetch a newer price list than the installed one; the only command that asks the network for prices."""
    settings = settings_for(None)
    path = settings.price_list or OWN_LIST
    with progress(f"fetching {url}"):
        snapshot = refresh(path, now_us=SystemClock().now_us(), url=url)
    document = {"file": str(path), "models": snapshot.models, "fetched_at": to_iso(snapshot.fetched_us)}
    show(document, f"{snapshot.models:,} models are now listed in {path}.", as_json=as_json)
    _hint("price_list", settings.price_list, path)


def _catalog(settings: Settings) -> Catalog:
    return Catalog.bundled().with_operator(settings.providers)


def _declared(settings: Settings) -> OperatorPrices:
    return OperatorPrices() if settings.prices_file is None else OperatorPrices.load(settings.prices_file)


def _hint(setting: str, named: Path | None, path: Path) -> None:
    """Say how the file comes into force where no setting names it."""
    if named is None:
        warn(f'It is not in force yet: write {setting} = "{path}" into solvent.toml.')


def _target(text: str, catalog: Catalog) -> tuple[str, str]:
    provider, slash, model = text.partition("/")
    known = [row.name for row in catalog.providers]
    if not slash or not model or provider not in known:
        raise CallInvalid(f"{text!r} is not PROVIDER/MODEL; the providers are {', '.join(sorted(known))}")
    return provider, model


def _decimal(bucket: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise CallInvalid(f"the price for {bucket} is dollars such as 0.15; got {text!r}") from None


def _usage(named: dict[str, int], others: list[str]) -> Usage:
    counts = {bucket: count for bucket, count in named.items() if count}
    for text in others:
        bucket, count = _pair(text)
        if bucket not in BUCKETS or bucket in counts or not count.isdecimal():
            raise CallInvalid(f"--usage {text}: give a count, once, for one of {', '.join(BUCKETS)}")
        counts[bucket] = int(count)
    return Usage(**counts).checked()


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise CallInvalid(f"{text!r} is not of the form NAME=VALUE")
    return key, value
