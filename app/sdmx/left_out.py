"""Reading a message without some of its rows: those that are wrong, where the others are taken."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Final

from app.sdmx.findings import Finding
from app.sdmx.messages.data_reading import Batch, DataReader, ReaderOver

OF_THE_WHOLE: Final = frozenset(
    {
        "VIPMG-201",
        "VIPMG-203",
        "VIPMG-204",
        "VIPMG-205",
        "VIPMG-223",
        "VIPMG-235",
        "VIPMG-263",
        "VIPMG-265",
        "VIPMG-266",
    }
)
"""Findings that are told once for many rows: leaving out the one that they name is no way out."""

REPEATED: Final = frozenset({"VIPMG-231", "VIPMG-261"})
"""Of two rows with one key nobody knows which is right; `rule` names the first."""

MOST: Final = 100_000
"""Wrong rows that are left out; a file with more is wrong as a whole."""


class WrongRows:
    """The rows of a message that have errors."""

    def __init__(self) -> None:
        self.rows: set[int] = set()
        self.is_whole = False

    def take(self, finding: Finding) -> None:
        """Note the rows of a finding that refuses."""
        if finding.row is None or finding.code in OF_THE_WHOLE or len(self.rows) >= MOST:
            self.is_whole = True
            return
        self.rows.add(finding.row)
        if finding.code in REPEATED and finding.rule and finding.rule.isdigit():
            self.rows.add(int(finding.rule))


class LeftOutReader(ReaderOver):
    """Reads a message without some of its rows."""

    def __init__(self, reader: DataReader, rows: Container[int]) -> None:
        super().__init__(reader)
        self._rows = rows

    def batches(self) -> Iterator[Batch]:
        """All other rows of the message."""
        for batch in self._reader.batches():
            self._take_findings()
            kept = [place for place, row in enumerate(batch.rows) if row not in self._rows]
            if len(kept) == len(batch.rows):
                yield batch
            elif kept:
                yield replace(
                    batch,
                    rows=[batch.rows[place] for place in kept],
                    cells={n: [cells[p] for p in kept] for n, cells in batch.cells.items()},
                )
        self._take_findings()

    def _take_findings(self) -> None:
        """What is wrong with the form of a row that is left out was said before."""
        self.findings += [one for one in self._reader.findings if one.row not in self._rows]
        self._reader.findings.clear()
