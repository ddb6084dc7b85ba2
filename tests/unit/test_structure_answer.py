"""Structure queries over a set of artefacts: what is found, what comes with it, in which form."""

from __future__ import annotations

from typing import Any

import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.item_schemes import item_paths
from app.sdmx.localisation import Localiser, languages_of
from app.sdmx.negotiation import negotiate_language
from app.sdmx.rest_v2 import parse_structure
from app.sdmx.structure_answer import StructureAnswer, answer_structure_query
from tests.artefact_samples import artefact, codelist, every_class, item, network, urn

REGISTRY = ArtefactSet(every_class())


def ask(path: str, query: str = "", among: ArtefactSet = REGISTRY) -> StructureAnswer:
    return answer_structure_query(among, parse_structure(path.split("/") if path else [], query))


def names(artefacts: tuple[Artefact, ...]) -> set[str]:
    return {one.id for one in artefacts}


def one(answer: StructureAnswer, resource_id: str) -> Artefact:
    return next(found for found in answer.artefacts if found.id == resource_id)


class TestFinding:
    def test_c026_every_type_is_found(self) -> None:
        for artefact_class in {found.artefact_class for found in REGISTRY}:
            found = ask(artefact_class.artefact_type).matched
            assert artefact_class.name in {hit.artefact_class.name for hit in found}
            types = {hit.artefact_class.artefact_type for hit in found}
            assert types == {artefact_class.artefact_type}

    def test_c003_wildcards_equal_what_is_left_out(self) -> None:
        assert ask("") == ask("*") == ask("*/*/*/~/*")
        assert len(ask("").matched) == len(REGISTRY)

    def test_c004_commas_join(self) -> None:
        both = names(ask("codelist,dataflow/TST/CL_AREA,DF").matched)
        assert both == {"CL_AREA", "DF"}

    def test_c008_the_default_version_is_the_latest(self) -> None:
        versions = ("1.0.0", "1.1.0", "2.0.0-draft")
        among = ArtefactSet(artefact("Codelist", "CL", version) for version in versions)
        found = {
            query: [hit.version.text for hit in ask(f"codelist/TST/CL{query}", "", among).matched]
            for query in ("", "/+", "/*", "/1.0.0,2.0.0-draft")
        }
        assert found == {
            "": ["2.0.0-draft"],
            "/+": ["1.1.0"],
            "/*": list(versions),
            "/1.0.0,2.0.0-draft": ["1.0.0", "2.0.0-draft"],
        }

    def test_c024_latest_is_per_agency_and_id(self) -> None:
        among = ArtefactSet(
            artefact("Codelist", name, version, agency)
            for agency, name, version in (
                ("A", "CL", "1.0.0"),
                ("A", "CL", "2.0.0"),
                ("B", "CL", "1.5.0"),
            )
        )
        found = ask("codelist/A,B/CL/+", "", among).matched
        assert [(hit.agency, hit.version.text) for hit in found] == [("A", "2.0.0"), ("B", "1.5.0")]


class TestItems:
    def test_c038_one_item_and_the_scheme_is_partial(self) -> None:
        scheme = ask("codelist/TST/CL_AREA/1.0.0/NORTH").matched[0]
        assert item_paths(scheme) == {"NORTH"}
        assert scheme.document["isPartial"] is True
        assert "parent" not in scheme.document["codes"][0]

    def test_c038_several_items_keep_the_parents_that_are_there(self) -> None:
        scheme = ask("codelist/TST/CL_AREA/1.0.0/NORTH,ALL").matched[0]
        assert [code.get("parent") for code in scheme.document["codes"]] == [None, "ALL"]

    def test_c038_an_inherited_code_is_an_item_too(self) -> None:
        assert item_paths(ask("codelist/TST/CL_TOPIC/1.0.0/X").matched[0]) == {"X"}

    def test_c039_a_nested_item_comes_with_its_ancestors_and_without_its_children(self) -> None:
        scheme = ask("categoryscheme/TST/CAT/1.0.0/C1.C11").matched[0]
        assert item_paths(scheme) == {"C1", "C1.C11"}
        assert scheme.document["isPartial"] is True

    def test_an_item_of_a_value_list(self) -> None:
        scheme = ask("valuelist/TST/VL_STATUS/1.0.0/a+").matched[0]
        assert item_paths(scheme) == {"a+"}

    def test_schemes_without_the_item_are_left_out(self) -> None:
        assert names(ask("codelist/*/*/*/NORTH").matched) == {"CL_AREA"}
        assert not ask("codelist/TST/CL_AREA/1.0.0/EAST").matched

    def test_references_are_those_of_the_items_returned(self) -> None:
        parents = ask("conceptscheme/TST/CS/1.0.0/UNUSED", "references=parents")
        assert names(parents.referenced) == {"MSD"}
        children = ask("conceptscheme/TST/CS/1.0.0/FREQ", "references=children")
        assert names(children.referenced) == {"AGENCIES"}


