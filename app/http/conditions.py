"""Conditional requests (RFC 9110, 13.1)."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

from fastapi import Request


def holds(request: Request, etag: str) -> bool:
    """Whether the caller holds this very answer (RFC 9110, 13.1.2)."""
    tags = request.headers.get("if-none-match", "")
    return etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))


def is_unmodified(request: Request, modified_at: dt.datetime) -> bool:
    """Whether nothing changed since the caller's date (RFC 9110, 13.1.3).

    Asked only of what exists: unlike a tag, a date does not show that there was an answer.
    """
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tags.strip() == "*"
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
    except ValueError:
        return False
    instant = since if since.tzinfo is not None else since.replace(tzinfo=dt.UTC)
    return modified_at.replace(microsecond=0) <= instant
