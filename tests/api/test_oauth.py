"""Tokens over HTTP: how clients get them, and which ones are taken."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import secrets
import socket
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from app.auth.keys import KeyCache, OwnKeys
from app.auth.public_keys import read_public_keys
from app.auth.subject import Subject
from app.auth.tokens import TokenRules, TokenVerifier
from app.errors import NotAuthenticatedError, NotFoundError, UnavailableError
from app.http.subject import AuthenticatedSubject, OptionalSubject
from app.routers import oauth
from app.services.add_client import NewClient, add_client
from app.services.revoke_client import revoke_client
from app.settings import Settings
from app.store import clients as store
from app.store.pools import Pools, open_pools

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "get-a-token.md"
BASE = "http://127.0.0.1:8000"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
WAITING = """
SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""
GRANT = {"grant_type": "client_credentials"}

PROVIDERS = {"id": "DATA_PROVIDERS", "dataProviders": [{"id": "CRI_DGME"}, {"id": "SLV_DGME"}]}
CONSUMERS = {"id": "DATA_CONSUMERS", "dataConsumers": [{"id": "RCM"}]}


# The service, as far as these tests need it


def build_app(pools: Pools, settings: Settings) -> FastAPI:
    app = guarded_app(TokenVerifier.from_settings(settings, pools.writer))
    app.state.pools = pools
    app.state.settings = settings
    app.include_router(oauth.router)
    return app


def guarded_app(tokens: TokenVerifier) -> FastAPI:
    app = FastAPI()
    app.state.tokens = tokens

    @app.get("/who")
    async def who(caller: AuthenticatedSubject) -> dict[str, str | None]:
        return as_json(caller)

    @app.get("/public")
    async def public(caller: OptionalSubject) -> dict[str, str | None] | None:
        return None if caller is None else as_json(caller)

    @app.exception_handler(NotAuthenticatedError)
    async def unauthenticated(request: Request, error: NotAuthenticatedError) -> JSONResponse:
        challenge = str(error.detail["www_authenticate"])
        return JSONResponse(error.text, 401, {"WWW-Authenticate": challenge})

    @app.exception_handler(NotFoundError)
    async def not_found(request: Request, error: NotFoundError) -> JSONResponse:
        return JSONResponse(error.text, 404)

    @app.exception_handler(UnavailableError)
    async def unavailable(request: Request, error: UnavailableError) -> JSONResponse:
        return JSONResponse(error.text, 503)

    return app


def as_json(caller: Subject) -> dict[str, str | None]:
    return {
        "client_id": caller.client_id,
        "organisation": caller.organisation,
        "organisation_kind": caller.organisation_kind,
    }


def client_of(app: FastAPI, base: str = BASE) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


@pytest.fixture
async def registered(pools: Pools) -> Pools:
    """Pools on a database that knows a few organisations."""
    statement = """
    INSERT INTO artefact (urn, class, agency, artefact_id, version, stable, document, recorded_from)
    VALUES ($1, $2, 'VIPMG', $1, '1.0', false, $3::text::json, clock_timestamp())
    """
    async with pools.writer.acquire() as connection:
        for urn, artefact_class, document in (
            ("DATA_PROVIDERS", "DataProviderScheme", PROVIDERS),
            ("DATA_CONSUMERS", "DataConsumerScheme", CONSUMERS),
        ):
            await connection.execute(statement, urn, artefact_class, json.dumps(document))
    return pools


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"public_url": BASE})


@pytest.fixture
def app(registered: Pools, settings: Settings) -> FastAPI:
    return build_app(registered, settings)


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def provider(registered: Pools) -> NewClient:
    return await add_client(registered.writer, "CRI_DGME", note="mesa de ayuda")


def basic(client: NewClient) -> tuple[str, str]:
    assert client.client_secret is not None
    return client.client_id, client.client_secret


async def get_token(http: httpx.AsyncClient, client: NewClient) -> str:
    reply = await http.post("/oauth/token", data=GRANT, auth=basic(client))
    assert reply.status_code == 200, reply.text
    return str(reply.json()["access_token"])


async def who(http: httpx.AsyncClient, token: str, path: str = "/who") -> httpx.Response:
    return await http.get(path, headers={"Authorization": f"Bearer {token}"})


def encode(header: dict[str, Any], claims: dict[str, Any], key: Key | KeySet) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(header, claims, key, algorithms=[str(header["alg"])])


def b64(value: bytes | dict[str, Any]) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assert_refused(reply: httpx.Response) -> None:
    assert reply.status_code == 401, reply.text
    assert reply.headers["www-authenticate"].startswith('Bearer realm="vipmg"')
    assert 'error="invalid_token"' in reply.headers["www-authenticate"]


# Getting a token


