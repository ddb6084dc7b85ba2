"""SDMX-ML structure messages 2.1 against the official schema and two clients."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pysdmx.io
import pytest
import sdmx
from hypothesis import given
from hypothesis import strategies as st
from pysdmx.model import AvailabilityConstraint

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefact_checks import check_artefact
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_json import write_structures
from app.sdmx.messages.structure_json_1 import write_structures as write_json
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml_2_1 import DIALECT, read_structures_ml, write_structures_ml
from app.sdmx.messages.structure_readers import read_structure_message
from app.sdmx.messages.structure_writers import write_structure_message
from app.sdmx.model_2_1 import to_2_1
from app.sdmx.model_2_1_reading import read_2_1
from app.sdmx.offers import STRUCTURE_OFFERS, V1_STRUCTURE_OFFERS
from tests.artefact_samples import (
    artefact,
    codelist,
    component,
    data_structure,
    every_class,
    item,
    urn,
)
from tests.shared_files import shared_structures
from tests.structure_schemas import check_message
from tests.xml_schemas import check_xml

FIXTURES = Path(__file__).parents[1] / "fixtures/structures"
NOT_IN_JSON_1 = {
    "CustomTypeScheme",
    "NamePersonalisationScheme",
    "RulesetScheme",
    "TransformationScheme",
    "UserDefinedOperatorScheme",
    "VtlMappingScheme",
}
HEADER = MessageHeader("TEST", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC))
AVAILABLE = {
    "constraintAttachment": {"dataflow": urn("Dataflow", "DF")},
    "cubeRegion": {
        "include": True,
        "keyValues": [
            {"id": "AREA", "include": True, "values": ["NORTH", "SOUTH"]},
            {
                "id": "TIME_PERIOD",
                "timeRange": {
                    "startPeriod": {"period": "2001-01-01"},
                    "endPeriod": {"period": "2020-12-31"},
                },
            },
        ],
    },
    "seriesCount": 3,
    "obsCount": 7,
}
# What sdmx1 does not read in 2.1, whoever wrote it.
NOT_READ_BY_SDMX1 = {
    "CategorySchemeMap",
    "ConceptSchemeMap",
    "MetadataConstraint",
    "OrganisationSchemeMap",
    "OrganisationUnitScheme",
    "Process",
    "ReportingTaxonomy",
    "ReportingTaxonomyMap",
    "RulesetScheme",
    "TransformationScheme",
}
NOT_READ_BY_PYSDMX = {"MetadataConstraint", "MetadataStructure"}


def message(*artefacts: Artefact, **options: Any) -> bytes:
    """A message that is valid by the official schema."""
    body = write_structures_ml(artefacts, HEADER, **options)
    check_xml(body, "2.1")
    return body


def documents(body: bytes) -> dict[str, Any]:
    """The documents of 3.1 that a message holds, by URN."""
    return {one.urn: one.document for one in read_structures_ml(body)}


def around(content: str) -> bytes:
    """A message with this content."""
    names = DIALECT.vocabulary.namespaces
    declared = " ".join(f'xmlns:{prefix}="{names[prefix]}"' for prefix in ("mes", "str", "com"))
    inner = f"<mes:Structures>{content}</mes:Structures>"
    return f"<mes:Structure {declared}>{inner}</mes:Structure>".encode()


def test_c026_every_class_is_valid_and_says_what_the_model_says() -> None:
    artefacts = every_class()
    body = message(*artefacts, address="https://example.org/sdmx/v1")
    expected = {one.urn: one.document for one in read_2_1(to_2_1(artefacts))}
    assert documents(body) == expected


def test_the_shared_structures_are_valid_and_come_back() -> None:
    artefacts = shared_structures()
    expected = {one.urn: one.document for one in read_2_1(to_2_1(artefacts))}
    assert documents(message(*artefacts)) == expected


@pytest.mark.parametrize("write", [write_structures_ml, write_json])
def test_what_is_read_of_everything_is_valid_in_3_1(write: Any) -> None:
    files = sorted(FIXTURES.glob("*.json"))
    kept = [one for file in files for one in read_structure_message(file.read_bytes())]
    registry = ArtefactSet(kept)
    artefacts = [registry.with_extensions(one) for one in kept]
    body = write(artefacts, HEADER, registry=registry, address="https://example.org/sdmx/v1")
    if write is write_json:
        check_message(body, "1.0.0")
    else:
        check_xml(body, "2.1")
    again = read_structure_message(body)
    for one in again:
        check_artefact(one)
    check_message(write_structures(again, HEADER))
    gone = {one.artefact_class.name for one in kept} - {one.artefact_class.name for one in again}
    assert gone - NOT_IN_JSON_1 == {
        "GeoGridCodelist",
        "GeographicCodelist",
        "HierarchyAssociation",
        "RepresentationMap",
        "ValueList",
    }


def test_references_are_in_parts() -> None:
    root = check_xml(message(*every_class()), "2.1")
    (structure,) = root.iterfind(".//{*}Dataflow/{*}Structure/Ref")
    assert dict(structure.attrib) == {
        "id": "DSD",
        "version": "1.0.0",
        "agencyID": "TST",
        "package": "datastructure",
        "class": "DataStructure",
    }
    (target,) = root.iterfind(".//{*}Categorisation/{*}Target/Ref")
    assert target.get("id") == "C1.C11"
    assert target.get("maintainableParentID") == "CAT"
    assert target.get("maintainableParentVersion") == "1.0.0"


def test_a_reference_to_a_draft_is_a_urn() -> None:
    draft = urn("DataStructure", "DSD", version="1.0.0-draft")
    body = message(artefact("Dataflow", "F", "0.1.0", structure=draft))
    assert b"<str:Structure><URN>" in body
    assert documents(body)[urn("Dataflow", "F", version="0.1.0")]["structure"] == draft


def test_a_stub_says_where_the_whole_is() -> None:
    stub = codelist("CL").with_document(codelist("CL").document | {"isExternalReference": True})
    root = check_xml(message(stub, address="https://example.org/sdmx/v1"), "2.1")
    (found,) = root.iterfind(".//{*}Codelist")
    assert found.get("structureURL") == "https://example.org/sdmx/v1/codelist/TST/CL/1.0.0"
    assert found.get("isFinal") == "true"


def test_stubs_of_every_class_are_valid() -> None:
    keys = ("id", "agencyID", "version", "name", "names")
    whole = every_class()
    stubs = [
        one.with_document({key: one.document[key] for key in keys} | {"isExternalReference": True})
        for one in whole
    ]
    options: dict[str, Any] = {"registry": ArtefactSet(whole), "address": "https://example.org"}
    root = check_xml(message(*stubs, **options), "2.1")
    assert len(root.findall(".//{*}ProvisionAgreement/{*}DataProvider/Ref")) == 3
    check_message(write_json(stubs, HEADER, **options), "1.0.0")


def test_facets_that_the_schema_forbids_are_left_out() -> None:
    facets = {"dataType": "String", "minLength": 0, "maxLength": 5, "decimals": 0, "maxValue": 1e3}
    concepts = [item("A", coreRepresentation={"format": facets})]
    body = message(artefact("ConceptScheme", "CS", concepts=concepts))
    read = documents(body)[urn("ConceptScheme", "CS")]["concepts"][0]
    assert read["coreRepresentation"]["format"] == {
        "dataType": "String",
        "maxLength": 5,
        "maxValue": 1000.0,
    }


def test_annotations_keep_one_address_and_their_texts() -> None:
    annotations = [
        {
            "id": "N",
            "title": "t",
            "type": "x",
            "text": "<a> & b",
            "texts": {"en": "<a> & b", "es": "c"},
            "links": [{"rel": "self", "href": "https://example.org/?a=1&b=2"}],
        }
    ]
    noted = codelist("CL", annotations=annotations)
    assert documents(message(noted))[noted.urn]["annotations"] == annotations


class TestReading:
    def test_a_reference_without_class_has_that_of_its_place(self) -> None:
        content = """<str:Dataflows><str:Dataflow id="F" agencyID="A">
        <com:Name>f</com:Name><str:Structure><Ref id="D" agencyID="A"/></str:Structure>
        </str:Dataflow></str:Dataflows>"""
        ((found, document),) = documents(around(content)).items()
        assert found == urn("Dataflow", "F", agency="A", version="1.0")
        assert document["structure"] == urn("DataStructure", "D", agency="A", version="1.0")

    def test_a_urn_beside_ref_is_read(self) -> None:
        target = urn("DataStructure", "D", agency="A", version="2.0")
        content = f"""<str:Dataflows><str:Dataflow id="F" agencyID="A"><com:Name>f</com:Name>
        <str:Structure><Ref id="D" agencyID="A"/><URN>{target}</URN></str:Structure>
        </str:Dataflow></str:Dataflows>"""
        (document,) = documents(around(content)).values()
        assert document["structure"] == target

    @pytest.mark.parametrize(
        "content",
        [
            "<str:Constraints><str:AttachmentConstraint/></str:Constraints>",
            "<str:StructureSets><str:StructureSet><str:HybridCodelistMap/></str:StructureSet>"
            "</str:StructureSets>",
            "<str:DataStructures><str:DataStructure><str:DataStructureComponents>"
            "<str:DimensionList><str:MeasureDimension/></str:DimensionList>"
            "</str:DataStructureComponents></str:DataStructure></str:DataStructures>",
            "<str:Constraints><str:ContentConstraint><str:ConstraintAttachment><str:DataSet/>"
            "</str:ConstraintAttachment></str:ContentConstraint></str:Constraints>",
        ],
    )
    def test_kinds_that_3_1_does_not_have_are_refused_with_their_line(self, content: str) -> None:
        with pytest.raises(InvalidArtefactError) as refused:
            read_structures_ml(around(content))
        assert refused.value.detail["line"] == 1

    @pytest.mark.parametrize(
        "structure",
        [
            "",
            "<Ref/>",
            '<Ref id="D"/>',
            '<Ref agencyID="A"/>',
            '<Ref id="D" agencyID="A" class="Nonsense"/>',
            '<Ref id="D" agencyID="A" version="one"/>',
            "<URN>nonsense</URN>",
        ],
    )
    def test_references_that_lead_nowhere_are_refused(self, structure: str) -> None:
        content = f"""<str:Dataflows><str:Dataflow id="F" agencyID="A"><com:Name>f</com:Name>
        <str:Structure>{structure}</str:Structure></str:Dataflow></str:Dataflows>"""
        with pytest.raises(InvalidArtefactError):
            read_structures_ml(around(content))

    @pytest.mark.parametrize("body", [b"", b"<a/>", b"<mes:Structure", b"<!DOCTYPE a []><a/>"])
    def test_what_is_no_message_of_2_1_is_refused(self, body: bytes) -> None:
        with pytest.raises(MessageError):
            read_structures_ml(body)


class TestClients:
    def test_c137_sdmx1_reads_the_structures(self) -> None:
        read = [one for one in every_class() if one.artefact_class.name not in NOT_READ_BY_SDMX1]
        body = message(*read, registry=ArtefactSet(every_class()))
        found = sdmx.read_sdmx(io.BytesIO(body))
        structure = found.structure["DSD"]
        assert [one.id for one in structure.dimensions] == ["FREQ", "AREA", "TOPIC", "TIME_PERIOD"]
        area = structure.dimensions.get("AREA")
        assert area.local_representation.enumerated.id == "CL_AREA"
        assert area.concept_identity.id == "AREA"
        assert [one.id for one in structure.attributes] == ["OBS_STATUS"]
        assert [one.id for one in structure.measures] == ["OBS_VALUE"]
        assert list(structure.group_dimensions) == ["SIBLING"]
        assert structure.is_final
        codes = found.codelist["CL_AREA"]
        assert [one.id for one in codes] == ["ALL", "NORTH", "SOUTH"]
        assert codes["NORTH"].parent == "ALL" or codes["NORTH"].parent.id == "ALL"
        assert codes["NORTH"].name["es"] == "NORTH en español"
        assert found.dataflow["DF"].structure is structure
        agreement = found.provisionagreement["PA_2"]
        assert agreement.data_provider.id == "P2"
        (region,) = found.constraint["CC_DF"].data_content_region
        assert {one.id for one in region.member} == {"AREA", "TOPIC"}
        assert list(found.hierarchical_codelist) == ["H"]

    def test_c089_sdmx1_reads_what_is_available(self) -> None:
        found = sdmx.read_sdmx(io.BytesIO(message(availability=[AVAILABLE])))
        constraint = found.constraint["AVAILABLE_DF"]
        assert constraint.role.role.name == "actual"
        (region,) = constraint.data_content_region
        area = next(values for one, values in region.member.items() if one.id == "AREA")
        assert {one.value for one in area.values} == {"NORTH", "SOUTH"}
        counts = {one.id: one.title for one in constraint.annotations}
        assert counts == {"series_count": "3", "obs_count": "7"}

    def test_c137_pysdmx_reads_the_structures(self) -> None:
        read = [one for one in every_class() if one.artefact_class.name not in NOT_READ_BY_PYSDMX]
        body = message(*read, registry=ArtefactSet(every_class()), availability=[AVAILABLE])
        found = pysdmx.io.read_sdmx(io.BytesIO(body), validate=True)
        structures = {getattr(one, "id", ""): one for one in found.structures}
        structure: Any = structures["DSD"]
        assert [one.id for one in structure.components.dimensions] == [
            "FREQ",
            "AREA",
            "TOPIC",
            "TIME_PERIOD",
        ]
        codes = structure.components["AREA"].local_codes
        assert [code.id for code in codes] == ["ALL", "NORTH", "SOUTH"]
        assert structures["PA_1"].provider.endswith("DataProvider=TST:DATA_PROVIDERS(1.0).P1")
        (available,) = (one for one in found.structures if isinstance(one, AvailabilityConstraint))
        assert (available.series_count, available.obs_count) == (3, 7)


class TestNegotiated:
    def offer(self, format_name: str, version: str) -> Any:
        """The offer of a format and version."""
        return next(
            one
            for one in V1_STRUCTURE_OFFERS
            if (one.format, one.version) == (format_name, version)
        )

    def test_c100_xml_2_1_is_the_default_of_1_x_and_the_last_but_one_of_2_x(self) -> None:
        assert (V1_STRUCTURE_OFFERS[0].format, V1_STRUCTURE_OFFERS[0].version) == ("xml", "2.1")
        assert STRUCTURE_OFFERS[-2:] == V1_STRUCTURE_OFFERS[:2]

    @pytest.mark.parametrize(("format_name", "version"), [("xml", "2.1"), ("json", "1.0.0")])
    def test_what_is_written_in_a_format_is_read_in_it(
        self, format_name: str, version: str
    ) -> None:
        artefacts = every_class()
        body = write_structure_message(
            self.offer(format_name, version),
            artefacts,
            HEADER,
            base_url="https://example.org",
            registry=ArtefactSet(artefacts),
            availability=[],
        )
        if format_name == "json":
            check_message(body, "1.0.0")
        else:
            check_xml(body, "2.1")
        again = {one.urn for one in read_structure_message(body)}
        assert {urn("DataStructure", "DSD"), urn("Hierarchy", "H")} <= again


_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=20,
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)
_IDS = st.from_regex(r"[A-Z][A-Z0-9_]{0,5}", fullmatch=True)


@st.composite
def codelists(draw: st.DrawFn) -> Artefact:
    """Code lists with any text, in one or two languages, and parents."""
    ids = draw(st.lists(_IDS, min_size=1, max_size=5, unique=True))
    codes = []
    for position, code in enumerate(ids):
        name, other = draw(_TEXTS), draw(_TEXTS)
        document = {"id": code, "name": name, "names": {"en": name, "es": other}}
        if position and draw(st.booleans()):
            document["parent"] = ids[position - 1]
        codes.append(document)
    return artefact("Codelist", "CL", codes=codes)


@given(codelists())
def test_any_text_comes_back(one: Artefact) -> None:
    assert documents(message(one))[one.urn] == one.document


@given(
    st.lists(_IDS, min_size=1, max_size=4, unique=True),
    st.booleans(),
    st.sampled_from(["Dataflow", "Codelist", "ConceptScheme", "CategoryScheme"]),
)
def test_any_process_comes_back(ids: list[str], nested: bool, kind: str) -> None:
    steps = [
        item(
            one,
            inputs=[{"localID": "I", "objectReference": urn(kind, "X")}],
            transitions=[
                {"id": "T", "condition": "c", "conditions": {"en": "c"}, "targetStep": ids[0]}
            ],
        )
        for one in ids
    ]
    if nested:
        steps = [item("AROUND", processSteps=steps)]
    process = artefact("Process", "PRC", processSteps=steps)
    assert documents(message(process))[process.urn] == process.document


def test_a_structure_with_all_levels_of_attributes_is_valid() -> None:
    whole = data_structure()
    parts = whole.document["dataStructureComponents"]
    relationships: list[dict[str, Any]] = [
        {"dataflow": {}},
        {"dimensions": ["FREQ"]},
        {"group": "SIBLING"},
        {"observation": {}},
    ]
    attributes = [
        component(f"A{n}", usage="optional", attributeRelationship=one)
        for n, one in enumerate(relationships)
    ]
    start = component(
        "REPORTING_YEAR_START_DAY",
        usage="optional",
        attributeRelationship={"dataflow": {}},
        localRepresentation={"format": {"dataType": "MonthDay"}, "maxOccurs": 1},
    )
    listed = {"id": "AttributeDescriptor", "attributes": [*attributes, start]}
    document = whole.document | {"dataStructureComponents": parts | {"attributeList": listed}}
    body = message(whole.with_document(document))
    read = documents(body)[whole.urn]["dataStructureComponents"]
    assert read["attributeList"] == listed
    found = sdmx.read_sdmx(io.BytesIO(body)).structure["DSD"]
    assert [one.id for one in found.attributes] == [one["id"] for one in listed["attributes"]]
    apart = body.replace(
        b'<str:Attribute id="REPORTING', b'<str:ReportingYearStartDay id="REPORTING'
    )
    head, _, tail = apart.rpartition(b"</str:Attribute>")
    apart = head + b"</str:ReportingYearStartDay>" + tail
    check_xml(apart, "2.1")
    assert documents(apart) == documents(body)
