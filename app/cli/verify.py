"""`vipmg verify`: check receipts, ledgers and files without any service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.auth.evidence import BrokenLinkError
from app.cli.database import terminal_language
from app.cli.evidence_files import UnusableError, read_evidence
from app.cli.output import print_json
from app.services.verify_evidence import Verified, verify_evidence

NOT_SHOWN: Final = 3

_TEXTS: Final = {
    "en": {
        "help": "Check receipts and ledgers offline; name the first link that does not hold.\n\n"
        "Ends with status 0 when all holds, 1 when something does not, 2 when there is nothing "
        "that can be checked, 3 when what was checked holds and some receipts could not be "
        "looked up in their ledger.",
        "files": "Receipts, heads, ledgers, keys; folders of `vipmg ledger fetch`; take-outs.",
        "keys": "Public keys of the service (jwks.json); repeatable.",
        "ledger": "A ledger (ledger.jsonl); repeatable: several copies are compared.",
        "file": "An original file that a receipt has to be of; repeatable.",
        "json": "Print JSON.",
        "unusable": "Nothing was checked: {}",
        "empty": "there are no receipts, ledgers or files to check.",
        "no_keys": "receipts need the public keys of the service: give --keys jwks.json.",
        "receipts": "{}: {} receipts, numbers {} to {}.",
        "practice": "{} receipts of the practice space, which say nothing of real data.",
        "all": "Ledger of all publications: {} lines.",
        "public": "Public ledger: {} lines.",
        "heads": "{} signed heads agree with the ledgers.",
        "elsewhere": "NOT SHOWN: {} receipts have another issuer than the ledger, and their lines "
        "are not in it. They need the ledger of the service that issued them.",
        "unseen": "NOT SHOWN: {} receipts name lines of a ledger that is not here.",
        "has": "{} is the file of {}.",
        "holds": "All holds.",
        "holds_in_part": "What was checked holds. Not all could be checked: see NOT SHOWN.",
        "tail": "This does not show whether something was cut off at the end: a newer head or "
        "receipt would.",
        "broken": "Broken: {}: {}.",
        "line": "{}, line {}",
        "receipt": "receipt {1} of {0}",
        "whole": "{}",
        "expected": "{} should be {}, and is {}",
        "found": "{} is {}, which does not hold",
        "form": "it is not in the form in which the service writes it",
        "kid": "no key {} is known (field kid)",
        "signature": "the signature does not hold (field signature)",
        "no_receipt": "no receipt is of this file (field sha256)",
    },
    "es": {
        "help": "Comprobar recibos y libros sin conexión; nombrar el primer eslabón que falla.\n\n"
        "Termina con estado 0 si todo se sostiene, 1 si algo no, 2 si no hay nada que se pueda "
        "comprobar, 3 si lo comprobado se sostiene y hay recibos que no se pudieron buscar en su "
        "libro.",
        "files": "Recibos, cabezas, libros, claves; carpetas de `vipmg ledger fetch`; archivos "
        "de exportación.",
        "keys": "Claves públicas del servicio (jwks.json); repetible.",
        "ledger": "Un libro (ledger.jsonl); repetible: varias copias se comparan.",
        "file": "Un archivo original del que debe haber un recibo; repetible.",
        "json": "Mostrar JSON.",
        "unusable": "No se comprobó nada: {}",
        "empty": "no hay recibos, libros ni archivos que comprobar.",
        "no_keys": "los recibos requieren las claves públicas del servicio: dé --keys jwks.json.",
        "receipts": "{}: {} recibos, números {} a {}.",
        "practice": "{} recibos del espacio de práctica, que no dicen nada de datos reales.",
        "all": "Libro de todas las publicaciones: {} líneas.",
        "public": "Libro público: {} líneas.",
        "heads": "{} cabezas firmadas concuerdan con los libros.",
        "elsewhere": "NO SE MUESTRA: {} recibos tienen otro emisor que el libro, y sus líneas no "
        "están en él. Hace falta el libro del servicio que los emitió.",
        "unseen": "NO SE MUESTRA: {} recibos nombran líneas de un libro que no está aquí.",
        "has": "{} es el archivo de {}.",
        "holds": "Todo se sostiene.",
        "holds_in_part": "Lo comprobado se sostiene. No todo se pudo comprobar: vea NO SE MUESTRA.",
        "tail": "Esto no muestra si se cortó algo al final: lo haría una cabeza o un recibo más "
        "nuevo.",
        "broken": "Roto: {}: {}.",
        "line": "{}, línea {}",
        "receipt": "recibo {1} de {0}",
        "whole": "{}",
        "expected": "{} debería ser {}, y es {}",
        "found": "{} es {}, lo que no se sostiene",
        "form": "no tiene la forma en que el servicio lo escribe",
        "kid": "no se conoce ninguna clave {} (campo kid)",
        "signature": "la firma no se sostiene (campo signature)",
        "no_receipt": "ningún recibo es de este archivo (campo sha256)",
    },
}


def _text(name: str) -> str:
    return _TEXTS[terminal_language()][name]


def verify(
    files: Annotated[list[Path] | None, typer.Argument(help=_text("files"))] = None,
    keys: Annotated[list[Path] | None, typer.Option("--keys", help=_text("keys"))] = None,
    ledger: Annotated[list[Path] | None, typer.Option("--ledger", help=_text("ledger"))] = None,
    file: Annotated[list[Path] | None, typer.Option("--file", help=_text("file"))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_text("json"))] = False,
) -> None:
    """Check receipts and ledgers offline."""
    try:
        verified = _verify(files or [], keys or [], ledger or [], file or [])
    except UnusableError as error:
        typer.echo(_text("unusable").format(error), err=True)
        raise typer.Exit(2) from error
    if as_json:
        print_json(as_object(verified))
    else:
        for line in lines(verified):
            typer.echo(line)
    if verified.broken is not None:
        typer.echo(broken_line(verified.broken), err=True)
        raise typer.Exit(1)
    if not verified.is_complete:
        raise typer.Exit(NOT_SHOWN)


verify.__doc__ = _text("help")


def _verify(
    files: list[Path], keys: list[Path], ledgers: list[Path], originals: list[Path]
) -> Verified:
    try:
        evidence = read_evidence(files, keys, ledgers, originals)
    except BrokenLinkError as broken:
        return Verified(broken=broken)
    if evidence.is_empty:
        raise UnusableError(_text("empty"))
    if not evidence.keys and (evidence.statements or any(evidence.chains)):
        raise UnusableError(_text("no_keys"))
    return verify_evidence(evidence)


def lines(verified: Verified) -> list[str]:
    """What was found, for people."""
    told = [
        _text("receipts").format(organisation, count, first, last)
        for organisation, (first, last, count) in sorted(verified.receipts.items())
    ]
    told += [_text(name).format(count) for name, count in sorted(verified.ledgers.items())]
    for name in ("heads", "practice", "elsewhere", "unseen"):
        if count := getattr(verified, name):
            told.append(_text(name).format(count))
    for name, having in verified.files.items():
        told.append(_text("has").format(name, ", ".join(having)))
    if verified.broken is None:
        told += [_text("holds" if verified.is_complete else "holds_in_part"), _text("tail")]
    return told


def broken_line(broken: BrokenLinkError) -> str:
    """The link that does not hold, for people: where, which field, what it should be."""
    kind, name, number = broken.place
    place = _text("whole" if kind == "file" else kind).format(name, number)
    if kind == "file" and broken.field == "sha256" and broken.expected is None:
        why = _text("no_receipt")
    elif broken.field in {"form", "signature"}:
        why = _text(broken.field)
    elif broken.field == "kid":
        why = _text("kid").format(broken.found)
    elif broken.expected is None:
        why = _text("found").format(broken.field, broken.found)
    else:
        why = _text("expected").format(broken.field, broken.expected, broken.found)
    return _text("broken").format(place, why)


def as_object(verified: Verified) -> dict[str, Any]:
    """What was found, for programs."""
    broken = verified.broken
    return {
        "holds": broken is None,
        "complete": broken is None and verified.is_complete,
        "receipts": {
            organisation: {"first": first, "last": last, "count": count}
            for organisation, (first, last, count) in verified.receipts.items()
        },
        "practice": verified.practice,
        "ledgers": verified.ledgers,
        "heads": verified.heads,
        "elsewhere": verified.elsewhere,
        "unseen": verified.unseen,
        "files": verified.files,
        "broken": broken
        and {
            "kind": broken.place[0],
            "name": broken.place[1],
            "number": broken.place[2],
            "field": broken.field,
            "expected": broken.expected,
            "found": broken.found,
        },
    }
