"""The book: which entries a filter names, totals by any grouping, and the store's end."""

import asyncio
import random

import pytest

from solvent.domain.clock import US_PER_S
from solvent.domain.entry import Outcome
from solvent.domain.usage import Usage
from solvent.errors import CallInvalid, StorageUnavailable
from solvent.ports.storage import Filter

MINUTE_US = 60 * US_PER_S
HOUR_US = 60 * MINUTE_US


async def collected(store, wanted, **order):
    return [entry async for page in store.entries(wanted, **order) for entry in page]


@pytest.fixture
async def filled(store, teller, clock):
    """The store after 60 calls of several customers over two days, some presumed, some of those corrected."""
    dice = random.Random(7)
    asks = []
    for number in range(60):
        clock.advance(47 * MINUTE_US + 1)
        tags = [("team", dice.choice("xy"))] if number % 3 else []
        asks.append(
            teller.ask(
                f"call_{number:03}",
                customer=dice.choice(["c1", "c2", None]),
                agent=dice.choice(["a1", None]),
                campaign="q4" if number % 2 else None,
                tags=[*tags, ("zone", "eu")] if number % 5 else tags,
                provider=dice.choice(["openai", "anthropic"]),
            )
        )
    await asyncio.gather(*map(store.reserve, asks))
    await asyncio.gather(*(store.presume(ask.id, "hold expired") for ask in asks[::4]))
    paid = {ask.id: costing(dice, teller, ask) for number, ask in enumerate(asks) if number % 8}
    await asyncio.gather(*(store.settle(call_id, (entry,)) for call_id, entry in paid.items()))
    return store


def costing(dice, teller, ask):
    outcome = dice.choice([Outcome.OK, Outcome.CUT])
    return teller.paid(ask, dice.randrange(900), outcome=outcome, model=dice.choice(["gpt", "gpt-2"]))


async def test_totals_of_everything_are_the_sums_of_the_entries(filled):
    entries = await collected(filled, Filter())
    (row,) = await filled.usage(Filter(), [])
    assert row.group == ()
    assert row.calls == 60
    assert row.cost_nanos == sum(entry.cost_nanos for entry in entries)
    assert row.usage == sum((entry.usage for entry in entries), Usage())
    assert row.latency_ms == sum(entry.latency_ms for entry in entries)
    assert row.presumed_nanos == 8 * 1000


async def test_totals_of_nothing_are_one_row_of_zeros(store):
    (row,) = await store.usage(Filter(), [])
    assert (row.group, row.calls, row.cost_nanos, row.usage) == ((), 0, 0, Usage())
    assert list(await store.usage(Filter(), ["model"])) == []


GROUPINGS = [
    ["model"],
    ["provider", "model"],
    ["customer"],
    ["agent", "campaign"],
    ["day"],
    ["hour", "customer"],
    ["tag:team"],
    ["customer", "tag:team", "day"],
    ["tag:team", "tag:zone"],
    ["tag:absent"],
]


@pytest.mark.parametrize("group_by", GROUPINGS, ids="+".join)
async def test_groups_add_up_to_the_whole_and_come_dearest_first(filled, group_by):
    (whole,) = await filled.usage(Filter(), [])
    rows = await filled.usage(Filter(), group_by)
    assert len({row.group for row in rows}) == len(rows)
    assert {len(row.group) for row in rows} == {len(group_by)}
    for name in ("calls", "failures", "cost_nanos", "presumed_nanos", "latency_ms"):
        assert sum(getattr(row, name) for row in rows) == getattr(whole, name)
    assert sum((row.usage for row in rows), Usage()) == whole.usage
    assert [row.cost_nanos for row in rows] == sorted((row.cost_nanos for row in rows), reverse=True)


async def test_a_group_without_a_value_is_named_by_none(filled):
    rows = await filled.usage(Filter(), ["customer"])
    assert {row.group for row in rows} == {("c1",), ("c2",), (None,)}
    tags = await filled.usage(Filter(), ["tag:team"])
    assert {row.group for row in tags} == {("x",), ("y",), (None,)}


