"""Access tokens (RFC 9068): from the text a caller sent to the subject it stands for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.auth.issuer_keys import IssuerKeys
from app.auth.jose import (
    ISSUER_ALGORITHMS,
    OWN_ALGORITHM,
    BadTokenError,
    open_token,
    read_header,
)
from app.auth.keys import KeyCache, OwnKeys
from app.auth.subject import OrganisationKind, Subject
from app.errors import NotAuthenticatedError
from app.settings import Settings
from app.store.types import Pool

LEEWAY_SECONDS: Final = 10
MAX_TOKEN_SECONDS: Final = 600

_TYPES = ("at+jwt", "application/at+jwt")
_KINDS: Final[Mapping[str, OrganisationKind]] = {
    "data_provider": "data_provider",
    "data_consumer": "data_consumer",
}
# The ids of organisations are those of SDMX items: nested ids have dots.
_ORGANISATION = re.compile(r"[A-Za-z0-9_@$.-]{1,255}")
_CLIENT_ID = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say to be taken.

    Attributes:
        issuer: the one issuer, compared exactly.
        audience: address of this service, the only audience that a token may have.
        algorithms: what its signature may be made with.
        organisation_claim: claim that names the organisation of the caller.
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    organisation_claim: str = "organisation"


class TokenVerifier:
    """Verifies access tokens of one issuer: the built-in one or an external one."""

    def __init__(
        self, rules: TokenRules, keys: KeyCache, clock: Callable[[], float] = time.time
    ) -> None:
        self.rules = rules
        self.keys = keys
        self._clock = clock

    @classmethod
    def from_settings(cls, settings: Settings, writer: Pool) -> TokenVerifier:
        """Build the verifier that the settings ask for.

        Args:
            settings: they name an external issuer, or none for the built-in one.
            writer: pool that may read the built-in signing keys.
        """
        audience = settings.base_url
        if settings.oauth_issuer is None:
            return cls(TokenRules(audience, audience, (OWN_ALGORITHM,)), OwnKeys(writer))
        rules = TokenRules(
            settings.oauth_issuer, audience, ISSUER_ALGORITHMS, settings.oauth_organisation_claim
        )
        return cls(rules, IssuerKeys(settings.oauth_issuer, settings.oauth_jwks_url))

    @property
    def own_keys(self) -> OwnKeys | None:
        """Keys of the built-in authorisation server, None when an external issuer is set."""
        return self.keys if isinstance(self.keys, OwnKeys) else None

    async def aclose(self) -> None:
        """Give back what is held open."""
        await self.keys.aclose()

    async def verify(self, token: str) -> Subject:
        """Return the subject of an access token.

        Raises:
            NotAuthenticatedError: the token does not hold; the reason is in its text.
            UnavailableError: the keys of the issuer cannot be had now.
        """
        try:
            header = read_header(token)
            self._check_header(header)
            key = await self.keys.find(header.get("kid"))
            if key is None:
                raise refused("unknown_key")
            claims = open_token(token, key, (str(header["alg"]),))
        except BadTokenError as error:
            raise refused("unreadable") from error
        self._check_origin(claims)
        self._check_times(claims)
        return self._subject(claims)

    def _check_header(self, header: Mapping[str, Any]) -> None:
        kind = header.get("typ")
        if not isinstance(kind, str) or kind.lower() not in _TYPES:
            raise refused("type")
        if header.get("alg") not in self.rules.algorithms:
            raise refused("algorithm")

    def _check_origin(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self.rules.issuer:
            raise refused("issuer")
        if claims.get("aud") != self.rules.audience:
            raise refused("audience")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock()
        issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
        if not now < expires + LEEWAY_SECONDS:
            raise refused("expired")
        if issued > now + LEEWAY_SECONDS:
            raise refused("early")
        if "nbf" in claims and _seconds(claims, "nbf") > now + LEEWAY_SECONDS:
            raise refused("early")
        if not 0 < expires - issued <= MAX_TOKEN_SECONDS + LEEWAY_SECONDS:
            raise refused("lifetime")

    def _subject(self, claims: Mapping[str, Any]) -> Subject:
        client_id = claims.get("client_id")
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            raise refused("client")
        organisation = claims.get(self.rules.organisation_claim)
        if not isinstance(organisation, str) or not _ORGANISATION.fullmatch(organisation):
            raise refused("organisation")
        kind = claims.get("organisation_kind")
        if kind is not None and kind not in _KINDS.values():
            raise refused("organisation")
        return Subject(client_id, organisation, None if kind is None else _KINDS[kind])


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate; neither NaN nor a boolean is one."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused("times")
    if not 0 <= value < 1 << 53:
        raise refused("times")
    return float(value)


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
