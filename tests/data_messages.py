"""Data messages read back by their field guides, and the official schemas as judges.

The readers know nothing of the writers: they follow the indexes, levels and columns as any
client has to.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.json_schemas import judge

Key = tuple[str, ...]


@dataclass
class ReadDataSet:
    """A dataset as a client understands it.

    Attributes:
        rows: by whole key (time last), what is said of the observation at any level.
        series: by key without time, what is said of the series and above it.
        attributes: what is said of the dataset as a whole.
    """

    structure: str
    action: str
    valid_from: str | None = None
    valid_to: str | None = None
    rows: dict[Key, dict[str, Any]] = field(default_factory=dict)
    series: dict[Key, dict[str, Any]] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)


def check_data(body: bytes | str, version: str = "2.1.0") -> dict[str, Any]:
    """Read a message that must be valid, formats included (C119)."""
    message: dict[str, Any] = json.loads(body, object_pairs_hook=_unique)
    judge(message, "data", version)
    return message


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name comes twice: {sorted(names)}"
    return dict(pairs)


# -- SDMX-JSON --------------------------------------------------------------------------------


def read_json(message: Mapping[str, Any]) -> list[ReadDataSet]:
    """The datasets of an SDMX-JSON 2.x message."""
    data = message["data"]
    return [_json_dataset(each, data["structures"][each["structure"]]) for each in data["dataSets"]]


def _json_dataset(dataset: Mapping[str, Any], structure: Mapping[str, Any]) -> ReadDataSet:
    read = ReadDataSet(
        structure["links"][0]["urn"],
        dataset.get("action", "Merge"),
        dataset.get("validFrom"),
        dataset.get("validTo"),
    )
    levels = structure["dimensions"]
    places = {d["id"]: d["keyPosition"] for level in levels.values() for d in level}
    assert len(set(places.values())) == len(places)
    attributes = structure["attributes"]
    read.attributes = _values(attributes.get("dataSet", []), dataset.get("attributes", []))
    fixed = {d["id"]: _text(d["values"][0]) for d in levels.get("dataSet", [])}
    groups = [
        (key.split(":"), _values(attributes.get("dimensionGroup", []), values))
        for key, values in dataset.get("dimensionGroupAttributes", {}).items()
    ]
    every = {d["id"]: d for level in levels.values() for d in level}
    for parts, _ in groups:
        assert len(parts) == len(places) or "TIME_PERIOD" not in places

    def of_groups(codes: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for parts, values in groups:
            at = {
                name: _text(every[name]["values"][int(parts[place])])
                for name, place in places.items()
                if place < len(parts) and parts[place] not in ("", "~")
            }
            if all(codes.get(name) == code for name, code in at.items()):
                found.update(values)
        return found

    def key_of(codes: Mapping[str, str]) -> Key:
        return tuple(codes[name] for name in sorted(codes, key=places.__getitem__))

    components = [*structure["measures"]["observation"], *attributes.get("observation", [])]

    def take(codes: dict[str, str], observations: Mapping[str, Any], upper: dict[str, Any]) -> None:
        for indexes, cells in observations.items():
            own = codes | _codes(levels.get("observation", []), indexes)
            key = key_of(own)
            assert key not in read.rows, f"{key} comes twice"
            read.rows[key] = {
                **read.attributes,
                **of_groups(own),
                **upper,
                **_values(components, cells),
            }

    take(fixed, dataset.get("observations", {}), {})
    for indexes, series in dataset.get("series", {}).items():
        codes = fixed | _codes(levels.get("series", []), indexes)
        own = _values(attributes.get("series", []), series.get("attributes", []))
        key = key_of(codes)
        assert key not in read.series
        read.series[key] = {**read.attributes, **of_groups(codes), **own}
        take(codes, series.get("observations", {}), own)
    return read


def _codes(dimensions: Sequence[Mapping[str, Any]], indexes: str) -> dict[str, str]:
    if not dimensions:
        return {}
    parts = indexes.split(":")
    assert len(parts) == len(dimensions)
    return {d["id"]: _text(d["values"][int(i)]) for d, i in zip(dimensions, parts, strict=True)}


def _values(components: Sequence[Mapping[str, Any]], cells: Sequence[Any]) -> dict[str, Any]:
    assert len(cells) <= len(components)
    read: dict[str, Any] = {}
    for component, cell in zip(components, cells, strict=False):
        if cell is None:
            continue
        listed = component.get("values")
        if listed is None:
            read[component["id"]] = cell
        elif isinstance(cell, list):
            read[component["id"]] = [_text(listed[index]) for index in cell]
        else:
            read[component["id"]] = _text(listed[cell])
    for component in components[len(cells) :]:
        if "default" in component:
            read[component["id"]] = component["default"]
    return read


def _text(value: Mapping[str, Any]) -> Any:
    return next(value[name] for name in ("id", "value", "values") if name in value)


# -- SDMX-CSV ---------------------------------------------------------------------------------

HEAD = ("STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "SERIES_KEY", "OBS_KEY")


def read_csv(body: bytes | str, dimensions: Sequence[str]) -> list[ReadDataSet]:
    """The datasets of an SDMX-CSV message; `dimensions` in the order of the structure, with time.

    Rows that follow each other with the same structure, action and validity are one dataset.
    """
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    datasets: list[ReadDataSet] = []
    for row in csv_rows(text):
        about = (
            row.pop("STRUCTURE_ID", None) or row.pop("DATAFLOW", ""),
            {"R": "Replace", "M": "Merge", "D": "Delete", "I": "Information"}[
                row.pop("ACTION", "I")
            ],
            row.pop("VALID_FROM", None),
            row.pop("VALID_TO", None),
        )
        last = datasets[-1] if datasets else None
        if last is None or (last.structure, last.action, last.valid_from, last.valid_to) != about:
            datasets.append(ReadDataSet(*about))
        codes = tuple(row.pop(name) for name in dimensions if name in row)
        for name in HEAD:
            row.pop(name, None)
        target = datasets[-1].rows if len(codes) == len(dimensions) else datasets[-1].series
        assert codes not in target, f"{codes} comes twice"
        target[codes] = row
    return datasets


def csv_rows(text: str) -> Iterator[dict[str, Any]]:
    """Rows by column, empty cells left out, cells of several values in parts."""
    lines = csv.reader(io.StringIO(text), strict=True)
    header = next(lines)
    assert len(set(header)) == len(header)
    separator = ";"
    if header[0].startswith("STRUCTURE["):
        separator, header[0] = header[0][len("STRUCTURE[")], "STRUCTURE"
    for cells in lines:
        assert len(cells) == len(header)
        yield {
            name.partition("[")[0]: _csv_cell(name, cell, separator)
            for name, cell in zip(header, cells, strict=True)
            if cell != ""
        }


def _csv_cell(name: str, cell: str, separator: str) -> Any:
    _name, bracket, inside = name.partition("[")
    if not bracket:
        return cell
    parts = next(csv.reader([cell], delimiter=separator, strict=True))
    if inside == "]":
        return parts
    return dict(part.split(":", 1) for part in parts)


def plain(rows: Mapping[Key, Mapping[str, Any]], language: str = "en") -> dict[Key, dict[str, str]]:
    """What rows say, whatever the format: all as text, lists joined, one language."""
    return {key: {n: _plain(v, language) for n, v in row.items()} for key, row in rows.items()}


def _plain(value: Any, language: str) -> str:
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, Mapping):
        return str(value.get(language) or next(iter(value.values())))
    return str(value)
