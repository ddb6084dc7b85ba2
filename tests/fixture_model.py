"""What the bundle of `tests/fixtures` says, worked out from its files by the rules of SDMX 3.1.

It knows nothing of the service: shapes are read from the structure files as they are written, and
the data are those files applied one after the other (Merge, Replace, Delete).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

FIXTURES = Path(__file__).parent / "fixtures"
MISSING = "(missing)"
"""What is intentionally missing, in whatever words (`NaN`, `#N/A`)."""

Key: TypeAlias = tuple[str, ...]
Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Part:
    """A measure or attribute: its type, and the dimensions that it is attached to.

    `dimensions` is None for what belongs to the observation; `metadata` tells an attribute of the
    metadata structure.
    """

    id: str
    data_type: str
    dimensions: tuple[str, ...] | None
    many: bool
    multilingual: bool
    measure: bool
    metadata: bool = False


@dataclass(frozen=True)
class Shape:
    """A dataflow with the components of its structure."""

    urn: str
    structure: str
    agreements: tuple[str, ...]
    dimensions: tuple[str, ...]
    time: str | None
    parts: Mapping[str, Part]

    @property
    def every_dimension(self) -> tuple[str, ...]:
        """The dimensions in the order of the structure, time last."""
        return (*self.dimensions, *((self.time,) if self.time else ()))


@dataclass
class Holding:
    """What an agreement holds: observations by whole key, other values by attribute and key."""

    observations: dict[Key, Row] = field(default_factory=dict)
    above: dict[tuple[str, Key], Any] = field(default_factory=dict)


@cache
def documents() -> dict[str, dict[str, Any]]:
    """All structures of the bundle by `Class=AGENCY:ID(VERSION)`."""
    found = {}
    for file in sorted((FIXTURES / "structures").glob("*.json")):
        for collection, artefacts in json.loads(file.read_bytes())["data"].items():
            for one in artefacts:
                short = f"{one['agencyID']}:{one['id']}({one['version']})"
                found[f"{collection}={short}"] = one
    return found


def short(urn: str) -> str:
    """`AGENCY:ID(VERSION)` of a URN, without an item."""
    return urn.rpartition("=")[2].partition(")")[0] + ")"


@cache
def shapes() -> dict[str, Shape]:
    """The dataflows by `AGENCY:ID(VERSION)`."""
    return {
        name.partition("=")[2]: _shape(name.partition("=")[2], document)
        for name, document in documents().items()
        if name.startswith("dataflows=")
    }


def _shape(urn: str, dataflow: Mapping[str, Any]) -> Shape:
    # The one reference with a wildcard of the bundle means the version 1.1.0.
    structure = short(dataflow["structure"]).replace("1.0+.0", "1.1.0")
    parts = documents()[f"dataStructures={structure}"]["dataStructureComponents"]
    written = sorted(parts["dimensionList"]["dimensions"], key=lambda one: one["position"])
    kept = dataflow.get("dimensionConstraint")
    dimensions = tuple(one["id"] for one in written if kept is None or one["id"] in kept)
    groups = {each["id"]: each["groupDimensions"] for each in parts.get("groups", [])}
    measures = [_part(one, None, measure=True) for one in parts["measureList"]["measures"]]
    attributes = [
        _part(one, _attached(one["attributeRelationship"], groups, dimensions), measure=False)
        for one in parts["attributeList"]["attributes"]
    ]
    metadata = documents().get(f"dataStructures={structure}", {}).get("metadata")
    usages = parts["attributeList"].get("metadataAttributeUsages", [])
    attributes += _metadata_parts(metadata, usages, groups, dimensions) if metadata else []
    agreements = tuple(
        name.partition("=")[2]
        for name, document in documents().items()
        if name.startswith("provisionAgreements=") and short(document["dataflow"]) == urn
    )
    time = "TIME_PERIOD" if "timeDimension" in parts["dimensionList"] else None
    every = {part.id: part for part in (*measures, *attributes)}
    return Shape(urn, structure, agreements, dimensions, time, every)


def _attached(
    relationship: Mapping[str, Any], groups: Mapping[str, list[str]], order: tuple[str, ...]
) -> tuple[str, ...] | None:
    if "observation" in relationship:
        return None
    named = relationship.get("dimensions") or groups.get(relationship.get("group", ""), [])
    return tuple(name for name in order if name in named)


def _part(one: Mapping[str, Any], dimensions: tuple[str, ...] | None, *, measure: bool) -> Part:
    representation = one.get("localRepresentation") or _core(one["conceptIdentity"])
    text = representation.get("format", {})
    return Part(
        one["id"],
        "code" if "enumeration" in representation else text.get("dataType", "String"),
        dimensions,
        representation.get("maxOccurs", 1) != 1,
        bool(text.get("isMultiLingual")),
        measure,
    )


def _metadata_parts(
    metadata: str,
    usages: list[dict[str, Any]],
    groups: dict[str, list[str]],
    order: tuple[str, ...],
) -> list[Part]:
    """The metadata attributes that are reported with the data, those below a used one too."""
    whole = documents()[f"metadataStructures={short(metadata)}"]
    listed = whole["metadataStructureComponents"]["metadataAttributeList"]["metadataAttributes"]
    used = {one["metadataAttributeReference"]: one["attributeRelationship"] for one in usages}
    found: list[Part] = []

    def walk(attributes: list[dict[str, Any]], relation: dict[str, Any] | None, many: bool) -> None:
        for one in attributes:
            own = used.get(one["id"], relation)
            several = many or one.get("maxOccurs", 1) != 1
            if own is not None and not one.get("isPresentational"):
                part = _part(one, _attached(own, groups, order), measure=False)
                found.append(replace(part, many=several, metadata=True))
            walk(one.get("metadataAttributes", []), own, several)

    walk(listed, None, False)
    return found


def _core(concept: str) -> Mapping[str, Any]:
    scheme = documents()[f"conceptSchemes={short(concept)}"]
    [found] = [one for one in scheme["concepts"] if one["id"] == concept.rpartition(".")[2]]
    core: Mapping[str, Any] = found.get("coreRepresentation", {})
    return core


# -- the data ---------------------------------------------------------------------------------


def data_files(until: str = "99") -> list[Path]:
    """The data files in their order, up to the one of this number."""
    return [each for each in sorted((FIXTURES / "data").glob("*.csv")) if each.name[:2] <= until]


@cache
def holdings(until: str = "99") -> dict[str, Holding]:
    """What each agreement holds once the files up to a number are published."""
    held: dict[str, Holding] = {}
    for file in data_files(until):
        provider = file.name.split(".")[1].upper()
        for flow, action, cells in read_sheet(file.read_text("utf-8")):
            shape = shapes()[flow]
            agreement = _agreement_of(shape, provider)
            _apply(held.setdefault(agreement, Holding()), shape, action, cells)
    for agreement, holding in held.items():
        for annotation in documents()[f"provisionAgreements={agreement}"].get("annotations", []):
            if annotation["id"].startswith("ATTRIBUTE:"):
                holding.above[annotation["id"].partition(":")[2], ()] = annotation["value"]
    return held


def rows_of(agreement: str, until: str = "99") -> dict[Key, Row]:
    """The observations of an agreement, all that is said of each at any level."""
    shape = next(each for each in shapes().values() if agreement in each.agreements)
    holding = holdings(until).get(agreement, Holding())
    return {
        key: row | _said_above(shape, holding, key) for key, row in holding.observations.items()
    }


def _said_above(shape: Shape, holding: Holding, key: Key) -> Row:
    codes = dict(zip(shape.every_dimension, key, strict=True))
    found = {}
    for (name, at), value in holding.above.items():
        if tuple(codes[dimension] for dimension in shape.parts[name].dimensions or ()) == at:
            found[name] = value
    return found


def _agreement_of(shape: Shape, provider: str) -> str:
    [found] = [
        each
        for each in shape.agreements
        if documents()[f"provisionAgreements={each}"]["dataProvider"].endswith(f".{provider}")
    ]
    return found


def read_sheet(text: str) -> Iterator[tuple[str, str, Row]]:
    """The rows of a file: dataflow, action, and the cells that are filled, read by their column."""
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = next(lines)
    for line in lines:
        row = {name: cell for name, cell in zip(header, line, strict=True) if cell}
        flow, action = row.pop("STRUCTURE_ID"), row.pop("ACTION")
        del row["STRUCTURE[;]"]
        yield flow, action, {column_id(name): _cell(name, row[name]) for name in row}


def column_id(column: str) -> str:
    """The id of the component of a column; of a metadata attribute in others, the last id."""
    return re.sub(r"\[[^\]]*\]", "", column).rpartition(".")[2]


def _cell(name: str, cell: str) -> Any:
    if "[" not in name:
        return cell
    parts = sub_fields(cell, ";")
    return (
        parts
        if not name.endswith("]") or name.endswith("[]")
        else dict(part.split(":", 1) for part in parts)
    )


def sub_fields(cell: str, separator: str) -> list[str]:
    """The values of a cell that holds several, each perhaps in quotes."""
    # The reader of lines takes a line break within quotes alone; here any may stand.
    parts = next(csv.reader([cell.replace("\n", "\0")], delimiter=separator, strict=True))
    return [part.replace("\0", "\n") for part in parts]


def _apply(holding: Holding, shape: Shape, action: str, cells: Row) -> None:
    key = tuple(cells.pop(name, None) for name in shape.every_dimension)
    if action == "D":
        _delete(holding, shape, key, set(cells))
        return
    for name in [name for name in cells if shape.parts[name].dimensions is not None]:
        codes = dict(zip(shape.every_dimension, key, strict=True))
        at = tuple(codes[dimension] for dimension in shape.parts[name].dimensions or ())
        holding.above[name, at] = cells.pop(name)
    if None not in key:
        if action == "R":
            holding.observations.pop(key, None)
        holding.observations.setdefault(key, {}).update(cells)


def _delete(holding: Holding, shape: Shape, key: tuple[str | None, ...], marked: set[str]) -> None:
    reached = [
        each
        for each in holding.observations
        if all(asked in (None, mine) for asked, mine in zip(key, each, strict=True))
    ]
    for each in reached:
        if marked:
            for name in marked:
                holding.observations[each].pop(name, None)
        else:
            del holding.observations[each]
    if marked or (shape.time and key[-1] is not None):
        return
    codes = dict(zip(shape.every_dimension, key, strict=True))
    for name, at in list(holding.above):
        attached = dict(zip(shape.parts[name].dimensions or (), at, strict=True))
        if all(asked is None or attached.get(dim) == asked for dim, asked in codes.items()):
            del holding.above[name, at]


# -- values -----------------------------------------------------------------------------------

_NUMBERS = frozenset({"Decimal", "Double", "Integer", "BigInteger"})


def canonical(part: Part | None, value: Any) -> Any:
    """A value as it means the same in every format."""
    if isinstance(value, Mapping):
        return {language: str(text) for language, text in value.items()}
    if isinstance(value, list):
        return [canonical(part, each) for each in value]
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if part is not None and part.data_type in _NUMBERS:
        if text in ("NaN", "#N/A"):
            return MISSING
        return int(text) if part.data_type == "BigInteger" else float(text)
    return text
