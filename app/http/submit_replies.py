"""What a submission of structures is answered with, in JSON or in SDMX-ML of the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.http.errors import LANGUAGES, status_of
from app.http.registry_answers import answer_in_registry_form, registry_offers
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.maintenance import Effect, Outcome
from app.sdmx.messages.submit_response import Action, SubmissionResult, write_json, write_xml
from app.sdmx.urn import PREFIX, parse_urn

_OFFERS: Final = registry_offers(
    "structure", ("json", "jsonstructure", "sdmx-json"), ("xml", "structure", "sdmx")
)

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
    receiver = caller.organisation
    headers = {}
    if status == 201 and len(results) == 1:
        headers["Location"] = _address(request, results[0].urn)
    return answer_in_registry_form(
        request,
        _OFFERS,
        status,
        LANGUAGES,
        lambda header: write_json(results, header, receiver),
        lambda header, version: write_xml(results, header, receiver, version=version),
        headers,
    )


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
