"""Money: whole nano-dollars, rounded up once, and no float anywhere."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solvent.domain.money import Money
from solvent.errors import CallInvalid, LimitOutOfRange


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("5", 5_000_000_000), ("0.015", 15_000_000), ("$1,250.00", 1_250_000_000_000), (" 0 ", 0), ("1e-9", 1)],
)
def test_text_becomes_nano_dollars(text, nanos):
    assert Money.parse(text) == nanos


@pytest.mark.parametrize(
    "text", ["", "five", "-1", "1e-10", "0.0000000001", "NaN", "inf", "-0.5", "1 2", "0x10"]
)
def test_text_that_is_no_amount_is_refused(text):
    with pytest.raises(CallInvalid):
        Money.parse(text)


@pytest.mark.parametrize("text", ["9007199.254740992", "1e30"])
def test_more_than_the_largest_amount_is_refused(text):
    with pytest.raises(LimitOutOfRange):
        Money.parse(text)


@given(st.decimals(0, 9_000_000, allow_nan=False, allow_infinity=False))
def test_rounding_goes_up_and_by_less_than_one(usd):
    exact = usd * 10**9
    assert exact <= Money.ceil(usd) < exact + 1


@given(st.integers(-Money.MAX, Money.MAX))
def test_what_is_shown_is_exact(nanos):
    assert Decimal(Money.plain(nanos)) * 10**9 == nanos
    assert Decimal(Money.show(nanos).replace("$", "").replace(",", "")) * 10**9 == nanos


@given(st.integers(0, Money.MAX))
def test_what_is_shown_can_be_read_again(nanos):
    assert Money.parse(Money.show(nanos)) == nanos == Money.parse(Money.plain(nanos))


@pytest.mark.parametrize("value", [-1, Money.MAX + 1, 1.0, True, "1", None, Decimal(1)])
def test_only_a_whole_number_in_range_is_checked(value):
    with pytest.raises(LimitOutOfRange):
        Money.checked(value)


def test_the_ends_of_the_range_are_in_it():
    assert (Money.checked(0), Money.checked(Money.MAX)) == (0, Money.MAX)
