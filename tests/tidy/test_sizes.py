"""Files of one screenful of pages, functions of one screen, and names that say what is inside."""

import ast
from pathlib import PurePosixPath
from statistics import mean

MAX_FILE = 400
MAX_FUNCTION = 60
MAX_MEAN = 20
VAGUE = {"utils", "util", "common", "helpers", "helper", "misc", "shared", "base_utils", "tools", "stuff"}


def long_files(source):
    count = len(source.lines)
    return [f"  {source.path}: {count} lines"] if count > MAX_FILE else []


def functions(source):
    return [
        node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def length(node):
    return node.end_lineno - node.lineno + 1


def long_functions(source):
    return [
        source.at(node, f"{node.name} has {length(node)} lines")
        for node in functions(source)
        if length(node) > MAX_FUNCTION
    ]


def vague_names(source):
    path = PurePosixPath(source.path)
    return [f"  {source.path}: {name!r}" for name in (*path.parent.parts, path.stem) if name in VAGUE]


def test_no_file_is_longer_than_400_lines(library, suite):
    broken = [fault for source in library + suite for fault in long_files(source)]
    assert not broken, "Split these files along what they know:\n" + "\n".join(broken)


def test_every_function_fits_a_screen(library, suite):
    broken = [fault for source in library + suite for fault in long_functions(source)]
    assert not broken, f"Give steps of these functions a name, {MAX_FUNCTION} lines at most:\n" + "\n".join(
        broken
    )


def test_functions_are_short_on_average(library):
    average = mean(length(node) for source in library for node in functions(source))
    assert average <= MAX_MEAN, (
        f"The mean function has {average:.1f} lines; {MAX_MEAN} at most, 15 is the aim"
    )


def test_no_module_has_a_vague_name(library):
    broken = [fault for source in library for fault in vague_names(source)]
    assert not broken, "Name these after what they know:\n" + "\n".join(broken)


def test_what_is_too_long_or_vague_is_caught(source):
    assert long_files(source("x = 1\n" * 401))
    assert not long_files(source("x = 1\n" * 400))
    assert long_functions(source("async def f():\n" + "    x = 1\n" * 60))
    assert not long_functions(source("def f():\n" + "    x = 1\n" * 59))
    assert vague_names(source("", "src/solvent/pricing/utils.py"))
    assert vague_names(source("", "src/solvent/common/money.py"))
