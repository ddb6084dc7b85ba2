"""The structures of the bench: two cubes, and one that submissions are sent to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import urn_of
from app.store.registry_publication import publish
from bench.shapes import Cube

AGENCY = "VIPMG"
OWNER = "CRI_DGME"
SENT = "BENCH_SENT"
LONG_LIST = "BENCH_LONG_LIST"
SENDERS = ("BLZ_DOI", "CRI_DGME", "DOM_DGM", "GTM_IGM")
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
    made += [_agreement(f"BENCH_PA_{sender}", SENT, sender) for sender in SENDERS]
    return made


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


def _agreement(agreement: str, flow: str, provider: str) -> Artefact:
    return _artefact(
        "ProvisionAgreement",
        agreement,
        dataflow=_urn("Dataflow", flow),
        dataProvider=urn_of("DataProvider", AGENCY, "DATA_PROVIDERS", "1.0", provider),
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
