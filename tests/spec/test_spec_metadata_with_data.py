"""Reference metadata that travel with the data: from the file to every kind of reply."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.offers import DATA_OFFERS, Offer
from app.sdmx.registry_changes import plan_changes
from app.settings import Settings
from app.store.pools import Pools
from app.store.registry_publication import publish
from tests.artefact_samples import artefact, component, urn
from tests.data_messages import check_data, read_json
from tests.exchange import CSV21, JSON20, JSON21, Exchange, open_exchange
from tests.metadata import metadata_network
from tests.structures import (
    CRI,
    DATASET,
    OBSERVATION,
    START,
    agreement,
    attribute,
    network,
    of_type,
    sheet,
    structure,
)
from tests.xml_schemas import check_structure_specific

FLOW = "TST:DF_META(1.0.0)"
PATH = "/dataflow/TST/DF_META"
SERIES = {"dimensions": ["FREQ", "REF_AREA"]}
AREA = {"dimensions": ["REF_AREA"]}


def usage(reference: str, relationship: dict[str, Any]) -> dict[str, Any]:
    return {"metadataAttributeReference": reference, "attributeRelationship": relationship}


def data_structure(*usages: dict[str, Any]) -> Artefact:
    """The small structure, with what it uses of the metadata structure."""
    whole = structure(
        "DSD_META",
        [
            component("FREQ", urn("Codelist", "CL_FREQ")),
            component("REF_AREA", urn("Codelist", "CL_AREA")),
        ],
        [of_type("OBS_VALUE", "Decimal", usage="optional")],
        [
            attribute(component("STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION),
            attribute(of_type("D", "String"), DATASET),
        ],
    ).document
    components = whole["dataStructureComponents"]
    listed = components["attributeList"] | {"metadataAttributeUsages": list(usages)}
    return artefact(
        "DataStructure",
        "DSD_META",
        metadata=urn("MetadataStructure", "MSD"),
        dataStructureComponents=components | {"attributeList": listed},
    )


USAGES = [
    usage("SCOPE", {"dataflow": {}}),
    usage("RATING", SERIES),
    usage("YEARS", AREA),
    usage("CONTACT", AREA),
    usage("COVERAGE", OBSERVATION),
]
HEADER = (
    "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,D,SCOPE[en;es],RATING[],YEARS[],"
    "CONTACT[].NAME[en;es],CONTACT[].EMAIL[],COVERAGE"
)
ROWS = [
    'A,CRI,2019,1,A,d,en:All;es:Todo,GOOD,2019;2020,"""en:Desk;es:Mesa"";en:Office",'
    '"""a@x;b@x"";c@x",90.5',
    "A,CRI,2020,2,B,d,,GOOD,,,,",
    "A,SLV,2020,3,A,d,,POOR;GOOD,,,,100",
]


@asynccontextmanager
async def filled(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        more = [
            *metadata_network(),
            data_structure(*USAGES),
            artefact("Dataflow", "DF_META", structure=urn("DataStructure", "DSD_META")),
            agreement("PA_META", "DF_META", CRI),
        ]
        async with pools.writer.acquire() as connection:
            await publish(connection, more, START)
        await opened.desk.accept(sheet(HEADER, *ROWS, flow=FLOW))
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[Exchange]:
    """The exchange of all tests that only read."""
    async with filled(module_pools, module_settings) as opened:
        yield opened


@pytest.fixture
async def own(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    """An exchange of a test alone."""
    async with filled(pools, settings) as opened:
        yield opened


async def read(exchange: Exchange, query: str) -> dict[str, dict[str, Any]]:
    """Observations with all that was shown for them, by key."""
    reply = await exchange.get(PATH + query, JSON21)
    assert reply.status_code == 200, reply.text
    [dataset] = read_json(check_data(reply.content))
    return {".".join(key): row for key, row in dataset.rows.items()}


METADATA = {"SCOPE", "RATING", "YEARS", "NAME", "EMAIL", "COVERAGE"}


async def test_c068_metadata_come_with_msd_and_all_and_not_by_default(exchange: Exchange) -> None:
    default = await read(exchange, "")
    assert not METADATA.intersection(name for row in default.values() for name in row)
    assert {"STATUS", "D"} <= default["A.CRI.2019"].keys()
    alone = await read(exchange, "?attributes=msd")
    assert alone["A.CRI.2019"].keys() >= METADATA
    assert not {"STATUS", "D"} & alone["A.CRI.2019"].keys()
    every = await read(exchange, "?attributes=all")
    assert METADATA | {"STATUS", "D"} <= every["A.CRI.2019"].keys()


async def test_c068_metadata_stand_at_their_level(exchange: Exchange) -> None:
    rows = await read(exchange, "?attributes=msd")
    first, second, other = rows["A.CRI.2019"], rows["A.CRI.2020"], rows["A.SLV.2020"]
    assert first["COVERAGE"] == 90.5
    assert "COVERAGE" not in second
    assert first["RATING"] == second["RATING"] == ["GOOD"]
    assert other["RATING"] == ["POOR", "GOOD"]
    assert first["YEARS"] == second["YEARS"] == [2019, 2020]
    assert "YEARS" not in other
    assert first["NAME"] == [{"en": "Desk", "es": "Mesa"}, {"en": "Office"}]
    assert first["SCOPE"] == other["SCOPE"] == {"en": "All", "es": "Todo"}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("COVERAGE", {"COVERAGE"}),
        ("CONTACT.NAME,RATING", {"NAME", "RATING"}),
        ("EMAIL", {"EMAIL"}),
        ("CONTACT", {"NAME", "EMAIL"}),
        ("STATUS,YEARS", {"STATUS", "YEARS"}),
    ],
)
async def test_c068_metadata_by_id_and_by_path(
    exchange: Exchange, asked: str, names: set[str]
) -> None:
    row = (await read(exchange, f"?attributes={asked}"))["A.CRI.2019"]
    assert row.keys() & (METADATA | {"STATUS", "D"}) == names
    unknown = await exchange.get(f"{PATH}?attributes=CONTACT.PHONE")
    assert unknown.status_code == 400


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ("c[RATING]=POOR", {"A.SLV.2020"}),
        ("c[COVERAGE]=ge:95", {"A.SLV.2020"}),
        ("c[CONTACT.NAME]=Mesa", {"A.CRI.2019", "A.CRI.2020"}),
        ("c[NAME]=co:office", {"A.CRI.2019", "A.CRI.2020"}),
        ("c[SCOPE]=All", {"A.CRI.2019", "A.CRI.2020", "A.SLV.2020"}),
    ],
)
async def test_c049_filters_on_metadata(exchange: Exchange, asked: str, keys: set[str]) -> None:
    assert set(await read(exchange, f"?{asked}")) == keys