class TestSecret:
    async def test_a_client_with_its_secret_gets_a_token_that_names_its_organisation(
        self, http: httpx.AsyncClient, provider: NewClient
    ) -> None:
        reply = await http.post("/oauth/token", data=GRANT, auth=basic(provider))
        assert reply.status_code == 200
        assert reply.headers["cache-control"] == "no-store"
        body = reply.json()
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 600
        caller = await who(http, body["access_token"])
        assert caller.json() == {
            "client_id": provider.client_id,
            "organisation": "CRI_DGME",
            "organisation_kind": "data_provider",
        }

    async def test_the_token_is_an_rfc_9068_token_that_the_published_key_verifies(
        self, http: httpx.AsyncClient, provider: NewClient
    ) -> None:
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
        assert metadata["issuer"] == BASE
        jwks = (await http.get(metadata["jwks_uri"])).json()
        assert all("d" not in jwk for jwk in jwks["keys"])
        reply = await http.post(metadata["token_endpoint"], data=GRANT, auth=basic(provider))
        token = jwt.decode(reply.json()["access_token"], KeySet.import_key_set(jwks))
        assert token.header["typ"] == "at+jwt"
        assert token.header["alg"] == "ES256"
        claims = token.claims
        assert claims["iss"] == claims["aud"] == BASE
        assert claims["sub"] == claims["client_id"] == provider.client_id
        assert claims["exp"] - claims["iat"] == 600
        assert claims["organisation"] == "CRI_DGME"
        assert claims["organisation_kind"] == "data_provider"
        assert claims["jti"]

    async def test_a_data_consumer_is_named_as_one(
        self, http: httpx.AsyncClient, registered: Pools
    ) -> None:
        consumer = await add_client(registered.writer, "RCM")
        caller = (await who(http, await get_token(http, consumer))).json()
        assert caller["organisation_kind"] == "data_consumer"

    async def test_an_unknown_organisation_is_refused_with_the_nearest_ids(
        self, registered: Pools
    ) -> None:
        with pytest.raises(NotFoundError) as caught:
            await add_client(registered.writer, "CRI_DMGE")
        assert caught.value.detail["nearest"][0] == "CRI_DGME"  # type: ignore[index]

    async def test_the_secret_is_stored_as_a_hash_only(
        self, registered: Pools, provider: NewClient
    ) -> None:
        async with registered.writer.acquire() as connection:
            row = await connection.fetchrow("SELECT * FROM oauth_client")
        _, secret = basic(provider)
        assert len(secret) >= 43
        assert row["secret_sha256"] == hashlib.sha256(secret.encode()).hexdigest()
        assert secret not in str(dict(row))

    async def test_wrong_unknown_and_revoked_clients_get_the_same_refusal(
        self, http: httpx.AsyncClient, registered: Pools, provider: NewClient
    ) -> None:
        revoked = await add_client(registered.writer, "SLV_DGME")
        await revoke_client(registered.writer, revoked.client_id)
        refusals = [
            await http.post("/oauth/token", data=GRANT, auth=pair)
            for pair in (
                (provider.client_id, "wrong"),
                ("nobody", "wrong"),
                basic(revoked),
            )
        ]
        assert {reply.status_code for reply in refusals} == {401}
        assert len({reply.text for reply in refusals}) == 1
        assert refusals[0].json()["error"] == "invalid_client"
        assert refusals[0].headers["www-authenticate"] == 'Basic realm="vipmg"'
        assert refusals[0].headers["cache-control"] == "no-store"

    async def test_a_token_outlives_the_revocation_of_its_client_until_it_expires(
        self, http: httpx.AsyncClient, registered: Pools, provider: NewClient
    ) -> None:
        token = await get_token(http, provider)
        await revoke_client(registered.writer, provider.client_id)
        assert (await who(http, token)).status_code == 200
        again = await http.post("/oauth/token", data=GRANT, auth=basic(provider))
        assert again.status_code == 401

    async def test_revoking_an_unknown_client_says_so(self, registered: Pools) -> None:
        with pytest.raises(NotFoundError):
            await revoke_client(registered.writer, "nobody")

    @pytest.mark.parametrize(
        "authorization",
        [
            "Basic",
            "Basic !!!",
            "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
            "Basic " + base64.b64encode(b"no-colon").decode(),
            "Basic " + base64.b64encode("ñ%00:\x00".encode()).decode(),
            "Basic " + base64.b64encode(b":").decode(),
            "Bearer abc",
            "Digest x",
        ],
    )
    async def test_a_malformed_credential_is_an_invalid_client(
        self, http: httpx.AsyncClient, authorization: str
    ) -> None:
        reply = await http.post(
            "/oauth/token", data=GRANT, headers={"Authorization": authorization}
        )
        assert reply.status_code == 401
        assert reply.json()["error"] == "invalid_client"

    @pytest.mark.parametrize(
        ("content_type", "body", "error"),
        [
            ("application/json", b'{"grant_type": "client_credentials"}', "invalid_request"),
            ("", b"grant_type=client_credentials", "invalid_request"),
            ("form", b"", "invalid_request"),
            ("form", b"grant_type=", "invalid_request"),
            ("form", b"grant_type=client_credentials&grant_type=password", "invalid_request"),
            ("form", b"grant_type=client_credentials&x=%ff", "invalid_request"),
            ("form", "grant_type=ñ".encode(), "invalid_request"),
            ("form", b"&".join(b"a%d=1" % n for n in range(30)), "invalid_request"),
            ("form", b"grant_type=client_credentials&x=" + b"a" * 70_000, "invalid_request"),
            ("form", b"grant_type=client_credentials&client_secret=s", "invalid_request"),
            ("form", b"grant_type=password", "unsupported_grant_type"),
            ("form", "grant_type=%22%0d%0añ".encode("latin-1"), "invalid_request"),
            ("form", b"grant_type=%22%0d%0a%c3%b1", "unsupported_grant_type"),
            ("form", b"grant_type=client_credentials&scope=admin", "invalid_scope"),
            ("form", b"grant_type=client_credentials&client_id=other", "invalid_client"),
        ],
    )
    async def test_a_malformed_request_is_refused_in_the_words_of_rfc_6749(
        self,
        http: httpx.AsyncClient,
        provider: NewClient,
        content_type: str,
        body: bytes,
        error: str,
    ) -> None:
        form = "application/x-www-form-urlencoded"
        headers = {"Content-Type": form if content_type == "form" else content_type}
        reply = await http.post("/oauth/token", content=body, headers=headers, auth=basic(provider))
        assert reply.json()["error"] == error
        assert reply.status_code == (401 if error == "invalid_client" else 400)
        assert reply.headers["cache-control"] == "no-store"
        assert reply.json()["error_description"].isascii()

    @pytest.mark.parametrize(
        ("public_url", "reached", "status"),
        [
            (BASE, BASE, 200),
            (BASE, "http://localhost:8000", 200),
            (BASE, "http://[::1]:8000", 200),
            (BASE, "http://10.1.2.3:8000", 400),
            (BASE, "http://datos.example.org", 400),
            ("http://datos.example.org", "http://datos.example.org", 400),
            ("https://datos.example.org", "http://datos.example.org", 200),
        ],
    )
    async def test_t10_credentials_are_not_taken_over_open_http(
        self,
        registered: Pools,
        settings: Settings,
        provider: NewClient,
        public_url: str,
        reached: str,
        status: int,
    ) -> None:
        changed = settings.model_copy(update={"public_url": public_url})
        async with client_of(build_app(registered, changed), reached) as http:
            reply = await http.post("/oauth/token", data=GRANT, auth=basic(provider))
        assert reply.status_code == status
        if status == 400:
            assert reply.json()["error"] == "insecure_transport"


