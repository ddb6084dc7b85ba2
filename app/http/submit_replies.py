"""What a submission of structures is answered with, in JSON or in SDMX-ML of the registry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.errors import NotAcceptableError
from app.http.errors import LANGUAGES, request_id, status_of
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.maintenance import Effect, Outcome
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.submit_response import Action, SubmissionResult, write_json, write_xml
from app.sdmx.negotiation import Representation, negotiate, parse_options
from app.sdmx.offers import Offer, Offers
from app.sdmx.urn import PREFIX, parse_urn

_REGISTRY_XML: Final = "application/vnd.sdmx.registry+xml"
_OFFERS: Final[Offers] = (
    Offer(
        "json",
        "application/json",
        "2.1.0",
        ("application/vnd.sdmx.structure+json", "application/vnd.sdmx.metadata+json"),
        ("json", "jsonstructure", "sdmx-json"),
    ),
    *(
        Offer(
            "xml",
            _REGISTRY_XML,
            version,
            ("application/vnd.sdmx.structure+xml", "application/xml", "text/xml"),
            ("xml", "structure", "sdmx"),
        )
        for version in ("3.1.0", "3.0.0")
    ),
)
"""The formats of the answer; JSON, which the standard does not define, is the default."""

_ACTIONS: Final[Mapping[Effect, Action]] = {
    Effect.CREATED: "Append",
    Effect.REPLACED: "Replace",
    Effect.UNCHANGED: "Replace",
    Effect.DELETED: "Delete",
}
_DONE: Final[Mapping[Effect, tuple[int, str, str]]] = {
    Effect.CREATED: (201, "{} was created.", "{} se creó."),
    Effect.REPLACED: (200, "{} was updated.", "{} se actualizó."),
    Effect.UNCHANGED: (200, "{} was there already, just so.", "{} ya existía tal cual."),
    Effect.DELETED: (200, "{} was deleted.", "{} se eliminó."),
}
_MIXED: Final = 207


def answer_submission(request: Request, caller: Subject, outcomes: tuple[Outcome, ...]) -> Response:
    """Tell what became of each artefact; the status is theirs if it is the same for all, or 207."""
    results = [_result(outcome) for outcome in outcomes]
    codes = {result.code for result in results}
    status = codes.pop() if len(codes) == 1 else _MIXED
    chosen = _choose(request)
    header = MessageHeader(
        request_id(request.scope).replace(".", "-"), dt.datetime.now(dt.UTC), languages=LANGUAGES
    )
    if chosen.format == "json":
        body, content_type = write_json(results, header, caller.organisation), "application/json"
    else:
        body = write_xml(results, header, caller.organisation, version=chosen.version)
        content_type = chosen.content_type
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": ", ".join(LANGUAGES),
        "Vary": "Accept, Authorization",
    }
    if status == 201 and len(results) == 1:
        headers["Location"] = _address(request, results[0].urn)
    return Response(body, status, headers, content_type)


def _choose(request: Request) -> Representation:
    """The format asked for, or the default where that is not offered (doc/maintenance.md)."""
    options = parse_options(request.scope["query_string"].decode("latin-1"))
    try:
        return negotiate(request.headers.get("accept"), _OFFERS, options)
    except NotAcceptableError:
        return Representation(_OFFERS[0])


def _result(outcome: Outcome) -> SubmissionResult:
    action = _ACTIONS[outcome.effect]
    if outcome.error is None:
        code, *texts = _DONE[outcome.effect]
        named = outcome.urn.removeprefix(PREFIX) + (f".{outcome.item}" if outcome.item else "")
        said = {one: text.format(named) for one, text in zip(LANGUAGES, texts, strict=True)}
        return SubmissionResult(action, outcome.urn, "Success", code, said)
    error = outcome.error
    facts = {"code": error.code} | ({"detail": error.detail} if error.detail else {})
    return SubmissionResult(
        action, outcome.urn, "Failure", status_of(error), dict(error.text), facts
    )


def _address(request: Request, urn: str) -> str:
    found = parse_urn(urn)
    resource = "metadata" if found.class_name == METADATA_SET.name else "structure"
    path = f"{resource}/{found.class_name.lower()}/{found.agency}/{found.id}/{found.version}"
    return f"{request.app.state.settings.base_url}/sdmx/v2/{path}"
