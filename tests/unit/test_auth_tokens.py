"""Whatever a token holds, it is taken or refused: there is no third way."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key

from app.auth.keys import KeyCache
from app.auth.subject import Subject
from app.auth.tokens import TokenRules, TokenVerifier
from app.errors import NotAuthenticatedError

HERE = "https://datos.example.org"
NOW = 1_800_000_000
KEY = ECKey.generate_key("P-256", {"kid": "k"})
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "k"}
CLAIMS = {
    "iss": HERE,
    "aud": HERE,
    "client_id": "c",
    "iat": NOW,
    "exp": NOW + 600,
    "organisation": "CRI_DGME",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class OneKey(KeyCache):
    async def _fetch(self) -> Mapping[str, Key]:
        return {"k": KEY}


def verifier(now: float = NOW) -> TokenVerifier:
    return TokenVerifier(TokenRules(HERE, HERE, ("ES256",)), OneKey(), clock=lambda: now)


def sign(header: object, claims: object) -> str:
    """Sign what no library would sign."""
    return sign_text(json.dumps(header), json.dumps(claims))


def sign_text(header: str, claims: str) -> str:
    signed = f"{b64(header.encode())}.{b64(claims.encode())}"
    der = KEY.private_key.sign(signed.encode(), ec.ECDSA(SHA256()))
    raw = b"".join(number.to_bytes(32, "big") for number in utils.decode_dss_signature(der))
    return f"{signed}.{b64(raw)}"


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


async def outcome(token: str, now: float = NOW) -> Subject | None:
    try:
        return await verifier(now).verify(token)
    except NotAuthenticatedError as error:
        challenge = str(error.detail["www_authenticate"])
        assert challenge.isascii()
        assert 'error="invalid_token"' in challenge
        assert set(error.text) == {"en", "es"}
        return None


async def test_a_token_is_taken_until_ten_seconds_after_its_end() -> None:
    token = sign(HEADER, CLAIMS)
    assert await outcome(token) == Subject("c", "CRI_DGME", None)
    assert await outcome(token, NOW + 609) is not None
    assert await outcome(token, NOW + 611) is None
    assert await outcome(token, NOW - 9) is not None
    assert await outcome(token, NOW - 11) is None


@pytest.mark.parametrize("seconds", [1, 600, 610])
async def test_a_life_within_the_limit_is_taken(seconds: int) -> None:
    assert await outcome(sign(HEADER, CLAIMS | {"exp": NOW + seconds})) is not None


@pytest.mark.parametrize("seconds", [-1, 0, 611, 31_536_000])
async def test_a_life_beyond_the_limit_is_refused(seconds: int) -> None:
    assert await outcome(sign(HEADER, CLAIMS | {"exp": NOW + seconds})) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,30}\.[A-Za-z0-9_-]{1,99}"))
async def test_no_text_breaks_the_verifier(token: str) -> None:
    assert await outcome(token) is None


@given(st.sampled_from(sorted(HEADER)), json_values)
async def test_no_value_in_a_header_breaks_the_verifier(name: str, value: Any) -> None:
    taken = await outcome(sign(HEADER | {name: value}, CLAIMS))
    assert taken is None or value in ("ES256", "at+jwt", "application/at+jwt", "k")


@given(st.sampled_from(sorted([*CLAIMS, "nbf", "organisation_kind"])), json_values)
async def test_no_value_of_a_signed_claim_breaks_the_verifier(name: str, value: Any) -> None:
    taken = await outcome(sign(HEADER, CLAIMS | {name: value}))
    if name in ("iss", "aud"):
        assert taken is None
    elif taken is not None:
        assert isinstance(taken.client_id, str)
        assert isinstance(taken.organisation, str)


@given(json_values)
async def test_no_signed_payload_breaks_the_verifier(payload: Any) -> None:
    assert await outcome(sign(HEADER, payload)) is None
    assert await outcome(sign(payload, CLAIMS)) is None


async def test_a_signed_payload_that_nests_too_deep_is_refused() -> None:
    deep = json.dumps(CLAIMS)[:-1] + ', "x": ' + "[" * 2900 + "]" * 2900 + "}"
    assert await outcome(sign_text(json.dumps(HEADER), deep)) is None
