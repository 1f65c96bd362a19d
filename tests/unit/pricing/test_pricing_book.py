"""The book: which price is found, what it is called, and what is refused."""

import socket
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from solvent.domain.clock import from_datetime
from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ModelUnpriced, UsageContradictory
from solvent.pricing.book import PriceBook
from solvent.pricing.models import UNKNOWN
from solvent.pricing.operator import OperatorPrices
from solvent.pricing.rate import DECLARED_AS
from solvent.pricing.sheet import ALWAYS, Sheet


def at(*when: int) -> int:
    return from_datetime(datetime(*when, tzinfo=UTC))


def test_no_network_is_used_to_open_the_book_or_to_price_a_call(
    monkeypatch: pytest.MonkeyPatch, now_us: int
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the price book opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert PriceBook.bundled().rate("openai", "gpt-4o", now_us).cost(Usage(input=1)) == 2_500


def test_a_version_names_its_source_and_digest_and_fits_its_column(book: PriceBook, now_us: int) -> None:
    listed = book.rate("openai", "gpt-4o", now_us).version
    assert listed.startswith("genai-prices ")
    assert "#" in listed
    text = """
    [[factor]]
    factor = "0.123456789"
    [[price]]
    model = "gpt-4o"
    from = 2026-01-01
    input_audio = "1"
    """
    own = book.with_operator(OperatorPrices.parse(text)).rate("openai", "gpt-4o", now_us).version
    assert own != listed
    assert len(own) <= 60


def test_the_same_question_gives_the_same_version_and_another_price_another(
    book: PriceBook, now_us: int
) -> None:
    other = PriceBook.bundled()
    assert book.rate("openai", "gpt-4o", now_us) == other.rate("openai", "gpt-4o", now_us)
    assert book.rate("openai", "gpt-4o", now_us).version != book.rate("openai", "gpt-4o-mini", now_us).version


def test_a_later_price_leaves_the_version_of_an_earlier_instant_alone(book: PriceBook) -> None:
    old = '[[price]]\nmodel = "mine"\ninput = "1"\n'
    new = '[[price]]\nmodel = "mine"\nfrom = 2026-06-01\ninput = "2"\n'
    before = book.with_operator(OperatorPrices.parse(old)).rate("x", "mine", at(2026, 5, 31))
    after = book.with_operator(OperatorPrices.parse(old + new)).rate("x", "mine", at(2026, 5, 31))
    assert before == after


def test_a_price_by_the_time_of_day_changes_at_its_minute(book: PriceBook) -> None:
    night, day = at(2026, 11, 1, 0, 59, 59), at(2026, 11, 1, 1)
    model = "deepseek-v4-flash"
    assert book.rate("deepseek", model, day).cost(Usage(input=10**6)) == 2 * book.rate(
        "deepseek", model, night
    ).cost(Usage(input=10**6))
    assert (
        book.rate("deepseek", model, at(2026, 11, 1, 4)).version
        == book.rate("deepseek", model, night).version
    )


def test_a_choice_of_the_caller_selects_a_listed_variant_and_others_do_not(
    book: PriceBook, now_us: int
) -> None:
    def version(*context: tuple[str, str]) -> str:
        return book.rate("openai", "gpt-5.2", now_us, context=context).version

    assert version(("service_tier", "priority")) != version()
    assert version(("service_tier", "auto")) == version()
    assert version(("service_tier", "standard")) == version()


@pytest.mark.parametrize(
    "choice",
    [("service_tier", "PRIORITY"), ("speed", "warp"), ("inference_geo", "us"), ("anything", "x" * 10_000)],
)
def test_a_choice_that_may_cost_more_and_has_no_price_is_refused(
    book: PriceBook, now_us: int, choice
) -> None:
    with pytest.raises(ModelUnpriced, match="has no price for"):
        book.rate("openai", "gpt-5.2", now_us, context=(choice,))


@pytest.mark.parametrize(
    ("source", "model", "said"),
    [
        ("openai", "gpt-4o-nonexistent-but-not-really", "does not list it"),
        ("openai", "", "does not list it"),
        ("nobody", "gpt-4o", "no provider 'nobody'"),
        ("openai", "m" * 256, "longer than 255"),
        ("openai", "whisper-1", "no price for input"),
        ("openai", "tts-1", "input_mchars, which solvent does not count"),
        ("google", "gemma-3", "lists it without a price"),
    ],
)
def test_a_model_without_a_usable_price_is_refused_never_free(
    book: PriceBook, now_us: int, source: str, model: str, said: str
) -> None:
    with pytest.raises(ModelUnpriced) as caught:
        book.rate(source, model, now_us).cost(Usage(input=1))
    assert said in caught.value.message
    assert len(caught.value.message) < 600


def test_a_refusal_is_raised_anew_each_time(book: PriceBook, now_us: int) -> None:
    errors = []
    for _ in range(2):
        with pytest.raises(ModelUnpriced) as caught:
            book.rate("openai", "no-such-model", now_us)
        errors.append(caught.value)
    assert errors[0] is not errors[1]


@pytest.mark.parametrize(
    "bucket",
    ["input_audio", "cached_audio", "cache_write_5m", "cache_write_1h", "output_audio", "output_image"],
)
def test_a_class_without_a_price_or_a_stand_in_is_refused_by_name(
    book: PriceBook, now_us: int, bucket: str
) -> None:
    with pytest.raises(ModelUnpriced, match=f"no price for {bucket}"):
        book.rate("openai", "gpt-4o", now_us).cost(Usage(**{bucket: 1}))


def test_a_negative_count_never_lowers_a_cost(book: PriceBook, now_us: int) -> None:
    with pytest.raises(UsageContradictory, match="input = -1"):
        book.rate("openai", "gpt-4o", now_us).cost(Usage(input=-1, output=10))


def test_searching_finds_models_in_any_case_by_any_part(book: PriceBook) -> None:
    found = {(listed.source, listed.model) for listed in book.search("GPT-4o-MINI")}
    assert ("openai", "gpt-4o-mini") in found
    assert ("openrouter", "openai/gpt-4o-mini") in found
    assert all("gpt-4o-mini" in model.lower() for _, model in found)
    assert len(book.search("")) > 2_000
    assert book.search("no such model") == ()


def test_each_stand_in_costs_at_least_what_it_stands_in_for() -> None:
    sheet = Sheet(
        ((ALWAYS, {"input": Fraction(1, 3), "output": Fraction(2, 7), "input_audio": Fraction(5)}),)
    )
    rate = sheet.compiled("mine", "test", None, UNKNOWN)
    prices = dict(zip(BUCKETS, rate.steps[0].prices, strict=True))
    assert rate.scale == 21
    assert prices["cached_input"] == prices["input_image"] == prices["input_video"] == prices["input"] == 7
    assert prices["cached_image"] == prices["input"]
    assert prices["cached_audio"] == prices["input_audio"] == 105
    assert prices["reasoning"] == prices["output"] == 6
    absent = {
        "cache_write_5m",
        "cache_write_1h",
        "output_audio",
        "output_image",
        "web_searches",
        "file_searches",
    }
    assert {name for name, price in prices.items() if price is None} == absent


@pytest.mark.parametrize("bucket", BUCKETS)
def test_the_operator_can_price_every_bucket_of_usage(book: PriceBook, now_us: int, bucket: str) -> None:
    key = DECLARED_AS.get(bucket, bucket)
    prices = {"input": 1, key: 2}
    row = "".join(f"{name} = {price}\n" for name, price in prices.items())
    own = book.with_operator(OperatorPrices.parse(f'[[price]]\nmodel = "mine"\n{row}'))
    per_unit = 2 * 10**9 if key != bucket else 2_000
    assert own.rate("x", "mine", now_us).cost(Usage(**{bucket: 1})) == per_unit
