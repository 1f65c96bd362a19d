"""The table of backends: every test of this directory that asks for a ``store`` is run for each row."""

import pytest

from solvent.storage.open import open_store

BACKENDS = {"memory": "memory:", "sqlite": "sqlite:///{directory}/solvent.db"}


@pytest.fixture(params=BACKENDS)
async def store_to_close(request, tmp_path, clock):
    """A new store of each backend, for tests that close it."""
    return await open_store(BACKENDS[request.param].format(directory=tmp_path), clock=clock)


@pytest.fixture
async def store(store_to_close):
    """A new store of each backend; whatever a test did, its books must balance in the end."""
    yield store_to_close
    assert not await store_to_close.verify()
    await store_to_close.close()
