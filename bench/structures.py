"""The structures of the bench: two cubes, and one that submissions are sent to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import urn_of
from app.store.registry_publication import publish
from bench.national import (
    COLUMNS,
    MAPPED,
    NATIONAL,
    NATIONAL_SENDERS,
    SHARED_SENDERS,
    parts_of_map,
    tables,
)
from bench.shapes import Cube

AGENCY = "VIPMG"
OWNER = "CRI_DGME"
SENT = "BENCH_SENT"
LONG_LIST = "BENCH_LONG_LIST"
CHECKED = "BENCH_CHECKED"
CHECKED_SENDERS = ("HND_INM", "JAM_PICA", "LCA_IMM", "MEX_UPMRIP")
UNCHECKED_SENDERS = ("NIC_DGME", "PAN_SNM", "SLV_DGME", "SUR_VZ")
"""Senders to one dataflow with checks: of the second, the agreements switch all of them off."""

RULES = {
    "BENCH_HR": """define hierarchical ruleset BENCH_HR (variable rule SEX) is
      '_T' = F + M
    end hierarchical ruleset""",
    "BENCH_DPR": """define datapoint ruleset BENCH_DPR (
      variable FREQ, TIME_PERIOD, OBS_VALUE, OBS_STATUS) is
      when FREQ = "M" then in_line_with_history(OBS_VALUE, 12, 5, 500);
      when FREQ = "M" then no_gap_before(TIME_PERIOD, OBS_VALUE, 12, 20);
      has_ended(TIME_PERIOD) or OBS_STATUS = "F";
      in_line_with_published(OBS_VALUE, 0.5, 500);
      OBS_VALUE = trunc(OBS_VALUE);
      OBS_VALUE >= 0;
      not between(OBS_VALUE, 1, 3) or OBS_STATUS <> "A";
      not isnull(OBS_VALUE) or OBS_STATUS in {"O", "M"};
      isnull(OBS_VALUE) or OBS_STATUS not_in {"O", "M"}
    end datapoint ruleset""",
}
SHARED_RULES = ("DPR_STATUS", "DPR_PERIOD", "DPR_REVISION")
"""Rulesets of the shared structures that hold for the dataflows of the bench too."""
SENDERS = ("BLZ_DOI", "CRI_DGME", "DOM_DGM", "GTM_IGM")
CSV_SENDERS = ("PAN_SNM", "SLV_DGME")
FORMAT_SENDERS = ("HND_INM", "JAM_PICA", "LCA_IMM", "MEX_UPMRIP", "NIC_DGME")
"""Each has an agreement of its own to send to, so that each run meets an empty one."""


async def publish_structures(dsn: str, cubes: list[Cube]) -> None:
    """Publish the structures of the cubes, beside the shared ones."""
    connection = await asyncpg.connect(dsn)
    try:
        await publish(connection, [*_artefacts(cubes)], dt.datetime.now(dt.UTC))
    finally:
        await connection.close()


def _artefacts(cubes: list[Cube]) -> list[Artefact]:
    names = {name for cube in cubes for name in cube.dimensions}
    concepts = [_named(name) for name in sorted(names | {"TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"})]
    made = [
        _artefact("ConceptScheme", "BENCH_CS", concepts=concepts),
        _artefact("Codelist", "BENCH_STATUS", codes=[_named("A"), _named("E")]),
    ]
    long_list = [_named(f"CODE_{number:05}") for number in range(10_000)]
    made.append(_artefact("Codelist", LONG_LIST, codes=long_list))
    for cube in cubes:
        made += _cube(cube)
    made.append(_flow(SENT, cubes[0]))
    senders = (*SENDERS, *CSV_SENDERS, *FORMAT_SENDERS)
    made += [_agreement(f"BENCH_PA_{sender}", SENT, sender) for sender in senders]
    return [*made, *_checked(cubes[0]), *_mapped(cubes[0])]


def _mapped(cube: Cube) -> list[Artefact]:
    """The same dataflow again, and one in national words with a map that leads to it."""
    side = {"dataType": "String"}
    made = tables(cube)
    maps = [
        _artefact(
            "RepresentationMap",
            name,
            source=[side],
            target=[side] * targets,
            representationMappings=mappings,
        )
        for name, (targets, mappings) in made.items()
    ]
    by = {name: _urn("RepresentationMap", name) for name in made}
    pairs = (("sentido", "DIRECTION"), ("motivo", "REASON"), ("personas", "OBS_VALUE"))
    components = [
        {"source": ["grupo"], "target": ["SEX", "AGE"], "representationMap": by["BENCH_RM_GROUP"]},
        {
            "source": ["nacionalidad"],
            "target": ["CITIZENSHIP"],
            "representationMap": by["BENCH_RM_NATIONALITY"],
        },
        *({"source": [source], "target": [target]} for source, target in pairs),
    ]
    concepts = [_named(name) for name in COLUMNS]
    columns = [
        {
            "id": name,
            "conceptIdentity": _urn("Concept", "BENCH_CS_NATIONAL", name),
            "localRepresentation": {"format": {"dataType": "String"}},
        }
        for name in COLUMNS
    ]
    dimensions = [one | {"position": place} for place, one in enumerate(columns[:-1], 1)]
    listed = {
        "dimensionList": {"id": "DimensionDescriptor", "dimensions": dimensions},
        "measureList": {
            "id": "MeasureDescriptor",
            "measures": [columns[-1] | {"usage": "optional"}],
        },
    }
    return [
        _flow(MAPPED, cube),
        *(
            _agreement(f"BENCH_MAPPED_{name}", MAPPED, name)
            for name in (*SHARED_SENDERS, *NATIONAL_SENDERS)
        ),
        _artefact("ConceptScheme", "BENCH_CS_NATIONAL", concepts=concepts),
        _artefact("DataStructure", NATIONAL, dataStructureComponents=listed),
        _artefact("Dataflow", NATIONAL, structure=_urn("DataStructure", NATIONAL)),
        *maps,
        _artefact(
            "StructureMap",
            "BENCH_SM",
            source=_urn("Dataflow", NATIONAL),
            target=_urn("Dataflow", MAPPED),
            componentMaps=components,
            **parts_of_map(cube.codes["REF_AREA"][0]),
        ),
    ]


def _checked(cube: Cube) -> list[Artefact]:
    """The same dataflow again, with rules, and agreements with and without them."""
    said = [{"id": "DATAFLOWS", "type": "CHECK", "value": f"{AGENCY}:{CHECKED}"}]
    rulesets = [
        _named(name)
        | {
            "annotations": said,
            "rulesetDefinition": definition,
            "rulesetScope": "variable",
            "rulesetType": "hierarchical" if "hierarchical" in definition else "datapoint",
        }
        for name, definition in RULES.items()
    ]
    off = [
        {"id": f"CHECK:{name}", "type": "AGREEMENT_TERM", "value": "off"}
        for name in (*RULES, *SHARED_RULES)
    ]
    return [
        _flow(CHECKED, cube),
        _artefact("RulesetScheme", "BENCH_CHECKS", vtlVersion="2.1", rulesets=rulesets),
        *(_agreement(f"BENCH_CHECKED_{name}", CHECKED, name) for name in CHECKED_SENDERS),
        *(
            _agreement(f"BENCH_CHECKED_{name}", CHECKED, name, annotations=off)
            for name in UNCHECKED_SENDERS
        ),
    ]


def _cube(cube: Cube) -> list[Artefact]:
    lists = [
        _artefact("Codelist", f"{cube.flow}_{name}", codes=[_named(code) for code in codes])
        for name, codes in cube.codes.items()
    ]
    return [
        *lists,
        _structure(cube),
        _flow(cube.flow, cube),
        _agreement(cube.agreement, cube.flow, OWNER),
    ]


def _structure(cube: Cube) -> Artefact:
    dimensions = [
        _coded(name, f"{cube.flow}_{name}") | {"position": place}
        for place, name in enumerate(cube.dimensions, 1)
    ]
    status = _coded("OBS_STATUS", "BENCH_STATUS")
    status |= {"attributeRelationship": {"observation": {}}, "usage": "mandatory"}
    components = {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": dimensions,
            "timeDimension": _typed("TIME_PERIOD", "ObservationalTimePeriod"),
        },
        "measureList": {
            "id": "MeasureDescriptor",
            "measures": [_typed("OBS_VALUE", "Decimal") | {"usage": "optional"}],
        },
        "attributeList": {"id": "AttributeDescriptor", "attributes": [status]},
    }
    return _artefact("DataStructure", cube.flow, dataStructureComponents=components)


def _flow(flow: str, cube: Cube) -> Artefact:
    return _artefact("Dataflow", flow, structure=_urn("DataStructure", cube.flow))


def _agreement(agreement: str, flow: str, provider: str, **parts: Any) -> Artefact:
    return _artefact(
        "ProvisionAgreement",
        agreement,
        dataflow=_urn("Dataflow", flow),
        dataProvider=urn_of("DataProvider", AGENCY, "DATA_PROVIDERS", "1.0", provider),
        **parts,
    )


def _artefact(class_name: str, resource: str, **parts: Any) -> Artefact:
    identity = {"agencyID": AGENCY, "version": "1.0.0"}
    return Artefact.read(CLASS_BY_NAME[class_name], _named(resource) | identity | parts)


def _named(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "names": {"en": name, "es": name}}


def _component(name: str, representation: dict[str, Any]) -> dict[str, Any]:
    concept = _urn("Concept", "BENCH_CS", name)
    return {"id": name, "conceptIdentity": concept, "localRepresentation": representation}


def _coded(name: str, codelist: str) -> dict[str, Any]:
    return _component(name, {"enumeration": _urn("Codelist", codelist)})


def _typed(name: str, data_type: str) -> dict[str, Any]:
    return _component(name, {"format": {"dataType": data_type}})


def _urn(class_name: str, resource: str, item: str | None = None) -> str:
    return urn_of(class_name, AGENCY, resource, "1.0.0", item)
