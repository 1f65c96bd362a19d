"""Which entries a command is about: the options that ``usage`` and ``export`` share."""

from typing import Annotated

import typer

from solvent.cli import moments
from solvent.domain.scope import checked_id
from solvent.errors import CallInvalid
from solvent.ports.storage import Filter

From = Annotated[
    str | None,
    typer.Option("--from", metavar="WHEN", help="Begin here: a date, an instant, today, yesterday, 7d, 12h."),
]
To = Annotated[
    str | None, typer.Option("--to", metavar="WHEN", help="End before this; written as for --from.")
]
Customer = Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only for this customer.")]
Agent = Annotated[str | None, typer.Option("--agent", metavar="ID", help="Only by this agent.")]
Campaign = Annotated[str | None, typer.Option("--campaign", metavar="ID", help="Only of this campaign.")]
Provider = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Only at this provider.")]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Only of this model; no provider before it.")
]
Tag = Annotated[str | None, typer.Option("--tag", metavar="KEY=VALUE", help="Only with this tag.")]


def selection(
    now_us: int,
    *,
    since: str | None,
    until: str | None,
    customer: str | None,
    agent: str | None,
    campaign: str | None,
    provider: str | None,
    model: str | None,
    tag: str | None,
) -> Filter:
    """Return the filter that the options name, seen from *now_us*.

    Raises:
        CallInvalid: a moment, an id or a tag is not of its form, or the stretch is turned round.
    """
    from_us, to_us = moments.stretch(since, until, now_us)
    return Filter(
        from_us=from_us,
        to_us=to_us,
        customer_id=_named("customer", customer),
        agent_id=_named("agent", agent),
        campaign_id=_named("campaign", campaign),
        provider=_named("provider", provider),
        model=_named("model", model),
        tag=None if tag is None else _pair(tag),
    )


def _named(kind: str, text: str | None) -> str | None:
    return None if text is None else checked_id(kind, text)


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise CallInvalid(f"a tag is KEY=VALUE; got {text!r}")
    return key, value
