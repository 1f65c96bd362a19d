"""Every setting once: its name, default, unit and meaning.

A setting comes from the environment (``SOLVENT_`` and its name in capitals) or from ``solvent.toml`` in the
working directory (or the file that ``SOLVENT_CONFIG`` names); the environment wins. Unknown names in the file
are refused, so a misspelt limit is never a missing one.
"""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from solvent.domain.money import Money
from solvent.domain.period import Period
from solvent.errors import ConfigurationError, SolventError
from solvent.providers.catalog import ProviderConfig

PREFIX = "SOLVENT_"
_TABLES = ("providers", "risk_rates")
"""Settings that are tables, so only a file can hold them."""


def _dollars(text: str) -> str:
    try:
        Money.parse(text)
    except SolventError as error:
        raise ValueError(error.message) from error
    return text


Dollars = Annotated[str, AfterValidator(_dollars)]
"""An amount of dollars as text, such as ``"0.50"``: never a float."""


class Settings(BaseModel):
    """What an operator can choose. Durations are seconds, sizes bytes, counts tokens unless the name says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = Field(
        "sqlite:///solvent.db",
        description="Where balances and the book are kept: `sqlite:///PATH` or `memory:`.",
    )
    prices_file: Path | None = Field(
        None,
        description="The operator's own prices and negotiated factors (TOML); they win over the bundled list.",
    )
    price_list: Path | None = Field(
        None,
        description="A refreshed price list written by `solvent price refresh`, instead of the bundled one.",
    )
    credentials_file: Path | None = Field(
        None, description="A file of `NAME=value` lines with provider keys; re-read when it changes."
    )
    host: str = Field("127.0.0.1", description="The address the gateway listens on.")
    port: int = Field(
        4000, ge=0, le=65535, description="The port the gateway listens on; 0 takes a free one."
    )
    policy: Literal["refuse", "clamp"] = Field(
        "refuse",
        description="When a hard budget cannot hold a call: refuse it, or lower its output limit to what is left.",
    )
    busy_wait_s: float = Field(
        10.0,
        ge=0,
        le=600,
        description="How long a call waits, first come first served, while calls in flight hold the money.",
    )
    busy_tick_s: float = Field(
        0.02, gt=0, le=5, description="How often the first in line asks whether another process has settled."
    )
    default_output_tokens: int = Field(
        8192,
        ge=1,
        description="The output limit that solvent sends where the caller names none, at most the model's own.",
    )
    clamp_floor_tokens: int = Field(
        16,
        ge=1,
        description="Under `clamp`, the smallest output limit worth sending; below it the call is refused.",
    )
    connect_timeout_s: float = Field(10.0, gt=0, description="Longest wait for a connection to a provider.")
    first_byte_timeout_s: float = Field(300.0, gt=0, description="Longest wait for the head of a reply.")
    chunk_timeout_s: float = Field(120.0, gt=0, description="Longest wait for the next bytes of a reply.")
    call_timeout_s: float = Field(900.0, gt=0, description="Longest time for a whole call.")
    hold_grace_s: float = Field(
        60.0,
        gt=0,
        description="How long after its deadline a hold is kept before it is charged at its bound.",
    )
    sweep_s: float = Field(
        10.0, gt=0, description="How often holds of dead processes and past deadlines are looked for."
    )
    max_body_bytes: int = Field(32 * 2**20, ge=1024, description="The largest call that the gateway reads.")
    max_reply_bytes: int = Field(64 * 2**20, ge=1024, description="The largest whole reply that is read.")
    image_tokens: int = Field(
        5_000, ge=0, description="Input tokens assumed for an image whose size the call does not tell."
    )
    document_pages: int = Field(
        100, ge=1, description="Pages assumed of a document whose length the call does not tell."
    )
    document_page_tokens: int = Field(8_000, ge=0, description="Input tokens assumed for a document's page.")
    audio_tokens: int = Field(115_200, ge=0, description="Input tokens assumed for each piece of audio.")
    video_tokens: int = Field(540_000, ge=0, description="Input tokens assumed for each video.")
    remembered_tokens: int = Field(
        1_000_000,
        ge=0,
        description="Input tokens assumed of what a provider adds itself, where the context window is not known.",
    )
    server_tool_uses: int = Field(
        8,
        ge=1,
        description="Uses assumed of a tool that the provider runs, where the call does not cap them.",
    )
    server_tool_tokens: int = Field(
        32_000, ge=0, description="Input tokens assumed that each use of such a tool reads back."
    )
    made_image_tokens: int = Field(
        8_192, ge=0, description="Output tokens assumed for an image that is made."
    )
    risk_model: str | None = Field(
        None,
        description="The model that words assessments of risk, such as `openai/gpt-4o-mini`; none: templates do.",
    )
    risk_card: Path | None = Field(
        None, description="Your own card, written by `solvent risk fit`, instead of the one that comes along."
    )
    risk_grace_days: int = Field(
        0, ge=0, le=365, description="Days after the due date on which a payment still counts as on time."
    )
    risk_medium_from: float = Field(
        0.2, gt=0, lt=1, description="The probability of a late payment from which a risk is medium."
    )
    risk_high_from: float = Field(0.45, gt=0, lt=1, description="Likewise high.")
    risk_critical_from: float = Field(0.75, gt=0, lt=1, description="Likewise critical.")
    risk_legal_threats: bool = Field(
        default=False, description="Whether advice on a customer may mention courts, lawyers and agencies."
    )
    risk_limit_share: Decimal = Field(
        Decimal("0.02"),
        gt=0,
        le=1,
        description="The share of what a contact is worth that a customer's budget is set to.",
    )
    risk_limit_floor_usd: Dollars = Field("0.10", description="The smallest budget that is proposed.")
    risk_limit_cap_usd: Dollars = Field("25", description="The largest budget that is proposed.")
    risk_limit_period: Period = Field(Period.MONTHLY, description="The period of the budgets proposed.")
    risk_contact_cost_usd: Dollars = Field(
        "0.50",
        description="What one contact costs in all; where the next is worth less, the budget proposed is zero.",
    )
    risk_rates: dict[str, Decimal] = Field(
        default_factory=dict,
        description="Dollars for one unit of another currency, as `[risk_rates]` with lines like `EUR = 1.08`.",
    )
    providers: dict[str, ProviderConfig] = Field(
        default_factory=dict,
        description="Own providers, and changes to known ones: `[providers.NAME]` tables with a base URL.",
    )

    @classmethod
    def load(
        cls,
        overrides: Mapping[str, object] | None = None,
        *,
        environment: Mapping[str, str] | None = None,
    ) -> "Settings":
        """Return the settings of the file and the environment, with *overrides* on top.

        Raises:
            ConfigurationError: the file cannot be read, or a value is not of its kind; each is named.
        """
        env = os.environ if environment is None else environment
        values: dict[str, Any] = _from_file(env)
        values |= {
            name: env[PREFIX + name.upper()]
            for name in cls.model_fields
            if name not in _TABLES and env.get(PREFIX + name.upper(), "") != ""
        }
        return cls._checked(values | dict(overrides or {}))

    def overridden(self, overrides: Mapping[str, object]) -> "Settings":
        """Return these settings with *overrides* on top.

        Raises:
            ConfigurationError: a name is unknown, or a value not of its kind; each is named.
        """
        return self._checked(dict(self) | dict(overrides)) if overrides else self

    @classmethod
    def _checked(cls, values: Mapping[str, Any]) -> "Settings":
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise ConfigurationError(_told(error)) from None


def _from_file(environment: Mapping[str, str]) -> dict[str, Any]:
    named = environment.get(PREFIX + "CONFIG")
    path = Path(named or "solvent.toml")
    if named is None and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"the settings file {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the settings file {path} is not TOML: {error}") from error


def _told(error: ValidationError) -> str:
    """Say each wrong setting by name, with why; values are left out, for one may be a secret."""
    lines = [f"{'.'.join(map(str, issue['loc'])) or 'settings'}: {issue['msg']}" for issue in error.errors()]
    return "these settings cannot be used: " + "; ".join(lines)
