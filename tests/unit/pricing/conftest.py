"""The price books and instants that the pricing tests share."""

from datetime import UTC, datetime

import pytest

from solvent.domain.clock import from_datetime
from solvent.pricing.book import PriceBook


@pytest.fixture(scope="session")
def book() -> PriceBook:
    return PriceBook.bundled()


@pytest.fixture(scope="session")
def now_us() -> int:
    return from_datetime(datetime(2026, 11, 1, 12, tzinfo=UTC))
