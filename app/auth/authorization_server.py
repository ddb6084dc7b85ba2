"""The built-in authorisation server, on Authlib's framework-free core.

One grant, client_credentials (RFC 6749, 4.4); two ways for a client to authenticate,
client_secret_basic (RFC 6749, 2.3.1) and private_key_jwt (RFC 7523); JWT access tokens
(RFC 9068). Everything here is synchronous: it runs in a thread, and its lookups lead back to
the event loop.
"""

# Authlib brings no types: its names are imported, and its classes derived from, untyped.
# mypy: disable-error-code="import-untyped", disallow-subclassing-any=False

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidClientError,
    InvalidRequestError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.authenticate_client import authenticate_client_secret_basic
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc.jwk import Key, KeySet

from app.auth.client_authentication import (
    ClientAssertion,
    ClientRefusedError,
    OAuthClient,
    UseAssertion,
)
from app.auth.jose import OWN_ALGORITHM
from app.auth.token_request import TokenRequest, parse_form
from app.store.clients import Client

# At DEBUG Authlib logs the tokens that it issues.
logging.getLogger("authlib").setLevel(logging.INFO)

_REFUSED = "The client is unknown or revoked, or its credential does not hold."
_NAME = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class TokenReply:
    """An answer of the token endpoint, not yet HTTP."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Issuer:
    """What the authorisation server needs to answer one request.

    Attributes:
        url: its issuer identifier, which is the audience of its tokens as well.
        token_url: address of the token endpoint.
        token_seconds: life of a token.
        key: private key that signs.
        find_client: looks a client up by its id.
        use_assertion: records (client id, jti, expiry); False if it was used before.
    """

    url: str
    token_url: str
    token_seconds: int
    key: Key
    find_client: Callable[[str], Client | None]
    use_assertion: UseAssertion


def answer(issuer: Issuer, request: TokenRequest) -> TokenReply:
    """Answer a request for a token; a refusal is an answer too (RFC 6749, 5)."""
    server = _Server(issuer)
    try:
        reply: TokenReply = server.create_token_response(request)
    except OAuth2Error as error:  # Authlib leaves those of a malformed request to its caller
        reply = server.handle_error_response(None, error)
    return reply


class _Request(OAuth2Request):
    def __init__(self, request: TokenRequest) -> None:
        headers = {"Authorization": request.authorization} if request.authorization else {}
        super().__init__("POST", request.url, headers=headers)
        form = parse_form(request.content_type, request.body)
        if "grant_type" not in form:
            raise InvalidRequestError("The parameter grant_type is missing.")
        if "client_secret" in form:
            raise InvalidRequestError("The client secret goes into the header, as HTTP Basic.")
        if request.authorization and "client_assertion" in form:
            raise InvalidRequestError("The client must authenticate in one way, not in two.")
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> Mapping[str, str]:
        form: Mapping[str, str] = self.payload.data
        return form


class _Grant(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["private_key_jwt", "client_secret_basic"]

    def validate_token_request(self) -> None:
        super().validate_token_request()
        named = self.request.payload.client_id
        if named is not None and named != self.client.get_client_id():
            raise InvalidClientError


class _Tokens(JWTBearerTokenGenerator):
    def __init__(self, issuer: Issuer) -> None:
        super().__init__(issuer.url, OWN_ALGORITHM, expires_generator=issuer.token_seconds)
        self._key = issuer.key

    def get_jwks(self) -> KeySet:
        return KeySet([self._key])

    def get_audiences(self, client: OAuthClient, user: None, scope: str | None) -> str:
        return str(self.issuer)

    def get_extra_claims(
        self, client: OAuthClient, grant_type: str, user: None, scope: str | None
    ) -> dict[str, str | list[str]]:
        claims: dict[str, str | list[str]] = {
            "organisation": client.client.organisation,
            "organisation_kind": client.client.organisation_kind,
        }
        return claims | ({"agencies": client.client.agencies} if client.client.agencies else {})


class _Server(AuthorizationServer):
    """Authlib's server for one request."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self._issuer = issuer
        self.register_grant(_Grant)
        self.register_token_generator("default", _Tokens(issuer))
        assertion = ClientAssertion((issuer.url, issuer.token_url), issuer.use_assertion)
        self.register_client_auth_method("private_key_jwt", assertion)
        self.register_client_auth_method("client_secret_basic", _authenticate_basic)

    def query_client(self, client_id: str) -> OAuthClient | None:
        if not _NAME.fullmatch(client_id):
            return None
        client = self._issuer.find_client(client_id)
        return None if client is None or client.revoked_at is not None else OAuthClient(client)

    def save_token(self, token: object, request: object) -> None:
        """Tokens are signed and short-lived; none is stored."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens to Authlib's signals here."""

    def create_oauth2_request(self, request: TokenRequest) -> _Request:
        return _Request(request)

    def handle_response(
        self, status: int, body: Mapping[str, object], headers: list[tuple[str, str]]
    ) -> TokenReply:
        return TokenReply(status, body, dict(headers))

    def handle_error_response(self, request: object, error: OAuth2Error) -> TokenReply:
        # One text for every client that has proved nothing: it tells no client ids apart.
        if isinstance(error, InvalidClientError) and not isinstance(error, ClientRefusedError):
            error = ClientRefusedError(_REFUSED)
        if isinstance(error, UnsupportedGrantTypeError):  # its own text repeats what was sent
            error = OAuth2Error("The only grant_type is client_credentials.", error=error.error)
        return self.handle_response(*error())


def _authenticate_basic(query_client: Callable[[str], Any], request: _Request) -> Any:  # noqa: ANN401
    try:
        return authenticate_client_secret_basic(query_client, request)
    except ValueError as error:  # not base64, or not UTF-8
        raise InvalidClientError from error
