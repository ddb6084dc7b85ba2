"""The signature of a link to a report.

It is a JWT of a type of its own, so that it can never stand for an access token, nor an access
token for it; its key is that of the built-in authorisation server, also where another issuer gives
the access tokens.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from joserfc import jwt
from joserfc.jwk import Key

from app.auth.jose import OWN_ALGORITHM, BadTokenError, open_token, read_header
from app.auth.keys import OwnKeys
from app.errors import NotAuthorisedError

REPORT_LINK_SECONDS: Final = 3600

_TYPE: Final = "vipmg-report+jwt"


@dataclass(frozen=True, slots=True)
class LinkedReport:
    """What a link is for.

    Attributes:
        corrector: the client that corrects by it; nothing where it is for reading alone.
        expires: when it ends.
    """

    submission: str
    organisation: str
    practice: bool
    corrector: str | None
    expires: dt.datetime


def sign_report_link(
    key: Key,
    audience: str,
    submission: str,
    organisation: str,
    expires: dt.datetime,
    *,
    practice: bool = False,
    corrector: str | None = None,
) -> str:
    """The token of a link.

    Args:
        key: the private key that signs now.
        audience: address of this service.
        submission: id of the submission.
        organisation: whose submission it is.
        expires: when the link ends.
        practice: whether it is one of the practice space.
        corrector: the client whose corrections it takes; without one it is for reading alone.
    """
    header = {"alg": OWN_ALGORITHM, "typ": _TYPE, "kid": key.kid}
    claims: dict[str, str | int | bool] = {
        "aud": audience,
        "sub": submission,
        "organisation": organisation,
        "exp": int(expires.timestamp()),
        "practice": practice,
    }
    if corrector is not None:
        claims["corrector"] = corrector
    return jwt.encode(header, claims, key)


async def open_report_link(
    keys: OwnKeys, token: str, audience: str, now: dt.datetime
) -> LinkedReport:
    """What a link is for.

    Raises:
        NotAuthorisedError: the token does not hold, or its time is over.
    """
    try:
        header = read_header(token)
        key = await keys.find(header.get("kid"))
        if header.get("typ") != _TYPE or key is None:
            raise _refused()
        claims = open_token(token, key, (OWN_ALGORITHM,))
    except BadTokenError as error:
        raise _refused() from error
    expires, submission, organisation = (claims.get(n) for n in ("exp", "sub", "organisation"))
    if claims.get("aud") != audience or not isinstance(expires, int):
        raise _refused()
    if now.timestamp() >= expires:
        raise NotAuthorisedError(
            "The hour of this link is over. Ask for a new one, or open the report with a token.",
            "La hora de este enlace terminó. Pida uno nuevo, o abra el informe con un token.",
        )
    corrector = claims.get("corrector")
    return LinkedReport(
        str(submission),
        str(organisation),
        claims.get("practice") is True,
        corrector if isinstance(corrector, str) else None,
        dt.datetime.fromtimestamp(expires, dt.UTC),
    )


def _refused() -> NotAuthorisedError:
    return NotAuthorisedError(
        "This link to a report does not hold; copy it whole, or ask for a new one.",
        "Este enlace a un informe no es válido; cópielo entero, o pida uno nuevo.",
    )
