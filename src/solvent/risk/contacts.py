"""Contacts measured: how often attempts arrive, and how often those that arrived are answered, by channel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from solvent.risk.estimates import Estimate, Observed, Priors, estimate_rate
from solvent.risk.records import Channel, Contact, day_of

ANSWER_DAYS: Final[Mapping[Channel, int]] = MappingProxyType({"email": 7, "sms": 7, "phone": 0, "letter": 14})
"""Within so many days an answer counts; a phone is answered or not."""


@dataclass(frozen=True, slots=True)
class ChannelMetrics:
    """How one channel works for one customer.

    ``response``: answers in time / *delivered* attempts. ``reached``: delivered / attempts of known fate; bounced
    and failed ones are about the address, not about the customer. ``attempts`` counts all that were made.
    """

    channel: Channel
    response: Estimate
    reached: Estimate
    attempts: int


def measure_channels(contacts: Sequence[Contact], as_of: date, priors: Priors) -> tuple[ChannelMetrics, ...]:
    """Return the metrics of every channel that was tried by then, by name.

    An attempt tells about answers once its time to answer is over, so that silence is not counted too early.
    """
    made = [contact for contact in contacts if day_of(contact.at) <= as_of]
    return tuple(
        _measure(channel, [contact for contact in made if contact.channel == channel], as_of, priors)
        for channel in sorted({contact.channel for contact in made})
    )


def _measure(channel: Channel, made: Sequence[Contact], as_of: date, priors: Priors) -> ChannelMetrics:
    return ChannelMetrics(
        channel,
        response=estimate_rate(_answers(channel, made, as_of), priors.response, as_of),
        reached=estimate_rate(_fates(made), priors.reached, as_of),
        attempts=len(made),
    )


def _answers(channel: Channel, made: Sequence[Contact], as_of: date) -> Iterable[Observed]:
    wait = timedelta(days=ANSWER_DAYS[channel])
    for contact in made:
        arrived = contact.delivered or contact.replied
        if arrived and day_of(contact.at) + wait <= as_of:
            late = contact.replied_at and day_of(contact.replied_at) - day_of(contact.at) > wait
            yield Observed(contact.replied and not late, day_of(contact.at))


def _fates(made: Sequence[Contact]) -> Iterable[Observed]:
    for contact in made:
        if contact.delivered is not None or contact.replied:
            yield Observed(contact.delivered or contact.replied, day_of(contact.at))
