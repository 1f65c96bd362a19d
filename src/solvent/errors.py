"""Every error that solvent raises.

::

    SolventError                  code · message · retryable · details
    ├─ ConfigurationError         the operator's mistake, found at start
    ├─ RefusedError               solvent said no before anything was sent: nothing was spent
    │  ├─ BudgetExceeded          what is left of a budget cannot pay for the call
    │  │  └─ BudgetBusy           it could, but calls in flight hold the rest
    │  ├─ RateLimited · CredentialInvalid · ModelNotAllowed · CallInvalid
    ├─ UpstreamError              the provider did not deliver: provider, status, billed = yes | no | unknown
    │  ├─ UpstreamTimeout · UpstreamUnavailable · UpstreamRateLimited · UpstreamRejected · UpstreamDenied
    │  ├─ CircuitOpen · AttemptsExhausted
    ├─ PricingError               ModelUnpriced · UsageContradictory: never guess, never zero
    ├─ LedgerError                EntryMismatch · ReservationUnknown
    └─ StorageError               StorageUnavailable (retryable) · SchemaMismatch · LimitOutOfRange

Three questions, answered by type: was anything spent (the group), may I retry (``retryable``), who must act
(the root). Messages say what happened, with values, then what to do; never a prompt, never a key.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Billed = Literal["yes", "no", "unknown"]
"""Whether the provider charges for a failed attempt; *unknown* is charged at its bound until shown otherwise."""


class SolventError(Exception):
    """The root: a message for people, a stable ``code`` and typed ``details`` for programs."""

    code: ClassVar[str] = "solvent_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def details(self) -> dict[str, str | int | bool | None]:
        """The error's typed fields for a JSON body; empty where the message says it all."""
        return {}


class ConfigurationError(SolventError):
    """A setting, file or environment that cannot work; raised at start, never in the middle of a call."""

    code = "configuration_invalid"


class RefusedError(SolventError):
    """Solvent said no before anything was sent; nothing was spent and nothing changed."""

    code = "refused"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Which budget could not hold a call, in nano-dollars and microseconds since the epoch."""

    scope: str
    period: str
    window_start_us: int
    limit_nanos: int
    spent_nanos: int
    held_nanos: int
    asked_nanos: int
    resets_at_us: int | None

    @property
    def available_nanos(self) -> int:
        """What the window could still admit; never below zero, though a lowered limit may lie under spent."""
        return max(0, self.limit_nanos - self.spent_nanos - self.held_nanos)


class BudgetExceeded(RefusedError):
    """What is left of a hard budget cannot pay for the call, even if every call in flight cost nothing."""

    code = "budget_exceeded"

    def __init__(self, message: str, shortfall: Shortfall) -> None:
        super().__init__(message)
        self.shortfall = shortfall

    @property
    def details(self) -> dict[str, str | int | bool | None]:
        """Scope, window and amounts of the budget that refused."""
        short = self.shortfall
        return {
            "scope": short.scope,
            "period": short.period,
            "window_start_us": short.window_start_us,
            "limit_nanos": short.limit_nanos,
            "spent_nanos": short.spent_nanos,
            "held_nanos": short.held_nanos,
            "available_nanos": short.available_nanos,
            "asked_nanos": short.asked_nanos,
            "resets_at_us": short.resets_at_us,
        }


class BudgetBusy(BudgetExceeded):
    """The budget could pay, but calls in flight hold the rest; it may be free as soon as they settle."""

    code = "budget_busy"
    retryable = True


class RateLimited(RefusedError):
    """Solvent's own rate limit was reached; ``retry_after_s`` says when to come back."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CredentialInvalid(RefusedError):
    """No key, or one that solvent does not know."""

    code = "credential_invalid"


class ModelNotAllowed(RefusedError):
    """No deployment serves the model that the caller named, or its key may not use it."""

    code = "model_not_allowed"


class CallInvalid(RefusedError):
    """The call, or a management request, is not of the form that solvent can read or translate."""

    code = "call_invalid"


@dataclass(frozen=True, slots=True)
class Failure:
    """What a provider's failure said: the facts that classification found, and the reply to pass on.

    ``body`` is the provider's own error reply, handed on only to a caller of the same dialect.
    """

    provider: str
    status: int | None = None
    billed: Billed = "unknown"
    kind: str = "unknown"
    retry_after_s: float | None = None
    body: bytes = field(default=b"", repr=False)
    content_type: str = "application/json"


class UpstreamError(SolventError):
    """The provider did not deliver; ``failure.billed`` says whether it charges for the attempt."""

    code = "upstream_error"

    def __init__(self, message: str, failure: Failure) -> None:
        super().__init__(message)
        self.failure = failure

    @property
    def details(self) -> dict[str, str | int | bool | None]:
        """Provider, status and whether the attempt is billed."""
        failure = self.failure
        return {
            "provider": failure.provider,
            "status": failure.status,
            "billed": failure.billed,
            "kind": failure.kind,
        }


class UpstreamTimeout(UpstreamError):
    """A deadline passed: while connecting, before the first byte, between chunks, or for the whole call."""

    code = "upstream_timeout"
    retryable = True


class UpstreamUnavailable(UpstreamError):
    """The provider could not be reached, broke the connection, or answered 5xx."""

    code = "upstream_unavailable"
    retryable = True


class UpstreamRateLimited(UpstreamError):
    """The provider answered 429 or its equivalent."""

    code = "upstream_rate_limited"
    retryable = True


class UpstreamRejected(UpstreamError):
    """The provider read the call and would not serve it: malformed, too long, refused content, unknown model."""

    code = "upstream_rejected"


class UpstreamDenied(UpstreamError):
    """The provider refused solvent's own credential or account; the operator must act."""

    code = "upstream_denied"


class CircuitOpen(UpstreamError):
    """The deployment's breaker is open; nothing was sent."""

    code = "circuit_open"
    retryable = True


class AttemptsExhausted(UpstreamError):
    """Every attempt that the route allows has failed; the last failure is the cause."""

    code = "attempts_exhausted"
    retryable = True


class PricingError(SolventError):
    """A price or a usage that cannot be trusted; solvent never guesses and never books zero instead."""

    code = "pricing_error"


class ModelUnpriced(PricingError):
    """The model, or a class of usage that the call needs, has no price; the operator may declare one."""

    code = "model_unpriced"


class UsageContradictory(PricingError):
    """The provider's usage numbers are missing, negative, or do not add up."""

    code = "usage_contradictory"


class LedgerError(SolventError):
    """The books were asked for something that does not fit what they already hold."""

    code = "ledger_error"


class EntryMismatch(LedgerError):
    """The same id came again with other content."""

    code = "entry_mismatch"


class ReservationUnknown(LedgerError):
    """No reservation has that id."""

    code = "reservation_unknown"


class StorageError(SolventError):
    """The store could not do what was asked."""

    code = "storage_error"


class StorageUnavailable(StorageError):
    """The store cannot be reached, is locked, read-only, or out of room; hard-limited calls are refused."""

    code = "storage_unavailable"
    retryable = True


class SchemaMismatch(StorageError):
    """The database is not solvent's, or of a version that this release cannot use."""

    code = "schema_mismatch"


class LimitOutOfRange(StorageError):
    """An amount lies outside 0 … ``Money.MAX``."""

    code = "limit_out_of_range"
