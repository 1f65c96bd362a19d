"""The files that the tidy tests read, parsed once."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT_FOLDERS = ("src", "tests", "docs", "script", "bench", ".ci")


@dataclass(frozen=True)
class Source:
    """One file: *path* relative to the root, with slashes; *tree* is empty for anything but Python."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self):
        return self.text.splitlines()

    def at(self, node, words):
        return f"  {self.path}:{node.lineno}: {words}"


def read(path):
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text) if path.suffix == ".py" else ast.Module([], [])
    return Source(path.relative_to(ROOT).as_posix(), text, tree)


def texts(folder):
    found = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return [path for path in found if b"\0" not in path.read_bytes()[:1024]]


@pytest.fixture(scope="session")
def library():
    """The Python files of the package."""
    return [read(path) for path in sorted((ROOT / "src").rglob("*.py"))]


@pytest.fixture(scope="session")
def suite():
    """The Python files of the tests."""
    return [read(path) for path in sorted((ROOT / "tests").rglob("*.py"))]


@pytest.fixture(scope="session")
def everything():
    """Every text file of the project but the licence and what no person writes."""
    top = [path for path in sorted(ROOT.iterdir()) if path.suffix in {".md", ".toml", ".lock"}]
    return [read(path) for path in [*top, *(path for name in TEXT_FOLDERS for path in texts(ROOT / name))]]


@pytest.fixture(scope="session")
def source():
    """Make a file that is not there, for showing that a rule catches what breaks it."""

    def make(text, path="src/solvent/domain/sample.py"):
        return Source(path, text, ast.parse(text) if path.endswith(".py") else ast.Module([], []))

    return make
