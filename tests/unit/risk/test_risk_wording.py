"""What words may contain: only numbers that were sent, no contact data, no threats, no tricks."""

from decimal import Decimal

import pytest

from solvent.risk.wording import figures, named, problems, vocabulary

SENT = {
    "score": 63,
    "share": 0.63,
    "features": {
        "late_rate": 0.325,
        "average_days_late": 17.46,
        "invoices": 8,
        "nothing": None,
        "flag": True,
    },
    "reasons": [{"says": "3 of 8 invoices were late, 37.5 % of them by more than 30 days"}],
}
ALLOWED = vocabulary(SENT, literals=("2026-01-01",), threats=False)


@pytest.mark.parametrize(
    "text",
    [
        "The score is 63, so the risk is high.",
        "A late payment has a chance of 63 %.",
        "Late in 32.5 % of cases, or 0.33, roughly 33 percent.",
        "On average 17.5 days late (17.46 exactly), about 17 days.",
        "Three of eight invoices were late, some by more than 30 days.",
        "37.5 % were late by more than 30 days as of 2026-01-01.",
        "{customer} of {company} pays late.",
        "One of the reasons weighs most.",
    ],
)
def test_numbers_of_the_case_may_be_told_in_the_ways_they_are_rounded(text):
    assert problems(text, ALLOWED) == ()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The score is 64.", "64"),
        ("There is a 90% chance.", "90"),
        ("There is a ninety percent chance.", "90"),
        ("Late in 8 % of cases.", "8 %"),
        ("They were late ٥٠ times.", "50"),
        ("They were late ５ times.", "5"),
        ("They owe 1,250,000 in all.", "1250000"),
        ("Half of them were late.", "0.5"),
        ("A dozen were late.", "12"),
        ("The risk is ½.", "1"),
        ("The risk is NaN and 1e9.", "9"),
        ("Call +49 30 901820.", "contact"),
        ("Call 0308 15 63 63 63.", "contact"),
        ("Write to zoe@example.com.", "contact"),
        ("Write to zoe＠example.com.", "contact"),
        ("See https://pay.example.", "contact"),
        ("See www.example.com for more.", "contact"),
        ("We will sue you.", "threatens"),
        ("A debt collector will come.", "threatens"),
        ("Expect LEGAL ACTION.", "threatens"),
        ("Click <a>here</a>.", "markup"),
        ("[pay](now)", "markup"),
        ("Hello {admin}.", "placeholder"),
        ("Hello {customer.", "placeholder"),
        ("Hello\x00 there.", "hidden"),
        ("Hello\u202e there.", "hidden"),
        ("", "nothing"),
        ("  . ", "nothing"),
    ],
)
def test_whatever_was_not_sent_is_refused(text, word):
    found = problems(text, ALLOWED)
    assert found
    assert any(word in problem for problem in found), found


def test_threats_pass_only_where_the_policy_allows_them():
    allowed = vocabulary(SENT, threats=True)
    assert problems("We will take you to court.", allowed) == ()


def test_a_count_may_not_be_told_as_a_percentage_nor_a_share_as_a_count():
    allowed = vocabulary({"invoices": 12, "late_rate": 0.4}, threats=False)
    assert problems("12 invoices", allowed) == ()
    assert problems("12 %", allowed)
    assert problems("40 %", allowed) == ()
    assert problems("40 invoices", allowed)


def test_a_flag_and_a_missing_value_allow_no_number():
    allowed = vocabulary({"flag": True, "nothing": None}, threats=False)
    assert problems("1 invoice", allowed)


def test_figures_are_read_with_their_groups_and_marks():
    assert list(figures("1,250.50 and 12 % and 3'000")) == [
        (Decimal("1250.50"), False),
        (Decimal(12), True),
        (Decimal(3000), False),
    ]


def test_names_are_put_in_once_and_never_read_again():
    names = {"{customer}": "{company} <b>", "{company}": "3M"}
    assert named("{customer} of {company}", names) == "{company} <b> of 3M"
    assert named("{customer} of {company}", {}) == "the customer of the company"
