"""A refreshed catalog: fetched once, kept whole, refused when it is not what was fetched."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from solvent.domain.usage import Usage
from solvent.errors import ConfigurationError, ModelUnpriced
from solvent.pricing.book import PriceBook
from solvent.pricing.refresh import download, read_snapshot, refresh

CATALOG: list[dict[str, Any]] = [
    {
        "id": "openai",
        "name": "OpenAI",
        "api_pattern": "https://api\\.openai\\.com",
        "models": [
            {
                "id": "gpt-new",
                "match": {"or": [{"equals": "gpt-new"}, {"starts_with": "gpt-new-"}]},
                "context_window": 1000,
                "prices": [
                    {"prices": {"input_mtok": 0.1, "output_mtok": 3}},
                    {
                        "constraint": {"start_date": "2026-06-01"},
                        "prices": {
                            "input_mtok": {"base": 0.2, "tiers": [{"start": 100, "price": 0.3}]},
                            "output_mtok": 3,
                        },
                    },
                ],
            }
        ],
    }
]


def kept(path: Path, catalog: object, now_us: int) -> Path:
    refresh(path, now_us=now_us, fetch=lambda _: json.dumps(catalog).encode())
    return path


def test_a_refreshed_catalog_prices_by_its_own_numbers_exactly(tmp_path: Path, now_us: int) -> None:
    book = PriceBook.load(kept(tmp_path / "prices.json", CATALOG, now_us))
    rate = book.rate("openai", "gpt-new-mini", now_us)
    assert rate.cost(Usage(input=100)) == 20_000
    assert rate.cost(Usage(input=101)) == 30_300
    assert rate.version.startswith("genai-prices 2026-11-01 #")
    with pytest.raises(ModelUnpriced, match="does not list it"):
        book.rate("openai", "gpt-4o", now_us)


def test_refreshing_again_replaces_the_file_whole(tmp_path: Path, now_us: int) -> None:
    path = kept(tmp_path / "prices.json", CATALOG, now_us)
    kept(path, CATALOG, now_us + 1)
    assert read_snapshot(path).fetched_us == now_us + 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"{}", "no list of providers"),
        (b"[]", "lists no model"),
        (b"[3]", "no catalog"),
        (b'[{"id": "x"}]', "no catalog"),
        (json.dumps(CATALOG).replace("0.1", "-0.1").encode(), "costs input_mtok = -0.1"),
        (json.dumps(CATALOG).replace("0.3", "NaN").encode(), "NaN|finite"),
    ],
)
def test_what_is_no_catalog_is_refused_and_the_old_file_stays(
    tmp_path: Path, now_us: int, body: bytes, said: str
) -> None:
    path = kept(tmp_path / "prices.json", CATALOG, now_us)
    old = path.read_bytes()
    with pytest.raises(ConfigurationError, match=said):
        refresh(path, now_us=now_us + 1, fetch=lambda _: body)
    assert path.read_bytes() == old


def test_a_file_that_was_changed_by_hand_is_refused(tmp_path: Path, now_us: int) -> None:
    path = kept(tmp_path / "prices.json", CATALOG, now_us)
    path.write_text(path.read_text().replace('"0.2"', '"0.02"'))
    with pytest.raises(ConfigurationError, match="was changed after it was fetched"):
        PriceBook.load(path)


def test_a_file_of_another_package_version_is_refused_as_older(tmp_path: Path, now_us: int) -> None:
    path = kept(tmp_path / "prices.json", CATALOG, now_us)
    path.write_text(path.read_text().replace(f'"{version("genai-prices")}"', '"0.0.1"'))
    with pytest.raises(ConfigurationError, match=r"fetched under genai-prices 0\.0\.1"):
        PriceBook.load(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "something else"}'])
def test_a_broken_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match="refresh the prices again, or remove the file"):
        PriceBook.load(path)


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PriceBook.load(tmp_path / "gone.json")


@pytest.fixture
def served() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/data.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(CATALOG).encode() if found else b"")

        def log_message(self, *_: object) -> None:
            """Keep the tests' output quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_catalog_is_fetched_over_http(tmp_path: Path, now_us: int, served: str) -> None:
    snapshot = refresh(tmp_path / "prices.json", now_us=now_us, url=f"{served}/data.json")
    assert snapshot.models == 1


@pytest.mark.parametrize("path", ["/gone.json", ":1/data.json"])
def test_a_catalog_that_cannot_be_fetched_is_said_so(served: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match="could not be fetched"):
        download(f"{served}{path}")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "", "prices.json"])
def test_only_http_addresses_are_fetched(url: str) -> None:
    with pytest.raises(ConfigurationError, match="over https or http"):
        download(url)
