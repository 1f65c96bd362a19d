import re
from dataclasses import fields
from pathlib import Path

import pytest

from solvent.providers.catalog import Catalog, ProviderConfig
from solvent.testing import Behavior

PAGES = Path(__file__).resolve().parents[3] / "docs" / "reference"


def rows(page):
    """Return the cells of each table row of *page* that begins with a name in backticks."""
    text = (PAGES / page).read_text("utf-8")
    return [re.split(r" \| ", line.strip("| ")) for line in text.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize("provider", Catalog.bundled().providers, ids=lambda provider: provider.name)
def test_every_bundled_provider_is_documented_as_it_is(provider):
    (cells,) = [row for row in rows("providers.md") if row[0] == f"`{provider.name}`"]
    for name in provider.credential_env:
        assert f"`{name}`" in cells[2]
    if len(provider.dialects) < 6:
        assert re.findall("`(.*?)`", cells[1]) == [dialect.value for dialect in provider.dialects]
    assert ("counting" in cells[1]) == provider.counts
    assert cells[4].strip("`") == (provider.price_source or "the operator's")


def test_every_field_of_a_row_is_documented():
    documented = {row[0].strip("`") for row in rows("providers.md") if len(row) == 3}
    assert documented == set(ProviderConfig.model_fields)


def test_every_directive_is_documented():
    cells = " ".join(row[0] for row in rows("simulated-provider.md"))
    assert set(re.findall("`(.*?)`", cells)) == {field.name for field in fields(Behavior)}
