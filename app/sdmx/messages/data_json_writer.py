"""Writing SDMX-JSON data messages: 2.1 and 2.0 (sdmx-json, data message field guide).

Datasets come first and structures last, since the values that indexes point to are known only
when all series have been written; the order of the members of an object says nothing.
Indexes are given in the order of first appearance; `order` carries that of the code list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from app.sdmx.flow import Component
from app.sdmx.messages.data_json_parts import links, trimmed, validity
from app.sdmx.messages.data_message import (
    SENDER,
    DataSet,
    Header,
    Layout,
    SeriesData,
    StoredSeries,
    iso,
)
from app.sdmx.messages.data_stored import PlainSeries, StoredReader, is_plain
from app.sdmx.messages.json_descriptions import Descriptions, descriptions
from app.sdmx.messages.json_numbers import json_number
from app.sdmx.series import TIME

_NUMBERS = frozenset({"Numeric", "Long", "Short", "Float", "Double", "Integer", "Count"})
_TEXTS = frozenset({"Decimal", "BigInteger"})
"""Numbers that JSON has as text."""

_Plain: TypeAlias = PlainSeries[tuple[str, str, Mapping[str, Any]]]
_SCHEMAS = {
    "2.1.0": "https://json.sdmx.org/2.1/sdmx-json-data-schema.json",
    "2.0.0": "https://json.sdmx.org/2.0.0/sdmx-json-data-schema.json",
}


class _Structure:
    """A structure of the message: its values by their indexes, and the datasets that use it."""

    def __init__(self, dataset: DataSet, version: str) -> None:
        self.dataset = dataset
        # The schema of 2.0 takes a whole number for two kinds at once, and so refuses it within
        # `values` and within arrays: such values stand as themselves there.
        self.is_old = version == "2.0.0"
        self.datasets: list[int] = []
        components = dataset.layout.flow.components
        self.values: dict[str, dict[str, int]] = {name: {} for name in components}

    def index(self, component: str, value: str) -> str:
        """The index of a value, in the order of first appearance."""
        known = self.values[component]
        return str(known.setdefault(value, len(known)))

    def key_of(self, dimensions: Sequence[Component], codes: Sequence[str]) -> str:
        """The indexes of codes, joined."""
        index = self.index
        return ":".join([index(d.id, code) for d, code in zip(dimensions, codes, strict=False)])

    def write(self, component: Component, value: Any) -> str:  # noqa: ANN401
        """A value at the observation: an index where the component is coded, else itself."""
        if value is None:
            return "null"
        if component.codes is not None:
            if isinstance(value, list):
                if self.is_old:
                    return orjson.dumps(value).decode()
                return f"[{','.join([self.index(component.id, code) for code in value])}]"
            return self.index(component.id, value)
        if isinstance(value, list) and not self.is_old:
            return f"[{','.join([self.write(component, part) for part in value])}]"
        if isinstance(value, str) and component.data_type in _NUMBERS:
            return json_number(value)
        if isinstance(value, str) and component.data_type == "Boolean":
            return "true" if value in {"true", "1"} else "false"
        return orjson.dumps(value).decode()

    def write_upper(self, component: Component, value: Any) -> str:  # noqa: ANN401
        """A value above the observation: always an index, since the same stands again and again."""
        if value is None or component.codes is not None:
            return self.write(component, value)
        if self.is_old and component.data_type in _NUMBERS:
            return self.write(component, value)
        return self.index(component.id, self.write(component, value))

    def column(self, component: Component, values: list[Any]) -> list[str]:
        """The values of a column at the observation."""
        if component.codes is None and component.data_type == "Decimal" and None not in values:
            return [f'"{value}"' for value in values]
        return [self.write(component, value) for value in values]


class JsonWriter:
    """Writes one message.

    Layouts: series with the time dimension (or any other) at the observation, or flat.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self._header: Header | None = None
        self._structures: list[_Structure] = []
        self._count = 0
        self._now: _Structure | None = None
        self._groups: dict[str, dict[int, Any]] = {}
        self._first = True
        self._reader: StoredReader[tuple[str, str, Mapping[str, Any]]] | None = None
        self._times: tuple[list[str], list[str]] = [], []

    def begin(self, header: Header) -> bytes:
        """The header."""
        self._header = header
        meta: dict[str, Any] = {
            "id": header.id,
            "prepared": iso(header.prepared),
            "contentLanguages": header.told,
            "sender": {"id": SENDER},
        }
        message: dict[str, Any] = {"meta": meta}
        if self.version == "2.0.0":
            meta["schema"] = _SCHEMAS[self.version]
        else:
            message = {"$schema": _SCHEMAS[self.version], **message}
        return orjson.dumps(message)[:-1] + b',"data":{"dataSets":['

    def begin_dataset(self, dataset: DataSet) -> bytes:
        """The members of a dataset that stand before its series."""
        place = self._structure_of(dataset)
        self._now = self._structures[place]
        self._now.datasets.append(self._count)
        self._groups = {}
        measures = dataset.layout.measures
        self._reader = StoredReader(measures[0].id, self._same) if measures else None
        self._times = [], []
        self._first = True
        members: dict[str, Any] = {"structure": place, "action": dataset.action}
        if self.version == "2.0.0":
            members["links"] = self._links(dataset)
        members |= validity(dataset)
        comma = b"," if self._count else b""
        self._count += 1
        name = b'"observations":{' if _stands_alone(dataset.layout) else b'"series":{'
        return comma + orjson.dumps(members)[:-1] + b"," + name

    def write(self, batch: Sequence[SeriesData]) -> bytes:
        """Series of the current dataset; in the flat layout, their observations."""
        now = self._current
        render = self._flat if _stands_alone(now.dataset.layout) else self._series
        parts = [part for data in batch if (part := render(now, data))]
        if not parts:
            return b""
        comma = "" if self._first else ","
        self._first = False
        return (comma + ",".join(parts)).encode()

    def takes_stored(self, layout: Layout) -> bool:
        """Whether it writes series of this layout as they are stored: a decimal along time."""
        return is_plain(layout) and layout.measures[0].data_type in _TEXTS

    def write_stored(self, batch: StoredSeries) -> bytes:
        """Series of the current dataset as they are stored."""
        now = self._current
        assert self._reader is not None  # noqa: S101 - there is a measure
        usual = self._flat if now.dataset.layout.is_flat else self._series
        plain = self._plain_flat if now.dataset.layout.is_flat else self._plain_series
        parts = [
            usual(now, data) if isinstance(data, SeriesData) else plain(now, data)
            for data in self._reader.read(batch)
        ]
        comma = "" if self._first else ","
        self._first = False
        return (comma + ",".join(parts)).encode()

    def end_dataset(self) -> bytes:
        """Attributes of groups and of the dataset."""
        now = self._current
        above = now.dataset.layout.above_series
        of_group = [place for place, attribute in enumerate(above) if attribute.positions]
        of_dataset = [place for place, attribute in enumerate(above) if not attribute.positions]
        groups: list[str] = []
        closing = "}"
        for key, values in self._groups.items():
            open_key = not key.strip(":")
            places = of_dataset if open_key else of_group
            cells = [now.write_upper(above[place], values.get(place)) for place in places]
            listed = f"[{','.join(trimmed(cells))}]"
            if open_key:
                closing += f',"attributes":{listed}'
            else:
                groups.append(f'"{key}":{listed}')
        if groups:
            closing += f',"dimensionGroupAttributes":{{{",".join(groups)}}}'
        return (closing + "}").encode()

    def end(self) -> bytes:
        """The structures with all values that were written."""
        described = ",".join([self._describe(structure) for structure in self._structures])
        return f'],"structures":[{described}]}}}}'.encode()

    # -- series and observations --------------------------------------------------------

    def _series(self, now: _Structure, data: SeriesData) -> str:
        layout = now.dataset.layout
        key = now.key_of(layout.key_dimensions, data.key)
        self._take_groups(now, data)
        attributes = trimmed([now.write_upper(a, data.upper.get(a.id)) for a in layout.at_series])
        parts = [f'"attributes":[{",".join(attributes)}]'] if attributes else []
        if layout.observations:
            along = layout.observation_dimension
            keys = [now.index(along.id, code) for code in data.document[TIME]] if along else ["0"]
            parts.append(f'"observations":{{{_observations(now, data, keys)}}}')
        return f'"{key}":{{{",".join(parts)}}}'

    def _flat(self, now: _Structure, data: SeriesData) -> str:
        flow = now.dataset.layout.flow
        head = now.key_of(flow.dimensions, data.key)
        keys = [head]
        if flow.time is not None:
            name = flow.time.id
            keys = [f"{head}:{now.index(name, time)}" for time in data.document[TIME]]
        return _observations(now, data, keys)

    def _same(self, data: SeriesData) -> tuple[str, str, Mapping[str, Any]]:
        """What stands before and after the observations of a series, and what is above it."""
        now = self._current
        layout = now.dataset.layout
        above = {a.id: data.upper[a.id] for a in layout.above_series if a.id in data.upper}
        attributes = trimmed([now.write_upper(a, data.upper.get(a.id)) for a in layout.at_series])
        head = f'"attributes":[{",".join(attributes)}],' if attributes else ""
        rest = [
            now.write(c, data.upper.get(c.id, data.document.get(c.id)))
            for c in layout.at_observation[1:]
        ]
        return head, "".join(["," + cell for cell in trimmed(rest)]), above

    def _plain_series(self, now: _Structure, data: _Plain) -> str:
        layout = now.dataset.layout
        head, rest, above = data.same
        if above:
            self._take_groups(now, SeriesData(tuple(data.key), {}, above))
        tail = f'"{rest}]'
        pairs = zip(self._time_indexes(now, data.times), data.values, strict=True)
        listed = ",".join([f'"{time}":["{value}{tail}' for time, value in pairs])
        key = now.key_of(layout.series_dimensions, data.key)
        return f'"{key}":{{{head}"observations":{{{listed}}}}}'

    def _plain_flat(self, now: _Structure, data: _Plain) -> str:
        key = now.key_of(now.dataset.layout.flow.dimensions, data.key)
        head, tail = f'"{key}:', f'"{data.same[1]}]'
        pairs = zip(self._time_indexes(now, data.times), data.values, strict=True)
        return ",".join([f'{head}{time}":["{value}{tail}' for time, value in pairs])

    def _time_indexes(self, now: _Structure, times: list[str]) -> list[str]:
        """The indexes of periods: series of a dataset mostly have the same."""
        kept, indexes = self._times
        if kept != times:
            time = now.dataset.layout.flow.time
            assert time is not None  # noqa: S101 - plain series have periods
            indexes = [now.index(time.id, one) for one in times]
            self._times = times, indexes
        return indexes

    def _take_groups(self, now: _Structure, data: SeriesData) -> None:
        """Remember the values that stand above the series, at their keys."""
        for place, attribute in enumerate(now.dataset.layout.above_series):
            value = data.upper.get(attribute.id)
            if value is None:
                continue
            dimensions = now.dataset.layout.flow.dimensions
            codes = [""] * (len(dimensions) + 1)
            for position in attribute.positions:
                codes[position] = now.key_of(
                    dimensions[position : position + 1], data.key[position:]
                )
            self._groups.setdefault(":".join(codes), {}).setdefault(place, value)

    # -- structures ---------------------------------------------------------------------

    @property
    def _current(self) -> _Structure:
        assert self._now is not None  # noqa: S101 - begin_dataset() comes first
        return self._now

    def _structure_of(self, dataset: DataSet) -> int:
        for place, structure in enumerate(self._structures):
            if structure.dataset.urn == dataset.urn and structure.dataset.layout == dataset.layout:
                return place
        self._structures.append(_Structure(dataset, self.version))
        return len(self._structures) - 1

    def _describe(self, structure: _Structure) -> str:
        dataset = structure.dataset
        layout = dataset.layout
        flow = layout.flow
        every = (*flow.dimensions, *((flow.time,) if flow.time else ()))
        series: Sequence[Component] = ()
        observation: Sequence[Component] = every
        if not _stands_alone(layout):
            along = layout.observation_dimension
            series = layout.key_dimensions
            observation = [along] if layout.observations and along is not None else []
        shown = self._component
        above = layout.above_series
        measures = [c for c in layout.at_observation if c.level == "measure"]
        attributes = [c for c in layout.at_observation if c.level != "measure"]
        members = {
            "dimensions": {
                "dataSet": [],
                "series": [shown(structure, d, every.index(d)) for d in series],
                "observation": [shown(structure, d, every.index(d)) for d in observation],
            },
            "measures": {"observation": [shown(structure, m) for m in measures]},
            "attributes": {
                "dataSet": [shown(structure, a) for a in above if not a.positions],
                "dimensionGroup": [shown(structure, a) for a in above if a.positions],
                "series": [shown(structure, a) for a in layout.at_series],
                "observation": [shown(structure, a) for a in attributes],
            },
        }
        head = {
            "links": self._links(dataset),
            **self._texts.named(dataset.names),
            "dataSets": structure.datasets,
        }
        parts = [orjson.dumps(head).decode()[1:-1]]
        for name, levels in members.items():
            lists = [f'"{level}":[{",".join(part)}]' for level, part in levels.items()]
            parts.append(f'"{name}":{{{",".join(lists)}}}')
        return f"{{{','.join(parts)}}}"

    def _component(self, structure: _Structure, component: Component, place: int = -1) -> str:
        texts = self._texts
        listed = structure.values[component.id]
        position = "" if place < 0 else f',"keyPosition":{place}'
        values = ""
        if listed:
            if component.level == "time":
                described = [texts.period(value) for value in listed]
            elif component.codes is not None:
                described = [texts.code(component, value) for value in listed]
            elif component.level == "dimension":
                described = [f'{{"value":{orjson.dumps(value).decode()}}}' for value in listed]
            else:
                name = "values" if component.is_multi_valued else "value"
                described = [f'{{"{name}":{value}}}' for value in listed]
            values = f',"values":[{",".join(described)}]'
        return f"{{{texts.component(component)}{position}{values}}}"

    @property
    def _texts(self) -> Descriptions:
        return descriptions(self._head.languages, self.version)

    def _links(self, dataset: DataSet) -> list[dict[str, str]]:
        return links(dataset, self._head.base_url, "/sdmx/v2/structure")

    @property
    def _head(self) -> Header:
        assert self._header is not None  # noqa: S101 - begin() comes first
        return self._header


