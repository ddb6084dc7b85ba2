"""SDMX-JSON structure messages against the official schemas and samples."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_json import (
    JsonVersion,
    read_structures,
    write_structures,
)
from app.sdmx.messages.structure_message import MessageHeader
from tests.artefact_samples import artefact, data_structure, every_class, urn
from tests.structure_schemas import check_message

SAMPLES = Path(__file__).parents[3] / "shared/spec/samples/json/2.1/structure-message"
HEADER = MessageHeader(
    "TEST", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=-6)))
)
ADDRESS = "https://example.org/sdmx/v2"
VERSIONS: tuple[JsonVersion, ...] = ("2.1.0", "2.0.0")


@pytest.mark.parametrize("version", VERSIONS)
def test_c026_every_class_is_written_as_the_schema_says_and_read_again(
    version: JsonVersion,
) -> None:
    artefacts = every_class()
    body = write_structures(artefacts, HEADER, version=version, address=ADDRESS)
    message = check_message(body, version)
    assert set(message["data"]) == set(CLASS_BY_COLLECTION)
    again = {one.urn: one.document for one in read_structures(body)}
    assert again == {one.urn: one.document for one in artefacts}


@pytest.mark.parametrize("name", ["generated-sample.json", "constructed-sample.json"])
def test_c178_official_samples_round_trip_unchanged(name: str) -> None:
    if not (SAMPLES / name).is_file():
        pytest.skip("the official samples are not on this machine")
    body = (SAMPLES / name).read_bytes()
    before = json.loads(body)["data"]
    artefacts = read_structures(body)
    after = check_message(write_structures(artefacts, HEADER), "2.1.0")["data"]
    assert after == {key: _without_self(value) for key, value in before.items()}
    check_message(write_structures(artefacts, HEADER, version="2.0.0"), "2.0.0")


def _without_self(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [Artefact.read(CLASS_BY_COLLECTION["dataflows"], one).document for one in documents]


def test_prepared_is_in_utc_and_the_sender_is_named() -> None:
    meta = check_message(write_structures([data_structure()], HEADER), "2.1.0")["meta"]
    assert meta == {"id": "TEST", "prepared": "2026-01-02T09:04:05Z", "sender": {"id": "VIPMG"}}


@pytest.mark.parametrize("version", VERSIONS)
def test_c045_each_artefact_links_to_itself(version: JsonVersion) -> None:
    links = [{"rel": "help", "href": "https://example.org/help"}]
    kept = artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD"), links=links)
    message = check_message(
        write_structures([kept], HEADER, version=version, address=ADDRESS), version
    )
    assert message["data"]["dataflows"][0]["links"] == [
        {
            "rel": "self",
            "href": f"{ADDRESS}/structure/dataflow/TST/DF/1.0.0",
            "urn": kept.urn,
        },
        *links,
    ]


def test_2_0_has_what_only_it_demands_and_nothing_that_it_does_not_know() -> None:
    key = {"keyValues": [{"id": "AREA", "values": ["N", "S"]}, {"id": "FREQ", "value": "A"}]}
    constraint = artefact(
        "DataConstraint",
        "CC",
        constraintAttachment={"dataStructures": [urn("DataStructure", "DSD")]},
        dataKeySets=[{"isIncluded": True, "keys": [key]}],
        isPartialLanguage=True,
    )
    structure = data_structure(evolvingStructure=True)
    del structure.document["dataStructureComponents"]["dimensionList"]["timeDimension"][
        "localRepresentation"
    ]
    body = write_structures([structure, constraint], HEADER, version="2.0.0", address=ADDRESS)
    data = check_message(body, "2.0.0")["data"]
    written = data["dataConstraints"][0]
    assert written["role"] == "Allowed"
    assert "isPartialLanguage" not in written
    assert "evolvingStructure" not in data["dataStructures"][0]
    keys = written["dataKeySets"][0]["keys"]
    assert [[value["value"] for value in one["keyValues"]] for one in keys] == [
        ["N", "A"],
        ["S", "A"],
    ]
    dimension_list = data["dataStructures"][0]["dataStructureComponents"]["dimensionList"]
    assert dimension_list["timeDimension"]["localRepresentation"]["format"] == {
        "dataType": "ObservationalTimePeriod"
    }


def test_2_0_names_value_lists_as_its_schema_spells_them() -> None:
    source = urn("ValueList", "VL")
    target = urn("Category", "CAT", "C1")
    categorised = artefact("Categorisation", "CTG", source=source, target=target)
    listed = artefact("ValueList", "VL")
    written = [categorised, listed]
    body = write_structures(written, HEADER, version="2.0.0", address=ADDRESS)
    check_message(body, "2.0.0")
    assert read_structures(body) == written


def test_availability_is_a_constraint_of_its_own_in_2_1_and_an_actual_one_in_2_0() -> None:
    region = {"include": True, "keyValues": [{"id": "FREQ", "include": True, "values": ["A"]}]}
    available = {
        "constraintAttachment": {"dataflow": urn("Dataflow", "DF")},
        "cubeRegion": region,
        "seriesCount": 3,
        "obsCount": 40,
    }
    newer = check_message(write_structures([], HEADER, availability=[available]), "2.1.0")["data"]
    assert newer == {"availabilityConstraints": [available]}
    body = write_structures([], HEADER, version="2.0.0", availability=[available])
    older = check_message(body, "2.0.0")["data"]["dataConstraints"][0]
    assert older["role"] == "Actual"
    assert older["constraintAttachment"] == {"dataflows": [urn("Dataflow", "DF")]}
    assert older["cubeRegions"] == [region]
    counts = {one["id"]: one["title"] for one in older["annotations"]}
    assert counts == {"series_count": "3", "obs_count": "40"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", MessageError),
        (b"[]", MessageError),
        (b'{"data": []}', MessageError),
        (b'{"data": {"codelists": {}}}', MessageError),
        (b'{"data": {"codelists": [1]}}', MessageError),
        (b'{"data": {"contentConstraints": []}}', InvalidArtefactError),
        (b'{"data": {"codelists": [{}]}}', InvalidArtefactError),
        (b'{"data": {"dataConstraints": [{"id": "A", "role": "Actual"}]}}', InvalidArtefactError),
        (b'{"data": {"availabilityConstraints": [{}]}}', InvalidArtefactError),
        (b'{"data": {"availabilityConstraints": [{"cubeRegion": 1}]}}', InvalidArtefactError),
    ],
)
def test_what_is_no_structure_message_is_refused(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_structures(body)


def test_extensions_of_a_message_are_passed_over() -> None:
    assert read_structures(b'{"data": {"x-own": 1}}') == []
