"""A batch of rows as a sheet: the cells of known components, and their distinct values."""

from __future__ import annotations

from collections.abc import Sequence

from app.sdmx.actions import Action
from app.sdmx.messages.data_reading import Batch

OFF = "~"
"""A dimension switched off: for what is not attached to it."""


class Sheet:
    """A batch with the cells of known components, and their distinct values.

    Attributes:
        cells: by component id, one a row.
        sent: cells as they were sent, of columns that are read otherwise.
        header: number of the row that names the columns.
        bad_times: cells of the time dimension that are no time periods.
    """

    __slots__ = ("_distinct", "action", "bad_times", "cells", "form", "header", "rows", "sent")

    def __init__(self, batch: Batch) -> None:
        self.action: Action = batch.action
        self.rows = batch.rows
        self.form = batch.form
        self.header = batch.header
        self.cells: dict[str, Sequence[str]] = {}
        self.sent: dict[str, Sequence[str]] = {}
        self.bad_times: set[str] = set()
        self._distinct: dict[str, set[str]] = {}

    def put(self, name: str, cells: Sequence[str], distinct: set[str]) -> None:
        """Take the cells of a component."""
        self.cells[name] = cells
        self._distinct[name] = distinct

    def distinct(self, name: str) -> set[str]:
        """The values that occur; of a column that is not there, the empty one."""
        return self._distinct.get(name, {""})
