"""JSON schemas of data messages: SDMX-JSON 2.1 and 2.0.

An SDMX-JSON data message describes its own structure and lets observations point into lists of
values. So the schema says of these descriptions which components and values they may list, and
of observations what may stand in their places. JSON Schema cannot follow the order in which a
message lists its components: where it is that of the data structure, each place of an
observation is checked for itself, otherwise for what any component would take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from app.sdmx.flow import Component
from app.sdmx.messages.schema_json_values import JsonSchema, cell, value_object
from app.sdmx.schema_data import DataSchema

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_ARRAY: Final[JsonSchema] = {"type": "array"}


def write_json_schema(schema: DataSchema, version: str) -> bytes:
    """Write the schema of data messages of a version (`2.1.0`, `2.0.0`)."""
    return orjson.dumps(_Writer(schema, version).write())


class _Writer:
    def __init__(self, schema: DataSchema, version: str) -> None:
        self.schema = schema
        self.version = version

    def write(self) -> JsonSchema:
        conditions = [*self._layouts(), *self._listings()]
        return {
            "$schema": _DRAFT,
            "title": self.schema.urn,
            "type": "object",
            "required": ["meta", "data"],
            "properties": {
                "meta": {"type": "object", "required": ["id", "prepared", "sender"]},
                "data": {
                    "type": "object",
                    "required": ["structures", "dataSets"],
                    "properties": {
                        "structures": {**_ARRAY, "items": _ref("structure")},
                        "dataSets": {**_ARRAY, "items": _ref("dataSet")},
                    },
                },
            },
            **({"allOf": conditions} if conditions else {}),
            "$defs": {**self._definitions(), **dict(self._components())},
        }

    # -- what a message may say of its structure -------------------------------------------

    def _definitions(self) -> JsonSchema:
        flow = self.schema.flow
        return {
            "structure": self._structure(),
            "dataSet": self._dataset(),
            "observation": self._array([*flow.measures, *self.schema.flow.attributes]),
            "attributes": self._array(self.schema.above_observation),
            "dimension": _listed(self.schema.dimensions),
            "measure": _listed(flow.measures),
            "attribute": _listed(flow.attributes),
            "upperAttribute": _listed(self.schema.above_observation),
        }

    def _components(self) -> Iterator[tuple[str, JsonSchema]]:
        for component in self.schema.flow.components.values():
            yield _name(component), value_object(self.schema, component, self.version)

    def _structure(self) -> JsonSchema:
        schema = self.schema
        levels = ("dataSet", "series", "observation")
        upper = ("dataSet", "dimensionGroup", "series")
        described = {
            "dimensions": {level: _ref("dimension") for level in levels},
            "measures": {"observation": _ref("measure")},
            "attributes": {
                **{level: _ref("upperAttribute") for level in upper},
                "observation": _ref("attribute"),
            },
        }
        required = [one for one in schema.flow.components.values() if schema.is_required(one)]
        dimensions = [one for one in required if one.level != "measure"]
        measures = [one for one in required if one.level == "measure"]
        parts: dict[str, JsonSchema] = {
            name: {
                "type": "object",
                "properties": {level: {**_ARRAY, "items": one} for level, one in listed.items()},
            }
            for name, listed in described.items()
        }
        parts["dimensions"]["allOf"] = [
            {"anyOf": [_lists(level, one) for level in levels]} for one in dimensions
        ]
        parts["measures"]["allOf"] = [_lists("observation", one) for one in measures]
        # What no schema has to say is an array without members, which JSON Schema refuses.
        for part in parts.values():
            if not part.get("allOf", True):
                del part["allOf"]
        if not schema.any_layout and not schema.deletion:
            along = parts["dimensions"]
            along.setdefault("allOf", []).append(_exactly("observation", schema.at_observation))
        return {
            "type": "object",
            "required": ["links", "dimensions", *(["measures"] if measures else [])],
            "properties": {
                "links": {
                    **_ARRAY,
                    "contains": {
                        "type": "object",
                        "properties": {"urn": {"const": schema.urn}},
                        "required": ["urn"],
                    },
                },
                **parts,
            },
        }

    def _dataset(self) -> JsonSchema:
        actions = ["Append", "Delete", "Information", "Merge", "Replace"]
        return {
            "type": "object",
            "properties": {
                "structure": {"type": "integer", "minimum": 0},
                "action": {"enum": actions},
                "attributes": _ref("attributes"),
                "dimensionGroupAttributes": {
                    "type": "object",
                    "additionalProperties": _ref("attributes"),
                },
                "observations": {"type": "object", "additionalProperties": _ref("observation")},
                "series": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "object",
                        "properties": {
                            "attributes": _ref("attributes"),
                            "observations": {
                                "type": "object",
                                "additionalProperties": _ref("observation"),
                            },
                        },
                    },
                },
            },
        }

    def _array(self, components: Iterable[Component]) -> JsonSchema:
        """An array of values of any of these components."""
        cells: list[JsonSchema] = [{"type": "null"}]
        for component in components:
            one = cell(self.schema, component, self.version)
            cells.extend(each for each in one.get("anyOf", [one]) if each not in cells)
        return {**_ARRAY, "items": {} if {} in cells else {"anyOf": cells}}

    # -- what depends on the order in which a message lists components ---------------------

    def _layouts(self) -> Iterator[JsonSchema]:
        """How many parts the keys have, by the dimension at the observation."""
        if self.schema.deletion:
            return
        dimensions = self.schema.dimensions
        for one in dimensions:
            rest = len(dimensions) - 1
            series = {
                "propertyNames": _key(rest),
                "additionalProperties": {
                    "properties": {"observations": {"propertyNames": _key(1)}}
                },
            }
            if len(dimensions) > 1:
                yield _condition(
                    _at("dimensions", [one]), {"series": series, "observations": False}
                )
        flat = {"observations": {"propertyNames": _key(len(dimensions))}, "series": False}
        yield _condition(_at("dimensions", dimensions), flat)

    def _listings(self) -> Iterator[JsonSchema]:
        """The values of observations one by one, where all measures are listed in order."""
        schema = self.schema
        measures = schema.flow.measures
        if schema.deletion or not measures:
            return
        listed = _at("measures", measures)
        yield _condition(listed, _observations(self._cells(measures)))
        own = [a for a in schema.flow.attributes if a.level == "observation"]
        every = list(schema.flow.attributes)
        for attributes in [own] if own == every else [own, every]:
            both = {"allOf": [listed, _at("attributes", attributes)]}
            yield _condition(both, _observations(self._cells([*measures, *attributes])))

    def _cells(self, components: Sequence[Component]) -> JsonSchema:
        required = [n for n, c in enumerate(components, 1) if self.schema.is_required(c)]
        return {
            "prefixItems": [cell(self.schema, c, self.version) for c in components],
            "minItems": max(required, default=0),
        }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/$defs/{name}"}


def _name(component: Component) -> str:
    # Ids of components have no dot: no other definition is called so.
    return f"values.{component.undotted_id}"


def _listed(components: Iterable[Component]) -> JsonSchema:
    """A component of a list, with the values that it may have."""
    known = list(components)
    described: JsonSchema = {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"enum": [component.undotted_id for component in known]}},
    }
    if known:
        described["allOf"] = [
            {
                "if": {"properties": {"id": {"const": component.undotted_id}}},
                "then": {"properties": {"values": {**_ARRAY, "items": _ref(_name(component))}}},
            }
            for component in known
        ]
    return described


def _is(component: Component) -> JsonSchema:
    return {"properties": {"id": {"const": component.undotted_id}}, "required": ["id"]}


def _lists(level: str, component: Component) -> JsonSchema:
    """That a level lists a component."""
    return {"required": [level], "properties": {level: {"contains": _is(component)}}}


def _exactly(level: str, components: Sequence[Component]) -> JsonSchema:
    """That a level lists these components in this order, and no other."""
    listed: JsonSchema = {"minItems": len(components), "maxItems": len(components)}
    if components:
        listed["prefixItems"] = [_is(component) for component in components]
    return {"required": [level], "properties": {level: listed}}


def _at(kind: str, components: Sequence[Component]) -> JsonSchema:
    """That every structure of the message lists exactly these at the observation."""
    described = {"required": [kind], "properties": {kind: _exactly("observation", components)}}
    return _data({"structures": {"items": described}})


def _condition(met: JsonSchema, datasets: JsonSchema) -> JsonSchema:
    return {"if": met, "then": _data({"dataSets": {"items": {"properties": datasets}}})}


def _observations(cells: JsonSchema) -> JsonSchema:
    """That all observations have these cells, with series or without."""
    every = {"additionalProperties": cells}
    return {
        "observations": every,
        "series": {"additionalProperties": {"properties": {"observations": every}}},
    }


def _data(properties: dict[str, Any]) -> JsonSchema:
    return {"properties": {"data": {"properties": properties}}}


def _key(parts: int) -> JsonSchema:
    return {"pattern": f"^[0-9]+(?::[0-9]+){{{parts - 1}}}$"}
