"""The built-in authorisation server: token endpoint, key set, metadata."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.auth.jose import CLIENT_ALGORITHMS
from app.auth.keys import OwnKeys
from app.auth.token_request import FORM_TYPE, MAX_FORM_BYTES, TokenRequest
from app.auth.tokens import TokenVerifier
from app.errors import NotFoundError
from app.services.issue_token import TOKEN_PATH, issue_token

router = APIRouter(tags=["oauth"])

_JWKS_PATH: Final = "/oauth/jwks"
_CACHED: Final = {"Cache-Control": "public, max-age=300"}
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"const": "client_credentials"},
                        "client_assertion_type": {
                            "const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                        },
                        "client_assertion": {"type": "string"},
                    },
                }
            }
        },
    }
}


@router.post(TOKEN_PATH, openapi_extra=_FORM, summary="Get an access token")
async def post_token(request: Request) -> JSONResponse:
    """Give an access token to a client (RFC 6749, 4.4).

    The client authenticates with its secret as HTTP Basic, or with an assertion that it signs.
    """
    keys = _own_keys(request)
    state = request.app.state
    asked = TokenRequest(
        url=_reached_url(request),
        authorization=request.headers.get("authorization"),
        content_type=request.headers.get("content-type", ""),
        body=await _body(request),
    )
    reply = await issue_token(state.pools.writer, state.settings, keys, asked)
    return JSONResponse(reply.body, reply.status, dict(reply.headers))


@router.get(_JWKS_PATH, summary="Get the keys of the tokens")
async def get_jwks(request: Request) -> JSONResponse:
    """Return the public keys of the access tokens (RFC 7517)."""
    return JSONResponse(await _own_keys(request).public_jwks(), headers=_CACHED)


@router.get(
    "/.well-known/oauth-authorization-server", summary="Get the metadata of the token server"
)
async def get_metadata(request: Request) -> JSONResponse:
    """Return the metadata of the authorisation server (RFC 8414)."""
    _own_keys(request)
    base: str = request.app.state.settings.base_url
    metadata = {
        "issuer": base,
        "token_endpoint": base + TOKEN_PATH,
        "jwks_uri": base + _JWKS_PATH,
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(CLIENT_ALGORITHMS),
    }
    return JSONResponse(metadata, headers=_CACHED)


def _own_keys(request: Request) -> OwnKeys:
    verifier: TokenVerifier = request.app.state.tokens
    if verifier.own_keys is None:
        raise NotFoundError(
            f"Tokens are issued by {verifier.rules.issuer}, not here.",
            f"Los tokens los emite {verifier.rules.issuer}, no este servicio.",
        )
    return verifier.own_keys


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            break
    return bytes(body)


def _reached_url(request: Request) -> str:
    """Return the address that the client used: behind a TLS proxy, the public one."""
    base: str = request.app.state.settings.base_url
    return base + TOKEN_PATH if base.startswith("https:") else str(request.url)
