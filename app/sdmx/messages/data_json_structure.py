"""What an SDMX-JSON data message says of its structures: where each value of a dataset belongs.

Dimensions and attributes stand at levels; a component that lists its values has indexes in the
dataset, any other the values themselves (sdmx-json, data message field guide, components).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.sdmx.findings import UnreadableError
from app.sdmx.messages.data_cells import Cell, check_width
from app.sdmx.messages.data_ml_names import PRIMARY_MEASURE
from app.sdmx.messages.data_reading import StructureKind
from app.sdmx.messages.structure_names import kind_of_urn

CUT: Final = object()
"""Stands for a value at the end of an array that was left out."""

_RELATIONS: Final[Mapping[str, StructureKind]] = {
    "dataflow": "dataflow",
    "datastructure": "datastructure",
    "dsd": "datastructure",
    "provisionagreement": "dataprovision",
}
_DATASET: Final = "dataSet"
_GROUP: Final = "dimensionGroup"


@dataclass(slots=True)
class Listed:
    """A component of a message.

    Attributes:
        values: the values that indexes point to; none where values stand themselves.
        indexes: the same by the text of the index, as keys have it.
        default: the value where an array ends before it.
        position: of a dimension, its place in the key of the data structure.
        dimensions: of an attribute, those that it is attached to, where it says so.
    """

    id: str
    values: dict[Any, Cell] | None = None
    indexes: dict[str, Cell] = field(default_factory=dict)
    default: Cell = ""
    position: int = -1
    dimensions: frozenset[str] = frozenset()

    def cell(self, raw: Any, place: str) -> Cell:  # noqa: ANN401
        """A value of a dataset as a cell; `place` is told where it is none.

        Raises:
            UnreadableError: an index points nowhere.
        """
        if raw is None:
            return ""
        if raw is CUT:
            return self.default
        if isinstance(raw, list):
            return [part for part in (self.cell(part, place) for part in raw) if part != ""]
        if self.values is None or isinstance(raw, str | dict):
            return plain(raw)
        if isinstance(raw, bool) or raw not in self.values:
            raise UnreadableError("json-index", value=f"{self.id} = {raw}"[:80], place=place[:200])
        return self.values[raw]

    def column(self, raws: Sequence[Any], place: str) -> list[Cell]:
        """Values of many observations."""
        if self.values is not None:
            try:
                return [self.values[raw] for raw in raws]
            except (KeyError, TypeError):
                return [self.cell(raw, place) for raw in raws]
        if set(map(type, raws)) == {str}:
            return list(raws)
        return [self.cell(raw, place) for raw in raws]

    def code(self, index: str, place: str) -> str:
        """The code of a dimension by its index in a key.

        Raises:
            UnreadableError: the index points nowhere.
        """
        found = self.indexes.get(index)
        if not isinstance(found, str):
            raise UnreadableError(
                "json-index", value=f"{self.id} = {index}"[:80], place=place[:200]
            )
        return found


@dataclass(frozen=True, slots=True)
class JsonStructure:
    """A structure of a message.

    Attributes:
        fixed: dimensions that have one value in the whole dataset.
        orders: the orders that all dimensions may have in keys of groups: that of the data
            structure, as the standard says, and that of the levels, as its samples have it.
    """

    kind: StructureKind
    id: str
    fixed: dict[str, str]
    series: list[Listed]
    observation: list[Listed]
    orders: list[list[Listed]]
    at_dataset: list[Listed]
    at_group: list[Listed]
    at_series: list[Listed]
    at_observation: list[Listed]

    @property
    def alone(self) -> list[Listed]:
        """The dimensions of observations that stand without series."""
        return [*self.series, *self.observation]


def read_structure(
    document: Any,  # noqa: ANN401 - any JSON value
    links: Any,  # noqa: ANN401
    *,
    legacy: bool,
    place: str,
) -> JsonStructure:
    """Read a structure.

    Args:
        document: the object of the structure.
        links: links that name it, the first that can be read counts.
        legacy: whether the message is of SDMX-JSON 1.0.
        place: JSON pointer of the structure, for errors.

    Raises:
        UnreadableError: it is not what it should be.
    """
    if not isinstance(document, dict):
        raise _misshapen(place)
    kind, name = _reference([*_objects(links), *_objects(document.get("links"))], place)
    dimensions = _levels(document, "dimensions", place)
    measures = _levels(document, "measures", place)
    attributes = _levels(document, "attributes", place)
    every = [one for level in dimensions.values() for one in level]
    if not every and not dimensions:  # levels without any are said of all that there is
        raise _misshapen(f"{place}/dimensions")
    for order, one in enumerate(every):
        if one.position < 0:
            one.position = order
    observed = measures.get("observation", [])
    if legacy or document.get("measures") is None:
        # Not described, as in 1.0: observations begin with the value. So have official samples
        # of 2.x too.
        observed = [Listed(PRIMARY_MEASURE)]
    check_width(sum(len(level) for level in (*dimensions.values(), *attributes.values())))
    structure = JsonStructure(
        kind,
        name,
        {one.id: _only(one, place) for one in dimensions.get(_DATASET, [])},
        dimensions.get("series", []),
        dimensions.get("observation", []),
        _orders(every),
        attributes.get(_DATASET, []),
        attributes.get(_GROUP, []),
        attributes.get("series", []),
        [*observed, *attributes.get("observation", [])],
    )
    _check_ids(structure, place)
    return structure


def plain(raw: Any) -> Cell:  # noqa: ANN401 - any JSON value
    """A JSON value as a cell of its own."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, list):
        return [plain(part) for part in raw]
    if isinstance(raw, dict):
        return {name: str(plain(text)) for name, text in raw.items()}
    return str(raw)


