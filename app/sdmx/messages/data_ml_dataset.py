"""The series and observations of one dataset of an SDMX-ML message.

An observation is put together from what is the same for the whole series and from what varies:
usually only the time period and the value do, and then it is one formatted string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from app.sdmx.flow import Component
from app.sdmx.messages.data_message import DataSet, Group, Layout, SeriesData, StoredSeries
from app.sdmx.messages.data_ml_places import Named, places
from app.sdmx.messages.data_ml_wording import Parts, SpecificWording, Wording
from app.sdmx.messages.data_stored import StoredReader, is_number
from app.sdmx.messages.structure_ml_text import quote
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.series import TIME
from app.sdmx.values import MISSING

KNOWN_VALUES: Final = 100_000
"""Values of one component whose text in the message is remembered."""

_SEPARATOR: Final = ";"
"""Between the parts of a value, where a format has single values alone."""


Column: TypeAlias = str | list[str]
"""What stands with each observation: the same, or one for each."""


class DataSetText:
    """Writes one dataset in a wording; `is_old`: of SDMX 2.1."""

    def __init__(
        self, dataset: DataSet, wording: Wording, languages: LanguageChoice, *, is_old: bool
    ) -> None:
        self.layout: Layout = dataset.layout
        self.wording = wording
        self._languages = languages
        self._is_old = is_old
        self._groups = dataset.groups
        placed = places(dataset.layout, is_old=is_old)
        self._at_dataset = self._values(placed.dataset)
        self._at_series = self._values(placed.series)
        self._at_observation = self._values(placed.observation)
        layout = dataset.layout
        flow = layout.flow
        keyed = flow.dimensions if layout.is_flat else layout.key_dimensions
        self._key = [_Value(d, wording.dimension(d.id), self) for d in keyed]
        along = layout.observation_dimension
        self._along = _Value(along, wording.observation(along.id), self) if along else None
        time = flow.time
        self._time = wording.dimension(time.id) if time else None
        measure = self._at_observation[0].component.id if self._at_observation else ""
        self._reader = StoredReader(measure, self._same)
        self._times: tuple[list[str], list[str]] = [], []

    def begin(self, about: Mapping[str, str], first: SeriesData) -> str:
        """The beginning of the dataset; what is above its first series is above all of them."""
        values = self._constants(first, self._at_dataset)
        groups = "".join(map(self._group, self._groups))
        return self.wording.dataset(about, "".join(values)) + groups

    def _group(self, group: Group) -> str:
        """A group with its attributes."""
        dimensions = {d.id: d for d in self.layout.flow.dimensions}
        key = [
            _Value(dimensions[name], self.wording.dimension(name), self)(code)
            for name, code in group.codes.items()
        ]
        own = [a for a in self.layout.attributes if a.id in group.values]
        values = self._values(tuple((a, a.undotted_id) for a in own))
        first, rest = self._constants(SeriesData((), {}, group.values), values)
        return self.wording.group(group.id, "".join(key), first, rest)

    def series(self, data: SeriesData) -> str:
        """A series with its observations; in the flat layout, the observations alone."""
        layout, wording = self.layout, self.wording
        key = "".join([write(code) for write, code in zip(self._key, data.key, strict=True)])
        if not layout.observations:
            first, rest = self._constants(data, self._at_series)
            if layout.is_flat:
                begin, end = wording.alone
                return begin + key + end + first + wording.end(rest)
            return wording.series(key, first, rest) + wording.series_end
        if layout.is_flat:
            return self._observations(data, self._whole_keys(key, data.document[TIME]))
        assert self._along is not None  # noqa: S101 - there are series
        first, rest = self._constants(data, self._at_series)
        observations = self._observations(data, list(map(self._along, data.document[TIME])))
        return wording.series(key, first, rest) + observations + wording.series_end

    # -- series as they are stored ------------------------------------------------------

    def stored(self, batch: StoredSeries) -> str:
        """Series as they are stored."""
        texts: list[str] = []
        before, after = self._at_observation[0].parts
        for data in self._reader.read(batch):
            if isinstance(data, SeriesData):
                texts.append(self.series(data))
                continue
            first, rest, tail = data.same
            codes = zip(self._key, data.key, strict=True)
            key = "".join([write(code) for write, code in codes])
            if self.layout.is_flat:
                heads = self._whole_keys(key, data.times)
                tail = after + tail
                pairs = zip(heads, data.values, strict=True)
                texts += [f"{head}{before}{value}{tail}" for head, value in pairs]
                continue
            texts.append(self.wording.series(key, first, rest))
            texts.append(self._rows(data.times, data.values, before, after + tail))
            texts.append(self.wording.series_end)
        return "".join(texts)

    def _same(self, data: SeriesData) -> tuple[str, str, str]:
        """What stands with a series in two parts, and what stands after each value."""
        first, rest = self._constants(data, self._at_observation[1:])
        return *self._constants(data, self._at_series), first + self.wording.end(rest)

    def _rows(self, times: list[str], values: list[str], before: str, after: str) -> str:
        """Observations of which only the period and the value vary.

        Series of a dataset mostly have the same periods: what stands before the values is kept.
        """
        kept, heads = self._times
        if kept != times:
            assert self._along is not None  # noqa: S101 - there are series
            heads = [f"{self._along(time)}{before}" for time in times]
            self._times = times, heads
        return "".join([f"{head}{value}{after}" for head, value in zip(heads, values, strict=True)])

    # -- parts --------------------------------------------------------------------------

    def _values(self, named: Named) -> list[_Value]:
        wording = self.wording
        return [
            _Value(c, wording.value(c, name), self, is_first=wording.is_first(c, name))
            for c, name in named
        ]

    def _whole_keys(self, key: str, times: Sequence[str]) -> list[str]:
        """The beginnings of observations that stand alone."""
        begin, end = self.wording.alone
        if self._time is None:
            return [begin + key + end] * len(times)
        before, after = self._time
        head, tail = begin + key + before, after + end
        return [f"{head}{time}{tail}" for time in times]

    def _constants(self, data: SeriesData, values: Iterable[_Value]) -> tuple[str, str]:
        """What stands beside the key and in the element of its own, the same for all."""
        first = rest = ""
        for value in values:
            name = value.component.id
            found = data.upper.get(name)
            if found is None:
                found = _only(data.document.get(name))
            if value.is_first:
                first += value(found)
            else:
                rest += value(found)
        return first, rest

    def _observations(self, data: SeriesData, keys: list[str]) -> str:
        """Observations from their beginnings on."""
        first: list[Column] = []
        rest: list[Column] = []
        for value in self._at_observation:
            (first if value.is_first else rest).append(self._column(value, data))
        end = self.wording.end
        if all(isinstance(column, str) for column in rest):
            first.append(end("".join(map(str, rest))))
        else:
            first.append(
                [end("".join(row)) for row in zip(*_expanded(rest, len(keys)), strict=True)]
            )
        columns = _joined(first)
        if len(columns) == 2 and isinstance(columns[0], list) and isinstance(columns[1], str):
            # The usual series: only the value varies.
            tail = columns[1]
            return "".join([f"{k}{v}{tail}" for k, v in zip(keys, columns[0], strict=True)])
        rows = zip(keys, *_expanded(columns, len(keys)), strict=True)
        return "".join(map("".join, rows))

    def _column(self, value: _Value, data: SeriesData) -> Column:
        name = value.component.id
        if name in data.upper:
            return value(data.upper[name])
        found = data.document.get(name)
        return list(map(value, found)) if isinstance(found, list) else value(found)

    def text(self, component: Component, value: Any) -> str:  # noqa: ANN401
        """A value as one text, where it cannot have parts: 2.1 writes one language alone."""
        if isinstance(value, list):
            return _SEPARATOR.join([self.text(component, part) for part in value])
        if isinstance(value, Mapping):
            return self._languages.pick(value) or ""
        if self._is_old and value == MISSING and is_number(component):
            return "NaN"  # how 2.1 says of a number that it is missing
        return str(value)


class _Value:
    """Writes the values of one component, remembering how."""

    def __init__(
        self,
        component: Component,
        parts: Parts,
        text: DataSetText,
        *,
        is_first: bool = True,
    ) -> None:
        self.component = component
        self.parts = parts
        self.is_first = is_first
        self._text = text
        self._is_number = is_number(component)
        self._known: dict[str, str] = {}

    def __call__(self, value: Any) -> str:  # noqa: ANN401 - text, several, or text by language
        """A value with what is around it; nothing where there is none."""
        if value is None:
            return ""
        if not isinstance(value, str):
            return self._write(value)
        if self._is_number and value != MISSING:
            before, after = self.parts
            return f"{before}{value}{after}"
        known = self._known.get(value)
        if known is None:
            known = self._write(value)
            if len(self._known) < KNOWN_VALUES:
                self._known[value] = known
        return known

    def _write(self, value: Any) -> str:  # noqa: ANN401
        component, text = self.component, self._text
        wording = text.wording
        if isinstance(wording, SpecificWording) and wording.has_parts(component):
            return wording.several(component, value)
        before, after = self.parts
        return before + quote(text.text(component, value)) + after


def _only(value: Any) -> Any:  # noqa: ANN401
    """The value of a column that has but one, as those above the observations do."""
    if not isinstance(value, list):
        return value
    return next((one for one in value if one is not None), None)


def _expanded(columns: Sequence[Column], size: int) -> list[list[str]]:
    return [[column] * size if isinstance(column, str) else column for column in columns]


def _joined(columns: Sequence[Column]) -> list[Column]:
    """The columns, with neighbours that are the same for all put together."""
    joined: list[Column] = []
    for column in columns:
        if isinstance(column, str) and joined and isinstance(joined[-1], str):
            joined[-1] += column
        else:
            joined.append(column)
    return joined
