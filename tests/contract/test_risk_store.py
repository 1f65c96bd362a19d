"""Records of payment risk, for every backend: appended once, found again, never changed."""

from dataclasses import replace

import pytest

from solvent.errors import EntryMismatch, StorageUnavailable
from solvent.ports.risk import RiskKind, RiskRecord


def record(
    record_id, customer="c1", *, kind=RiskKind.ASSESSMENT, about=None, document='{"score":7}', at_us=1
):
    return RiskRecord(record_id, kind, customer, about, at_us, document)


async def test_a_record_is_found_as_it_was_appended(store):
    kept = record("r1", document='{"name":"Zoë ☃"}')
    await store.risk.append([kept])
    assert await store.risk.find("r1") == kept
    assert await store.risk.find("r2") is None


async def test_a_repeat_changes_nothing_and_keeps_its_first_instant(store):
    await store.risk.append([record("r1", at_us=1)])
    await store.risk.append([record("r1", at_us=2), record("r1", at_us=3)])
    assert await store.risk.find("r1") == record("r1", at_us=1)
    assert len(await store.risk.latest(RiskKind.ASSESSMENT)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"document": "{}"},
        {"customer_id": "c2"},
        {"customer_id": None},
        {"about": "r0"},
        {"kind": RiskKind.CARD},
    ],
)
async def test_the_same_id_with_other_content_is_refused_and_keeps_nothing_of_its_company(store, changes):
    await store.risk.append([record("r1")])
    with pytest.raises(EntryMismatch, match="r1"):
        await store.risk.append([record("r0"), replace(record("r1"), **changes), record("r2")])
    assert await store.risk.find("r0") is None
    assert await store.risk.find("r2") is None
    assert await store.risk.find("r1") == record("r1")


async def test_one_append_cannot_contradict_itself(store):
    with pytest.raises(EntryMismatch):
        await store.risk.append([record("r1"), record("r1", document="{}")])
    assert await store.risk.find("r1") is None


async def test_what_follows_a_record_comes_in_the_order_it_was_appended(store):
    await store.risk.append([record("r1"), record("r2")])
    await store.risk.append([record("b", kind=RiskKind.NARRATION, about="r1", at_us=9)])
    await store.risk.append([record("a", kind=RiskKind.STRATEGY, about="r1", at_us=5)])
    assert [found.id for found in await store.risk.following("r1")] == ["b", "a"]
    assert await store.risk.following("r2") == []


async def test_the_latest_of_a_kind_is_told_for_each_customer(store):
    await store.risk.append([record("1", "b"), record("2", "a"), record("3", "b")])
    await store.risk.append([record("4", "b", kind=RiskKind.NARRATION), record("5", None)])
    assert [found.id for found in await store.risk.latest(RiskKind.ASSESSMENT)] == ["2", "3"]
    assert [found.id for found in await store.risk.latest(RiskKind.ASSESSMENT, customer_id="b")] == ["3"]
    assert await store.risk.latest(RiskKind.ASSESSMENT, customer_id="nobody") == []


async def test_a_closed_store_keeps_and_tells_nothing(store_to_close):
    await store_to_close.close()
    with pytest.raises(StorageUnavailable):
        await store_to_close.risk.append([record("r1")])
    with pytest.raises(StorageUnavailable):
        await store_to_close.risk.find("r1")
