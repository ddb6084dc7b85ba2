"""Submission of data by SDMX-REST: `POST /sdmx/v2/data` (sdmx-rest, doc/maintenance.md).

The same way in as `/api/submissions`: what is sent is kept, queued and decided as there, and the
answer is `SubmitDataResponse`.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.http.data_submit_replies import DATA_PATH, answer_data_submission
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.submission_parameters import PARAMETERS, PRACTICE, read_parameters
from app.http.uploads import preferred_wait, read_upload
from app.services.get_submission import await_decision
from app.services.receive_submission import receive_submission
from app.services.tell_data_submission import tell_data_submission

router = APIRouter(tags=["SDMX 2.x"], dependencies=[Depends(note_caller)])

WAIT_SECONDS: Final = 30
"""How long a sender waits who says nothing of it: the answer of the standard is the outcome."""

_OF_ANSWER: Final = ("format", "formatVersion")


@router.post(DATA_PATH, include_in_schema=False)
@router.post(DATA_PATH + "/", include_in_schema=False)
async def post_data(request: Request, caller: AuthenticatedSubject) -> Response:
    """Take a message of data, and tell what became of it."""
    state = request.app.state
    wanted = read_parameters(
        request.query_params.multi_items(), taken=(*PARAMETERS, PRACTICE), beside=_OF_ANSWER
    )
    pools = state.pools.space(practice=wanted.practice)
    upload = read_upload(request, state.settings.max_body_bytes)
    upload = await wanted.upload(pools, state.catalogue, caller, upload)
    stored, _ = await receive_submission(pools, caller, upload)
    number = str(stored.id)
    await await_decision(pools, state.decisions, caller, number, _wait(request))
    result = await tell_data_submission(pools, caller, number, state.settings.base_url)
    return answer_data_submission(request, caller, result)


def _wait(request: Request) -> int:
    """Seconds to wait: as preferred, none for `respond-async` (RFC 7240)."""
    wait = preferred_wait(request)
    if wait is not None:
        return wait
    preferred = ",".join(request.headers.getlist("prefer")).lower()
    named = {one.partition(";")[0].strip() for one in preferred.split(",")}
    return 0 if "respond-async" in named else WAIT_SECONDS
