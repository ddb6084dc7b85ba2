"""Reading SDMX-CSV data messages, 1.0, 2.0 and 2.1, as batches of columns; and plain tables.

The message is not held: rows come in batches, cells as they were sent, with the number of
their row. Row numbers are those of a spreadsheet: the header is row 1 (SDMX-CSV 2.1 field
guide, data messages; SDMX-CSV 1.0).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from app.sdmx.actions import ACTIONS
from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_reading import BATCH_ROWS, Batch, Column, Form, Location
from app.sdmx.messages.plain_table import HEADER_WITHIN, PlainTable

BUFFER_BYTES = 1 << 18
BATCH_BYTES = 8 << 20
"""Bytes of the file after which a batch ends, however few its rows."""

BATCH_CELLS = 2_000_000
PORTION_ROWS = 500
FIELD_LIMIT = 131_072
"""Longest cell in characters; a quote that is never closed ends here."""

SHOWN = 80
"""Characters of a header that a finding shows."""

_STRUCTURE = re.compile(r'"?STRUCTURE(?:\[(.)\])?"?(.?)')
_DATAFLOW = re.compile(r'"?DATAFLOW"?(.?)')
_SEPARATOR_LINE = re.compile(r"sep=.\s*", re.IGNORECASE)
"""A first line that spreadsheets take for themselves; not counted as a row by them either."""

_GLUED = re.compile(r"STRUCTURE_ID([^A-Za-z0-9_])")
_COMPONENT = re.compile(
    r"(?P<path>[A-Za-z][A-Za-z0-9_-]*(?:(?:\[\])?\.[A-Za-z][A-Za-z0-9_-]*)*)"
    r"(?P<many>\[\])?(?:\[(?P<languages>[^\]]+)\])?(?P<more>\[\])?"
    r"(?P<label>: .*)?",
    re.DOTALL,
)
_KINDS = frozenset({"dataflow", "datastructure", "dataprovision"})
_HEADS = frozenset({"STRUCTURE", "STRUCTURE_ID", "ACTION"})
_NAMED = "STRUCTURE_NAME"
_SERVICE_COLUMNS = frozenset({_NAMED, "SERIES_KEY", "OBS_KEY", "UPDATED", "SERIESKEY"})


class _Counted(io.RawIOBase):
    """A stream that knows how much was read from it."""

    def __init__(self, source: io.RawIOBase) -> None:
        self._source = source
        self.count = 0

    def readable(self) -> bool:
        """A stream for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        data = self._source.read(len(buffer)) or b""
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)


