"""Paths as they were sent: the grammar of SDMX-REST reads them before any decoding."""

from __future__ import annotations

from fastapi import Request


def raw_segments(request: Request, prefix: str) -> list[str]:
    """The path after a prefix, split at slashes and not yet decoded."""
    raw: bytes = request.scope["raw_path"]
    path = raw.partition(b"?")[0].decode("latin-1")
    rest = path.partition(prefix)[2]
    return rest.removeprefix("/").split("/") if rest else []
