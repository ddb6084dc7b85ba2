"""Writing SDMX-CSV data messages: 2.1, 2.0 and 1.0 (SDMX-CSV field guide, data messages).

A row is put together from what is the same for the whole series and from what varies: usually
only the time period and the value do, and then a row is one formatted string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal, TypeAlias

import orjson

from app.sdmx import series
from app.sdmx.flow import Component
from app.sdmx.messages.data_message import (
    DataSet,
    Header,
    Layout,
    SeriesData,
    StoredSeries,
    iso,
)
from app.sdmx.series import TIME
from app.sdmx.time_period import parse_time_period

Labels: TypeAlias = Literal["id", "name", "both"]
Keys: TypeAlias = Literal["none", "obs", "series", "both"]

SUB_SEPARATOR = ";"
KNOWN_CELLS = 100_000
"""Values of one component whose cells are remembered."""

KNOWN_TAILS = 10_000
"""Combinations of cells after the value that are remembered."""

_NUMBERS = frozenset({"Decimal", "Integer", "Long", "Short", "Count", "BigInteger"})
_KINDS = {
    "dataflow": "dataflow",
    "datastructure": "datastructure",
    "provisionagreement": "dataprovision",
}
_SPECIAL = frozenset(',"\r\n')


@dataclass(frozen=True, slots=True)
class CsvOptions:
    """What a client asked of a CSV message."""

    version: str
    labels: Labels = "id"
    keys: Keys = "none"
    normalised_time: bool = False


class CsvWriter:
    """Writes one message: the columns are those of all its layouts together.

    Datasets leave the columns empty that their own structure does not have. Without layouts the
    columns are those of the first dataset.
    """

    def __init__(
        self,
        options: CsvOptions,
        *,
        with_validity: bool = False,
        layouts: Sequence[Layout] = (),
    ) -> None:
        self.options = options
        self.layouts = layouts
        self.with_validity = with_validity
        self._legacy = options.version.startswith("1.")
        self._header: Header | None = None
        self._columns: list[_Column] = []
        self._begun = False
        self._prefix = ""
        self._suffix = ""
        self._rest: list[tuple[_Column, str, bool]] = []
        self._observes = self._has_time = self._is_usual = False
        self._after_value = 0
        self._constant: Mapping[str, Any] = {}
        self._tails: dict[tuple[str, tuple[tuple[str, Any], ...]], str] = {}
        self._shows_series_key = self._shows_observation_key = False

    def begin(self, header: Header) -> bytes:
        """Nothing: the header row needs the first dataset."""
        self._header = header
        return b""

    def begin_dataset(self, dataset: DataSet) -> bytes:
        """The header row, before the first dataset only."""
        self._prefix = self._row_begin(dataset)
        self._observes = dataset.layout.observations
        self._has_time = dataset.layout.flow.time is not None
        layouts = self.layouts or (dataset.layout,)
        self._columns = self._lay_out(dataset.layout, layouts)
        size = len(dataset.layout.flow.dimensions)
        heads, rest = self._columns[:size], self._columns[size:]
        self._rest = [(column, column.component.id, column.is_upper) for column in rest]
        self._is_usual = (
            self._has_time
            and self._observes
            and [column.position for column in heads] == list(range(size))
            and all(c.write.is_plain and c.component.codes is not None for c in heads)
            and all(column.position is None for column in rest)
            and bool(rest)
            and rest[0].component.level == "time"
        )
        self._after_value = size + 2
        if self.with_validity:
            bounds = (dataset.valid_from, dataset.valid_to)
            self._suffix = "," + ",".join(iso(bound) if bound else "" for bound in bounds)
        if self._begun:
            return b""
        self._begun = True
        keys = "none" if self._legacy else self.options.keys
        self._shows_series_key = keys in {"series", "both"}
        observes = any(layout.observations for layout in layouts)
        self._shows_observation_key = keys in {"obs", "both"} and observes
        names = [*self._head_names(), *(n for c in self._columns for n in c.names)]
        if self.with_validity:
            names += ["VALID_FROM", "VALID_TO"]
        return (",".join(map(quote, names)) + "\r\n").encode()

    def write(self, batch: Sequence[SeriesData]) -> bytes:
        """The rows of series."""
        return "".join(map(self._series, batch)).encode()

    def takes_stored(self, layout: Layout) -> bool:
        """Whether it writes series of this layout as they are stored: plain cells, one measure."""
        flow = layout.flow
        return (
            layout.observations
            and flow.time is not None
            and len(layout.measures) == 1
            and self.options == CsvOptions(self.options.version)
            and len(self.layouts) == 1
            and all(d.codes is not None for d in flow.dimensions)
            and _is_number(layout.measures[0])
        )

    def write_stored(self, batch: StoredSeries) -> bytes:
        """The rows of series as they are stored.

        Cells after the value are mostly the same in many series, and put together once for each
        combination; a series in which they vary goes the usual way.
        """
        name = next(c.component.id for c in self._columns if c.component.level == "measure")
        if batch.constant is not self._constant or len(self._tails) > KNOWN_TAILS:
            self._constant, self._tails = batch.constant, {}
        prefix, tails, loads = self._prefix, self._tails, orjson.loads
        parts: list[str] = []
        for key, observations, attributes in batch.rows:
            document = loads(observations)
            times, values = document.pop(TIME), document.pop(name, None)
            head = f"{prefix},{key},"
            try:
                tail = tails[attributes, tuple(document.items())]
            except (KeyError, TypeError):  # not known yet, a list that varies, or languages
                upper = {**batch.constant, **loads(attributes)}
                varies = any(isinstance(value, list | dict) for value in document.values())
                if varies or any(c.is_many for c in self._columns):
                    data = SeriesData(tuple(key.split(",")), loads(observations), upper)
                    parts.append(self._series(data))
                    continue
                data = SeriesData((), document, upper)
                tail = self._constants(data, self._columns[self._after_value :]) + "\r\n"
                tails[attributes, tuple(document.items())] = tail
            if isinstance(values, list):
                if None in values:
                    values = [value or "" for value in values]
                parts += [f"{head}{t},{v}{tail}" for t, v in zip(times, values, strict=True)]
            else:
                value = values or ""
                parts += [f"{head}{time},{value}{tail}" for time in times]
        return "".join(parts).encode()

    def end_dataset(self) -> bytes:
        """Nothing."""
        return b""

    def end(self) -> bytes:
        """Nothing."""
        return b""

    # -- columns ------------------------------------------------------------------------

    def _head_names(self) -> list[str]:
        if self._legacy:
            return ["DATAFLOW"]
        multiple = any(c.is_many for c in self._columns)
        names = [f"STRUCTURE[{SUB_SEPARATOR}]" if multiple else "STRUCTURE", "STRUCTURE_ID"]
        if self.options.labels == "name":
            names.append("STRUCTURE_NAME")
        names.append("ACTION")
        if self._shows_series_key:
            names.append("SERIES_KEY")
        if self._shows_observation_key:
            names.append("OBS_KEY")
        return names

    def _row_begin(self, dataset: DataSet) -> str:
        name = self._text(dataset.names)
        identity = dataset.short_urn
        if self.options.labels == "both":
            identity = f"{identity}: {name}"
        if self._legacy:
            return quote(identity)
        cells = [_KINDS[dataset.kind], identity]
        if self.options.labels == "name":
            cells.append(name)
        cells.append(dataset.action[0])
        return ",".join(map(quote, cells))

    def _lay_out(self, own: Layout, layouts: Sequence[Layout]) -> list[_Column]:
        """The columns of all layouts; those that `own` has not show nothing."""
        mine = {component.id: component for part in _shown(own) for component in part}
        parts = zip(*map(_shown, layouts), strict=True)
        union: dict[str, Component] = {}
        for component in chain.from_iterable(chain.from_iterable(parts)):
            union.setdefault(component.id, mine.get(component.id, component))
        position = own.flow.position
        return [
            self._column(component, position.get(name), absent=name not in mine)
            for name, component in union.items()
        ]

    def _column(self, component: Component, position: int | None, *, absent: bool) -> _Column:
        many = component.is_multi_valued and not self._legacy
        languages = self._languages(component)
        name = component.column if many else component.id
        if languages:
            name += f"[{SUB_SEPARATOR.join(languages)}]"
        label = self._text(component.names)
        names = {"id": [name], "both": [f"{name}: {label}"], "name": [name, label]}
        if absent:
            component = replace(component, id="", level="partial")
        reader = _CellWriter(component, self.options, self._text, languages)
        return _Column(
            component, position, names[self.options.labels], many or bool(languages), reader
        )

    def _languages(self, component: Component) -> tuple[str, ...]:
        """The languages of a column that shows texts in all of them."""
        languages = self._header.languages if self._header else None
        if self._legacy or languages is None or not (languages.every and component.multilingual):
            return ()
        return languages.order

    def _text(self, texts: Mapping[str, str]) -> str:
        assert self._header is not None  # noqa: S101 - begin() comes first
        return self._header.languages.pick(texts) or ""

    # -- rows ---------------------------------------------------------------------------

    def _series(self, data: SeriesData) -> str:
        first = self._prefix
        if self._shows_series_key:
            first += "," + quote(".".join(data.key))
        end = self._suffix + "\r\n"
        if not self._observes:
            first += "," if self._shows_observation_key else ""
            return first + self._constants(data, self._columns) + end
        if self._shows_observation_key:
            return self._rows_with_keys(data, first, end)
        if self._is_usual and data.document[TIME]:
            return self._usual(data, first, end)
        before, varying, after = self._parts(data)
        head, tail = first + before, after + end
        rows = zip(*varying, strict=True)
        return "".join([f"{head},{','.join(row)}{tail}" for row in rows])

    def _usual(self, data: SeriesData, first: str, end: str) -> str:
        """Rows whose key stands as it is, with the time after it.

        Cells that are the same for all rows are joined once: what varies is mostly the period
        and the value, and then a row costs two joins.
        """
        document, upper = data.document, data.upper
        size = len(document[TIME])
        varying = [self._rest[0][0].cells(document[TIME])]
        same: list[str] = []
        for column, name, is_upper in self._rest[1:]:
            value = (upper if is_upper else document).get(name)
            if isinstance(value, list) and not is_upper:
                varying += [[cell] * size for cell in same]
                varying.append(column.cells(value))
                same = []
            else:
                same.append(column.write(value))
        head = f"{first},{','.join(data.key)},"
        tail = f",{','.join(same)}{end}" if same else end
        return head + (tail + head).join(map(",".join, zip(*varying, strict=True))) + tail

    def _rows_with_keys(self, data: SeriesData, first: str, end: str) -> str:
        before, varying, after = self._parts(data)
        key = ".".join(data.key)
        tail = after + end
        keys = [f"{key}.{time}" if self._has_time else key for time in data.document[TIME]]
        return "".join(
            f"{first},{quote(whole)}{before},{','.join(row)}{tail}"
            for whole, row in zip(keys, zip(*varying, strict=True), strict=True)
        )

    def _parts(self, data: SeriesData) -> tuple[str, list[list[str]], str]:
        """Constant cells before, the columns from the first to the last varying one, the rest."""
        columns = self._columns
        varies = [
            place
            for place, column in enumerate(columns)
            if column.component.level == "time" or isinstance(self._own(data, column), list)
        ]
        first, last = (varies[0], varies[-1] + 1) if varies else (len(columns) - 1, len(columns))
        size = series.count(data.document)
        varying = []
        for column in columns[first:last]:
            if column.component.level == "time":
                varying.append(column.cells(data.document[TIME]))
            elif isinstance(values := self._own(data, column), list):
                varying.append(column.cells(values))
            else:
                varying.append([column.write(self._value(data, column))] * size)
        return (
            self._constants(data, columns[:first]),
            varying,
            self._constants(data, columns[last:]),
        )

    def _constants(self, data: SeriesData, columns: Sequence[_Column]) -> str:
        return "".join(["," + column.write(self._value(data, column)) for column in columns])

    def _value(self, data: SeriesData, column: _Column) -> Any:  # noqa: ANN401
        if column.position is not None:
            return data.key[column.position]
        if column.component.level in {"series", "partial"}:
            return data.upper.get(column.component.id)
        return data.document.get(column.component.id)

    def _own(self, data: SeriesData, column: _Column) -> Any:  # noqa: ANN401
        """The value or values that the document itself holds."""
        own = column.position is None and column.component.level in {"measure", "observation"}
        return data.document.get(column.component.id) if own else None


class _CellWriter:
    """Writes the values of one component as cells; with `labels=name`, as two."""

    def __init__(
        self,
        component: Component,
        options: CsvOptions,
        text: Callable[[Mapping[str, str]], str],
        languages: tuple[str, ...],
    ) -> None:
        self.component = component
        self.labels = options.labels
        self.text = text
        self.languages = languages
        self.normalises = options.normalised_time and component.level == "time"
        self.known: dict[str, str] = {}
        # Values stand as they are: codes, numbers and periods need no quotes.
        plain = component.level == "time" or component.codes is not None
        self.is_plain = (
            options.labels == "id"
            and not self.normalises
            and not component.is_multi_valued
            and (plain or component.data_type in _NUMBERS)
        )

    def __call__(self, value: Any) -> str:  # noqa: ANN401 - text, several, or text by language
        """The cell of a value."""
        if not isinstance(value, str):
            return self._with_label("" if value is None else quote(self._parts(value)), "")
        cell = self.known.get(value)
        if cell is None:
            cell = self._write(value)
            if len(self.known) < KNOWN_CELLS:
                self.known[value] = cell
        return cell

    def _write(self, value: str) -> str:
        component = self.component
        if component.level == "time":
            shown = _normalised(value) if self.normalises else value
            return self._with_label(quote(shown), shown)
        if component.codes is not None and self.labels != "id":
            code = component.codes.get(value)
            return self._with_label(quote(value), self.text(code.names) if code else value)
        if self.languages:
            value = quote_part(f"{self.languages[0]}:{value}")
        return self._with_label(quote(value), "")

    def _with_label(self, cell: str, label: str) -> str:
        if self.labels == "name":
            return f"{cell},{quote(label)}"
        if self.labels == "both" and label:
            return quote(f"{cell}: {label}")
        return cell

    def _parts(self, value: Any) -> str:  # noqa: ANN401
        if not isinstance(value, Mapping):
            return SUB_SEPARATOR.join(quote_part(self._part(part)) for part in value)
        if not self.languages:
            return self.text(value)
        texts = [f"{name}:{value[name]}" for name in self.languages if name in value]
        return SUB_SEPARATOR.join(map(quote_part, texts))

    def _part(self, value: Any) -> str:  # noqa: ANN401 - text, or text by language
        """One of several values."""
        if isinstance(value, Mapping):
            return self._parts(value)
        return quote_part(f"{self.languages[0]}:{value}") if self.languages else str(value)


@dataclass(frozen=True, slots=True)
class _Column:
    """A component with its header cells and the way its values become cells."""

    component: Component
    position: int | None
    names: list[str]
    is_many: bool
    write: _CellWriter

    @property
    def is_upper(self) -> bool:
        """Whether its values stand above the observations."""
        return self.component.level in {"series", "partial"}

    def cells(self, values: list[Any]) -> list[str]:
        """The cells of values, one an observation."""
        if self.write.is_plain:
            return [value or "" for value in values] if None in values else values
        return [self.write(value) for value in values]


def _shown(layout: Layout) -> tuple[tuple[Component, ...], ...]:
    """The components that a layout shows: dimensions, time, measures, attributes."""
    flow = layout.flow
    if not layout.observations:
        upper = tuple(a for a in layout.attributes if a.level != "observation")
        return flow.dimensions, (), (), upper
    return flow.dimensions, (flow.time,) if flow.time else (), layout.measures, layout.attributes


def _is_number(component: Component) -> bool:
    """Whether its values never need quotes."""
    return component.codes is None and component.data_type in _NUMBERS


def _normalised(time: str) -> str:
    """The first day of a period: the point of time that stands for it."""
    return parse_time_period(time).start_date.isoformat()


def quote(text: str) -> str:
    """A cell, in quotes where it needs them (RFC 4180)."""
    if _SPECIAL.isdisjoint(text) and text == text.strip():
        return text
    return '"' + text.replace('"', '""') + '"'


def quote_part(text: str) -> str:
    """A value within a cell of several."""
    if SUB_SEPARATOR in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