FLOW = "dataflow/TST/DF"


class TestReferences:
    def test_c034_children_are_one_level_and_descendants_are_all(self) -> None:
        assert names(ask(FLOW, "references=children").referenced) == {"DSD", "AGENCIES"}
        lists = {"CL_FREQ", "CL_AREA", "CL_TOPIC", "CL_UNUSED", "VL_STATUS"}
        assert names(ask(FLOW, "references=descendants").referenced) == {
            "DSD",
            "CS",
            "AGENCIES",
            *lists,
        }

    def test_c034_all_goes_both_ways(self) -> None:
        every = names(ask(FLOW, "references=all").referenced)
        assert every > names(ask(FLOW, "references=descendants").referenced)
        assert every > names(ask(FLOW, "references=parentsandsiblings").referenced)
        assert {"PA_1", "PA_2", "CC_DF", "DATA_PROVIDERS", "CTG", "CAT"} <= every

    def test_c035_parents_and_siblings(self) -> None:
        path = "codelist/TST/CL_AREA"
        parents = names(ask(path, "references=parents").referenced)
        assert parents == {"DSD", "H", "RM", "VMS"}
        family = names(ask(path, "references=parentsandsiblings").referenced)
        assert family >= parents | {"CS", "CL_FREQ", "CL_TOPIC", "VL_STATUS"}
        assert "DF" not in family

    def test_c036_ancestors_go_all_the_way_up(self) -> None:
        found = names(ask("codelist/TST/CL_FREQ", "references=ancestors").referenced)
        assert {"DSD", "DF", "PA_1", "PA_2", "CC_DF", "CTG", "SM", "RM"} <= found
        assert "CS" not in found

    def test_c037_concrete_types(self) -> None:
        found = ask(FLOW, "references=codelist,conceptscheme").referenced
        types = {hit.artefact_class.artefact_type for hit in found}
        assert types == {"codelist", "conceptscheme"}
        up = names(ask("codelist/TST/CL_FREQ", "references=provisionagreement").referenced)
        assert up == {"PA_1", "PA_2"}

    def test_what_was_asked_for_is_not_given_twice(self) -> None:
        answer = ask("*", "references=all")
        assert not answer.referenced

    def test_a_structure_map_leads_to_its_representation_map(self) -> None:
        found = names(ask("structuremap/TST/SM", "references=children").referenced)
        assert {"DF", "DSD", "RM"} <= found


EVERY_AREA = {"ALL", "NORTH", "SOUTH"}


def values(*listed: str | dict[str, Any], include: bool = True) -> dict[str, Any]:
    return {"id": "AREA", "include": include, "values": list(listed)}


def region(include: bool, *sets: dict[str, Any]) -> dict[str, Any]:
    return {"cubeRegions": [{"include": include, "keyValues": list(sets)}]}


def keys(included: bool, *parts: dict[str, Any]) -> dict[str, Any]:
    listed = [{"keyValues": [{"id": "AREA", **part}]} for part in parts]
    return {"dataKeySets": [{"isIncluded": included, "keys": listed}]}


