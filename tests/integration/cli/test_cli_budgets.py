"""``solvent budget`` on a real database file: what it changes, what it shows, what it refuses."""

import pytest

from solvent.domain.money import Money


def budgets(solvent):
    return solvent("budget", "list", "--json").document


def test_a_budget_that_is_set_is_listed_as_it_was_said(solvent):
    solvent("budget", "set", "agent:a1", "daily", "$1,250.5", "--timezone", "Europe/Berlin", "--soft")
    (listed,) = budgets(solvent)
    assert listed["scope"] == "agent:a1"
    assert listed["period"] == "daily"
    assert listed["limit"] == {"nanos": 1_250_500_000_000, "usd": "1250.5"}
    assert listed["time_zone"] == "Europe/Berlin"
    assert listed["hard"] is False
    assert listed["active"] is True


def test_setting_a_budget_again_replaces_it_and_says_what_it_was(solvent):
    solvent("budget", "set", "total", "daily", "5", "--inactive")
    said = solvent("budget", "set", "total", "daily", "7", "--json").document
    assert said["budget"]["limit"]["usd"] == "7"
    assert said["replaced"]["limit"]["usd"] == "5"
    assert said["replaced"]["active"] is False
    assert len(budgets(solvent)) == 1


def test_people_read_what_was_replaced(solvent):
    solvent("budget", "set", "total", "daily", "5")
    said = solvent("budget", "set", "total", "daily", "7")
    assert said.out == "total: $7.00 daily (hard, UTC). It was $5.00 daily (hard, UTC).\n"


def test_hard_and_soft_are_two_budgets_and_are_deleted_apart(solvent):
    solvent("budget", "set", "total", "daily", "5")
    solvent("budget", "set", "total", "daily", "3", "--soft")
    solvent("budget", "delete", "total", "daily", "--soft")
    assert [budget["hard"] for budget in budgets(solvent)] == [True]


def test_a_raise_is_added_until_it_ends(solvent):
    solvent("budget", "set", "total", "daily", "5", "--raise", "2.5", "--until", "3d")
    (standing,) = solvent("budget", "show", "total", "--json").document
    assert standing["limit"]["usd"] == "7.5"
    (listed,) = budgets(solvent)
    assert listed["raised_by"]["usd"] == "2.5"
    assert listed["raised_until"].endswith("Z")


@pytest.mark.parametrize(
    "amount",
    [
        *(
            "-5",
            "-0.000000001",
            "NaN",
            "Infinity",
            "-Infinity",
            "five",
            "",
            " ",
            "1e-10",
            "0x10",
            "5 USD",
            "€5",
        ),
        *("9007199.254740992", "1e999999", "1e-99999999", "99" * 3000),
    ],
)
def test_what_is_no_amount_is_refused_and_changes_nothing(refused, solvent, amount):
    solvent("budget", "set", "total", "daily", "5")
    refused("budget", "set", "total", "daily", "--", amount)
    assert [budget["limit"]["nanos"] for budget in budgets(solvent)] == [5_000_000_000]


def test_the_largest_amount_and_zero_are_amounts(solvent):
    solvent("budget", "set", "total", "daily", "0")
    solvent("budget", "set", "total", "monthly", "9007199.254740991")
    assert {budget["limit"]["nanos"] for budget in budgets(solvent)} == {0, Money.MAX}


@pytest.mark.parametrize(
    "scope",
    [
        *("", "customer", "customer:", "total:x", "nobody:x", "tag:team", "tag:=x", "total:*", "tag:*"),
        *("customer: x", "customer:a\nb", "customer:" + "x" * 256),
    ],
)
def test_what_is_no_scope_is_refused(refused, scope):
    refused("budget", "set", scope, "daily", "5")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--timezone", "Mars/Olympus"], "time zone"),
        (["--timezone", "../../etc/passwd"], "time zone"),
        (["--raise", "5"], "--until"),
        (["--until", "3d"], "--raise"),
        (["--raise", "5", "--until", "2020-01-01"], "has passed"),
        (["--raise", "5", "--until", "whenever"], "names no moment"),
        (["--raise", "-5", "--until", "3d"], "negative"),
        (["--raise", "9007199", "--until", "3d"], "outside"),
    ],
)
def test_options_that_cannot_hold_are_refused_with_why(refused, options, why):
    assert why in refused("budget", "set", "total", "daily", "5", *options)


def test_an_unknown_period_is_an_error_of_usage(solvent):
    assert "fortnightly" in solvent("budget", "set", "total", "fortnightly", "5", status=2).err


def test_deleting_what_is_not_there_says_so(refused, solvent):
    solvent("budget", "set", "total", "daily", "5")
    assert "has no hard monthly budget" in refused("budget", "delete", "total", "monthly")
    assert len(budgets(solvent)) == 1


def test_the_default_shows_everyone_whom_it_counts(solvent, booked):
    standings = solvent("budget", "show", "customer:*", "--json").document
    spent = {standing["scope"]: standing["spent"]["nanos"] for standing in standings}
    assert spent == {
        "customer:acme": 3200,
        "customer:globex": 3100,
        "customer:=HYPERLINK(1)": 17,
        "customer:[red]x[/red]": 4999,
    }
    assert sum(spent.values()) == sum(entry.cost_nanos for entry in booked)
    assert {standing["from_default"] for standing in standings} == {"customer:*"}


def test_a_standing_tells_what_is_held(solvent, booked):
    assert booked
    (standing,) = solvent("budget", "show", "customer:acme", "--json").document
    assert standing["held"]["nanos"] == 700
    assert standing["available"]["nanos"] == 10_000_000 - 3200 - 700
    assert standing["resets_at"] is None


def test_ids_are_shown_as_they_are_and_never_as_markup(solvent, booked):
    assert booked
    assert "customer:[red]x[/red]" in solvent("budget", "show").out


def test_a_scope_without_a_budget_is_told_so(solvent):
    solvent("budget", "set", "total", "daily", "5")
    assert solvent("budget", "show", "customer:nobody").out == "No budget holds for customer:nobody.\n"
    assert solvent("budget", "show", "customer:nobody", "--json").document == []
