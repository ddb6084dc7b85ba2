"""A table within a sheet: which cell holds which component.

Templates, plain sheets with a header and layouts all become tables, which are read in one way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.sdmx.messages.data_reading import StructureKind
from app.sheets.numbers import NumberStyle
from app.sheets.workbook import Cell

YEAR = "YEAR"
MONTH = "MONTH"
QUARTER = "QUARTER"
PARTS = (YEAR, MONTH, QUARTER)

ZERO = "zero"
SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Source:
    """A column of a table.

    Attributes:
        component: id of the component that it holds, or of one part of a period
            (`TIME_PERIOD:YEAR`).
        column: its place, from 0.
        header: its header as it stands there.
        language: language of its texts, where there is a column for each.
        many: whether its cells hold several values.
        languages: languages that its cells name (`ATTR[en;es]`).
        fill: whether an empty cell has the value of the one above.
    """

    component: str
    column: int
    header: str = ""
    language: str = ""
    many: bool = False
    languages: tuple[str, ...] = ()
    fill: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that holds for the whole table, and the cell that gives it, if one does.

    `languages` are those of a text that names its own: `es:Valor;en:Value`.
    """

    value: Cell
    sheet: str = ""
    row: int = 0
    column: int = 0
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AcrossColumn:
    """A column of values: what its header says, by component; rows of the header cells too."""

    column: int
    values: Mapping[str, Cell]
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Heads:
    """Columns of STRUCTURE, STRUCTURE_ID and ACTION."""

    kind: int
    structure: int
    action: int | None


@dataclass(slots=True)
class Table:
    """A table and how its cells are read.

    Attributes:
        header_row: the row that findings on columns point to.
        first_row: the first row with data.
        fixed: values for the whole table, by component.
        defaults: values of empty cells, by component.
        across: the columns with values of `measure`; none: one row an observation.
        needed: columns of which one must be filled for a row to count; none: any.
        heads: the columns that name the structure; without them `kind` and `structure` do.
        marks: what stands for a missing value, folded: to `zero`, `skip` or a code of OBS_STATUS.
        skips: tells from the labels of a row whether it is left out, such as a total.
        stops: tells from the first cell of a row whether the table ends before it.
        stop_at_empty: whether an empty row ends the table.
        codes: codes by label, by component.
    """

    sheet: str
    header_row: int
    first_row: int
    sources: list[Source]
    kind: StructureKind = "dataprovision"
    structure: str = ""
    heads: Heads | None = None
    fixed: dict[str, Fixed] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    across: list[AcrossColumn] = field(default_factory=list)
    measure: str = ""
    needed: frozenset[int] = frozenset()
    numbers: NumberStyle = "plain"
    marks: Mapping[str, str] = field(default_factory=dict)
    skips: Callable[[str], bool] | None = None
    stops: Callable[[str], bool] | None = None
    stop_at_empty: bool = False
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fill_merged: bool = False
