"""Signatures and keys: which algorithms and keys are taken, and how a JWT is opened.

Keys are only ever looked up by the caller of these functions; what a token says about its
own key (`jwk`, `jku`, `x5c`, `x5u`) is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

if TYPE_CHECKING:
    from joserfc._rfc7515.model import JWSAlgModel

OWN_ALGORITHM: Final = "ES256"
"""What the built-in authorisation server signs with."""

CLIENT_ALGORITHMS: Final = ("ES256", "PS256", "EdDSA", "Ed25519")
"""What client assertions may be signed with (FAPI 2.0; `Ed25519` is RFC 9864's name)."""

ISSUER_ALGORITHMS: Final = (*CLIENT_ALGORITHMS, "RS256")
"""What an external issuer may sign with; many know RS256 only."""

MAX_TOKEN: Final = 8192
MAX_KID: Final = 128
MIN_RSA_BITS: Final = 2048

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class BadTokenError(Exception):
    """A JWT that cannot be read, or whose signature does not hold."""


class _PinnedAlgorithms(JWSRegistry):
    """The listed algorithms and no other; `EdDSA` is in the list, so no warning about it."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def pinned(*algorithms: str) -> JWSRegistry:
    """A registry for signatures that knows these algorithms and no other."""
    # RFC 7515, 4: header parameters that are not understood are ignored.
    return _PinnedAlgorithms(algorithms=algorithms, strict_check_header=False)


def read_header(token: str) -> dict[str, Any]:
    """Return the header of a compact JWT, which nobody has vouched for yet.

    Raises:
        BadTokenError: not a compact JWS with a signature, or too long.
    """
    if len(token) > MAX_TOKEN or not _COMPACT.fullmatch(token):
        raise BadTokenError
    try:
        return dict(jws.extract_compact(token.encode("ascii")).headers())
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadTokenError from error


def open_token(token: str, key: Key, algorithms: tuple[str, ...]) -> dict[str, Any]:
    """Return the claims of a compact JWT after its signature held.

    Raises:
        BadTokenError: another algorithm or key type, or the signature does not hold.
    """
    try:
        return dict(jwt.decode(token, key, registry=pinned(*algorithms)).claims)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadTokenError from error


def usable_key(jwk: Mapping[str, Any], algorithms: tuple[str, ...]) -> Key | None:
    """Return the signature key that a JWK holds, or None if it is not taken.

    Taken are P-256, Ed25519 and, from 2048 bits on, RSA keys, unless the JWK says that it
    is for another algorithm or not for signatures.
    """
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", algorithms[0]) not in algorithms:
        return None
    if jwk.get("kty") not in ("EC", "OKP", "RSA"):
        return None
    if jwk["kty"] == "RSA" and len(str(jwk.get("n"))) * 6 < MIN_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key(dict(jwk))
        return key if _is_strong(key) else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_strong(key: Key) -> bool:
    match key:
        case ECKey():
            return key.curve_name == "P-256"
        case OKPKey():
            return key.curve_name == "Ed25519"
        case RSAKey():
            return key.public_key.key_size >= MIN_RSA_BITS
        case _:
            return False