@pytest.mark.parametrize(
    "fields",
    [
        {"customer_id": "c1"},
        {"agent_id": "a1", "provider": "openai"},
        {"campaign_id": "q4", "model": "gpt-2"},
        {"tag": ("team", "x")},
        {"tag": ("team", "x"), "customer_id": "c2"},
        {"call_id": "call_007"},
        {"customer_id": "nobody"},
        {"from_us": 100 * MINUTE_US},
        {"to_us": 1000 * MINUTE_US},
        {"from_us": 47 * MINUTE_US + 1, "to_us": 2 * (47 * MINUTE_US + 1)},
        {"from_us": 61 * MINUTE_US, "to_us": 62 * MINUTE_US},
        {"from_us": 333 * MINUTE_US, "to_us": 2222 * MINUTE_US, "customer_id": "c1"},
        {"from_us": 9 * HOUR_US, "to_us": 5 * HOUR_US},
    ],
    ids=str,
)
@pytest.mark.parametrize("group_by", [[], ["tag:team"], ["day", "tag:zone"]], ids=str)
async def test_a_filter_names_the_same_entries_for_every_question(filled, fields, group_by):
    begin_us = 1_767_268_800_000_000
    shifted = {name: value + begin_us if name.endswith("_us") else value for name, value in fields.items()}
    wanted = Filter(**shifted)
    entries = await collected(filled, wanted)
    everything = await collected(filled, Filter())
    assert entries == [entry for entry in everything if plainly_named(entry, shifted)]
    assert await filled.count(wanted) == len(entries)
    rows = await filled.usage(wanted, group_by)
    assert sum(row.cost_nanos for row in rows) == sum(entry.cost_nanos for entry in entries)
    assert sum((row.usage for row in rows), Usage()) == sum((entry.usage for entry in entries), Usage())


def plainly_named(entry, fields):
    """Say again, in the simplest words, what a filter means."""
    facts = {
        "provider": entry.provider,
        "model": entry.model,
        "call_id": entry.call_id,
        "customer_id": entry.attribution.customer_id,
        "agent_id": entry.attribution.agent_id,
        "campaign_id": entry.attribution.campaign_id,
    }
    return (
        fields.get("from_us", 0) <= entry.admitted_us < fields.get("to_us", 2**62)
        and all(value == fields[name] for name, value in facts.items() if name in fields)
        and ("tag" not in fields or fields["tag"] in entry.attribution.tags)
    )


async def test_entries_come_in_the_order_they_were_booked_or_newest_first(filled):
    entries = await collected(filled, Filter())
    assert await collected(filled, Filter(), newest_first=True) == entries[::-1]
    corrections = [entry for entry in entries if entry.corrects is not None]
    assert corrections
    for line in corrections:
        assert [entry.id for entry in entries].index(line.corrects) < entries.index(line)


async def test_pages_are_one_snapshot_while_others_book(store, teller):
    asks = [teller.ask(f"call_{number:04}") for number in range(1500)]
    await asyncio.gather(*map(store.reserve, asks))
    await asyncio.gather(*(store.presume(ask.id, "lost") for ask in asks))
    pages = store.entries(Filter())
    first = await anext(pages)
    await store.reserve(teller.ask("late"))
    await store.presume("late", "lost")
    rest = [entry async for page in pages for entry in page]
    assert len(first) + len(rest) == 1500
    assert await store.count(Filter()) == 1501


@pytest.mark.parametrize("name", ["tag", "tag:", "colour", "model:x", "", "customer; DROP TABLE waiting"])
async def test_an_unknown_grouping_is_refused_with_the_known_ones(store, name):
    with pytest.raises(CallInvalid, match="use model, provider, customer, agent, campaign, tag:KEY"):
        await store.usage(Filter(), [name])


async def test_a_hostile_value_is_a_value(filled):
    assert await filled.count(Filter(customer_id="c1' OR '1'='1")) == 0
    assert await filled.count(Filter(tag=("team", "x' OR '1'='1"))) == 0


async def test_a_closed_store_says_so_and_closing_again_does_nothing(store_to_close, teller):
    await store_to_close.reserve(teller.ask("call_1"))
    await store_to_close.close()
    await store_to_close.close()
    with pytest.raises(StorageUnavailable, match="closed"):
        await store_to_close.reserve(teller.ask("call_2"))
    with pytest.raises(StorageUnavailable, match="closed"):
        await store_to_close.budgets()
