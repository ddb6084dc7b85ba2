"""Why an access token was refused, in the words of RFC 6750, 3, and in two languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from app.errors import NotAuthenticatedError

MAX_TOKEN_SECONDS: Final = 600
"""Longest life of an access token that is taken, whoever issued it."""

_REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "scheme": (
        "The Authorization header must be: Bearer, a blank, one access token.",
        "El encabezado Authorization debe ser: Bearer, un espacio, un token de acceso.",
    ),
    "unreadable": (
        "The access token cannot be read or its signature does not hold.",
        "El token de acceso no se puede leer o su firma no es válida.",
    ),
    "type": (
        "The typ header of an access token must be at+jwt (RFC 9068).",
        "El encabezado typ de un token de acceso debe ser at+jwt (RFC 9068).",
    ),
    "algorithm": (
        "The access token is signed with an algorithm that is not taken.",
        "El token de acceso está firmado con un algoritmo que no se acepta.",
    ),
    "unknown_key": (
        "The issuer has no key with the kid of this access token.",
        "El emisor no tiene ninguna clave con el kid de este token de acceso.",
    ),
    "issuer": (
        "The access token is of another issuer (claim iss).",
        "El token de acceso es de otro emisor (claim iss).",
    ),
    "audience": (
        "The access token is not for this service (claim aud, one string).",
        "El token de acceso no es para este servicio (claim aud, una sola cadena).",
    ),
    "times": (
        "The claims exp and iat of an access token must be there, as seconds.",
        "Los claims exp e iat de un token de acceso deben existir, en segundos.",
    ),
    "expired": (
        "The access token has expired: get a new one.",
        "El token de acceso ha vencido: obtenga uno nuevo.",
    ),
    "early": (
        "The access token is not valid yet: check the clocks.",
        "El token de acceso aún no es válido: revise los relojes.",
    ),
    "lifetime": (
        f"An access token may live {MAX_TOKEN_SECONDS} seconds at most (exp minus iat).",
        f"Un token de acceso puede durar {MAX_TOKEN_SECONDS} segundos como máximo (exp - iat).",
    ),
    "client": (
        "The access token does not name its client (claim client_id).",
        "El token de acceso no indica su cliente (claim client_id).",
    ),
    "organisation": (
        "The access token does not name the organisation of its client.",
        "El token de acceso no indica la organización de su cliente.",
    ),
    "agencies": (
        "The claim agencies of an access token must be a list of ids of agencies.",
        "El claim agencies de un token de acceso debe ser una lista de ids de agencias.",
    ),
}


def refused(reason: str) -> NotAuthenticatedError:
    """Return the error for a token that does not hold (RFC 6750, 3.1)."""
    en, es = _REASONS[reason]
    challenge = f'Bearer realm="vipmg", error="invalid_token", error_description="{en}"'
    return NotAuthenticatedError(en, es, www_authenticate=challenge)


def missing() -> NotAuthenticatedError:
    """Return the error for no token at all, which carries no error code (RFC 6750, 3.1)."""
    return NotAuthenticatedError(
        "An access token is needed: Authorization: Bearer, a blank, the token.",
        "Se necesita un token de acceso: Authorization: Bearer, un espacio, el token.",
        www_authenticate='Bearer realm="vipmg"',
    )
