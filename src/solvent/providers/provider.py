"""What a provider and a deployment are: rows of data, and the questions that a call asks of them."""

from dataclasses import dataclass
from typing import Final, Literal

from solvent.domain.call import Dialect, Operation
from solvent.errors import CallInvalid

Auth = Literal["bearer", "x-api-key", "x-goog-api-key", "api-key", "none"]
LimitField = Literal["max_tokens", "max_completion_tokens"]

GENERATE: Final = (
    Dialect.OPENAI_CHAT,
    Dialect.OPENAI_RESPONSES,
    Dialect.ANTHROPIC_MESSAGES,
    Dialect.GOOGLE_GENERATE,
)
EMBED: Final = (Dialect.OPENAI_EMBEDDINGS, Dialect.GOOGLE_EMBED)
COUNT: Final = (Dialect.ANTHROPIC_MESSAGES, Dialect.GOOGLE_GENERATE)
"""The dialects in which tokens can be counted."""


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the catalog.

    ``dialects`` stand in order of preference; ``paths`` name those that are not at the dialect's usual place.
    ``credential_env`` are the names under which its key may be found, first found first taken.
    ``price_source`` is the provider's id in the price book, empty where only the operator can know.
    ``limit_field`` is the name of the output limit in OpenAI chat, ``asks_stream_usage`` whether a chat stream
    reports usage only when asked. ``models`` are patterns of names that belong here when a caller names no
    provider.
    """

    name: str
    base_url: str = ""
    dialects: tuple[Dialect, ...] = ()
    paths: tuple[tuple[Dialect, str], ...] = ()
    counts: bool = False
    credential_env: tuple[str, ...] = ()
    credential_optional: bool = False
    auth: Auth = "bearer"
    headers: tuple[tuple[str, str], ...] = ()
    price_source: str = ""
    limit_field: LimitField = "max_tokens"
    asks_stream_usage: bool = True
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A model at an endpoint. ``model`` is the name that the provider knows."""

    name: str
    provider: Provider
    model: str
    base_url: str

    def speaks(self, dialect: Dialect) -> bool:
        """Say whether a call of *dialect* may pass through unchanged."""
        return dialect in self.provider.dialects

    def target(self, dialect: Dialect, operation: Operation) -> Dialect:
        """Return the dialect in which to send a call that came in *dialect*: its own, else the preferred one.

        Raises:
            CallInvalid: the provider does not offer the operation in any dialect.
        """
        offered = self._offered(operation)
        if dialect in offered:
            return dialect
        if not offered:
            raise CallInvalid(
                f"{self.provider.name} does not offer '{operation.value}'; name a model of another provider"
            )
        return offered[0]

    def _offered(self, operation: Operation) -> tuple[Dialect, ...]:
        family = {
            Operation.GENERATE: GENERATE,
            Operation.EMBED: EMBED,
            Operation.COUNT: COUNT if self.provider.counts else (),
        }[operation]
        return tuple(dialect for dialect in self.provider.dialects if dialect in family)
