"""``solvent price``: what is shown, declared and explained, and what cannot be."""

import tomllib

import pytest


@pytest.fixture
def own(directory):
    """A prices file that the settings name."""
    (directory / "solvent.toml").write_text('prices_file = "prices.toml"\n', encoding="utf-8")
    place = directory / "prices.toml"
    place.write_text("", encoding="utf-8")
    return place


def explained(solvent, *words):
    return solvent("price", "explain", *words, "--json").document


def test_a_listed_model_is_shown_with_its_prices(solvent):
    said = solvent("price", "show", "gpt-4o-mini", "--provider", "openai", "--json").document
    (shown,) = [model for model in said["models"] if model["model"] == "gpt-4o-mini"]
    assert shown["provider"] == "openai"
    assert set(shown["steps"][0]["usd_per_million"]) >= {"input", "output", "cached_input"}
    assert "openai/gpt-4o-mini" in solvent("price", "show", "gpt-4o-mini", "--provider", "openai").out


def test_a_name_that_is_not_listed_is_told_so(solvent):
    assert (
        solvent("price", "show", "[no] such model").out
        == "No listed model has '[no] such model' in its name.\n"
    )


def test_the_cost_of_a_call_comes_about_bucket_by_bucket(solvent, own):
    solvent("price", "set", "openai/mine", "--input", "0.15", "--output", "0.6", "--from", "2026-01-01")
    said = explained(solvent, "openai/mine", "--input", "1001", "--output", "7", "--usage", "reasoning=3")
    assert [(part["bucket"], part["count"], part["usd"]) for part in said["parts"]] == [
        ("input", 1001, "0.00015015"),
        ("output", 7, "0.0000042"),
        ("reasoning", 3, "0.0000018"),
    ]
    assert said["exact_usd"] == "0.00015615"
    assert said["cost"] == {"nanos": 156_150, "usd": "0.00015615"}
    assert own.exists()


def test_a_sum_between_two_nano_dollars_is_rounded_up(solvent, own):
    solvent("price", "set", "openai/mine", "--input", "0.0001", "--output", "1", "--from", "2026-01-01")
    said = explained(solvent, "openai/mine", "--input", "1")
    assert said["exact_usd"] == "0.0000000001"
    assert said["cost"]["nanos"] == 1
    assert own.exists()


def test_a_declared_price_holds_from_its_date_on(solvent, own):
    solvent("price", "set", "openai/mine", "--input", "1", "--output", "1", "--from", "2026-01-01")
    solvent("price", "set", "openai/mine", "--input", "2", "--output", "2", "--from", "2026-02-01")
    assert explained(solvent, "openai/mine", "--input", "1000000", "--at", "2026-01-31")["cost"]["usd"] == "1"
    assert explained(solvent, "openai/mine", "--input", "1000000", "--at", "2026-02-01")["cost"]["usd"] == "2"
    assert [row["input"] for row in tomllib.loads(own.read_text())["price"]] == ["1", "2"]
    assert "openai/mine" in solvent("price", "show", "mine").out


def test_a_model_may_be_declared_free_and_is_then_nothing(solvent, own):
    solvent("price", "set", "ollama/*", "--free")
    assert explained(solvent, "ollama/llama3", "--input", "500")["cost"]["nanos"] == 0
    assert own.exists()


def test_a_file_that_no_setting_names_is_not_in_force_and_says_so(solvent, refused, directory):
    said = solvent("price", "set", "openai/mine", "--input", "1", "--output", "2")
    assert 'prices_file = "solvent-prices.toml"' in said.err
    assert (directory / "solvent-prices.toml").exists()
    assert "has no price" in refused("price", "explain", "openai/mine", "--input", "1")


@pytest.mark.parametrize(
    "words",
    [
        ["openai/mine"],
        ["openai/mine", "--input", "-1"],
        ["openai/mine", "--input", "NaN"],
        ["openai/mine", "--input", "Infinity"],
        ["openai/mine", "--input", "1e999999999"],
        ["openai/mine", "--input", "0"],
        ["openai/mine", "--input", "cheap"],
        ["openai/mine", "--input", "1", "--free"],
        ["openai/mine", "--input", "1", "--from", "soon"],
        ["mine", "--input", "1"],
        ["openai/", "--input", "1"],
        ["opneai/mine", "--input", "1"],
        ["openai/a\nb", "--input", "1"],
    ],
)
def test_what_is_no_price_is_refused_and_changes_nothing(refused, own, words):
    own.write_text("# mine\n", encoding="utf-8")
    refused("price", "set", *words)
    assert own.read_text() == "# mine\n"
    assert sorted(path.name for path in own.parent.iterdir()) == ["prices.toml", "solvent.toml"]


def test_the_same_row_twice_is_refused(solvent, refused, own):
    words = ("price", "set", "openai/mine", "--input", "1", "--from", "2026-01-01")
    solvent(*words)
    once = own.read_text()
    refused(*words)
    assert own.read_text() == once


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["nobody/knows"], "no provider serves"),
        (["openai/never-heard-of"], "has no price"),
        (["openai/gpt-4o-mini", "--usage", "colour=1"], "--usage"),
        (["openai/gpt-4o-mini", "--usage", "input=-1"], "--usage"),
        (["openai/gpt-4o-mini", "--input", "5", "--usage", "input=1"], "--usage"),
        (["openai/gpt-4o-mini", "--input", "1000000000000"], "which is not a count"),
        (["openai/gpt-4o-mini", "--choice", "tier"], "NAME=VALUE"),
        (["openai/gpt-4o-mini", "--at", "soon"], "names no moment"),
    ],
)
def test_what_cannot_be_explained_is_refused_with_why(refused, words, why):
    assert why in refused("price", "explain", *words)


def test_a_list_that_cannot_be_fetched_changes_nothing(refused, directory):
    assert "could not be fetched" in refused("price", "refresh", "--url", "http://127.0.0.1:1/prices")
    assert "neither" in refused("price", "refresh", "--url", "file:///etc/passwd")
    assert not list(directory.iterdir())
