"""Data messages of every format read as a client has to, written from the standard.

JSON 2.x and CSV are read by `tests.data_messages`; here are SDMX-JSON 1.0 and SDMX-ML, and what
makes the datasets of all comparable.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree

from tests.data_messages import ReadDataSet, read_json
from tests.fixture_model import Shape, canonical, column_id, short, sub_fields

XML = "{http://www.w3.org/XML/1998/namespace}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
ONE_VALUE = "OBS_VALUE"
"""What the one value of an observation of SDMX 2.1 is called."""


def read_message(body: bytes, media_type: str, shape: Shape) -> list[ReadDataSet]:
    """The datasets of a message of any format about one dataflow."""
    name, _, version = media_type.replace(" ", "").partition(";version=")
    version = version.partition(";")[0]
    kind = name.removeprefix("application/vnd.sdmx.")
    if kind == "data+csv":
        return read_csv(body, shape)
    if kind == "data+json":
        message = json.loads(body)
        return read_json(message) if version.startswith("2") else read_json_1(message, shape)
    root = etree.fromstring(body)
    if kind.startswith("generic"):
        return read_generic(root, shape)
    return read_structure_specific(root, shape, version)


# -- SDMX-CSV ---------------------------------------------------------------------------------

ACTIONS = {"R": "Replace", "M": "Merge", "D": "Delete", "I": "Information", "A": "Append"}
OTHERS = ("STRUCTURE", "STRUCTURE_NAME", "SERIES_KEY", "OBS_KEY")


def read_csv(body: bytes, shape: Shape) -> list[ReadDataSet]:
    """The datasets of an SDMX-CSV message; rows of one structure, action and validity are one."""
    lines = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), strict=True)
    header = next(lines)
    assert len(set(header)) == len(header)
    separator = header[0][10] if header[0].startswith("STRUCTURE[") else ";"
    datasets: dict[tuple[str, str, str, str], ReadDataSet] = {}
    for line in lines:
        row = {
            column_id(name): _csv_cell(name, cell, separator)
            for name, cell in zip(header, line, strict=True)
            if cell != ""
        }
        about = (
            row.pop("STRUCTURE_ID", "") or row.pop("DATAFLOW", ""),
            ACTIONS[row.pop("ACTION", "I")],
            row.pop("VALID_FROM", ""),
            row.pop("VALID_TO", ""),
        )
        read = datasets.setdefault(
            about, ReadDataSet(about[0], about[1], about[2] or None, about[3] or None)
        )
        for name in OTHERS:
            row.pop(name, None)
        key = tuple(row.pop(name) for name in shape.every_dimension if name in row)
        target = read.rows if len(key) == len(shape.every_dimension) else read.series
        assert key not in target, f"{key} comes twice"
        target[key] = row
    return list(datasets.values())


def _csv_cell(column: str, cell: str, separator: str) -> Any:
    if not column.endswith("]") or column.startswith("STRUCTURE["):
        # A metadata attribute below one that comes several times comes several times itself.
        return sub_fields(cell, separator) if "[]" in column else cell
    parts = sub_fields(cell, separator)
    if column.endswith("[]"):
        return parts
    return dict(part.split(":", 1) for part in parts)


# -- SDMX-JSON 1.0 ----------------------------------------------------------------------------


def read_json_1(message: Mapping[str, Any], shape: Shape) -> list[ReadDataSet]:
    """The datasets of an SDMX-JSON 1.0 message: one structure, one value first."""
    data = message["data"]
    structure = data["structure"]
    link = next(each for each in structure["links"] if "urn" in each)
    return [_json_1_dataset(each, structure, link["urn"], shape) for each in data["dataSets"]]


def _json_1_dataset(
    dataset: Mapping[str, Any], structure: Mapping[str, Any], urn: str, shape: Shape
) -> ReadDataSet:
    read = ReadDataSet(
        urn,
        dataset.get("action", "Information"),
        dataset.get("validFrom"),
        dataset.get("validTo"),
    )
    dimensions, attributes = structure["dimensions"], structure.get("attributes", {})
    fixed = {one["id"]: one["values"][0]["id"] for one in dimensions.get("dataSet", [])}
    upper = _by_index(attributes.get("dataSet", []), dataset.get("attributes", []))
    read.attributes = upper

    def take(
        codes: dict[str, str], found: Mapping[str, Sequence[Any]], above: dict[str, Any]
    ) -> None:
        for key, cells in found.items():
            own = codes | _codes(dimensions.get("observation", []), key)
            row = dict(above)
            if cells and cells[0] is not None:
                row[_first_measure(shape)] = cells[0]
            row |= _by_index(attributes.get("observation", []), cells[1:])
            whole = tuple(own[name] for name in shape.every_dimension)
            assert whole not in read.rows
            read.rows[whole] = row

    take(fixed, dataset.get("observations", {}), upper)
    for key, series in dataset.get("series", {}).items():
        codes = fixed | _codes(dimensions.get("series", []), key)
        above = upper | _by_index(attributes.get("series", []), series.get("attributes", []))
        read.series[tuple(codes[name] for name in shape.every_dimension if name in codes)] = above
        take(codes, series.get("observations", {}), above)
    return read


def _codes(dimensions: Sequence[Mapping[str, Any]], key: str) -> dict[str, str]:
    places = key.split(":")
    assert len(places) == len(dimensions)
    return {
        one["id"]: one["values"][int(place)]["id"]
        for one, place in zip(dimensions, places, strict=True)
    }


def _by_index(components: Sequence[Mapping[str, Any]], cells: Sequence[Any]) -> dict[str, Any]:
    read = {}
    for component, cell in zip(components, cells, strict=False):
        if cell is not None:
            value = component["values"][cell]
            read[component["id"]] = value.get("id", value.get("name"))
    for component in components[len(cells) :]:
        if component.get("default") is not None:
            read[component["id"]] = component["default"]
    return read


def _first_measure(shape: Shape) -> str:
    measures = [part.id for part in shape.parts.values() if part.measure]
    return ONE_VALUE if ONE_VALUE in measures else measures[0]


# -- SDMX-ML ----------------------------------------------------------------------------------


def read_generic(root: Any, shape: Shape) -> list[ReadDataSet]:
    """The datasets of an SDMX-ML 2.1 generic message, time series or not."""
    structures = _structures(root)
    return [_generic_dataset(each, structures, shape) for each in _children(root, "DataSet")]


def _generic_dataset(
    dataset: Any, structures: Mapping[str, tuple[str, str]], shape: Shape
) -> ReadDataSet:
    urn, at_observation = structures[dataset.get("structureRef")]
    read = _dataset(dataset, urn, "")
    read.attributes = _pairs(dataset, "Attributes")
    groups = [
        (_pairs(group, "GroupKey"), _pairs(group, "Attributes"))
        for group in _children(dataset, "Group")
    ]

    def take(codes: dict[str, str], observation: Any, above: dict[str, Any]) -> None:
        row = {**read.attributes, **_of_groups(groups, codes), **above}
        for value in _children(observation, "ObsValue"):
            row[value.get("id") or _first_measure(shape)] = value.get("value")
        row |= _pairs(observation, "Attributes")
        _put(read, shape, codes, row)

    for series in _children(dataset, "Series"):
        codes, above = _pairs(series, "SeriesKey"), _pairs(series, "Attributes")
        _put_series(read, shape, codes, {**read.attributes, **_of_groups(groups, codes), **above})
        for observation in _children(series, "Obs"):
            [place] = _children(observation, "ObsDimension")
            take(
                {**codes, place.get("id") or at_observation: place.get("value")}, observation, above
            )
    for observation in _children(dataset, "Obs"):
        take(_pairs(observation, "ObsKey"), observation, {})
    return read


def read_structure_specific(root: Any, shape: Shape, version: str) -> list[ReadDataSet]:
    """The datasets of a structure-specific SDMX-ML message, 2.1, 3.0 or 3.1."""
    # In 2.1 the id of the primary measure is fixed.
    renamed = {ONE_VALUE: _first_measure(shape)} if version == "2.1" else {}
    structures = _structures(root)
    namespace = next(
        (uri for uri in root.nsmap.values() if uri.endswith("/data/structurespecific")), ""
    )
    return [
        _specific_dataset(each, structures, f"{{{namespace}}}", shape, renamed)
        for each in _children(root, "DataSet")
    ]


def _specific_dataset(
    dataset: Any,
    structures: Mapping[str, tuple[str, str]],
    ss: str,
    shape: Shape,
    renamed: Mapping[str, str],
) -> ReadDataSet:
    urn, _ = structures[dataset.get(f"{ss}structureRef")]
    read = _dataset(dataset, urn, ss)
    read.attributes = _cells(dataset)
    groups = []
    for name in ("Group", "Atts"):
        for group in _children(dataset, name):
            cells = _cells(group)
            key = {n: cells.pop(n) for n in shape.every_dimension if n in cells}
            groups.append((key, cells))

    def take(codes: dict[str, str], observation: Any, above: dict[str, Any]) -> None:
        cells = {renamed.get(name, name): cell for name, cell in _cells(observation).items()}
        own = codes | {n: cells.pop(n) for n in shape.every_dimension if n in cells}
        _put(read, shape, own, {**read.attributes, **_of_groups(groups, own), **above, **cells})

    for series in _children(dataset, "Series"):
        above = _cells(series)
        codes = {n: above.pop(n) for n in shape.every_dimension if n in above}
        _put_series(read, shape, codes, {**read.attributes, **_of_groups(groups, codes), **above})
        for observation in _children(series, "Obs"):
            take(codes, observation, above)
    for observation in _children(dataset, "Obs"):
        take({}, observation, {})
    return read


def _dataset(dataset: Any, urn: str, prefix: str) -> ReadDataSet:
    return ReadDataSet(
        urn,
        dataset.get(f"{prefix}action") or "Information",
        dataset.get(f"{prefix}validFromDate"),
        dataset.get(f"{prefix}validToDate"),
    )


def _structures(root: Any) -> dict[str, tuple[str, str]]:
    """By the name that datasets use: what a structure of the header is, and its dimension."""
    [header] = _children(root, "Header")
    return {
        each.get("structureID"): (_reference(each), each.get("dimensionAtObservation"))
        for each in _children(header, "Structure")
    }


def _reference(structure: Any) -> str:
    names = {"ProvisionAgreement", "ProvisionAgrement", "StructureUsage", "Structure"}
    [named] = [one for one in structure if etree.QName(one).localname in names]
    references = _children(named, "Ref")
    if not references:
        urns = _children(named, "URN")
        return short((urns[0] if urns else named).text.strip())
    [one] = references
    return f"{one.get('agencyID')}:{one.get('id')}({one.get('version', '1.0')})"


def _children(element: Any, name: str) -> list[Any]:
    return [
        one for one in element if isinstance(one.tag, str) and etree.QName(one).localname == name
    ]


def _pairs(element: Any, name: str) -> dict[str, Any]:
    """The values of a part of generic data; what comes several times is several values."""
    read: dict[str, Any] = {}
    for part in _children(element, name):
        for value in _children(part, "Value"):
            _add(read, value.get("id"), value.get("value"))
    return read


def _add(read: dict[str, Any], name: str, value: Any) -> None:
    if name in read:
        known = read[name]
        read[name] = [*(known if isinstance(known, list) else [known]), value]
    else:
        read[name] = value


def _cells(element: Any) -> dict[str, Any]:
    """Components of an element of structure-specific data, as attributes or as `Comp`."""
    read: dict[str, Any] = {
        name: value for name, value in element.attrib.items() if not name.startswith("{")
    }
    read.pop("type", None)
    for component in _children(element, "Comp"):
        name = component.get("id")
        assert name not in read, f"{name} is there twice"
        values = [_comp_value(value) for value in _children(component, "Value")]
        read[name] = values[0] if len(values) == 1 else values
    return read


def _comp_value(value: Any) -> Any:
    texts = _children(value, "Text") + _children(value, "StructuredText")
    if texts:
        return {text.get(f"{XML}lang", "en"): text.text or "" for text in texts}
    return value.text or ""


def _of_groups(
    groups: Sequence[tuple[Mapping[str, str], dict[str, Any]]], codes: Mapping[str, str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, values in groups:
        if all(codes.get(name) == code for name, code in key.items()):
            found |= values
    return found


def _put(read: ReadDataSet, shape: Shape, codes: Mapping[str, str], row: dict[str, Any]) -> None:
    key = tuple(codes[name] for name in shape.every_dimension)
    assert key not in read.rows, f"{key} comes twice"
    read.rows[key] = row


def _put_series(
    read: ReadDataSet, shape: Shape, codes: Mapping[str, str], row: dict[str, Any]
) -> None:
    read.series[tuple(codes[name] for name in shape.every_dimension if name in codes)] = row


# -- comparing --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """What a format can say.

    Attributes:
        every_language: whether a text stands in all its languages; else in English.
        several: whether values stand one by one; else joined in one text.
    """

    every_language: bool
    several: bool


def words_of(media_type: str) -> Words:
    """What a format can say: before SDMX 3.0 a component has one value in one language."""
    version = media_type.partition(";version=")[2]
    modern = not version.startswith("1") and version != "2.1"
    return Words(modern and "csv" not in media_type, modern)


EVERYTHING = Words(every_language=True, several=True)


def said(rows: Mapping[tuple[str, ...], Mapping[str, Any]], shape: Shape, words: Words) -> Any:
    """Rows as they mean the same in every format, said as far as one of them can say it."""
    return {
        key: {name: _said(shape, name, value, words) for name, value in row.items()}
        for key, row in rows.items()
    }


def _said(shape: Shape, name: str, value: Any, words: Words) -> Any:
    part = shape.parts.get(name)
    if part is not None and part.many:
        listed = value if isinstance(value, list) else [value]
        # What keeps values apart in one text is left to the format.
        value = listed if words.several else ";".join(map(str, listed)).replace('"', "")
    plain = canonical(part, value)
    if words.every_language:
        return plain
    return [_english(each) for each in plain] if isinstance(plain, list) else _english(plain)


def _english(value: Any) -> Any:
    if isinstance(value, dict):
        return value.get("en") or next(iter(value.values()))
    return value
