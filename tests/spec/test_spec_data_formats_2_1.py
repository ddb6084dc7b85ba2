"""Data messages of SDMX 2.1 and of SDMX-ML 3.x: they say what the others say, and validly."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from typing import Any

import pysdmx.io as pysdmx_io
import pytest
import pytest_asyncio
import sdmx
import sdmx.reader.xml.v30  # before any message of 2.1 is read: it copies the tags of 2.1
from lxml import etree

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.messages.schema_xsd import write_xml_schema
from app.sdmx.query import SchemaQuery
from app.sdmx.schema_data import resolve_data_schema
from app.sdmx.schema_structures import find_context
from app.sdmx.version import VersionQuery
from app.settings import Settings
from app.store.pools import Pools
from tests.data_messages import ReadDataSet, check_data, read_json
from tests.data_ml_messages import read_json_1, read_ml
from tests.exchange import JSON21, PLAIN, Exchange, open_exchange, small, structures
from tests.spec.test_spec_data_formats import DIMENSIONS, QUERIES, drawn, together
from tests.spec.test_spec_data_queries import OF_CRI, OF_SLV
from tests.structures import SLV, sheet
from tests.xml_schemas import check_structure_specific, check_xml

VENDOR = "application/vnd.sdmx."
GENERIC = f"{VENDOR}genericdata+xml;version=2.1"
SPECIFIC = f"{VENDOR}structurespecificdata+xml;version=2.1"
GENERIC_SERIES = f"{VENDOR}generictimeseriesdata+xml;version=2.1"
SPECIFIC_SERIES = f"{VENDOR}structurespecifictimeseriesdata+xml;version=2.1"
ML30 = f"{VENDOR}data+xml;version=3.0.0"
ML31 = f"{VENDOR}data+xml;version=3.1.0"
JSON10 = f"{VENDOR}data+json;version=1.0.0"
DRAFT = f"{VENDOR}data+json;version=1.0.0-wd"
OF_2_1 = [GENERIC, SPECIFIC, GENERIC_SERIES, SPECIFIC_SERIES, JSON10, DRAFT]
OF_SERIES = [GENERIC_SERIES, SPECIFIC_SERIES]
DF = "/dataflow/TST/DF"


@asynccontextmanager
async def filled(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        await opened.desk.accept(OF_CRI)
        await opened.desk.accept(OF_SLV, SLV)
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


@cache
def xml_schema(namespace: str, version: str, *, deletion: bool) -> bytes:
    """The schema that the namespace of a structure-specific message names."""
    structure, _, along = namespace.partition(":ObsLevelDim:")
    kind, _, identity = structure.partition("=")
    kind = kind.rpartition(".")[2].lower()
    held = ArtefactSet(structures())
    name = identity.partition(":")[2].partition("(")[0]
    context: Any = kind
    latest = VersionQuery.parse("~")
    query = SchemaQuery(context, identity.partition(":")[0], name, latest, along, deletion)
    return write_xml_schema(resolve_data_schema(held, find_context(held, query), query), version)


def read(body: bytes, accept: str, dimensions: tuple[str, ...] = DIMENSIONS) -> list[ReadDataSet]:
    """The datasets of a message that must be valid."""
    version = accept.rpartition("=")[2]
    if "json" in accept:
        return read_json_1(check_data(body, "1.0.0"))
    message = check_xml(body, version) if "generic" in accept else _specific(body, version)
    return read_ml(message, dimensions)


def _specific(body: bytes, version: str) -> Any:
    """Judge the datasets of each structure by its own schema."""
    deletion = b'action="Delete"' in body
    whole = etree.fromstring(body)
    structures_ = {one.get("structureID"): one.get("namespace") for one in whole[0] if len(one)}
    for name, namespace in structures_.items():
        part = etree.fromstring(body)
        for dataset in part[1:]:
            if name not in dataset.attrib.values():
                part.remove(dataset)
        xsd = xml_schema(namespace, version, deletion=deletion)
        check_structure_specific(etree.tostring(part), xsd, version)
    return whole


def said(datasets: list[ReadDataSet], *, of_one: bool = False) -> dict[Any, Any]:
    """What datasets say, but for the words that older formats do not have for actions.

    `of_one`: as if all were of one structure, since generic messages name the dataflow alone.
    """
    found: dict[Any, Any] = {}
    for (structure, action), rows in together(datasets).items():
        for row in rows.values():
            if "OBS_VALUE" in row:
                row["OBS_VALUE"] = str(Decimal(row["OBS_VALUE"]).normalize())  # a number in 1.0
        found.setdefault((None if of_one else structure, action == "Delete"), {}).update(rows)
    return found


async def test_c119_c137_every_reply_is_valid_and_says_what_json_says(exchange: Exchange) -> None:
    answered = 0
    for query in drawn(QUERIES, 60):
        reply = await exchange.get(query, JSON21)
        newest = read_json(check_data(reply.content)) if reply.status_code == 200 else []
        for accept in (*OF_2_1, ML30, ML31):
            told = await exchange.get(query, accept)
            if told.status_code == 406 and accept in OF_SERIES:
                assert "dimensionAtObservation" in query or "provisionagreement" in query
                continue
            assert told.status_code == reply.status_code, (query, accept, told.text)
            if reply.status_code != 200:
                continue
            assert told.headers["content-type"].replace(" ", "") == accept
            of_one = "generic" in accept
            found = said(read(told.content, accept), of_one=of_one)
            assert found == said(newest, of_one=of_one), (query, accept)
            answered += 1
    assert answered > 150


async def test_c119_several_structures_in_one_message(own: Exchange) -> None:
    await own.desk.accept(small("A,CRI,2020,1,A,,,s,g,d"))
    await own.desk.accept(sheet("FREQ,REF_AREA,OBS_VALUE,STATUS,TITLE", "A,SLV,2,B,T", flow=PLAIN))
    reply = await own.get("", JSON21)
    sizes = {one.structure: len(one.rows) for one in read_json(check_data(reply.content))}
    assert len(sizes) > 2
    for accept in (GENERIC, SPECIFIC, ML30, ML31):
        told = await own.get("", accept)
        message = etree.fromstring(told.content)
        found = {
            one.structure: len(message[place].findall(".//{*}Obs"))
            for place, one in enumerate(read_ml(message, DIMENSIONS), 1)
        }
        assert found == sizes
    for accept in (GENERIC_SERIES, SPECIFIC_SERIES, JSON10, DRAFT):
        refused = await own.get("", accept)
        assert refused.status_code == 406, accept
        assert "VIPMG-103" in refused.text


async def test_c083_actions_as_clients_of_each_generation_expect_them(own: Exchange) -> None:
    since = await own.prepared(DF)
    await own.desk.accept(OF_CRI.replace("A,CRI,F,2020,10,", "A,CRI,F,2020,11,"))
    reduced = f"{DF}?attributes=none"
    changed = f"{DF}?updatedAfter={since}"
    expected = {
        ML31: ("Replace", "Merge", "Replace"),
        ML30: ("Replace", "Information", "Replace"),
        **dict.fromkeys(OF_2_1, ("Information", "Information", "Replace")),
    }
    for accept, actions in expected.items():
        for path, action in zip((DF, reduced, changed), actions, strict=True):
            reply = await own.get(path, accept)
            assert [one.action for one in read(reply.content, accept)] == [action], (path, accept)


async def test_c081_c082_history_says_from_when_and_until_when(own: Exchange) -> None:
    gone = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE", "D|A,CRI,F,2020,"
    await own.desk.accept(sheet(*gone))
    path = f"{DF}?includeHistory=true"
    expected = [
        (one.action, one.valid_from, one.valid_to)
        for one in read_json(check_data((await own.get(path, JSON21)).content))
    ]
    assert {valid_to is None for _, _, valid_to in expected} == {True, False}
    for accept in (*OF_2_1, ML30, ML31):
        datasets = read((await own.get(path, accept)).content, accept)
        assert [(one.action, one.valid_from, one.valid_to) for one in datasets] == expected


@pytest.mark.parametrize("accept", [GENERIC, SPECIFIC, JSON10, ML31])
async def test_c065_c066_dimension_at_observation(own: Exchange, accept: str) -> None:
    await own.desk.accept(sheet("FREQ,REF_AREA,OBS_VALUE,STATUS,TITLE", "A,SLV,2,B,T", flow=PLAIN))
    plain_ = await own.get("/dataflow/TST/DF_PLAIN", accept)
    [flat] = read(plain_.content, accept, ("FREQ", "REF_AREA"))
    assert not flat.series
    assert list(flat.rows) == [("A", "SLV")]
    expected = {tuple(key.split(".")) for key in await own.keys(DF)}
    for along, size in (("TIME_PERIOD", 3), ("SEX", 3), ("AllDimensions", None)):
        reply = await own.get(f"{DF}?dimensionAtObservation={along}", accept)
        [dataset] = read(reply.content, accept)
        assert {len(key) for key in dataset.series} == ({size} if size else set())
        assert set(dataset.rows) == expected


@pytest.mark.parametrize("accept", [SPECIFIC, SPECIFIC_SERIES, ML30, ML31])
async def test_the_namespace_is_that_of_what_was_asked_for(exchange: Exchange, accept: str) -> None:
    for context, name in (
        ("dataflow/TST/DF", "datastructure.Dataflow=TST:DF(1.0.0)"),
        ("datastructure/TST/DSD", "datastructure.DataStructure=TST:DSD(1.0.0)"),
        ("provisionagreement/TST/PA_CRI", "registry.ProvisionAgreement=TST:PA_CRI(1.0.0)"),
    ):
        message = etree.fromstring((await exchange.get(f"/{context}", accept)).content)
        namespace = f"urn:sdmx:org.sdmx.infomodel.{name}:ObsLevelDim:TIME_PERIOD"
        assert message.nsmap["ns1"] == namespace
        [structure] = message.findall("{*}Header/{*}Structure")
        assert structure.get("namespace") == namespace


@pytest.mark.parametrize("accept", [GENERIC, SPECIFIC, ML30, ML31])
async def test_names_in_the_languages_of_the_client(exchange: Exchange, accept: str) -> None:
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    expected = {
        "es-CR, en;q=0.5": {"es": "DF en español", "en": "DF in English"},
        "es": {"es": "DF en español"},
        "*": {"en": "DF in English", "es": "DF en español"},
    }
    for asked, names in expected.items():
        reply = await exchange.get(DF, accept, {"Accept-Language": asked})
        message = etree.fromstring(reply.content)
        assert {one.get(lang): one.text for one in message.findall("{*}Header/{*}Source")} == names
        [comment] = {
            one.text or one.get("value") or one.get("COMMENT")
            for one in message.xpath(
                "//*[local-name()='Obs'][@COMMENT] | //*[@id='COMMENT' and @value]"
                " | (//*[@id='COMMENT']//*[local-name()='Text'])[1]"
            )
        }
        assert comment == ("first" if "3." in accept or asked == "*" else "primera")


# -- clients in the field -------------------------------------------------------------------------


async def numbers(exchange: Exchange) -> set[tuple[str, ...]]:
    rows = await exchange.rows(DF)
    assert len(rows) > 10
    return {
        (*key.split("."), str(float(row["OBS_VALUE"])))
        for key, row in rows.items()
        if row.get("OBS_VALUE") is not None
    }


@pytest.mark.parametrize(
    "accept", [GENERIC, SPECIFIC, GENERIC_SERIES, SPECIFIC_SERIES, ML30, DRAFT]
)
@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions", "SEX"])
async def test_c137_sdmx1_reads_it(exchange: Exchange, accept: str, along: str) -> None:
    # Of SDMX-ML 3.0 it cannot read a second element `Comp`.
    shown = "OBS_STATUS,UNIT_MULT,METHOD,TITLE" if accept == ML30 else "dsd"
    path = f"{DF}?dimensionAtObservation={along}&attributes={shown}"
    reply = await exchange.get(path, accept)
    if reply.status_code == 406:
        assert accept in OF_SERIES
        return
    message = sdmx.read_sdmx(io.BytesIO(reply.content))
    found = set()
    for observation in message.data[0].obs:
        series = observation.series_key.values if observation.series_key else {}
        values = {**series, **observation.dimension.values}
        codes = tuple(str(values[name].value) for name in DIMENSIONS)
        if observation.value is not None:
            found.add((*codes, str(float(observation.value))))
    assert found == await numbers(exchange)


@pytest.mark.parametrize("accept", [GENERIC, SPECIFIC, GENERIC_SERIES, SPECIFIC_SERIES, ML30, ML31])
@pytest.mark.parametrize("along", ["TIME_PERIOD", "AllDimensions", "SEX"])
async def test_c137_pysdmx_reads_it(exchange: Exchange, accept: str, along: str) -> None:
    reply = await exchange.get(f"{DF}?dimensionAtObservation={along}", accept)
    if reply.status_code == 406:
        assert accept in OF_SERIES
        return
    [dataset] = pysdmx_io.read_sdmx(reply.text, validate=True).data
    found = {
        (*(str(row[name]) for name in DIMENSIONS), str(float(row["OBS_VALUE"])))
        for row in dataset.data.to_dict("records")
        if str(row.get("OBS_VALUE", "")) not in ("", "nan")
    }
    assert found == await numbers(exchange)
