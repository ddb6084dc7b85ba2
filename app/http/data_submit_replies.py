"""What a submission of data is answered with, in JSON or in SDMX-ML of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.http.registry_answers import REGISTRY_XML, answer_in_registry_form, registry_offers
from app.http.uploads import TAKEN
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.messages.submit_data_response import DataSubmissionResult, write_json, write_xml

DATA_PATH: Final = "/sdmx/v2/data"
RETRY_SECONDS: Final = 5

_OFFERS: Final = registry_offers("data", ("json",), ("xml",))

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
    receiver = caller.organisation
    headers = {"Location": result.links["submission"]}
    if result.code == 202:
        headers["Retry-After"] = str(RETRY_SECONDS)
    return answer_in_registry_form(
        request,
        _OFFERS,
        result.code,
        LANGUAGES,
        lambda header: write_json(result, header, receiver),
        lambda header, version: write_xml(result, header, receiver, version=version),
        headers,
    )


def data_submission_path() -> dict[str, Any]:
    """The operation as OpenAPI describes it."""
    answer = {
        "application/json": {"schema": {"type": "object"}},
        f"{REGISTRY_XML}; version=3.1.0": {"schema": {"type": "string"}},
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
