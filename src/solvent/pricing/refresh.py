"""A newer catalog than the installed one: fetched only when an operator asks, and kept as a file.

The file holds the publisher's own document, who fetched it when, and a digest; a book is made from it with
``PriceBook.load``.
"""

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from genai_prices import update_prices
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    TieredPrices,
    _providers_from_raw,
)

from solvent.errors import ConfigurationError

DEFAULT_UPDATE_URL: Final = update_prices.DEFAULT_UPDATE_URL
FORMAT: Final = "solvent price catalog 1"
_MAX_BYTES: Final = 64 * 2**20
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A catalog that was fetched at ``fetched_us``."""

    providers: list[Provider]
    fetched_us: int

    @property
    def models(self) -> int:
        """How many models it lists."""
        return sum(len(provider.models) for provider in self.providers)


def download(url: str) -> bytes:
    """Return the document at *url*, of at most 64 MiB.

    Raises:
        ConfigurationError: it could not be fetched; what is kept stays in force.
    """
    if not url.startswith(("https://", "http://")):
        raise ConfigurationError(f"prices are fetched over https or http; {url!r} is neither")
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as reply:  # noqa: S310 - the scheme is checked above
            body: bytes = reply.read(_MAX_BYTES + 1)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise ConfigurationError(f"the prices at {url} could not be fetched: {error}") from error
    if len(body) > _MAX_BYTES:
        raise ConfigurationError(f"the document at {url} is larger than {_MAX_BYTES} bytes; it is no catalog")
    return body


def refresh(
    path: Path, *, now_us: int, url: str = DEFAULT_UPDATE_URL, fetch: Callable[[str], bytes] = download
) -> Snapshot:
    """Fetch the catalog at *url*, check it, and keep it at *path*; return it.

    The file is replaced in one step: whoever reads it sees the old or the new one, also if the process dies.

    Raises:
        ConfigurationError: not fetched, not a catalog, or not written; what was at *path* stays.
    """
    try:
        document = json.loads(fetch(url), parse_float=str)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigurationError(f"the document at {url} is not JSON: {error}") from error
    snapshot = Snapshot(_parsed(document, url), now_us)
    kept = {
        "format": FORMAT,
        "package": version("genai-prices"),
        "fetched_us": now_us,
        "digest": _digest(document),
        "providers": document,
    }
    replace_file(path, json.dumps(kept, indent=1).encode)
    return snapshot


def read_snapshot(path: Path) -> Snapshot:
    """Return the catalog kept at *path*.

    Raises:
        ConfigurationError: it cannot be read, was changed, or is older than the installed package.
    """
    try:
        kept = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"the price catalog {path} cannot be read: {error}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigurationError(f"the price catalog {path} is broken: {error}; {_REMEDY}") from error
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        raise ConfigurationError(f"{path} is not a {FORMAT!r} file; {_REMEDY}")
    if _digest(kept.get("providers")) != kept.get("digest") or not isinstance(kept.get("fetched_us"), int):
        raise ConfigurationError(f"the price catalog {path} was changed after it was fetched; {_REMEDY}")
    installed = version("genai-prices")
    if kept.get("package") != installed:
        raise ConfigurationError(
            f"the price catalog {path} was fetched under genai-prices {kept.get('package')}, but {installed} is "
            f"installed and may know newer prices; {_REMEDY}"
        )
    return Snapshot(_parsed(kept["providers"], str(path)), kept["fetched_us"])


def replace_file(path: Path, content: Callable[[], bytes]) -> None:
    """Write *content* to *path* in one step: on the disk before it takes the old file's place.

    *content* is asked for while no other process can write: it may read what is there.

    Raises:
        ConfigurationError: it cannot be written, or another process is writing it.
    """
    target = path.resolve()
    fresh = target.with_name(target.name + ".new")
    try:
        file = fresh.open("xb")
    except FileExistsError as error:
        raise ConfigurationError(f"{path} is being written; if it is not, remove {fresh}") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error
    try:
        with file:
            file.write(content())
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            fresh.chmod(target.stat().st_mode & 0o777)
        fresh.replace(target)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error}") from error
    finally:
        fresh.unlink(missing_ok=True)


_REMEDY: Final = "refresh the prices again, or remove the file to use the installed ones"


def _parsed(document: Any, place: str) -> list[Provider]:
    if not isinstance(document, list):
        raise ConfigurationError(f"{place} holds no list of providers; it is no catalog")
    try:
        providers = _providers_from_raw(document)
    except (ValueError, TypeError, AttributeError, KeyError, AssertionError) as error:
        raise ConfigurationError(f"{place} is no catalog that genai-prices can read: {error}") from error
    if not any(provider.models for provider in providers):
        raise ConfigurationError(f"{place} lists no model; it is no catalog")
    for provider in providers:
        for model in provider.models:
            _check(provider, model, place)
    return providers


def _check(provider: Provider, model: ModelInfo, place: str) -> None:
    stated = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    for price in (
        *(entry.prices for entry in stated),
        *(entry.prices for entry in model.price_variants or ()),
    ):
        for key, amount in _amounts(price):
            if not amount.is_finite() or amount < 0:
                raise ConfigurationError(f"{place} says {provider.id}/{model.id} costs {key} = {amount}")


def _amounts(price: ModelPrice) -> list[tuple[str, Decimal]]:
    found: list[tuple[str, Decimal]] = []
    for key, value in vars(price).items():
        if isinstance(value, TieredPrices):
            found += [(key, value.base), *((key, tier.price) for tier in value.tiers)]
        elif value is not None:
            found.append((key, value))
    return found


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
