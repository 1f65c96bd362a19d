"""Rates: the price of one model at one instant, compiled to integers, and the one place where cost is computed.

How a rate is found is in ``book``; how it is made from decimals is in ``sheet``; the bound before a call is in
``bound``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from solvent.domain.usage import BUCKETS, Usage
from solvent.errors import ModelUnpriced, UsageContradictory
from solvent.pricing.models import UNKNOWN, Traits

DECLARED_AS: Final[Mapping[str, str]] = {
    "web_searches": "per_web_search",
    "file_searches": "per_file_search",
}
"""The keys of the operator's price file that are not named as the bucket they price."""


@dataclass(frozen=True, slots=True)
class Step:
    """Prices that hold for a call of more than ``above_tokens`` input tokens: for all of it, not the excess.

    ``prices`` follow the order of ``BUCKETS``; they and ``per_request`` are in nano-dollars ÷ ``Rate.scale`` per
    token, search or request. None marks a class that has no price.
    """

    above_tokens: int
    prices: tuple[int | None, ...]
    per_request: int = 0


@dataclass(frozen=True, slots=True)
class Rate:
    """What a model costs: ``steps`` ascend, and the first holds from zero.

    ``version`` names the source and a digest of the numbers: equal versions price equally, for ever.
    ``context_tokens`` is the model's context window where the source states it. ``instead`` is the standard rate
    where this one was chosen by the caller: the provider may serve the call at that, so a bound covers both.
    ``declared`` says that the operator's own price or factor is in it.
    """

    name: str
    version: str
    scale: int
    steps: tuple[Step, ...]
    context_tokens: int | None = None
    traits: Traits = UNKNOWN
    declared: bool = False
    instead: "Rate | None" = None

    def cost(self, usage: Usage) -> int:
        """Return the cost of one attempt in nano-dollars: exact, rounded up once over the whole sum.

        Raises:
            ModelUnpriced: a class that was used has no price.
            UsageContradictory: a count is negative.
        """
        step = self.reachable(usage.input_tokens)[-1]
        total = step.per_request
        for index, count in enumerate(usage.counts()):
            if count:
                total += _counted(count, index) * self.price(step, index)
        return -(-total // self.scale)

    def price(self, step: Step, bucket: int) -> int:
        """Return the price of a bucket, by its index in ``BUCKETS``, at *step*.

        Raises:
            ModelUnpriced: it has none.
        """
        price = step.prices[bucket]
        if price is None:
            name = BUCKETS[bucket]
            raise ModelUnpriced(
                f"{self.name} has no price for {name} ({self.version}); declare one in the operator's price "
                f"file: a [[price]] with the model's name and {DECLARED_AS.get(name, name)}"
            )
        return price

    def reachable(self, input_tokens: int) -> tuple[Step, ...]:
        """Return the steps within reach of *input_tokens*; the last is the step of just so many."""
        if len(self.steps) == 1:
            return self.steps
        return self.steps[:1] + tuple(step for step in self.steps[1:] if input_tokens > step.above_tokens)


def _counted(count: int, index: int) -> int:
    if count < 0:
        raise UsageContradictory(f"usage says {BUCKETS[index]} = {count}, which is not a count")
    return count
