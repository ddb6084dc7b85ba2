"""The datasets of a message: runs of rows with one structure and one action."""

from __future__ import annotations

from typing import Final

import msgspec

from app.sdmx.actions import Action
from app.sdmx.messages.data_reading import Batch, StructureKind

MOST: Final = 1000
"""Datasets that are listed; rows of more are counted to one of the same structure and action."""


class Dataset(msgspec.Struct):
    """Rows that follow each other with one structure and one action.

    Attributes:
        structure: `AGENCY:ID(VERSION)`, as sent.
    """

    kind: StructureKind
    structure: str
    action: Action
    rows: int


class Datasets:
    """The datasets of one message, in their order.

    Attributes:
        listed: those read so far.
    """

    def __init__(self) -> None:
        self.listed: list[Dataset] = []

    def take(self, batch: Batch) -> None:
        """Count the rows of a batch."""
        known = self._same(batch)
        if known is not None:
            known.rows += len(batch.rows)
        elif len(self.listed) < MOST:
            rows = len(batch.rows)
            self.listed.append(Dataset(batch.kind, batch.structure, batch.action, rows))

    def _same(self, batch: Batch) -> Dataset | None:
        head = (batch.kind, batch.structure, batch.action)
        candidates = self.listed[-1:] if len(self.listed) < MOST else self.listed
        return next((d for d in candidates if (d.kind, d.structure, d.action) == head), None)
