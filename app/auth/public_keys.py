"""Public keys of a client, out of the file that its owner sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from app.auth.jose import CLIENT_ALGORITHMS, MAX_KID, usable_key
from app.errors import QuerySemanticError

_PRIVATE_PARTS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def read_public_keys(text: str) -> dict[str, Any]:
    """Return the key set in a file: a JWK set, a JWK, or a PEM public key.

    Raises:
        QuerySemanticError: no public key is in it, or one that is not taken.
    """
    if text.lstrip().startswith("-----BEGIN"):
        return checked_jwks({"keys": [_read_pem(text)]})
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _not_a_key() from error
    if not isinstance(document, dict):
        raise _not_a_key()
    return checked_jwks(document if "keys" in document else {"keys": [document]})


def checked_jwks(jwks: Mapping[str, Any]) -> dict[str, Any]:
    """Return a key set with public keys of the algorithms taken only, each with a `kid`.

    Raises:
        QuerySemanticError: a private or weak key, another type, or a `kid` given twice.
    """
    listed = jwks.get("keys")
    if not isinstance(listed, list) or not listed:
        raise _not_a_key()
    keys = [_checked(jwk) for jwk in listed]
    if len({jwk["kid"] for jwk in keys}) < len(keys):
        raise QuerySemanticError(
            "Two keys have the same kid.", "Dos claves tienen el mismo identificador (kid)."
        )
    return {"keys": keys}


def _checked(jwk: object) -> dict[str, Any]:
    if not isinstance(jwk, dict):
        raise _not_a_key()
    if _PRIVATE_PARTS & jwk.keys():
        raise _private_key()
    key = usable_key(jwk, CLIENT_ALGORITHMS)
    kid = jwk.get("kid") or (key and key.thumbprint())
    if key is None or not isinstance(kid, str) or len(kid) > MAX_KID:
        raise _not_a_key()
    return {**key.as_dict(private=False), "kid": kid}


def _read_pem(text: str) -> dict[str, Any]:
    if "PRIVATE KEY-----" in text:
        raise _private_key()
    key: Key
    for key_type in ("EC", "OKP", "RSA"):
        try:
            key = JWKRegistry.import_key(text.encode(), key_type)
        except (JoseError, ValueError):
            continue
        return dict(key.as_dict(private=False))
    raise _not_a_key()


def _private_key() -> QuerySemanticError:
    return QuerySemanticError(
        "This is a private key. Keep it where it is, tell nobody, and give its public half.",
        "Esta es una clave privada. Guárdela, no la muestre a nadie y entregue la parte pública.",
    )


def _not_a_key() -> QuerySemanticError:
    return QuerySemanticError(
        "A public key is needed: P-256 (ES256), Ed25519 (EdDSA) or RSA of 2048 bits (PS256), "
        "as a JWK set, a JWK or PEM.",
        "Se necesita una clave pública: P-256 (ES256), Ed25519 (EdDSA) o RSA de 2048 bits "
        "(PS256), como conjunto JWK, JWK o PEM.",
    )
