"""Windows: they hold their instant, neither overlap nor leave gaps, in every time zone and year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.clock import US_PER_S, from_datetime, to_datetime
from solvent.domain.period import Period, window, zone
from solvent.errors import CallInvalid

HOUR_US = 3600 * US_PER_S
ZONES = [
    "UTC",
    "America/New_York",
    "America/Havana",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Antarctica/Troll",
]
instants = st.integers(
    from_datetime(datetime(1990, 1, 1, tzinfo=UTC)), from_datetime(datetime(2060, 1, 1, tzinfo=UTC))
)
ending = st.sampled_from([Period.HOURLY, Period.DAILY, Period.WEEKLY, Period.MONTHLY])


def at(zone_name, *parts):
    return from_datetime(datetime(*parts, tzinfo=ZoneInfo(zone_name)))


@given(ending, st.sampled_from(ZONES), instants)
def test_a_window_holds_its_instant_and_every_instant_in_it_has_that_window(period, name, instant_us):
    found = window(period, name, instant_us)
    assert found.start_us <= instant_us < found.end_us
    for inside_us in (found.start_us, (found.start_us + found.end_us) // 2, found.end_us - 1):
        assert window(period, name, inside_us) == found


@given(ending, st.sampled_from(ZONES), instants)
def test_windows_follow_each_other_without_gap_or_overlap(period, name, instant_us):
    found = window(period, name, instant_us)
    assert window(period, name, found.end_us).start_us == found.end_us
    assert window(period, name, found.start_us - 1).end_us == found.start_us


@given(ending, st.sampled_from(ZONES), instants)
def test_every_window_begins_at_a_quarter_of_an_hour(period, name, instant_us):
    assert window(period, name, instant_us).start_us % (HOUR_US // 4) == 0


@given(st.sampled_from(ZONES), instants)
def test_a_day_is_a_day_of_the_local_calendar(name, instant_us):
    found = window(Period.DAILY, name, instant_us)
    local = to_datetime(instant_us).astimezone(ZoneInfo(name)).date()
    first = to_datetime(found.start_us).astimezone(ZoneInfo(name))
    last = to_datetime(found.end_us - 1).astimezone(ZoneInfo(name))
    assert first.date() == last.date() == local


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 29), 23),
        ("Europe/Berlin", (2026, 10, 25), 25),
        ("Europe/Berlin", (2026, 7, 1), 24),
        ("America/New_York", (2026, 3, 8), 23),
        ("America/New_York", (2026, 11, 1), 25),
        ("Australia/Lord_Howe", (2026, 4, 5), 24.5),
        ("Australia/Lord_Howe", (2026, 10, 4), 23.5),
        ("UTC", (2024, 2, 29), 24),
    ],
)
def test_a_day_of_a_clock_change_is_as_long_as_it_is(name, day, hours):
    noon_us = at(name, *day, 12)
    found = window(Period.DAILY, name, noon_us)
    assert found.end_us - found.start_us == hours * HOUR_US


@pytest.mark.parametrize(("name", "day"), [("America/Havana", (2026, 3, 8)), ("Asia/Beirut", (2026, 3, 29))])
def test_where_midnight_is_skipped_the_day_begins_with_the_first_instant_that_exists(name, day):
    found = window(Period.DAILY, name, at(name, *day, 12))
    assert to_datetime(found.start_us).astimezone(ZoneInfo(name)).hour == 1
    assert found.end_us - found.start_us == 23 * HOUR_US


def test_a_day_that_a_country_skipped_belongs_to_nobody():
    before = window(Period.DAILY, "Pacific/Apia", at("Pacific/Apia", 2011, 12, 29, 12))
    after = window(Period.DAILY, "Pacific/Apia", at("Pacific/Apia", 2011, 12, 31, 12))
    assert window(Period.DAILY, "Pacific/Apia", before.end_us - 1) == before
    assert window(Period.DAILY, "Pacific/Apia", after.start_us) == after


@pytest.mark.parametrize(("year", "days"), [(2023, 28), (2024, 29), (2100, 28), (2000, 29)])
def test_february_is_as_long_as_the_year_has_it(year, days):
    found = window(Period.MONTHLY, "UTC", at("UTC", year, 2, 14))
    assert found.end_us - found.start_us == days * 24 * HOUR_US


def test_a_month_ends_with_the_year():
    found = window(Period.MONTHLY, "Asia/Tokyo", at("Asia/Tokyo", 2026, 12, 31, 23, 59))
    assert found.end_us == at("Asia/Tokyo", 2027, 1, 1)


def test_a_week_begins_on_monday_of_the_local_calendar():
    sunday_night_us = at("America/New_York", 2026, 11, 1, 23, 30)
    found = window(Period.WEEKLY, "America/New_York", sunday_night_us)
    assert found.start_us == at("America/New_York", 2026, 10, 26)
    assert found.end_us - found.start_us == (7 * 24 + 1) * HOUR_US


def test_an_hour_of_a_half_hour_zone_begins_at_the_half():
    found = window(Period.HOURLY, "Asia/Kolkata", at("Asia/Kolkata", 2026, 1, 1, 9, 20))
    assert found.start_us == at("Asia/Kolkata", 2026, 1, 1, 9)
    assert to_datetime(found.start_us).minute == 30


def test_a_lifetime_holds_everything_and_never_ends():
    assert window(Period.LIFETIME, "UTC", 0) == window(Period.LIFETIME, "Asia/Tokyo", 10**16)
    assert window(Period.LIFETIME, "UTC", 5).end_us is None


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../../etc/passwd", "Europe", "UTC+1\x00", "/etc/localtime"]
)
def test_a_name_that_is_no_time_zone_is_refused(name):
    with pytest.raises(CallInvalid, match="not a time zone"):
        zone(name)


def test_instants_are_exact_to_the_microsecond():
    moment = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert to_datetime(from_datetime(moment)) == moment
    assert from_datetime(moment + timedelta(microseconds=1)) - from_datetime(moment) == 1
