"""Percent-encoding and parameters of a raw query string.

Frameworks decode a query string as a form and turn `+` into a blank, which the grammar of
SDMX-REST cannot bear: so it is read here, once for all grammars.
"""

from __future__ import annotations

from urllib.parse import unquote

from app.errors import QuerySyntaxError


def decode(raw: str) -> str:
    """Decode percent-encoding as UTF-8, leaving `+` alone.

    Bytes that a client left unencoded come from the server as Latin-1; they are UTF-8 as well.

    Raises:
        QuerySyntaxError: the bytes are not UTF-8, or a control character is among them.
    """
    try:
        text = raw if raw.isascii() else _as_utf8(raw)
        text = unquote(text, errors="strict") if "%" in text else text
        text.encode()
    except UnicodeError:
        raise QuerySyntaxError(
            f"The text {raw[:80]!a} is not percent-encoded UTF-8.",
            f"El texto {raw[:80]!a} no es UTF-8 con codificación porcentual.",
        ) from None
    if not text.isprintable() and any(char < " " or char == "\x7f" for char in text):
        raise QuerySyntaxError(
            f"The text {raw[:80]!a} contains a control character.",
            f"El texto {raw[:80]!a} contiene un carácter de control.",
        )
    return text


def _as_utf8(raw: str) -> str:
    try:
        return raw.encode("latin-1").decode()
    except UnicodeError:
        return raw


def parameters(query: str) -> dict[str, str]:
    """Split a raw query string into decoded names and values that are still encoded.

    Raises:
        QuerySyntaxError: a parameter is given more than once, or a name cannot be decoded.
    """
    found: dict[str, str] = {}
    for part in query.split("&"):
        if not part:
            continue
        raw_name, _, value = part.partition("=")
        name = decode(raw_name)
        if name in found:
            raise QuerySyntaxError(
                f"The parameter {name!r} is given more than once.",
                f"El parámetro {name!r} aparece más de una vez.",
                parameter=name,
            )
        found[name] = value
    return found
