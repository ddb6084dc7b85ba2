"""Keys of receipts: how one is made, how it signs, and what is told of it to everybody.

A key that was replaced is kept for ever, with the time until which it signed (`nbf` and `exp` of
its JWK): what it signed can always be checked.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key

from app.auth.jose import OWN_ALGORITHM, pinned, usable_key

RECEIPT_TYPE: Final = "vipmg-receipt+jws"
PRACTICE_TYPE: Final = "vipmg-practice-receipt+jws"
HEAD_TYPE: Final = "vipmg-ledger-head+jws"

_PUBLIC_PARTS: Final = ("kty", "crv", "x", "y", "kid", "use", "alg", "iss")


class UnsignedError(Exception):
    """What is no signed statement in compact form, or whose signature does not hold."""


def new_key() -> dict[str, Any]:
    """A new private key as a JWK, with its thumbprint as `kid`."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": OWN_ALGORITHM}, auto_kid=True)
    return dict(key.as_dict(private=True))


def sign(claims: Mapping[str, Any], private_jwk: str, statement_type: str) -> str:
    """A statement as compact JWS.

    Args:
        claims: what is stated.
        private_jwk: the key, as JSON.
        statement_type: `typ` of the header.
    """
    key = _key(private_jwk)
    header = {"alg": OWN_ALGORITHM, "typ": statement_type, "kid": key.kid}
    return jws.serialize_compact(header, orjson.dumps(claims), key, registry=pinned(OWN_ALGORITHM))


def read_statement(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a compact JWS, which nobody has vouched for yet.

    Raises:
        UnsignedError: it is none.
    """
    try:
        read = jws.extract_compact(token.encode("ascii"))
        header, claims = dict(read.headers()), orjson.loads(read.payload)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise UnsignedError from error
    if not isinstance(claims, dict):
        raise UnsignedError
    return header, claims


def check_signature(token: str, jwk: Mapping[str, Any]) -> None:
    """See that a key signed a statement, and that each of its characters is as it was signed.

    Raises:
        UnsignedError: it did not, or the key is none that is taken.
    """
    key = usable_key(jwk, (OWN_ALGORITHM,))
    if key is None:
        raise UnsignedError
    try:
        jws.deserialize_compact(token, key, registry=pinned(OWN_ALGORITHM))
    except (JoseError, ValueError, TypeError) as error:
        raise UnsignedError from error
    if not _is_canonical(token.rpartition(".")[2]):
        raise UnsignedError  # bits of the last character that no byte has: they say nothing


def public_jwk(
    private_jwk: Mapping[str, Any], created_at: dt.datetime, retired_at: dt.datetime | None
) -> dict[str, Any]:
    """What everybody may know of a key; `nbf` and `exp` are seconds, as in a JWT."""
    told = {name: private_jwk[name] for name in _PUBLIC_PARTS if name in private_jwk}
    told["nbf"] = private_jwk.get("nbf", math.floor(created_at.timestamp()))
    if retired_at is not None:
        told["exp"] = private_jwk.get("exp", math.ceil(retired_at.timestamp()))
    return told


@lru_cache(maxsize=8)
def _key(private_jwk: str) -> Key:
    return ECKey.import_key(orjson.loads(private_jwk))


_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _is_canonical(text: str) -> bool:
    """Whether base64url without padding has zeros where its last character holds no data."""
    spare = {2: 4, 3: 2}.get(len(text) % 4, 0)
    return bool(text) and _LETTERS.find(text[-1]) % (1 << spare) == 0
