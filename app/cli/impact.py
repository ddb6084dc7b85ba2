"""`vipmg impact`: what the change of a shared structure would touch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import typer

from app.cli.database import terminal_language
from app.cli.maps import LOCAL, JsonOption, UrlOption, ask, read_json_file, short
from app.cli.output import print_json

_TEXTS: Final = {
    "en": {
        "impact": "See what the change of a structure would touch, before it is made.",
        "urn": "URN of the structure; not needed with --change.",
        "removing": "Codes that are to go, with commas.",
        "change": "SDMX-JSON file with the structure as it is to be.",
        "notify": "Tell those whom it touches, in these words; its agency only.",
        "what": "Say what changes: a URN, or --change FILE.",
        "group": "{}: {}",
        "used": "{dataflow}, {component} = {code}: {series} series, {observations} figures",
        "layouts": "layouts of workbooks: {}",
        "queries": "saved queries: none, the exchange keeps none",
        "unknown": "{} has no code {}.",
        "nobody": "Nothing names these codes, and no public figure has them.",
        "told": "Told: {}",
    },
    "es": {
        "impact": "Ver a qué afectaría el cambio de una estructura, antes de hacerlo.",
        "urn": "URN de la estructura; no hace falta con --change.",
        "removing": "Códigos que desaparecen, con comas.",
        "change": "Archivo SDMX-JSON con la estructura como va a ser.",
        "notify": "Avisar a quienes afecta, con estas palabras; solo su agencia.",
        "what": "Diga qué cambia: un URN, o --change ARCHIVO.",
        "group": "{}: {}",
        "used": "{dataflow}, {component} = {code}: {series} series, {observations} cifras",
        "layouts": "diseños de libros de cálculo: {}",
        "queries": "consultas guardadas: ninguna, el servicio no guarda ninguna",
        "unknown": "{} no tiene el código {}.",
        "nobody": "Nada nombra estos códigos, y ninguna cifra pública los tiene.",
        "told": "Avisados: {}",
    },
}
_GROUPS: Final = {
    "agreements": ("agreements", "convenios"),
    "maps": ("maps", "mapas"),
    "tables": ("tables of maps", "tablas de mapas"),
    "constraints": ("constraints", "restricciones"),
    "rulesets": ("rulesets", "conjuntos de reglas"),
    "codelists": ("code lists", "listas de códigos"),
    "concept_schemes": ("concept schemes", "esquemas de conceptos"),
    "hierarchies": ("hierarchies", "jerarquías"),
    "data_structures": ("data structures", "estructuras de datos"),
    "dataflows": ("dataflows", "flujos de datos"),
    "others": ("others", "otros"),
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


def impact(
    urn: Annotated[str | None, typer.Argument(metavar="URN", help=_text("urn"))] = None,
    removing: Annotated[str, typer.Option("--removing", help=_text("removing"))] = "",
    change: Annotated[
        Path | None, typer.Option("--change", exists=True, dir_okay=False, help=_text("change"))
    ] = None,
    notify: Annotated[str | None, typer.Option("--notify", help=_text("notify"))] = None,
    url: UrlOption = LOCAL,
    as_json: JsonOption = False,
) -> None:
    """See what the change of a structure would touch."""
    if (urn is None) == (change is None):
        typer.echo(_text("what"), err=True)
        raise typer.Exit(2)
    order: dict[str, Any] = {"removing": [code for code in removing.split(",") if code]}
    order |= {"urn": urn} if change is None else {"change": read_json_file(change)}
    if notify is not None:
        told = ask(url, "POST", "/api/impact/notify", order | {"note": notify})
    elif change is None:
        query = f"urn={quote(urn or '', safe=':()=')}&removing={quote(removing, safe=',')}"
        told = ask(url, "GET", f"/api/impact?{query}")
    else:
        told = ask(url, "POST", "/api/impact", order)
    if as_json:
        print_json(told)
    else:
        _print(told, notified=notify is not None)


impact.__doc__ = _text("impact")


def _print(told: dict[str, Any], *, notified: bool) -> None:
    spanish = terminal_language() == "es"
    if told["unknown_codes"]:
        unknown = ", ".join(told["unknown_codes"])
        typer.echo(_text("unknown").format(short(told["urn"]), unknown), err=True)
    if told["removed_codes"] and not any(told["touched"].values()):
        typer.echo(_text("nobody"))
    for group, names in _GROUPS.items():
        listed = told["touched"][group]
        if listed:
            typer.echo(_text("group").format(names[spanish], len(listed)))
        for one in listed:
            typer.echo(f"  {short(one['urn'])}")
    for name, named in (("computed_dataflows", "DF"), ("mirror_pairs", "MS")):
        for each in told[name]:
            typer.echo(f"  {named} {short(each)}")
    typer.echo(_text("layouts").format(told["layouts"]["count"]))
    typer.echo(_text("queries"))
    for one in told["used_codes"]:
        typer.echo(_text("used").format(**one | {"dataflow": short(one["dataflow"])}))
    if notified:
        typer.echo(_text("told").format(", ".join(told["told"]) or "–"))
