"""Item schemes, hierarchies and processes in SDMX 2.1, and back (SDMX 2.1 section 2).

Items are much the same in both models; 2.1 refers to a parent by a reference where 3.1 has its
id. A hierarchy of 3.1 is a hierarchical codelist that holds this one hierarchy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from app.sdmx.artefact_classes import ArtefactClass
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.model_2_1_components import (
    representation_2_1,
    representation_3_1,
    text_format_2_1,
    text_format_3_1,
)
from app.sdmx.model_2_1_references import (
    ITEM_CLASSES,
    NAMED,
    References,
    from_2_1,
    take,
    urn_2_1,
)
from app.sdmx.urn import parse_urn

CODELISTS: Final = ("Codelist", "GeographicCodelist", "GeoGridCodelist", "ValueList")
"""The classes that are codelists in 2.1."""

_OF_CODES: Final = (*NAMED, "parent")
_ONLY_OF_CODES: Final = frozenset(_OF_CODES)
_REFERRING: Final = ("structuralMetadata", "provisioningMetadata")


def codelist_2_1(artefact: Artefact, references: References) -> Document | None:
    """Write the codes of a codelist; None for a value list whose values cannot be codes."""
    kind = artefact.artefact_class
    if kind.name == "ValueList" and not references.is_codelist(artefact):
        return None
    codes = [_code_2_1(item) for item in artefact.document.get(kind.items, [])]
    return {"codes": codes} if codes else {}


def _code_2_1(code: Document) -> Document:
    written = code if code.keys() <= _ONLY_OF_CODES else take(code, _OF_CODES)
    # Only the values of a value list may be without a name.
    return written if "name" in written else {"name": written["id"], **written}


def items_2_1(artefact: Artefact, references: References) -> Document:
    """Write the items of any other scheme."""
    kind = artefact.artefact_class
    items = artefact.document.get(kind.items, [])
    key = "dataProviders" if kind.items == "metadataProviders" else kind.items
    return {key: [_item_2_1(item, artefact, references) for item in items]} if items else {}


def _item_2_1(item: Document, scheme: Artefact, references: References) -> Document:
    written = take(item, (*NAMED, "contacts"))
    if "parent" in item:
        kind = ITEM_CLASSES[scheme.artefact_class.name]
        written["parent"] = urn_2_1(
            kind, scheme.agency, scheme.id, scheme.version.text, item["parent"]
        )
    if "coreRepresentation" in item:
        core = representation_2_1(item["coreRepresentation"], references, simple=False)
        written["coreRepresentation"] = core["localRepresentation"]
    if "isoConceptReference" in item:
        written["isoConceptReference"] = item["isoConceptReference"]
    for key in _REFERRING:
        if urns := references.translate_all(item.get(key, ())):
            written[key] = urns
            break
    children = scheme.artefact_class.items
    if scheme.artefact_class.nested and item.get(children):
        written[children] = [_item_2_1(one, scheme, references) for one in item[children]]
    return written


def items_3_1(document: Document, kind: ArtefactClass) -> Document:
    """Read the items of a scheme."""
    items = document.get(kind.items, [])
    return {kind.items: [_item_3_1(item, kind) for item in items]} if items else {}


def _item_3_1(item: Document, kind: ArtefactClass) -> Document:
    read = take(item, (*NAMED, "contacts", "isoConceptReference"))
    parent = item.get("parent")
    if parent is not None:
        read["parent"] = parse_urn(parent).item if parent.startswith("urn:") else parent
    if "coreRepresentation" in item:
        core = representation_3_1(item["coreRepresentation"])
        if core:
            read["coreRepresentation"] = core["localRepresentation"]
    for key in _REFERRING:
        if item.get(key):
            read[key] = [from_2_1(urn) for urn in item[key]]
    if kind.nested and item.get(kind.items):
        read[kind.items] = [_item_3_1(one, kind) for one in item[kind.items]]
    return read


def hierarchy_2_1(document: Document, references: References) -> Document:
    """Write a hierarchy as the one of a hierarchical codelist of the same name."""
    codes = document.get("hierarchicalCodes")
    if not codes:
        return {}
    hierarchy = {
        **take(document, ("id", "name", "names")),
        "leveled": document.get("hasFormalLevels", False),
        "hierarchicalCodes": [_hierarchical_code_2_1(one, document, references) for one in codes],
    }
    if "level" in document:
        hierarchy["level"] = _level(document["level"], text_format_2_1)
    aliases: dict[str, str] = {}
    for urn in _codelists_of(codes, references):
        name = parse_urn(urn).id
        while name in aliases and aliases[name] != urn:
            name += "_"
        aliases[name] = urn
    return {"hierarchies": [hierarchy], "includedCodelists": aliases}


def _level(level: Document, convert: Callable[[Document], Document]) -> Document:
    written = take(level, NAMED)
    if "codingFormat" in level:
        written["codingFormat"] = convert(level["codingFormat"])
    if "level" in level:
        written["level"] = _level(level["level"], convert)
    return written


def _codelists_of(codes: list[Document], references: References) -> Iterator[str]:
    for code in codes:
        urn = references.translate(code["code"])
        if urn is not None:
            yield str(parse_urn(urn).maintainable)
        yield from _codelists_of(code.get("hierarchicalCodes", []), references)


def _hierarchical_code_2_1(code: Document, hierarchy: Document, references: References) -> Document:
    written = {
        **take(code, ("id", "annotations", "links", "validFrom", "validTo")),
        "code": references.translate(code["code"]),
    }
    if "level" in code:
        written["level"] = urn_2_1(
            "Level",
            hierarchy["agencyID"],
            hierarchy["id"],
            hierarchy.get("version", "1.0"),
            f"{hierarchy['id']}.{code['level']}",
        )
    below = code.get("hierarchicalCodes")
    if below:
        written["hierarchicalCodes"] = [
            _hierarchical_code_2_1(one, hierarchy, references) for one in below
        ]
    return written


def hierarchies_3_1(document: Document, common: Document) -> Iterator[Document]:
    """Read each hierarchy of a hierarchical codelist as an artefact of its own.

    A lone hierarchy has the id of the codelist, others have theirs behind it.
    """
    hierarchies = document.get("hierarchies", [])
    aliases = document.get("includedCodelists", {})
    if not hierarchies:
        yield common
    for hierarchy in hierarchies:
        alone = len(hierarchies) == 1
        identifier = common["id"] if alone else f"{common['id']}_{hierarchy['id']}"
        own = {} if alone and hierarchy["id"] == common["id"] else take(hierarchy, NAMED[1:])
        level = hierarchy.get("level")
        yield {
            **common,
            **own,
            "id": identifier,
            "hasFormalLevels": hierarchy.get("leveled", False),
            "hierarchicalCodes": [
                _hierarchical_code_3_1(one, aliases) for one in hierarchy["hierarchicalCodes"]
            ],
            **({"level": _level(level, text_format_3_1)} if level else {}),
        }


def _hierarchical_code_3_1(code: Document, aliases: dict[str, str]) -> Document:
    urn = code.get("code")
    if urn is None:
        codelist = parse_urn(aliases[code["codelistAliasRef"]])
        urn = urn_2_1("Code", codelist.agency, codelist.id, codelist.version, code["codeID"])
    read = {
        **take(code, ("id", "annotations", "links", "validFrom", "validTo")),
        "code": from_2_1(urn),
    }
    if "level" in code:
        read["level"] = code["level"].rpartition(").")[2].rpartition(".")[2]
    if code.get("hierarchicalCodes"):
        read["hierarchicalCodes"] = [
            _hierarchical_code_3_1(one, aliases) for one in code["hierarchicalCodes"]
        ]
    return read


def process_2_1(document: Document, references: References) -> Document:
    """Write the steps of a process."""
    steps = document.get("processSteps")
    if not steps:
        return {}
    return {"processSteps": [_step_2_1(step, document, references) for step in steps]}


def _step_2_1(step: Document, process: Document, references: References) -> Document:
    written = take(step, (*NAMED, "computation"))
    for key in ("inputs", "outputs"):
        objects = [
            take(one, ("localID", "annotations")) | {"objectReference": urn}
            for one in step.get(key, [])
            if (urn := references.translate(one["objectReference"])) is not None
        ]
        if objects:
            written[key] = objects
    if step.get("transitions"):
        version = process.get("version", "1.0")
        place = process["agencyID"], process["id"], version
        written["transitions"] = [
            one | {"targetStep": urn_2_1("ProcessStep", *place, one["targetStep"])}
            for one in step["transitions"]
        ]
    if step.get("processSteps"):
        written["processSteps"] = [
            _step_2_1(one, process, references) for one in step["processSteps"]
        ]
    return written


def process_3_1(document: Document) -> Document:
    """Read the steps of a process."""
    steps = document.get("processSteps")
    return {"processSteps": [_step_3_1(step) for step in steps]} if steps else {}


def _step_3_1(step: Document) -> Document:
    read = take(step, (*NAMED, "computation"))
    for key in ("inputs", "outputs"):
        if step.get(key):
            read[key] = [
                take(one, ("localID", "annotations"))
                | {"objectReference": from_2_1(one["objectReference"])}
                for one in step[key]
            ]
    if step.get("transitions"):
        read["transitions"] = [
            one | {"targetStep": one["targetStep"].rpartition(").")[2]}
            for one in step["transitions"]
        ]
    if step.get("processSteps"):
        read["processSteps"] = [_step_3_1(one) for one in step["processSteps"]]
    return read
