"""The form of a provider row, for the bundled catalog and for an operator's own rows alike."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from solvent.domain.call import Dialect
from solvent.errors import ConfigurationError
from solvent.providers.provider import Auth, LimitField

NAME: Final = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
_HEADER_NAME: Final = r"^[A-Za-z0-9-]{1,64}$"
_VISIBLE: Final = r"^[\x20-\x7e]*$"
_OWN_HEADERS: Final = frozenset(
    (
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "host",
        "transfer-encoding",
    )
)


def _pairs(value: object) -> object:
    return tuple(value.items()) if isinstance(value, Mapping) else value


class ProviderConfig(BaseModel):
    """What a row may say. Fields left out keep those of the row that it is ``like``, or of its own name.

    ``base_url`` is http or https, without credentials, query or fragment; what the operator writes here is the
    only thing that decides which host solvent contacts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    like: str | None = None
    base_url: str = ""
    dialects: tuple[Dialect, ...] = Field(default=(), min_length=1)
    paths: Annotated[
        tuple[tuple[Dialect, Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._-]+)+$")]], ...],
        BeforeValidator(_pairs),
    ] = ()
    counts: bool = False
    credential_env: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], ...] = ()
    credential_optional: bool = False
    auth: Auth = "bearer"
    headers: Annotated[
        tuple[
            tuple[Annotated[str, Field(pattern=_HEADER_NAME)], Annotated[str, Field(pattern=_VISIBLE)]], ...
        ],
        BeforeValidator(_pairs),
    ] = ()
    price_source: str = ""
    limit_field: LimitField = "max_tokens"
    asks_stream_usage: bool = True
    models: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("is not an http:// or https:// address with a host")
        if parts.username or parts.password:
            raise ValueError("holds credentials; name a credential_env instead")
        if parts.query or parts.fragment or any(mark in url for mark in "?# \\"):
            raise ValueError("has a query or fragment; give the address up to the version, such as …/v1")
        if parts.port == 0:
            raise ValueError("names port 0; give the port that the provider listens on")
        return url.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _not_solvents(cls, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        for name, _ in headers:
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"may not set {name}, which solvent sets itself")
        return headers


def parse_rows(table: Mapping[str, Any], source: str = "providers") -> dict[str, ProviderConfig]:
    """Return the rows of a parsed table, name → what it says; *source* names the table in messages.

    Raises:
        ConfigurationError: a row is not of the form; the message names the row, the field and what is wrong.
    """
    rows: dict[str, ProviderConfig] = {}
    for name, fields in table.items():
        try:
            rows[name] = ProviderConfig.model_validate(fields)
        except ValidationError as error:
            raise ConfigurationError(f"{source}.{name}: {_first(error)}") from error
    return rows


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in found["loc"]) or "row"
    return f"{where}: {found['msg'].removeprefix('Value error, ')}"
