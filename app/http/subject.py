"""Who is calling: dependencies of routes, from the Authorization header."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import OAuth2

from app.auth.refusals import missing, refused
from app.auth.subject import Subject
from app.auth.tokens import TokenVerifier

_SCHEME = OAuth2(
    flows=OAuthFlows(
        clientCredentials=OAuthFlowClientCredentials(tokenUrl="/oauth/token", scopes={})
    ),
    scheme_name="accessToken",
    description="An access token of a client of one organisation (docs/how-to/get-a-token.md).",
    auto_error=False,
)


async def optional_subject(
    request: Request, _: Annotated[str | None, Depends(_SCHEME)] = None
) -> Subject | None:
    """Return the caller, or None when the request carries no credential.

    Raises:
        NotAuthenticatedError: a credential is there and does not hold; nobody becomes
            anonymous silently.
    """
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    scheme, _blank, token = headers[0].partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer":
        raise refused("scheme")
    verifier: TokenVerifier = request.app.state.tokens
    return await verifier.verify(token.strip(" "))


async def subject(request: Request, _: Annotated[str | None, Depends(_SCHEME)] = None) -> Subject:
    """Return the caller of a route that is not for anonymous callers.

    Raises:
        NotAuthenticatedError: no credential, or one that does not hold.
    """
    caller = await optional_subject(request)
    if caller is None:
        raise missing()
    return caller


OptionalSubject = Annotated[Subject | None, Depends(optional_subject)]
"""The caller of a public route, None when anonymous."""

AuthenticatedSubject = Annotated[Subject, Depends(subject)]
"""The caller of a route that asks for a token."""
