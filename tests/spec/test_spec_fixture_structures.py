"""The structures of the bundle in every format: valid, and unchanged where it can hold them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from app.sdmx.artefacts import find_references
from app.sdmx.messages.structure_readers import read_structure_message
from tests.fixture_exchange import Bundle, bundle_artefacts
from tests.fixture_replies import check_structures

VENDOR = "application/vnd.sdmx."
JSON21 = f"{VENDOR}structure+json;version=2.1.0"
JSON20 = f"{VENDOR}structure+json;version=2.0.0"
JSON10 = f"{VENDOR}structure+json;version=1.0.0"
ML31 = f"{VENDOR}structure+xml;version=3.1.0"
ML30 = f"{VENDOR}structure+xml;version=3.0.0"
ML21 = f"{VENDOR}structure+xml;version=2.1"
FORMATS = (JSON21, JSON20, JSON10, ML31, ML30, ML21)

EVOLVING = {
    # Structures that grow are of SDMX 3.1.
    "DataStructure=SICA_TEST:DSD_GROWING(1.0.0)": {"evolvingStructure"},
    "DataStructure=SICA_TEST:DSD_GROWING(1.1.0)": {"evolvingStructure"},
}
CONSTRAINED = {
    "Dataflow=SICA_TEST:DF_GROWING(1.0.0)": {"dimensionConstraint"},
    "Dataflow=SICA_TEST:DF_GROWING(2.0.0)": {"dimensionConstraint"},
}
LINKS = {
    # A link of SDMX-ML has no title and no language.
    "Codelist=SICA_TEST:CL_AREA(1.0.0)": {"links"},
}
OF_SDMX_3 = {
    "Codelist=SICA_TEST:CL_AREA(1.0.0)": {"annotations"},  # one with both a title and a value
    "Codelist=SICA_TEST:CL_ORIGIN(1.0.0)": {"codelistExtensions"},
    "Codelist=SICA_TEST.MIG:CL_BORDER_POST(1.0.0)": {"geoType", "geoFeatureSetCodes", "codes"},
    "Codelist=SICA_TEST.MIG:CL_CORRIDOR_GRID(1.0.0)": {
        *("geoType", "gridDefinition", "geoGridCodes", "codes"),
    },
    # Validity within a constraint, and notes in it.
    "DataConstraint=SICA_TEST:DC_KEYS(1.0.0)": {"dataKeySets"},
    "DataConstraint=SICA_TEST:DC_REGION(1.0.0)": {"cubeRegions"},
    "MetadataConstraint=SICA_TEST:MC_QUALITY(1.0.0)": {"metadataTargetRegions"},
    # References are exact; one measure, of the id OBS_VALUE; attributes have one value.
    "Dataflow=SICA_TEST:DF_GROWING(1.0.0)": {"structure"},
    "DataStructure=SICA_TEST:DSD_MIGRATION(1.0.0)": {
        *("dataStructureComponents", "metadata", "annotations"),
    },
    "DataStructure=SICA_TEST.MIG:DSD_BORDER(1.0.0)": {"dataStructureComponents"},
    # Metadata providers are data providers, targets are part of the metadata structure.
    "DataProviderScheme=SICA_TEST:DATA_PROVIDERS(1.0)": {"dataProviders"},
    "MetadataProviderScheme=SICA_TEST:METADATA_PROVIDERS(1.0)": {"name", "names"},
    "Metadataflow=SICA_TEST:MDF_QUALITY(1.0.0)": {"targets"},
    "MetadataProvisionAgreement=SICA_TEST:MPA_QUALITY(1.0.0)": {"targets"},
    "StructureMap=SICA_TEST:SM_RETURN(1.0.0)": {
        *("componentMaps", "fixedValueMaps", "frequencyFormatMappings", "datePatternMaps"),
    },
}
CHANGED: dict[str, dict[str, set[str]]] = {
    JSON21: {},
    JSON20: {**EVOLVING, **CONSTRAINED},
    ML31: LINKS,
    ML30: {**EVOLVING, **CONSTRAINED, **LINKS},
    ML21: {
        **EVOLVING,
        **OF_SDMX_3,
        "Codelist=SICA_TEST:CL_AREA(1.0.0)": {"annotations", "links"},
    },
    JSON10: {**EVOLVING, **OF_SDMX_3},
}
"""What a format cannot hold of an artefact, by the properties of SDMX-JSON 2.1 that change."""

NOT_IN_2_1 = {
    "Codelist=SICA_TEST:CL_PERMIT(2.0.0-draft)",  # a version is numbers
    "HierarchyAssociation=SICA_TEST:HA_AREA(1.0.0)",
    "RepresentationMap=SICA_TEST:RM_AREA(1.0.0)",  # its strings are of no list
    "RepresentationMap=SICA_TEST:RM_SEX_AGE(1.0.0)",  # two codes become one
    "StructureMap=SICA_TEST:SM_EPOCH(1.0.0)",
    "ValueList=SICA_TEST:VL_SYMBOL(1.0.0)",
}
ABSENT: dict[str, set[str]] = {
    ML21: NOT_IN_2_1,
    JSON10: NOT_IN_2_1
    | {
        "CustomTypeScheme=SICA_TEST:CTS_MIGRATION(1.0.0)",
        "NamePersonalisationScheme=SICA_TEST:NPS_MIGRATION(1.0.0)",
        "RulesetScheme=SICA_TEST:RS_MIGRATION(1.0.0)",
        "TransformationScheme=SICA_TEST:TS_MIGRATION(1.0.0)",
        "UserDefinedOperatorScheme=SICA_TEST:UDO_MIGRATION(1.0.0)",
        "VtlMappingScheme=SICA_TEST:VMS_MIGRATION(1.0.0)",
    },
}
"""Artefacts that a format cannot hold."""


@pytest.mark.parametrize("media_type", FORMATS)
def test_c178_the_bundle_comes_back_unchanged(bundle: Bundle, media_type: str) -> None:
    reply = bundle.get("/sdmx/v2/structure/*/*/*/*?detail=raw", media_type, Accept_Language="*")
    assert reply.status_code == 200, reply.text[:500]
    check_structures(reply.content, media_type)
    read = {_named(each.urn): each.document for each in read_structure_message(reply.content)}
    own = {_named(each.urn): each.document for each in bundle_artefacts()}
    assert own.keys() - read.keys() == ABSENT.get(media_type, set())
    assert read.keys() <= own.keys()
    changed = {name: _changes(own[name], read[name]) for name in read}
    assert {name: found for name, found in changed.items() if found} == CHANGED[media_type]


def _named(urn: str) -> str:
    return urn.removeprefix("urn:sdmx:org.sdmx.infomodel.").partition(".")[2]


def _changes(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    first, second = meaning(before), meaning(after)
    return {name for name in {*first, *second} if first.get(name) != second.get(name)}


# What is said when nothing is said.
_DEFAULTS: dict[str, Any] = {"include": True, "isInclusive": True, "usage": "optional"}


def meaning(part: Any) -> Any:
    """A document without what may be written in two ways that mean the same."""
    if isinstance(part, list):
        return [meaning(each) for each in part]
    if not isinstance(part, dict):
        return part
    read = {
        name: meaning(value)
        for name, value in part.items()
        if name not in _DEFAULTS or value != _DEFAULTS[name]
    }
    if "keys" in read and "isIncluded" in read:
        read["keys"] = [one for key in read["keys"] for one in _single_keys(key)]
    return read["value"] if read.keys() == {"value"} else read


def _single_keys(key: dict[str, Any]) -> list[dict[str, Any]]:
    """A key that names several values of a dimension, as one key for each."""
    listed = [
        [{"id": one["id"], "value": value} for value in one.get("values", [one.get("value")])]
        for one in key["keyValues"]
    ]
    return [{**key, "keyValues": list(values)} for values in product(*listed)]


def test_c034_a_hierarchy_of_all_comes_with_the_codes_that_it_orders(bundle: Bundle) -> None:
    path = "/sdmx/v2/structure/dataflow/SICA_TEST/DF_MIGRATION/1.0.0?references=all"
    for detail in ("full", "referencepartial"):
        reply = bundle.get(f"{path}&detail={detail}", "application/vnd.sdmx.structure+json")
        held = {f"{one.agency}:{one.id}": one for one in read_structure_message(reply.content)}
        ordered = {f"{one.agency}:{one.id}" for _, one in find_references(held["SICA_TEST:H_AREA"])}
        assert ordered <= held.keys(), detail
