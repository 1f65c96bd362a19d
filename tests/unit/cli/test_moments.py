"""Moments on the command line: what each text means, seen from a fixed instant."""

import pytest

from solvent.cli.moments import future, moment, stretch
from solvent.domain.clock import to_iso
from solvent.errors import CallInvalid

NOW_US = 1_772_368_496_789_012
"""2026-03-01T12:34:56.789012Z, the day after the end of a short month."""


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("now", "2026-03-01T12:34:56.789012Z"),
        ("today", "2026-03-01T00:00:00Z"),
        ("yesterday", "2026-02-28T00:00:00Z"),
        ("7d", "2026-02-22T12:34:56.789012Z"),
        ("12h", "2026-03-01T00:34:56.789012Z"),
        ("30m", "2026-03-01T12:04:56.789012Z"),
        ("1w", "2026-02-22T12:34:56.789012Z"),
        ("0d", "2026-03-01T12:34:56.789012Z"),
        ("2026-01-31", "2026-01-31T00:00:00Z"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00", "2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00+05:30", "2026-01-31T03:30:00Z"),
        ("2030-01-01", "2030-01-01T00:00:00Z"),
    ],
)
def test_a_moment_is_seen_from_now(text, instant):
    assert to_iso(moment(text, NOW_US)) == instant


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "7", "-7d", "7y", "1.5d", "2026-13-01", "2026-02-29", "٣d", "now "]
)
def test_what_names_no_moment_is_refused(text):
    with pytest.raises(CallInvalid, match="names no moment"):
        moment(text, NOW_US)


@pytest.mark.parametrize("text", ["1969-12-31", "9999w", "0001-01-01"])
def test_no_moment_lies_before_every_book(text):
    with pytest.raises(CallInvalid, match="before 1970"):
        moment(text, NOW_US)


def test_a_while_reaches_forward_where_a_moment_to_come_is_asked_for():
    assert to_iso(future("3d", NOW_US)) == "2026-03-04T12:34:56.789012Z"


@pytest.mark.parametrize("text", ["2026-03-01", "0d", "2026-03-01T12:34:56.789012Z"])
def test_a_moment_to_come_has_not_passed(text):
    with pytest.raises(CallInvalid, match="has passed"):
        future(text, NOW_US)


def test_a_stretch_may_be_open_at_both_ends_and_never_turned_round():
    assert stretch(None, None, NOW_US) == (None, None)
    assert stretch("today", "today", NOW_US)[0] == stretch("today", "today", NOW_US)[1]
    with pytest.raises(CallInvalid, match="swap them"):
        stretch("today", "yesterday", NOW_US)
