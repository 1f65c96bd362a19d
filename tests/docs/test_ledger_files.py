"""The page of ledger files names every column that is read, and none that is not."""

import re

import pytest

from solvent.risk.contact_rows import CHANNEL_WORDS, CONTACT_COLUMNS, OUTCOME_WORDS
from solvent.risk.invoice_rows import INVOICE_COLUMNS

ROW = re.compile(r"^\| `(?P<field>\w+)` \| (?P<columns>[^|]+) \| (?P<words>[^|]+) \|$", re.MULTILINE)
WORD = re.compile(r"`(\w+)`")


@pytest.fixture(scope="module")
def sections(request):
    root = request.path.resolve().parents[2]
    text = (root / "docs/reference/ledger-files.md").read_text(encoding="utf-8")
    _, invoices, contacts = re.split(r"^## \w+$", text, flags=re.MULTILINE)
    return invoices, contacts


def told(section):
    return {row["field"]: tuple(WORD.findall(row["columns"])) for row in ROW.finditer(section)}


def test_every_column_of_a_ledger_is_documented_in_its_order(sections):
    assert told(sections[0]) == dict(INVOICE_COLUMNS)
    assert told(sections[1]) == dict(CONTACT_COLUMNS)


def test_every_word_of_a_channel_and_an_outcome_is_documented(sections):
    words = {row["field"]: row["words"].replace("-", "_") for row in ROW.finditer(sections[1])}
    assert set(CHANNEL_WORDS) <= set(WORD.findall(words["channel"]))
    assert set(OUTCOME_WORDS) == set(WORD.findall(words["outcome"]))
