"""The operator's own prices: what can be declared, what is refused and how, which row decides."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from solvent.domain.clock import from_datetime
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ConfigurationError, ModelUnpriced
from solvent.pricing.book import PriceBook
from solvent.pricing.declare import set_price
from solvent.pricing.operator import OperatorPrices

PER_USD = 10**9


def at(year: int, month: int = 1, day: int = 1, hour: int = 0) -> int:
    return from_datetime(datetime(year, month, day, hour, tzinfo=UTC))


def cost(book: PriceBook, text: str, usage: Usage, at_us: int, **asked: str) -> int:
    own = book.with_operator(OperatorPrices.parse(text))
    question = {"source": "openai", "model": "gpt-4o"} | asked
    source, model = question.pop("source"), question.pop("model")
    return own.rate(
        source, model, at_us, provider=question.get("provider", ""), deployment=question.get("deployment", "")
    ).cost(usage)


def test_a_price_is_dollars_per_million_tokens_per_search_and_per_request(
    book: PriceBook, now_us: int
) -> None:
    text = """
    [[price]]
    model = "mine"
    input = "2"
    output = 4.5
    per_web_search = "0.01"
    per_file_search = "0.0025"
    per_request = "0.001"
    """
    assert cost(book, text, Usage(), now_us, model="mine") == PER_USD // 1000
    assert cost(book, text, Usage(input=10**6), now_us, model="mine") == 2 * PER_USD + PER_USD // 1000
    assert cost(book, text, Usage(output=1), now_us, model="mine") == 4_500 + PER_USD // 1000
    assert cost(book, text, Usage(web_searches=1, file_searches=2), now_us, model="mine") == 16_000_000


def test_a_price_takes_effect_at_its_instant_and_the_older_one_holds_before(book: PriceBook) -> None:
    text = """
    [[price]]
    model = "mine"
    input = "1"
    [[price]]
    model = "mine"
    from = 2026-03-01
    input = "2"
    [[price]]
    model = "mine"
    from = 2026-06-01T02:00:00+02:00
    input = "3"
    """
    used = Usage(input=10**6)
    assert cost(book, text, used, at(2026, 3) - 1, model="mine") == 1 * PER_USD
    assert cost(book, text, used, at(2026, 3), model="mine") == 2 * PER_USD
    assert cost(book, text, used, at(2026, 6) - 1, model="mine") == 2 * PER_USD
    assert cost(book, text, used, at(2026, 6), model="mine") == 3 * PER_USD


def test_the_row_that_names_most_closely_decides(book: PriceBook, now_us: int) -> None:
    text = """
    [[price]]
    provider = "azure"
    input = "1"
    [[price]]
    model = "gpt-*"
    input = "2"
    [[price]]
    model = "gpt-4o"
    input = "3"
    [[price]]
    model = "gpt-4o"
    provider = "azure"
    input = "4"
    [[price]]
    deployment = "eu-1"
    input = "5"
    """
    used = Usage(input=10**6)
    assert cost(book, text, used, now_us, model="other", provider="azure") == 1 * PER_USD
    assert cost(book, text, used, now_us, model="gpt-5") == 2 * PER_USD
    assert cost(book, text, used, now_us, model="GPT-4o") == 3 * PER_USD
    assert cost(book, text, used, now_us, model="gpt-4o", provider="azure") == 4 * PER_USD
    assert cost(book, text, used, now_us, model="gpt-4o", provider="azure", deployment="eu-1") == 5 * PER_USD


def test_a_row_without_input_and_output_completes_the_catalogs_price(book: PriceBook, now_us: int) -> None:
    listed = book.rate("openai", "gpt-4o", now_us)
    with pytest.raises(ModelUnpriced, match="no price for input_audio"):
        listed.cost(Usage(input_audio=1))
    text = '[[price]]\nmodel = "gpt-4o"\ninput_audio = "40"'
    assert cost(book, text, Usage(input=7, input_audio=1), now_us) == listed.cost(Usage(input=7)) + 40_000


def test_a_row_that_is_a_price_replaces_the_catalogs_whole(book: PriceBook, now_us: int) -> None:
    text = '[[price]]\nmodel = "gpt-4o"\ninput = "1"'
    with pytest.raises(ModelUnpriced, match="no price for output"):
        cost(book, text, Usage(output=1), now_us)


def test_a_factor_multiplies_the_catalog_exactly_and_not_the_operators_own_price(
    book: PriceBook, now_us: int
) -> None:
    used = Usage(input=10**9, output=10**9)
    listed = book.rate("openai", "gpt-4o", now_us).cost(used)
    factor = '[[factor]]\nprovider = "openai"\nfactor = "0.85"\n'
    assert cost(book, factor, used, now_us) == listed * 85 // 100
    assert cost(book, factor, used, now_us, source="azure") != listed * 85 // 100
    own = factor + '[[price]]\nmodel = "gpt-4o"\ninput = "1"\noutput = "1"'
    assert cost(book, own, used, now_us) == 2_000 * PER_USD


def test_steps_above_a_threshold_price_the_whole_call(book: PriceBook, now_us: int) -> None:
    text = """
    [[price]]
    model = "mine"
    input = "1"
    output = "10"
    [[price.above]]
    input_tokens = 1000
    input = "2"
    """
    assert cost(book, text, Usage(input=1000, output=1), now_us, model="mine") == 1_000_000 + 10_000
    assert cost(book, text, Usage(input=1001, output=1), now_us, model="mine") == 2_002_000 + 10_000


def test_a_choice_of_the_caller_selects_its_own_row(book: PriceBook, now_us: int) -> None:
    text = """
    [[price]]
    model = "mine"
    input = "1"
    [[price]]
    model = "mine"
    input = "2"
    when = { service_tier = "priority" }
    """
    own = book.with_operator(OperatorPrices.parse(text))
    used = Usage(input=10**6)
    assert own.rate("x", "mine", now_us).cost(used) == PER_USD
    assert own.rate("x", "mine", now_us, context=(("service_tier", "flex"),)).cost(used) == PER_USD
    assert own.rate("x", "mine", now_us, context=(("service_tier", "priority"),)).cost(used) == 2 * PER_USD


def test_free_says_that_everything_or_one_class_costs_nothing(book: PriceBook, now_us: int) -> None:
    every = Usage(*([3] * len(BUCKETS)))
    assert cost(book, '[[price]]\nprovider = "ollama"\nfree = true', every, now_us, provider="ollama") == 0
    text = '[[price]]\nmodel = "mine"\ninput = "1"\nfree = ["cached_input"]'
    assert cost(book, text, Usage(input=1, cached_input=10**9), now_us, model="mine") == 1_000


BAD = {
    'input = "-1"': "input: .*greater than or equal to 0",
    "input = nan": "input: .*finite",
    "input = inf": "input: .*finite",
    "input = 1e300": "input: .*less than or equal",
    "input = true": "input: a price is a decimal number",
    'input = "two"': "input: .*decimal",
    "input = 0": "above zero or listed in free",
    'input = "0.0000000000000000001"': "input: .*decimal places",
    "inptu = 1": "inptu: .*not permitted",
    "free = false": "free",
    'free = ["everything"]': "free names everything",
    'input = "1"\nfree = ["input"]': "above zero or listed in free",
    'input = "1"\nfree = true': "no room for a price",
    'input = "1"\nfrom = "soon"': "from",
    'input = "1"\nabove = [{ input_tokens = 0, input = "2" }]': "above.0.input_tokens",
    'input = "1"\nabove = [{ input_tokens = 10, input = "0" }]': "above zero or listed in free",
    'input = "1"\ncontext_tokens = -5': "context_tokens",
    'input = "1"\nwhen = { service_tier = 3 }': "when.service_tier",
    "": "state at least one price",
}


@pytest.mark.parametrize("body", BAD)
def test_a_row_that_cannot_be_is_refused_with_its_line_and_key(body: str) -> None:
    text = f'# prices\n\n[[price]]\nmodel = "good"\ninput = "1"\n\n[[price]]\nmodel = "bad"\n{body}\n'
    with pytest.raises(ConfigurationError) as caught:
        OperatorPrices.parse(text, "own.toml")
    assert re.match(r"own\.toml: price 2 \(line 7\): ", caught.value.message)
    assert re.search(BAD[body], caught.value.message)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price = 3", "price"),
        ("x =", "is not TOML"),
        ('[[price]]\ninput = "1"', "name a model, a provider or a deployment"),
        ('[[factor]]\nfactor = "0"', "factor 1 (line 1): factor"),
        ('[[factor]]\nfactor = "-0.5"', "factor 1 (line 1): factor"),
        ("[[factor]]\nfactor = nan", "factor 1 (line 1): factor"),
        ('[[factor]]\nfactor = "11"', "factor 1 (line 1): factor"),
        ('[[prices]]\nmodel = "x"', "prices: "),
    ],
)
def test_a_file_that_cannot_be_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OperatorPrices.parse(text)
    assert said in caught.value.message


def test_two_rows_for_the_same_target_and_instant_are_refused() -> None:
    row = '[[price]]\nmodel = "x"\nfrom = 2026-01-01\ninput = "{}"\n'
    with pytest.raises(ConfigurationError, match="price 2 names what price 1 does"):
        OperatorPrices.parse(row.format(1) + row.format(2).replace('"x"', '"X"'))


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.toml cannot be read"):
        OperatorPrices.load(tmp_path / "gone.toml")


def test_setting_a_price_keeps_every_old_byte_and_takes_effect_at_its_date(
    tmp_path: Path, book: PriceBook
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('# ours\n[[price]]   # old\nmodel = "mine"\ninput = "1"')
    path.chmod(0o640)
    old = path.read_text()
    set_price(path, from_us=at(2026, 5), model="mine", prices={"input": Decimal(2), "output": Decimal("0.1")})
    assert path.read_text().startswith(old)
    assert path.stat().st_mode & 0o777 == 0o640
    own = book.with_operator(OperatorPrices.load(path))
    assert own.rate("x", "mine", at(2026, 5) - 1).cost(Usage(input=10**6)) == PER_USD
    assert own.rate("x", "mine", at(2026, 5)).cost(Usage(input=10**6)) == 2 * PER_USD


def test_setting_a_price_in_no_file_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    declared = set_price(path, from_us=at(2026), provider="ollama", prices={}, free=True)
    assert declared == OperatorPrices.load(path)
    assert declared.prices[0].from_us == at(2026)


@pytest.mark.parametrize("name", ['a"b\\c', "日本語/модель", "😀", "x\x7fy", "a]]b # c"])
def test_a_hostile_name_is_written_and_read_back_as_itself(tmp_path: Path, name: str) -> None:
    path = tmp_path / "prices.toml"
    set_price(path, from_us=at(2026), model=name, prices={"input": Decimal(1)}, when={name: name})
    row = OperatorPrices.load(path).prices[0]
    assert (row.model, row.when) == (name, {name: name})


@pytest.mark.parametrize(
    ("prices", "names"),
    [
        ({"input": Decimal(-1)}, {"model": "mine"}),
        ({"input": Decimal("NaN")}, {"model": "mine"}),
        ({"nonsense": Decimal(1)}, {"model": "mine"}),
        ({"input": Decimal(1)}, {}),
        ({"input": Decimal(1)}, {"model": "a\nb"}),
        ({"input": Decimal(1)}, {"model": "lone \udc80 surrogate"}),
    ],
)
def test_a_price_that_cannot_be_leaves_the_file_as_it_was(
    tmp_path: Path, prices: dict[str, Decimal], names: dict[str, str]
) -> None:
    path = tmp_path / "prices.toml"
    path.write_text("# only a comment\n")
    with pytest.raises(ConfigurationError):
        set_price(path, from_us=at(2026), prices=prices, **names)
    assert path.read_text() == "# only a comment\n"
    assert list(tmp_path.iterdir()) == [path]


def test_setting_the_same_price_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    set_price(path, from_us=at(2026), model="mine", prices={"input": Decimal(1)})
    with pytest.raises(ConfigurationError, match="later from"):
        set_price(path, from_us=at(2026), model="mine", prices={"input": Decimal(2)})


def test_a_file_that_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    other = tmp_path / "prices.toml.new"
    other.write_text("half a file")
    with pytest.raises(ConfigurationError, match="is being written"):
        set_price(path, from_us=at(2026), model="mine", prices={"input": Decimal(1)})
    assert other.read_text() == "half a file"
    assert not path.exists()
