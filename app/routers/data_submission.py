"""Submission of data by SDMX-REST: `POST /sdmx/v2/data` (sdmx-rest, doc/maintenance.md).

The same way in as `/api/submissions`: what is sent is kept, queued and decided as there, and the
answer is `SubmitDataResponse`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from app.errors import QuerySyntaxError
from app.http.data_submit_replies import DATA_PATH, answer_data_submission
from app.http.request_log import note_caller
from app.http.subject import AuthenticatedSubject
from app.http.uploads import preferred_wait, read_upload
from app.sdmx.query_string import decode, parameters
from app.services.get_submission import await_decision
from app.services.receive_submission import receive_submission
from app.services.tell_data_submission import tell_data_submission

router = APIRouter(tags=["SDMX 2.x"], dependencies=[Depends(note_caller)])

WAIT_SECONDS: Final = 30
"""How long a sender waits who says nothing of it: the answer of the standard is the outcome."""

_SWITCHES: Final = ("validate-only", "practice", "again")
_OF_ANSWER: Final = ("format", "formatVersion")
_ON_OFF: Final = {"": True, "true": True, "1": True, "false": False, "0": False}


@router.post(DATA_PATH, include_in_schema=False)
@router.post(DATA_PATH + "/", include_in_schema=False)
async def post_data(request: Request, caller: AuthenticatedSubject) -> Response:
    """Take a message of data, and tell what became of it."""
    state = request.app.state
    switches = _switches(request)
    upload = replace(
        read_upload(request, state.settings.max_body_bytes),
        validate_only=switches["validate-only"],
        again=switches["again"],
    )
    pools = state.pools
    if switches["practice"] and pools.practice is not None:
        pools = pools.practice
    stored, _ = await receive_submission(pools, caller, upload)
    number = str(stored.id)
    await await_decision(pools, state.decisions, caller, number, _wait(request))
    result = await tell_data_submission(pools, caller, number, state.settings.base_url)
    return answer_data_submission(request, caller, result)


def _switches(request: Request) -> dict[str, bool]:
    """The switches of the address; each may stand there by itself.

    Raises:
        QuerySyntaxError: a parameter that there is not, or a value that is not one of a switch.
    """
    given = {
        name: decode(raw)
        for name, raw in parameters(request.scope["query_string"].decode("latin-1")).items()
    }
    unknown = sorted(given.keys() - {*_SWITCHES, *_OF_ANSWER})
    wrong = [name for name in _SWITCHES if given.get(name, "").lower() not in _ON_OFF]
    if unknown or wrong:
        listed = ", ".join([*unknown, *wrong])[:200]
        raise QuerySyntaxError(
            f"A submission of data does not take {listed} so; it takes {', '.join(_SWITCHES)}, "
            "each true or false.",
            f"Un envío de datos no admite {listed} así; admite {', '.join(_SWITCHES)}, cada uno "
            "true o false.",
            parameters=[*unknown, *wrong],
        )
    return {name: name in given and _ON_OFF[given[name].lower()] for name in _SWITCHES}


def _wait(request: Request) -> int:
    """Seconds to wait: as preferred, none for `respond-async` (RFC 7240)."""
    wait = preferred_wait(request)
    if wait is not None:
        return wait
    preferred = ",".join(request.headers.getlist("prefer")).lower()
    named = {one.partition(";")[0].strip() for one in preferred.split(",")}
    return 0 if "respond-async" in named else WAIT_SECONDS
