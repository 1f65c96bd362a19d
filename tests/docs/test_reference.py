"""Every setting and every error has its row in the reference, and says there what it says in the code."""

import inspect

import pytest
from pydantic_core import PydanticUndefined

from solvent import errors
from solvent.gateway.errors import STATUS
from solvent.settings import PREFIX, Settings


def setting_row(name, field):
    default = field.get_default(call_default_factory=True)
    assert default is not PydanticUndefined, f"the setting {name} needs a default"
    shown = {None: "none", (): "none"}.get(default if not isinstance(default, dict) else None, f"`{default}`")
    return (f"`{name}`", shown, field.description)


def error_classes():
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.SolventError)
    ]


def missing(page, wanted):
    have = {cells[: len(next(iter(wanted)))] for cells in page.rows}
    return ["| " + " | ".join(cells) + " |" for cells in wanted if cells not in have]


def test_every_setting_is_documented_as_it_is(pages):
    wanted = [setting_row(name, field) for name, field in Settings.model_fields.items()]
    absent = missing(pages["docs/reference/settings.md"], wanted)
    assert not absent, "Put these rows into docs/reference/settings.md:\n" + "\n".join(absent)


def test_no_setting_is_documented_that_is_gone(pages):
    told = {
        cells[0].strip("`") for cells in pages["docs/reference/settings.md"].rows if cells[0].startswith("`")
    }
    assert told <= set(Settings.model_fields)


def test_the_settings_page_names_the_prefix_of_the_environment(pages):
    assert f"`{PREFIX}" in pages["docs/reference/settings.md"].prose


def error_row(kind):
    status = next(STATUS[above] for above in kind.__mro__ if above in STATUS)
    return (f"`{kind.__name__}`", f"`{kind.code}`", "yes" if kind.retryable else "no", str(status))


def test_every_error_is_documented_with_its_code_and_status(pages):
    absent = missing(pages["docs/reference/errors.md"], [error_row(kind) for kind in error_classes()])
    assert not absent, "Put rows that begin like these into docs/reference/errors.md:\n" + "\n".join(absent)


def test_no_two_errors_share_a_code():
    codes = [kind.code for kind in error_classes()]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    "wanted", [("`no_such`", "`1`", "x"), ("`BudgetExceeded`", "`budget_exceeded`", "yes", "402")]
)
def test_a_row_that_is_absent_or_wrong_is_caught(pages, wanted):
    assert missing(pages["docs/reference/errors.md"], [wanted])
