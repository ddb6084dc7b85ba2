"""The command line: `vipmg`."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated, Final

import typer

from app.cli.collector import load_module

COMMANDS: Final = (
    "serve",
    "push",
    "check",
    "pull",
    "verify",
    "ledger",
    "structures",
    "maps",
    "impact",
    "clients",
    "keys",
    "export",
    "load",
    "redact",
    "migrate",
    "doctor",
    "settings",
    "worker",
)
"""Modules of this package, each with its command or group of commands of the same name."""

_HIDDEN: Final = frozenset({"worker"})


def main() -> None:
    """Run the command that the arguments name; only its module is loaded."""
    named = next((each for each in sys.argv[1:] if not each.startswith("-")), None)
    program((named,) if named in COMMANDS else COMMANDS)()


def program(commands: tuple[str, ...] = COMMANDS) -> typer.Typer:
    """The program with these commands."""
    built = typer.Typer(
        name="vipmg",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help="The data exchange of VIPMG (PIVGM): migration statistics between countries, in SDMX.",
    )
    built.callback()(_options)
    for name in commands:
        found = getattr(load_module(f"app.cli.{name}"), name)
        if isinstance(found, typer.Typer):
            built.add_typer(found, name=name)
        else:
            built.command(name, hidden=name in _HIDDEN)(found)
    return built


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"vipmg {version('vipmg')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the release and exit."
        ),
    ] = False,
) -> None:
    """The data exchange of VIPMG (PIVGM): migration statistics between countries, in SDMX."""
