"""`vipmg settings`: all settings, their values and where each comes from."""

from __future__ import annotations

import os
from typing import Annotated, Final

import typer
from pydantic import SecretStr, ValidationError

from app.cli.database import terminal_language
from app.cli.output import print_json, print_table
from app.settings import Settings

_TEXTS: Final = {
    "en": {
        "columns": "Variable|Value|From|Meaning",
        "environment": "environment",
        "default": "default",
        "wrong": "These settings cannot be used:",
    },
    "es": {
        "columns": "Variable|Valor|Origen|Significado",
        "environment": "entorno",
        "default": "por defecto",
        "wrong": "Estos ajustes no se pueden usar:",
    },
}


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show all settings, their values and where each comes from; secrets are masked."""
    texts = _TEXTS[terminal_language()]
    try:
        current = Settings()
    except ValidationError as error:
        typer.echo(texts["wrong"], err=True)
        for each in error.errors(include_input=False):
            typer.echo(f"  VIPMG_{str(each['loc'][0]).upper()}: {each['msg']}", err=True)
        raise typer.Exit(1) from error
    rows = [_row(current, name, texts) for name in Settings.model_fields]
    if as_json:
        shown = {variable: {"value": value, "from": source} for variable, value, source, _ in rows}
        print_json(shown)
        return
    print_table(texts["columns"], rows, whole=0)


def _row(current: Settings, name: str, texts: dict[str, str]) -> tuple[str, str, str, str]:
    variable = f"VIPMG_{name.upper()}"
    value = getattr(current, name)
    shown = "********" if isinstance(value, SecretStr) else "" if value is None else str(value)
    source = texts["environment" if variable in os.environ else "default"]
    return variable, shown, source, Settings.model_fields[name].description or ""