class TestDetail:
    def test_c027_stubs_have_identification_and_name_only(self) -> None:
        described = {"description": "d", "descriptions": {"en": "d"}}
        notes = [{"id": "N", "title": "t"}]
        among = ArtefactSet([codelist("CL", "A", annotations=notes, **described)])
        stub = ask("codelist", "detail=allstubs", among).matched[0].document
        identity = {"id", "agencyID", "version", "name", "names", "isExternalReference"}
        assert set(stub) == identity
        assert stub["isExternalReference"] is True
        complete = ask("codelist", "detail=allcompletestubs", among).matched[0].document
        assert set(complete) == identity | {"description", "descriptions", "annotations"}

    @pytest.mark.parametrize("detail", ["referencestubs", "referencecompletestubs"])
    def test_c028_only_what_is_referenced_is_a_stub(self, detail: str) -> None:
        answer = ask("datastructure/TST/DSD", f"references=children&detail={detail}")
        assert "dataStructureComponents" in answer.matched[0].document
        assert "codes" not in one(answer, "CL_AREA").document
        assert one(answer, "CL_AREA").document["isExternalReference"] is True

    def test_c029_schemes_keep_what_the_answer_uses(self) -> None:
        answer = ask(FLOW, "references=all&detail=referencepartial")
        concepts = one(answer, "CS")
        used = {"FREQ", "AREA", "TOPIC", "TIME_PERIOD", "OBS_STATUS", "OBS_VALUE"}
        assert item_paths(concepts) == used
        assert concepts.document["isPartial"] is True
        assert item_paths(one(answer, "DATA_PROVIDERS")) == {"P1", "P2"}
        assert item_paths(one(answer, "AGENCIES")) == {"TST"}
        assert item_paths(one(answer, "CAT")) == {"C1", "C1.C11"}
        assert "isPartial" not in answer.matched[0].document

    def test_c029_a_list_that_only_a_cut_concept_names_is_left_out(self) -> None:
        answer = ask(FLOW, "references=descendants&detail=referencepartial")
        assert "CL_UNUSED" not in names(answer.referenced)

    def test_c030_codelists_keep_the_codes_that_constraints_allow(self) -> None:
        answer = ask(FLOW, "references=descendants&detail=referencepartial")
        area = one(answer, "CL_AREA")
        assert item_paths(area) == {"NORTH"}
        assert area.document["isPartial"] is True
        assert item_paths(one(answer, "CL_TOPIC")) == {"X", "T1"}
        assert "isPartial" not in one(answer, "CL_FREQ").document
        structure = ask("datastructure/TST/DSD", "references=children&detail=referencepartial")
        assert item_paths(one(structure, "CL_AREA")) == {"ALL", "NORTH", "SOUTH"}

    def test_c030_constraints_of_all_levels_hold_together(self) -> None:
        region = {"keyValues": [{"id": "TOPIC", "values": ["X", "Y"]}]}
        own = artefact(
            "DataConstraint",
            "CC_PA",
            constraintAttachment={"provisionAgreements": [urn("ProvisionAgreement", "PA_1")]},
            cubeRegions=[{"include": True, **region}],
        )
        among = ArtefactSet((*network(), own))
        query = "references=descendants&detail=referencepartial"
        agreement = ask("provisionagreement/TST/PA_1", query, among)
        assert item_paths(one(agreement, "CL_TOPIC")) == {"X"}
        assert item_paths(one(agreement, "CL_AREA")) == {"NORTH"}

    @pytest.mark.parametrize(
        ("parts", "left"),
        [
            (region(True, values("NORTH")), {"NORTH"}),
            (region(False, values("SOUTH")), {"ALL", "NORTH"}),
            (region(True, values("SOUTH", include=False)), {"ALL", "NORTH"}),
            (region(False, values("SOUTH", include=False)), {"SOUTH"}),
            (region(False, values("SOUTH"), {"id": "FREQ", "values": ["A"]}), EVERY_AREA),
            (region(True, values({"value": "ALL", "cascadeValues": True})), EVERY_AREA),
            (
                region(True, values({"value": "ALL", "cascadeValues": "excluderoot"})),
                {"NORTH", "SOUTH"},
            ),
            (keys(True, {"values": ["NORTH"]}, {"value": "ALL"}), {"ALL", "NORTH"}),
            (keys(False, {"value": "ALL"}), EVERY_AREA),
        ],
    )
    def test_c030_regions_and_key_sets(self, parts: dict[str, Any], left: set[str]) -> None:
        constraint = artefact(
            "DataConstraint",
            "CC",
            constraintAttachment={"dataStructures": [urn("DataStructure", "DSD")]},
            **parts,
        )
        others = [found for found in network() if found.id != "CC_DF"]
        among = ArtefactSet((*others, constraint))
        answer = ask(FLOW, "references=descendants&detail=referencepartial", among)
        assert item_paths(one(answer, "CL_AREA")) == left

    def test_c031_full_resolves_extensions(self) -> None:
        answer = ask("codelist/TST/CL_TOPIC", "references=children")
        assert item_paths(answer.matched[0]) == {"X", "Y", "T1"}
        assert "codelistExtensions" not in answer.matched[0].document
        assert names(answer.referenced) == {"AGENCIES"}

    def test_c031_referenced_lists_are_resolved_too(self) -> None:
        answer = ask(FLOW, "references=descendants")
        assert item_paths(one(answer, "CL_TOPIC")) == {"X", "Y", "T1"}
        assert "CL_BASE" not in names(answer.referenced)

    def test_c032_raw_keeps_extensions_and_gives_the_lists_extended(self) -> None:
        answer = ask("codelist/TST/CL_TOPIC", "references=children&detail=raw")
        assert item_paths(answer.matched[0]) == {"T1"}
        assert answer.matched[0].document["codelistExtensions"]
        assert names(answer.referenced) == {"CL_BASE", "AGENCIES"}