@dataclass(slots=True)
class CsvReader:
    """Reads one message.

    Attributes:
        encoding: of the text; what spreadsheets call Unicode text is UTF-16.
        form: columns of components and signs, known once the header was read; numbers may have
            a comma where the separator is another sign.
        findings: what is wrong with the form of the message; filled while it is read.
        plain: how a table without the columns of SDMX-CSV is read; without it, it is refused.
    """

    stream: io.RawIOBase
    form: Form = field(default_factory=Form)
    findings: list[Finding] = field(default_factory=list)
    separator: str = ","
    row_count: int = 0
    encoding: str = "utf-8-sig"
    plain: PlainTable | None = None
    _is_plain: bool = False
    _lines: int = 0
    _header_row: int = 1
    _legacy: bool = False
    _width: int = 0
    _structure: int = 0
    _structure_id: int = 0
    _action: int | None = None

    def batches(self, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
        """All rows of the message, in order.

        Raises:
            UnreadableError: the stream is no SDMX-CSV, or not UTF-8.
        """
        csv.field_size_limit(FIELD_LIMIT)
        counted = _Counted(self.stream)
        text = io.TextIOWrapper(
            io.BufferedReader(counted, BUFFER_BYTES), encoding=self.encoding, newline=""
        )
        try:
            header = self._read_first_line(text)
            self.form.decimal_comma = self.separator != ","
            self._read_header(next(csv.reader([header], delimiter=self.separator, strict=True)))
            reader = csv.reader(text, delimiter=self.separator, strict=True)
            most = max(min(batch_rows, BATCH_CELLS // max(self._width, 1)), 1)
            while rows := self._take(reader, most, counted):
                yield from self._split(rows, self._lines - len(rows) + 1 + self._header_row)
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02X}"
            raise UnreadableError(
                "encoding", row=self._lines + 1, value=byte, allowed="UTF-8"
            ) from error
        except UnicodeError as error:  # UTF-16 that is none
            raise UnreadableError("encoding", row=1, allowed="UTF-8") from error
        except csv.Error as error:
            row = self._lines + 1
            if "limit" in str(error):  # what the library says of FIELD_LIMIT
                raise UnreadableError("csv-long", row=row, allowed=str(FIELD_LIMIT)) from error
            raise UnreadableError("csv", row=row) from error

    def locate(self, row: int, component: str | None) -> Location:
        """A row of the file is a row of the message."""
        return Location(row)

    def _take(self, reader: Iterator[list[str]], most: int, counted: _Counted) -> list[list[str]]:
        rows: list[list[str]] = []
        until = counted.count + BATCH_BYTES
        try:
            while len(rows) < most and counted.count <= until:
                size = len(rows)
                rows.extend(islice(reader, min(most - size, PORTION_ROWS)))
                if len(rows) == size:
                    break
        finally:
            self.row_count += len(rows)
            self._lines += len(rows)  # those before a fault too, so that it can be placed
        return rows

    def _read_first_line(self, text: io.TextIOWrapper) -> str:
        line = text.readline(FIELD_LIMIT)
        if _SEPARATOR_LINE.fullmatch(line):
            line = text.readline(FIELD_LIMIT)
        match, legacy = _STRUCTURE.match(line), _DATAFLOW.match(line)
        if not line.strip("\ufeff \t\r\n"):
            raise UnreadableError("empty", value=line or None)
        if legacy:
            self._legacy, self.separator = True, legacy[1]
            self.form.legacy = True
        elif match:
            self.form.sub_separator, self.separator = match[1] or ";", match[2]
        elif self.plain is not None:
            line = self._find_header(line, text, self.plain)
        else:
            raise UnreadableError(
                "first-column", row=1, value=line.rstrip("\r\n")[:SHOWN], allowed="STRUCTURE"
            )
        if not self.separator or self.separator in '"\r\n' or self.separator.isalnum():
            raise UnreadableError("one-column", row=1, value=line.rstrip("\r\n")[:SHOWN])
        # A label with a line break in the header makes the record longer than its first line.
        while line.count('"') % 2 and len(line) < FIELD_LIMIT:
            more = text.readline(FIELD_LIMIT)
            if not more:
                break
            line += more
        if len(line) >= FIELD_LIMIT:
            raise UnreadableError(
                "long-header", row=1, value=line[:SHOWN], allowed=str(FIELD_LIMIT)
            )
        return line

    def _find_header(self, line: str, text: io.TextIOWrapper, plain: PlainTable) -> str:
        """The header of a plain table, below its title lines."""
        lines = [line]
        while plain.header_place(lines[-1:]) is None and len(lines) < HEADER_WITHIN:
            more = text.readline(FIELD_LIMIT)
            if not more:
                break
            lines.append(more)
        if plain.flow is not None and plain.header_place(lines[-1:]) is None:
            allowed = ", ".join(plain.flow.data_components)
            raise UnreadableError(
                "plain-header", row=1, value=line.rstrip("\r\n")[:SHOWN], allowed=allowed
            )
        self._is_plain, self._header_row = True, len(lines)
        self.separator, _ = plain.separator(lines[-1])
        return lines[-1]

    def _read_header(self, names: list[str]) -> None:
        while names and names[-1].strip() == "":
            names.pop()
        self._width = len(names)
        if self._is_plain:
            self._read_plain_header(names)
            return
        start = 1
        if not self._legacy:
            if len(names) < 2 or names[1] != "STRUCTURE_ID":
                raise self._second_column(names)
            self._structure_id, start = 1, 2
        has_names, is_name = _NAMED in names, False
        for place in range(start, len(names)):
            is_name = self._read_column(place, names[place], is_name=is_name) and has_names

    def _read_plain_header(self, names: list[str]) -> None:
        """Columns under the ids of the components that they name, in whatever way."""
        assert self.plain is not None  # noqa: S101 - else it is not read as a plain table
        for place, name in enumerate(names):
            found = self.plain.component(name)
            heading = name.strip()
            if found is None and heading and not _COMPONENT.fullmatch(heading):
                self.form.columns.setdefault(heading, Column(place, heading, heading))
            elif found is None:
                self._read_column(place, name.strip(), is_name=False)
            elif found in self.form.columns:
                self.findings.append(Finding("VIPMG-205", self._header_row, found, name))
            else:
                self.form.columns[found] = Column(place, name.strip(), found)

    def _second_column(self, names: list[str]) -> UnreadableError:
        """Why STRUCTURE_ID is not the second column: mostly a separator that is not one."""
        if names[1:2] == ["]"]:  # STRUCTURE[;];STRUCTURE_ID: cut in two by its own brackets
            return UnreadableError("sub-separator", row=1, value=self.separator, allowed="[|]")
        glued = _GLUED.match(names[1]) if len(names) > 1 else None
        if glued is not None:
            return UnreadableError("separator", row=1, value=self.separator, allowed=glued[1])
        second = names[1] if len(names) > 1 else ""
        return UnreadableError("second-column", row=1, value=second[:SHOWN], allowed="STRUCTURE_ID")

    def _read_column(self, place: int, name: str, *, is_name: bool) -> bool:
        """Take a column; whether the next one may hold its names (`labels=name`)."""
        if not self._legacy and name in _HEADS:
            if name == "ACTION" and self._action is None:
                self._action = place
            else:
                self.findings.append(Finding("VIPMG-205", 1, name, name))
            return False
        match = _COMPONENT.fullmatch(name)
        if name in _SERVICE_COLUMNS or match is None:
            return False
        column = Column(
            place,
            name,
            match["path"].replace("[]", ""),
            many=bool(match["many"] or match["more"] or "[]" in match["path"]),
            languages=tuple((match["languages"] or "").split(self.form.sub_separator))
            if match["languages"]
            else (),
            labelled=bool(match["label"]),
            is_name=is_name,
        )
        known = self.form.columns.get(column.component)
        if known is None or known.is_name:
            self.form.columns[column.component] = column
        elif not is_name:
            self.findings.append(Finding("VIPMG-205", 1, column.component, name))
        return not is_name

    def _split(self, rows: list[list[str]], first: int) -> Iterator[Batch]:
        numbers: Sequence[int] = range(first, first + len(rows))
        rows, numbers = self._filled(rows, numbers)
        if set(map(len, rows)) != {self._width}:
            rows, numbers = self._even(rows, numbers)
        if not rows:
            return
        columns = list(zip(*rows, strict=True))
        if self._is_plain and self.plain is not None:
            head = ("dataflow", self.plain.structure, "")
            yield from self._batch(head, columns, numbers)
            return
        places = {0, self._structure_id, self._action or 0}
        if all(len(set(columns[place])) == 1 for place in places):
            yield from self._batch(self._heads(columns, 1)[0], columns, numbers)
            return
        heads = self._heads(columns, len(rows))
        for head, run in groupby(range(len(heads)), heads.__getitem__):
            chosen = list(run)
            part = slice(chosen[0], chosen[-1] + 1)
            yield from self._batch(head, [column[part] for column in columns], numbers[part])

    def _filled(
        self, rows: list[list[str]], numbers: Sequence[int]
    ) -> tuple[list[list[str]], Sequence[int]]:
        """The rows with anything in them: spreadsheets write `,,,` for rows that were cleared."""
        if all(row and row[0] and not row[0].isspace() for row in rows):
            return rows, numbers
        kept = [place for place, row in enumerate(rows) if any(map(str.strip, row))]
        self.row_count -= len(rows) - len(kept)
        return [rows[place] for place in kept], [numbers[place] for place in kept]

    def _even(
        self, rows: list[list[str]], numbers: Sequence[int]
    ) -> tuple[list[list[str]], list[int]]:
        kept, kept_numbers = [], []
        for number, row in zip(numbers, rows, strict=True):
            extra = row[self._width :]
            if len(row) < self._width or any(cell.strip() for cell in extra):
                value = f"{len(row)} / {self._width}"
                self.findings.append(Finding("VIPMG-202", number, value=value))
            else:
                kept.append(row[: self._width])
                kept_numbers.append(number)
        return kept, kept_numbers

    def _heads(self, columns: list[tuple[str, ...]], count: int) -> list[tuple[str, str, str]]:
        """Kind, structure and action of the first rows."""
        kinds = ("dataflow",) * count if self._legacy else columns[0][:count]
        actions = ("",) * count if self._action is None else columns[self._action][:count]
        return list(zip(kinds, columns[self._structure_id][:count], actions, strict=True))

    def _batch(
        self, head: tuple[str, str, str], columns: list[tuple[str, ...]], numbers: Sequence[int]
    ) -> Iterator[Batch]:
        written, structure, action = head
        kind = written.lower()  # present services write DATAFLOW too
        if kind not in _KINDS:
            self.findings.extend(
                Finding("VIPMG-203", number, "STRUCTURE", written, allowed="dataflow")
                for number in numbers
            )
        elif action not in ACTIONS:
            self.findings.extend(Finding("VIPMG-206", n, "ACTION", action) for n in numbers)
        else:
            cells: dict[str, Sequence[str]]
            cells = {name: columns[column.place] for name, column in self.form.columns.items()}
            identity = structure.split(": ", 1)[0]
            yield Batch(
                kind,  # type: ignore[arg-type]
                identity,
                ACTIONS[action],
                numbers,
                cells,
                self.form,
                header=self._header_row,
            )
