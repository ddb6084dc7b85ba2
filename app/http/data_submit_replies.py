"""What a submission of data is answered with, in JSON or in SDMX-ML of the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.errors import NotAcceptableError
from app.http.errors import request_id
from app.http.uploads import TAKEN
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.submit_data_response import DataSubmissionResult, write_json, write_xml
from app.sdmx.negotiation import Representation, negotiate, parse_options
from app.sdmx.offers import Offer, Offers

DATA_PATH: Final = "/sdmx/v2/data"
RETRY_SECONDS: Final = 5

_REGISTRY_XML: Final = "application/vnd.sdmx.registry+xml"
_OFFERS: Final[Offers] = (
    Offer("json", "application/json", "2.1.0", ("application/vnd.sdmx.data+json",), ("json",)),
    *(
        Offer(
            "xml",
            _REGISTRY_XML,
            version,
            ("application/vnd.sdmx.data+xml", "application/xml", "text/xml"),
            ("xml",),
        )
        for version in ("3.1.0", "3.0.0")
    ),
)
"""The formats of the answer; JSON is the default (doc/maintenance.md)."""

_ANSWERS: Final[Mapping[str, str]] = {
    "200": "All of it was stored, or, with `validate-only`, would be.",
    "202": "Kept, and not decided within the wait; `Location` tells how it goes on.",
    "403": "The sender has no agreement for what it names.",
    "404": "It names a structure that does not exist.",
    "409": "The same bytes were published before, and others after them.",
    "415": "The body is in a format that is not read.",
    "422": "It does not hold to its structure or to a rule; nothing was stored.",
}
_SWITCHES: Final = frozenset({"validate-only", "practice", "again"})
_PARAMETERS: Final[Mapping[str, tuple[str, str]]] = {
    "validate-only": ("query", "Check it, and store nothing."),
    "practice": ("query", "Send it to the practice space, which nobody else sees."),
    "again": ("query", "Store it also when the same bytes were stored before."),
    "agreement": ("query", "Agreement of a workbook that does not say it."),
    "layout": ("query", "Saved layout that reads the workbook."),
    "supersedes": ("query", "Submission that it replaces whole."),
    "Idempotency-Key": ("header", "A retry with the same key and bytes never stores twice."),
    "Prefer": ("header", "`wait=N`: seconds to wait, 30 by itself, or `respond-async`."),
}


def answer_data_submission(
    request: Request, caller: Subject, result: DataSubmissionResult
) -> Response:
    """Tell what became of a message of data."""
    chosen = _choose(request)
    identifier = request_id(request.scope).replace(".", "-")
    header = MessageHeader(identifier, dt.datetime.now(dt.UTC), languages=LANGUAGES)
    if chosen.format == "json":
        body, content_type = write_json(result, header, caller.organisation), "application/json"
    else:
        body = write_xml(result, header, caller.organisation, version=chosen.version)
        content_type = chosen.content_type
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": ", ".join(LANGUAGES),
        "Vary": "Accept, Authorization",
        "Location": result.links["submission"],
    }
    if result.code == 202:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return Response(body, result.code, headers, content_type)


def data_submission_path() -> dict[str, Any]:
    """The operation as OpenAPI describes it."""
    answer = {
        "application/json": {"schema": {"type": "object"}},
        f"{_REGISTRY_XML}; version=3.1.0": {"schema": {"type": "string"}},
    }
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "post": {
            "tags": ["SDMX 2.x"],
            "summary": "Submit data",
            "description": "One message, one transaction, its datasets in their order. A message "
            "waits in a queue behind others of the same agreement: there is no 409 for being busy. "
            "What is not decided within the wait is answered 202 (an extension).",
            "operationId": "submitData",
            "parameters": [
                {
                    "name": name,
                    "in": place,
                    "required": False,
                    "description": description,
                    "schema": {"type": "boolean" if name in _SWITCHES else "string"},
                }
                for name, (place, description) in _PARAMETERS.items()
            ],
            "requestBody": {"required": True, "content": dict.fromkeys(TAKEN, binary)},
            "responses": {
                status: {"description": description, "content": answer}
                for status, description in _ANSWERS.items()
            },
            "security": [{"accessToken": []}],
        }
    }


def _choose(request: Request) -> Representation:
    """The format asked for, or the default where that is not offered."""
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    try:
        return negotiate(request.headers.get("accept"), _OFFERS, options)
    except NotAcceptableError:
        return Representation(_OFFERS[0])
