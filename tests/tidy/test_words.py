"""Words that help: package introductions, headers, reasons beside exceptions, and tests named as sentences."""

import ast
import re

import pytest

UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma)\b")
EXCEPTION_WITH_REASON = re.compile(
    r"#\s*(?:noqa:\s*\w+\d+(?:,\s*\w+\d+)*|type:\s*ignore\[[\w, -]+\]).*[a-z]{3}"
)
FOREIGN_PATH = re.compile(r"(?<![\w.~-])/(?:work|farm|root|Users|home)/\w")
REGISTRY = re.compile(r"(?:\bpypi|pythonhosted|registry\.npmjs|crates)\.(?:org|io)\b")
QUOTES_THE_MARKS = "tests/tidy/test_words.py"
QUERY_SUFFIXES = (".sql", ".lua")


def lines_matching(source, pattern, words):
    return [
        f"  {source.path}:{number}: {words}"
        for number, line in enumerate(source.lines, start=1)
        if pattern.search(line)
    ]


def unfinished_work(source):
    return lines_matching(source, UNFINISHED, "unfinished")


def exceptions_without_reason(source):
    return [
        f"  {source.path}:{number}: {line.strip()}"
        for number, line in enumerate(source.lines, start=1)
        if EXCEPTION.search(line) and not EXCEPTION_WITH_REASON.search(line)
    ]


def marks_of_a_machine(source):
    places = lines_matching(source, FOREIGN_PATH, "a path of one machine")
    return places + lines_matching(source, REGISTRY, "the host of a package registry")


def packages_without_introduction(source):
    if not source.path.endswith("/__init__.py") or source.path == "src/solvent/__init__.py":
        return []
    words = ast.get_docstring(source.tree) or ""
    whole = len(words.split("\n")) >= 3 and "elongs here" in words and "not belong here" in words
    return [] if whole else [f"  {source.path}"]


def queries_without_header(source):
    if not source.path.endswith(QUERY_SUFFIXES):
        return []
    return [] if source.text.startswith("--") else [f"  {source.path}"]


def all_tests(source):
    return [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    ]


def names_that_are_no_sentence(source):
    return [source.at(node, node.name) for node in all_tests(source) if len(node.name.split("_")) <= 4]


def hollow_tests(source):
    checkers = {
        node.name
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and checks_something(node, frozenset())
    }
    return [source.at(node, node.name) for node in all_tests(source) if not checks_something(node, checkers)]


def checks_something(function, checkers):
    """Whether it asserts, expects an error, or throws random input at what must not raise."""
    if any("given" in ast.unparse(decorator) for decorator in function.decorator_list):
        return True
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if (
                name in {"raises", "fail"}
                or name in checkers
                or name.startswith(("assert_", "check", "expect", "refused"))
            ):
                return True
    return False


def mocks(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            if name in {"unittest.mock", "mock"}:
                yield source.at(node, f"imports {name}")


def test_every_package_says_what_belongs_in_it(library):
    broken = [fault for source in library for fault in packages_without_introduction(source)]
    assert not broken, "Say in three lines what belongs here and what does not:\n" + "\n".join(broken)


def test_every_query_has_a_header(everything):
    broken = [fault for source in everything for fault in queries_without_header(source)]
    assert not broken, "Begin these with a comment: arguments, units, result:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        (unfinished_work, "Finish this, or take it out"),
        (exceptions_without_reason, "Name the rule and write the reason beside the exception"),
        (marks_of_a_machine, "Nothing of one machine or registry belongs in the project"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_no_file_carries_leftovers(everything, rule, advice):
    others = [source for source in everything if source.path != QUOTES_THE_MARKS]
    broken = [fault for source in others for fault in rule(source)]
    assert not broken, f"{advice}:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "advice"),
    [
        (names_that_are_no_sentence, "Name these tests as sentences of four words or more"),
        (hollow_tests, "Let these tests check something"),
        (mocks, "Put a fake behind a port instead of a mock"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_the_suite_is_honest_and_readable(suite, rule, advice):
    broken = [fault for source in suite for fault in rule(source)]
    assert not broken, f"{advice}:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (unfinished_work, "x = 1  # TODO: later"),
        (exceptions_without_reason, "import os  # noqa"),
        (exceptions_without_reason, "import os  # noqa: F401"),
        (exceptions_without_reason, "x = f()  # type: ignore[misc]"),
        (marks_of_a_machine, "path = '/root/solvent'"),
        (marks_of_a_machine, "# --index-url https://pypi.org/simple"),
        (names_that_are_no_sentence, "def test_reserve_works(): ..."),
        (hollow_tests, "def test_it_does_what_it_should():\n    f()"),
        (hollow_tests, "def test_it_does_what_it_should():\n    assert True"),
        (mocks, "from unittest.mock import patch"),
    ],
)
def test_careless_words_are_caught(source, rule, text):
    assert list(rule(source(text)))


def test_a_package_or_query_without_words_is_caught(source):
    assert packages_without_introduction(source('"""Things."""', "src/solvent/budgets/__init__.py"))
    assert queries_without_header(source("SELECT 1;", "src/solvent/storage/sqlite/sql/one.sql"))
    assert not queries_without_header(source("-- One.\nSELECT 1;", "src/solvent/storage/sqlite/sql/one.sql"))


@pytest.mark.parametrize(
    "text",
    [
        "import os  # noqa: F401 - shown to users",
        "x = f()  # type: ignore[misc]  # the library has no types",
        "def test_a_refusal_changes_nothing():\n    assert f() == 1",
    ],
)
def test_careful_words_are_left_alone(source, text):
    made = source(text)
    rules = (unfinished_work, exceptions_without_reason, marks_of_a_machine, names_that_are_no_sentence)
    assert not [fault for rule in (*rules, hollow_tests) for fault in rule(made)]
