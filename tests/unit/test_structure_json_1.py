"""SDMX-JSON structure messages 1.0 against the official schema and samples."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.messages.structure_json_1 import is_1_0, read_structures, write_structures
from app.sdmx.messages.structure_message import MessageHeader
from tests.artefact_samples import AGENCY, artefact, every_class, item, urn
from tests.structure_schemas import check_message

SAMPLES = Path(__file__).parents[3] / "shared/spec/samples/json/1.0/structure-message"
HEADER = MessageHeader("TEST", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
ADDRESS = "https://example.org/sdmx/v1"
KINDS_OF_1_0 = {
    "dataStructures",
    "metadataStructures",
    "categorySchemes",
    "conceptSchemes",
    "codelists",
    "hierarchicalCodelists",
    "agencySchemes",
    "dataProviderSchemes",
    "dataConsumerSchemes",
    "organisationUnitSchemes",
    "dataflows",
    "metadataflows",
    "reportingTaxonomies",
    "provisionAgreements",
    "structureSets",
    "processes",
    "categorisations",
    "contentConstraints",
}


def written(*artefacts: Any, **options: Any) -> dict[str, Any]:
    """The data of a message that is valid by the official schema."""
    message = check_message(write_structures(artefacts, HEADER, **options), "1.0.0")
    data: dict[str, Any] = message["data"]
    return data


def test_c026_every_class_of_1_0_is_written_as_the_schema_says() -> None:
    data = written(*every_class(), address=ADDRESS)
    assert set(data) == KINDS_OF_1_0


def test_c045_each_artefact_links_to_itself_on_the_1_x_paths() -> None:
    data = written(*every_class(), address=ADDRESS)
    (link,) = data["hierarchicalCodelists"][0]["links"]
    assert link == {
        "rel": "self",
        "href": f"{ADDRESS}/hierarchicalcodelist/{AGENCY}/H/1.0.0",
        "urn": "urn:sdmx:org.sdmx.infomodel.codelist.HierarchicalCodelist=TST:H(1.0.0)",
    }


def test_c089_what_is_available_is_a_content_constraint_of_the_type_actual() -> None:
    availability = {
        "constraintAttachment": {"dataflow": urn("Dataflow", "DF")},
        "cubeRegion": {
            "include": True,
            "keyValues": [{"id": "FREQ", "include": True, "values": ["A", "M"]}],
        },
        "seriesCount": 3,
        "obsCount": 7,
    }
    (constraint,) = written(availability=[availability])["contentConstraints"]
    assert constraint["type"] == "Actual"
    assert constraint["constraintAttachment"] == {"dataflows": [urn("Dataflow", "DF")]}
    assert constraint["cubeRegions"] == [
        {"isIncluded": True, "keyValues": [{"id": "FREQ", "values": ["A", "M"]}]}
    ]
    counts = {one["id"]: one["title"] for one in constraint["annotations"]}
    assert counts == {"series_count": "3", "obs_count": "7"}


def test_excluded_values_in_an_included_region_become_a_region_of_their_own() -> None:
    constraint = artefact(
        "DataConstraint",
        "CC",
        constraintAttachment={"dataflows": [urn("Dataflow", "DF")]},
        cubeRegions=[
            {
                "include": True,
                "keyValues": [
                    {"id": "AREA", "values": ["NORTH"]},
                    {"id": "FREQ", "include": False, "values": ["M"]},
                ],
            }
        ],
    )
    data = written(constraint)
    assert data["contentConstraints"][0]["cubeRegions"] == [
        {"isIncluded": True, "keyValues": [{"id": "AREA", "values": ["NORTH"]}]},
        {"isIncluded": False, "keyValues": [{"id": "FREQ", "values": ["M"]}]},
    ]


def test_an_excluded_region_with_excluded_values_is_left_out() -> None:
    region = {"include": False, "keyValues": [{"id": "FREQ", "include": False, "values": ["M"]}]}
    constraint = artefact("DataConstraint", "CC", cubeRegions=[region])
    assert written(constraint)["contentConstraints"][0]["cubeRegions"] == []


def test_a_concept_of_iso_11179_is_a_urn_and_is_read_again() -> None:
    iso = {"conceptAgency": "ISO", "conceptSchemeID": "ISO11179", "conceptID": "C1"}
    concepts = [
        item("A", isoConceptReference=iso),
        item("B", parent="A", isoConceptReference=iso | {"conceptAgency": "ISO/IEC JTC 1"}),
    ]
    data = written(artefact("ConceptScheme", "CS", concepts=concepts))
    first, second = data["conceptSchemes"][0]["concepts"]
    assert first["isoConceptReference"].endswith("Concept=ISO:ISO11179(1.0).C1")
    assert second["parent"] == urn("Concept", "CS", "A")
    assert "isoConceptReference" not in second
    (again,) = read_structures({"data": data})
    assert again.document["concepts"][0]["isoConceptReference"] == iso
    assert again.document["concepts"][1]["parent"] == "A"


def test_a_message_is_told_by_its_schema_or_by_its_words() -> None:
    body = json.loads(write_structures(every_class(), HEADER))
    assert is_1_0(body)
    assert is_1_0({"data": body["data"]})
    assert not is_1_0({"data": {"codelists": body["data"]["codelists"]}})
    of_2_0 = {"schema": "https://json.sdmx.org/2.0.0/sdmx-json-structure-schema.json"}
    assert not is_1_0({"meta": of_2_0, "data": body["data"]})
    assert not is_1_0({"meta": None, "data": None})


def test_references_are_resolved_where_the_registry_has_them() -> None:
    late = artefact("Dataflow", "LATE", structure=urn("DataStructure", "DSD", version="1.0+.0"))
    newer = artefact("DataStructure", "DSD", "1.2.0")
    data = written(late, registry=ArtefactSet([late, newer, *every_class()]))
    assert data["dataflows"][0]["structure"] == urn("DataStructure", "DSD", version="1.2.0")


@pytest.mark.parametrize("name", ["constructed-sample.json"])
def test_c178_the_official_sample_is_read_and_written_again(name: str) -> None:
    if not (SAMPLES / name).is_file():
        pytest.skip("the official samples are not on this machine")
    message = json.loads((SAMPLES / name).read_bytes())
    assert is_1_0(message)
    before = {key: {one["id"] for one in value} for key, value in message["data"].items()}
    after = written(*read_structures(message))
    assert {key: {one["id"] for one in value} for key, value in after.items()} == before
    attributes = after["dataStructures"][0]["dataStructureComponents"]["attributeList"]
    assert {one["id"] for one in attributes["attributes"]} == {
        one["id"]
        for one in message["data"]["dataStructures"][0]["dataStructureComponents"]["attributeList"][
            "attributes"
        ]
    }


PROVIDERS_WITHOUT_ID = {"id": "P", "agencyID": "A", "dataProviders": [{}]}


def targeting(object_type: object) -> dict[str, Any]:
    """A metadata structure for objects of a class."""
    targets = [{"identifiableObjectTargets": [{"objectType": object_type}]}]
    return {"metadataStructureComponents": {"metadataTargets": targets}}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({}, MessageError),
        ({"data": []}, MessageError),
        ({"data": {"codelists": {}}}, MessageError),
        ({"data": {"codelists": [3]}}, MessageError),
        ({"data": {"attachmentConstraints": [{"id": "A"}]}}, InvalidArtefactError),
        ({"data": {"codelists": [{"id": "A", "agencyID": "B", "codes": 3}]}}, InvalidArtefactError),
        (
            {"data": {"codelists": [{"id": "A", "agencyID": "B", "codes": [1]}]}},
            InvalidArtefactError,
        ),
        ({"data": {"conceptSchemes": [{"id": "A", "concepts": [1]}]}}, InvalidArtefactError),
        ({"data": {"dataStructures": [{"dataStructureComponents": {}}]}}, InvalidArtefactError),
        ({"data": {"dataflows": [{"id": "A", "structure": 4}]}}, InvalidArtefactError),
        ({"data": {"structureSets": [{"structureMaps": [{}]}]}}, InvalidArtefactError),
        (
            {"data": {"metadataStructures": [{"metadataStructureComponents": 1}]}},
            InvalidArtefactError,
        ),
        ({"data": {"metadataStructures": [targeting([])]}}, InvalidArtefactError),
        ({"data": {"dataProviderSchemes": [PROVIDERS_WITHOUT_ID]}}, InvalidArtefactError),
    ],
)
def test_what_is_not_well_formed_is_refused(message: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_structures(message)
