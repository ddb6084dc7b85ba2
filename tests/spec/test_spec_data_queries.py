"""Data queries of SDMX-REST 2.2 (doc/data.md) over HTTP: what is selected, and how it is grouped.

The numbers C... are those of the conformance checklist.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest
import pytest_asyncio

from app.settings import Settings
from app.store.pools import Pools
from tests.data_messages import check_data
from tests.exchange import CSV21, PLAIN, ROOT, TWO, TYPES, YEAR, Exchange, open_exchange, small
from tests.structures import CRI, SLV, sheet

DF = "/dataflow/TST/DF"
SMALL = "/dataflow/TST/DF_SMALL"
BIG_HEADER = (
    "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,SHARE,OBS_STATUS,COMMENT[en;es],SOURCES[],"
    "UNIT_MULT,COLLECTION,METHOD,TITLE"
)
OF_CRI = sheet(
    BIG_HEADER,
    "A,CRI,F,2020,10,1.5,A,en:first;es:primera,CENSUS,0,everyone,counted,Migrants",
    "A,CRI,F,2021,20,2.5,B,,REGISTER,0,everyone,counted,Migrants",
    "A,CRI,F,2022,30,,A,,CENSUS;REGISTER,0,everyone,counted,Migrants",
    "A,CRI,F,2023,-5,,E,,,0,everyone,counted,Migrants",
    "A,CRI,M,2022,100.10,,A,,SURVEY,3,some,counted,Migrants",
    "A,CRI,M,2023,100.1,,A,,,3,some,counted,Migrants",
    "Q,GTM,F,2020-Q1,7,,A,,,0,,asked,Migrants",
    "Q,GTM,F,2020-Q2,8,,A,,,0,,asked,Migrants",
    "M,CRI,F,2020-01,1,,A,,,0,everyone,counted,Migrants",
    "M,CRI,F,2020-02,2,,A,,,0,everyone,counted,Migrants",
    "M,CRI,F,2020-03,3,,A,,,0,everyone,counted,Migrants",
    "M,CRI,F,2020-04,4,,A,,,0,everyone,counted,Migrants",
)
OF_SLV = sheet(
    BIG_HEADER.removesuffix(",TITLE"),
    "A,SLV,F,2022,55,,A,,,0,,reported",
    "A,SLV,F,2023,66,,M,,,0,,reported",
)
ALL = {
    *(f"A.CRI.F.{year}" for year in range(2020, 2024)),
    *("A.CRI.M.2022", "A.CRI.M.2023", "Q.GTM.F.2020-Q1", "Q.GTM.F.2020-Q2"),
    *(f"M.CRI.F.2020-0{month}" for month in range(1, 5)),
    *("A.SLV.F.2022", "A.SLV.F.2023"),
}


@pytest.fixture
async def empty(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as exchange:
        yield exchange


async def fill(opened: Exchange) -> Exchange:
    await opened.desk.accept(OF_CRI)
    await opened.desk.accept(OF_SLV, SLV)
    return opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[Exchange]:
    """The exchange of all tests that only read."""
    async with open_exchange(module_pools, module_settings) as opened:
        yield await fill(opened)


@pytest.fixture
async def own(empty: Exchange) -> Exchange:
    """A filled exchange of a test alone."""
    return await fill(empty)


# -- 7.1 paths and identification -------------------------------------------------------------


async def test_c001_c002_c003_defaults_may_be_left_out(exchange: Exchange) -> None:
    for spellings in (
        ("", "/", "/*", "/*/*", "/*/*/*/*/*", "/*/*/*/*/*/", "/%2A/%2a"),
        ("/dataflow", "/dataflow/", "/dataflow/*/*/*/*", "/dataflow/*"),
        (DF, f"{DF}/", f"{DF}/*", f"{DF}/*/*", f"{DF}/*/*.*.*", f"{DF}/%2A/%2A.%2A"),
        (f"{DF}?c[FREQ]=A", f"{DF}/?c[FREQ]=A", f"{DF}/*/*/?c%5BFREQ%5D=A"),
    ):
        replies = [await exchange.get(spelling) for spelling in spellings]
        assert [reply.status_code for reply in replies] == [200] * len(spellings)
        messages = [reply.json() | {"meta": None} for reply in replies]
        assert all(message == messages[0] for message in messages), spellings
        etags = [r.headers["etag"] for r, s in zip(replies, spellings, strict=True) if "." not in s]
        assert len(set(etags)) == 1, spellings


async def test_c004_comma_is_or_in_agency_id_and_version(empty: Exchange) -> None:
    await empty.desk.accept(small("A,CRI,2020,1", flow="TST:DF_VER(1.0.0)"))
    await empty.desk.accept(small("A,CRI,2020,2", flow="TST:DF_VER(1.1.0)"))
    await empty.desk.accept(small("A,CRI,2020,3", flow="TST.SUB:DF_SUB(1.0.0)"))
    await empty.desk.accept(small("A,CRI,2020,4"))

    async def values(path: str) -> list[str]:
        sets = await empty.datasets(path)
        return sorted(row["OBS_VALUE"] for one in sets for row in one.rows.values())

    assert await values("/dataflow/TST,TST.SUB/DF_SUB,DF_SMALL") == ["3", "4"]
    assert await values("/dataflow/TST/DF_VER,DF_SMALL/1.0.0") == ["1", "4"]
    assert await values("/dataflow/TST/DF_VER/1.0.0,1.1.0") == ["1", "2"]
    assert await values("/dataflow/TST/DF_VER,NOPE/1.0.0,7.0.0") == ["1"]


@pytest.mark.parametrize("context", ["codelist", "Dataflow", "metadataflow", "dataflow,dataflow"])
async def test_c005_other_contexts_are_400(empty: Exchange, context: str) -> None:
    reply = await empty.get(f"/{context}/TST/DF")
    assert reply.status_code == 400
    assert check_data(reply.content)["errors"][0]["code"] == 400


async def test_c006_nested_agencies(empty: Exchange) -> None:
    await empty.desk.accept(small("A,CRI,2020,3", flow="TST.SUB:DF_SUB(1.0.0)"))
    [dataset] = await empty.datasets("/dataflow/TST.SUB/DF_SUB")
    assert dataset.structure.endswith("Dataflow=TST.SUB:DF_SUB(1.0.0)")
    assert (await empty.get("/dataflow/TST/DF_SUB")).status_code == 404


async def test_c007_percent_encoding_makes_no_difference(exchange: Exchange) -> None:
    for one, other in (
        (f"{DF}/*/A.CRI.F,A.CRI.M", f"{DF}/%2A/A.CRI.F%2CA.CRI.M"),
        (f"{DF}/1.0+.0", f"{DF}/1.0%2B.0"),
        (f"{DF}/~", f"{DF}/%7E"),
        (f"{DF}?c[TIME_PERIOD]=ge:2020+le:2021", f"{DF}?c%5BTIME_PERIOD%5D=ge%3A2020%2Ble%3A2021"),
        (f"{DF}?c[FREQ]=A,M", f"{DF}?c[FREQ]=A%2CM"),
    ):
        plain, encoded = await exchange.get(one), await exchange.get(other)
        assert plain.status_code == 200
        assert plain.headers["etag"] == encoded.headers["etag"], one


async def test_c008_all_versions_by_default(empty: Exchange) -> None:
    await empty.desk.accept(small("A,CRI,2020,1", flow="TST:DF_VER(1.0.0)"))
    await empty.desk.accept(small("A,CRI,2020,2", flow="TST:DF_VER(1.1.0)"))
    path = "/dataflow/TST/DF_VER"
    assert [one.structure[-7:] for one in await empty.datasets(path)] == ["(1.0.0)", "(1.1.0)"]
    for latest in ("~", "+", "1.0+.0"):
        [one] = await empty.datasets(f"{path}/{latest}")
        assert one.structure.endswith("(1.1.0)")
    [of_structure] = await empty.datasets("/datastructure/TST/DSD_SMALL")
    assert of_structure.structure.endswith("DataStructure=TST:DSD_SMALL(1.0.0)")


async def test_c009_missing_positions_are_any(exchange: Exchange) -> None:
    expected = {key for key in ALL if key.startswith("A.CRI.")}
    for key in ("A.CRI", "A.CRI.*", "A.CRI."):
        assert await exchange.keys(f"{DF}/*/{key}") == expected
    assert await exchange.keys(f"{DF}/*/*.SLV") == {"A.SLV.F.2022", "A.SLV.F.2023"}
    assert await exchange.keys(f"{DF}/*/.SLV.F") == {"A.SLV.F.2022", "A.SLV.F.2023"}


async def test_c010_several_whole_keys(exchange: Exchange) -> None:
    found = await exchange.keys(f"{DF}/*/A.CRI.M,Q.GTM,A.SLV.F")
    assert found == {k for k in ALL if k.startswith(("A.CRI.M", "Q.GTM", "A.SLV.F"))}
    assert await exchange.keys(f"{DF}/*/A.CRI.M,A.CRI.M,A.CRI") == {
        k for k in ALL if k.startswith("A.CRI")
    }
    assert await exchange.keys(f"{DF}/*/A.CRI.M,*") == ALL


async def test_c011_too_many_positions_are_400(exchange: Exchange) -> None:
    reply = await exchange.get(f"{DF}/*/A.CRI.F.2020")
    assert reply.status_code == 400
    assert check_data(reply.content)["errors"][0]["code"] == 400


async def test_c012_unknown_codes_are_no_error(exchange: Exchange) -> None:
    assert await exchange.keys(f"{DF}/*/A.CRI.M,A.XXX.M") == {"A.CRI.M.2022", "A.CRI.M.2023"}
    assert await exchange.keys(f"{DF}?c[REF_AREA]=XXX,SLV") == {"A.SLV.F.2022", "A.SLV.F.2023"}
    for path in (f"{DF}/*/A.XXX.M", f"{DF}?c[REF_AREA]=XXX", f"{DF}?c[OBS_STATUS]=XXX"):
        reply = await exchange.get(path)
        assert (reply.status_code, reply.content) == (204, b"")


async def test_unknown_structures_are_404_when_named_and_204_with_wildcards(
    exchange: Exchange,
) -> None:
    for path in ("/dataflow/TST/NOPE", "/dataflow/TST/DF/9.0.0", "/provisionagreement/TST/NOPE"):
        reply = await exchange.get(path)
        assert reply.status_code == 404, path
        assert check_data(reply.content)["errors"][0]["code"] == 404
    for path in ("/dataflow/NOPE", "/*/*/NOPE", "/dataflow/*/NOPE/*/A.CRI"):
        assert (await exchange.get(path)).status_code == 204, path
    assert (await exchange.get(SMALL)).status_code == 204, "a dataflow without data"


# -- 7.4 filters ------------------------------------------------------------------------------


async def test_c047_one_dataset_for_each_structure_of_the_context(exchange: Exchange) -> None:
    [flow] = await exchange.datasets(DF)
    assert {".".join(key) for key in flow.rows} == ALL
    first, second = await exchange.datasets("/provisionagreement/TST/PA_CRI,PA_SLV")
    assert {".".join(key) for key in first.rows} == {k for k in ALL if ".SLV." not in k}
    assert {".".join(key) for key in second.rows} == {"A.SLV.F.2022", "A.SLV.F.2023"}
    assert first.structure.endswith("ProvisionAgreement=TST:PA_CRI(1.0.0)")
    assert second.structure.endswith("ProvisionAgreement=TST:PA_SLV(1.0.0)")
    [structure] = await exchange.datasets("/datastructure/TST/DSD")
    assert {".".join(key) for key in structure.rows} == ALL


async def test_c048_components_and_key_are_joined_by_and(exchange: Exchange) -> None:
    path = f"{DF}/*/A?c[REF_AREA]=CRI&c[SEX]=M,F&c[TIME_PERIOD]=ge:2022&c[OBS_VALUE]=gt:29"
    assert await exchange.keys(path) == {"A.CRI.F.2022", "A.CRI.M.2022", "A.CRI.M.2023"}
    assert await exchange.keys(f"{DF}/*/A.CRI.M?c[SEX]=F") == set()
    assert await exchange.keys(f"{DF}/*/A.CRI.M,A.SLV.F?c[SEX]=F") == {
        "A.SLV.F.2022",
        "A.SLV.F.2023",
    }


async def test_c049_attributes_and_measures_filter_observations(exchange: Exchange) -> None:
    assert await exchange.keys(f"{DF}?c[OBS_STATUS]=E,M") == {"A.CRI.F.2023", "A.SLV.F.2023"}
    assert await exchange.keys(f"{DF}?c[OBS_VALUE]=ge:66") == {
        *("A.SLV.F.2023", "A.CRI.M.2022", "A.CRI.M.2023")
    }
    assert await exchange.keys(f"{DF}?c[SHARE]=le:2.5") == {"A.CRI.F.2020", "A.CRI.F.2021"}
    of_series = {"A.CRI.M.2022", "A.CRI.M.2023"}
    assert await exchange.keys(f"{DF}?c[UNIT_MULT]=3") == of_series
    assert await exchange.keys(f"{DF}?c[COLLECTION]=some") == of_series
    assert await exchange.keys(f"{DF}?c[METHOD]=asked") == {"Q.GTM.F.2020-Q1", "Q.GTM.F.2020-Q2"}
    assert await exchange.keys(f"{DF}?c[TITLE]=sw:Fixed") == {"A.SLV.F.2022", "A.SLV.F.2023"}
    assert await exchange.keys(f"{DF}?c[UNIT_MULT]=3&attributes=none") == of_series


@pytest.mark.parametrize(
    "query",
    ["c[SEX]=F&c[SEX]=M", "c[SEX]=F&c%5BSEX%5D=F", "limit=1&limit=2", "asOf=2020&asOf=2021"],
)
async def test_c050_what_comes_twice_is_400(exchange: Exchange, query: str) -> None:
    assert (await exchange.get(f"{DF}?{query}")).status_code == 400


OPERATORS = [
    # a dimension
    ("SEX", "F", lambda r: r[2] == "F"),
    ("SEX", "eq:F", lambda r: r[2] == "F"),
    ("SEX", "ne:F", lambda r: r[2] != "F"),
    ("REF_AREA", "lt:GTM", lambda r: r[1] < "GTM"),
    ("REF_AREA", "le:GTM", lambda r: r[1] <= "GTM"),
    ("REF_AREA", "gt:GTM", lambda r: r[1] > "GTM"),
    ("REF_AREA", "ge:GTM", lambda r: r[1] >= "GTM"),
    ("REF_AREA", "co:R", lambda r: "R" in r[1]),
    ("REF_AREA", "nc:R", lambda r: "R" not in r[1]),
    ("REF_AREA", "sw:S", lambda r: r[1].startswith("S")),
    ("REF_AREA", "ew:M", lambda r: r[1].endswith("M")),
    # an attribute
    ("OBS_STATUS", "eq:B", lambda r: r[5] == "B"),
    ("OBS_STATUS", "ne:A", lambda r: r[5] != "A"),
    ("OBS_STATUS", "lt:B", lambda r: r[5] < "B"),
    ("OBS_STATUS", "le:B", lambda r: r[5] <= "B"),
    ("OBS_STATUS", "gt:B", lambda r: r[5] > "B"),
    ("OBS_STATUS", "ge:B", lambda r: r[5] >= "B"),
    ("METHOD", "co:ount", lambda r: r[1] == "CRI"),
    ("METHOD", "nc:ount", lambda r: r[1] != "CRI"),
    ("METHOD", "sw:re", lambda r: r[1] == "SLV"),
    ("METHOD", "ew:ed", lambda r: True),
    # a measure: numbers, not texts
    ("OBS_VALUE", "eq:100.1", lambda r: r[4] == 100.1),
    ("OBS_VALUE", "ne:100.1", lambda r: r[4] != 100.1),
    ("OBS_VALUE", "lt:8", lambda r: r[4] < 8),
    ("OBS_VALUE", "le:8", lambda r: r[4] <= 8),
    ("OBS_VALUE", "gt:8", lambda r: r[4] > 8),
    ("OBS_VALUE", "ge:8.0", lambda r: r[4] >= 8),
    ("OBS_VALUE", "ge:-5", lambda r: True),
    # time
    ("TIME_PERIOD", "eq:2020", lambda r: r[3].startswith("2020")),
    ("TIME_PERIOD", "2020-Q1", lambda r: r[3] in {"2020-Q1", "2020-01", "2020-02", "2020-03"}),
    ("TIME_PERIOD", "lt:2021", lambda r: r[3] < "2021"),
    ("TIME_PERIOD", "le:2021", lambda r: r[3] <= "2021"),
    ("TIME_PERIOD", "gt:2021", lambda r: r[3] > "2021"),
    ("TIME_PERIOD", "ge:2021", lambda r: r[3] >= "2021"),
    ("TIME_PERIOD", "co:Q", lambda r: "Q" in r[3]),
    ("TIME_PERIOD", "nc:Q", lambda r: "Q" not in r[3]),
    ("TIME_PERIOD", "sw:2020", lambda r: r[3].startswith("2020")),
    ("TIME_PERIOD", "ew:2", lambda r: r[3].endswith("2")),
]


async def test_c051_ten_operators_on_every_kind_of_component(exchange: Exchange) -> None:
    rows = [
        (*key.split("."), float(row["OBS_VALUE"]), row["OBS_STATUS"])
        for key, row in (await exchange.rows(DF)).items()
    ]
    assert len(rows) == len(ALL)
    for component, value, passes in OPERATORS:
        expected = {".".join(row[:4]) for row in rows if passes(row)}
        assert await exchange.keys(f"{DF}?c[{component}]={value}") == expected, (component, value)


async def test_c052_c053_and_binds_tighter_and_an_operator_has_one_value(
    exchange: Exchange,
) -> None:
    async def years(value: str) -> set[str]:
        keys = await exchange.keys(f"{DF}/*/A.CRI.F?c[TIME_PERIOD]={value}")
        return {key[-4:] for key in keys}

    assert await years("ge:2020+le:2020,ge:2022+le:2023") == {"2020", "2022", "2023"}
    assert await years("ge:2020%2Ble:2020,ge:2022%20le:2023") == {"2020", "2022", "2023"}
    status = await exchange.keys(f"{DF}/*/A.CRI.F?c[OBS_STATUS]=ne:A,A")
    assert status == {key for key in ALL if key.startswith("A.CRI.F")}
    assert await exchange.keys(f"{DF}/*/A.CRI.F?c[OBS_STATUS]=ne:A+ne:B") == {"A.CRI.F.2023"}
    assert await exchange.keys(f"{DF}?c[OBS_VALUE]=ge:1+lt:3,gt:100") == {
        *("M.CRI.F.2020-01", "M.CRI.F.2020-02", "A.CRI.M.2022", "A.CRI.M.2023")
    }


async def test_c054_values_of_a_multi_valued_attribute(exchange: Exchange) -> None:
    assert await exchange.keys(f"{DF}?c[SOURCES]=CENSUS") == {"A.CRI.F.2020", "A.CRI.F.2022"}
    assert await exchange.keys(f"{DF}?c[SOURCES]=CENSUS+REGISTER") == {"A.CRI.F.2022"}
    assert await exchange.keys(f"{DF}?c[SOURCES]=SURVEY,CENSUS+REGISTER") == {
        *("A.CRI.F.2022", "A.CRI.M.2022")
    }
    assert await exchange.keys(f"{DF}?c[SOURCES]=ne:CENSUS") == {"A.CRI.F.2021", "A.CRI.M.2022"}


async def test_a_text_in_several_languages_is_searched_in_each(exchange: Exchange) -> None:
    assert await exchange.keys(f"{DF}?c[COMMENT]=co:prim") == {"A.CRI.F.2020"}
    assert await exchange.keys(f"{DF}?c[COMMENT]=first") == {"A.CRI.F.2020"}
    assert await exchange.keys(f"{DF}?c[COMMENT]=sw:en") == set()


@pytest.mark.parametrize(
    "query",
    [
        *("c[NOPE]=1", "attributes=NOPE", "measures=NOPE", "sort=NOPE"),
        *("dimensionAtObservation=NOPE", "dimensionAtObservation=OBS_STATUS"),
        *("attributes=OBS_VALUE", "measures=OBS_STATUS", "c[]=1", "c[SEX]=", "nope=1"),
        *("c[TIME_PERIOD]=ge:nonsense", "c[OBS_VALUE]=ge:nonsense", "includeHistory=maybe"),
        *("updatedAfter=yesterday", "asOf=13", "offset=-1", "limit=x", "limit=0"),
        *("reportingYearStartDay=07-01", "attributes=none,dsd", "measures=none,OBS_VALUE"),
    ],
)
async def test_c055_what_is_unknown_or_malformed_is_400(exchange: Exchange, query: str) -> None:
    reply = await exchange.get(f"{DF}?{query}")
    assert reply.status_code == 400
    message = check_data(reply.content)
    assert message["errors"][0]["code"] == 400
    assert message["errors"][0]["titles"].keys() >= {"en", "es"}


async def test_c055_with_wildcards_only_structures_that_have_the_component_match(
    own: Exchange,
) -> None:
    await own.desk.accept(small("A,CRI,2020,1"))
    assert await own.keys("?c[SEX]=M") == {"A.CRI.M.2022", "A.CRI.M.2023"}
    assert await own.keys("/dataflow/TST/*/*/A.CRI.M") == {"A.CRI.M.2022", "A.CRI.M.2023"}


async def test_c056_time_is_compared_by_its_frames(exchange: Exchange) -> None:
    async def of_2020(value: str) -> set[str]:
        keys = await exchange.keys(f"{DF}?c[TIME_PERIOD]={value}")
        return {key.rpartition(".")[2] for key in keys if ".2020" in key}

    assert await of_2020("lt:2020-02") == {"2020-01"}
    assert await of_2020("lt:2020-04") == {"2020-01", "2020-02", "2020-03", "2020-Q1"}
    assert await of_2020("le:2020-03") == {"2020-01", "2020-02", "2020-03", "2020-Q1"}
    assert await of_2020("ge:2020-02") == {"2020-02", "2020-03", "2020-04", "2020-Q2"}
    assert await of_2020("gt:2020-Q1") == {"2020-04", "2020-Q2"}
    assert await of_2020("ge:2020-01-01+le:2020-12-31") == {
        *("2020", "2020-01", "2020-02", "2020-03", "2020-04", "2020-Q1", "2020-Q2")
    }


async def test_c057_eq_takes_the_frames_within_the_period(exchange: Exchange) -> None:
    found = await exchange.keys(f"{DF}?c[TIME_PERIOD]=2020")
    assert found == {key for key in ALL if ".2020" in key}
    assert await exchange.keys(f"{DF}?c[TIME_PERIOD]=eq:2020-Q2") == {
        *("Q.GTM.F.2020-Q2", "M.CRI.F.2020-04")
    }


async def test_c059_frequencies_are_compared_by_real_frames(empty: Exchange) -> None:
    await empty.desk.accept(
        sheet(
            "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE",
            *("W,CRI,2020-W13,1", "W,CRI,2020-W14,2", "D,CRI,2020-03-31,3", "D,CRI,2020-04-01,4"),
            *("Q,CRI,2020-Q1,5", "A,CRI,2020,6"),
            flow=YEAR,
        )
    )
    path = "/dataflow/TST/DF_YEAR?c[TIME_PERIOD]="
    # 2020-W14 is 30 March to 5 April.
    assert await empty.keys(f"{path}le:2020-Q1") == {
        *("W.CRI.2020-W13", "D.CRI.2020-03-31", "Q.CRI.2020-Q1")
    }
    assert await empty.keys(f"{path}ge:2020-Q2") == {"D.CRI.2020-04-01"}
    assert await empty.keys(f"{path}eq:2020-W14") == {
        *("W.CRI.2020-W14", "D.CRI.2020-03-31", "D.CRI.2020-04-01")
    }


async def test_c060_a_start_day_shifts_reporting_periods_only(empty: Exchange) -> None:
    await empty.desk.accept(
        sheet(
            "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE",
            *(f"M,CRI,2010-{month:02},{month}" for month in range(1, 13)),
            *("Q,CRI,2010-Q2,1", "Q,CRI,2010-Q4,2", "A,CRI,2010,3"),
            flow=YEAR,
        )
    )
    path = "/dataflow/TST/DF_YEAR?c[TIME_PERIOD]="
    day = "&reportingYearStartDay=--07-01"
    assert await empty.keys(f"{path}2010-Q2{day}") == {
        *("M.CRI.2010-10", "M.CRI.2010-11", "M.CRI.2010-12", "Q.CRI.2010-Q2")
    }
    assert await empty.keys(f"{path}2010-Q2") == {
        *("M.CRI.2010-04", "M.CRI.2010-05", "M.CRI.2010-06", "Q.CRI.2010-Q2")
    }
    assert "A.CRI.2010" in await empty.keys(f"{path}ge:2010-01+le:2010-12{day}")
    assert "Q.CRI.2010-Q4" not in await empty.keys(f"{path}le:2010-12{day}")


async def test_c061_the_start_day_of_the_data_is_honoured(empty: Exchange) -> None:
    await empty.desk.accept(
        sheet(
            "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,REPORTING_YEAR_START_DAY",
            *("Q,CRI,2010-Q2,1,--07-01", "Q,CRI,2010-Q4,2,--07-01"),
            *("Q,SLV,2010-Q2,3,", "Q,SLV,2010-Q4,4,"),
            flow=YEAR,
        )
    )
    path = "/dataflow/TST/DF_YEAR?c[TIME_PERIOD]="
    assert await empty.keys(f"{path}ge:2010-10-01+le:2010-12-31") == {
        *("Q.CRI.2010-Q2", "Q.SLV.2010-Q4")
    }
    assert await empty.keys(f"{path}ge:2011") == {"Q.CRI.2010-Q4"}
    assert await empty.keys(f"{path}le:2010-09") == {"Q.SLV.2010-Q2"}


# -- how many, which layout, which components ---------------------------------------------------


async def test_c062_c063_first_and_last_observations_of_each_series(exchange: Exchange) -> None:
    women, men, months = "A.CRI.F.", "A.CRI.M.", "M.CRI.F.2020-0"

    async def of(query: str) -> set[str]:
        keys = await exchange.keys(f"{DF}?{query}")
        return {key for key in keys if key.startswith((women, men, months))}

    assert await of("firstNObservations=1") == {f"{women}2020", f"{men}2022", f"{months}1"}
    assert await of("lastNObservations=1") == {f"{women}2023", f"{men}2023", f"{months}4"}
    assert await of("lastNObservations=2&c[TIME_PERIOD]=le:2022") == {
        *(f"{women}2021", f"{women}2022", f"{men}2022", f"{months}3", f"{months}4")
    }
    assert await of("lastNObservations=1&c[OBS_STATUS]=A") == {
        *(f"{women}2022", f"{men}2023", f"{months}4")
    }
    assert await of("firstNObservations=1&lastNObservations=2") == {
        *(f"{women}2020", f"{women}2022", f"{women}2023", f"{men}2022", f"{men}2023"),
        *(f"{months}1", f"{months}3", f"{months}4"),
    }
    assert await exchange.keys(f"{DF}?firstNObservations=99&lastNObservations=99") == ALL


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "", "１"])
@pytest.mark.parametrize("name", ["firstNObservations", "lastNObservations"])
async def test_c064_numbers_below_one_are_400(empty: Exchange, name: str, value: str) -> None:
    assert (await empty.get(f"{DF}?{name}={quote(value)}")).status_code == 400


async def test_c065_dimension_at_observation(exchange: Exchange) -> None:
    whole = await exchange.rows(DF)
    for along in ("TIME_PERIOD", "TimeDimension", "AllDimensions", "SEX", "REF_AREA", "FREQ"):
        reply = await exchange.get(f"{DF}?dimensionAtObservation={along}")
        message = check_data(reply.content)
        [structure] = message["data"]["structures"]
        [dataset] = message["data"]["dataSets"]
        by_level = {
            level: [d["id"] for d in dimensions]
            for level, dimensions in structure["dimensions"].items()
        }
        every = ["FREQ", "REF_AREA", "SEX", "TIME_PERIOD"]
        if along == "AllDimensions":
            assert (by_level["series"], by_level["observation"]) == ([], every)
            assert "series" not in dataset
        else:
            alias = "TIME_PERIOD" if along == "TimeDimension" else along
            assert by_level["observation"] == [alias]
            assert by_level["series"] == [name for name in every if name != alias]
            assert "observations" not in dataset
        assert await exchange.rows(f"{DF}?dimensionAtObservation={along}") == whole


async def test_c066_without_a_time_dimension_the_default_is_flat(empty: Exchange) -> None:
    await empty.desk.accept(
        sheet("FREQ,REF_AREA,OBS_VALUE,STATUS,TITLE", "A,CRI,1,A,T", "A,SLV,2,B,T", flow=PLAIN)
    )
    reply = await empty.get("/dataflow/TST/DF_PLAIN")
    assert reply.status_code == 200, reply.text
    [dataset] = check_data(reply.content)["data"]["dataSets"]
    assert "series" not in dataset
    assert await empty.rows("/dataflow/TST/DF_PLAIN") == {
        "A.CRI": {"OBS_VALUE": "1", "STATUS": "A", "TITLE": "T"},
        "A.SLV": {"OBS_VALUE": "2", "STATUS": "B", "TITLE": "T"},
    }
    csv = await empty.get("/dataflow/TST/DF_PLAIN", CSV21)
    assert csv.text.splitlines() == [
        "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,OBS_VALUE,STATUS,TITLE",
        f"dataflow,{PLAIN},R,A,CRI,1,A,T",
        f"dataflow,{PLAIN},R,A,SLV,2,B,T",
    ]
    along = await empty.rows("/dataflow/TST/DF_PLAIN?dimensionAtObservation=REF_AREA")
    assert along == await empty.rows("/dataflow/TST/DF_PLAIN")


OF_OBSERVATION = {"OBS_STATUS", "COMMENT", "SOURCES"}
OF_SERIES = {"UNIT_MULT", "COLLECTION", "METHOD"}
MEASURES = {"OBS_VALUE", "SHARE"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("attributes=none", MEASURES),
        ("attributes=dsd", MEASURES | OF_OBSERVATION | OF_SERIES | {"TITLE"}),
        ("attributes=all", MEASURES | OF_OBSERVATION | OF_SERIES | {"TITLE"}),
        ("attributes=msd", MEASURES),
        ("attributes=dataset", MEASURES | {"TITLE"}),
        ("attributes=series", MEASURES | OF_SERIES),
        ("attributes=obs", MEASURES | OF_OBSERVATION),
        ("attributes=obs,dataset", MEASURES | OF_OBSERVATION | {"TITLE"}),
        ("attributes=METHOD,OBS_STATUS", MEASURES | {"METHOD", "OBS_STATUS"}),
        ("measures=SHARE&attributes=none", {"SHARE"}),
        ("measures=OBS_VALUE,SHARE&attributes=TITLE", MEASURES | {"TITLE"}),
        ("measures=none&attributes=obs", OF_OBSERVATION),
        ("measures=none", OF_OBSERVATION | OF_SERIES | {"TITLE"}),
    ],
)
async def test_c067_c068_c069_attributes_and_measures(
    exchange: Exchange, query: str, expected: set[str]
) -> None:
    for layout in ("TIME_PERIOD", "AllDimensions", "SEX"):
        rows = await exchange.rows(f"{DF}/*/A.CRI.F?{query}&dimensionAtObservation={layout}")
        assert rows["A.CRI.F.2020"].keys() == expected
        assert rows.keys() == {f"A.CRI.F.{year}" for year in range(2020, 2024)}


async def test_c070_every_attribute_that_applies_comes_without_measures(
    exchange: Exchange,
) -> None:
    rows = await exchange.rows(f"{DF}/*/A.CRI.F?attributes=all&measures=none&firstNObservations=1")
    assert rows == {
        "A.CRI.F.2020": {
            "OBS_STATUS": "A",
            "COMMENT": {"en": "first", "es": "primera"},
            "SOURCES": ["CENSUS"],
            "UNIT_MULT": 0,
            "COLLECTION": "everyone",
            "METHOD": "counted",
            "TITLE": "Migrants",
        }
    }


async def test_c071_neither_attributes_nor_measures_are_series_keys(exchange: Exchange) -> None:
    nothing = "attributes=none&measures=none"
    [dataset] = await exchange.datasets(f"{DF}?{nothing}")
    expected = {key.rpartition(".")[0] for key in ALL}
    assert {".".join(key) for key in dataset.series} == expected
    assert dataset.rows == {}
    csv = await exchange.get(f"{DF}?{nothing}", CSV21)
    assert csv.text.splitlines()[0] == "STRUCTURE,STRUCTURE_ID,ACTION,FREQ,REF_AREA,SEX"
    assert len(csv.text.splitlines()) == len(expected) + 1
    [of_period] = await exchange.datasets(f"{DF}?{nothing}&c[TIME_PERIOD]=2020-Q1")
    assert {".".join(key) for key in of_period.series} == {"Q.GTM.F", "M.CRI.F"}


async def test_series_attributes_without_observations(exchange: Exchange) -> None:
    [dataset] = await exchange.datasets(f"{DF}?attributes=series&measures=none")
    assert dataset.rows == {}
    assert dataset.series["Q", "GTM", "F"] == {"UNIT_MULT": 0, "METHOD": "asked"}
    assert dataset.series["A", "CRI", "M"] == {
        **{"UNIT_MULT": 3, "COLLECTION": "some", "METHOD": "counted"}
    }


@pytest.mark.parametrize(
    "query",
    [
        "",
        "sort=TIME_PERIOD:desc",
        "sort=OBS_VALUE+series_key",
        "dimensionAtObservation=AllDimensions",
        "attributes=none&measures=none",
        "firstNObservations=2",
        "c[TIME_PERIOD]=ge:2020-02",
    ],
)
async def test_c073_pages_put_together_are_the_whole(exchange: Exchange, query: str) -> None:
    whole = (await exchange.get(f"{DF}?{query}", CSV21)).text.splitlines()
    for size in (1, 3, 5, 100):
        found: list[str] = []
        for offset in range(0, len(whole) + size, size):
            reply = await exchange.get(f"{DF}?{query}&offset={offset}&limit={size}", CSV21)
            if reply.status_code == 204:
                assert offset >= len(whole) - 1
                continue
            assert len(reply.text.splitlines()) <= size + 1
            found += reply.text.splitlines()[1:]
        assert found == whole[1:]
    rest = await exchange.get(f"{DF}?{query}&offset=2", CSV21)
    assert rest.text.splitlines()[1:] == whole[3:]


async def test_c073_pages_over_several_datasets(exchange: Exchange) -> None:
    """The count runs over the whole reply, not over each dataset."""
    path = "/provisionagreement/TST/PA_CRI,PA_SLV"
    keys = [key for one in await exchange.datasets(path) for key in one.rows]
    found = []
    for offset in range(0, len(keys), 5):
        for one in await exchange.datasets(f"{path}?offset={offset}&limit=5"):
            found += one.rows
    assert sorted(found) == sorted(keys)
    page = await exchange.datasets(f"{path}?limit=3")
    assert sum(len(one.rows) for one in page) == 3


async def test_c073_pages_of_sections_keep_whole_observations(exchange: Exchange) -> None:
    path = f"{DF}?dimensionAtObservation=REF_AREA"
    whole = await exchange.rows(path)
    found = {}
    for offset in range(0, len(whole), 4):
        found |= await exchange.rows(f"{path}&offset={offset}&limit=4")
    assert found == whole


async def csv_keys(exchange: Exchange, path: str) -> list[str]:
    """Keys of a reply in the order of its rows."""
    reply = await exchange.get(path, f"{CSV21};keys=obs")
    assert reply.status_code == 200, reply.text
    header, *rows = reply.text.splitlines()
    place = header.split(",").index("OBS_KEY")
    return [row.split(",")[place] for row in rows]


async def test_c074_sort_by_components(exchange: Exchange) -> None:
    def ordered(*parts: tuple[int, bool]) -> list[str]:
        keys = sorted(ALL)
        for place, descending in reversed(parts):
            keys.sort(key=lambda key: key.split(".")[place], reverse=descending)
        return keys

    rows = await exchange.rows(DF)
    assert await csv_keys(exchange, f"{DF}?sort=series_key") == sorted(ALL)
    assert await csv_keys(exchange, f"{DF}?sort=*") == sorted(ALL)
    by_series = await csv_keys(exchange, f"{DF}?sort=series_key:desc+TIME_PERIOD")
    assert by_series == ordered((0, True), (1, True), (2, True), (3, False))
    found = await csv_keys(exchange, f"{DF}?sort=series_key:asc+TIME_PERIOD:desc")
    assert found == ordered((0, False), (1, False), (2, False), (3, True))
    found = await csv_keys(exchange, f"{DF}?sort=SEX:desc+REF_AREA+FREQ:desc")
    assert [key.split(".")[:3] for key in found] == [
        key.split(".")[:3] for key in ordered((2, True), (1, False), (0, True))
    ]
    found = await csv_keys(exchange, f"{DF}?sort=OBS_VALUE:desc%2Bseries_key%2BTIME_PERIOD")
    values = [float(rows[key]["OBS_VALUE"]) for key in found]
    assert values == sorted(values, reverse=True)
    assert set(found) == ALL
    found = await csv_keys(exchange, f"{DF}?sort=OBS_STATUS+OBS_VALUE")
    pairs = [(rows[key]["OBS_STATUS"], float(rows[key]["OBS_VALUE"])) for key in found]
    assert pairs == sorted(pairs)
    assert await csv_keys(exchange, f"{DF}?sort=UNIT_MULT:desc") != sorted(ALL)


async def test_c075_time_sorts_chronologically_across_formats(exchange: Exchange) -> None:
    found = await csv_keys(exchange, f"{DF}?sort=TIME_PERIOD+FREQ&c[TIME_PERIOD]=2020")
    assert [key.rpartition(".")[2] for key in found if "2020-" in key] == [
        *("2020-01", "2020-Q1", "2020-02", "2020-03", "2020-04", "2020-Q2")
    ]
    back = await csv_keys(exchange, f"{DF}?sort=TIME_PERIOD:desc&c[FREQ]=A")
    years = [key[-4:] for key in back]
    assert years == sorted(years, reverse=True)


@pytest.mark.parametrize(
    ("query", "action"),
    [
        ("", "Replace"),
        ("?c[SEX]=F", "Replace"),
        ("?firstNObservations=1", "Replace"),
        ("?attributes=none", "Merge"),
        ("?measures=OBS_VALUE", "Merge"),
        ("?attributes=none&measures=none", "Merge"),
    ],
)
async def test_c083_a_whole_replaces_and_a_part_merges(
    exchange: Exchange, query: str, action: str
) -> None:
    [dataset] = await exchange.datasets(DF + query)
    assert dataset.action == action


# -- several agreements -----------------------------------------------------------------------


async def test_precedence_of_national_over_compiled_data(empty: Exchange) -> None:
    await empty.desk.accept(small("A,CRI,2020,1,A,,,mine,g1,d1", flow=TWO), CRI)
    await empty.desk.accept(
        small("A,CRI,2020,91,,,,theirs,g2,d2", "A,CRI,2021,92", "A,GTM,2020,93", flow=TWO), SLV
    )
    national = {"A.CRI.2020": "1"}
    compiled = {"A.CRI.2020": "91", "A.CRI.2021": "92", "A.GTM.2020": "93"}

    async def values(path: str) -> dict[str, str]:
        return {key: row["OBS_VALUE"] for key, row in (await empty.rows(path)).items()}

    flow = "/dataflow/TST/DF_TWO"
    # The whole series of a key comes from one agreement.
    expected = {"A.CRI.2020": "1", "A.GTM.2020": "93"}
    assert await values(flow) == expected
    assert await values(f"{flow}/*/A.CRI") == {"A.CRI.2020": "1"}
    assert await values(f"{flow}/*/A.CRI,A.GTM") == expected
    assert await values(f"{flow}?c[REF_AREA]=CRI") == {"A.CRI.2020": "1"}
    assert await values(f"{flow}?sort=OBS_VALUE") == expected
    assert await values(f"{flow}?dimensionAtObservation=REF_AREA") == expected
    assert await values(f"{flow}?asOf={await empty.prepared(flow)}") == expected
    assert await values("/provisionagreement/TST/PA_NATIONAL") == national
    assert await values("/provisionagreement/TST/PA_COMPILED") == compiled
    assert await values("/provisionagreement/TST/PA_COMPILED/*/A.CRI") == {
        key: value for key, value in compiled.items() if key.startswith("A.CRI")
    }
    rows = await empty.rows(flow)
    assert rows["A.CRI.2020"] == {
        **{"OBS_VALUE": "1", "STATUS": "A", "S": "mine", "G": "g1", "D": "d1"}
    }
    assert rows["A.GTM.2020"] == {"OBS_VALUE": "93", "D": "d2"}


async def test_precedence_does_not_depend_on_what_a_query_selects(empty: Exchange) -> None:
    """A filter that the national observations do not pass shows no compiled ones instead."""
    await empty.desk.accept(small("A,CRI,2020,1,A", flow=TWO), CRI)
    await empty.desk.accept(small("A,CRI,2020,91,B", "A,CRI,2021,92,B", flow=TWO), SLV)
    flow = "/dataflow/TST/DF_TWO"
    for query in ("c[TIME_PERIOD]=2021", "c[STATUS]=B", "c[OBS_VALUE]=ge:90"):
        for key in ("*", "A.CRI"):
            assert await empty.keys(f"{flow}/*/{key}?{query}") == set(), (key, query)


async def test_precedence_ends_when_the_national_series_is_gone(empty: Exchange) -> None:
    await empty.desk.accept(small("A,CRI,2020,1", flow=TWO), CRI)
    await empty.desk.accept(small("A,CRI,2020,91", flow=TWO), SLV)
    await empty.desk.accept(small("A,CRI,2020", flow=TWO, action="D"), CRI)
    flow = "/dataflow/TST/DF_TWO"
    for path in (flow, f"{flow}/*/A.CRI"):
        assert {k: r["OBS_VALUE"] for k, r in (await empty.rows(path)).items()} == {
            "A.CRI.2020": "91"
        }


# -- values as they were sent -----------------------------------------------------------------


async def test_an_uncoded_dimension_is_filtered_too(empty: Exchange) -> None:
    header = "FREQ,PARTNER,TIME_PERIOD,OBS_VALUE"
    await empty.desk.accept(
        sheet(header, "A,Haiti,2020,1", "A,Cuba,2020,2", "A,Costa Rica,2020,3", flow=TYPES)
    )
    path = "/dataflow/TST/DF_TYPES"
    assert await empty.keys(f"{path}?c[PARTNER]=Cuba,Haiti") == {"A.Cuba.2020", "A.Haiti.2020"}
    assert await empty.keys(f"{path}?c[PARTNER]=sw:C") == {"A.Cuba.2020", "A.Costa Rica.2020"}
    assert await empty.keys(f"{path}?c[PARTNER]=ne:Cuba") == {"A.Haiti.2020", "A.Costa Rica.2020"}
    assert await empty.keys(f"{path}/*/A.Costa%20Rica") == {"A.Costa Rica.2020"}


async def test_numbers_come_back_digit_by_digit(exchange: Exchange) -> None:
    rows = await exchange.rows(f"{DF}/*/A.CRI.M")
    assert [row["OBS_VALUE"] for row in rows.values()] == ["100.10", "100.1"]
    csv = await exchange.get(f"{DF}/*/A.CRI.M", CSV21)
    assert ",100.10," in csv.text


async def test_c079_a_time_without_offset_is_utc(exchange: Exchange) -> None:
    """The server's local time is UTC, wherever it stands."""
    told = dt.datetime.fromisoformat(await exchange.prepared(DF)).replace(tzinfo=None)
    before = (told - dt.timedelta(seconds=5)).isoformat()
    after = (told + dt.timedelta(seconds=5)).isoformat()
    assert await exchange.keys(f"{DF}?updatedAfter={before}") == ALL
    assert await exchange.keys(f"{DF}?updatedAfter={after}") == set()
    west = (told - dt.timedelta(hours=6, seconds=5)).isoformat() + "-06:00"
    east = (told + dt.timedelta(hours=6, seconds=-5)).isoformat() + "%2B06:00"
    assert await exchange.keys(f"{DF}?updatedAfter={west}") == ALL
    assert await exchange.keys(f"{DF}?updatedAfter={east}") == ALL
    unescaped = await exchange.get(f"{DF}?updatedAfter={east.replace('%2B', '+')}")
    assert unescaped.status_code == 200


