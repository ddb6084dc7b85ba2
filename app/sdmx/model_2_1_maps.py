"""Maps in SDMX 2.1, and back (SDMX 2.1 section 2, clause 10: structure sets).

In 3.1 every map is an artefact; in 2.1 maps are parts of a structure set. Each is shown as the
one map of a structure set of the same name, beside the codelist maps that it needs.

2.1 maps one value to one value. What maps several components, a pattern, a part of a text, a
date, or fixes a value cannot be said in it and is left out; a map of which nothing is left is
not shown at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefacts import Document
from app.sdmx.model_2_1_references import (
    ITEM_CLASSES,
    NAMED,
    OBS_VALUE,
    References,
    from_2_1,
    id_of_component,
    measures_of,
    primary_measure,
    take,
    urn_2_1,
)
from app.sdmx.urn import ITEM_PATH, RESOURCE_ID, parse_urn

ITEM_MAPS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ConceptSchemeMap": ("conceptSchemeMaps", "conceptMaps"),
        "CategorySchemeMap": ("categorySchemeMaps", "categoryMaps"),
        "OrganisationSchemeMap": ("organisationSchemeMaps", "organisationMaps"),
        "ReportingTaxonomyMap": ("reportingTaxonomyMaps", "reportingCategoryMaps"),
    }
)
"""Maps of item schemes: where they stand in a structure set, and the key of their pairs."""

_Pair = tuple[str, str]


def item_map_2_1(document: Document, class_name: str, references: References) -> Document | None:
    """Write a map between item schemes."""
    collection, key = ITEM_MAPS[class_name]
    pairs = _item_pairs(document)
    if "source" not in document:
        return {}
    maps = [
        {**take(one, ("annotations",)), "source": source, "target": target}
        for one, pair in pairs
        if (source := _item_urn(document["source"], pair[0], references)) is not None
        and (target := _item_urn(document["target"], pair[1], references)) is not None
    ]
    if not maps:
        return None
    ends = {key: references.translate(document[key]) for key in ("source", "target")}
    return {collection: [{**take(document, ("id", "name", "names")), **ends, key: maps}]}


_NESTED: Final = ("CategoryScheme", "ReportingTaxonomy")
"""The schemes whose items have paths."""


def _item_pairs(document: Document) -> list[tuple[Document, _Pair]]:
    is_nested = any(f".{name}=" in document.get("source", "") for name in _NESTED)
    return [
        (one, (one["sourceValue"]["value"], one["targetValue"]))
        for one in document.get("itemMaps", [])
        if "targetValue" in one and _is_plain(one["sourceValue"])
        if _are_ids((one["sourceValue"]["value"], one["targetValue"]), is_nested=is_nested)
    ]


def _are_ids(pair: _Pair, *, is_nested: bool = False) -> bool:
    pattern = ITEM_PATH if is_nested else RESOURCE_ID
    return all(pattern.fullmatch(one) is not None for one in pair)


def _is_plain(value: Document) -> bool:
    return not (value.get("isRegEx") or "startIndex" in value or "endIndex" in value)


def _item_urn(scheme: str, item: str, references: References) -> str | None:
    kind = ITEM_CLASSES[parse_urn(scheme).class_name]
    return references.part_of(scheme, "DataProvider" if kind == "MetadataProvider" else kind, item)


def codelist_map_2_1(document: Document, references: References) -> Document | None:
    """Write a map between two codelists."""
    if "source" not in document:
        return {}
    written = _codelist_map(document, references)
    return None if written is None else {"codelistMaps": [written]}


def _codelist_map(document: Document, references: References) -> Document | None:
    """A map between codelists as a part of a structure set; None if it is not one of codes."""
    pairs = value_pairs(document)
    if not pairs or not all(map(_are_ids, pairs)):
        return None
    lists = [document[key][0].get("codelist") for key in ("source", "target")]
    known = [references.translate(one) for one in lists if one is not None]
    if len(known) < len(lists) or None in known:
        return None
    ends = dict(zip(("source", "target"), known, strict=True))
    maps = [
        {
            key: references.part_of(codelist, "Code", value)
            for (key, codelist), value in zip(ends.items(), pair, strict=True)
            if codelist is not None
        }
        for pair in pairs
    ]
    return {**take(document, ("id", "name", "names")), **ends, "codeMaps": maps}


def value_pairs(document: Document) -> list[_Pair] | None:
    """The pairs of values of a representation map; None if it is not one value to one value."""
    if any(len(document.get(key, ())) != 1 for key in ("source", "target")):
        return None
    mappings = document.get("representationMappings", [])
    if not all(_is_plain(one["sourceValues"][0]) and one.get("targetValues") for one in mappings):
        return None
    return [(one["sourceValues"][0]["value"], one["targetValues"][0]) for one in mappings]


def structure_map_2_1(document: Document, references: References) -> Document | None:
    """Write a map between structures, with the codelist maps that it needs."""
    if "source" not in document:
        return {}
    listed = document.get("componentMaps", [])
    components = [_component_map(one, document, references) for one in listed]
    kept = [one for one in components if one is not None]
    if not kept:
        return None
    maps: dict[str, Document] = {}
    for _, codelist_map in kept:
        if codelist_map is not None:
            maps.setdefault(codelist_map["id"], codelist_map)
    ends = {key: references.translate(document[key]) for key in ("source", "target")}
    written = {
        **take(document, ("id", "name", "names")),
        **ends,
        "componentMaps": [one for one, _ in kept],
    }
    return {
        "structureMaps": [written],
        **({"codelistMaps": list(maps.values())} if maps else {}),
    }


def _component_map(
    component: Document, document: Document, references: References
) -> tuple[Document, Document | None] | None:
    """One component to one component, and the codelist map of its values if there is one."""
    if len(component["source"]) != 1 or len(component["target"]) != 1:
        return None
    ends = {
        key: component_urn(document[key], component[key][0], references)
        for key in ("source", "target")
    }
    if None in ends.values():
        return None
    written = {**take(component, ("annotations",)), **ends}
    if "representationMap" not in component:
        return written, None
    target = references.find(component["representationMap"])
    pairs = value_pairs(target.document) if target is not None else None
    if target is None or not pairs:
        return None
    codelist_map = _codelist_map(target.document, references)
    if codelist_map is not None:
        place = document["agencyID"], document["id"], document.get("version", "1.0")
        urn = urn_2_1("CodelistMap", *place, codelist_map["id"])
        return written | {"representationMapping": {"codelistMap": urn}}, codelist_map
    values = [{"source": source, "target": value} for source, value in pairs]
    return written | {"representationMapping": {"valueMap": {"valueMappings": values}}}, None


def component_urn(structure: str, component: str, references: References) -> str | None:
    """The reference to a component of a structure, or of that of a dataflow."""
    found = references.find(structure)
    if found is not None and found.artefact_class.name == "Dataflow":
        structure = found.document.get("structure", "")
        found = references.find(structure) if structure else None
    kind = _component_kind(found.document, component) if found is not None else None
    if kind is None:
        return None
    return references.part_of(structure, kind, OBS_VALUE if kind == "PrimaryMeasure" else component)


def _component_kind(structure: Document, component: str) -> str | None:
    parts = structure.get("dataStructureComponents", {})
    dimensions = parts.get("dimensionList", {})
    if component == "TIME_PERIOD" and "timeDimension" in dimensions:
        return "TimeDimension"
    measures = measures_of(structure)
    primary = primary_measure(measures)
    if primary is not None and id_of_component(primary) == component:
        return "PrimaryMeasure"
    attributes = (*parts.get("attributeList", {}).get("attributes", ()), *measures)
    for kind, listed in (
        ("Dimension", dimensions.get("dimensions", ())),
        ("DataAttribute", attributes),
    ):
        if any(id_of_component(one) == component for one in listed):
            return kind
    return None


def structure_set_3_1(document: Document, common: Document) -> Iterator[tuple[str, bool, Document]]:
    """Read every map of a structure set as an artefact of its own.

    Gives:
        The class, whether the set is there for this map alone, and the document.

    Raises:
        InvalidArtefactError: it has a map that 3.1 does not have.
    """
    if document.get("hybridCodelistMaps"):
        raise InvalidArtefactError(
            f"{document.get('id')}: SDMX 3.1 has no HybridCodelistMap, so it cannot be kept.",
            f"{document.get('id')}: en SDMX 3.1 no hay HybridCodelistMap, no se puede guardar.",
        )
    for class_name, (collection, key) in ITEM_MAPS.items():
        for one in document.get(collection, []):
            whole = _base(common, one) | _ends(one) | {"itemMaps": _item_maps(one[key])}
            yield class_name, _is_own(common, one), whole
    for one in document.get("codelistMaps", []):
        whole = _base(common, one) | _representation_map(one)
        yield "RepresentationMap", _is_own(common, one), whole
    for one in document.get("structureMaps", []):
        yield from _structure_map_3_1(common, one)


def _is_own(common: Document, part: Document) -> bool:
    """Whether a structure set is there for this map."""
    return bool(part["id"] == common["id"])


def _base(common: Document, part: Document) -> Document:
    """Identification and names of a map, in the agency and version of its structure set."""
    if _is_own(common, part):
        return common | take(part, ("name", "names"))
    return _without_names(common) | take(part, NAMED)


def _without_names(common: Document) -> Document:
    return {key: value for key, value in common.items() if key not in NAMED}


def _ends(part: Document) -> Document:
    return {key: from_2_1(part[key]) for key in ("source", "target")}


def _item_maps(pairs: list[Document]) -> list[Document]:
    return [
        {
            **take(pair, ("annotations",)),
            "sourceValue": {"value": _item_of(pair["source"])},
            "targetValue": _item_of(pair["target"]),
        }
        for pair in pairs
    ]


def _item_of(reference: str) -> str:
    """The path of an item in its reference, which may be the path alone."""
    return reference.rpartition(").")[2]


def _representation_map(part: Document) -> Document:
    return {
        **{key: [{"codelist": from_2_1(part[key])}] for key in ("source", "target")},
        "representationMappings": [
            _mapping(_item_of(pair["source"]), _item_of(pair["target"]))
            for pair in part["codeMaps"]
        ],
    }


def _mapping(source: str, target: str) -> Document:
    return {"sourceValues": [{"value": source}], "targetValues": [target]}


def _structure_map_3_1(common: Document, part: Document) -> Iterator[tuple[str, bool, Document]]:
    base = _base(common, part)
    components = []
    for number, one in enumerate(part["componentMaps"], 1):
        component: Document = {
            **take(one, ("annotations",)),
            **{key: [_item_of(one[key])] for key in ("source", "target")},
        }
        mapping = one.get("representationMapping", {})
        place = common["agencyID"], common.get("version", "1.0")
        if "codelistMap" in mapping:
            name = _item_of(mapping["codelistMap"])
            component["representationMap"] = _representation_map_urn(*place, name)
        elif "valueMap" in mapping:
            name = f"{base['id']}_{number}"
            component["representationMap"] = _representation_map_urn(*place, name)
            pairs = mapping["valueMap"]["valueMappings"]
            names = {"id": name, **take(base, ("name", "names"))}
            yield (
                "RepresentationMap",
                False,
                {
                    **_without_names(base),
                    **names,
                    **{key: [{"dataType": "String"}] for key in ("source", "target")},
                    "representationMappings": [
                        _mapping(one["source"], one["target"]) for one in pairs
                    ],
                },
            )
        elif mapping.get("toValueType", "Value") != "Value":
            raise InvalidArtefactError(
                f"{base['id']}: SDMX 3.1 does not map a code to its name or description.",
                f"{base['id']}: SDMX 3.1 no convierte un código en su nombre o descripción.",
            )
        components.append(component)
    yield "StructureMap", _is_own(common, part), base | _ends(part) | {"componentMaps": components}


def _representation_map_urn(agency: str, version: str, name: str) -> str:
    """The reference of 3.1 to the representation map that a codelist map of 2.1 is."""
    return (
        f"urn:sdmx:org.sdmx.infomodel.structuremapping.RepresentationMap={agency}:{name}({version})"
    )
