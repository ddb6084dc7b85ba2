"""SDMX-JSON metadata messages, judged by the official schemas."""

from __future__ import annotations

import json
from typing import Any

from tests.json_schemas import judge


def check_metadata(body: bytes, version: str = "2.1.0") -> dict[str, Any]:
    """Read a metadata message that must be valid, formats included."""
    message: dict[str, Any] = json.loads(body)
    judge(message, "metadata", version)
    return message
