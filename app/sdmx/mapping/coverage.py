"""What a map did: how many rows it took, and which values it has no counterpart for.

The codes of its findings: `UNMAPPED` (a value without counterpart, once with its count), `ENDED`
(one whose counterpart is for other periods), `SAME_KEY` (two rows on one target key, naming both),
`NO_DATE` (a date that no pattern reads, once with its count), `CANNOT_RUN` and
`NOT_IN_FORCE` (the map itself),
`NO_FIGURES` (a file without the column of its figures),
`NOT_TAKEN` (rows that no map takes: a warning),
`NO_FIGURE` (rows without a figure: a warning).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from app.sdmx.findings import Finding

UNMAPPED: Final = "VIPMG-260"
SAME_KEY: Final = "VIPMG-261"
NO_DATE: Final = "VIPMG-262"
CANNOT_RUN: Final = "VIPMG-263"
ENDED: Final = "VIPMG-264"
NOT_IN_FORCE: Final = "VIPMG-265"
NO_FIGURES: Final = "VIPMG-266"
NOT_TAKEN: Final = "VIPMG-332"
NO_FIGURE: Final = "VIPMG-334"

MOST: Final = 1000
"""Distinct values that are listed of each component map; rows of more are counted together."""

ROWS_SHOWN: Final = 20
"""Rows without a figure that are named."""

Why: TypeAlias = Literal["unmapped", "ended", "date", "left out", "no figure"]

CODES: Final[dict[Why, str]] = {
    "unmapped": UNMAPPED,
    "ended": ENDED,
    "date": NO_DATE,
    "left out": NOT_TAKEN,
    "no figure": NO_FIGURE,
}

LEAVES_OUT: Final[tuple[Why, ...]] = ("left out", "no figure")
"""Why a map leaves rows out."""

WITHOUT: Final[tuple[Why, ...]] = ("unmapped", "ended", "date")
"""Why a map has no counterpart for a row."""


@dataclass(slots=True)
class Untaken:
    """Rows that a map does not take because of one value, or combination of values.

    Attributes:
        components: the source components.
        values: their values, as the source structure reads them.
        rows: how many rows.
        first_row: the first of them.
        by: the representation map or date pattern; empty for an expected constant.
        nearest: the source value that is nearest.
        allowed: of an unmapped value the map, with what it takes, in short; the days for which
            there is a counterpart, as `2024-01-01/2024-12-31`; a date as it should be written.
        sent: the values as the first of the rows has them; empty: as they are read.
        row_numbers: the rows, the first `ROWS_SHOWN` of them.
    """

    why: Why
    components: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    first_row: int
    by: str = ""
    nearest: str | None = None
    allowed: str | None = None
    sent: tuple[str, ...] = ()
    row_numbers: list[int] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The code of its finding."""
        return CODES[self.why]

    @property
    def finding(self) -> Finding:
        """The one finding of all its rows; `rule` is how many they are."""
        values = self.sent or self.values
        allowed = self.allowed
        if self.why == "no figure":
            allowed = ", ".join(map(str, self.row_numbers))
            allowed += ", ..." if self.rows > len(self.row_numbers) else ""
        return Finding(
            self.code,
            self.first_row,
            ", ".join(self.components),
            values[0] if len(values) == 1 else ", ".join(v or '""' for v in values),
            rule=str(self.rows),
            allowed=allowed,
            nearest=self.nearest,
        )

    def document(self) -> dict[str, Any]:
        """As it is kept with a submission."""
        return {
            "why": self.why,
            "components": list(self.components),
            "values": list(self.sent or self.values),
            "rows": self.rows,
            "first_row": self.first_row,
            "by": self.by,
            "nearest": self.nearest,
            "allowed": self.allowed,
        }


@dataclass(slots=True)
class Collision:
    """Two source rows on one target key."""

    row: int
    first_row: int
    key: tuple[str, ...]


@dataclass(slots=True)
class Coverage:
    """What a map did with the rows that it was given.

    Attributes:
        taken: rows that it mapped.
        left_out: rows that it leaves out because it says so.
        unmapped: rows of which it does not know a value, or cannot read a date.
        faulty: rows with a cell that the reader of the file had refused already.
        collisions: pairs of rows on one key, where they were asked for.
        unlisted: rows of values beyond those that are listed.
    """

    taken: int = 0
    left_out: int = 0
    unmapped: int = 0
    faulty: int = 0
    unlisted: int = 0
    collisions: list[Collision] = field(default_factory=list)
    _found: dict[tuple[Why, tuple[str, ...], tuple[str, ...]], Untaken] = field(
        default_factory=dict
    )

    @property
    def rows(self) -> int:
        """All rows that it was given."""
        return self.taken + self.left_out + self.unmapped + self.faulty

    def untaken(self, *whys: Why) -> list[Untaken]:
        """Values that kept rows from being taken, in the order of their first rows."""
        wanted = whys or tuple(CODES)
        found = [each for each in self._found.values() if each.why in wanted]
        return sorted(found, key=lambda each: each.first_row)

    def add(self, untaken: Untaken) -> None:
        """Count rows."""
        untaken.row_numbers.append(untaken.first_row)
        key = (untaken.why, untaken.components, untaken.values)
        known = self._found.get(key)
        if known is not None:
            known.rows += untaken.rows
        elif len(self._found) < MOST:
            self._found[key] = untaken
        else:
            self.unlisted += untaken.rows

    def knows(self, why: Why, components: Sequence[str], values: Sequence[str]) -> bool:
        """Whether such rows were counted already."""
        return (why, tuple(components), tuple(values)) in self._found

    def count(self, why: Why, components: Sequence[str], values: Sequence[str], row: int) -> None:
        """Count one more row of values that are known."""
        known = self._found[why, tuple(components), tuple(values)]
        known.rows += 1
        if len(known.row_numbers) < ROWS_SHOWN:
            known.row_numbers.append(row)

    def not_left_out(self, components: tuple[str, ...], values: tuple[str, ...]) -> None:
        """Take back one row of values that was counted as left out: it has no counterpart."""
        self.left_out -= 1
        self.unmapped += 1
        found = self._found.get(("left out", components, values))
        if found is not None:
            found.rows -= 1
            if not found.rows:
                del self._found["left out", components, values]

    def findings(self) -> Iterator[Finding]:
        """One finding for each value without counterpart and each date that is not read."""
        for each in self.untaken(*WITHOUT):
            yield each.finding

    def document(self) -> dict[str, Any]:
        """As it is kept with a submission, in JSON."""
        return {
            "rows": self.rows,
            "taken": self.taken,
            "left_out": self.left_out,
            "unmapped": self.unmapped,
            "refused": self.faulty,
            "values": [each.document() for each in self.untaken(*WITHOUT)],
            "left_out_values": [each.document() for each in self.untaken(*LEAVES_OUT)],
            "unlisted_rows": self.unlisted,
        }


def whole_file(first: list[dict[str, Any]], last: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What maps did with a file that was taken in part, from the readings of it.

    Args:
        first: as it was read whole; nothing where this is the one reading.
        last: as it was read without the rows that are wrong: what was taken.

    Returns:
        All rows, what was taken of them, and why the others were not: `refused` counts those whose
        error the map does not know, as a number that is none.
    """
    if not first:
        return last
    taken = {one["map"]: one["taken"] for one in last}
    told = []
    for one in first:
        done = one | {"taken": taken.get(one["map"], 0)}
        done["refused"] = one["rows"] - done["taken"] - one["left_out"] - one["unmapped"]
        told.append(done)
    return told
