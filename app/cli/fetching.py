"""Structures of a service kept on this computer, so that files can be checked without network."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import orjson

from app.cli.offline import ABOUT, METADATA, STRUCTURES
from app.cli.remote import NotSentError, Remote
from app.services.local_catalogue import local_catalogue


@dataclass(frozen=True, slots=True)
class _Part:
    """A file of what is fetched, and where the service has it."""

    name: str
    path: str
    accept: str


_PARTS: Final = (
    # `raw`: a codelist that extends another comes as it was maintained, not twice.
    _Part(
        STRUCTURES,
        "/sdmx/v2/structure/*/*/*/*?detail=raw",
        "application/vnd.sdmx.structure+json;version=2.1.0",
    ),
    # The terms of agreements are metadata sets.
    _Part(
        METADATA,
        "/sdmx/v2/metadata/metadataset/*/*/*",
        "application/vnd.sdmx.metadata+json;version=2.1.0",
    ),
)


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
    folder.mkdir(parents=True, exist_ok=True)
    tags = _tags(folder, url)
    parts = {one.name: folder / f"part-{one.name}" for one in _PARTS}
    try:
        changed, now_tags = list[str](), dict[str, str]()
        for one in _PARTS:
            is_new, tag = _fetch(remote, one, tags.get(one.name), parts[one.name], on_read)
            now_tags[one.name] = tag
            changed += [one.name] if is_new else []
        read = [parts[n] if n in changed else folder / n for n in parts]
        agreements = len(local_catalogue([one for one in read if one.exists()]).agreements)
        for name in changed:
            _replace(parts[name], folder / name)
    finally:
        for path in parts.values():
            path.unlink(missing_ok=True)
    _write_about(folder, url, now_tags, now)
    return Fetched(folder, bool(changed), agreements)


def _fetch(
    remote: Remote, part: _Part, tag: str | None, target: Path, on_read: Callable[[int], None]
) -> tuple[bool, str]:
    """Save a part, if it is another than the one with the tag; and the tag that it has."""
    headers = {"Accept": part.accept, "Accept-Language": "*"}
    if tag:
        headers["If-None-Match"] = tag
    reply = remote.request("GET", part.path, headers=headers, stream=True)
    if reply.status_code == httpx.codes.NOT_MODIFIED:
        reply.close()
        return False, tag or ""
    if reply.status_code == httpx.codes.NO_CONTENT:
        reply.close()
        return True, ""
    _save(reply, target, on_read)
    return True, reply.headers.get("etag", "")


def _replace(part: Path, known: Path) -> None:
    """Put a part in its place; nothing where the service has nothing."""
    if part.exists():
        part.replace(known)
    else:
        known.unlink(missing_ok=True)


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


def _tags(folder: Path, url: str) -> dict[str, str]:
    """The entity tags of what lies here, by file, if it came from there."""
    try:
        about = orjson.loads((folder / ABOUT).read_bytes())
        tags = dict(about["etags"]) if about["url"] == url else {}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return {name: str(tag) for name, tag in tags.items() if (folder / name).exists()}


def _write_about(folder: Path, url: str, tags: Mapping[str, str], now: dt.datetime) -> None:
    about = {"url": url, "etags": dict(tags), "fetched_at": now.isoformat()}
    (folder / ABOUT).write_bytes(orjson.dumps(about, option=orjson.OPT_INDENT_2))
