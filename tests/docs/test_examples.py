"""Every example on a page is at least of its language, and names things that exist."""

import ast
import json
import shutil
import subprocess
import tomllib
from importlib import import_module
from importlib.util import find_spec

import pytest

FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


def wrong_python(code):
    try:
        tree = compile(code, "example", "exec", FLAGS)
    except SyntaxError as error:
        return [str(error)]
    named = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [
        f"{node.module} has no {alias.name}"
        for node in named
        if node.module.partition(".")[0] == "solvent"
        for alias in node.names
        if not exists(node.module, alias.name)
    ]


def exists(module, name):
    if find_spec(module) is None:
        return False
    return hasattr(import_module(module), name) or find_spec(f"{module}.{name}") is not None


def wrong_shell(code):
    shell = shutil.which("sh")
    done = subprocess.run([shell, "-n"], input=code, capture_output=True, text=True, check=False)
    return [done.stderr.strip()] if done.returncode else []


def wrong_toml(code):
    try:
        tomllib.loads(code)
    except tomllib.TOMLDecodeError as error:
        return [str(error)]
    return []


def wrong_json(code):
    try:
        json.loads(code)
    except json.JSONDecodeError as error:
        return [str(error)]
    return []


CHECKS = {"python": wrong_python, "sh": wrong_shell, "toml": wrong_toml, "json": wrong_json}


@pytest.mark.parametrize("language", CHECKS)
def test_examples_are_of_their_language(examples, language):
    chosen = [example for example in examples if example.language == language]
    broken = [f"  {example.where}: {why}" for example in chosen for why in CHECKS[language](example.code)]
    assert not broken, "Mend these examples:\n" + "\n".join(broken)


def test_every_example_says_its_language_or_is_a_drawing(examples):
    known = {*CHECKS, ""}
    broken = [
        f"  {example.where}: {example.language}" for example in examples if example.language not in known
    ]
    assert not broken, f"Use one of {', '.join(sorted(CHECKS))}, or nothing for a drawing:\n" + "\n".join(
        broken
    )


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "def f(:"),
        ("python", "from solvent import NoSuchName"),
        ("python", "from solvent.nowhere import anything"),
        ("sh", "if true; then"),
        ("toml", "a = "),
        ("json", "{'a': 1}"),
    ],
)
def test_a_wrong_example_is_caught(language, code):
    assert CHECKS[language](code)


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "from solvent.errors import BudgetExceeded\nreply = await llm.chat()"),
        ("sh", "solvent budget set 'customer:*' daily 5  # each"),
        ("toml", "[[price]]\nmodel = 'x'"),
        ("json", '{"a": 1}'),
    ],
)
def test_a_right_example_is_left_alone(language, code):
    assert not CHECKS[language](code)
