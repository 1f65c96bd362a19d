"""Imports go down only, siblings do not know each other, and backends are known by name in one place."""

import ast

import pytest

FLOORS = (
    ("errors",),
    ("domain",),
    ("ports", "dialects", "resilience"),
    (
        "budgets", "pricing", "ledger", "cache", "alerts", "analytics", "risk",
        "storage", "providers", "channels",
    ),
    ("calls",),
    ("settings",),
    ("app",),
    ("sync", "testing", "gateway", "dashboard", "worker"),
    ("cli",),
    ("", "__main__"),
)  # fmt: skip
HEIGHT = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
BACKENDS = ("memory", "sqlite", "postgres", "redis", "paired")
KNOW_BACKENDS = ("solvent.app", "solvent.storage.open")
OPTIONAL = {"arro3", "openai", "anthropic", "google", "matplotlib", "numpy", "scipy", "sklearn"}


def module_of(source):
    name = source.path.removeprefix("src/").removesuffix(".py").replace("/", ".")
    return name.removesuffix(".__init__")


def room_of(module):
    """The first name below the package; the package itself, which shows the public names, is the roof."""
    return module.removeprefix("solvent").lstrip(".").partition(".")[0]


def backend_of(module):
    parts = module.split(".")
    return (
        parts[2] if parts[:2] == ["solvent", "storage"] and len(parts) > 2 and parts[2] in BACKENDS else None
    )


def imports(source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield node, "." * node.level + (node.module or "")
        elif isinstance(node, ast.ImportFrom):
            yield node, node.module
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def own_imports(source):
    return ((node, name) for node, name in imports(source) if name.split(".")[0] == "solvent")


def relative_imports(source):
    return [
        source.at(node, f"relative import {name}") for node, name in imports(source) if name.startswith(".")
    ]


def rooms_without_a_floor(source):
    room = room_of(module_of(source))
    return [] if room in HEIGHT else [f"  {source.path}: room {room!r} stands on no floor"]


def climbing_imports(source):
    here = room_of(module_of(source))
    for node, name in own_imports(source):
        there = room_of(name)
        if there not in HEIGHT or there == here or (not there and name == "solvent"):
            continue
        if HEIGHT[there] >= HEIGHT[here]:
            yield source.at(node, f"{here} imports {there}")


def imports_of_the_package_face(source):
    if module_of(source) == "solvent":
        return
    for node in ast.walk(source.tree):
        named = isinstance(node, ast.ImportFrom) and node.module == "solvent" and not node.level
        if named and any(alias.name not in HEIGHT for alias in node.names):
            yield source.at(node, "imports a public name from the package's face")


def backend_names(source):
    here = module_of(source)
    for node, name in own_imports(source):
        backend = backend_of(name)
        if backend and backend != backend_of(here) and here not in KNOW_BACKENDS:
            yield source.at(node, f"{here} knows the backend {backend}")


def hidden_imports(source):
    for function in ast.walk(source.tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
                if (name or "").split(".")[0] not in OPTIONAL:
                    yield source.at(node, f"imports {name} inside a function")


RULES = (
    (rooms_without_a_floor, "Give the room its floor in FLOORS, and in the design"),
    (climbing_imports, "Imports go down only and never sideways; move what is shared to a lower floor"),
    (imports_of_the_package_face, "Import from the room that owns the name, not from solvent itself"),
    (backend_names, "Only storage/open.py and app.py know a backend; ask for the port instead"),
    (
        hidden_imports,
        "Import at the top of the file; only an optional package may be imported where it is used",
    ),
    (relative_imports, "Write imports in full, so that the floor is seen"),
)


@pytest.mark.parametrize(("rule", "advice"), RULES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_library_keeps_to_its_floors(library, rule, advice):
    broken = [fault for source in library for fault in rule(source)]
    assert not broken, f"{advice}:\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (rooms_without_a_floor, "utils/strings.py", ""),
        (climbing_imports, "domain/call.py", "from solvent.ports.storage import Store"),
        (climbing_imports, "domain/call.py", "from solvent import ports"),
        (climbing_imports, "errors.py", "import solvent.domain.money"),
        (climbing_imports, "pricing/rate.py", "from solvent.providers.catalog import ROWS"),
        (climbing_imports, "calls/path.py", "def f():\n    from solvent.gateway import app"),
        (climbing_imports, "budgets/reserve.py", "from solvent.settings import Settings"),
        (imports_of_the_package_face, "cli/main.py", "from solvent import LLMService"),
        (backend_names, "calls/path.py", "from solvent.storage.sqlite.store import SqliteStore"),
        (backend_names, "storage/sqlite/store.py", "from solvent.storage.memory import store"),
        (backend_names, "gateway/app.py", "from solvent.storage import sqlite"),
        (hidden_imports, "pricing/book.py", "def f():\n    import json"),
        (relative_imports, "domain/call.py", "from .money import Money"),
    ],
)
def test_a_breach_of_the_floors_is_caught(source, rule, path, text):
    assert list(rule(source(text, f"src/solvent/{path}")))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("domain/budget.py", "from solvent.errors import Shortfall\nfrom solvent.domain.money import Money"),
        ("storage/open.py", "from solvent.storage.sqlite.store import SqliteStore"),
        (
            "storage/sqlite/store.py",
            "from solvent.storage.sqlite import schema",
        ),
        ("__init__.py", "from solvent.app import LLMService"),
        ("ledger/export.py", "def f():\n    import arro3.io"),
    ],
)
def test_an_import_that_goes_down_is_left_alone(source, path, text):
    made = source(text, f"src/solvent/{path}")
    assert not [fault for rule, _ in RULES for fault in rule(made)]
