"""The SQL of this backend, read from the ``.sql`` files beside it."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Final

_NAME: Final = "-- name: "


def _text(file: str) -> str:
    return files(__package__).joinpath("sql", file).read_text(encoding="utf-8")


def _named(file: str) -> Mapping[str, str]:
    """Return the statements of *file* by their names."""
    parts = _text(file).split(_NAME)[1:]
    pairs = (part.partition("\n") for part in parts)
    return MappingProxyType({name.strip(): text.strip().removesuffix(";") for name, _, text in pairs})


SCHEMA: Final = _text("schema.sql")
VERBS: Final = _named("verbs.sql")
ENTRIES: Final = _named("entries.sql")
READS: Final = _named("reads.sql")
RISK: Final = _named("risk.sql")
VERIFY: Final = _named("verify.sql")
