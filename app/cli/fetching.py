"""Structures of a service kept on this computer, so that files can be checked without network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import orjson

from app.cli.offline import ABOUT, STRUCTURES
from app.cli.remote import NotSentError, Remote
from app.services.local_catalogue import local_catalogue

# `raw`: a codelist that extends another comes as it was maintained, not twice.
EVERYTHING: Final = "/sdmx/v2/structure/*/*/*/*?detail=raw"
ACCEPT: Final = "application/vnd.sdmx.structure+json;version=2.1.0"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched.

    Attributes:
        is_new: whether the service had others than those that lay here.
        agreements: how many provision agreements there are.
    """

    folder: Path
    is_new: bool
    agreements: int


def fetch_all(
    remote: Remote, url: str, folder: Path, now: dt.datetime, on_read: Callable[[int], None]
) -> Fetched:
    """Fetch all structures of a service, if they are others than those that lie here.

    What lies here is replaced whole, and only by what can be read.

    Raises:
        NotSentError: the service refused, or cannot be reached, or sent half of an answer.
        VipmgError: what it sent are no structures.
    """
    known = folder / STRUCTURES
    headers = {"Accept": ACCEPT, "Accept-Language": "*"}
    if tag := _tag(folder, url):
        headers["If-None-Match"] = tag
    reply = remote.request("GET", EVERYTHING, headers=headers, stream=True)
    if reply.status_code == httpx.codes.NOT_MODIFIED:
        reply.close()
        _write_about(folder, url, tag or "", now)
        return Fetched(folder, False, len(local_catalogue([known]).agreements))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"part-{STRUCTURES}"
    try:
        _save(reply, part, on_read)
        agreements = len(local_catalogue([part]).agreements)
        part.replace(known)
    finally:
        part.unlink(missing_ok=True)
    _write_about(folder, url, reply.headers.get("etag", ""), now)
    return Fetched(folder, True, agreements)


def _save(reply: httpx.Response, target: Path, on_read: Callable[[int], None]) -> None:
    read = 0
    try:
        with target.open("wb") as written:
            for piece in reply.iter_bytes():
                written.write(piece)
                read += len(piece)
                on_read(read)
    except httpx.TransportError as error:
        raise NotSentError(str(error)) from error
    finally:
        reply.close()


def _tag(folder: Path, url: str) -> str | None:
    """The entity tag of what lies here, if it came from there."""
    if not (folder / STRUCTURES).exists():
        return None
    try:
        about = orjson.loads((folder / ABOUT).read_bytes())
        return about["etag"] or None if about["url"] == url else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _write_about(folder: Path, url: str, tag: str, now: dt.datetime) -> None:
    about = {"url": url, "etag": tag, "fetched_at": now.isoformat()}
    (folder / ABOUT).write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
