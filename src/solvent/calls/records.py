"""The records that the path hands from step to step: each holds the one before it and adds what was found."""

from dataclasses import dataclass

from solvent.dialects.base import Facts
from solvent.domain.call import Call, Demand, Dialect
from solvent.domain.entry import Certainty, Entry, Outcome
from solvent.domain.reservation import Reservation
from solvent.domain.usage import Usage
from solvent.errors import Failure
from solvent.pricing.bound import Bound
from solvent.pricing.rate import Rate
from solvent.providers.catalog import Deployment


@dataclass(frozen=True, slots=True)
class Admitted:
    """A call that may be made, and what it may demand at most."""

    call: Call
    demand: Demand


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the call goes, in which dialect, at what price. ``rate`` is None for what no provider bills."""

    admitted: Admitted
    deployment: Deployment
    dialect: Dialect
    scopes: tuple[str, ...]
    rate: Rate | None
    output_max: int | None

    @property
    def call(self) -> Call:
        """The call itself."""
        return self.admitted.call


@dataclass(frozen=True, slots=True)
class Paid:
    """A call whose bound is held. ``output_limit`` is what must be sent; None leaves the caller's own."""

    plan: Plan
    bound: Bound
    reservation: Reservation
    blank: Entry
    output_limit: int | None
    clamped: bool

    @property
    def call(self) -> Call:
        """The call itself."""
        return self.plan.call


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, and all that is known of what it used."""

    outcome: Outcome
    facts: Facts
    latency_ms: int
    first_byte_ms: int | None
    status: int | None = None
    failure: Failure | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a call cost.

    ``remaining_nanos`` is the least any hard budget has left; None without one, or while the store cannot say.
    """

    call_id: str
    provider: str
    model: str
    usage: Usage
    cost_nanos: int
    bound_nanos: int
    certainty: Certainty
    remaining_nanos: int | None
    latency_ms: int
