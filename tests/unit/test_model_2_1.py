"""The information model of SDMX 2.1: what is shown of 3.1, and what comes back."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import CLASS_BY_COLLECTION, CLASS_BY_NAME
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.model_2_1 import to_2_1
from app.sdmx.model_2_1_constraints import split_exclusions
from app.sdmx.model_2_1_reading import read_2_1
from tests.artefact_samples import (
    AGENCY,
    artefact,
    codelist,
    component,
    data_structure,
    every_class,
    item,
    urn,
)
from tests.shared_files import shared_structures

IN_OTHERS = {"MetadataProviderScheme", "RepresentationMap", "StructureMap"}
ANY = "urn:sdmx:org.sdmx.infomodel.base.Any=*:*(*)"


def shown(*artefacts: Artefact, **options: Any) -> dict[str, list[Document]]:
    """The objects of 2.1."""
    return to_2_1(artefacts, **options)


def back(*artefacts: Artefact) -> dict[str, Document]:
    """What is left of artefacts that went to 2.1 and came back, by URN."""
    return {one.urn: one.document for one in read_2_1(to_2_1(artefacts))}


def only(model: dict[str, list[Document]], collection: str) -> Document:
    """The one object of a collection."""
    (document,) = model[collection]
    return document


def held(part: Any, path: tuple[str, ...] = ()) -> Any:
    """What 2.1 holds of a part of a document of 3.1, in the form in which it comes back."""
    if isinstance(part, list):
        kept_parts = [held(one, path) for one in part]
        if path[-1:] == ("dimensions",) and path[-2:-1] == ("dimensionList",):
            return [one | {"position": n} for n, one in enumerate(kept_parts, 1)]
        return kept_parts
    if not isinstance(part, dict):
        return part
    if path[-1:] == ("values",) and set(part) == {"value"}:
        return part["value"]
    kept = {key: held(value, (*path, key)) for key, value in part.items()}
    if path[-1:] == ("annotations",) and "value" in kept and kept["type"] != "AGREEMENT_TERM":
        kept.setdefault("title", kept["value"])
        del kept["value"]
    if path[-3:] == ("attributes", "localRepresentation", "format"):
        kept.pop("isMultiLingual", None)
    if path[-1:] == ("measures",):
        kept.pop("usage", None)
    if path[-1:] == ("keyValues",) and kept.get("include") is True:
        del kept["include"]
    return kept


LOST = {"HierarchyAssociation", "RepresentationMap", "StructureMap", "ValueList"}
CHANGED = {
    "DataProviderScheme",
    "GeoGridCodelist",
    "GeographicCodelist",
    "MetadataProviderScheme",
    "MetadataProvisionAgreement",
    "Metadataflow",
}


@pytest.mark.parametrize("name", sorted(set(CLASS_BY_NAME) - LOST - CHANGED))
def test_c178_a_class_goes_to_2_1_and_comes_back_as_it_was(name: str) -> None:
    artefacts = every_class()
    again = back(*artefacts)
    for one in artefacts:
        if one.artefact_class.name == name:
            expected = held(one.document)
            expected.pop("codelistExtensions", None)
            if name == "DataStructure":
                text = {"format": {"dataType": "String"}}
                attributes = expected["dataStructureComponents"]["attributeList"]["attributes"]
                attributes[0]["localRepresentation"] = text
            assert again[one.urn] == expected


def test_what_no_object_of_2_1_can_say_is_left_out() -> None:
    gone = {one.artefact_class.name for one in every_class() if one.urn not in back(*every_class())}
    assert gone == LOST


def with_one_measure(components: Document) -> None:
    """2.1 has one measure, OBS_VALUE; the others are attributes of the observation there."""
    measures = components["measureList"]["measures"]
    components["measureList"]["measures"] = [measures[0] | {"id": "OBS_VALUE"}]
    relation = {"usage": "optional", "attributeRelationship": {"observation": {}}}
    if len(measures) > 1:
        attributes = components.setdefault("attributeList", {"id": "AttributeDescriptor"})
        attributes.setdefault("attributes", []).extend(one | relation for one in measures[1:])


def without_metadata(structure: Document) -> None:
    """2.1 reports no metadata beside the data."""
    structure.pop("metadata", None)
    attributes = structure["dataStructureComponents"].get("attributeList", {})
    attributes.pop("metadataAttributeUsages", None)


def test_the_shared_structures_come_back_as_they_were() -> None:
    artefacts = [
        one
        for one in shared_structures()
        # Maps become parts of structure sets, who reports metadata joins the data providers, and
        # a draft is not shown.
        if not (one.artefact_class.name in IN_OTHERS or one.version.text.endswith("-draft"))
    ]
    assert len(artefacts) > 100
    again = back(*artefacts)
    assert set(again) == {one.urn for one in artefacts}
    for one in artefacts:
        # 2.1 has no late-bound references: they name the version that they mean.
        expected = json.loads(json.dumps(held(one.document)).replace("(1+.0.0)", "(1.0.0)"))
        expected.pop("codelistExtensions", None)
        if one.artefact_class.name == "Metadataflow":
            expected["targets"] = [ANY]
        elif one.artefact_class.name == "DataStructure":
            with_one_measure(expected["dataStructureComponents"])
            without_metadata(expected)
        assert again[one.urn] == expected, one.urn


class TestVersions:
    def test_a_stable_version_is_final_and_a_draft_is_not_shown(self) -> None:
        lists = codelist("A", "X"), codelist("B", "X", version="0.1.0")
        assert [one["isFinal"] for one in shown(*lists)["codelists"]] == [True, False]
        assert shown(codelist("C", "X", version="1.0.0-draft")) == {}

    def test_a_late_bound_reference_names_the_version_that_it_means(self) -> None:
        flow = artefact("Dataflow", "F", structure=urn("DataStructure", "DSD", version="1+.0.0"))
        registry = ArtefactSet([data_structure(), data_structure(version="1.3.0"), flow])
        found = only(shown(flow, registry=registry), "dataflows")
        assert found["structure"] == urn("DataStructure", "DSD", version="1.3.0")
        unknown = only(shown(flow), "dataflows")
        assert unknown["structure"] == urn("DataStructure", "DSD", version="1.0.0")


class TestCodes:
    def test_a_value_list_whose_values_are_ids_is_a_codelist(self) -> None:
        values = artefact("ValueList", "VL", valueItems=[{"id": "A"}, item("B")])
        structure = data_structure()
        parts = structure.document["dataStructureComponents"]
        (attribute,) = parts["attributeList"]["attributes"]
        coded = attribute | {"localRepresentation": {"enumeration": urn("ValueList", "VL")}}
        parts = parts | {"attributeList": {"id": "AttributeDescriptor", "attributes": [coded]}}
        structure = structure.with_document(structure.document | {"dataStructureComponents": parts})
        model = shown(values, structure)
        assert [code["name"] for code in only(model, "codelists")["codes"]] == [
            "A",
            "B in English",
        ]
        listed = only(model, "dataStructures")["dataStructureComponents"]["attributeList"]
        enumeration = listed["attributes"][0]["localRepresentation"]["enumeration"]
        assert enumeration == urn("Codelist", "VL")

    def test_a_value_list_does_not_take_the_place_of_a_codelist(self) -> None:
        model = shown(artefact("ValueList", "L", valueItems=[item("A")]), codelist("L", "B"))
        assert [code["id"] for code in only(model, "codelists")["codes"]] == ["B"]

    def test_geographic_codelists_are_codelists(self) -> None:
        geo = artefact(
            "GeographicCodelist",
            "GEO",
            geoType="GeographicCodelist",
            geoFeatureSetCodes=[item("A", value="1,2"), item("B", parent="A", value="3,4")],
        )
        (code, below) = only(shown(geo), "codelists")["codes"]
        assert code == item("A")
        assert below["parent"] == "A"


class TestDataStructures:
    def with_measures(self, *measures: Document) -> Document:
        """The components, in 2.1, of a structure with these measures."""
        whole = data_structure()
        parts = dict(whole.document["dataStructureComponents"])
        del parts["measureList"]
        if measures:
            parts["measureList"] = {"id": "MeasureDescriptor", "measures": list(measures)}
        document = whole.document | {"dataStructureComponents": parts}
        found: Document = only(shown(whole.with_document(document)), "dataStructures")
        return dict(found["dataStructureComponents"])

    def test_further_measures_are_attributes_of_the_observation(self) -> None:
        parts = self.with_measures(
            component("FIRST", usage="mandatory"), component("OBS_VALUE", urn("Codelist", "CL"))
        )
        primary = parts["measureList"]["primaryMeasure"]
        assert primary["conceptIdentity"] == urn("Concept", "CS", "OBS_VALUE")
        attribute = parts["attributeList"]["attributes"][-1]
        assert attribute["id"] == "FIRST"
        assert attribute["assignmentStatus"] == "Mandatory"
        assert attribute["attributeRelationship"] == {"primaryMeasure": "OBS_VALUE"}

    def test_the_first_measure_is_the_primary_one_unless_one_is_named_so(self) -> None:
        parts = self.with_measures(component("B"), component("A"))
        primary = parts["measureList"]["primaryMeasure"]
        assert primary == {"id": "OBS_VALUE", "conceptIdentity": urn("Concept", "CS", "B")}
        assert parts["attributeList"]["attributes"][-1]["id"] == "A"

    def test_a_structure_without_measure_has_a_primary_measure_all_the_same(self) -> None:
        primary = self.with_measures()["measureList"]["primaryMeasure"]
        assert primary["id"] == "OBS_VALUE"

    @pytest.mark.parametrize(
        ("relationship", "in_2_1"),
        [
            ({"dataflow": {}}, {"none": {}}),
            ({"dimensions": ["FREQ", "AREA"]}, {"dimensions": ["FREQ", "AREA"]}),
            ({"group": "SIBLING"}, {"group": "SIBLING"}),
            ({"observation": {}}, {"primaryMeasure": "OBS_VALUE"}),
        ],
    )
    def test_attributes_are_attached_to_what_they_were(
        self, relationship: Document, in_2_1: Document
    ) -> None:
        whole = data_structure()
        parts = whole.document["dataStructureComponents"]
        attribute = component("A", usage="mandatory", attributeRelationship=relationship)
        listed = {"id": "AttributeDescriptor", "attributes": [attribute]}
        document = whole.document | {"dataStructureComponents": parts | {"attributeList": listed}}
        model = shown(whole.with_document(document))
        components = only(model, "dataStructures")["dataStructureComponents"]
        (written,) = components["attributeList"]["attributes"]
        assert written["attributeRelationship"] == in_2_1
        (again,) = read_2_1(model)
        assert again.document["dataStructureComponents"]["attributeList"] == listed

    def test_groups_beside_dimensions_add_their_dimensions(self) -> None:
        model = shown(data_structure())
        listed = only(model, "dataStructures")["dataStructureComponents"]["attributeList"]
        (attribute,) = listed["attributes"]
        attribute["attributeRelationship"] = {
            "dimensions": ["FREQ"],
            "attachmentGroups": ["SIBLING"],
        }
        (again,) = read_2_1(model)
        attributes = again.document["dataStructureComponents"]["attributeList"]["attributes"]
        assert attributes[0]["attributeRelationship"] == {"dimensions": ["FREQ", "AREA", "TOPIC"]}

    @pytest.mark.parametrize("apart", [False, True])
    def test_the_first_day_of_the_year_is_read_among_the_attributes_or_apart(
        self, *, apart: bool
    ) -> None:
        whole = data_structure()
        parts = whole.document["dataStructureComponents"]
        attribute = component(
            "REPORTING_YEAR_START_DAY",
            usage="optional",
            attributeRelationship={"dataflow": {}},
            localRepresentation={"format": {"dataType": "MonthDay"}, "maxOccurs": 1},
        )
        listed = {"id": "AttributeDescriptor", "attributes": [attribute]}
        document = whole.document | {"dataStructureComponents": parts | {"attributeList": listed}}
        model = shown(whole.with_document(document))
        written = only(model, "dataStructures")["dataStructureComponents"]["attributeList"]
        assert written["attributes"][0]["assignmentStatus"] == "Conditional"
        if apart:
            written["reportingYearStartDays"] = written.pop("attributes")
        (again,) = read_2_1(model)
        assert again.document["dataStructureComponents"]["attributeList"] == listed

    def test_dimensions_stand_in_the_order_of_their_positions(self) -> None:
        whole = data_structure()
        parts = whole.document["dataStructureComponents"]
        dimensions = [
            component("B", position=2),
            {"conceptIdentity": urn("Concept", "CS", "A"), "position": 1},
        ]
        listed = {"id": "DimensionDescriptor", "dimensions": dimensions}
        document = whole.document | {"dataStructureComponents": parts | {"dimensionList": listed}}
        model = shown(whole.with_document(document))
        written = only(model, "dataStructures")["dataStructureComponents"]["dimensionList"]
        assert [(one["id"], one["position"]) for one in written["dimensions"]] == [
            ("A", 1),
            ("B", 2),
        ]


def test_a_dataflow_tells_the_dimensions_that_its_data_have() -> None:
    flow = artefact(
        "Dataflow",
        "F",
        structure=urn("DataStructure", "DSD"),
        dimensionConstraint=["FREQ", "AREA"],
    )
    (told,) = only(shown(flow), "dataflows")["annotations"]
    assert told == {"type": "DIMENSION_CONSTRAINT", "title": "FREQ AREA"}
    assert back(flow)[flow.urn] == flow.document
    noted = flow.with_document(flow.document | {"annotations": [{"id": "N", "title": "n"}]})
    assert back(noted)[flow.urn] == noted.document


class TestConstraints:
    def test_keys_with_several_values_are_several_keys(self) -> None:
        key = {"keyValues": [{"id": "A", "values": ["1", "2"]}, {"id": "B", "value": "3"}]}
        constraint = artefact(
            "DataConstraint", "C", dataKeySets=[{"isIncluded": True, "keys": [key]}]
        )
        ((one, other),) = (
            keys["keys"] for keys in only(shown(constraint), "contentConstraints")["dataKeySets"]
        )
        assert one["keyValues"] == [{"id": "A", "value": "1"}, {"id": "B", "value": "3"}]
        assert other["keyValues"][0] == {"id": "A", "value": "2"}

    def test_children_and_times_of_values_are_kept(self) -> None:
        values: list[Any] = ["A", {"value": "B", "cascadeValues": True}]
        time = {"startPeriod": {"period": "2020"}, "endPeriod": {"period": "2021"}}
        region = {
            "include": True,
            "keyValues": [
                {"id": "AREA", "values": values},
                {"id": "TIME_PERIOD", "timeRange": time},
            ],
            "components": [{"id": "OBS_STATUS"}],
        }
        constraint = artefact("DataConstraint", "C", cubeRegions=[region])
        written = only(shown(constraint), "contentConstraints")["cubeRegions"][0]["keyValues"][0]
        assert written == {"id": "AREA", "values": ["A", "B"], "cascadeValues": ["B"]}
        assert back(constraint)[constraint.urn]["cubeRegions"] == [region]

    def test_regions_that_exclude_one_component_each_are_read_as_exclusions(self) -> None:
        regions = [
            {"isIncluded": False, "keyValues": [{"id": name, "values": ["1"]}]} for name in "AB"
        ]
        document = {"id": "C", "agencyID": AGENCY, "type": "Allowed", "cubeRegions": regions}
        (read,) = read_2_1({"contentConstraints": [document]})
        parts = [{"id": name, "include": False, "values": ["1"]} for name in "AB"]
        assert read.document["cubeRegions"] == [{"include": True, "keyValues": parts}]

    @pytest.mark.parametrize(
        "parts",
        [
            {"type": "Allowed", "constraintAttachment": {"simpleDataSource": "http://a.example"}},
            {"type": "Allowed", "cubeRegions": [{"isIncluded": True}] * 2},
            {"type": "Allowed", "metadataKeySets": [{}]},
        ],
    )
    def test_what_3_1_cannot_hold_is_refused(self, parts: Document) -> None:
        document = {"id": "C", "agencyID": AGENCY, **parts}
        with pytest.raises(InvalidArtefactError):
            read_2_1({"contentConstraints": [document]})


@pytest.mark.parametrize(
    ("collection", "parts", "said"),
    [
        ("dataflows", {"structure": 1}, "the form of SDMX 2.1."),
        ("contentConstraints", {"type": "Allowed", "cubeRegions": [1]}, "form of SDMX 2.1."),
        ("contentConstraints", {"type": "Allowed", "dataKeySets": [{}]}, "; isIncluded is missing"),
        ("codelists", {"codes": [None]}, ""),
        ("structureSets", {"codelistMaps": [{"id": "A"}]}, ""),
    ],
)
def test_a_form_that_is_wrong_is_said_in_the_words_of_sdmx(
    collection: str, parts: Document, said: str
) -> None:
    document = {"id": "C", "agencyID": AGENCY, **parts}
    with pytest.raises(InvalidArtefactError) as refused:
        read_2_1({collection: [document]})
    for text in refused.value.text.values():
        assert not re.search("Error|NoneType|attribute|object|subscript|iterable|indices", text)
    assert said in refused.value.text["en"]


class TestMaps:
    def representation_map(self, *pairs: tuple[str, str], **parts: Any) -> Artefact:
        """A map between two codelists."""
        mappings = [
            {"sourceValues": [{"value": source}], "targetValues": [target]}
            for source, target in pairs
        ]
        ends = {
            "source": [{"codelist": urn("Codelist", "CL_AREA")}],
            "target": [{"codelist": urn("Codelist", "CL_FREQ")}],
        }
        return artefact("RepresentationMap", "RM", representationMappings=mappings, **ends | parts)

    def structure_map(self, *components: Document) -> Artefact:
        """A map from the dataflow to its structure."""
        ends = {"source": urn("Dataflow", "DF"), "target": urn("DataStructure", "DSD")}
        return artefact("StructureMap", "SM", componentMaps=list(components), **ends)

    def test_a_map_of_codes_is_a_codelist_map_and_comes_back(self) -> None:
        one = self.representation_map(("ALL", "A"), ("NORTH", "M"))
        written = only(shown(one), "structureSets")
        assert written["codelistMaps"][0]["codeMaps"][0] == {
            "source": urn("Code", "CL_AREA", "ALL"),
            "target": urn("Code", "CL_FREQ", "A"),
        }
        assert back(one)[one.urn] == one.document

    def test_a_structure_map_holds_the_codelist_maps_that_it_needs(self) -> None:
        values = self.representation_map(("ALL", "A"))
        whole = self.structure_map(
            {"source": ["AREA"], "target": ["FREQ"], "representationMap": values.urn},
            {"source": ["OBS_VALUE"], "target": ["OBS_VALUE"]},
            {"source": ["TIME_PERIOD"], "target": ["OBS_STATUS"]},
        )
        around = [*every_class(), values]
        registry = ArtefactSet(around)
        (written,) = shown(whole, registry=registry)["structureSets"]
        assert [one["id"] for one in written["codelistMaps"]] == ["RM"]
        first, second, third = written["structureMaps"][0]["componentMaps"]
        assert first["representationMapping"] == {
            "codelistMap": "urn:sdmx:org.sdmx.infomodel.mapping.CodelistMap=TST:SM(1.0.0).RM"
        }
        assert first["source"] == urn("Dimension", "DSD", "AREA")
        assert second["target"] == urn("PrimaryMeasure", "DSD", "OBS_VALUE")
        assert third["source"] == urn("TimeDimension", "DSD", "TIME_PERIOD")
        assert third["target"] == urn("DataAttribute", "DSD", "OBS_STATUS")
        again = {
            one.urn: one.document for one in read_2_1(to_2_1([values, whole], registry=registry))
        }
        assert again == {values.urn: values.document, whole.urn: whole.document}

    def test_values_that_are_no_codes_are_mapped_where_they_are_needed(self) -> None:
        free = {"source": [{"dataType": "String"}], "target": [{"dataType": "String"}]}
        values = self.representation_map(("a b", "c"), **free)
        whole = self.structure_map(
            {"source": ["AREA"], "target": ["FREQ"], "representationMap": values.urn}
        )
        registry = ArtefactSet([*every_class(), values])
        model = shown(values, whole, registry=registry)
        (component_map,) = only(model, "structureSets")["structureMaps"][0]["componentMaps"]
        assert component_map["representationMapping"] == {
            "valueMap": {"valueMappings": [{"source": "a b", "target": "c"}]}
        }
        read = {one.id: one.document for one in read_2_1(model)}
        assert read["SM_1"]["representationMappings"] == values.document["representationMappings"]
        reference = read["SM"]["componentMaps"][0]["representationMap"]
        assert reference == urn("RepresentationMap", "SM_1")

    @pytest.mark.parametrize(
        "mapped",
        [
            {"source": ["AREA", "FREQ"], "target": ["AREA"]},
            {"source": ["NO_SUCH"], "target": ["AREA"]},
            {
                "source": ["AREA"],
                "target": ["AREA"],
                "representationMap": urn("RepresentationMap", "RM"),
            },
        ],
    )
    def test_what_2_1_cannot_map_is_left_out(self, mapped: Document) -> None:
        kept = {"source": ["FREQ"], "target": ["FREQ"]}
        registry = ArtefactSet(every_class())
        assert shown(self.structure_map(mapped), registry=registry) == {}
        model = shown(self.structure_map(mapped, kept), registry=registry)
        assert len(only(model, "structureSets")["structureMaps"][0]["componentMaps"]) == 1

    def test_maps_that_differ_under_one_name_are_refused(self) -> None:
        def structure_set(name: str, target: str) -> Document:
            document = only(shown(self.representation_map(("ALL", target))), "structureSets")
            return document | {"id": name}

        model = {"structureSets": [structure_set("S1", "A"), structure_set("S2", "A")]}
        assert [one.id for one in read_2_1(model)] == ["RM"]
        with pytest.raises(InvalidArtefactError, match="twice"):
            read_2_1({"structureSets": [structure_set("S1", "A"), structure_set("S2", "M")]})

    def test_maps_that_3_1_does_not_have_are_refused(self) -> None:
        document = {"id": "S", "agencyID": AGENCY, "hybridCodelistMaps": [{}]}
        with pytest.raises(InvalidArtefactError, match="HybridCodelistMap"):
            read_2_1({"structureSets": [document]})


class TestHierarchies:
    def test_several_hierarchies_of_a_codelist_are_several_artefacts(self) -> None:
        code = {"id": "X", "codelistAliasRef": "L", "codeID": "A"}
        hierarchies = [
            {
                "id": name,
                "name": name,
                "hierarchicalCodes": [code],
                "level": {"id": "1", "name": "l"},
            }
            for name in ("H1", "H2")
        ]
        document = {
            "id": "HCL",
            "agencyID": AGENCY,
            "name": "both",
            "includedCodelists": {"L": urn("Codelist", "CL")},
            "hierarchies": hierarchies,
        }
        read = read_2_1({"hierarchicalCodelists": [document]})
        assert [(one.id, one.document["name"]) for one in read] == [
            ("HCL_H1", "H1"),
            ("HCL_H2", "H2"),
        ]
        assert read[0].document["hierarchicalCodes"] == [
            {"id": "X", "code": urn("Code", "CL", "A")}
        ]

    def test_codelists_of_one_id_have_aliases_of_their_own(self) -> None:
        codes = [
            {"id": agency, "code": urn("Code", "CL", "A", agency=agency)} for agency in ("A1", "A2")
        ]
        hierarchy = artefact("Hierarchy", "H", hierarchicalCodes=codes)
        included = only(shown(hierarchy), "hierarchicalCodelists")["includedCodelists"]
        assert included == {
            "CL": urn("Codelist", "CL", agency="A1"),
            "CL_": urn("Codelist", "CL", agency="A2"),
        }


class TestMetadata:
    def test_providers_of_metadata_are_data_providers(self) -> None:
        model = shown(*every_class())
        providers = only(model, "dataProviderSchemes")["dataProviders"]
        assert [one["id"] for one in providers] == ["P1", "P2", "P3", "M1"]
        agreement = next(one for one in model["provisionAgreements"] if one["id"] == "MPA")
        assert agreement["dataProvider"].endswith("DataProvider=TST:DATA_PROVIDERS(1.0).M1")
        again = {one.urn: one for one in read_2_1(model)}
        scheme = again[urn("MetadataProviderScheme", "METADATA_PROVIDERS", version="1.0")]
        assert [one["id"] for one in scheme.document["metadataProviders"]] == ["M1"]
        read = again[urn("MetadataProvisionAgreement", "MPA")].document
        assert read["metadataProvider"].endswith("MetadataProvider=TST:METADATA_PROVIDERS(1.0).M1")

    def test_targets_are_read_from_the_structure(self) -> None:
        model = shown(*every_class())
        components = only(model, "metadataStructures")["metadataStructureComponents"]
        (target,) = components["metadataTargets"]
        target["identifiableObjectTargets"][0]["objectType"] = "Code"
        again = {one.id: one.document for one in read_2_1(model)}
        assert again["MDF"]["targets"] == ["urn:sdmx:org.sdmx.infomodel.codelist.Code=*:*(*).*"]

    def test_reports_that_share_an_attribute_are_refused(self) -> None:
        model = shown(*every_class())
        components = only(model, "metadataStructures")["metadataStructureComponents"]
        components["reportStructures"] *= 2
        with pytest.raises(InvalidArtefactError, match="UNUSED"):
            read_2_1(model)


@pytest.mark.parametrize(
    ("collection", "parts", "named"),
    [
        ("attachmentConstraints", {}, "attachmentConstraints"),
        ("valueLists", {}, "valueLists"),
        (
            "dataStructures",
            {
                "dataStructureComponents": {
                    "dimensionList": {"measureDimensions": [{}]},
                    "measureList": {},
                }
            },
            "MeasureDimension",
        ),
        (
            "categorisations",
            {"source": "urn:sdmx:org.sdmx.infomodel.mapping.StructureSet=A:B(1.0)"},
            "StructureSet",
        ),
    ],
)
def test_kinds_that_3_1_does_not_have_are_refused_by_name(
    collection: str, parts: Document, named: str
) -> None:
    with pytest.raises(InvalidArtefactError, match=named):
        read_2_1({collection: [{"id": "A", "agencyID": AGENCY, **parts}]})


_VALUES = st.lists(st.sampled_from("12"), min_size=1, max_size=2, unique=True)


@st.composite
def included_regions(draw: st.DrawFn) -> Document:
    """Regions that include values of two dimensions, or exclude them."""
    parts = [
        {"id": name, "values": draw(_VALUES)} | ({} if draw(st.booleans()) else {"include": False})
        for name in draw(st.lists(st.sampled_from("AB"), min_size=1, max_size=2, unique=True))
    ]
    return {"isIncluded": True, "keyValues": parts}


def allows(regions: list[Document], key: dict[str, str]) -> bool:
    """Whether a key is in all included regions and in no excluded one."""

    def holds(region: Document) -> bool:
        return all(
            (key[part["id"]] in part["values"]) == part.get("include", True)
            for part in region["keyValues"]
        )

    return all(holds(region) == region["isIncluded"] for region in regions)


@given(included_regions(), st.sampled_from("123"), st.sampled_from("123"))
def test_exclusion_said_by_regions_allows_the_same_keys(
    region: Document, first: str, second: str
) -> None:
    split = split_exclusions(region)
    assert not any("include" in part for one in split for part in one["keyValues"])
    key = {"A": first, "B": second}
    assert allows(split, key) == allows([region], key)


_IDS = st.from_regex(r"[A-Z][A-Z0-9_]{0,5}", fullmatch=True)
_FACETS = st.fixed_dictionaries(
    {"dataType": st.sampled_from(["String", "Integer", "Decimal", "URI"])},
    optional={
        "minLength": st.integers(1, 9),
        "pattern": st.text("ab.*", min_size=1, max_size=4),
        "maxValue": st.integers(-9, 9),
        "isSequence": st.booleans(),
    },
)


@st.composite
def structures(draw: st.DrawFn) -> Artefact:
    """Data structures of all relationships and representations that 2.1 holds."""
    names = draw(st.lists(_IDS, min_size=4, max_size=8, unique=True))
    representations = st.one_of(
        st.none(),
        st.builds(lambda facets: {"format": facets}, _FACETS),
        st.builds(lambda name: {"enumeration": urn("Codelist", name)}, _IDS),
    )

    def part(name: str, **more: Any) -> Document:
        local = draw(representations)
        return component(name, **more) | ({"localRepresentation": local} if local else {})

    dimensions, attributes = names[:2], names[2:]
    relationships = st.sampled_from(
        [
            {"dataflow": {}},
            {"observation": {}},
            {"dimensions": dimensions[:1]},
            {"group": "G"},
        ]
    )
    usage = st.sampled_from(["mandatory", "optional"])
    parts = {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": [part(name, position=n) for n, name in enumerate(dimensions, 1)],
        },
        "groups": [{"id": "G", "groupDimensions": dimensions}],
        "attributeList": {
            "id": "AttributeDescriptor",
            "attributes": [
                part(name, usage=draw(usage), attributeRelationship=draw(relationships))
                for name in attributes
            ],
        },
        "measureList": {"id": "MeasureDescriptor", "measures": [part("OBS_VALUE")]},
    }
    return artefact("DataStructure", "DSD", dataStructureComponents=parts)


@given(structures())
def test_any_structure_that_2_1_holds_comes_back(structure: Artefact) -> None:
    assert back(structure)[structure.urn] == structure.document


@given(
    st.dictionaries(
        st.sampled_from([*CLASS_BY_COLLECTION, "hierarchicalCodelists", "structureSets"]),
        st.lists(
            st.dictionaries(
                st.sampled_from(
                    ["id", "agencyID", "codes", "structure", "hierarchies", "codelistMaps"]
                ),
                st.recursive(
                    st.one_of(st.none(), st.integers(), st.text(max_size=5)),
                    lambda inner: st.one_of(
                        st.lists(inner, max_size=2),
                        st.dictionaries(st.sampled_from(["id", "source"]), inner, max_size=2),
                    ),
                    max_leaves=5,
                ),
            ),
            max_size=2,
        ),
        max_size=2,
    )
)
def test_what_is_not_well_formed_is_refused_and_nothing_else_happens(model: Any) -> None:
    try:
        read_2_1(model)
    except InvalidArtefactError as error:
        assert json.dumps(error.text)
