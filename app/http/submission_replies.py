"""Replies on submissions: which space is meant, what the caller wishes, what is answered."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from app.auth.subject import Subject
from app.http.submission_parameters import read_switch
from app.http.uploads import preferred_wait
from app.models.api import Reply, SubmissionReply
from app.sdmx.finding_texts import LANGUAGES
from app.sdmx.negotiation import negotiate_language
from app.services.get_submission import await_decision, get_submission
from app.store.pools import Pools

PRACTICE_PREFIX: Final = "/api/practice"
PRIVATE: Final = {"Cache-Control": "private, no-store", "Vary": "Authorization, Accept-Language"}
REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": SubmissionReply, "description": "It is there already: `repeated_of`."},
    201: {"model": SubmissionReply, "description": "Decided within the wait: accepted."},
    202: {"model": SubmissionReply, "description": "Stored; not decided yet."},
    422: {"model": SubmissionReply, "description": "Decided within the wait: rejected."},
}
_STATUS: Final = {
    "published": 201,
    "awaiting release": 201,
    "accepted": 201,
    "validated": 201,
    "rejected": 422,
    "broken": 500,
}


def pools_of(request: Request) -> Pools:
    """The pools of the space that the address is in: the real one, or that of practice."""
    pools: Pools = request.app.state.pools
    return pools.space(practice=request.scope["path"].startswith(PRACTICE_PREFIX + "/"))


def flag(request: Request, name: str) -> bool:
    """Whether a parameter without a value, or with `true`, is in the address.

    Raises:
        QuerySyntaxError: it has another value, or stands twice.
    """
    return read_switch(name, request.query_params.getlist(name))


def language_of(request: Request) -> str:
    """The language of texts in a reply."""
    accepted = request.headers.get("accept-language")
    return negotiate_language(accepted, available=LANGUAGES).order[0]


def json_reply(reply: Reply, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A reply for its caller alone."""
    sent = PRIVATE | (headers or {})
    return Response(reply.model_dump_json(), status, sent, "application/json")


async def answer_submission(
    request: Request, caller: Subject, submission: str, *, is_new: bool
) -> Response:
    """Answer what was sent, after the wait that the caller wishes.

    201 when it is decided and accepted, 422 when it is rejected, 202 when it is not decided; 200
    when it is one that was there before.
    """
    state, pools = request.app.state, pools_of(request)
    wait = preferred_wait(request)
    headers = {}
    if wait is not None:
        await await_decision(pools, state.decisions, caller, submission, wait)
        headers["Preference-Applied"] = f"wait={wait}"
    reply = await get_submission(
        pools, state.catalogue, caller, submission, state.settings.base_url, language_of(request)
    )
    headers["Location"] = reply.links.self
    if not is_new:
        return json_reply(reply.model_copy(update={"repeated_of": reply.id}), 200, headers)
    return json_reply(reply, _STATUS.get(reply.state, 202), headers)