async def test_queries_are_answered_under_the_path_without_redirect(exchange: Exchange) -> None:
    reply = await exchange.client.get(f"{ROOT}{DF}/?c[FREQ]=A", follow_redirects=False)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("application/vnd.sdmx.data+json")


async def test_c047_one_structure_below_several_dataflows(empty: Exchange) -> None:
    """A key that two dataflows of one structure hold is given once."""
    await empty.desk.accept(small("A,CRI,2020,1", "A,GTM,2020,2"))
    await empty.desk.accept(small("A,CRI,2020,3", "A,HND,2020,4", flow=TWO))
    path = "/datastructure/TST/DSD_SMALL"
    whole = await empty.rows(path)
    assert whole.keys() == {"A.CRI.2020", "A.GTM.2020", "A.HND.2020"}
    for query in ("/*/A.CRI", "?c[REF_AREA]=CRI", "?c[FREQ]=A&c[REF_AREA]=CRI,HND"):
        rows = await empty.rows(path + query)
        assert rows == {key: whole[key] for key in rows}
        assert "A.CRI.2020" in rows


async def test_c086_availability_counts_what_the_data_show(own: Exchange) -> None:
    await own.desk.accept(small("A,CRI,2020,1", "A,HND,2020,2", flow=TWO), CRI)
    await own.desk.accept(small("A,CRI,2020,3", "A,CRI,2021,4", "A,GTM,2020,5", flow=TWO), SLV)
    for path, key in (
        ("/dataflow/TST/DF_TWO", ""),
        ("/dataflow/TST/DF_TWO", "/*/A.CRI?c[TIME_PERIOD]=2021"),
        ("/dataflow/TST/DF_TWO", "/*/A.CRI,A.GTM?c[TIME_PERIOD]=2020"),
        ("/dataflow/TST/DF_TWO", "?updatedAfter=2020-01-01T00:00:00Z"),
        ("/provisionagreement/TST/PA_COMPILED", "?c[TIME_PERIOD]=2021"),
        ("/datastructure/TST/DSD_SMALL", ""),
        (DF, "?c[OBS_VALUE]=ge:10"),
    ):
        keys = await own.keys(path + key)
        reply = await own.client.get(f"/sdmx/v2/availability{path}{key}")
        if not keys:
            assert reply.status_code in {200, 204}
            if reply.status_code == 204:
                continue
        [told] = reply.json()["data"]["availabilityConstraints"]
        assert told.get("obsCount", 0) == len(keys), (path, key)
        assert told.get("seriesCount", 0) == len({k.rpartition(".")[0] for k in keys}), (path, key)
