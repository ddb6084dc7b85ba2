"""Terms of agreements: what they are, and what they mean for one who sends or reads."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject, OptionalSubject
from app.http.submission_parameters import known_parameters
from app.http.submission_replies import json_reply, language_of
from app.models.agreement_terms import ExplanationReply, TermsList, TermsReply
from app.services.describe_agreement import AGREEMENTS_PATH
from app.services.explain_agreement import Asked, explain_agreement
from app.services.get_terms import get_terms

router = APIRouter(tags=["agreements"], dependencies=[Depends(known_parameters)])

TERMS_PATH: Final = "/api/terms"


@router.head(TERMS_PATH, include_in_schema=False)
@router.get(TERMS_PATH, response_model=TermsList, summary="Read the terms of a dataflow")
async def get_terms_of_dataflow(
    request: Request,
    caller: OptionalSubject,
    dataflow: Annotated[str, Query(max_length=200, description="Its id, or `AGENCY:ID(VERSION)`.")],
) -> Response:
    """Return the terms of all agreements of a dataflow: on what conditions its data are shared."""
    state, language = request.app.state, language_of(request)
    found = await get_terms(
        state.pools, state.catalogue, caller, dataflow=dataflow, language=language
    )
    return json_reply(found, headers={"Content-Language": language})


@router.head(f"{AGREEMENTS_PATH}/{{agreement}}/terms", include_in_schema=False)
@router.get(
    f"{AGREEMENTS_PATH}/{{agreement}}/terms",
    response_model=TermsReply,
    summary="Read the terms of an agreement",
)
async def get_terms_of_agreement(
    request: Request, agreement: str, caller: OptionalSubject
) -> Response:
    """Return the terms of any agreement as they hold now, each with where it comes from."""
    state, language = request.app.state, language_of(request)
    found = await get_terms(
        state.pools, state.catalogue, caller, agreement=agreement, language=language
    )
    return json_reply(found.agreements[0], headers={"Content-Language": language})


@router.head(f"{AGREEMENTS_PATH}/{{agreement}}/explain", include_in_schema=False)
@router.get(
    f"{AGREEMENTS_PATH}/{{agreement}}/explain",
    response_model=ExplanationReply,
    summary="Explain why something can be sent or seen",
    dependencies=[Depends(note_caller)],
)
async def get_explanation(
    request: Request,
    agreement: str,
    caller: AuthenticatedSubject,
    action: Annotated[Literal["send", "see"], Query(description="What is to be done.")],
    organisation: Annotated[
        str,
        Query(
            max_length=100,
            description="Whom it is about; yourself if not said, `*` for anybody. Others: only for "
            "the provider and the agency of the agreement.",
        ),
    ] = "",
    client: Annotated[
        str, Query(max_length=200, description="A program, instead of its organisation.")
    ] = "",
    key: Annotated[
        str, Query(max_length=1000, description="Codes in the order of the dimensions: `M.CRI.*`.")
    ] = "",
    period: Annotated[str, Query(max_length=100, description="`2024-01`, `2024-Q1`, `2024`.")] = "",
    value: Annotated[
        str, Query(max_length=100, description="A figure, to see what the terms do with it.")
    ] = "",
) -> Response:
    """Evaluate each rule, tell its value and where it comes from, and what comes of all of them."""
    state, language = request.app.state, language_of(request)
    asked = Asked(agreement, action, organisation, client, key, period, value)
    found = await explain_agreement(state.pools, state.catalogue, caller, asked, language)
    return json_reply(found, headers={"Content-Language": language})
