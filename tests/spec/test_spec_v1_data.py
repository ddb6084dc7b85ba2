"""Data and available constraints of SDMX-REST 1.5 over HTTP.

The numbers C... are those of the conformance checklist. What is selected is read from SDMX-JSON
2.1, whose reader the tests of 2.2 use too.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import sdmx

from app.sdmx.offers import V1_DATA_OFFERS, V1_STRUCTURE_OFFERS, Offer
from app.services import arrange_data
from app.settings import Settings
from app.store.pools import Pools
from tests.data_messages import ReadDataSet, check_data, read_json
from tests.exchange import CSV20, JSON21, TWO, YEAR, Exchange, open_exchange, small
from tests.spec.test_spec_data_queries import ALL, OF_CRI, OF_SLV
from tests.structure_schemas import check_message
from tests.structures import CRI, SLV, sheet
from tests.xml_schemas import check_xml

ROOT = "/sdmx/v1/data"
AVAILABLE = "/sdmx/v1/availableconstraint"
STRUCTURE21 = "application/vnd.sdmx.structure+json;version=2.1.0"


class V1(Exchange):
    """The same exchange, asked on its 1.x paths."""

    async def get(
        self, path: str, accept: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        sent = {} if accept is None else {"Accept": accept}
        return await self.client.get(ROOT + path, headers=sent | (headers or {}))

    async def datasets(self, path: str, **headers: str) -> list[ReadDataSet]:
        """The datasets of a reply; none where it is that there are no results (C112)."""
        reply = await self.get(path, JSON21, headers)
        message = check_data(reply.content)
        if reply.status_code == 404:
            assert [error["code"] for error in message["errors"]] == [404]
            return []
        assert reply.status_code == 200, (path, reply.text)
        return read_json(message)


@pytest.fixture
async def empty(pools: Pools, settings: Settings) -> AsyncIterator[V1]:
    async with open_exchange(pools, settings) as exchange:
        yield V1(exchange.service, exchange.desk, exchange.client)


async def fill(opened: V1) -> V1:
    await opened.desk.accept(OF_CRI)
    await opened.desk.accept(OF_SLV, SLV)
    return opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def exchange(module_pools: Pools, module_settings: Settings) -> AsyncIterator[V1]:
    """The exchange of all tests that only read."""
    async with open_exchange(module_pools, module_settings) as opened:
        yield await fill(V1(opened.service, opened.desk, opened.client))


@pytest.fixture
async def own(empty: V1) -> V1:
    """A filled exchange of a test alone."""
    return await fill(empty)


# -- what is asked for ----------------------------------------------------------------------------


async def test_c013_flow_references_of_one_two_and_three_parts(exchange: V1) -> None:
    spellings = (
        *("/DF", "/DF/", "/TST,DF", "/TST,DF,1.0.0", "/TST,DF,latest", "/all,DF", "/*,DF,*"),
        *("/TST%2CDF%2C1.0.0/", "/DF/all", "/DF/ALL/all/", "/DF/../all", "/DF/all/*"),
    )
    messages = [(await exchange.get(path, JSON21)).json() for path in spellings]
    assert all(message["data"] == messages[0]["data"] for message in messages)
    assert {".".join(key) for key in read_json(messages[0])[0].rows} == ALL


async def test_c025_latest_is_the_default(empty: V1) -> None:
    await empty.desk.accept(small("A,CRI,2020,1", flow="TST:DF_VER(1.0.0)"))
    await empty.desk.accept(small("A,CRI,2020,2", flow="TST:DF_VER(1.1.0)"))
    for path in ("/DF_VER", "/TST,DF_VER", "/TST,DF_VER,latest"):
        [dataset] = await empty.datasets(path)
        assert dataset.structure.endswith("DF_VER(1.1.0)")
    assert len(await empty.datasets("/TST,DF_VER,all")) == 2
    [dataset] = await empty.datasets("/TST,DF_VER,1.0.0")
    assert dataset.structure.endswith("DF_VER(1.0.0)")


async def test_c006_nested_agencies(empty: V1) -> None:
    await empty.desk.accept(small("A,CRI,2020,3", flow="TST.SUB:DF_SUB(1.0.0)"))
    assert await empty.keys("/TST.SUB,DF_SUB") == await empty.keys("/DF_SUB") == {"A.CRI.2020"}


async def test_c014_keys(exchange: V1) -> None:
    def those(*starts: str) -> set[str]:
        return {key for key in ALL if key.startswith(starts)}

    assert await exchange.keys("/DF/A.CRI.F") == those("A.CRI.F")
    assert await exchange.keys("/DF/A..F") == those("A.CRI.F", "A.SLV.F")
    assert await exchange.keys("/DF/.CRI.") == those("A.CRI", "M.CRI")
    assert await exchange.keys("/DF/Q+M..") == those("Q.", "M.")
    assert await exchange.keys("/DF/A.CRI+SLV.F") == those("A.CRI.F", "A.SLV.F")
    assert await exchange.keys("/DF/A+M.CRI.F+M") == those("A.CRI", "M.CRI")
    for raw, encoded in (("/DF/A.CRI+SLV.F", "/DF/A.CRI%2BSLV.F"), ("/TST,DF", "/TST%2CDF")):
        one, other = await exchange.get(raw, JSON21), await exchange.get(encoded, JSON21)
        assert one.headers["etag"] == other.headers["etag"]


async def test_c012_unknown_codes_are_no_error(exchange: V1) -> None:
    assert await exchange.keys("/DF/A.CRI+XXX.M") == {"A.CRI.M.2022", "A.CRI.M.2023"}
    assert await exchange.keys("/DF/A.XXX.M") == set()
    assert await exchange.keys("/DF/all/NOBODY") == set()


async def test_many_codes_in_every_position_are_answered(exchange: V1) -> None:
    """As sets, and not as their product."""
    many = "+".join(f"X{number}" for number in range(400))
    found = await exchange.keys(f"/DF/A+{many}.CRI+{many}.M+{many}")
    assert found == {"A.CRI.M.2022", "A.CRI.M.2023"}


async def test_providers(empty: V1) -> None:
    await empty.desk.accept(small("A,CRI,2020,1", "A,GTM,2020,2", flow=TWO))
    await empty.desk.accept(small("A,CRI,2020,3", "A,SLV,2020,4", flow=TWO), SLV)

    async def values(path: str) -> dict[str, str]:
        return {key: row["OBS_VALUE"] for key, row in (await empty.rows(path)).items()}

    of_cri = {"A.CRI.2020": "1", "A.GTM.2020": "2"}
    for spelling in (CRI, f"TST,{CRI}", f"TST%2C{CRI}", f"all,{CRI}"):
        assert await values(f"/DF_TWO/all/{spelling}") == of_cri
    # Alone, a provider's data are its own; together, the higher agreement hides the lower.
    assert await values(f"/DF_TWO/all/{SLV}") == {"A.CRI.2020": "3", "A.SLV.2020": "4"}
    together = {**of_cri, "A.SLV.2020": "4"}
    assert await values(f"/DF_TWO/all/{CRI}+{SLV}") == together
    assert await values("/DF_TWO/all/all") == await values("/DF_TWO") == together
    assert await values(f"/DF_TWO/A.CRI/{SLV}") == {"A.CRI.2020": "3"}
    assert await values(f"/DF_TWO/all/OTHER,{CRI}") == {}


# -- time -----------------------------------------------------------------------------------------


async def test_c058_c056_periods_are_inclusive_and_may_be_open(exchange: V1) -> None:
    async def times(query: str) -> set[str]:
        keys = await exchange.keys(f"/DF/.CRI+GTM.?{query}")
        return {key.rpartition(".")[2] for key in keys}

    assert await times("startPeriod=2022") == {"2022", "2023"}
    assert await times("endPeriod=2020-02") == {"2020-01", "2020-02"}
    assert await times("startPeriod=2020-02&endPeriod=2020-03") == {"2020-02", "2020-03"}
    assert await times("startPeriod=2020-Q1&endPeriod=2020-Q1") == {
        *("2020-01", "2020-02", "2020-03", "2020-Q1")
    }
    assert await times("startPeriod=2020-01-01T00:00:00&endPeriod=2020-12-31T23:59:59") >= {
        *("2020-01", "2020-Q2")
    }
    assert await times("startPeriod=2024") == set()
    assert await times("startPeriod=2022&endPeriod=2021") == set()


async def test_c059_frequencies_are_compared_by_real_frames(empty: V1) -> None:
    rows = (
        *("W,CRI,2020-W13,1", "W,CRI,2020-W14,2", "D,CRI,2020-03-31,3", "D,CRI,2020-04-01,4"),
        *("Q,CRI,2020-Q1,5", "A,CRI,2020,6"),
    )
    await empty.desk.accept(sheet("FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE", *rows, flow=YEAR))
    # 2020-W14 is 30 March to 5 April.
    assert await empty.keys("/DF_YEAR?endPeriod=2020-Q1") == {
        *("W.CRI.2020-W13", "D.CRI.2020-03-31", "Q.CRI.2020-Q1")
    }
    assert await empty.keys("/DF_YEAR?startPeriod=2020-W14&endPeriod=2020-W14") == {
        *("W.CRI.2020-W14", "D.CRI.2020-03-31", "D.CRI.2020-04-01")
    }


async def test_c062_c063_first_and_last_of_each_series_within_the_range(exchange: V1) -> None:
    path = "/DF/.CRI.F"
    assert await exchange.keys(f"{path}?lastNObservations=1") == {
        *("A.CRI.F.2023", "M.CRI.F.2020-04")
    }
    assert await exchange.keys(f"{path}?lastNObservations=1&endPeriod=2022") == {
        *("A.CRI.F.2022", "M.CRI.F.2020-04")
    }
    assert await exchange.keys(f"{path}?firstNObservations=1&startPeriod=2020-02") == {
        *("A.CRI.F.2021", "M.CRI.F.2020-02")
    }
    assert await exchange.keys("/DF/A.CRI.F?firstNObservations=1&lastNObservations=1") == {
        *("A.CRI.F.2020", "A.CRI.F.2023")
    }


async def test_c076_c077_updated_after_tells_what_was_put_and_deleted(empty: V1) -> None:
    await empty.desk.accept(small("A,CRI,2019,1", "A,CRI,2020,2"))
    first = (await empty.get("/DF_SMALL", JSON21)).json()["meta"]["prepared"]
    assert await empty.datasets(f"/DF_SMALL?updatedAfter={first.replace('+', '%2B')}") == []
    await empty.desk.accept(small("M|M,CRI,2020-01,3", "D|A,CRI,2019"))
    after = f"updatedAfter={first.replace('+', '%2B')}"
    told = await empty.datasets(f"/DF_SMALL?{after}")
    assert sorted((one.action, {".".join(key) for key in one.rows}) for one in told) == [
        ("Delete", {"A.CRI.2019"}),
        ("Replace", {"M.CRI.2020-01"}),
    ]
    assert await empty.keys(f"/DF_SMALL/M.CRI?firstNObservations=1&{after}") == {"M.CRI.2020-01"}


async def test_c081_c082_the_official_story_of_history(empty: V1) -> None:
    for text in (
        small("M,CRI,2011-12,1", "M,CRI,2012-01,2"),
        small("M|M,CRI,2012-02,3", "D|M,CRI,2011-12"),
        small("M,CRI,2012-02,33", "M,CRI,2012-03,4"),
    ):
        await empty.desk.accept(text)
    found = await empty.datasets("/DF_SMALL?includeHistory=true")
    assert sorted(one.action for one in found) == ["Delete", "Replace", "Replace", "Replace"]
    assert all(bool(one.valid_from) == (one.action == "Replace") for one in found)
    assert all(bool(one.valid_to) == (one.action == "Delete") for one in found)
    assert len(await empty.datasets("/DF_SMALL")) == 1


# -- what is shown --------------------------------------------------------------------------------


async def test_c072_details(exchange: V1) -> None:
    async def shown(detail: str) -> tuple[set[str], set[str]]:
        [dataset] = await exchange.datasets(f"/DF/A.CRI.M?detail={detail}")
        rows: list[dict[str, Any]] = [*dataset.rows.values(), *dataset.series.values()]
        return {".".join(key) for key in dataset.rows}, {name for row in rows for name in row}

    keys, names = await shown("full")
    assert keys == {"A.CRI.M.2022", "A.CRI.M.2023"}
    assert names >= {"OBS_VALUE", "OBS_STATUS", "UNIT_MULT", "COLLECTION", "METHOD"}
    keys, names = await shown("dataonly")
    assert (keys, names) == ({"A.CRI.M.2022", "A.CRI.M.2023"}, {"OBS_VALUE"})
    keys, names = await shown("serieskeysonly")
    assert (keys, names) == (set(), set())
    keys, names = await shown("nodata")
    assert keys == set()
    assert names >= {"UNIT_MULT", "COLLECTION", "METHOD"}
    assert not names & {"OBS_VALUE", "OBS_STATUS", "COMMENT"}


async def test_c065_dimension_at_observation(exchange: V1) -> None:
    usual = await exchange.get("/DF/A.CRI.", JSON21)
    for same in ("TimeDimension", "TIME_PERIOD"):
        reply = await exchange.get(f"/DF/A.CRI.?dimensionAtObservation={same}", JSON21)
        assert reply.json()["data"] == usual.json()["data"]
    assert "series" in usual.json()["data"]["dataSets"][0]
    flat = await exchange.get("/DF/A.CRI.?dimensionAtObservation=AllDimensions", JSON21)
    assert "series" not in flat.json()["data"]["dataSets"][0]
    along = await exchange.get("/DF/A.CRI.?dimensionAtObservation=SEX", JSON21)
    [structure] = along.json()["data"]["structures"]
    assert [one["id"] for one in structure["dimensions"]["observation"]] == ["SEX"]


# -- available constraints ------------------------------------------------------------------------


async def available(exchange: V1, path: str) -> dict[str, Any]:
    reply = await exchange.client.get(AVAILABLE + path, headers={"Accept": STRUCTURE21})
    assert reply.status_code == 200, reply.text
    data: dict[str, Any] = check_message(reply.content)["data"]
    return data


def codes(data: dict[str, Any]) -> dict[str, set[str]]:
    [constraint] = data["availabilityConstraints"]
    return {
        one["id"]: {value["value"] for value in one["values"]}
        for one in constraint["cubeRegion"]["keyValues"]
        if "values" in one
    }


async def test_c084_c085_available_constraints(empty: V1) -> None:
    """The three rows of the official example, in the dimensions that are at hand."""
    await empty.desk.accept(small("A,GTM,2020,1", "A,CRI,2020,2", "M,CRI,2020-01,3"))
    exact = await available(empty, "/DF_SMALL/M.CRI")
    assert codes(exact) == {"FREQ": {"M"}, "REF_AREA": {"CRI"}}
    free = await available(empty, "/DF_SMALL/M.CRI?mode=available")
    assert codes(free) == {"FREQ": {"A", "M"}, "REF_AREA": {"CRI"}}
    several = await available(empty, "/DF_SMALL/A+M.CRI?mode=available")
    assert codes(several) == {"FREQ": {"A", "M"}, "REF_AREA": {"CRI", "GTM"}}
    [constraint] = exact["availabilityConstraints"]
    assert (constraint["seriesCount"], constraint["obsCount"]) == (1, 1)


async def test_available_constraints_in_part(exchange: V1) -> None:
    assert set(codes(await available(exchange, "/TST,DF/all/all/SEX"))) == {"SEX"}
    assert set(codes(await available(exchange, "/TST,DF,1.0.0/all/all/SEX+FREQ"))) == {
        *("SEX", "FREQ")
    }
    of_slv = await available(exchange, f"/DF/all/{SLV}/REF_AREA")
    assert codes(of_slv) == {"REF_AREA": {"SLV"}}
    of_2020 = await available(exchange, "/DF/.../all/all?endPeriod=2020".replace("...", ".."))
    assert codes(of_2020)["FREQ"] == {"A", "M", "Q"}
    late = await available(exchange, "/DF?startPeriod=2023")
    assert codes(late)["FREQ"] == {"A"}
    assert late["availabilityConstraints"][0]["obsCount"] == 3


@pytest.mark.parametrize(
    ("references", "collections"),
    [
        ("none", set()),
        ("codelist", {"codelists"}),
        ("datastructure", {"dataStructures"}),
        ("conceptscheme", {"conceptSchemes"}),
        ("dataflow", {"dataflows"}),
        ("dataproviderscheme", {"dataProviderSchemes"}),
        (
            "all",
            {"codelists", "dataStructures", "conceptSchemes", "dataflows", "dataProviderSchemes"},
        ),
    ],
)
async def test_c087_references_of_available_constraints(
    exchange: V1, references: str, collections: set[str]
) -> None:
    data = await available(exchange, f"/DF?references={references}")
    assert set(data) - {"availabilityConstraints"} == collections


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/DF/A.CRI", 403, 150),
        ("/DF/A.CRI.F.X", 403, 150),
        ("/DF?dimensionAtObservation=NOPE", 403, 150),
        ("/DF_PLAIN?startPeriod=2020", 403, 150),
        ("/DF?detail=foo", 400, 140),
        ("/DF?firstNObservations=0", 400, 140),
        ("/DF?lastNObservations=x", 400, 140),
        ("/DF?startPeriod=yesterday", 400, 140),
        ("/DF?c[FREQ]=A", 400, 140),
        ("/A,B,C,D", 400, 140),
        ("/TST,DF,~", 400, 140),
        ("", 400, 140),
        ("/DF/A.CRI.F/all/too/many", 400, 140),
        ("/NOPE", 404, 100),
        ("/TST,DF,7.0", 404, 100),
        ("/DF/A.XXX.F", 404, 100),
        ("/DF?endPeriod=1900", 404, 100),
        ("/DF?format=nonsense", 406, 1406),
    ],
)
async def test_c064_c112_c117_codes_and_statuses(
    exchange: V1, path: str, status: int, code: int
) -> None:
    reply = await exchange.get(path, "application/vnd.sdmx.data+json;version=1.0.0")
    [error] = reply.json()["errors"]
    assert (reply.status_code, error["code"]) == (status, code), reply.text


async def test_c112_an_unknown_flow_is_told_from_one_without_data(exchange: V1) -> None:
    for path, told in (("/NOPE", "no such flow"), ("/DF/A.XXX.F", "nothing matches")):
        for root in (ROOT, AVAILABLE):
            reply = await exchange.client.get(root + path)
            assert reply.status_code == 404
            assert told in check_xml(reply.content, "2.1")[0][0].text


async def test_c112_c117_the_same_queries_in_2_2(exchange: V1) -> None:
    root = "/sdmx/v2/data/dataflow/TST"
    for path, status in (
        ("/DF/~/A.XXX.F", 204),
        ("/NOPE", 404),
        ("/DF/~/A.CRI.F.X", 400),
        ("/DF?dimensionAtObservation=NOPE", 400),
    ):
        assert (await exchange.client.get(root + path)).status_code == status, path


async def test_c064_c117_available_constraints_refuse_alike(exchange: V1) -> None:
    for path, status in (
        ("", 400),
        ("/DF/A.CRI", 403),
        ("/DF/all/all/NOPE", 403),
        ("/DF?mode=foo", 400),
        ("/DF?references=valuelist", 400),
        ("/DF/A.XXX.F", 404),
        ("/NOPE", 404),
    ):
        assert (await exchange.client.get(AVAILABLE + path)).status_code == status, path


async def test_c113_too_large_is_413_and_510(own: V1, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrange_data, "GATHERED_OBSERVATIONS", 2)
    accept = "application/vnd.sdmx.data+json;version=1.0.0"
    reply = await own.get("/DF?includeHistory=true", accept)
    [error] = reply.json()["errors"]
    assert (reply.status_code, error["code"]) == (413, 510)
    assert "2" in error["detail"]


async def test_c118_a_token_that_does_not_hold_is_401_and_110(exchange: V1) -> None:
    headers = {"Authorization": "Bearer nonsense"}
    reply = await exchange.get("/DF", "application/vnd.sdmx.data+json;version=1.0.0", headers)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (401, 110)


# -- HTTP -----------------------------------------------------------------------------------------


async def test_c109_c110_conditions_and_head(exchange: V1) -> None:
    for url in (f"{ROOT}/DF/A.CRI.M", f"{ROOT}/DF", f"{AVAILABLE}/DF"):
        accept = {"Accept": CSV20 if url.startswith(ROOT) else STRUCTURE21}
        for _ in range(2):  # not from memory, then from memory
            first = await exchange.client.get(url, headers=accept)
            assert first.status_code == 200
            held = {"If-None-Match": first.headers["etag"]}
            same = {"If-Modified-Since": first.headers["last-modified"]}
            for condition in (held, same):
                reply = await exchange.client.get(url, headers=accept | condition)
                assert (reply.status_code, reply.content) == (304, b"")
            head = await exchange.client.head(url, headers=accept)
            assert (head.status_code, head.content) == (200, b"")
            for name in ("etag", "content-type", "vary"):
                assert head.headers.get(name) == first.headers.get(name), name


async def test_c108_vary_names_what_is_negotiated(exchange: V1) -> None:
    for url in (f"{ROOT}/DF", f"{AVAILABLE}/DF"):
        vary = (await exchange.client.get(url)).headers["vary"]
        assert {"Accept", "Accept-Encoding", "Accept-Language"} <= set(vary.split(", "))


async def test_a_content_type_on_get_is_passed_over(exchange: V1) -> None:
    """As rsdmx sends it."""
    headers = {"Content-Type": "application/xml"}
    reply = await exchange.get("/DF/all/all/?startPeriod=2020", "text/csv", headers)
    assert reply.status_code == 200


# -- representations ------------------------------------------------------------------------------

GENERIC = "application/vnd.sdmx.genericdata+xml;version=2.1"


def media_type(reply: httpx.Response) -> str:
    return reply.headers["content-type"].replace(" ", "")


@pytest.mark.parametrize(
    "accept", [None, "*/*", "application/*", "application/xml", "text/xml", "application/xml;q=0.9"]
)
async def test_c099_the_default_is_sdmx_ml_2_1(exchange: V1, accept: str | None) -> None:
    reply = await exchange.get("/DF", accept)
    assert media_type(reply) == GENERIC
    message = check_xml(reply.content, "2.1")
    assert message.tag.endswith("}GenericData")
    assert len(list(message.iter("{*}Obs"))) == len(ALL)
    headers = {} if accept is None else {"Accept": accept}
    available_xml = await exchange.client.get(f"{AVAILABLE}/DF", headers=headers)
    assert media_type(available_xml) == "application/vnd.sdmx.structure+xml;version=2.1"
    check_xml(available_xml.content, "2.1")


@pytest.mark.parametrize("offer", V1_DATA_OFFERS, ids=lambda offer: str(offer.media_type))
async def test_c100_every_data_format_is_given_and_echoed(exchange: V1, offer: Offer) -> None:
    asked = str(offer.media_type).replace(" ", "")
    for accept in (asked, asked.upper().replace("VERSION", "version"), f"{asked} , */* ;q=0.1"):
        reply = await exchange.get("/DF", accept)
        assert (reply.status_code, media_type(reply)) == (200, asked)
    quoted = asked.replace("version=", 'version="') + '"'
    assert media_type(await exchange.get("/DF", quoted)) == asked
    empty_reply = await exchange.get("/DF/A.XXX.F", asked)
    assert empty_reply.status_code == 404


@pytest.mark.parametrize("offer", V1_STRUCTURE_OFFERS, ids=lambda offer: str(offer.media_type))
async def test_c100_every_format_of_available_constraints(exchange: V1, offer: Offer) -> None:
    asked = str(offer.media_type).replace(" ", "")
    url = f"{AVAILABLE}/DF?references=all"
    reply = await exchange.client.get(url, headers={"Accept": asked})
    assert (reply.status_code, media_type(reply)) == (200, asked)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("format=csv", "application/vnd.sdmx.data+csv;version=1.0.0"),
        ("format=csvdata&formatVersion=2.0.0", CSV20),
        ("format=jsondata", "application/vnd.sdmx.data+json;version=1.0.0"),
        ("format=genericdata", GENERIC),
        (
            "format=structurespecificdata&formatVersion=2.1",
            "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
        ),
        ("format=sdmx-json&formatVersion=2.1", JSON21),
    ],
)
async def test_c105_parameters_beat_headers(exchange: V1, query: str, expected: str) -> None:
    assert media_type(await exchange.get(f"/DF?{query}", "application/x-foo")) == expected


async def test_c101_c103_ranges_and_what_is_not_offered(exchange: V1) -> None:
    for accept, expected in (
        ("application/vnd.sdmx.data+json;version=2.0.0+", "2.0.0"),
        ("application/vnd.sdmx.data+json;version=2+.0.0", "2.1.0"),
        ("application/vnd.sdmx.data+json;version=1.0", "1.0.0"),
        ("application/vnd.sdmx.data+xml;version=3.0", "3.0.0"),
    ):
        assert media_type(await exchange.get("/DF", accept)).endswith(f"version={expected}")
    for accept in ("application/x-foo", "application/vnd.sdmx.data+json;version=9", "text/html"):
        reply = await exchange.get("/DF", accept)
        assert reply.status_code == 406
        assert b"<html" not in reply.content.lower()


async def test_c013_c089_sdmx1_reads_what_is_available(exchange: V1) -> None:
    reply = await exchange.client.get(f"{AVAILABLE}/TST,DF,1.0.0/A.CRI.")
    message = sdmx.read_sdmx(io.BytesIO(reply.content))
    [constraint] = message.constraint.values()
    assert constraint.role.role.name == "actual"
    [region] = constraint.data_content_region
    assert {one.id: {value.value for value in each.values} for one, each in region.member.items()
            if one.id != "TIME_PERIOD"} == {
        "FREQ": {"A"}, "REF_AREA": {"CRI"}, "SEX": {"F", "M"},
    }  # fmt: skip
    counts = {one.id: str(one.title) for one in constraint.annotations}
    assert counts == {"series_count": "2", "obs_count": "6"}
