"""The business of the demo: who its customers are, what they may spend, and which calls are made for them.

Sizes are drawn from a seeded generator: many short calls, a few long ones, as traffic of real programs has them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from solvent.domain.budget import Budget
from solvent.domain.money import Money
from solvent.domain.period import Period

SdkName = Literal["openai", "anthropic", "google"]


@dataclass(frozen=True, slots=True)
class Offered:
    """A model of the provider, and what a million tokens cost in dollars."""

    sdk: SdkName
    model: str
    input_usd: Decimal
    output_usd: Decimal


OFFERED: Final = (
    Offered("openai", "gpt-4o-mini", Decimal("0.15"), Decimal("0.60")),
    Offered("openai", "gpt-4o", Decimal("2.50"), Decimal("10.00")),
    Offered("anthropic", "claude-haiku-4-5", Decimal("1.00"), Decimal("5.00")),
    Offered("anthropic", "claude-sonnet-4-5", Decimal("3.00"), Decimal("15.00")),
    Offered("google", "gemini-2.5-flash", Decimal("0.30"), Decimal("2.50")),
)
UNPRICED: Final = "gpt-nobody-has-priced"
"""A model that the provider would serve, and that has no price."""

_CUSTOMERS: Final = ("acme", "globex", "hooli", "initech", "wayne")
_SHARES: Final = (30, 20, 15, 25, 10)
_AGENTS: Final = ("mail", "phone", "sms")
_CAMPAIGNS: Final = ("q4_reminders", "winback")
_EVERY_UNPRICED: Final = 97
_WORDS: Final = (
    "invoice payment reminder overdue since account customer please write friendly letter about the amount "
    "that was due and offer a plan in three parts with dates the history shows two late payments before"
)

BUDGETS: Final = (
    Budget("total", Period.MONTHLY, Money.parse("2000")),
    Budget("customer:*", Period.DAILY, Money.parse("5")),
    Budget("customer:initech", Period.DAILY, Money.parse("0.02")),
    Budget("agent:phone", Period.DAILY, Money.parse("20"), time_zone="Europe/Berlin"),
    Budget("campaign:winback", Period.LIFETIME, Money.parse("0.10"), hard=False),
)
"""Initech's runs out on the way; the soft one of a campaign may be passed, and only counts."""


@dataclass(frozen=True, slots=True)
class Errand:
    """One call that the business makes."""

    sdk: SdkName
    model: str
    customer: str
    agent: str
    campaign: str
    stream: bool
    prompt: str
    max_tokens: int

    @property
    def headers(self) -> dict[str, str]:
        """Whom the call is for, as the gateway reads it."""
        return {
            "x-solvent-customer": self.customer,
            "x-solvent-agent": self.agent,
            "x-solvent-campaign": self.campaign,
        }


def errands(count: int, seed: int) -> Iterator[Errand]:
    """Yield *count* calls; equal seeds give equal calls."""
    dice = random.Random(seed)  # noqa: S311 - repeatable on purpose, it guards nothing
    for number in range(1, count + 1):
        offered = dice.choice(OFFERED)
        priced = number % _EVERY_UNPRICED != 0
        read, written = _size(dice, 40, 900), _size(dice, 20, 500)
        yield Errand(
            sdk=offered.sdk if priced else "openai",
            model=offered.model if priced else UNPRICED,
            customer=dice.choices(_CUSTOMERS, _SHARES)[0],
            agent=dice.choice(_AGENTS),
            campaign=dice.choice(_CAMPAIGNS),
            stream=dice.random() < 1 / 3,
            prompt=_prompt(dice, number, read, written),
            max_tokens=written + dice.randrange(200),
        )


def _size(dice: random.Random, least: int, most: int) -> int:
    return min(most, least + round(dice.lognormvariate(4.5, 0.9)))


def _prompt(dice: random.Random, number: int, read: int, written: int) -> str:
    """Return words, and behind them how long an answer the simulated provider shall give."""
    return f"Case {number}: {' '.join(dice.choices(_WORDS.split(), k=read))}. [[sim output={written}]]"
