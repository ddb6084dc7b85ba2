"""Data messages: SDMX-JSON 2.1 and 2.0, SDMX-CSV 2.1, 2.0 and 1.0 say the same, and validly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.settings import Settings
from app.store.pools import Pools
from tests.data_messages import ReadDataSet, check_data, csv_rows, plain, read_csv, read_json
from tests.exchange import (
    CSV10,
    CSV20,
    CSV21,
    JSON20,
    JSON21,
    PLAIN,
    TYPES,
    Exchange,
    open_exchange,
    small,
)
from tests.spec.test_spec_data_queries import OF_CRI, OF_SLV
from tests.structures import CRI, FLOW, SLV, sheet

DF = "/dataflow/TST/DF"
SMALL = "/dataflow/TST/DF_SMALL"
DIMENSIONS = ("FREQ", "REF_AREA", "SEX", "TIME_PERIOD")


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


def drawn(strategy: st.SearchStrategy[str], count: int) -> list[str]:
    """Examples of a strategy, the same in every run; requests are sent afterwards."""
    found: list[str] = []

    @settings(
        max_examples=count, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(strategy)
    def collect(example: str) -> None:
        found.append(example)

    collect()
    return list(dict.fromkeys(found))


CODES = st.sampled_from(["A", "Q", "M", "*", "CRI", "GTM", "SLV", "F", "M", "X"])
KEYS = st.one_of(
    st.just("*"),
    st.lists(
        st.tuples(
            st.sampled_from(["A", "Q", "M", "*"]),
            st.sampled_from(["CRI", "GTM", "SLV", "*"]),
            st.sampled_from(["F", "M", "*", "X"]),
        ).map(".".join),
        min_size=1,
        max_size=3,
    ).map(",".join),
)
PERIODS = st.sampled_from(["2020", "2020-02", "2020-Q1", "2022", "2021-06-15"])
OPERATORS = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
PARAMETERS = st.one_of(
    st.builds("c[TIME_PERIOD]={}:{}".format, OPERATORS, PERIODS),
    st.builds("c[OBS_VALUE]={}:{}".format, OPERATORS, st.integers(-5, 101)),
    st.builds("c[OBS_STATUS]={}".format, st.sampled_from(["A", "A,B", "ne:A", "co:a"])),
    st.builds("c[REF_AREA]={}".format, st.sampled_from(["CRI", "CRI,SLV", "ge:GTM"])),
    st.builds("c[METHOD]={}".format, st.sampled_from(["asked", "sw:count", "nc:e"])),
    st.builds("firstNObservations={}".format, st.integers(1, 4)),
    st.builds("lastNObservations={}".format, st.integers(1, 4)),
    st.builds("offset={}".format, st.integers(0, 15)),
    st.builds("limit={}".format, st.integers(1, 15)),
    st.builds(
        "attributes={}".format,
        st.sampled_from(["none", "all", "dsd", "obs", "series", "dataset", "TITLE,SOURCES"]),
    ),
    st.builds("measures={}".format, st.sampled_from(["none", "all", "SHARE", "OBS_VALUE"])),
    st.builds(
        "dimensionAtObservation={}".format,
        st.sampled_from(["TIME_PERIOD", "AllDimensions", "SEX", "REF_AREA", "FREQ"]),
    ),
    st.builds(
        "sort={}".format,
        st.sampled_from(["*", "series_key:desc", "OBS_VALUE", "TIME_PERIOD:desc+SEX"]),
    ),
    st.just("updatedAfter=2020-01-01T00:00:00Z"),
    st.just("includeHistory=true"),
)
QUERIES = st.builds(
    "{}/*/{}?{}".format,
    st.sampled_from([DF, "/provisionagreement/TST/PA_CRI,PA_SLV", "/datastructure/TST/DSD"]),
    KEYS,
    st.lists(PARAMETERS, max_size=4, unique_by=lambda p: p.partition("=")[0]).map("&".join),
)


def together(datasets: list[ReadDataSet]) -> dict[Any, Any]:
    """What datasets say of observations and series, and with which action."""
    found: dict[Any, Any] = {}
    for dataset in datasets:
        about = (dataset.structure.rpartition("=")[2], dataset.action)
        found.setdefault(about, {}).update(plain(dataset.rows or dataset.series))
    return found


def merged(told: dict[Any, Any]) -> dict[Any, Any]:
    """The same with the action of 2.1: 2.0 has no Merge in its answers."""
    return {
        (structure, "Merge" if action == "Information" else action): rows
        for (structure, action), rows in told.items()
    }


async def test_c119_every_reply_is_valid_and_every_format_says_the_same(
    exchange: Exchange,
) -> None:
    answered = 0
    for query in drawn(QUERIES, 150):
        replies = {
            accept: await exchange.get(query, accept)
            for accept in (JSON21, JSON20, CSV21, CSV20, CSV10)
        }
        statuses = {reply.status_code for reply in replies.values()}
        assert len(statuses) == 1, (query, {a: r.text for a, r in replies.items()})
        if statuses == {204}:
            assert all(reply.content == b"" for reply in replies.values())
            continue
        assert statuses == {200}, (query, replies[JSON21].text)
        answered += 1
        newest = together(read_json(check_data(replies[JSON21].content)))
        older = together(read_json(check_data(replies[JSON20].content, "2.0.0")))
        assert merged(older) == newest, query
        assert together(read_csv(replies[CSV21].content, DIMENSIONS)) == newest, query
        assert merged(together(read_csv(replies[CSV20].content, DIMENSIONS))) == newest, query
        oldest = read_csv(replies[CSV10].content, DIMENSIONS)
        if "updatedAfter" in query or "includeHistory" in query:
            continue  # 1.0 has no actions
        rows = [row for part in newest.values() for row in part.items()]
        rows_10 = [row for one in oldest for row in plain(one.rows or one.series).items()]
        assert [sorted(r, key=repr) for r in (rows_10,)] == [sorted(rows, key=repr)], query
    assert answered > 60


async def test_c119_several_structures_in_one_message(own: Exchange) -> None:
    await own.desk.accept(small("A,CRI,2020,1,A,,,s,g,d"))
    await own.desk.accept(sheet("FREQ,REF_AREA,OBS_VALUE,STATUS,TITLE", "A,SLV,2,B,T", flow=PLAIN))
    reply = await own.get("")
    by_structure = {
        one.structure.rpartition("=")[2]: plain(one.rows)
        for one in read_json(check_data(reply.content))
    }
    assert set(by_structure) == {FLOW, "TST:DF_SMALL(1.0.0)", PLAIN}
    csv = await own.get("", CSV21)
    found: dict[str, dict[Any, Any]] = {}
    for row in csv_rows(csv.text):
        structure, action = row.pop("STRUCTURE_ID"), row.pop("ACTION")
        row.pop("STRUCTURE")
        assert action == "R"
        key = tuple(row.pop(name) for name in DIMENSIONS if name in row)
        found.setdefault(structure, {})[key] = row
    assert {name: plain(rows) for name, rows in found.items()} == by_structure


# -- SDMX-JSON ----------------------------------------------------------------------------------


async def test_c120_indexes_where_there_are_values(exchange: Exchange) -> None:
    message = check_data((await exchange.get(DF, JSON21)).content)
    [structure], [dataset] = message["data"]["structures"], message["data"]["dataSets"]
    observation = structure["attributes"]["observation"]
    assert [component["id"] for component in observation][:2] == ["OBS_STATUS", "CONF_STATUS"]
    measures = len(structure["measures"]["observation"])
    for series in dataset["series"].values():
        for cells in series["observations"].values():
            for component, cell in zip(
                [*structure["measures"]["observation"], *observation], cells, strict=False
            ):
                if "values" in component and cell is not None:
                    indexes = cell if isinstance(cell, list) else [cell]
                    assert all(index < len(component["values"]) for index in indexes)
            assert len(cells) >= measures


async def test_c121_only_what_is_not_there_is_cut_at_the_end(exchange: Exchange) -> None:
    message = check_data((await exchange.get(f"{DF}/*/A.CRI.M", JSON21)).content)
    [dataset] = message["data"]["dataSets"]
    [series] = dataset["series"].values()
    first, second = series["observations"].values()
    assert first[0] == "100.10"
    assert first[-1] == [0]
    assert [cell for cell in second if cell is not None] == ["100.1", 0]


async def test_c123_c124_c125_places_and_links(exchange: Exchange) -> None:
    for context, name in (
        ("dataflow/TST/DF", "datastructure.Dataflow=TST:DF(1.0.0)"),
        ("datastructure/TST/DSD", "datastructure.DataStructure=TST:DSD(1.0.0)"),
        ("provisionagreement/TST/PA_CRI", "registry.ProvisionAgreement=TST:PA_CRI(1.0.0)"),
    ):
        message = check_data((await exchange.get(f"/{context}", JSON21)).content)
        [structure], [dataset] = message["data"]["structures"], message["data"]["dataSets"]
        first = structure["links"][0]
        assert first["urn"] == f"urn:sdmx:org.sdmx.infomodel.{name}"
        assert first["rel"] == context.partition("/")[0]
        link = await exchange.client.get(first["href"])
        assert link.status_code == 200
        places = {
            d["id"]: d["keyPosition"] for level in structure["dimensions"].values() for d in level
        }
        assert places == {"FREQ": 0, "REF_AREA": 1, "SEX": 2, "TIME_PERIOD": 3}
        for key in dataset.get("dimensionGroupAttributes", {}):
            assert key.count(":") == 3
    assert dataset["dimensionGroupAttributes"], "one agreement: group attributes at their level"


async def test_c126_numbers_by_their_types(own: Exchange) -> None:
    header = "FREQ,PARTNER,TIME_PERIOD,OBS_VALUE,NUMBER,BIG,FLOATING,FLAG,COMMENT"
    big = "123456789012345678901234567890"
    decision = await own.desk.send(
        sheet(
            header,
            f"A,X,2020,0.10,7,{big},1.5e3,true,#N/A",
            "A,X,2021,NaN,-7,-1,NaN,false,",
            flow=TYPES,
        )
    )
    if decision.state == "rejected":  # NaN stands for a missing value of a Double only
        assert {(f.row, f.component) for f in decision.findings} == {(3, "OBS_VALUE")}
        await own.desk.accept(
            sheet(
                header,
                f"A,X,2020,0.10,7,{big},1.5e3,true,#N/A",
                "A,X,2021,3,-7,-1,NaN,false,",
                flow=TYPES,
            )
        )
    rows = await own.rows("/dataflow/TST/DF_TYPES")
    first, second = rows["A.X.2020"], rows["A.X.2021"]
    assert (first["OBS_VALUE"], first["BIG"]) == ("0.10", big)
    assert (first["NUMBER"], first["FLOATING"]) == (7, 1500.0)
    assert isinstance(first["NUMBER"], int)
    assert first["FLAG"] is True
    assert second["FLAG"] is False
    assert (second["NUMBER"], second["BIG"]) == (-7, "-1")


async def test_c127_intentionally_missing_values(own: Exchange) -> None:
    header = "FREQ,PARTNER,TIME_PERIOD,FLOATING,COMMENT"
    await own.desk.accept(sheet(header, "A,X,2020,NaN,#N/A", "A,X,2021,2.5,text", flow=TYPES))
    rows = await own.rows("/dataflow/TST/DF_TYPES")
    assert rows["A.X.2020"] == {"FLOATING": "NaN", "COMMENT": "#N/A"}
    csv = await own.get("/dataflow/TST/DF_TYPES", CSV21)
    assert [row.get("FLOATING") for row in csv_rows(csv.text)] == ["NaN", "2.5"]
    assert [row.get("COMMENT") for row in csv_rows(csv.text)] == ["#N/A", "text"]


async def test_c129_the_shape_of_2_0(exchange: Exchange) -> None:
    message = check_data((await exchange.get(DF, JSON20)).content, "2.0.0")
    assert "$schema" not in message
    assert message["meta"]["schema"].endswith("/2.0.0/sdmx-json-data-schema.json")
    times = message["data"]["structures"][0]["dimensions"]["observation"][0]["values"]
    assert all(time["id"] and time["name"] for time in times)
    reduced = check_data((await exchange.get(f"{DF}?attributes=none", JSON20)).content, "2.0.0")
    assert reduced["data"]["dataSets"][0]["action"] == "Information"


async def test_languages_of_json(exchange: Exchange) -> None:
    path = f"{DF}/*/A.CRI.F?firstNObservations=1"
    spanish = await exchange.get(path, JSON21, {"Accept-Language": "es-CR, en;q=0.5"})
    structure = check_data(spanish.content)["data"]["structures"][0]
    assert structure["name"] == "DF en español"
    assert structure["dimensions"]["series"][0]["name"] == "FREQ en español"
    assert spanish.headers["content-language"].startswith("es")
    every = await exchange.get(path, JSON21, {"Accept-Language": "*"})
    structure = check_data(every.content)["data"]["structures"][0]
    assert structure["names"] == {"en": "DF in English", "es": "DF en español"}
    code = structure["dimensions"]["series"][1]["values"][0]
    assert code["names"] == {"en": "CRI in English", "es": "CRI en español"}


# -- SDMX-CSV -----------------------------------------------------------------------------------


async def lines(exchange: Exchange, path: str, accept: str, **headers: str) -> list[str]:
    reply = await exchange.get(path, accept, headers)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"].replace(" ", "").startswith(accept.replace(" ", ""))
    return reply.text.splitlines()


ONE = f"{DF}/*/A.CRI.F?firstNObservations=1"


async def test_c130_golden_rows(exchange: Exchange) -> None:
    components = (
        "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,SHARE,OBS_STATUS,CONF_STATUS,EMBARGO_TIME,"
        "COMMENT,{},UNIT_MULT,COLLECTION,METHOD,TITLE"
    )
    cells = "A,CRI,F,2020,10,1.5,A,,,first,CENSUS,0,everyone,counted,Migrants"
    for accept in (CSV21, CSV20):
        assert await lines(exchange, ONE, accept) == [
            "STRUCTURE[;],STRUCTURE_ID,ACTION," + components.format("SOURCES[]"),
            f"dataflow,TST:DF(1.0.0),R,{cells}",
        ]
    agreement = ONE.replace(DF, "/provisionagreement/TST/PA_CRI")
    row = (await lines(exchange, agreement, CSV21))[1]
    assert row.startswith("dataprovision,TST:PA_CRI(1.0.0),R,")
    structure = ONE.replace(DF, "/datastructure/TST/DSD")
    row = (await lines(exchange, structure, CSV21))[1]
    assert row.startswith("datastructure,TST:DSD(1.0.0),R,")
    assert await lines(exchange, ONE, CSV10) == [
        "DATAFLOW," + components.format("SOURCES"),
        f"TST:DF(1.0.0),{cells}",
    ]


async def test_c131_labels(exchange: Exchange) -> None:
    path = (
        "/dataflow/TST/DF/*/A.CRI.F?firstNObservations=1&measures=OBS_VALUE&attributes=OBS_STATUS"
    )
    assert await lines(exchange, path, f"{CSV21};labels=id") == [
        "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS",
        "dataflow,TST:DF(1.0.0),M,A,CRI,F,2020,10,A",
    ]
    header, row = await lines(exchange, path, f"{CSV21};labels=both")
    assert header == (
        "STRUCTURE,STRUCTURE_ID,ACTION,FREQ: FREQ in English,REF_AREA: REF_AREA in English,"
        "SEX: SEX in English,TIME_PERIOD: TIME_PERIOD in English,"
        "OBS_VALUE: OBS_VALUE in English,OBS_STATUS: OBS_STATUS in English"
    )
    assert row.split(",")[:6] == [
        *("dataflow", "TST:DF(1.0.0): DF in English", "M"),
        *("A: A in English", "CRI: CRI in English", "F: F in English"),
    ]
    assert row.split(",")[-2:] == ["10", "A: A in English"]
    header, row = await lines(exchange, path, f"{CSV21};labels=name")
    names = dict(zip(header.split(","), row.split(","), strict=True))
    assert names["STRUCTURE_NAME"] == "DF in English"
    assert (names["REF_AREA"], names["REF_AREA in English"]) == ("CRI", "CRI in English")
    assert (names["OBS_STATUS"], names["OBS_STATUS in English"]) == ("A", "A in English")
    spanish = await lines(exchange, path, f"{CSV21};labels=both", **{"Accept-Language": "es"})
    assert "REF_AREA: REF_AREA en español" in spanish[0]
    assert "CRI: CRI en español" in spanish[1]
    old = await lines(exchange, path, f"{CSV10};labels=both")
    assert old[0].startswith("DATAFLOW,FREQ: FREQ in English,")
    assert old[1].startswith("TST:DF(1.0.0): DF in English,A: A in English,")


async def test_c104_c132_keys(exchange: Exchange) -> None:
    path = "/dataflow/TST/DF/*/A.CRI.F?firstNObservations=1&attributes=none&measures=OBS_VALUE"
    begin, end = "STRUCTURE,STRUCTURE_ID,ACTION", "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE"
    row, cells = "dataflow,TST:DF(1.0.0),M", "A,CRI,F,2020,10"
    expected = {
        "none": [f"{begin},{end}", f"{row},{cells}"],
        "series": [f"{begin},SERIES_KEY,{end}", f"{row},A.CRI.F,{cells}"],
        "obs": [f"{begin},OBS_KEY,{end}", f"{row},A.CRI.F.2020,{cells}"],
        "both": [f"{begin},SERIES_KEY,OBS_KEY,{end}", f"{row},A.CRI.F,A.CRI.F.2020,{cells}"],
    }
    for keys, wanted in expected.items():
        assert await lines(exchange, path, f"{CSV21};keys={keys}") == wanted
    reply = await exchange.get(path, f"{CSV21};labels=both;timeFormat=normalized;keys=both")
    assert reply.status_code == 200
    parameters = {p.strip() for p in reply.headers["content-type"].split(";")[1:]}
    assert {"version=2.1.0", "labels=both", "timeFormat=normalized", "keys=both"} <= parameters


async def test_c133_several_values_and_languages(own: Exchange) -> None:
    path = f"{DF}/*/A.CRI.F?c[TIME_PERIOD]=2020,2022"
    header, first, second = await lines(own, path, CSV21, **{"Accept-Language": "*"})
    assert header.startswith("STRUCTURE[;],")
    assert "COMMENT[en;es]" in header
    assert "SOURCES[]" in header
    assert "en:first;es:primera" in first
    assert "CENSUS;REGISTER" in second
    again = header.replace(",ACTION,", ",ACTION,"), first, second
    body = "\r\n".join(again).replace(",R,", ",M,")
    decision = await own.desk.send(body + "\r\n", CRI)
    assert decision.state == "published", decision.findings
    assert decision.submission.changes["observations_put"] == 0


async def test_c134_normalised_time(exchange: Exchange) -> None:
    rows = await lines(exchange, f"{DF}/*/M.CRI,A.CRI.F", f"{CSV21};timeFormat=normalized")
    place = rows[0].split(",").index("TIME_PERIOD")
    times = {row.split(",")[place] for row in rows[1:]}
    assert times == {
        *(f"{year}-01-01" for year in range(2020, 2024)),
        *(f"2020-0{month}-01" for month in range(2, 5)),
    }


async def test_c135_quoting(own: Exchange) -> None:
    texts = ['with "quotes"', "a, b", "two\nlines", " blank ", "<p>x &amp; y</p>", "semi;colon"]
    quoted = ['"' + text.replace('"', '""') + '"' for text in texts]
    header = "FREQ,PARTNER,TIME_PERIOD,OBS_VALUE,COMMENT"
    await own.desk.accept(
        sheet(header, *(f"A,X,{2000 + n},1,{text}" for n, text in enumerate(quoted)), flow=TYPES)
    )
    for accept in (CSV21, CSV20, CSV10):
        reply = await own.get("/dataflow/TST/DF_TYPES", accept)
        assert [row["COMMENT"] for row in csv_rows(reply.text)] == texts
    rows = await own.rows("/dataflow/TST/DF_TYPES")
    assert [row["COMMENT"] for row in rows.values()] == texts


async def test_c136_csv_1_0_has_every_dimension_and_no_action(exchange: Exchange) -> None:
    header = (await lines(exchange, DF, CSV10))[0]
    assert header.startswith("DATAFLOW,FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE")
    assert header[8] == ","
    assert "ACTION" not in header


async def test_what_was_given_can_be_sent_again(own: Exchange) -> None:
    """Our own CSV is a valid submission that changes nothing (C137)."""
    for accept in (CSV21, CSV20, CSV10):
        reply = await own.get(
            "/provisionagreement/TST/PA_CRI"
            if accept != CSV10
            else f"{DF}?c[REF_AREA]=CRI,GTM&c[TIME_PERIOD]=ne:2022",
            accept,
        )
        decision = await own.desk.send(reply.content, CRI)
        assert decision.state == "published", (accept, decision.findings[:3])
        if accept != CSV10:
            changes = decision.submission.changes
            assert changes["observations_deleted"] == 0
            assert changes["attachments"] == 0
