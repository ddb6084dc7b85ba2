"""What every reader of data messages gives: batches of rows, and where a row stands in the file.

Cells are text in the dialect of SDMX-CSV 2.1, whatever the format of the message: empty = left
out, `~` = switched off; several values of one cell, and its languages, are joined as there
(field guide, data messages).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from app.sdmx.actions import Action
from app.sdmx.findings import Finding

StructureKind: TypeAlias = Literal["dataflow", "datastructure", "dataprovision"]

BATCH_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may hold a component.

    Attributes:
        place: its place in the row.
        name: its header as sent.
        component: the id in its header, of a metadata attribute the path.
        many: whether its cells hold several values (`ATTR[]`, `PARENT[].CHILD`).
        languages: languages of its cells (`ATTR[en;es]`), empty for plain text.
        labelled: whether its header carries a label, and so its coded cells.
        is_name: whether it seems to hold the names of the codes of the column before it.
    """

    place: int
    name: str
    component: str
    many: bool = False
    languages: tuple[str, ...] = ()
    labelled: bool = False
    is_name: bool = False


@dataclass(slots=True, eq=False)
class Form:
    """How the cells of a batch are written.

    Attributes:
        columns: columns by component id.
        sub_separator: between the values of one cell.
        decimal_comma: whether numbers may be written with a decimal comma.
        legacy: whether the format is of SDMX 2.1: its one measure is OBS_VALUE whatever its id
            in the structure, and several values stand in one text.
        exponents: whether decimal numbers may be written with an exponent, as JSON has them.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    sub_separator: str = ";"
    decimal_comma: bool = False
    legacy: bool = False
    exponents: bool = False


@dataclass(slots=True)
class Batch:
    """Rows with one structure and one action.

    Attributes:
        structure: `AGENCY:ID(VERSION)`, as sent.
        rows: numbers of the rows, rising over the whole message.
        cells: the cells of each column, by component id.
        form: how the cells are written; the same object for all batches of one form.
        faulty: cells, by row and component, that the reader has reported already.
        above: components that stand above the observations and are repeated in each row: to be
            deleted beside the observations, not as parts of them.
        header: number of the row that names the columns: that of its own file in an archive.
    """

    kind: StructureKind
    structure: str
    action: Action
    rows: Sequence[int]
    cells: dict[str, Sequence[str]]
    form: Form
    faulty: frozenset[tuple[int | None, str | None]] = frozenset()
    above: frozenset[str] = frozenset()
    header: int = 1


@dataclass(frozen=True, slots=True)
class Location:
    """Where a person finds a row, or a cell of it.

    Attributes:
        row: number of the row within its file, as a spreadsheet numbers it.
        place: address of the cell (`Hoja1!C14`), JSON pointer or XPath; None where the row says
            it all.
        file: the member of an archive.
    """

    row: int | None
    place: str | None = None
    file: str | None = None


class DataReader(Protocol):
    """Reads one data message.

    Attributes:
        findings: what is wrong with the form of the message; filled while it is read.
        row_count: rows read so far.
    """

    findings: list[Finding]
    row_count: int

    def batches(self) -> Iterator[Batch]:
        """All rows of the message, in order.

        Raises:
            UnreadableError: the message cannot be read, or not from some place on.
        """

    def locate(self, row: int, component: str | None) -> Location:
        """Where a row, or the cell of a component in it, stands in the file."""


class ReaderOver:
    """Reads the message of another reader otherwise; its rows stay where they stand."""

    def __init__(self, reader: DataReader) -> None:
        self.findings: list[Finding] = []
        self._reader = reader

    @property
    def row_count(self) -> int:
        """Rows read so far, those left out included."""
        return self._reader.row_count

    @row_count.setter
    def row_count(self, value: int) -> None:
        self._reader.row_count = value

    def locate(self, row: int, component: str | None) -> Location:
        """Where a row, or the cell of a component in it, stands in the file."""
        return self._reader.locate(row, component)


def join_cell(values: Iterable[str], separator: str) -> str:
    """A cell with several values, quoted where a value needs it."""
    return separator.join(_quoted(value, separator) for value in values)


def join_languages(texts: Mapping[str, str], separator: str) -> str:
    """A cell with a text in several languages (`en:Value;es:Valor`)."""
    return join_cell((f"{language}:{text}" for language, text in texts.items()), separator)


def _quoted(value: str, separator: str) -> str:
    if separator not in value and '"' not in value:
        return value
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def split_cell(cell: str, separator: str) -> list[str]:
    """The values of a cell that holds several, quotes as in CSV.

    A line break ends no value, as the whole cell was quoted already.
    """
    if '"' not in cell:
        return cell.split(separator) if cell else []
    return ["".join(read) for read in _sub_fields(separator, cell)]


def _sub_fields(separator: str, cell: str) -> Iterator[tuple[str, str]]:
    """Each value as its part in quotes, undoubled, and what stands outside them."""
    end = re.escape(separator)
    field = re.compile(rf'(?:"((?:[^"]|"")*)(?:"|$))?([^{end}]*)(?:({end})|$)')
    found = field.match(cell)
    while found is not None:
        yield (found[1] or "").replace('""', '"'), found[2]
        found = field.match(cell, found.end()) if found[3] else None


def split_languages(cell: str, separator: str) -> dict[str, str]:
    """The texts of a cell by language (`en:Value;es:Valor`)."""
    parts = (part.partition(":") for part in split_cell(cell, separator))
    return {language: text for language, colon, text in parts if colon}
