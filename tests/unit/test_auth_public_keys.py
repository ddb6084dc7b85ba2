"""Public keys of clients, as their owners send them."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from app.auth.public_keys import checked_jwks, read_public_keys
from app.errors import QuerySemanticError

KEYS = {
    "EC": ECKey.generate_key("P-256"),
    "OKP": OKPKey.generate_key("Ed25519"),
    "RSA": RSAKey.generate_key(2048),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_pem_jwk_and_jwk_set_give_the_same_key(key: Key) -> None:
    jwk = key.as_dict(private=False)
    texts = (key.as_pem(private=False).decode(), json.dumps(jwk), json.dumps({"keys": [jwk]}))
    read = [read_public_keys(text) for text in texts]
    assert read[0] == read[1] == read[2]
    assert read[0]["keys"][0]["kid"] == key.thumbprint()


def test_a_kid_that_is_given_is_kept() -> None:
    jwk = KEYS["EC"].as_dict(private=False) | {"kid": "2026"}
    assert read_public_keys(json.dumps(jwk))["keys"][0]["kid"] == "2026"


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_private_key_is_never_taken(key: Key) -> None:
    for text in (key.as_pem(private=True).decode(), json.dumps(key.as_dict(private=True))):
        with pytest.raises(QuerySemanticError, match="private key"):
            read_public_keys(text)


NOT_STRONG = {
    "nothing": "",
    "a word": "hola",
    "a list": "[]",
    "an empty set": '{"keys": []}',
    "a number for a set": '{"keys": 7}',
    "a number for a key": '{"keys": [7]}',
    "no curve": '{"kty": "EC"}',
    "no point of the curve": '{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}',
    "a short modulus": '{"kty": "RSA", "n": "AQAB", "e": "AQAB"}',
    "a list for a type": '{"kty": ["EC"]}',
    "broken PEM": "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "another curve": json.dumps(ECKey.generate_key("P-384").as_dict(private=False)),
    "a curve for exchange": json.dumps(OKPKey.generate_key("X25519").as_dict(private=False)),
    "for encryption": json.dumps(KEYS["EC"].as_dict(private=False) | {"use": "enc"}),
    "another algorithm": json.dumps(KEYS["EC"].as_dict(private=False) | {"alg": "ES384"}),
    "a number for a kid": json.dumps(KEYS["EC"].as_dict(private=False) | {"kid": 7}),
    "a shared secret": json.dumps(OctKey.generate_key(256).as_dict(private=True)),
}


@pytest.mark.parametrize("text", NOT_STRONG.values(), ids=NOT_STRONG)
def test_what_is_not_a_strong_public_key_is_refused(text: str) -> None:
    with pytest.raises(QuerySemanticError):
        read_public_keys(text)


def test_two_keys_of_one_kid_are_refused() -> None:
    keys = [key.as_dict(private=False) | {"kid": "same"} for key in KEYS.values()]
    with pytest.raises(QuerySemanticError, match="same kid"):
        checked_jwks({"keys": keys})
