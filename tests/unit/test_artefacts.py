"""Artefacts: identification, references, checks, the graph, and what a publication changes."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    ConflictError,
    InvalidArtefactError,
    StableArtefactChangedError,
    VipmgError,
)
from app.sdmx.agreements import agreement_terms, dataflow_dimensions
from app.sdmx.artefact_checks import check_artefact
from app.sdmx.artefact_classes import ARTEFACT_TYPES, CLASS_BY_NAME, CLASSES
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, find_differences, find_references
from app.sdmx.registry_changes import plan_changes
from app.sdmx.structures import DataStructure, decode
from app.sdmx.terms_sets import TermSets
from app.sdmx.urn import parse_urn
from tests.artefact_samples import (
    artefact,
    codelist,
    component,
    data_structure,
    every_class,
    item,
    network,
    urn,
)

EMPTY = ArtefactSet(())


def changed(original: Artefact, **parts: Any) -> Artefact:
    return Artefact.read(original.artefact_class, original.document | parts)


# doc/structures.md of sdmx-rest 2.2, in the order of its table.
TYPES = """datastructure metadatastructure categoryscheme conceptscheme codelist hierarchy
hierarchyassociation valuelist agencyscheme dataproviderscheme metadataproviderscheme
dataconsumerscheme organisationunitscheme dataflow metadataflow reportingtaxonomy
provisionagreement metadataprovisionagreement structuremap representationmap conceptschememap
categoryschememap organisationschememap reportingtaxonomymap process categorisation dataconstraint
metadataconstraint transformationscheme rulesetscheme userdefinedoperatorscheme customtypescheme
namepersonalisationscheme vtlmappingscheme"""


def test_c026_the_table_of_classes_has_the_34_artefact_types() -> None:
    assert sorted(ARTEFACT_TYPES) == sorted(TYPES.split())
    schemes = {one.artefact_type for one in CLASSES if one.is_item_scheme}
    assert schemes == {name for name in TYPES.split() if name.endswith("scheme")} | {
        "codelist",
        "reportingtaxonomy",
        "valuelist",
    }


def test_there_is_an_artefact_of_every_class_and_each_is_valid() -> None:
    artefacts = every_class()
    assert {one.artefact_class.name for one in artefacts} == {one.name for one in CLASSES}
    for one in artefacts:
        check_artefact(one)
        assert parse_urn(one.urn).class_name == one.artefact_class.urn_class


def test_stable_means_three_numbers_above_zero_without_extension() -> None:
    versions = ("1.0.0", "1.0", "0.1.0", "1.0.0-draft", "1")
    stable = [codelist("CL", "A").stable]
    stable += [artefact("Codelist", "CL", version).stable for version in versions[1:]]
    assert stable == [True, False, False, False, False]


def test_links_to_itself_are_no_part_of_an_artefact() -> None:
    links = [{"rel": "self", "urn": urn("Codelist", "CL")}, {"rel": "help", "href": "http://x.org"}]
    assert codelist("CL", "A", links=links).document["links"] == links[1:]
    assert "links" not in codelist("CL", "A", links=links[:1]).document


@pytest.mark.parametrize("key", ["agencyID", "id", "version"])
def test_a_document_without_identification_is_refused(key: str) -> None:
    document = {name: value for name, value in codelist("CL").document.items() if name != key}
    with pytest.raises(InvalidArtefactError, match=key):
        Artefact.read(CLASS_BY_NAME["Codelist"], document)


def test_references_are_found_with_their_paths_and_wildcards_are_not() -> None:
    by_id = {one.id: one for one in every_class()}
    found = {path: str(target) for path, target in find_references(by_id["PA_1"])}
    assert found == {
        "/dataflow": urn("Dataflow", "DF"),
        "/dataProvider": urn("DataProvider", "DATA_PROVIDERS", "P1", version="1.0"),
    }
    assert [str(target) for _, target in find_references(by_id["MDF"])] == [
        urn("MetadataStructure", "MSD")
    ]


def test_a_malformed_urn_is_refused_with_its_path() -> None:
    wrong = artefact("Dataflow", "DF", structure="urn:sdmx:org.sdmx.infomodel.base.DataStructure=X")
    with pytest.raises(InvalidArtefactError) as caught:
        check_artefact(wrong)
    assert caught.value.detail["path"] == "/structure"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (codelist("1CL", "A"), "/id"),
        (codelist("CL", item("A"), item("A")), "/codes/A"),
        (codelist("CL", item("A", parent="B")), "/codes/A/parent"),
        (codelist("CL", {"id": "A"}), "/codes/A/name"),
        (codelist("CL", item("A B")), "/codes/A B"),
        (codelist("CL", codes={}), "/codes"),
        (codelist("CL", name=" "), "/name"),
        (codelist("CL", names={"en": 1}), "/names"),
        (codelist("CL", isPartialLanguage=True), "/isPartialLanguage"),
        (
            artefact("CategoryScheme", "CAT", categories=[item("A", categories=[1])]),
            "/categories/0/categories",
        ),
        (
            artefact(
                "DataStructure", "D", dataStructureComponents={"dimensionList": {"dimensions": []}}
            ),
            "/dataStructureComponents/dimensionList/dimensions",
        ),
        (
            artefact(
                "DataStructure",
                "D",
                dataStructureComponents={
                    "dimensionList": {"dimensions": [component("A"), component("A")]}
                },
            ),
            "/dataStructureComponents",
        ),
    ],
)
def test_what_is_not_valid_is_refused_with_its_path(wrong: Artefact, path: str) -> None:
    with pytest.raises(InvalidArtefactError) as caught:
        check_artefact(wrong)
    assert caught.value.detail["path"] == path
    assert path in caught.value.text["es"]


@pytest.mark.parametrize(
    ("class_name", "resource_id", "version"),
    [
        ("AgencyScheme", "OTHERS", "1.0"),
        ("AgencyScheme", "AGENCIES", "1.1"),
        ("DataProviderScheme", "PROVIDERS", "1.0"),
        ("DataProviderScheme", "DATA_PROVIDERS", "1.0.0"),
        ("DataConsumerScheme", "CONSUMERS", "1.0"),
        ("MetadataProviderScheme", "PROVIDERS", "1.0"),
        ("OrganisationUnitScheme", "UNITS", "2.0"),
    ],
)
def test_c046_organisation_schemes_have_fixed_ids_and_version(
    class_name: str, resource_id: str, version: str
) -> None:
    with pytest.raises(InvalidArtefactError, match="it must be"):
        check_artefact(artefact(class_name, resource_id, version))


def test_c046_organisation_schemes_need_not_write_id_and_version() -> None:
    document = {"agencyID": "TST", "name": "Agencies"}
    read = Artefact.read(CLASS_BY_NAME["AgencyScheme"], document)
    assert read.urn == urn("AgencyScheme", "AGENCIES", version="1.0")


def test_a_component_without_id_takes_that_of_its_concept() -> None:
    bare = {"conceptIdentity": urn("Concept", "CS", "AREA")}
    parts = {"dataStructureComponents": {"dimensionList": {"dimensions": [bare]}}}
    structure = decode(artefact("DataStructure", "D", **parts), DataStructure)
    assert [dimension.id for dimension in structure.dimensions] == ["AREA"]


def test_dimensions_stand_by_position_and_without_time() -> None:
    dimensions = [component("B", position=2), component("A", position=1)]
    parts = {"dataStructureComponents": {"dimensionList": {"dimensions": dimensions}}}
    decoded = decode(artefact("DataStructure", "D", **parts), DataStructure)
    assert [dimension.id for dimension in decoded.dimensions] == ["A", "B"]
    assert [one.id for one in decode(data_structure(), DataStructure).dimensions] == [
        "FREQ",
        "AREA",
        "TOPIC",
    ]


def test_terms_of_an_agreement_come_from_its_annotations() -> None:
    said = {"FREQUENCY": "M", "PRECEDENCE": "7", "READERS": "A, B C", "ATTRIBUTE:UNIT": "PS"}
    notes = [{"id": key, "type": "AGREEMENT_TERM", "value": text} for key, text in said.items()]
    notes.append({"id": "PRECEDENCE", "type": "NOTE", "value": "no term"})
    agreement = artefact(
        "ProvisionAgreement",
        "PA",
        dataflow=urn("Dataflow", "DF"),
        dataProvider=urn("DataProvider", "DATA_PROVIDERS", "P1", version="1.0"),
        annotations=notes,
    )
    terms = TermSets(ArtefactSet([agreement])).terms(agreement)
    assert terms.precedence == 7
    assert terms.readers == ("A", "B", "C")
    assert terms.fixed_attributes == {"UNIT": "PS"}
    assert terms.provider == "P1"


def test_a_precedence_that_is_no_number_is_refused() -> None:
    agreement = next(one for one in network() if one.id == "PA_1")
    notes = [{"id": "PRECEDENCE", "type": "AGREEMENT_TERM", "value": "high"}]
    with pytest.raises(InvalidArtefactError, match="whole number"):
        check_artefact(changed(agreement, annotations=notes))


class TestGraph:
    def test_references_lead_both_ways(self) -> None:
        found = ArtefactSet(every_class())
        flow, structure = urn("Dataflow", "DF"), urn("DataStructure", "DSD")
        assert structure in found.children(flow)
        assert flow in found.parents(structure)
        assert urn("ProvisionAgreement", "PA_1") in found.parents(flow)
        for one in found:
            for child in found.children(one.urn):
                assert one.urn in found.parents(child)

    def test_a_plus_version_leads_to_the_latest_stable(self) -> None:
        versions = ("1.0.0", "1.1.0", "1.2.0-draft", "2.0.0")
        found = ArtefactSet(data_structure(version=version) for version in versions)
        reference = urn("DataStructure", "DSD", version="1.0+.0")
        resolved = found.resolve(reference)
        assert resolved is not None
        assert resolved.version.text == "1.1.0"

    def test_parents_of_single_items(self) -> None:
        found = ArtefactSet(every_class())
        area = found.parents_of_items(urn("Codelist", "CL_AREA"), ["NORTH"])
        assert area == {urn("Hierarchy", "H")}
        assert not found.parents_of_items(urn("Codelist", "CL_AREA"), ["SOUTH"])

    def test_c006_a_sub_agency_stands_in_the_scheme_of_its_parent(self) -> None:
        own = artefact("AgencyScheme", "AGENCIES", "1.0", agencies=[item("SUB")])
        found = ArtefactSet((*network(), own))
        held = found.agency_scheme("TST.SUB")
        assert held is not None
        assert held[0].urn == own.urn
        top = found.agency_scheme("TST")
        assert top is not None
        assert top[0].agency == "SDMX"
        assert found.agency_scheme("TST.OTHER") is None


class TestPlan:
    def test_everything_new_is_added(self) -> None:
        artefacts = every_class()
        plan = plan_changes(EMPTY, artefacts)
        assert len(plan.added) == len(artefacts)
        assert not plan.changed
        assert not plan.unchanged

    def test_the_order_of_properties_is_no_change(self) -> None:
        before = network()
        again = [
            Artefact.read(one.artefact_class, dict(reversed(one.document.items())))
            for one in before
        ]
        plan = plan_changes(ArtefactSet(before), again)
        assert not plan
        assert len(plan.unchanged) == len(before)

    def test_c164_a_stable_artefact_may_not_change_and_the_difference_is_shown(self) -> None:
        before = network()
        area = next(one for one in before if one.id == "CL_AREA")
        codes = copy.deepcopy(area.document["codes"])
        codes[1]["names"]["es"] = "Norte"
        codes.append(item("WEST"))
        with pytest.raises(StableArtefactChangedError) as caught:
            plan_changes(ArtefactSet(before), [changed(area, codes=codes)])
        differences = {one["path"]: one for one in caught.value.detail["differences"]}  # type: ignore[attr-defined]
        assert differences["/codes/NORTH/names/es"]["old"] == "NORTH en español"
        assert differences["/codes/NORTH/names/es"]["new"] == "Norte"
        assert differences["/codes/WEST"]["old"] is None
        text = caught.value.text["en"]
        assert "CL_AREA(1.0.0)/codes/NORTH/names/es: NORTH en español -> Norte" in text

    def test_at_most_twenty_differences_are_shown(self) -> None:
        many = [f"C{number}" for number in range(50)]
        before = codelist("CL", *many)
        with pytest.raises(StableArtefactChangedError) as caught:
            plan_changes(ArtefactSet([before]), [codelist("CL", "OTHER")])
        assert len(caught.value.detail["differences"]) == 20  # type: ignore[arg-type]

    def test_a_draft_may_change(self) -> None:
        old = artefact("Codelist", "CL", "1.0.0-draft", codes=[item("A")])
        new = changed(old, codes=[item("A"), item("B")])
        plan = plan_changes(ArtefactSet([old]), [new])
        assert [one.urn for one in plan.changed] == [new.urn]

    def test_a_part_does_not_replace_the_whole(self) -> None:
        old = artefact("Codelist", "CL", "1.0", codes=[item("A"), item("B")])
        part = changed(old, codes=[item("A")], isPartial=True)
        with pytest.raises(ConflictError, match="isPartial"):
            plan_changes(ArtefactSet([old]), [part])

    def test_two_artefacts_of_one_urn_are_refused(self) -> None:
        with pytest.raises(InvalidArtefactError, match="twice"):
            plan_changes(EMPTY, [codelist("CL", "A"), codelist("CL", "B")])

    def test_c166_references_that_lead_nowhere_are_listed(self) -> None:
        without = [one for one in network() if one.id not in ("CL_FREQ", "CS")]
        with pytest.raises(InvalidArtefactError) as caught:
            plan_changes(EMPTY, without)
        missing = {one["reference"] for one in caught.value.detail["missing"]}  # type: ignore[attr-defined]
        assert urn("Codelist", "CL_FREQ") in missing
        assert urn("Concept", "CS", "AREA") in missing
        assert "DSD(1.0.0)/dataStructureComponents/dimensionList/dimensions/0" in str(caught.value)

    def test_c166_an_item_that_is_not_there_is_missing_too(self) -> None:
        artefacts = every_class()
        broken = [
            changed(one, codes=[item("ALL")]) if one.id == "CL_AREA" else one for one in artefacts
        ]
        with pytest.raises(InvalidArtefactError) as caught:
            plan_changes(EMPTY, broken)
        missing = {one["reference"] for one in caught.value.detail["missing"]}  # type: ignore[attr-defined]
        assert missing == {urn("Code", "CL_AREA", "NORTH")}

    def test_an_inherited_code_may_be_referred_to(self) -> None:
        codes = [{"id": "HX", "code": urn("Code", "CL_TOPIC", "X")}]
        plan_changes(EMPTY, [*network(), artefact("Hierarchy", "H", hierarchicalCodes=codes)])

    def test_a_change_may_not_break_what_refers_to_it(self) -> None:
        draft = artefact("Codelist", "CL", "1.0", codes=[item("A"), item("B")])
        codes = [{"id": "HB", "code": urn("Code", "CL", "B", version="1.0")}]
        before = ArtefactSet([draft, artefact("Hierarchy", "H", hierarchicalCodes=codes)])
        with pytest.raises(InvalidArtefactError, match=r"Hierarchy TST:H\(1.0.0\)"):
            plan_changes(before, [changed(draft, codes=[item("A")])])

    def test_an_agreement_is_bound_to_one_version_of_its_dataflow_and_stays_there(self) -> None:
        before = network()
        agreement = next(one for one in before if one.id == "PA_1")
        open_ended = changed(agreement, dataflow=urn("Dataflow", "DF", version="1.0+.0"))
        plan = plan_changes(ArtefactSet(before), [open_ended])
        assert [one.document["dataflow"] for one in plan.unchanged] == [urn("Dataflow", "DF")]
        newer = artefact("Dataflow", "DF", "1.1.0", structure=urn("DataStructure", "DSD"))
        stays = plan_changes(ArtefactSet((*before, newer)), [open_ended])
        assert [one.urn for one in stays.unchanged] == [agreement.urn]
        others = [one for one in before if one.id != "PA_1"]
        fresh = plan_changes(ArtefactSet((*others, newer)), [open_ended])
        assert [one.document["dataflow"] for one in fresh.added] == [newer.urn]


def test_dimensions_and_terms_for_the_store() -> None:
    found = ArtefactSet(network())
    assert dataflow_dimensions(found) == {urn("Dataflow", "DF"): ("FREQ", "AREA", "TOPIC")}
    terms = {one.urn: one for one in agreement_terms(found)}
    first = terms[urn("ProvisionAgreement", "PA_1")]
    assert (first.dataflow, first.provider) == (urn("Dataflow", "DF"), "P1")
    assert (first.precedence, first.readers) == (100, ())
    assert first.fixed_attributes == {"LICENCE": "CC0"}


def test_c176_a_dimension_constraint_names_the_dimensions_of_a_flow() -> None:
    flow = artefact(
        "Dataflow",
        "DF2",
        structure=urn("DataStructure", "DSD", version="1.0+.0"),
        dimensionConstraint=["TOPIC", "FREQ"],
    )
    found = dataflow_dimensions(ArtefactSet((*network(), flow)))
    assert found[flow.urn] == ("FREQ", "TOPIC")


def test_differences_match_objects_by_id_and_report_their_order() -> None:
    old, new = [{"id": "A", "n": 1}, {"id": "B"}], [{"id": "B"}, {"id": "A", "n": 2}]
    assert list(find_differences({"x": old}, {"x": new})) == [
        ("/x (order)", ["A", "B"], ["B", "A"]),
        ("/x/A/n", 1, 2),
    ]
    assert list(find_differences([1, 2], [1])) == [("/1", 2, None)]


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2)
documents = st.recursive(
    scalars,
    lambda parts: (
        st.lists(parts, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "codes"]), parts, max_size=3)
    ),
    max_leaves=8,
)


@given(documents, documents)
def test_there_are_differences_when_and_only_when_documents_differ(old: Any, new: Any) -> None:
    before, after = (orjson.dumps(one, option=orjson.OPT_SORT_KEYS) for one in (old, new))
    assert (before == after) == (not list(find_differences(old, new)))


def _places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = part.items() if isinstance(part, dict) else enumerate(part)
    found = []
    for key, value in entries:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += _places(value, (*path, key))
    return found


EVERY = every_class()
PLACES = [(number, path) for number, one in enumerate(EVERY) for path in _places(one.document)]


@settings(deadline=None)
@given(st.sampled_from(PLACES), documents | st.just(urn("Dataflow", "DF")))
def test_whatever_is_wrong_in_a_document_is_an_error_of_ours(
    place: tuple[int, tuple[Any, ...]], value: Any
) -> None:
    number, path = place
    document = copy.deepcopy(EVERY[number].document)
    part: Any = document
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    try:
        broken = Artefact.read(EVERY[number].artefact_class, document)
        others = [one for one in EVERY if one is not EVERY[number]]
        plan = plan_changes(EMPTY, [*others, broken])
    except VipmgError as error:
        assert error.text["en"]
        assert error.text["es"]
    else:
        dataflow_dimensions(plan.after)
        agreement_terms(plan.after)