# Signing in with a key


def new_key(algorithm: str) -> Key:
    parameters = {"kid": f"my-{algorithm}", "use": "sig"}
    match algorithm:
        case "ES256":
            return ECKey.generate_key("P-256", parameters)
        case "PS256":
            return RSAKey.generate_key(2048, parameters)
        case _:
            return OKPKey.generate_key("Ed25519", parameters)


def assertion(
    client_id: str, key: Key, algorithm: str = "ES256", drop: str = "", **changes: Any
) -> dict[str, str]:
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": BASE,
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
    } | changes
    claims.pop(drop, None)
    signed = encode({"alg": algorithm, "kid": key.kid}, claims, key)
    return GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed}


class TestPrivateKey:
    @pytest.fixture
    def key(self) -> Key:
        return new_key("ES256")

    @pytest.fixture
    async def signer(self, registered: Pools, key: Key) -> NewClient:
        jwks = {"keys": [key.as_dict(private=False)]}
        return await add_client(registered.writer, "SLV_DGME", jwks)

    @pytest.mark.parametrize("algorithm", ["ES256", "PS256", "EdDSA", "Ed25519"])
    async def test_a_client_signs_in_with_each_algorithm(
        self, http: httpx.AsyncClient, registered: Pools, algorithm: str
    ) -> None:
        key = new_key(algorithm)
        jwks = {"keys": [key.as_dict(private=False)]}
        signer = await add_client(registered.writer, "SLV_DGME", jwks)
        assert signer.client_secret is None
        form = assertion(signer.client_id, key, algorithm)
        reply = await http.post("/oauth/token", data=form)
        assert reply.status_code == 200, reply.text
        caller = (await who(http, reply.json()["access_token"])).json()
        assert caller["organisation"] == "SLV_DGME"

    async def test_the_audience_may_be_the_issuer_or_the_token_endpoint(
        self, http: httpx.AsyncClient, signer: NewClient, key: Key
    ) -> None:
        for audience in (BASE, f"{BASE}/oauth/token"):
            form = assertion(signer.client_id, key, aud=audience)
            assert (await http.post("/oauth/token", data=form)).status_code == 200

    async def test_an_algorithm_that_is_not_offered_is_refused(
        self, http: httpx.AsyncClient, registered: Pools
    ) -> None:
        key = new_key("PS256")
        jwks = {"keys": [key.as_dict(private=False)]}
        signer = await add_client(registered.writer, "SLV_DGME", jwks)
        for algorithm, status in (("RS256", 401), ("PS512", 401), ("PS256", 200)):
            form = assertion(signer.client_id, key, algorithm)
            assert (await http.post("/oauth/token", data=form)).status_code == status

    async def test_a_client_with_one_key_need_not_name_it(
        self, http: httpx.AsyncClient, signer: NewClient, key: Key
    ) -> None:
        form = assertion(signer.client_id, key)
        claims = jwt.decode(form["client_assertion"], key).claims
        form["client_assertion"] = encode({"alg": "ES256"}, claims, key)
        assert (await http.post("/oauth/token", data=form)).status_code == 200

    async def test_t06_an_assertion_is_taken_once_even_by_two_requests_at_once(
        self, http: httpx.AsyncClient, signer: NewClient, key: Key
    ) -> None:
        form = assertion(signer.client_id, key)
        replies = await asyncio.gather(*(http.post("/oauth/token", data=form) for _ in range(5)))
        assert sorted(reply.status_code for reply in replies) == [200, 401, 401, 401, 401]
        refused = next(reply for reply in replies if reply.status_code == 401)
        assert "used before" in refused.json()["error_description"]

    async def test_expired_assertions_are_forgotten(
        self, http: httpx.AsyncClient, registered: Pools, signer: NewClient, key: Key
    ) -> None:
        async with registered.writer.acquire() as connection:
            await connection.execute(
                "INSERT INTO oauth_used_assertion VALUES ('x', 'old', '2020-01-01Z')"
            )
        form = assertion(signer.client_id, key)
        assert (await http.post("/oauth/token", data=form)).status_code == 200
        async with registered.writer.acquire() as connection:
            left = await connection.fetch("SELECT client_id FROM oauth_used_assertion")
        assert [row["client_id"] for row in left] == [signer.client_id]

    @pytest.mark.parametrize(
        "changes",
        [
            {"aud": "https://other.example.org"},
            {"aud": [BASE]},
            {"aud": None},
            {"iss": "other"},
            {"exp": 1},
            {"exp": "4102444800"},
            {"exp": True},
            {"exp": float("inf")},
            pytest.param({"exp": 10**400}, id="exp-beyond-any-float"),
            {"drop": "exp"},
            {"drop": "aud"},
            {"drop": "iss"},
            {"drop": "sub"},
            {"drop": "jti"},
            {"exp": time.time() + 3600},
            {"nbf": time.time() + 3600},
            {"iat": time.time() + 3600},
            {"jti": ""},
            {"jti": 7},
            {"jti": "a\x00b"},
            {"jti": "j" * 5000},
            {"sub": 7, "iss": 7},
            {"sub": "a\x00b", "iss": "a\x00b"},
            {"sub": "nobody", "iss": "nobody"},
        ],
        ids=",".join,
    )
    async def test_an_assertion_with_another_claim_is_refused(
        self, http: httpx.AsyncClient, signer: NewClient, key: Key, changes: dict[str, Any]
    ) -> None:
        form = assertion(signer.client_id, key, **changes)
        reply = await http.post("/oauth/token", data=form)
        assert reply.status_code == 401, reply.text
        assert reply.json()["error"] == "invalid_client"

    async def test_forged_assertions_are_refused(
        self, http: httpx.AsyncClient, signer: NewClient, key: Key
    ) -> None:
        good = assertion(signer.client_id, key)["client_assertion"]
        claims = jwt.decode(good, key).claims
        stranger = new_key("ES256")
        nested = b'{"sub":' + b"[" * 3000 + b"]" * 3000 + b"}"
        forged = {
            "none": f"{b64({'alg': 'none'})}.{b64(claims)}.",
            "stranger": encode({"alg": "ES256", "kid": key.kid}, claims, stranger),
            "unknown kid": encode({"alg": "ES256", "kid": "other"}, claims, key),
            "hmac": encode({"alg": "HS256"}, claims, OctKey.import_key(secrets.token_bytes(32))),
            "embedded": encode(
                {"alg": "ES256", "jwk": stranger.as_dict(private=False)}, claims, stranger
            ),
            "nested": f"{b64({'alg': 'ES256'})}.{b64(nested)}.{b64(b'0' * 64)}",
            "zero": ".".join([*good.split(".")[:2], b64(bytes(64))]),
            "not a jwt": "hola",
            "long": "a" * 20_000,
        }
        for name, token in forged.items():
            form = GRANT | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}
            reply = await http.post("/oauth/token", data=form)
            assert (name, reply.status_code) == (name, 401)

    async def test_the_example_of_the_how_to_gets_a_token(
        self, registered: Pools, settings: Settings, tmp_path: Path
    ) -> None:
        key = ECKey.generate_key("P-256")
        private = tmp_path / "private.pem"
        private.write_bytes(key.as_pem(private=True))
        jwks = read_public_keys(key.as_pem(private=False).decode())
        signer = await add_client(registered.writer, "SLV_DGME", jwks)
        listening = socket.create_server(("127.0.0.1", 0))
        service = f"http://127.0.0.1:{listening.getsockname()[1]}"
        example = HOW_TO.read_text("utf-8").partition("```python\n")[2].partition("```")[0]
        for written, here in (
            ("https://datos.example.org", service),
            ("cri_dgme-0123456789ab", signer.client_id),
            ("private.pem", str(private)),
        ):
            assert written in example
            example = example.replace(written, here)
        app = build_app(registered, settings.model_copy(update={"public_url": service}))
        names: dict[str, Any] = {}
        async with served(app, listening):
            await asyncio.to_thread(exec, example, names)
        async with client_of(app, service) as http:
            assert (await who(http, names["token"])).json()["organisation"] == "SLV_DGME"

    async def test_two_ways_at_once_are_refused(
        self, http: httpx.AsyncClient, signer: NewClient, provider: NewClient, key: Key
    ) -> None:
        form = assertion(signer.client_id, key)
        reply = await http.post("/oauth/token", data=form, auth=basic(provider))
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")

    async def test_a_client_of_one_way_cannot_use_the_other(
        self, http: httpx.AsyncClient, signer: NewClient, provider: NewClient, key: Key
    ) -> None:
        as_basic = await http.post("/oauth/token", data=GRANT, auth=(signer.client_id, "x"))
        as_key = await http.post("/oauth/token", data=assertion(provider.client_id, key))
        assert (as_basic.status_code, as_key.status_code) == (401, 401)