def _stands_alone(layout: Layout) -> bool:
    """Whether observations stand without series; where none are shown there are series alone."""
    return layout.is_flat and layout.observations


def _observations(now: _Structure, data: SeriesData, keys: Sequence[str]) -> str:
    """Observations as members of an object: key, then measures and attributes."""
    columns: list[str | list[str]] = []
    for component in now.dataset.layout.at_observation:
        name = component.id
        value = data.upper.get(name) if name in data.upper else data.document.get(name)
        if isinstance(value, list) and name in data.document:
            columns.append(now.column(component, value))
        else:
            columns.append(now.write(component, value))
    while columns and columns[-1] == "null":
        columns.pop()
    if columns and isinstance(columns[0], list) and all(isinstance(c, str) for c in columns[1:]):
        # The usual series: only the value varies.
        tail = "".join(["," + column for column in columns[1:] if isinstance(column, str)])
        return ",".join([f'"{k}":[{v}{tail}]' for k, v in zip(keys, columns[0], strict=True)])
    cells = [[c] * len(keys) if isinstance(c, str) else c for c in columns]
    if not cells:
        return ",".join([f'"{key}":[]' for key in keys])
    rows = zip(*cells, strict=True)
    return ",".join([f'"{k}":[{",".join(row)}]' for k, row in zip(keys, rows, strict=True)])
