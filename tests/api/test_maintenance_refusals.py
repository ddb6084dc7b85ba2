"""Structures that would make later replies invalid, or fail, are refused at the door."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.sdmx.artefacts import Artefact
from app.settings import Settings
from app.store.pools import Pools
from tests.api.test_maintenance import Keeper, program, said, service
from tests.artefact_samples import artefact, codelist, data_structure, item, network, urn

__all__ = ["service"]


@pytest.fixture
async def keeper(service: FastAPI, pools: Pools, settings: Settings) -> AsyncIterator[Keeper]:
    del settings
    client: httpx.AsyncClient = await program(service, pools, ["TST", "SDMX", "OTH"])
    yield Keeper(client)
    await client.aclose()


def put(one: Artefact, path: str, value: Any) -> Artefact:
    document = copy.deepcopy(one.document)
    *keys, last = path.strip("/").split("/")
    part: Any = document
    for key in keys:
        part = part[int(key) if key.isdigit() else key]
    part[int(last) if last.isdigit() else last] = value
    return one.with_document(document)


DSD = data_structure("DSD_NEW", "1.0")
LIST = codelist("CL_NEW", item("A"), version="1.0")
PARTS = "/dataStructureComponents"
DIMENSION = f"{PARTS}/dimensionList/dimensions/0"
ATTRIBUTE = f"{PARTS}/attributeList/attributes/0"
FORMAT = f"{DIMENSION}/localRepresentation"
STUB = [{"rel": "structure", "href": "https://example.org/CL"}]
AGREEMENT = artefact(
    "ProvisionAgreement",
    "PA_NEW",
    "1.0",
    dataflow=urn("Dataflow", "DF"),
    dataProvider=urn("Agency", "AGENCIES", "TST", agency="SDMX", version="1.0"),
)
CONSTRAINT = artefact(
    "DataConstraint",
    "DC_NEW",
    "1.0",
    constraintAttachment={"dataflows": [urn("Dataflow", "DF")]},
    cubeRegions=[{"include": True, "keyValues": [{"id": "AREA", "values": ["NORTH"]}]}],
)
MAP = artefact(
    "StructureMap",
    "SM_NEW",
    "1.0",
    source=urn("Dataflow", "DF"),
    target=urn("DataStructure", "DSD"),
    componentMaps=[{"source": ["AREA"], "target": ["TOPIC"]}],
)
REGION = "/cubeRegions/0"

WRONG = [
    (put(DSD, f"{ATTRIBUTE}/attributeRelationship", {"group": "G"}), "attributeRelationship/group"),
    (put(DSD, f"{ATTRIBUTE}/attributeRelationship", {}), "/attributeRelationship"),
    (put(DSD, f"{ATTRIBUTE}/attributeRelationship", {"dimensions": ["NO"]}), "'NO'"),
    (put(DSD, f"{PARTS}/groups/0/groupDimensions", ["NO"]), "groupDimensions"),
    (put(DSD, f"{PARTS}/dimensionList/id", "Other"), "/dimensionList/id"),
    (put(DSD, f"{PARTS}/dimensionList/timeDimension/id", "TIME"), "/timeDimension/id"),
    (put(DSD, f"{DIMENSION}/id", "1 X"), "/dimensions/0/id"),
    (put(DSD, f"{DIMENSION}/conceptIdentity", urn("Code", "CL_FREQ", "A")), "Concept"),
    (put(DSD, f"{FORMAT}/enumeration", urn("Dataflow", "DF")), "/enumeration"),
    (put(DSD, FORMAT, {"format": {"dataType": "Banana"}}), "/dataType"),
    (put(DSD, FORMAT, {"format": {"maxLength": -4}}), "/maxLength"),
    (put(DSD, FORMAT, {"format": {"pattern": "(((("}}), "/pattern"),
    (put(LIST, "/validFrom", "yesterday"), "/validFrom"),
    (put(LIST, "/validFrom", "2024-01-01"), "/validFrom"),
    (put(LIST, "/names", {"xx-!!": "x"}), "/names"),
    (put(LIST, "/annotations", [{"texts": {"xx-!!": "x"}}]), "/annotations/0/texts"),
    (put(LIST, "/isExternalReference", "maybe"), "/isExternalReference"),
    (put(LIST, "/isPartial", "true"), "/isPartial"),
    (put(LIST, "/unknown", 1), "/unknown"),
    (put(LIST, "/codes/0/unknown", 1), "/codes/0/unknown"),
    (put(LIST, "/codes/0/urn", "urn:x"), "/codes/0/urn"),
    (put(LIST, "/annotations", [{"unknown": 1}]), "/annotations/0/unknown"),
    (put(LIST, "/links", [{"href": "https://example.org"}]), "/links/0"),
    (put(LIST, "/links", [{"rel": "help", "urn": "urn:x"}]), "/links/0/urn"),
    (put(LIST, "/codes/0/parent", "A"), "/codes/A/parent"),
    (
        codelist("CL_NEW", item("A", parent="B"), item("B", parent="A"), version="1.0"),
        "above itself",
    ),
    (AGREEMENT, "/dataProvider"),
    (artefact("Hierarchy", "H_NEW", "1.0", hasFormalLevels=False), "/hierarchicalCodes"),
    (artefact("Categorisation", "CTG_NEW", "1.0", source=urn("Dataflow", "DF")), "/target"),
    (put(CONSTRAINT, f"{REGION}/components", []), "/components"),
    (put(CONSTRAINT, f"{REGION}/keyValues/0/id", "NO"), "'NO'"),
    (put(CONSTRAINT, f"{REGION}/keyValues/0/values", ["NO"]), "'NO'"),
    (put(MAP, "/componentMaps/0/source", ["NO"]), "'NO'"),
    (put(MAP, "/componentMaps/0/target", ["NO"]), "'NO'"),
]


@pytest.mark.parametrize(("wrong", "where"), WRONG, ids=[f"{n}" for n in range(len(WRONG))])
async def test_what_would_make_replies_invalid_is_422(
    keeper: Keeper, wrong: Artefact, where: str
) -> None:
    reply = await keeper.post(wrong)
    assert reply.status_code == 422, reply.text
    assert where in said(reply)
    assert "Error" not in said(reply)
    assert said(reply, "es") != said(reply)
    assert await keeper.stored(wrong) is None


@pytest.mark.parametrize(
    "right",
    [
        DSD,
        LIST,
        CONSTRAINT,
        MAP,
        put(CONSTRAINT, f"{REGION}/keyValues/0/values", ["NO%"]),
        put(CONSTRAINT, f"{REGION}/keyValues/0", {"id": "TOPIC", "values": ["X"]}),
        put(CONSTRAINT, f"{REGION}/components", [{"id": "OBS_STATUS", "values": ["a+"]}]),
        put(LIST, "/x-own", {"any": 1}),
    ],
    ids=lambda one: one.id,
)
async def test_what_is_right_is_taken(keeper: Keeper, right: Artefact) -> None:
    reply = await keeper.post(right)
    assert reply.status_code == 201, reply.text


async def test_c179_a_stub_below_a_concept_is_no_basis(keeper: Keeper) -> None:
    stub = artefact("Codelist", "CL_STUB", "1.0", isExternalReference=True, links=STUB)
    core = {"enumeration": stub.urn}
    concepts = artefact("ConceptScheme", "CS_STUB", "1.0", concepts=[item("AREA")])
    with_stub = put(concepts, "/concepts/0/coreRepresentation", core)
    assert (await keeper.post(stub, with_stub)).status_code == 201
    plain = {"id": "AREA", "position": 2}
    plain["conceptIdentity"] = urn("Concept", "CS_STUB", "AREA", version="1.0")
    refused = await keeper.post(
        put(
            DSD,
            f"{PARTS}/dimensionList/dimensions",
            [
                DSD.document["dataStructureComponents"]["dimensionList"]["dimensions"][0],
                plain,
                DSD.document["dataStructureComponents"]["dimensionList"]["dimensions"][2],
            ],
        )
    )
    assert refused.status_code == 422
    assert "CL_STUB" in said(refused)


async def test_an_agency_that_maintains_something_stays_listed(keeper: Keeper) -> None:
    [scheme] = [one for one in network() if one.artefact_class.name == "AgencyScheme"]
    refused = await keeper.delete(scheme, "TST")
    assert refused.status_code == 409
    assert "TST" in said(refused)
    assert (await keeper.delete(scheme, "OTH")).status_code == 200
    unlisted = await keeper.post(codelist("CL_NEW", "A", version="1.0", agency="OTH"))
    assert unlisted.status_code == 422
    assert "/agencyID" in said(unlisted)


async def test_c165_lower_parts_of_a_version_begin_anew(keeper: Keeper) -> None:
    assert (await keeper.post(codelist("CL_V", "A", version="2.0.0"))).status_code == 201
    refused = await keeper.post(codelist("CL_V", "A", "B", version="2.1.1"))
    assert refused.status_code == 409
    assert "2.1.0" in said(refused)
    assert (await keeper.post(codelist("CL_V", "A", "B", version="3.1.0"))).status_code == 409
    assert (await keeper.post(codelist("CL_V", "A", "B", version="2.1.0"))).status_code == 201
