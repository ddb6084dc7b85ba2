"""A series as the exchange computed it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.sdmx.intake import Key
from app.sdmx.series import Document


@dataclass(frozen=True, slots=True)
class Computed:
    """A series as it was computed; without observations it is to go."""

    key: Key
    observations: Document
    attributes: Mapping[str, Any]
