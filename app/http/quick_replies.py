"""Answers that are known: requests seen before cost one look-up of heads, and no routing.

What a request means (its query, its form, the agreements it reaches) is remembered by its exact
bytes. Whether the answer still holds is asked of the database each time: the heads give the
ETag, and the ETag gives 304 or the kept reply. Whatever is not known goes the whole way, and
so do requests with a credential.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.http.replies import ReplyCache, SpoolResponse
from app.services.prepare_data import PreparedData
from app.store.heads import HeadReader

REMEMBERED = 4096

Meaning = tuple[bytes, ...]

_FIELDS = {b"accept": 0, b"accept-encoding": 1, b"accept-language": 2}
_WHOLE_WAY = frozenset({b"authorization", b"if-modified-since", b"range"})


@dataclass(slots=True)
class Known:
    """What a request means.

    Attributes:
        etag_of: the ETag of the answer, once the heads are those of now.
        headers: of the reply, the ETag and those of its body apart.
        revisions: of the heads that `etag` goes with.
    """

    prepared: PreparedData
    etag_of: Callable[[PreparedData], str]
    headers: dict[str, str]
    encoding: str
    route: object
    revisions: list[int]
    etag: str


class QuickMemory:
    """The requests that are known, those used least leaving first."""

    def __init__(self, heads: HeadReader, replies: ReplyCache) -> None:
        self._heads = heads
        self._replies = replies
        self._known: OrderedDict[Meaning, Known] = OrderedDict()

    def remember(
        self,
        request: Request,
        prepared: PreparedData,
        etag_of: Callable[[PreparedData], str],
        headers: dict[str, str],
        encoding: str,
    ) -> None:
        """Remember what a request means, if others may have the same answer."""
        meaning = _meaning(request.scope)
        if meaning is None:
            return
        bare = replace(prepared, rows=None)
        shown = {k: v for k, v in headers.items() if k not in {"ETag", "Last-Modified"}}
        revisions = [head.revision for head in prepared.heads.values()]
        self._known[meaning] = Known(
            bare, etag_of, shown, encoding, request.scope.get("route"), revisions, headers["ETag"]
        )
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    async def answer(self, scope: Scope) -> Response | None:
        """The answer to a request that is known and whose reply is kept, or 304."""
        meaning = _meaning(scope)
        known = None if meaning is None else self._known.get(meaning)
        if known is None:
            return None
        prepared = known.prepared
        revision, epoch, heads = await self._heads.read(prepared.agreements)
        if revision != prepared.catalogue.snapshot.revision or epoch != prepared.epoch:
            return None
        revisions = [heads[agreement].revision for agreement in prepared.heads]
        if revisions != known.revisions:
            now = {agreement: heads[agreement] for agreement in prepared.heads}
            known.prepared = replace(prepared, heads=now)
            known.revisions, known.etag = revisions, known.etag_of(known.prepared)
        headers = {"ETag": known.etag, "Last-Modified": known.prepared.last_modified}
        asked = _asked_tags(scope)
        if known.etag in asked:
            scope["route"] = known.route
            return Response(status_code=304, headers=headers | known.headers)
        spool = self._replies.get(f"{known.etag} {known.encoding}")
        if spool is None:
            return None
        scope["route"] = known.route
        if "*" in asked:  # holds for whatever there is now, and a reply that is kept is there
            return Response(status_code=304, headers=headers | known.headers)
        return SpoolResponse(spool, headers | known.headers)


class QuickReplies:
    """Answers what is known; passes on what is not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or run the request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            memory: QuickMemory | None = getattr(scope["app"].state, "quick", None)
            answer = await memory.answer(scope) if memory else None
            if answer is not None:
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _meaning(scope: Scope) -> Meaning | None:
    """The bytes that an answer depends on; nothing where it depends on more."""
    found = [scope["raw_path"], scope["query_string"], b"", b"", b""]
    for name, value in scope["headers"]:
        place = _FIELDS.get(name)
        if place is not None:
            found[place + 2] += value + b"\n"  # a field may come in several lines
        elif name in _WHOLE_WAY:
            return None
    return tuple(found)


def _asked_tags(scope: Scope) -> list[str]:
    """The entity tags of `If-None-Match`, or `*`."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = value.decode("latin-1").split(",")
            return [tag.strip().removeprefix("W/") for tag in tags]
    return []
