"""Records as they are written down: nothing is lost, and digests tell a repeat from a change."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.entry import Certainty, Entry, EntryKind, Outcome
from solvent.domain.scope import Attribution
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import CallInvalid
from solvent.storage.codec import ENTRY_COLUMNS, entries_digest, entry_of, entry_row, json_text, write_ask
from solvent.storage.sqlite.statements import SCHEMA

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
counts = st.integers(0, 10**12 - 1)
optional = st.none() | words
tags = st.just(()) | st.tuples(st.tuples(st.just("k"), words))
entries = st.builds(
    Entry,
    id=words,
    call_id=words,
    kind=st.sampled_from(EntryKind),
    corrects=optional,
    scopes=st.tuples(words, words),
    attribution=st.builds(
        Attribution,
        optional,
        optional,
        optional,
        optional,
        st.just(()) | st.tuples(st.tuples(st.just("k"), words)),
    ),
    admitted_us=counts,
    booked_us=counts,
    operation=words,
    dialect=words,
    provider=words,
    deployment=words,
    model_asked=words,
    model=words,
    usage=st.builds(Usage, *[counts] * len(BUCKETS)),
    cost_nanos=st.integers(-(2**53), 2**53),
    bound_nanos=counts,
    price_version=words,
    certainty=st.sampled_from(Certainty),
    outcome=st.sampled_from(Outcome),
    detail=words,
    status=st.none() | st.integers(100, 599),
    streamed=st.booleans(),
    latency_ms=counts,
    first_byte_ms=st.none() | counts,
    provider_call_id=words,
)


@given(entries)
def test_an_entry_that_is_written_is_read_again_the_same(entry):
    row = entry_row(entry)
    assert len(row) == len(ENTRY_COLUMNS)
    assert entry_of(row) == entry


def test_each_column_of_an_entry_stands_in_the_schema():
    table = SCHEMA.partition("CREATE TABLE llm_usage_logs (")[2].partition(") STRICT")[0]
    named = [line.split()[0] for line in table.strip().splitlines()]
    assert named == ["number", "reservation_id", *ENTRY_COLUMNS]


@given(entries, st.data())
def test_a_change_of_content_changes_the_digest_and_one_of_timing_does_not(entry, data):
    timings = {"booked_us", "latency_ms", "first_byte_ms"}
    name = data.draw(st.sampled_from([field.name for field in fields(Entry)]))
    changed = replace(entry, **{name: getattr(data.draw(entries), name)})
    same = name in timings or changed == entry
    assert (entries_digest((entry,)) == entries_digest((changed,))) is same


def test_an_ask_is_the_same_at_another_instant_and_is_written_as_of_its_own(teller, clock):
    first = teller.ask("call_1")
    clock.advance(5)
    later = teller.ask("call_1", wait_us=9)
    assert write_ask(first)[0] == write_ask(later)[0]
    assert write_ask(replace(first, asked_us=later.asked_us))[1] != write_ask(first)[1]


@pytest.mark.parametrize("value", ["\ud800", 2**64, {"x": 2**80}])
def test_what_no_store_can_keep_is_refused(value):
    with pytest.raises(CallInvalid, match="cannot be written down"):
        json_text(value)
