"""Scopes: one text per spender, whoever writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.scope import Attribution, default_of, is_default, parse_pattern, parse_scope, scope
from solvent.errors import CallInvalid

NAMES = [
    "total",
    "customer:c1",
    "agent:a:b",
    "campaign:*x",
    "tag:team=a=b",
    "key:k",
    "model:gpt-4o",
    "provider:x",
]


@pytest.mark.parametrize("text", NAMES)
def test_a_scope_is_read_as_it_is_written(text):
    assert parse_scope(text) == text == parse_pattern(text)
    assert not is_default(text) or text.endswith("*")


@pytest.mark.parametrize(
    "text",
    [
        *("", "nobody:x", "total:x", "customer:", "customer:*", "customer: x", "customer:x\n", "customer"),
        *("tag:x", "tag:=v", "tag:a b=c", "tag:k=", "tag:k=*", "customer:a\u2028b", "customer:" + "x" * 256),
        *("Customer:c1", "customer:\ud800", "customer:a\x7f"),
    ],
)
def test_what_is_no_scope_is_refused(text):
    with pytest.raises(CallInvalid):
        parse_scope(text)


@pytest.mark.parametrize("text", ["customer:*", "agent:*", "tag:team=*", "model:*", "provider:*", "key:*"])
def test_a_default_is_a_pattern_and_no_scope(text):
    assert parse_pattern(text) == text
    assert is_default(text)
    with pytest.raises(CallInvalid):
        parse_scope(text)


@pytest.mark.parametrize("text", ["total:*", "tag:*", "nobody:*", "tag:a b=*", "*"])
def test_some_kinds_have_no_default(text):
    with pytest.raises(CallInvalid):
        parse_pattern(text)


def test_each_scope_knows_its_default():
    assert default_of("total") is None
    assert default_of("customer:a:b") == "customer:*"
    assert default_of("tag:team=a=b") == "tag:team=*"


@given(st.text(min_size=1, max_size=300))
def test_any_id_is_either_refused_or_kept_as_it_is(text):
    try:
        named = scope("customer", text)
    except CallInvalid:
        return
    assert named == f"customer:{text}"
    assert parse_scope(named) == named


def test_a_call_is_paid_by_everyone_it_is_for():
    who = Attribution("c1", "a1", "q4", "k1", (("team", "x"), ("zone", "eu")))
    assert who.scopes("openai", "gpt") == (
        *("total", "customer:c1", "agent:a1", "campaign:q4", "key:k1"),
        *("tag:team=x", "tag:zone=eu", "model:gpt", "provider:openai"),
    )
    assert Attribution().scopes("openai", "gpt") == ("total", "model:gpt", "provider:openai")


def test_a_tag_key_given_twice_is_refused():
    with pytest.raises(CallInvalid, match="twice"):
        Attribution(tags=(("team", "x"), ("team", "y"))).scopes("openai", "gpt")
