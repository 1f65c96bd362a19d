"""Real exchanges: none cost more than its bound would have held, and each costs what the catalog itself says."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from genai_prices.data import providers

from solvent.app import ceilings
from solvent.dialects.base import Facts
from solvent.dialects.table import codec
from solvent.domain.call import Demand, Dialect
from solvent.domain.clock import from_datetime
from solvent.domain.money import Money
from solvent.domain.usage import Usage
from solvent.pricing.book import PriceBook
from solvent.pricing.bound import bound
from solvent.pricing.models import output_max
from solvent.pricing.operator import OperatorPrices
from solvent.pricing.tokens import TokenCounter
from solvent.settings import Settings

EXCHANGES = Path(__file__).resolve().parents[2] / ".." / "shared" / "wire" / "exchanges.jsonl"
if not EXCHANGES.exists() and os.environ.get("CI") != "true":
    pytest.skip(f"no recorded exchanges at {EXCHANGES}", allow_module_level=True)

CEILINGS = ceilings(Settings())
MOMENT = datetime(2026, 11, 1, 12, tzinfo=UTC)
UNLISTED = """
[[price]]                     # what the catalog has no price for, declared as an operator would
provider = "openrouter"
per_web_search = "0.01"
[[price]]
model = "minimax/minimax-m2:free"
free = true
[[price]]
model = "compound-beta"
input = "1"
output = "1"
per_web_search = "0.01"
"""


def dialect_of(path: str) -> Dialect | None:
    endings = {
        "/chat/completions": Dialect.OPENAI_CHAT,
        "/responses": Dialect.OPENAI_RESPONSES,
        "/messages": Dialect.ANTHROPIC_MESSAGES,
        "enerateContent": Dialect.GOOGLE_GENERATE,
    }
    return next((dialect for end, dialect in endings.items() if path.endswith(end)), None)


def model_of(exchange: dict[str, Any]) -> str:
    named: str = exchange["request"].get("model") or exchange["path"].rpartition("/")[2].partition(":")[0]
    return named


def answered() -> list[dict[str, Any]]:
    lines = EXCHANGES.read_text("utf-8").splitlines()
    found = (json.loads(line) for line in lines)
    return [one for one in found if one["status"] == 200 and dialect_of(one["path"])]


def read(exchange: dict[str, Any]) -> tuple[Demand, tuple[str, ...], Facts]:
    dialect = dialect_of(exchange["path"])
    assert dialect is not None
    speaks, request = codec(dialect), exchange["request"]
    body = json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode()
    demand, texts = speaks.demand(request, len(body)), tuple(speaks.texts(request))
    if exchange["kind"] == "json":
        return demand, texts, speaks.facts(exchange["response"])
    tap = speaks.tap()
    tap.feed(exchange["response"].encode())
    tap.end()
    return demand, texts, tap.facts()


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.bundled().with_operator(OperatorPrices.parse(UNLISTED))


@pytest.fixture(scope="module")
def counter() -> TokenCounter:
    return TokenCounter()


@pytest.mark.parametrize("recorded", answered(), ids=lambda one: f"{one['provider']}-{one['id']}")
def test_no_recorded_call_cost_more_than_its_bound(
    recorded: dict[str, Any], book: PriceBook, counter: TokenCounter
) -> None:
    demand, texts, facts = read(recorded)
    usage = facts.usage or Usage()
    source, model = recorded["provider"], model_of(recorded)
    rate = book.rate(
        source, model, from_datetime(MOMENT), context=demand.price_context, provider=recorded["provider"]
    )
    counted = counter.count(source, model, texts, demand.messages, demand.tools)
    for tokens in {None, counted}:
        most = bound(rate, demand, CEILINGS, output_max=output_max(source, model), tokens=tokens)
        assert usage.input_tokens <= most.input_tokens
        assert usage.output_tokens <= most.output_tokens
        assert rate.cost(usage) <= most.nanos


FLAVORS = {Dialect.OPENAI_CHAT: "chat", Dialect.OPENAI_RESPONSES: "responses"}


def extracted_nanos(exchange: dict[str, Any]) -> int | None:
    """The cost by the catalog's own reading of the reply; None where it cannot read that provider's."""
    provider = next(one for one in providers if one.id == exchange["provider"])
    flavors = {extractor.api_flavor for extractor in provider.extractors or ()}
    dialect = dialect_of(exchange["path"])
    flavor = FLAVORS.get(dialect, "default") if dialect else "default"
    flavor = flavor if flavor in flavors else "default"
    if (
        exchange["kind"] != "json"
        or flavor not in flavors
        or "usage" not in str(exchange["response"])[:20_000]
    ):
        return None
    _, usage = provider.extract_usage(exchange["response"], api_flavor=flavor)
    model = provider.find_model(model_of(exchange), all_providers=list(providers))
    if model is None:
        return None
    return Money.ceil(model.calc_price(usage, provider, genai_request_timestamp=MOMENT).total_price)


def test_each_whole_reply_costs_what_the_catalog_reads_and_calculates_itself() -> None:
    bundled, compared = PriceBook.bundled(), 0
    for exchange in answered():
        wanted = extracted_nanos(exchange)
        if wanted is None:
            continue
        _, _, facts = read(exchange)
        assert facts.usage is not None
        rate = bundled.rate(exchange["provider"], model_of(exchange), from_datetime(MOMENT))
        assert rate.cost(facts.usage) == wanted, exchange["id"]
        compared += 1
    assert compared >= 35


@pytest.mark.parametrize(
    "recorded",
    [
        one
        for one in map(json.loads, EXCHANGES.read_text("utf-8").splitlines())
        if one["path"].endswith("/count_tokens") and one["status"] == 200
    ],
    ids=lambda one: str(one["id"]),
)
def test_anthropics_own_count_is_within_the_bound_by_bytes(recorded: dict[str, Any], book: PriceBook) -> None:
    body = json.dumps(recorded["request"], separators=(",", ":")).encode()
    demand = codec(Dialect.ANTHROPIC_MESSAGES).demand(recorded["request"], len(body))
    rate = book.rate("anthropic", model_of(recorded), from_datetime(MOMENT))
    most = bound(rate, demand, CEILINGS, output_max=None)
    assert recorded["response"]["input_tokens"] <= most.input_tokens
