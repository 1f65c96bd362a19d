"""What every test can rely on: no credential or setting of the machine leaks in, and no test is timed."""

import os

import pytest
from hypothesis import settings

settings.register_profile("solvent", deadline=None, print_blob=True)
settings.load_profile("solvent")


@pytest.fixture(scope="session", autouse=True)
def _environment_without_keys_and_settings():
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("SOLVENT_") or name.endswith("_API_KEY"):
                patch.delenv(name)
        yield
