"""Access tokens (RFC 9068): from the text a caller sent to the subject it stands for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.auth.jose import (
    ISSUER_ALGORITHMS,
    OWN_ALGORITHM,
    BadTokenError,
    open_token,
    read_header,
)
from app.auth.keys import KeyCache, OwnKeys
from app.auth.refusals import MAX_TOKEN_SECONDS, refused
from app.auth.subject import OrganisationKind, Subject
from app.sdmx.urn import AGENCY_ID
from app.settings import Settings
from app.store.types import Pool

LEEWAY_SECONDS: Final = 10

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
        from app.auth.issuer_keys import IssuerKeys  # the HTTP client, which most need not load

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
        agencies = claims.get("agencies", [])
        if not isinstance(agencies, list) or not all(map(_is_agency, agencies)):
            raise refused("agencies")
        kind = None if kind is None else _KINDS[kind]
        return Subject(client_id, organisation, kind, tuple(agencies))


def _is_agency(value: object) -> bool:
    return isinstance(value, str) and AGENCY_ID.fullmatch(value) is not None


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """Return a NumericDate; neither NaN nor a boolean is one."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused("times")
    if not 0 <= value < 1 << 53:
        raise refused("times")
    return float(value)