async def test_c068_csv_shows_paths_and_takes_them_back(own: Exchange) -> None:
    reply = await own.get(f"{PATH}?attributes=all", CSV21, {"Accept-Language": "*"})
    assert reply.status_code == 200, reply.text
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert {"SCOPE[en;es]", "RATING[]", "CONTACT[].NAME[en;es]", "CONTACT[].EMAIL[]"} <= set(
        rows[0]
    )
    first = next(row for row in rows if row["REF_AREA"] == "CRI" and row["TIME_PERIOD"] == "2019")
    assert first["CONTACT[].EMAIL[]"] == '"a@x;b@x";c@x'
    assert first["SCOPE[en;es]"] == "en:All;es:Todo"
    assert first["RATING[]"] == "GOOD"
    assert first["CONTACT[].NAME[en;es]"] == '"en:Desk;es:Mesa";en:Office'
    spanish = await own.get(f"{PATH}?attributes=all", CSV21, {"Accept-Language": "es"})
    assert "Mesa;Office" in spanish.text
    before = await read(own, "?attributes=all")
    decision = await own.desk.send(reply.content)
    assert decision.state == "published", decision.findings
    assert await read(own, "?attributes=all") == before


@pytest.mark.parametrize("layout", ["TIME_PERIOD", "AllDimensions", "REF_AREA"])
@pytest.mark.parametrize("accept", [JSON21, JSON20])
async def test_every_layout_is_valid(exchange: Exchange, layout: str, accept: str) -> None:
    query = f"{PATH}?attributes=all&dimensionAtObservation={layout}"
    reply = await exchange.get(query, accept)
    check_data(reply.content, accept[-5:])


@pytest.mark.parametrize("offer", DATA_OFFERS, ids=lambda offer: str(offer.media_type))
async def test_every_format_holds_them(exchange: Exchange, offer: Offer) -> None:
    reply = await exchange.get(f"{PATH}?attributes=all", str(offer.media_type))
    assert reply.status_code == 200, reply.text
    for value in ("GOOD", "90.5", "a@x", "2019"):
        assert value in reply.text


async def test_c092_the_schema_of_the_flow_takes_them(exchange: Exchange) -> None:
    asked = "application/vnd.sdmx.schema+xml;version=3.1.0"
    path = "/sdmx/v2/schema/dataflow/TST/DF_META/1.0.0"
    schema = await exchange.client.get(path, headers={"Accept": asked})
    xml = "application/vnd.sdmx.data+xml;version=3.1.0"
    reply = await exchange.get(f"{PATH}?attributes=all", xml)
    message = check_structure_specific(reply.content, schema.content, "3.1")
    assert {one.get("id") for one in message.iter("{*}Comp")} == METADATA - {"COVERAGE"}


async def test_values_are_checked_like_those_of_data(own: Exchange) -> None:
    header = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,RATING[],COVERAGE,CONTACT.PHONE"
    decision = await own.desk.send(sheet(header, "A,CRI,2021,1,BAD,101,1", flow=FLOW))
    assert decision.state == "rejected"
    assert {"VIPMG-210", "VIPMG-212", "VIPMG-301"} <= set(decision.codes)


async def test_a_replace_of_data_leaves_metadata_above_the_observation(own: Exchange) -> None:
    plain = await own.get(PATH, CSV21)
    assert plain.text.splitlines()[1].split(",")[2] == "M", "COVERAGE stands at the observation"
    shown = await own.get(f"{PATH}?attributes=dsd,COVERAGE", CSV21)
    assert shown.text.splitlines()[1].split(",")[2] == "R"


def test_usages_must_be_of_the_metadata_structure() -> None:
    held = plan_changes(ArtefactSet(()), [*network(), *metadata_network()]).after
    for name in ("NOPE", "NAME", "STATUS"):
        with pytest.raises(InvalidArtefactError, match=name) as error:
            plan_changes(held, [data_structure(usage("SCOPE", OBSERVATION), usage(name, AREA))])
        assert str(error.value.detail["path"]).endswith("/1/metadataAttributeReference")
