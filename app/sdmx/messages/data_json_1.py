"""Writing SDMX-JSON 1.0 data messages, and those of the working draft before it.

Version 1.0 has one structure for all datasets, one measure, which is not described, and no level
for attributes of some of the dimensions: these stand with the series. Of several measures the
primary one of SDMX 2.1 is the value, the others are attributes of the observation (see
`data_ml_names`). Every value but that is an index, so the values of all other components are held
until the end. A value of several parts is one text, with semicolons as in SDMX-CSV 1.0.

The working draft, `1.0.0-wd`, has the same content without `data` around it, and says `header`
where 1.0 says `meta`; services offer it to this day, and clients read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from app.errors import NotAcceptableError
from app.sdmx.flow import Component
from app.sdmx.messages.data_json_parts import links, trimmed, validity
from app.sdmx.messages.data_message import (
    SENDER,
    DataSet,
    Header,
    Layout,
    SeriesData,
    iso,
)
from app.sdmx.messages.data_ml_names import PRIMARY_MEASURE
from app.sdmx.messages.data_ml_places import Named, Places, places
from app.sdmx.messages.json_descriptions import Descriptions, descriptions
from app.sdmx.messages.json_numbers import json_number, json_numbers
from app.sdmx.negotiation import LanguageChoice
from app.sdmx.series import TIME, column

_SEPARATOR: Final = ";"
_SCHEMA: Final = (
    "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/data-message/tools/schemas/1.0/"
    "sdmx-json-data-schema.json"
)
_DRAFT: Final = "1.0.0-wd"
_ID: Final = re.compile(r"[A-Za-z0-9_@$-]+")
_NUMBERS: Final = frozenset(
    {"Decimal", "BigInteger", "Incremental", "Numeric", "Integer", "Long", "Short", "Count"}
    | {"Float", "Double"}
)


class Json1Writer:
    """Writes one message; `datasets` has one for each structure that it may hold.

    Raises:
        NotAcceptableError: the datasets need more than one structure.
    """

    def __init__(self, version: str, datasets: Sequence[DataSet]) -> None:
        layouts = [dataset.layout for dataset in datasets]
        if any(not _is_alike(layout, layouts[0]) for layout in layouts):
            raise NotAcceptableError(
                f"SDMX-JSON 1.0 holds data of one structure; these are of {len(layouts)}. "
                "Ask for one, or for SDMX-JSON 2.1.",
                f"SDMX-JSON 1.0 contiene datos de una estructura; estos son de {len(layouts)}. "
                "Pida una, o SDMX-JSON 2.1.",
            )
        self._is_draft = version == _DRAFT
        self._one_source = all(layout.one_source for layout in layouts)
        self._header: Header | None = None
        self._dataset: DataSet | None = None
        self._values: dict[str, dict[str, int]] = {}
        self._above: dict[str, str] = {}
        self._places = Places((), (), ())
        self._count = 0
        self._first = True

    def begin(self, header: Header) -> bytes:
        """The header."""
        self._header = header
        about: dict[str, Any] = {
            "id": header.id,
            "prepared": iso(header.prepared),
            "sender": {"id": SENDER},
        }
        if self._is_draft:
            return b'{"header":' + orjson.dumps(about) + b',"dataSets":['
        about |= {"schema": _SCHEMA, "contentLanguages": header.told}
        return b'{"meta":' + orjson.dumps(about) + b',"data":{"dataSets":['

    def begin_dataset(self, dataset: DataSet) -> bytes:
        """The members of a dataset that stand before its series."""
        self._dataset = dataset
        self._above = {}
        self._first = True
        self._places = places(dataset.layout, is_old=True, one_source=self._one_source)
        members = {"action": dataset.action, "links": self._links(dataset), **validity(dataset)}
        comma = b"," if self._count else b""
        self._count += 1
        name = b'"observations":{' if dataset.layout.is_flat else b'"series":{'
        return comma + orjson.dumps(members)[:-1] + b"," + name

    def write(self, batch: Sequence[SeriesData]) -> bytes:
        """Series of the current dataset; in the flat layout, their observations."""
        render = self._flat if self._layout.is_flat else self._series
        parts = [part for data in batch if (part := render(data))]
        if not parts:
            return b""
        comma = "" if self._first else ","
        self._first = False
        return (comma + ",".join(parts)).encode()

    def end_dataset(self) -> bytes:
        """Attributes of the dataset."""
        listed = [self._above.get(name, "null") for _, name in self._places.dataset]
        return f'}},"attributes":[{",".join(trimmed(listed))}]}}'.encode()

    def end(self) -> bytes:
        """The structure with all values that were written."""
        end = "}" if self._is_draft else "}}"
        return f'],"structure":{self._structure()}{end}'.encode()

    # -- series and observations --------------------------------------------------------

    def _series(self, data: SeriesData) -> str:
        layout = self._layout
        self._take_above(data)
        keyed = layout.key_dimensions
        attributes = [self._of_series(data, component) for component, _ in self._places.series]
        parts = [f'"attributes":[{",".join(trimmed(attributes))}]']
        along = layout.observation_dimension
        if layout.observations and along is not None:
            keys = [self._index(along.id, code) for code in data.document[TIME]]
            parts.append(f'"observations":{{{self._observations(data, keys)}}}')
        return f'"{self._key(keyed, data.key)}":{{{",".join(parts)}}}'

    def _flat(self, data: SeriesData) -> str:
        self._take_above(data)
        flow = self._layout.flow
        head = self._key(flow.dimensions, data.key)
        if not self._layout.observations:
            attributes = [self._of_series(data, c) for c, _ in self._places.series]
            return f'"{head}":[{",".join(["null", *attributes])}]'
        keys = [head]
        if flow.time is not None:
            keys = [f"{head}:{self._index(flow.time.id, t)}" for t in data.document[TIME]]
        return self._observations(data, keys)

    def _observations(self, data: SeriesData, keys: Sequence[str]) -> str:
        """Observations as members of an object: key, then the value, then indexes."""
        shown = self._places.observation
        columns = [self._column(data, component, name) for component, name in shown]
        if not shown or shown[0][1] != PRIMARY_MEASURE:
            columns.insert(0, ["null"] * len(keys))
        rows = [trimmed(list(row)) for row in zip(*columns, strict=True)]
        return ",".join([f'"{k}":[{",".join(row)}]' for k, row in zip(keys, rows, strict=True)])

    def _column(self, data: SeriesData, component: Component, name: str) -> list[str]:
        values = column(data.document, component.id)
        if component.id in data.upper:
            values = [data.upper[component.id]] * len(values)
        if component.level != "measure" or name != PRIMARY_MEASURE:
            return [self._attribute(component, value) for value in values]
        if component.codes is None and component.data_type in _NUMBERS:
            return json_numbers(values)
        return [self._value(component, value) for value in values]

    def _value(self, component: Component, value: Any) -> str:  # noqa: ANN401
        """A measure that is no number by its type; 1.0 has it as it is."""
        if value is None:
            return "null"
        text = self._text(value)
        return json_number(text) if text == "NaN" else orjson.dumps(text).decode()

    def _of_series(self, data: SeriesData, component: Component) -> str:
        value = data.upper.get(component.id)
        if value is None and component.id in data.document:
            listed = column(data.document, component.id)
            value = next((one for one in listed if one is not None), None)
        return self._attribute(component, value)

    def _take_above(self, data: SeriesData) -> None:
        """Remember the values of the dataset as they come first."""
        for component, name in self._places.dataset:
            if name not in self._above:
                found = self._of_series(data, component)
                if found != "null":
                    self._above[name] = found

    def _attribute(self, component: Component, value: Any) -> str:  # noqa: ANN401
        return "null" if value is None else self._index(component.id, self._text(value))

    def _text(self, value: Any) -> str:  # noqa: ANN401
        if isinstance(value, list):
            return _SEPARATOR.join(map(self._text, value))
        if isinstance(value, Mapping):
            return self._languages.pick(value) or ""
        return str(value)

    def _index(self, component: str, value: str) -> str:
        """The index of a value, in the order of first appearance."""
        known = self._values.setdefault(component, {})
        return str(known.setdefault(value, len(known)))

    def _key(self, dimensions: Sequence[Component], codes: Sequence[str]) -> str:
        pairs = zip(dimensions, codes, strict=True)
        return ":".join([self._index(dimension.id, code) for dimension, code in pairs])

    # -- the structure ------------------------------------------------------------------

    @property
    def _layout(self) -> Layout:
        assert self._dataset is not None  # noqa: S101 - begin_dataset() comes first
        return self._dataset.layout

    @property
    def _languages(self) -> LanguageChoice:
        assert self._header is not None  # noqa: S101 - begin() comes first
        return self._header.languages

    @property
    def _texts(self) -> Descriptions:
        return descriptions(self._languages, "1.0.0")

    def _structure(self) -> str:
        """Its name is that of what was asked for, of several that of their dataflow."""
        dataset, layout = self._dataset, self._layout
        assert dataset is not None  # noqa: S101 - begin_dataset() comes first
        names = dataset.names if self._count == 1 else layout.flow.names
        head = {"links": self._links(dataset), **self._texts.named(names)}
        flow = layout.flow
        every = (*flow.dimensions, *((flow.time,) if flow.time else ()))
        series: Sequence[Component] = ()
        observation: Sequence[Component] = every if layout.observations else flow.dimensions
        if not layout.is_flat:
            along = layout.observation_dimension
            series = layout.key_dimensions
            observation = [along] if layout.observations and along is not None else []
        place = {dimension.id: number for number, dimension in enumerate(every)}
        shown = self._places
        at_series, at_observation = shown.series, shown.observation
        if layout.is_flat and not layout.observations:
            at_series, at_observation = (), shown.series
        if at_observation and at_observation[0][1] == PRIMARY_MEASURE:
            at_observation = at_observation[1:]
        dimensions = {
            "dataSet": "",
            "series": ",".join([self._dimension(d, place[d.id]) for d in series]),
            "observation": ",".join([self._dimension(d, place[d.id]) for d in observation]),
        }
        attributes = {
            "dataSet": self._attributes(shown.dataset),
            "series": self._attributes(at_series),
            "observation": self._attributes(at_observation),
        }
        return (
            f"{orjson.dumps(head).decode()[:-1]},"
            f'"dimensions":{_levels(dimensions)},"attributes":{_levels(attributes)}}}'
        )

    def _dimension(self, dimension: Component, position: int) -> str:
        texts = self._texts
        if dimension.level == "time":
            values = [texts.period(value) for value in self._listed(dimension)]
        else:
            values = [texts.code(dimension, value) for value in self._listed(dimension)]
        listed = f'"keyPosition":{position},"values":[{",".join(values)}]'
        return f"{{{texts.component(dimension)},{listed}}}"

    def _attributes(self, named: Named) -> str:
        return ",".join([self._described(component) for component, _ in named])

    def _described(self, component: Component) -> str:
        relationship: dict[str, Any] = {"primaryMeasure": PRIMARY_MEASURE}
        shown: Mapping[str, Any] = component.relationship
        if "dimensions" in shown:
            relationship = {"dimensions": shown["dimensions"]}
        elif "dataflow" in shown:
            relationship = {"none": {}}
        described = {
            "id": component.undotted_id,
            **self._texts.named(component.names),
            "relationship": relationship,
        }
        # A reader in wide use passes over attributes without values, and so mistakes those that
        # follow: an attribute that no observation has gets a value that none refers to.
        values = [self._attribute_value(component, v) for v in self._listed(component)]
        return orjson.dumps(described | {"values": values or [{"name": ""}]}).decode()

    def _attribute_value(self, component: Component, value: str) -> dict[str, Any]:
        code = (component.codes or {}).get(value)
        if code is None or not _ID.fullmatch(value):
            return {"name": value}
        named = self._texts.named(code.names)
        # The draft has one name, and readers of it take nothing more.
        return {"id": value, "name": named["name"]} if self._is_draft else {"id": value, **named}

    def _listed(self, component: Component) -> list[str]:
        return list(self._values.get(component.id, ()))

    def _links(self, dataset: DataSet) -> list[dict[str, str]]:
        assert self._header is not None  # noqa: S101 - begin() comes first
        return links(dataset, self._header.base_url, "/sdmx/v1")


def _is_alike(one: Layout, other: Layout) -> bool:
    """Whether two layouts can be described by one structure."""
    return (
        one.flow is other.flow
        and one.measures == other.measures
        and one.attributes == other.attributes
    )


def _levels(levels: Mapping[str, str]) -> str:
    return "{" + ",".join([f'"{name}":[{listed}]' for name, listed in levels.items()]) + "}"