class TestLanguages:
    ARTEFACT = codelist(
        "CL",
        item("A", name="area", names={"en": "area", "es": "zona", "fr": "zone"}),
        {"id": "B", "name": "only French", "names": {"fr": "seulement"}},
        item("C"),
        annotations=[{"id": "N", "text": "t", "texts": {"en": "t", "es": "x"}}],
    )

    def shown(self, accept: str | None) -> Artefact:
        choice = negotiate_language(accept, None, ("en", "es", "fr"))
        return Localiser(choice).localise(self.ARTEFACT)

    @pytest.mark.parametrize(
        ("accept", "names_shown"),
        [
            ("es", ["zona", "seulement", "C en español"]),
            ("es-CR", ["zona", "seulement", "C en español"]),
            ("en;q=0.5, fr", ["zone", "seulement", "C in English"]),
            ("de", ["area", "seulement", "C in English"]),
        ],
    )
    def test_c042_the_name_is_the_best_match(self, accept: str, names_shown: list[str]) -> None:
        assert [code["name"] for code in self.shown(accept).document["codes"]] == names_shown

    @pytest.mark.parametrize("accept", ["*", None, "es, *;q=0.1"])
    def test_c043_a_star_fills_names_with_every_language(self, accept: str | None) -> None:
        document = self.shown(accept).document
        assert document["codes"][0]["names"] == self.ARTEFACT.document["codes"][0]["names"]
        assert "isPartialLanguage" not in document

    def test_c044_languages_left_out_make_it_partial(self) -> None:
        document = self.shown("es").document
        assert document["isPartialLanguage"] is True
        assert document["codes"][0]["names"] == {"es": "zona"}
        assert document["annotations"][0]["texts"] == {"es": "x"}
        assert document["annotations"][0]["text"] == "x"
        assert "isPartialLanguage" not in self.shown("en, es, fr").document

    def test_the_languages_used_are_known(self) -> None:
        localiser = Localiser(negotiate_language("es", None, ("en", "es", "fr")))
        localiser.localise(self.ARTEFACT)
        assert set(localiser.languages) == {"es", "fr"}
        assert languages_of([self.ARTEFACT]) == ("en", "es", "fr")

    def test_the_stored_artefact_is_untouched(self) -> None:
        before = self.ARTEFACT.canonical()
        self.shown("es")
        assert self.ARTEFACT.canonical() == before


def test_formats_without_metadata_attributes_get_no_metadata_structure() -> None:
    used = artefact("MetadataStructure", "MSD_USED")
    held = ArtefactSet(
        [
            *network(),
            used,
            artefact("DataStructure", "DSD_META", metadata=urn("MetadataStructure", "MSD_USED")),
        ]
    )
    for path, other in (
        ("datastructure/TST/DSD_META", "MSD_USED"),
        ("metadatastructure", "DSD_META"),
    ):
        query = parse_structure(path.split("/"), "references=all")
        assert other in names(answer_structure_query(held, query).referenced)
        bare = answer_structure_query(held, query, with_metadata=False)
        assert bare.matched
        assert other not in names(bare.referenced)
