"""Structure messages in SDMX-ML 3.1 and 3.0 against the official schemas, and read again."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from app.errors import InvalidArtefactError
from app.sdmx.artefact_checks import check_artefact, is_computed
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, find_differences
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml import (
    DIALECTS,
    MlVersion,
    read_structures_ml,
    write_structures_ml,
)
from app.sdmx.messages.structure_readers import read_structure_message
from app.sdmx.urn import parse_urn
from tests.artefact_samples import artefact, codelist, data_structure, every_class, item, urn
from tests.full_artefacts import full_artefacts
from tests.shared_files import shared_structures
from tests.xml_schemas import check_xml

HEADER = MessageHeader(
    "TEST", dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=-6)))
)
ADDRESS = "https://example.org/sdmx/v2"
VERSIONS: tuple[MlVersion, ...] = ("3.1.0", "3.0.0")
COMMON = "{http://www.sdmx.org/resources/sdmxml/schemas/v3_1/common}"
# What SDMX 3.0 cannot hold, at any depth, and the format of time that its schema demands.
NOT_IN_3_0 = {"isPartialLanguage", "evolvingStructure", "dimensionConstraint"}


def differences(before: list[Artefact], after: list[Artefact]) -> list[str]:
    """What was lost or changed on the way, as paths."""
    again = {one.urn: one.document for one in after}
    assert [one.urn for one in before if one.urn not in again] == []
    return [
        f"{one}{path}: {old!r} -> {new!r}"
        for one in before
        for path, old, new in find_differences(one.document, again[one.urn])
    ]


def written(artefacts: list[Artefact], version: MlVersion = "3.1.0") -> bytes:
    """A message that must be valid."""
    body = write_structures_ml(artefacts, HEADER, version=version, address=ADDRESS)
    check_xml(body, version)
    return body


@pytest.mark.parametrize("version", VERSIONS)
def test_c026_every_class_is_valid_sdmx_ml_and_read_again_unchanged(version: MlVersion) -> None:
    artefacts = every_class()
    body = written(artefacts, version)
    assert {one.artefact_class.collection for one in artefacts} == set(CLASS_BY_COLLECTION)
    assert differences(artefacts, read_structures_ml(body)) == []


def test_every_property_of_every_class_is_kept_in_3_1() -> None:
    artefacts = full_artefacts()
    assert differences(artefacts, read_structures_ml(written(artefacts))) == []


def test_3_0_loses_what_it_has_no_place_for_and_nothing_else() -> None:
    artefacts = full_artefacts()
    lost = differences(artefacts, read_structures_ml(written(artefacts, "3.0.0")))
    time = "/dimensionList/timeDimension/localRepresentation: None -> "
    assert {path for path in lost if not any(name in path for name in NOT_IN_3_0)} == {
        path for path in lost if time in path
    }
    assert [path for path in lost if time in path and "ObservationalTimePeriod" in path]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_regional_structures_are_valid_and_read_again_unchanged(version: MlVersion) -> None:
    artefacts = shared_structures()
    assert len(artefacts) > 100
    assert differences(artefacts, read_structure_message(written(artefacts, version))) == []


TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&\"'\u0085\u2028]"),
    max_size=20,
)
LANGUAGES = st.sampled_from(["en", "es", "fr-CA", "pap", "zh-Hant-TW", "x-own"])
LOCALISED = {"names": "name", "descriptions": "description", "texts": "text"}
FREE = {"title", "expression", "geoCell", "prefix", "pattern", "operatorDefinition", "targetValue"}
DROPPED = {"annotations", "links", "descriptions", "validFrom", "coreRepresentation", "parent"}


@st.composite
def artefacts_of_any_text(draw: st.DrawFn) -> Artefact:
    """An artefact with other texts, other languages, and without some properties."""
    chosen = draw(st.sampled_from([*every_class(), *full_artefacts()]))

    def changed(part: Any) -> Any:
        if isinstance(part, list):
            return [changed(one) for one in part]
        if not isinstance(part, dict):
            return part
        kept = {
            key: changed(value)
            for key, value in part.items()
            if key not in DROPPED or draw(st.booleans())
        }
        for key in FREE.intersection(kept):
            kept[key] = draw(TEXTS)
        for plural, single in LOCALISED.items():
            if single in kept and "conditions" not in kept:
                kept[single] = draw(TEXTS)
                kept.pop(plural, None)
                if draw(st.booleans()):
                    kept[plural] = draw(st.dictionaries(LANGUAGES, TEXTS, max_size=3))
                    kept[plural][draw(LANGUAGES)] = kept[single]
        return kept

    document = changed(copy.deepcopy(chosen.document))
    return chosen.with_document(document)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(artefacts_of_any_text())
def test_any_text_in_any_language_is_read_again_as_it_was(changed: Artefact) -> None:
    assert differences([changed], read_structures_ml(written([changed]))) == []


def test_a_character_that_xml_has_not_is_replaced() -> None:
    body = written([codelist("CL", item("A", name="a\x00b\x1f\ud800", names={"en": "\x0b"}))])
    assert read_structures_ml(body)[0].document["codes"][0]["name"] == "a\ufffdb\ufffd\ufffd"


def test_prepared_is_in_utc_and_the_sender_is_named() -> None:
    header = check_xml(written([data_structure()]), "3.1")[0]
    told = [(one.tag.rpartition("}")[2], one.text or one.get("id")) for one in header]
    assert told == [
        ("ID", "TEST"),
        ("Test", "false"),
        ("Prepared", "2026-01-02T09:04:05Z"),
        ("Sender", "VIPMG"),
    ]


def test_a_message_without_artefacts_is_valid() -> None:
    assert read_structures_ml(written([])) == []


def test_the_best_match_stands_first_and_each_text_has_its_language() -> None:
    names = {"en": "Area", "es": "Zona", "fr": "Zone"}
    message = check_xml(written([codelist("CL", name="Zona", names=names)]), "3.1")
    found = [
        (one.get("{http://www.w3.org/XML/1998/namespace}lang"), one.text)
        for one in message.iter(f"{COMMON}Name")
    ]
    assert found == [("es", "Zona"), ("en", "Area"), ("fr", "Zone")]


def test_a_text_without_language_is_english_beside_others() -> None:
    body = written([codelist("CL", name="Zona", names={"es": "Zona"})])
    foreign = body.replace(
        b' xml:lang="es">Zona</com:Name>',
        b'>Area</com:Name><com:Name xml:lang="fr">Zone</com:Name>',
    )
    document = read_structures_ml(foreign)[0].document
    assert (document["name"], document["names"]) == ("Area", {"en": "Area", "fr": "Zone"})


@pytest.mark.parametrize("version", VERSIONS)
def test_c045_each_artefact_links_to_itself(version: MlVersion) -> None:
    links = [{"rel": "help", "href": "https://example.org/help"}]
    kept = artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD"), links=links)
    body = written([kept], version)
    [link] = [dict(one.attrib) for one in check_xml(body, version).iter("{*}Link")][:1]
    assert link == {
        "rel": "self",
        "url": f"{ADDRESS}/structure/dataflow/TST/DF/1.0.0",
        "urn": kept.urn,
    }
    assert read_structures_ml(body)[0].document["links"] == links


def test_a_stub_tells_where_the_whole_is() -> None:
    stub = codelist("CL", isExternalReference=True)
    body = written([stub])
    [listed] = check_xml(body, "3.1").iter("{*}Codelist")
    assert listed.get("structureURL") == f"{ADDRESS}/structure/codelist/TST/CL/1.0.0"
    assert read_structures_ml(body) == [stub]


STUB = ("id", "agencyID", "version", "name", "names")


@pytest.mark.parametrize("version", VERSIONS)
def test_c027_stubs_of_every_class_are_valid(version: MlVersion) -> None:
    registry = ArtefactSet([*every_class(), *full_artefacts()])
    stubs = [
        one.with_document({key: one.document[key] for key in STUB} | {"isExternalReference": True})
        for one in registry
    ]
    body = write_structures_ml(stubs, HEADER, version=version, address=ADDRESS, registry=registry)
    message = check_xml(body, version)
    assert len(read_structures_ml(body)) == len(stubs)
    for absent in ("Code", "Concept", "DataStructureComponents", "ItemMap", "ComponentMap"):
        left = [
            one
            for one in message.iter(f"{{*}}{absent}")
            if "Hierarch" not in str(one.getparent().tag)
        ]
        assert left == []


def test_categorisations_of_3_1_keep_the_version_that_its_schema_cannot_say() -> None:
    kept = [artefact("Categorisation", "C", version) for version in ("1.0", "1.0.0", "2.1.0-x")]
    for address in (ADDRESS, None):
        body = write_structures_ml(kept, HEADER, address=address)
        check_xml(body, "3.1")
        assert read_structures_ml(body) == kept


def test_a_parent_that_the_schema_of_3_0_refuses_is_told_in_a_link() -> None:
    links = [{"rel": "help", "href": "https://example.org/help"}]
    kept = codelist("CL", "001", item("002", parent="001"), item("003", parent="001", links=links))
    body = written([kept], "3.0.0")
    assert b"<str:Parent>" not in body
    assert read_structures_ml(body) == [kept]
    assert written([kept]).count(b"<str:Parent>001</str:Parent>") == 2


def test_an_observation_attribute_says_observation() -> None:
    body = written([data_structure()], "3.0.0")
    assert b"<str:AttributeRelationship><str:Observation/></str:AttributeRelationship>" in body


AVAILABLE = {
    "constraintAttachment": {"dataflow": urn("Dataflow", "DF")},
    "cubeRegion": {
        "include": True,
        "keyValues": [{"id": "FREQ", "include": True, "values": ["A", "M"]}],
    },
    "seriesCount": 3,
    "obsCount": 40,
}


def test_availability_is_a_constraint_of_its_own_in_3_1() -> None:
    body = write_structures_ml([], HEADER, availability=[AVAILABLE])
    [found] = check_xml(body, "3.1").iter("{*}AvailabilityConstraint")
    assert dict(found.attrib) == {"seriesCount": "3", "obsCount": "40"}
    assert [one.text for one in found.iter("{*}Dataflow", "{*}Value")] == [
        urn("Dataflow", "DF"),
        "A",
        "M",
    ]
    older = write_structures_ml([], HEADER, version="3.0.0", availability=[AVAILABLE])
    [told], [told_before] = read_structures_ml(body), read_structures_ml(older)
    assert told.urn == told_before.urn
    assert is_computed(told)


def test_availability_is_an_actual_constraint_in_3_0() -> None:
    body = write_structures_ml([], HEADER, version="3.0.0", availability=[AVAILABLE])
    [found] = check_xml(body, "3.0").iter("{*}DataConstraint")
    assert found.get("role") == "Actual"
    assert parse_urn(found.get("urn") or "").id == found.get("id")
    counts = {one.get("id"): one[0].text for one in found.iter("{*}Annotation")}
    assert counts == {"series_count": "3", "obs_count": "40"}
    [told] = read_structures_ml(body)
    with pytest.raises(InvalidArtefactError, match="computed, not stored"):
        check_artefact(told)


def test_keys_of_several_values_are_kept_in_3_1_and_multiplied_out_in_3_0() -> None:
    key = {"keyValues": [{"id": "AREA", "values": ["N", "S"]}, {"id": "FREQ", "value": "A"}]}
    kept = artefact("DataConstraint", "DC", dataKeySets=[{"isIncluded": True, "keys": [key]}])
    assert read_structures_ml(written([kept])) == [kept]
    [older] = read_structures_ml(written([kept], "3.0.0"))
    [keys] = older.document["dataKeySets"]
    assert [[one["value"] for one in each["keyValues"]] for each in keys["keys"]] == [
        ["N", "A"],
        ["S", "A"],
    ]


def test_what_only_3_0_has_is_left_out() -> None:
    body = written([artefact("DataConstraint", "DC")], "3.0.0")
    calendar = (
        b"<str:ReleaseCalendar><str:Periodicity>P1M</str:Periodicity><str:Offset>P1D</str:Offset>"
        b"<str:Tolerance>P2D</str:Tolerance></str:ReleaseCalendar></str:DataConstraint>"
    )
    older = body.replace(b"</str:DataConstraint>", calendar)
    check_xml(older, "3.0")
    assert read_structures_ml(older) == [artefact("DataConstraint", "DC")]


def test_what_is_no_property_of_json_is_read_as_a_link() -> None:
    body = written([codelist("CL", "A")])
    foreign = body.replace(b'<str:Code id="A"', b'<str:Code id="A" uri="https://example.org/a"')
    assert foreign != body
    [read] = read_structures_ml(foreign)
    assert read.document["codes"][0]["links"] == [
        {"rel": "describedby", "href": "https://example.org/a"}
    ]


def test_the_namespaces_of_both_versions_are_told_apart() -> None:
    assert {version: dialect.root for version, dialect in DIALECTS.items()} == {
        version: f"{{http://www.sdmx.org/resources/sdmxml/schemas/v{path}/message}}Structure"
        for version, path in (("3.1.0", "3_1"), ("3.0.0", "3_0"))
    }
