"""Where a message has errors: there the checks of figures keep silent.

A check of a cell that cannot be read, or of a row under a wrong key, would tell the sender to mend
what is right; and a row that was refused may be the very period that a series seems to lack.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.sdmx.findings import Finding
from app.sdmx.flow import Flow
from app.sdmx.sheet import Sheet

MOST: Final = 50_000
"""Errors that are remembered; beyond, no check speaks."""

GAP: Final = "VIPMG-312"

_Cell = tuple[int | None, str | None]
_PartialKey = tuple[str | None, ...]


class Faults:
    """The errors of one message in the rows of one agreement."""

    def __init__(self) -> None:
        self._cells: set[_Cell] = set()
        self._rows: set[int] = set()
        self._refused: set[_PartialKey] = set()
        self._is_full = False

    def take(self, flow: Flow, sheet: Sheet, cells: Iterable[_Cell]) -> None:
        """Remember cells with errors, and the keys of rows whose key is one of them."""
        of_key = {*flow.position} | ({flow.time.id} if flow.time else set())
        wrong: dict[int, set[str]] = {}
        for row, components in cells:
            if len(self._cells) + len(self._rows) >= MOST:
                self._is_full = True
                return
            self._cells.add((row, components))
            names = of_key.intersection((components or "").split(", "))
            if row is not None and names:
                self._rows.add(row)
                wrong.setdefault(row, set()).update(names)
        if not wrong:
            return
        for place, row in enumerate(sheet.rows):
            if names := wrong.get(row, set()):
                self._refused.add(
                    tuple(
                        None
                        if d.id in names or d.id not in sheet.cells
                        else sheet.cells[d.id][place]
                        for d in flow.dimensions
                    )
                )

    def silence(self, finding: Finding, key: Iterable[str]) -> bool:
        """Whether a finding of a check on a series is not to be told."""
        if self._is_full or finding.row in self._rows:
            return True
        if (finding.row, finding.component) in self._cells:
            return True
        return finding.code == GAP and self._may_be_refused(tuple(key))

    def _may_be_refused(self, key: tuple[str, ...]) -> bool:
        """Whether a row that was refused may have been of this series."""
        return any(
            all(code in (None, "", mine) for code, mine in zip(refused, key, strict=True))
            for refused in self._refused
        )
