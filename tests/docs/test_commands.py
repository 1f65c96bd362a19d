"""Every command and option has its row in the reference, and every command line on a page can be read."""

import re
import shlex
from itertools import takewhile

import pytest
from typer.exceptions import TyperException
from typer.main import get_command

from solvent.cli.main import app

PAGE = "docs/reference/command-line.md"
COMMON = {"as_json", "database"}
HEAD = {("argument or option", "meaning"), ("---", "---")}
ENVIRONMENT = re.compile(r"[A-Z_]+=\S*")


def leaves(command, name="solvent"):
    """Every command that does something, by the words that call it."""
    if not hasattr(command, "commands"):
        return {name: command}
    return {
        words: leaf
        for part, below in command.commands.items()
        for words, leaf in leaves(below, f"{name} {part}").items()
    }


def written(parameter):
    """An argument or option as the reference writes it."""
    value = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "argument":
        return f"`{value}`"
    return f"`{parameter.opts[0]}`" if parameter.is_flag else f"`{parameter.opts[0]} {value}`"


def rows(command, *, common=False):
    """What the reference says of each parameter; those that every command has stand apart."""
    return [
        (written(parameter), parameter.help)
        for parameter in command.params
        if not parameter.hidden and (parameter.name in COMMON) is common
    ]


def section(page, title):
    """The rows of tables under the heading *title*; None where it has none."""
    start = re.search(rf"^#+ `?{re.escape(title)}`?$", page.prose, re.MULTILINE)
    if start is None:
        return None
    lines = takewhile(lambda line: not line.startswith("#"), page.prose[start.end() :].splitlines())
    return {
        tuple(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines if line.startswith("|")
    }


def complaint(line):
    """Why *line* cannot be read as a command of solvent; empty where it can."""
    words = [word for word in shlex.split(line, comments=True) if not ENVIRONMENT.fullmatch(word)]
    command = get_command(app)
    at = 1
    while hasattr(command, "commands"):
        if at == len(words) or words[at] not in command.commands:
            return f"there is no command {' '.join(words[: at + 1])!r}"
        command, at = command.commands[words[at]], at + 1
    try:
        command.make_context(words[at - 1], words[at:])
    except TyperException as error:
        return str(error) or type(error).__name__
    return ""


def command_lines(code):
    return [line for line in code.splitlines() if re.match(r"(?:[A-Z_]+=\S* )*solvent\b", line)]


@pytest.mark.parametrize("name", sorted(leaves(get_command(app))))
def test_every_command_is_documented_with_its_options(pages, name):
    wanted = rows(leaves(get_command(app))[name])
    found = section(pages[PAGE], name)
    shown = "\n".join(f"| {cell} | {words} |" for cell, words in wanted)
    assert found is not None, f"Give {name} a section in {PAGE}, with\n{shown}"
    assert set(wanted) <= found, f"Put these rows under {name} in {PAGE}:\n{shown}"


def test_options_of_every_command_are_documented_once(pages):
    wanted = {row for leaf in leaves(get_command(app)).values() for row in rows(leaf, common=True)}
    assert wanted == section(pages[PAGE], "Options of every command") - HEAD


def test_no_command_is_documented_that_is_gone(pages):
    told = set(re.findall(r"^#+ `(solvent[^`]*)`$", pages[PAGE].prose, re.MULTILINE))
    assert told <= set(leaves(get_command(app)))


def test_every_option_says_what_it_is_for():
    silent = [
        f"{name} {cell}"
        for name, leaf in leaves(get_command(app)).items()
        for cell, words in rows(leaf)
        if not words
    ]
    assert not silent, f"Give these a help text: {silent}"


def test_every_command_line_on_a_page_can_be_read(examples):
    shells = [example for example in examples if example.language == "sh"]
    broken = [
        f"  {example.where}: {line}: {why}"
        for example in shells
        for line in command_lines(example.code)
        if (why := complaint(line))
    ]
    assert not broken, "Mend these command lines:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    "line", ["solvent fly", "solvent budget", "solvent usage --sideways", "solvent budget set total"]
)
def test_a_wrong_command_line_is_caught(line):
    assert complaint(line)


def test_a_right_command_line_is_left_alone():
    assert not complaint("SOLVENT_PORT=1 solvent budget set 'customer:*' daily 5  # each")
