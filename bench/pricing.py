"""Pricing a call: finding its rate, its bound and its cost, beside the catalog's own calculator in the same run.

Run: ``python bench/pricing.py [rounds]``. Prints figures of this machine and their ratio; asserts nothing.
"""

import sys
import time
from collections.abc import Callable

import genai_prices

from solvent.app import ceilings
from solvent.domain.call import Demand
from solvent.domain.clock import SystemClock
from solvent.domain.usage import Usage
from solvent.pricing.book import PriceBook
from solvent.pricing.bound import bound
from solvent.pricing.tokens import TokenCounter
from solvent.settings import Settings

USAGE = Usage(input=1_200, cached_input=300, output=250, reasoning=40)
THEIRS = genai_prices.Usage(
    input_tokens=1_500, cache_read_tokens=300, output_tokens=290, output_reasoning_tokens=40
)
CEILINGS = ceilings(Settings())
DEMAND = Demand(text_bytes=6_000, messages=4, tools=2, output_limit=500)
MEGABYTE = {
    "words": "the quick brown fox jumps over the lazy dog, ",
    "digits": "3141592653",
    "one letter": "a",
    "blanks": " ",
    "Chinese": "价格和预算",
}


def microseconds(work: Callable[[], object], rounds: int) -> float:
    """Return the mean time of *work*, the first run left out."""
    work()
    started = time.perf_counter()
    for _ in range(rounds):
        work()
    return (time.perf_counter() - started) / rounds * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    started = time.perf_counter()
    book, now_us = PriceBook.bundled(), SystemClock().now_us()
    rate = book.rate("anthropic", "claude-sonnet-4-5", now_us)
    print(f"first rate of a new book          {(time.perf_counter() - started) * 1e3:10.2f} ms")
    figures = {
        "rate": microseconds(lambda: book.rate("anthropic", "claude-sonnet-4-5", now_us), rounds),
        "bound": microseconds(lambda: bound(rate, DEMAND, CEILINGS, output_max=64_000), rounds),
        "cost": microseconds(lambda: rate.cost(USAGE), rounds),
    }
    theirs = microseconds(
        lambda: genai_prices.calc_price(THEIRS, "claude-sonnet-4-5", provider_id="anthropic"), rounds // 20
    )
    for name, figure in figures.items():
        print(f"{name:32}  {figure:10.2f} µs")
    print(f"{'genai_prices.calc_price':32}  {theirs:10.2f} µs")
    print(f"rate + cost, times faster         {theirs / (figures['rate'] + figures['cost']):10.1f}")
    counter = TokenCounter()
    started = time.perf_counter()
    counter.count("openai", "gpt-4o", [""], 0, 0)
    print(f"load a vocabulary                 {(time.perf_counter() - started) * 1e3:10.2f} ms")
    for name, text in MEGABYTE.items():
        whole = (text * (2**20 // len(text.encode()) + 1)).encode()[: 2**20].decode(errors="ignore")
        started = time.perf_counter()
        tokens = counter.count("openai", "gpt-4o", [whole], 0, 0)
        print(f"count 1 MB of {name:18}  {(time.perf_counter() - started) * 1e3:10.2f} ms  {tokens:,} tokens")


if __name__ == "__main__":
    main()
