"""A fresh clone works: the lock holds what the project asks for, whole and without a source, and scripts run."""

import ast
import os
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
USED_WITHOUT_IMPORT = {"bpe-openai", "httptools", "tzdata", "uvloop"}
DEVELOPERS_CLIENTS = {"openai", "anthropic", "google-genai"}
SCRIPTS = ("script/test", "script/demo", "script/lock", "script/python", ".ci/run")
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)")


def asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    groups = [project["project"]["dependencies"], *extras, *project["dependency-groups"].values()]
    return [Requirement(text) for group in groups for text in group]


def pins(lock):
    """The version of each package, by its canonical name."""
    found = (PIN.match(line) for line in lock.splitlines())
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


def unmet(requirements, lock):
    pinned = pins(lock)
    for wanted in requirements:
        version = pinned.get(canonicalize_name(wanted.name))
        if version is None or version not in wanted.specifier:
            yield f"  {wanted}: the lock has {version or 'nothing'}"


def unhashed(lock):
    entries = re.split(r"\n(?=\S)", lock.strip())
    return [
        f"  {entry.splitlines()[0]}"
        for entry in entries
        if not PIN.match(entry) or "--hash=sha256:" not in entry
    ]


def imported(sources):
    """The distributions whose modules are imported, by their canonical names."""
    known = packages_distributions()
    nodes = [node for source in sources for node in ast.walk(source.tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    tops = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"solvent"}
    return {top: {canonicalize_name(name) for name in known.get(top, [top])} for top in tops}


def runtime():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(text for extra in extras for text in extra)]
    return {canonicalize_name(Requirement(text).name) for text in wanted}


@pytest.fixture(scope="module")
def lock():
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_the_lock_holds_what_the_project_asks_for(lock):
    broken = list(unmet(asked_for(), lock))
    assert not broken, "Run script/lock:\n" + "\n".join(broken)


def test_the_lock_is_all_pins_with_hashes_and_no_options(lock):
    broken = unhashed(lock)
    assert not broken, "Only script/lock writes the lock:\n" + "\n".join(broken)


def test_a_lock_that_lacks_or_leaks_something_is_caught():
    wanted = [Requirement("orjson>=3.11"), Requirement("rich>=14")]
    lock = "--index-url https://example.org\norjson==3.10 \\\n    --hash=sha256:00\nanyio==4.0\n"
    assert len(list(unmet(wanted, lock))) == 2
    assert len(unhashed(lock)) == 2


def test_every_package_that_is_imported_is_declared(library):
    allowed = runtime() | DEVELOPERS_CLIENTS
    undeclared = [top for top, names in imported(library).items() if not names & allowed]
    assert not undeclared, f"Declare these in pyproject.toml, then run script/lock: {sorted(undeclared)}"


def test_every_package_that_is_declared_is_used(library):
    used = {name for names in imported(library).values() for name in names} | USED_WITHOUT_IMPORT
    assert runtime() <= used, f"Take these out of pyproject.toml: {sorted(runtime() - used)}"


def test_an_undeclared_import_is_seen(source):
    assert imported([source("import os, numpy.linalg\nfrom yarl import URL")]) == {
        "numpy": {"numpy"},
        "yarl": {"yarl"},
    }


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_has_its_run_bit(name):
    assert os.access(ROOT / name, os.X_OK), f"chmod +x {name}"


def test_the_build_machine_runs_the_test_command_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "```sh\nscript/demo\nscript/test\n```" in readme
    assert "script/test" in (ROOT / ".ci/run").read_text(encoding="utf-8")
