"""The command ``solvent``: its subcommands, and how an error of solvent ends one: a line on stderr, status 1."""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from solvent.cli import budget, demo, doctor, export, price, risk, serve, usage, verify
from solvent.cli.screen import warn
from solvent.errors import SolventError


class Commands(TyperGroup):
    """The group of all commands; an error of solvent is told, not traced."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named.

        Raises:
            Exit: solvent said why it cannot be done.
        """
        try:
            return super().invoke(ctx)
        except SolventError as error:
            warn(f"solvent: {error.message}")
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=Commands,
    name="solvent",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(serve.serve)
app.command()(demo.demo)
app.add_typer(budget.app, name="budget")
app.command()(usage.usage)
app.add_typer(price.app, name="price")
app.command()(export.export)
app.add_typer(risk.app, name="risk")
app.command()(verify.verify)
app.command()(doctor.doctor)


def _show_version(value: bool) -> None:  # noqa: FBT001 - Typer hands the option's value over by position
    if value:
        typer.echo(f"solvent {version('solvent')}")
        raise typer.Exit


@app.callback()
def solvent(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end."),
    ] = False,
) -> None:
    """Keep software that calls language models solvent: every call is paid before it is sent, and booked once."""


def main() -> None:
    """Run the command line."""
    app()
