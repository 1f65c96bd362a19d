"""``solvent risk`` from two CSV files to a ranked list, reasons, a drawing, and budgets and back."""

import sqlite3
from pathlib import Path

import pytest

LEDGER = Path(__file__).resolve().parents[3] / "docs" / "guides" / "ledger"
AS_OF = ("--as-of", "2026-01-31")


@pytest.fixture
def ledger():
    """The two files of the guide, as arguments."""
    return str(LEDGER / "invoices.csv"), str(LEDGER / "contacts.csv")


@pytest.fixture
def assessed(solvent, ledger):
    """The assessments of the guide's ledger, kept at ``solvent.db``."""
    return solvent("risk", "assess", *ledger, *AS_OF, "--json").document["assessments"]


def by_customer(assessments):
    return {each["assessment"]["customer_id"]: each["assessment"] for each in assessments}


def test_a_ledger_is_ranked_with_intervals_and_reasons(assessed):
    chances = [each["assessment"]["late"]["value"] for each in assessed]
    assert len(chances) == 24
    assert chances == sorted(chances, reverse=True)
    found = by_customer(assessed)
    assert found["yarrow-farms"]["score"] > found["slate-roofing"]["score"]
    assert all(
        each["late"]["low"] <= each["late"]["value"] <= each["late"]["high"] for each in found.values()
    )
    assert all(1 <= len(each["reasons"]) <= 4 for each in found.values())


