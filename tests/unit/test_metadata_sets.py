"""Metadata sets by their structure: what is refused, and where; one form for all formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from app.errors import InvalidArtefactError, MessageError, NotAuthorisedError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.metadata_readers import read_metadata_message
from app.sdmx.query import StructureQuery
from app.sdmx.registry_changes import plan_changes
from app.sdmx.report_rights import check_reporter
from app.sdmx.structure_answer import answer_structure_query
from app.services.publish_structures import read_structure_files
from tests.artefact_samples import artefact, item, urn
from tests.metadata import FULL, metadata_network, metadata_set
from tests.structures import agreement, network

SCOPE = FULL[0]


@pytest.fixture(scope="module")
def held() -> ArtefactSet:
    return plan_changes(ArtefactSet(()), [*network(), *metadata_network()]).after


def published(held: ArtefactSet, one: Artefact) -> Artefact:
    [added] = plan_changes(held, [one]).added
    return added


def test_a_set_of_everything_is_valid(held: ArtefactSet) -> None:
    assert published(held, metadata_set()).document["attributes"] == FULL


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        pytest.param([SCOPE, {"id": "NOPE", "value": "x"}], "/attributes/1", id="unknown"),
        pytest.param([SCOPE, {"id": "NAME", "value": "x"}], "/attributes/1", id="wrong level"),
        pytest.param([{"id": "RATING", "value": "GOOD"}], "/attributes", id="too few"),
        pytest.param([SCOPE, SCOPE], "/attributes", id="too many"),
        pytest.param(
            [SCOPE, {"id": "RATING", "value": "BAD"}], "/attributes/1/value", id="no code"
        ),
        pytest.param(
            [SCOPE, {"id": "RATING", "value": {"en": "GOOD"}}], "/attributes/1/value", id="text"
        ),
        pytest.param(
            [SCOPE, {"id": "COVERAGE", "value": 101}], "/attributes/1/value", id="too large"
        ),
        pytest.param(
            [SCOPE, {"id": "YEARS", "value": "many"}], "/attributes/1/value", id="no number"
        ),
        pytest.param(
            [SCOPE, {"id": "NOTE", "value": {"en": "<p>open"}}], "/attributes/1/value", id="markup"
        ),
        pytest.param(
            [SCOPE, {"id": "CONTACT", "value": "x", "attributes": [{"id": "NAME"}]}],
            "/attributes/1/value",
            id="presentational",
        ),
        pytest.param(
            [SCOPE, {"id": "CONTACT", "attributes": [{"id": "EMAIL", "value": "x"}]}],
            "/attributes/1/attributes",
            id="nested too few",
        ),
        pytest.param([], "/attributes", id="nothing"),
    ],
)
def test_what_the_structure_does_not_allow_is_refused_with_its_path(
    held: ArtefactSet, attributes: list[Any], path: str
) -> None:
    with pytest.raises(InvalidArtefactError) as error:
        published(held, metadata_set(attributes=attributes))
    assert error.value.detail["path"] == path


@pytest.mark.parametrize("attributes", [["x"], "x", [{"value": 1}], [{"id": ["A"]}]])
def test_attributes_without_form_are_refused(held: ArtefactSet, attributes: Any) -> None:
    with pytest.raises(InvalidArtefactError):
        published(held, metadata_set(attributes=attributes))


def test_targets_must_be_allowed_and_exist_where_they_are_of_this_registry(
    held: ArtefactSet,
) -> None:
    for target in (urn("Codelist", "CL_AREA"), urn("DataStructure", "DSD")):
        with pytest.raises(InvalidArtefactError, match="targets/0"):
            published(held, metadata_set(targets=[target]))
    with pytest.raises(InvalidArtefactError, match="NOPE"):
        published(held, metadata_set(targets=[urn("Dataflow", "NOPE")]))
    every = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=*:*(*)"
    structure = urn("MetadataStructure", "MSD")
    free = artefact("Metadataflow", "MDF_ANY", structure=structure, targets=[every])
    elsewhere = urn("Dataflow", "DF", agency="ELSEWHERE")
    given = metadata_set(targets=[elsewhere], metadataflow=free.urn)
    assert plan_changes(held, [free, given]).added[-1].document["targets"] == [elsewhere]


def test_the_metadataflow_must_exist(held: ArtefactSet) -> None:
    with pytest.raises(InvalidArtefactError, match="NOPE"):
        published(held, metadata_set(metadataflow=urn("Metadataflow", "NOPE")))
    both = metadata_set().document | {
        "metadataProvisionAgreement": urn("MetadataProvisionAgreement", "MPA")
    }
    with pytest.raises(InvalidArtefactError, match="not both"):
        published(held, Artefact.read(metadata_set().artefact_class, both))


def test_an_agreement_binds_its_provider(held: ArtefactSet) -> None:
    bound = {"metadataProvisionAgreement": urn("MetadataProvisionAgreement", "MPA")}
    published(held, metadata_set(**bound))
    with pytest.raises(InvalidArtefactError, match="agencyID"):
        published(held, metadata_set(agency="TST.OTHER", **bound))


def test_values_are_stored_by_their_data_types(held: ArtefactSet) -> None:
    texts = [
        SCOPE,
        {"id": "COVERAGE", "value": "97.50"},
        {"id": "YEARS", "value": "2020"},
        {"id": "FINAL", "value": "1"},
        {"id": "CONTACT", "attributes": [{"id": "NAME", "value": 5}]},
    ]
    stored = published(held, metadata_set(attributes=texts)).document["attributes"]
    assert [one.get("value") for one in stored[1:4]] == [97.5, 2020, True]
    assert stored[4]["attributes"] == [{"id": "NAME", "value": "5"}]


def test_text_that_looks_like_a_urn_is_no_reference(held: ArtefactSet) -> None:
    text = {"id": "SCOPE", "value": "urn:sdmx:org.sdmx.infomodel.what=this is"}
    published(held, metadata_set(attributes=[text]))


def test_structure_queries_do_not_show_metadata_sets(held: ArtefactSet) -> None:
    every = plan_changes(held, [metadata_set()]).after
    for references in ("all", "parents", "parentsandsiblings", "ancestors"):
        answer = answer_structure_query(every, StructureQuery(references=(references,)))
        assert {one.artefact_class.name for one in answer.artefacts}.isdisjoint({"MetadataSet"})
    alone = StructureQuery(("dataflow",), ("TST",), ("DF",), references=("parentsandsiblings",))
    assert answer_structure_query(every, alone) == answer_structure_query(held, alone)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"data": {}}',
        b'{"data": {"metadataSets": {}}}',
        b'{"data": {"metadataSets": [1]}}',
        orjson.dumps({"data": {"metadataSets": [{"id": "A", "agencyID": "B", "attributes": []}]}})
        .decode()
        .replace("[]", '[{"id":"A","attributes":' * 100 + "[]" + "}]" * 100)
        .encode(),
    ],
)
def test_what_is_no_metadata_message_is_refused(body: bytes) -> None:
    with pytest.raises(MessageError):
        read_metadata_message(body)


def test_files_of_metadata_are_told_from_files_of_structures(tmp_path: Path) -> None:
    sets = {"data": {"metadataSets": [metadata_set().document]}}
    structures = {"data": {"codelists": [artefact("Codelist", "metadataSets").document]}}
    for name, message in (("a", sets), ("b", structures)):
        (tmp_path / f"{name}.json").write_bytes(orjson.dumps(message))
    read = read_structure_files([tmp_path])
    assert [one.artefact_class.name for one in read] == ["MetadataSet", "Codelist"]


def test_a_set_without_a_version_has_the_default_one() -> None:
    document = {key: value for key, value in metadata_set().document.items() if key != "version"}
    [read] = read_metadata_message(orjson.dumps({"data": {"metadataSets": [document]}}))
    assert read.version.text == "1.0"


def test_a_list_of_values_is_several_attributes() -> None:
    nested = {"id": "CONTACT", "attributes": [{"id": "EMAIL", "value": ["a", "b"]}]}
    document = metadata_set(attributes=[{"id": "YEARS", "value": [1, 2]}, nested]).document
    [read] = read_metadata_message(orjson.dumps({"data": {"metadataSets": [document]}}))
    years, more, contact = read.document["attributes"]
    assert (years["value"], more["value"]) == (1, 2)
    assert [one["value"] for one in contact["attributes"]] == ["a", "b"]


def test_who_reports_on_what() -> None:
    providers = [item("CRI_STAT"), item("OTHER")]
    [mpa] = [one for one in metadata_network() if one.id == "MPA"]
    known = ArtefactSet([
        artefact("DataProviderScheme", "DATA_PROVIDERS", "1.0", dataProviders=providers),
        agreement("PA_CRI", "DF", "CRI_STAT"), mpa,
    ])  # fmt: skip
    mine, flow = urn("ProvisionAgreement", "PA_CRI"), urn("Dataflow", "DF")
    every = mine.replace("PA_CRI(1.0.0)", "*(*)")
    bound = {"metadataProvisionAgreement": mpa.urn}

    def may(agency: str, *targets: str, granted: str = "", **parts: Any) -> bool:
        one = metadata_set(agency=agency, targets=list(targets), **parts)
        try:
            check_reporter(one, known, lambda agency: agency == granted)
        except NotAuthorisedError as error:
            assert error.detail["path"] == f"/targets/{len(targets) - 1}"
            return False
        return True

    assert may("TST.CRI_STAT", mine)
    assert may("TST.OTHER", mine, flow, granted="TST")
    assert may("TST.OFFICE", mine, flow, **bound)
    assert not may("TST.OTHER", mine)
    assert not may("ELSE.CRI_STAT", mine), "a provider of the same id in another scheme"
    assert not may("TST.CRI_STAT", mine, flow)
    assert not may("TST.CRI_STAT", every)
    assert not may("TST.CRI_STAT", mine, urn("ProvisionAgreement", "PA_CRI", agency="OTH"))
