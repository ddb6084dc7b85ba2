"""The form that a client posts to the token endpoint (RFC 6749, 3.2 and 4.4.2)."""

# Authlib brings no types.
# mypy: disable-error-code="import-untyped"

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
)

MAX_FORM_BYTES: Final = 64 * 1024
MAX_FIELDS: Final = 20
FORM_TYPE: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request for a token, out of its HTTP clothes.

    Attributes:
        url: address as the client reached it; credentials are not taken over open http.
        authorization: its Authorization header, or None.
        content_type: its Content-Type header, empty if there is none.
        body: at least the first `MAX_FORM_BYTES` + 1 bytes of its body.
    """

    url: str
    authorization: str | None
    content_type: str
    body: bytes


def parse_form(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        InvalidRequestError: another media type, too long, not UTF-8, or a field given twice.
    """
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise InvalidRequestError(f"The body must be {FORM_TYPE}.")
    if len(body) > MAX_FORM_BYTES:
        raise InvalidRequestError(f"The body is longer than {MAX_FORM_BYTES} bytes.")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError as error:
        raise InvalidRequestError("The body is not a form.") from error
    if any(count > 1 for count in Counter(name for name, _ in fields).values()):
        raise InvalidRequestError("A parameter is given more than once.")
    # RFC 6749, 3.2: a parameter without a value is as good as omitted.
    return {name: value for name, value in fields if value}
