"""What every test can rely on: no credential or setting of the machine leaks in, and no test is timed."""

import os
import runpy
from pathlib import Path

import pytest
from hypothesis import settings

from solvent.testing import ManualClock

settings.register_profile("solvent", deadline=None, print_blob=True)
settings.load_profile("solvent")


@pytest.fixture(scope="session", autouse=True)
def _environment_without_keys_and_settings():
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("SOLVENT_") or name.endswith("_API_KEY"):
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def teller_of():
    """Return the class that makes asks and entries; it is handed a clock."""
    return runpy.run_path(str(Path(__file__).with_name("teller.py")))["Teller"]


@pytest.fixture
def clock():
    """A clock that stands at noon of 2026-01-01 UTC until a test moves it."""
    return ManualClock(1_767_268_800_000_000)


@pytest.fixture
def teller(teller_of, clock):
    return teller_of(clock)
