"""Every route of the gateway, and every header that it writes, has its row in the reference."""

import re
from pathlib import Path

import pytest
from starlette.routing import Route

from solvent.app import opened
from solvent.gateway.app import create_app
from solvent.gateway.management import create_management
from solvent.settings import Settings

PAGE = "docs/reference/http.md"
GATEWAY = Path(__file__).resolve().parents[2] / "src" / "solvent" / "gateway"
WRITTEN = re.compile(r'"(x-[a-z-]+[a-z])"')


@pytest.fixture
async def served():
    """Method and path of every route, as the reference writes them."""
    async with opened(Settings(database_url="memory:")) as app:
        plain = [route for route in create_app(app).routes if isinstance(route, Route)]
        managed = create_management(app).openapi()["paths"]
    found = {(method, route.path) for route in plain for method in (route.methods or set()) - {"HEAD"}}
    found |= {(method.upper(), f"/api{path}") for path, verbs in managed.items() for method in verbs}
    return {(method, path.replace(":path}", "}")) for method, path in found}


def told(page):
    return {(cells[0].strip("`"), cells[1].strip("`")) for cells in page.rows if cells[0].startswith("`")}


def is_google_under_v1(path):
    return path.startswith("/v1/models/{model}:")


async def test_every_route_is_documented(pages, served):
    absent = {(method, path) for method, path in served - told(pages[PAGE]) if not is_google_under_v1(path)}
    assert not absent, f"Put rows for these into {PAGE}: {sorted(absent)}"


async def test_no_route_is_documented_that_is_gone(pages, served):
    routes = {(method, path) for method, path in told(pages[PAGE]) if path.startswith("/")}
    assert routes <= served


async def test_googles_paths_are_served_under_both_versions(served):
    beta = {path.removeprefix("/v1beta") for _, path in served if path.startswith("/v1beta/")}
    plain = {path.removeprefix("/v1") for _, path in served if is_google_under_v1(path)}
    assert beta == plain != set()


def test_every_header_that_is_written_is_documented(pages):
    written = {
        name for path in GATEWAY.glob("*.py") for name in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
    absent = written - {cells[0].strip("`") for cells in pages[PAGE].rows}
    assert "x-solvent-cost-usd" in written
    assert not absent, f"Put rows for these headers into {PAGE}: {sorted(absent)}"
