"""Credentials of providers: read from a file or the environment, handed to one call at a time, never shown."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from solvent.errors import ConfigurationError
from solvent.providers.provider import Provider

_KEY: Final = re.compile(r"[!-~]{1,4096}")
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Credentials:
    """Finds the key of a provider by the names of its row: in *keys_file*, else in *environ*.

    The file holds ``NAME=value`` lines (``#`` begins a comment) and is read again when it has changed, so that
    a key can be replaced while solvent runs.
    """

    def __init__(self, environ: Mapping[str, str], keys_file: Path | None = None) -> None:
        self._environ = environ
        self._path = keys_file
        self._stamp: tuple[int, int, int] | None = None
        self._filed: Mapping[str, str] = _NONE

    def __repr__(self) -> str:
        return f"Credentials(keys_file={str(self._path)!r})" if self._path else "Credentials()"

    def find(self, provider: Provider) -> str | None:
        """Return the provider's key; None where it takes none, or may do without.

        Raises:
            ConfigurationError: it needs one and none is set, or what is set cannot be a key.
        """
        if provider.auth == "none":
            return None
        filed = self._from_file()
        for name in provider.credential_env:
            value = (filed.get(name) or self._environ.get(name, "")).strip()
            if value:
                return _checked(value, name)
        if provider.credential_optional:
            return None
        names = " or ".join(provider.credential_env) or "credential_env in its row, and that variable"
        raise ConfigurationError(f"no key for {provider.name}: set {names}")

    def _from_file(self) -> Mapping[str, str]:
        if self._path is None:
            return _NONE
        try:
            facts = self._path.stat()
            stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if stamp != self._stamp:
                self._filed = _parsed(self._path.read_text("utf-8"), self._path)
                self._stamp = stamp
        except UnicodeDecodeError as error:
            raise ConfigurationError(f"the credentials file {self._path} is not UTF-8 text") from error
        except OSError as error:
            raise ConfigurationError(
                f"the credentials file {self._path} cannot be read: {error.strerror}; mend it or its setting"
            ) from error
        return self._filed


def _parsed(text: str, path: Path) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        plain = line.strip().removeprefix("export ")
        if not plain or plain.startswith("#"):
            continue
        name, equals, value = plain.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ConfigurationError(f"line {number} of {path} is not NAME=value")
        found[name.strip()] = value.strip().strip("\"'")
    return MappingProxyType(found)


def _checked(value: str, name: str) -> str:
    if not _KEY.fullmatch(value):
        raise ConfigurationError(
            f"{name} holds {len(value)} characters that cannot be a key; give one line of visible ASCII"
        )
    return value