def test_people_see_a_table_and_get_a_drawing(solvent, ledger, directory):
    said = solvent("risk", "assess", *ledger, *AS_OF, "--top", "3", "--plot", "risk.svg")
    assert "24 customers assessed as of 2026-01-31" in said.out
    assert sum("the risk." in line for line in said.out.splitlines()) == 3
    assert (directory / "risk.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_the_same_ledger_in_another_order_gives_the_same_scores(solvent, assessed, ledger, directory):
    shuffled = []
    for name in ledger:
        head, *rows = Path(name).read_text(encoding="utf-8").splitlines()
        path = directory / Path(name).name
        path.write_text("\n".join([head, *reversed(rows)]), encoding="utf-8")
        shuffled.append(str(path))
    again = solvent("risk", "assess", *shuffled, *AS_OF, "--json").document["assessments"]
    assert by_customer(again) == by_customer(assessed)


def test_an_assessment_is_explained_by_contributions_that_sum_to_its_score(solvent, assessed):
    assert assessed
    document = solvent("risk", "explain", "yarrow-farms", "--json").document
    found, told = document["assessment"], document["words"]
    assert (told["source"], told["why"]) == ("template", "no_model")
    assert str(found["score"]) in told["answer"]["summary"]
    assert [each["code"] for each in told["answer"]["reasons"]] == [each["code"] for each in found["reasons"]]
    said = solvent("risk", "explain", document["id"], "--customer-name", "Ms [b]Yarrow[/b]").out
    assert "Ms [b]Yarrow[/b]" in said
    assert "average customer" in said


def test_a_strategy_keeps_to_the_channels_that_are_allowed(solvent, refused, assessed):
    assert assessed
    answer = solvent("risk", "strategy", "yarrow-farms", "--channel", "letter", "--json").document["words"][
        "answer"
    ]
    assert (answer["channel"], answer["alternatives"]) == ("letter", [])
    assert "carrier" in refused("risk", "strategy", "yarrow-farms", "--channel", "carrier pigeon")


def test_an_assessment_is_repeated_from_its_audit_and_a_forgery_is_seen(solvent, assessed, directory):
    first = assessed[0]
    document = solvent("risk", "replay", first["id"], "--json").document
    assert document["same"]
    assert document["again"] == first["assessment"]
    with sqlite3.connect(directory / "solvent.db") as book:
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            book.execute("UPDATE risk_records SET document = '{}'")
        book.execute("DROP TRIGGER risk_records_no_update")
        score = f'"score":{first["assessment"]["score"]}'
        book.execute(
            "UPDATE risk_records SET document = replace(document, ?, '\"score\":1') WHERE id = ?",
            (score, first["id"]),
        )
    book.close()
    assert "differ" in solvent("risk", "replay", first["id"], status=1).out


def test_limits_are_shown_applied_and_taken_back(solvent, refused, assessed):
    assert assessed
    plan = solvent("risk", "limits", "--json").document
    assert plan["moved"] is None
    assert solvent("budget", "list", "--json").document == []
    done = solvent("risk", "limits", "--apply", "--plan", plan["plan"]["id"], "--json").document
    budgets = solvent("budget", "list", "--json").document
    assert len(budgets) == len(done["moved"]["changed"]) == len(plan["plan"]["changes"]) > 5
    assert {budget["period"] for budget in budgets} == {"monthly"}
    solvent("risk", "limits", "--undo", plan["plan"]["id"])
    assert solvent("budget", "list", "--json").document == []
    assert "taken back" in refused("risk", "limits", "--apply", "--plan", plan["plan"]["id"])
    assert "Nothing was changed" in solvent("risk", "limits").out


def test_a_portfolio_shows_its_figures_and_what_a_recovered_dollar_cost(solvent, ledger):
    document = solvent("risk", "portfolio", *ledger, *AS_OF, "--json").document
    (figures,) = document["portfolios"]
    assert figures["currency"] == "USD"
    assert sum(figures["aging"].values()) + figures["disputed_minor"] == figures["receivables_minor"]
    recovery = document["recovery"]
    assert recovery["recovered_minor"]["USD"] * 10**7 == recovery["recovered_nanos"]
    assert (recovery["cost_nanos"], recovery["cost_per_dollar_nanos"]) == (0, 0)
    assert "days sales outstanding" in solvent("risk", "portfolio", *ledger, *AS_OF).out


def test_a_card_is_tried_on_the_later_part_of_a_ledger(solvent, ledger, directory):
    document = solvent("risk", "evaluate", *ledger, *AS_OF, "--plot", "reliability.svg", "--json").document
    given = document["given"]
    assert given["rows"] == 69
    assert sum(each["rows"] for each in given["bins"]) == given["rows"]
    assert given["auc"]["low"] <= given["auc"]["value"] <= given["auc"]["high"]
    assert "too few" in document["why_not"]
    assert (directory / "reliability.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert "base rate to all" in solvent("risk", "evaluate", *ledger, *AS_OF).out


def test_a_card_from_the_ledger_can_be_put_in_force(solvent, ledger, directory, monkeypatch):
    words = ("--version", "own-1", "--output", "own.json")
    card = solvent("risk", "fit", *ledger, *AS_OF, *words, "--json").document["card"]
    assert (card["version"], card["fitted_on"]["name"]) == ("own-1", "invoices.csv")
    monkeypatch.setenv("SOLVENT_RISK_CARD", "own.json")
    found = solvent("risk", "assess", *ledger, *AS_OF, "--json").document["assessments"]
    assert {each["assessment"]["card_version"] for each in found} == {"own-1"}
    (directory / "own.json").write_text("{}", encoding="utf-8")
    assert "not a card" in solvent("risk", "assess", *ledger, *AS_OF, status=1).err


def test_rows_that_contradict_themselves_are_named_by_line_and_left_out(solvent, directory):
    (directory / "bad.csv").write_text(
        "number,customer,issued,due,amount,currency,paid,status\n"
        "1,acme,2025-01-01,2025-01-31,10.00,EUR,2025-02-02,paid\n"
        "2,acme,2025-01-01,2025-01-31,-10.00,EUR,,\n"
        "3,acme,2025-01-01,2025-01-31,10.00,DOGE,,\n"
        "4,acme,2025-01-01,2024-12-31,10.00,EUR,,\n"
        "5,acme,2025-02-01,2025-03-01,10.00,EUR,2025-01-01,\n"
        "6,acme,2025-02-01,2025-03-01,10.00,EUR,,paid\n",
        encoding="utf-8",
    )
    said = solvent("risk", "assess", "bad.csv", *AS_OF)
    assert [line for line in range(3, 8) if f":{line}:" not in said.err] == []
    assert "1 of 6 rows used, 1 customers assessed" in said.out


@pytest.mark.parametrize(
    "words",
    [
        ("assess", "missing.csv"),
        ("assess", "empty.csv"),
        ("assess", "good.csv", "--as-of", "soon"),
        ("assess", "good.csv", "--plot", "risk.xyz"),
        ("explain", "nobody"),
        ("replay", "nobody"),
        ("strategy", "nobody"),
        ("limits", "--plan", "limits_1"),
        ("limits", "--apply", "--undo", "limits_1"),
        ("limits", "--undo", "limits_1"),
        ("portfolio", "missing.csv"),
        ("evaluate", "missing.csv"),
        ("evaluate", "good.csv"),
        ("fit", "good.csv", "--version", "own-1", "--output", "own.json"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(refused, solvent, directory, words):
    (directory / "empty.csv").write_text("", encoding="utf-8")
    (directory / "good.csv").write_text(
        "number,customer,issued,due,amount,currency\n1,acme,2025-01-01,2025-01-31,10.00,EUR\n",
        encoding="utf-8",
    )
    solvent("budget", "set", "total", "daily", "1")
    assert refused("risk", *words)
