"""``solvent demo``: solvent at work without a key or a network, and whether the books balance in the end."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Final

import typer

from solvent.cli.demonstration.report import document, report
from solvent.cli.demonstration.show import AT_ONCE, Outcome, Plan, performed, staged
from solvent.cli.opening import Database
from solvent.cli.screen import AsJson, progress, show, warn
from solvent.cli.serve import run
from solvent.gateway.serve import until_stopped

CALLS: Final = 300


def demo(
    *,
    calls: Annotated[int, typer.Option(min=AT_ONCE, max=100_000, help="How many calls are sent.")] = CALLS,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The gateway's port; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="Equal seeds send equal calls.")] = 1,
    stay: Annotated[
        bool | None,
        typer.Option("--serve/--no-serve", help="Go on serving afterwards; left out, on a terminal only."),
    ] = None,
    as_json: AsJson = False,
    database: Database = None,
) -> None:
    """Send a few hundred calls through the real SDKs to a simulated provider, and show what became of them.

    One customer's budget runs out on the way. The status is 0 only if the books balance: every promise that
    verify checks holds, and the ledger equals the provider's invoice to the nano-dollar.
    """
    stays = sys.stdin.isatty() and sys.stdout.isatty() if stay is None else stay
    with tempfile.TemporaryDirectory(prefix="solvent-demo-") as made:
        directory = Path(made)
        plan = Plan(calls, seed, port, database or f"sqlite:///{directory / 'demo.db'}", directory)
        outcome = run(_demo(plan, stays=stays, as_json=as_json))
    if not outcome.balances:
        raise typer.Exit(1)


async def _demo(plan: Plan, *, stays: bool, as_json: bool) -> Outcome:
    async with staged(plan) as stage:
        with progress(f"calls to {stage.address}", plan.calls) as steps:
            outcome = await performed(stage, plan, steps.done)
        stop = asyncio.create_task(until_stopped()) if stays else None
        await asyncio.sleep(0)  # so that it hears a signal before anyone knows whom to send one
        show(document(outcome, stage.address), *report(outcome), as_json=as_json)
        sys.stdout.flush()
        if stop is not None:
            warn(
                f"\nThe gateway serves on at {stage.address} (usage: {stage.address}/api/usage). Ctrl-C ends it."
            )
            await stop
        elif not as_json:
            show(None, f"\nIt served at {stage.address} and is stopped now.", as_json=False)
    return outcome
