"""Structures with computed dataflows: `DF` is reported, `DF_T` has its totals, `DF_R` its regions.

FREQ.REF_AREA.SEX.AGE. Three countries report, each on itself, and a compiler on all of them. The
group G_ALL has them all without dates; G_OLD lost HND with the year 2021, and won SLV with it.
"""

from __future__ import annotations

from typing import Any

from app.sdmx.artefacts import Artefact
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.structures import (
    DATASET,
    OBSERVATION,
    agreement,
    attribute,
    constraint,
    of_type,
    structure,
)
from tests.structures import region as cube_region

CONCEPTS = [
    *("FREQ", "REF_AREA", "SEX", "AGE", "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS", "CONF_STATUS"),
    *("EMBARGO_TIME", "UNIT_MULT", "DECIMALS", "COMPUTED_FROM", "THROUGH_SEQUENCE", "COMPUTED"),
    *("MEMBERS_REPORTED", "MEMBERS_DUE", "MEMBERS_MISSING", "MEMBERS_SUPPRESSED"),
    *("MEMBERS_NIL", "MEMBERS_COMPUTED", "MEMBERS_COMPILED", "COMPILED_BY"),
    *("MEMBERS_FLAGGED", "PARTS_STATUS"),
]
SERIES = ["FREQ", "REF_AREA", "SEX", "AGE"]
COUNTRIES = ("CRI", "HND", "SLV")
COMPILER = "INT_X"
EXCHANGE = "INT_VIPMG"
SEX_RULES = "'_T' = F + M + '_U'"
AGE_RULES = "'_T' = YOUNG + OLD + '_U'; YOUNG = BABY + CHILD; '_T' = A + B"


def ruleset(name: str, dimension: str, rules: str) -> dict[str, Any]:
    """A hierarchical ruleset that no dataflow is held to."""
    definition = (
        f"define hierarchical ruleset {name} (variable rule {dimension}) is {rules} "
        "end hierarchical ruleset"
    )
    said = {"rulesetType": "hierarchical", "rulesetScope": "variable"}
    return item(name, rulesetDefinition=definition, **said)


def member(group: str, area: str, **dates: str) -> dict[str, Any]:
    """A member of a group in the hierarchy."""
    return {"id": f"{group}_{area}", "code": urn("Code", "CL_AREA", area), **dates}


def hierarchy(version: str = "1.0.0", **groups: list[dict[str, Any]]) -> Artefact:
    """The hierarchy of groups."""
    nodes = [
        {"id": name, "code": urn("Code", "CL_AREA", name), "hierarchicalCodes": members}
        for name, members in groups.items()
    ]
    return artefact("Hierarchy", "H", version, hasFormalLevels=False, hierarchicalCodes=nodes)


def computed(resource_id: str, **said: str) -> Artefact:
    """A computed dataflow with what it says of itself."""
    shared = {
        "SOURCE": "TST:DF(1.0.0)",
        "RULESETS": "TST:CHECKS(1.0.0)",
        "PARTITION:SEX_PARTS": "_U",
        "PARTITION:AGE_PARTS": "_U",
    }
    annotations: list[dict[str, Any]] = [
        {"id": name, "type": "COMPUTED", "value": value}
        for name, value in {**said, **shared}.items()
    ]
    texts = {"en": "computed", "es": "calculado"}
    annotations.append({"id": "COMPUTED", "type": "ATTRIBUTE", "text": "computed", "texts": texts})
    dsd = urn("DataStructure", "DSD_COMPUTED")
    return artefact("Dataflow", resource_id, structure=dsd, annotations=annotations)