def _levels(document: Mapping[str, Any], name: str, place: str) -> dict[str, list[Listed]]:
    levels = document.get(name)
    if levels is None:
        return {}
    if not isinstance(levels, dict):
        raise _misshapen(f"{place}/{name}")
    read: dict[str, list[Listed]] = {}
    for level, listed in levels.items():
        if isinstance(listed, list):
            at = f"{place}/{name}/{level}"
            read[level] = [_component(one, f"{at}/{n}") for n, one in enumerate(listed)]
    return read


def _component(document: Any, place: str) -> Listed:  # noqa: ANN401
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise _misshapen(place)
    component = Listed(document["id"])
    listed = document.get("values")
    if isinstance(listed, list) and listed:
        values = [_value(one) for one in listed]
        component.values = {None: "", CUT: "", **dict(enumerate(values))}
        component.indexes = {str(index): value for index, value in enumerate(values)}
    position = document.get("keyPosition")
    if isinstance(position, int):
        component.position = position
    relationship = document.get("relationship")
    named = relationship.get("dimensions") if isinstance(relationship, dict) else None
    if isinstance(named, list):
        component.dimensions = frozenset(map(str, named))
    if document.get("default") is not None:
        component.default = plain(document["default"])
        if component.values is not None:
            component.values[CUT] = component.default
    return component


def _orders(every: list[Listed]) -> list[list[Listed]]:
    by_position = sorted(every, key=lambda one: one.position)
    return [by_position] if by_position == every else [by_position, every]


def _value(item: Any) -> Cell:  # noqa: ANN401
    """A value of a list: a code by its id, any other as it stands."""
    if not isinstance(item, dict):
        return plain(item)
    for name in ("value", "values", "id", "name"):
        if item.get(name) is not None:
            return plain(item[name])
    return ""


def _only(dimension: Listed, place: str) -> str:
    """The one value of a dimension that stands at the dataset."""
    if len(dimension.indexes) != 1:
        raise UnreadableError("json-shape", place=f"{place}/dimensions/dataSet"[:200])
    return dimension.code("0", place)


def _reference(links: Sequence[Mapping[str, Any]], place: str) -> tuple[StructureKind, str]:
    for link in links:
        urn = link.get("urn")
        if isinstance(urn, str) and (found := kind_of_urn(urn)) is not None:
            return found
    for link in links:
        kind = _RELATIONS.get(str(link.get("rel")).lower())
        parts = str(link.get("href")).partition("?")[0].rstrip("/").split("/")
        if kind is not None and len(parts) > 3 and all(parts[-3:]):
            agency, name, version = parts[-3:]
            return kind, f"{agency}:{name}({version})"
    raise UnreadableError("no-structure", place=place)


def _objects(links: Any) -> Iterator[Mapping[str, Any]]:  # noqa: ANN401
    if isinstance(links, list):
        yield from (link for link in links if isinstance(link, dict))


def _check_ids(structure: JsonStructure, place: str) -> None:
    above = (structure.series, structure.observation, structure.at_observation)
    named = [one.id for level in above for one in level] + list(structure.fixed)
    named += [one.id for one in (*structure.at_dataset, *structure.at_series)]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise UnreadableError("json-twice", value=twice[:80], place=place)


def _misshapen(place: str) -> UnreadableError:
    return UnreadableError("json-shape", place=place[:200])