# Forged and mutated access tokens


class GivenKeys(KeyCache):
    def __init__(self, key: Key) -> None:
        super().__init__()
        self.given = key

    async def _fetch(self) -> Mapping[str, Key]:
        return {str(self.given.kid): self.given}


@pytest.fixture
def signing_key() -> Key:
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


@pytest.fixture
async def guarded(signing_key: Key) -> AsyncIterator[httpx.AsyncClient]:
    """Routes that take the tokens of one key; without database."""
    rules = TokenRules(issuer=BASE, audience=BASE, algorithms=("ES256",))
    async with client_of(guarded_app(TokenVerifier(rules, GivenKeys(signing_key)))) as http:
        yield http


def claims_of(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": BASE,
        "aud": BASE,
        "sub": "c",
        "client_id": "c",
        "iat": now,
        "exp": now + 600,
        "jti": "j",
        "organisation": "CRI_DGME",
        "organisation_kind": "data_provider",
    } | changes


class TestForgedTokens:
    async def test_t01_no_forged_token_is_taken(
        self, guarded: httpx.AsyncClient, signing_key: Key
    ) -> None:
        header = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key.kid}
        good = encode(header, claims_of(), signing_key)
        assert (await who(guarded, good)).status_code == 200
        public = signing_key.as_dict(private=False)
        stranger = new_key("ES256")
        head, body, signature = good.split(".")
        as_mac = json.dumps(public, separators=(",", ":")).encode()
        forged = {
            "none": f"{b64(header | {'alg': 'none'})}.{body}.",
            "none, signed": f"{b64(header | {'alg': 'none'})}.{body}.{signature}",
            "hmac with the public PEM": hmac_token(header, body, pem_of(signing_key)),
            "hmac with the public JWK": hmac_token(header, body, as_mac),
            "hmac with x": hmac_token(header, body, base64.urlsafe_b64decode(public["x"] + "=")),
            "embedded jwk": encode(
                header | {"jwk": stranger.as_dict(private=False)}, claims_of(), stranger
            ),
            "unknown kid": encode(header | {"kid": "other"}, claims_of(), signing_key),
            "no kid": encode({"alg": "ES256", "typ": "at+jwt"}, claims_of(), signing_key),
            "kid not a string": f"{b64(header | {'kid': 7})}.{body}.{signature}",
            "payload changed": f"{head}.{b64(claims_of(organisation='SLV_DGME'))}.{signature}",
            "zero signature": f"{head}.{body}.{b64(bytes(64))}",
            "DER signature": f"{head}.{body}.{b64(bytes.fromhex('3006020101020101'))}",
            "no signature": f"{head}.{body}.",
            "short signature": f"{head}.{body}.AA",
            "stranger": encode(header, claims_of(), stranger),
            "crit": encode_raw(header | {"crit": ["exp"], "exp": 1}, claims_of(), signing_key),
            "two dots more": good + ".a.b",
            "not base64": f"{head}.{body}.ñ".encode().decode("latin-1"),
        }
        for name, token in forged.items():
            reply = await guarded.get(
                "/who", headers={"Authorization": f"Bearer {token}".encode("latin-1")}
            )
            assert (name, reply.status_code) == (name, 401)

    @pytest.mark.parametrize(
        "algorithm",
        ["HS256", "HS512", "RS256", "PS256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "x"],
    )
    async def test_t01_the_header_cannot_choose_another_algorithm(
        self, guarded: httpx.AsyncClient, signing_key: Key, algorithm: str
    ) -> None:
        header = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key.kid}
        _, body, signature = encode(header, claims_of(), signing_key).split(".")
        assert_refused(await who(guarded, f"{b64(header | {'alg': algorithm})}.{body}.{signature}"))

    @pytest.mark.parametrize(
        "changes",
        [
            {"iss": "http://127.0.0.1:8001"},
            {"iss": BASE + "/"},
            {"iss": None},
            {"aud": "https://other.example.org"},
            {"aud": [BASE]},
            {"aud": [BASE, "https://other.example.org"]},
            {"aud": BASE + "/"},
            {"aud": None},
            {"exp": 1},
            {"exp": None},
            {"exp": "9999999999"},
            {"exp": 253402300799},
            pytest.param({"exp": 10**400}, id="exp-beyond-any-float"),
            {"iat": None},
            {"iat": True},
            {"iat": time.time() + 3600, "exp": time.time() + 3700},
            {"iat": time.time() - 700},
            {"iat": float("nan")},
            {"nbf": time.time() + 3600},
            {"nbf": "soon"},
            {"nbf": True},
            {"nbf": float("nan")},
            {"iat": time.time() - 400, "exp": time.time() - 20},
            {"padding": "x" * 8000},
            {"client_id": None},
            {"client_id": 7},
            {"client_id": "a b"},
            {"organisation": None},
            {"organisation": ["CRI_DGME"]},
            {"organisation": "CRI DGME\x00"},
            {"organisation": ""},
            {"organisation_kind": "agency"},
            {"organisation_kind": ["data_provider"]},
            {"agencies": "VIPMG"},
            {"agencies": ["VIPMG", 7]},
            {"agencies": ["VIPMG "]},
            {"agencies": [""]},
        ],
        ids=",".join,
    )
    async def test_t02_a_token_with_another_claim_is_refused(
        self, guarded: httpx.AsyncClient, signing_key: Key, changes: dict[str, Any]
    ) -> None:
        claims = {name: v for name, v in claims_of(**changes).items() if v is not None}
        header = {"alg": "ES256", "typ": "at+jwt", "kid": signing_key.kid}
        assert_refused(await who(guarded, encode(header, claims, signing_key)))

    @pytest.mark.parametrize("kind", [None, "JWT", "id+jwt", 7, ""])
    async def test_t02_another_type_of_token_is_refused(
        self, guarded: httpx.AsyncClient, signing_key: Key, kind: object
    ) -> None:
        header = {"alg": "ES256", "kid": signing_key.kid}
        header |= {} if kind is None else {"typ": kind}
        assert_refused(await who(guarded, encode_raw(header, claims_of(), signing_key)))

    async def test_t03_what_a_header_says_about_keys_is_never_followed(
        self, guarded: httpx.AsyncClient
    ) -> None:
        hits: list[bytes] = []

        async def trap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hits.append(await reader.read(100))
            writer.close()

        server = await asyncio.start_server(trap, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/keys"
        stranger = new_key("ES256")
        header = {"alg": "ES256", "typ": "at+jwt"}
        async with server:
            for extra in (
                {"jku": url, "kid": stranger.kid},
                {"x5u": url, "kid": stranger.kid},
                {"jku": url},
                {"kid": url},
                {"kid": "../../etc/passwd"},
                {"kid": "x' OR '1'='1"},
                {"kid": "k" * 1_000_000},
            ):
                token = encode_raw(header | extra, claims_of(), stranger)
                assert_refused(await who(guarded, token))
        assert hits == []


def hmac_token(header: dict[str, Any], body: str, secret: bytes) -> str:
    signed = f"{b64(header | {'alg': 'HS256'})}.{body}"
    return f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def pem_of(key: Key) -> bytes:
    pem: bytes = key.as_pem(private=False)
    return pem


def encode_raw(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    """Sign a header that the library itself would not sign."""
    signed = f"{b64(header)}.{b64(claims)}"
    der = key.private_key.sign(signed.encode(), ec.ECDSA(SHA256()))
    r, s = utils.decode_dss_signature(der)
    return f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


# The Authorization header


class TestHeader:
    async def test_without_a_token_a_closed_route_asks_for_one(
        self, guarded: httpx.AsyncClient
    ) -> None:
        reply = await guarded.get("/who")
        assert reply.status_code == 401
        assert reply.headers["www-authenticate"] == 'Bearer realm="vipmg"'

    async def test_without_a_token_a_public_route_has_an_anonymous_caller(
        self, guarded: httpx.AsyncClient
    ) -> None:
        assert (await guarded.get("/public")).json() is None

    async def test_with_a_token_a_public_route_knows_the_caller(
        self, http: httpx.AsyncClient, provider: NewClient
    ) -> None:
        reply = await who(http, await get_token(http, provider), "/public")
        assert reply.json()["organisation"] == "CRI_DGME"

    @pytest.mark.parametrize(
        "value", ["Bearer", "Bearer ", "Bearer a b", "Basic YTpi", "a.b.c", "", "Bearer a.b.c"]
    )
    async def test_a_credential_that_does_not_hold_never_becomes_anonymous(
        self, guarded: httpx.AsyncClient, value: str
    ) -> None:
        assert_refused(await guarded.get("/public", headers={"Authorization": value}))

    async def test_a_good_token_under_another_scheme_is_refused(
        self, guarded: httpx.AsyncClient, signing_key: Key
    ) -> None:
        token = encode(
            {"alg": "ES256", "typ": "at+jwt", "kid": signing_key.kid}, claims_of(), signing_key
        )
        assert (await who(guarded, token)).status_code == 200
        for scheme in ("Basic", "DPoP", "Token"):
            headers = {"Authorization": f"{scheme} {token}"}
            assert_refused(await guarded.get("/public", headers=headers))

    async def test_two_credentials_are_refused(
        self, http: httpx.AsyncClient, provider: NewClient
    ) -> None:
        token = await get_token(http, provider)
        twice = [("Authorization", f"Bearer {token}")] * 2
        assert_refused(await http.get("/public", headers=twice))

    async def test_a_token_in_the_query_is_not_read(
        self, http: httpx.AsyncClient, provider: NewClient
    ) -> None:
        token = await get_token(http, provider)
        assert (await http.get("/public", params={"access_token": token})).json() is None


# Signing keys


class TestSigningKeys:
    async def test_processes_that_start_at_once_make_one_key(
        self, pools: Pools, dsn: str, settings: Settings
    ) -> None:
        others = [await open_pools(dsn, settings) for _ in range(3)]
        every = [OwnKeys(each.writer) for each in (pools, *others)]
        kids = {key.kid for key in await asyncio.gather(*(keys.signing_key() for keys in every))}
        async with pools.writer.acquire() as connection:
            stored = await connection.fetch("SELECT kid FROM oauth_signing_key")
        assert kids == {row["kid"] for row in stored}
        assert len(stored) == 1
        for each in others:
            await each.close()

    async def test_the_second_to_make_a_first_key_waits_and_makes_none(self, pools: Pools) -> None:
        async with pools.writer.acquire() as one, pools.writer.acquire() as two:
            async with one.transaction(isolation="read_committed"):
                await store.add_first_signing_key(one, "one", {})
                second = asyncio.create_task(store.add_first_signing_key(two, "two", {}))
                while not (second.done() or await one.fetchval(WAITING)):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await second
            assert [key.kid for key in await store.list_signing_keys(one)] == ["one"]

    async def test_a_retired_key_still_verifies_and_a_new_one_signs(
        self, registered: Pools, settings: Settings, provider: NewClient
    ) -> None:
        async with client_of(build_app(registered, settings)) as http:
            old = await get_token(http, provider)
        async with registered.writer.acquire() as connection:
            await connection.execute("UPDATE oauth_signing_key SET retired_at = clock_timestamp()")
        async with client_of(build_app(registered, settings)) as http:
            new = await get_token(http, provider)
            assert (await who(http, old)).status_code == 200
            assert (await who(http, new)).status_code == 200
            assert len((await http.get("/oauth/jwks")).json()["keys"]) == 2
        assert old.split(".")[0] != new.split(".")[0]


# An external issuer


class Issuer:
    """An OAuth 2.0 issuer on loopback, with keys that can be changed."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = [new_key("ES256")]
        self.fetches = 0
        self.status = 200
        self.padding = ""
        self.metadata: dict[str, Any] = {}
        self.path = "/.well-known/openid-configuration"

    async def __call__(self, scope: Any, receive: Any, send: Callable[..., Any]) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == self.path:
            found = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.metadata
            await JSONResponse(found)(scope, receive, send)
        elif scope["path"] == "/keys":
            self.fetches += 1
            keys = [key.as_dict(private=False) for key in self.keys]
            headers = {"Location": f"{self.url}/elsewhere"}
            reply = JSONResponse({"keys": keys, "x": self.padding}, self.status, headers)
            await reply(scope, receive, send)
        else:
            await JSONResponse({}, 404)(scope, receive, send)

    def token(self, key: Key | None = None, algorithm: str = "ES256", **changes: Any) -> str:
        key = key or self.keys[0]
        header = {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
        claims = claims_of(iss=self.url, org="CRI_DGME", **changes)
        del claims["organisation"], claims["organisation_kind"]
        return encode(header, claims, key)


@contextlib.asynccontextmanager
async def served(app: Any, listening: socket.socket) -> AsyncIterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server.serve([listening]))
    yield
    server.should_exit = True
    await task


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    issuer = Issuer()
    listening = socket.create_server(("127.0.0.1", 0))
    issuer.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    async with served(issuer, listening):
        yield issuer


@pytest.fixture
async def external(
    registered: Pools, settings: Settings, issuer: Issuer
) -> AsyncIterator[httpx.AsyncClient]:
    app = build_app(
        registered,
        settings.model_copy(update={"oauth_issuer": issuer.url, "oauth_organisation_claim": "org"}),
    )
    async with client_of(app) as http:
        yield http
    await app.state.tokens.aclose()


class TestExternalIssuer:
    @pytest.mark.parametrize("algorithm", ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"])
    async def test_its_tokens_are_taken(
        self, external: httpx.AsyncClient, issuer: Issuer, algorithm: str
    ) -> None:
        issuer.keys = [new_key("PS256" if algorithm == "RS256" else algorithm)]
        reply = await who(external, issuer.token(algorithm=algorithm))
        assert reply.json() == {
            "client_id": "c",
            "organisation": "CRI_DGME",
            "organisation_kind": None,
        }

    async def test_rfc_8414_metadata_will_do(
        self, external: httpx.AsyncClient, issuer: Issuer
    ) -> None:
        issuer.path = "/.well-known/oauth-authorization-server"
        assert (await who(external, issuer.token())).status_code == 200

    async def test_a_key_set_address_in_the_settings_saves_the_metadata(
        self, registered: Pools, settings: Settings, issuer: Issuer
    ) -> None:
        issuer.path = "/none"
        changes = {
            "oauth_issuer": issuer.url,
            "oauth_jwks_url": f"{issuer.url}/keys",
            "oauth_organisation_claim": "org",
        }
        app = build_app(registered, settings.model_copy(update=changes))
        async with client_of(app) as http:
            assert (await who(http, issuer.token())).status_code == 200
        await app.state.tokens.aclose()

    async def test_the_built_in_server_is_off_and_its_tokens_are_refused(
        self,
        external: httpx.AsyncClient,
        http: httpx.AsyncClient,
        provider: NewClient,
        issuer: Issuer,
    ) -> None:
        own = await get_token(http, provider)
        assert_refused(await who(external, own))
        off = [
            await external.post("/oauth/token", data=GRANT, auth=basic(provider)),
            await external.get("/oauth/jwks"),
            await external.get("/.well-known/oauth-authorization-server"),
        ]
        assert [reply.status_code for reply in off] == [404, 404, 404]
        assert issuer.url in off[0].text

    async def test_a_long_lived_token_is_refused_with_the_reason(
        self, external: httpx.AsyncClient, issuer: Issuer
    ) -> None:
        reply = await who(external, issuer.token(exp=int(time.time()) + 3600))
        assert_refused(reply)
        assert "600" in reply.headers["www-authenticate"]

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("status", 500),
            ("status", 302),
            ("padding", "x" * 70_000),
            ("path", "/none"),
            ("metadata", {"issuer": "https://other.example.org"}),
            ("metadata", {"jwks_uri": "http://keys.example.org/keys"}),
            ("metadata", {"jwks_uri": 7}),
        ],
        ids=str,
    )
    async def test_while_its_keys_cannot_be_had_the_answer_is_unavailable(
        self, external: httpx.AsyncClient, issuer: Issuer, attribute: str, value: object
    ) -> None:
        setattr(issuer, attribute, value)
        assert (await who(external, issuer.token())).status_code == 503

    async def test_a_key_set_over_open_http_is_not_fetched(
        self, external: httpx.AsyncClient, issuer: Issuer
    ) -> None:
        # Linux leads this address to loopback, but nothing says that it is this machine.
        reached_openly = issuer.url.replace("127.0.0.1", "0.0.0.0")
        issuer.metadata = {"jwks_uri": f"{reached_openly}/keys"}
        assert (await who(external, issuer.token())).status_code == 503
        assert issuer.fetches == 0

    async def test_a_key_is_used_with_the_algorithm_that_it_is_published_for(
        self, external: httpx.AsyncClient, issuer: Issuer
    ) -> None:
        parameters = {"kid": "rsa", "alg": "PS256"}
        issuer.keys = [RSAKey.generate_key(2048, parameters)]
        assert (await who(external, issuer.token(algorithm="PS256"))).status_code == 200
        jwk = issuer.keys[0].as_dict(private=True)
        unbound = RSAKey.import_key({name: jwk[name] for name in jwk if name != "alg"})
        assert_refused(await who(external, issuer.token(unbound, algorithm="RS256")))

    async def test_t04_random_kids_cause_no_refetch(
        self, external: httpx.AsyncClient, issuer: Issuer
    ) -> None:
        assert (await who(external, issuer.token())).status_code == 200
        for number in range(50):
            key = ECKey.generate_key("P-256", {"kid": f"random-{number}"})
            assert_refused(await who(external, issuer.token(key)))
        assert issuer.fetches == 1
