"""The catalog: which provider serves the model that a caller names. The rows are data in ``catalog.toml``."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from solvent.errors import ConfigurationError, ModelNotAllowed
from solvent.providers.config import NAME, ProviderConfig, parse_rows
from solvent.providers.provider import Deployment, Provider

__all__ = ["Catalog", "Deployment", "Provider", "ProviderConfig", "parse_rows"]

_MODEL: Final = re.compile(r"[!-~]{1,200}")
_SHOWN: Final = 80


class Catalog:
    """Provider rows by name. Immutable: an operator's rows make a new catalog."""

    def __init__(self, rows: Iterable[Provider]) -> None:
        self._rows: Final = MappingProxyType({row.name: row for row in rows})
        self._patterns: Final = tuple(
            (pattern, row) for row in self._rows.values() if row.base_url for pattern in row.models
        )

    @classmethod
    def bundled(cls) -> "Catalog":
        """Return the rows that solvent comes with; reads the package, never the network."""
        text = files("solvent.providers").joinpath("catalog.toml").read_text("utf-8")
        return cls(()).with_operator(parse_rows(tomllib.loads(text), "catalog"))

    def with_operator(self, rows: Mapping[str, ProviderConfig]) -> "Catalog":
        """Return a catalog in which *rows* add to this one's or override fields; theirs are looked at first.

        Raises:
            ConfigurationError: a name cannot be one, a row is like one that does not exist, or says too little.
        """
        made = {name: self._made(name, config) for name, config in rows.items()}
        return Catalog((made | {name: row for name, row in self._rows.items() if name not in made}).values())

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Every row, those of the operator first."""
        return tuple(self._rows.values())

    def resolve(self, model: str) -> Deployment:
        """Return the deployment of *model*, written ``provider/model``, or bare where a row claims its pattern.

        The first slash splits only where a known provider stands before it.

        Raises:
            ModelNotAllowed: no row serves it, its row has no endpoint yet, or the name cannot be one.
        """
        if not _MODEL.fullmatch(model):
            raise ModelNotAllowed(
                f"{model[:_SHOWN]!r} cannot be a model's name; use 1 to 200 visible ASCII characters"
            )
        prefix, slash, rest = model.partition("/")
        row = self._rows.get(prefix) if slash and rest else None
        if row is not None:
            return _deployed(row, rest)
        for pattern, owner in self._patterns:
            if fnmatchcase(model, pattern):
                return _deployed(owner, model)
        raise ModelNotAllowed(self._unknown(model))

    def _made(self, name: str, config: ProviderConfig) -> Provider:
        if not re.fullmatch(NAME, name):
            raise ConfigurationError(f"{name!r} cannot be a provider's name; use a-z, 0-9, '-', '_' and '.'")
        base = self._rows.get(config.like or name, Provider(name))
        if config.like is not None and config.like not in self._rows:
            known = ", ".join(self._rows)
            raise ConfigurationError(
                f"provider {name}: like = {config.like!r} is no provider; use one of {known}"
            )
        if config.like is not None:
            base = replace(base, models=())
        row = replace(base, name=name, **config.model_dump(exclude_unset=True, exclude={"like"}))
        if not row.dialects:
            raise ConfigurationError(f"provider {name}: give its dialects, or a row that it is like")
        return row

    def _unknown(self, model: str) -> str:
        prefix, slash, rest = model.partition("/")
        if slash:
            near = [f"{name}/{rest}"[:_SHOWN] for name in get_close_matches(prefix, self._rows, n=2)]
        else:
            near = get_close_matches(model, [pattern for pattern, _ in self._patterns], n=2)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        names = ", ".join(sorted(self._rows))
        return f"no provider serves {model[:_SHOWN]!r}; {meant}Write provider/model, with one of {names}"


def _deployed(row: Provider, model: str) -> Deployment:
    if not row.base_url:
        raise ModelNotAllowed(f"{row.name} has no endpoint; set base_url of provider {row.name}")
    return Deployment(f"{row.name}/{model}", row, model, row.base_url)