def structures() -> list[Artefact]:
    """Everything together."""
    dimensions = [
        component("FREQ", urn("Codelist", "CL_FREQ")),
        component("REF_AREA", urn("Codelist", "CL_AREA")),
        component("SEX", urn("Codelist", "CL_SEX")),
        component("AGE", urn("Codelist", "CL_AGE")),
    ]
    value = [of_type("OBS_VALUE", "Decimal", usage="optional")]
    marks = [
        attribute(component("OBS_STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION),
        attribute(component("CONF_STATUS", urn("Codelist", "CL_CONF")), OBSERVATION),
    ]
    units = [attribute(of_type(name, "Integer"), SERIES) for name in ("UNIT_MULT", "DECIMALS")]
    coverage = [
        *("COMPUTED_FROM", "MEMBERS_MISSING", "MEMBERS_SUPPRESSED"),
        *("MEMBERS_NIL", "MEMBERS_COMPUTED", "MEMBERS_REPORTED", "MEMBERS_DUE"),
        *("MEMBERS_COMPILED", "COMPILED_BY", "MEMBERS_FLAGGED", "PARTS_STATUS"),
    ]
    told = [attribute(of_type(name, "String"), OBSERVATION) for name in coverage]
    through = attribute(of_type("THROUGH_SEQUENCE", "Integer"), DATASET)
    text = of_type("COMPUTED", "String", facets={"isMultiLingual": True})
    through_and_text = [through, attribute(text, DATASET, usage="mandatory")]
    embargo = attribute(of_type("EMBARGO_TIME", "DateTime"), OBSERVATION)
    providers = [f"{country}_STAT" for country in COUNTRIES]
    return [
        artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=[item("TST")]),
        artefact(
            "DataProviderScheme",
            "DATA_PROVIDERS",
            "1.0",
            dataProviders=[item(one) for one in (*providers, COMPILER, EXCHANGE)],
        ),
        artefact("ConceptScheme", "CS", concepts=[item(one) for one in CONCEPTS]),
        codelist("CL_FREQ", "A", "M"),
        codelist("CL_AREA", *COUNTRIES, "G_ALL", "G_OLD"),
        codelist("CL_SEX", "F", "M", "_U", "_T"),
        codelist("CL_AGE", "_T", "YOUNG", "OLD", "BABY", "CHILD", "A", "B", "_U"),
        codelist("CL_STATUS", "A", "E", "L", "M", "P", "Q", "V"),
        codelist("CL_CONF", "F", "C", "N"),
        structure("DSD", dimensions, value, [*marks, embargo, *units]),
        structure("DSD_COMPUTED", dimensions, value, [*marks, *told, *units, *through_and_text]),
        artefact(
            "RulesetScheme",
            "CHECKS",
            vtlVersion="2.1",
            rulesets=[
                ruleset("SEX_PARTS", "SEX", SEX_RULES),
                ruleset("AGE_PARTS", "AGE", AGE_RULES),
            ],
        ),
        hierarchy(
            G_ALL=[member("G_ALL", country) for country in COUNTRIES],
            G_OLD=[
                member("G_OLD", "CRI"),
                member("G_OLD", "HND", validTo="2020-12-31T00:00:00Z"),
                member("G_OLD", "SLV", validFrom="2021-01-01T00:00:00Z"),
            ],
        ),
        artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD")),
        computed("DF_T", METHOD="TOTAL"),
        computed("DF_R", METHOD="REGION", HIERARCHY="TST:H(1.0+.0)", GROUPS="G_ALL G_OLD"),
        *(
            agreement(f"PA_{country}", "DF", f"{country}_STAT", PRECEDENCE="200", FREQUENCY="A")
            for country in COUNTRIES
        ),
        *(
            constraint(
                f"CC_{country}",
                {"provisionAgreements": [urn("ProvisionAgreement", f"PA_{country}")]},
                cubeRegions=[cube_region(REF_AREA=[country])],
            )
            for country in COUNTRIES
        ),
        agreement("PA_X", "DF", COMPILER, PRECEDENCE="100"),
        agreement("PA_T", "DF_T", EXCHANGE),
        agreement("PA_R", "DF_R", EXCHANGE),
    ]
