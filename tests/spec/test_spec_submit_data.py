"""`POST /sdmx/v2/data` and its answer (sdmx-rest, doc/maintenance.md, submission of data)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx
import pytest
from lxml import etree

from app.auth.subject import Subject
from app.models.api import SubmissionState
from app.sdmx.finding_texts import LANGUAGES
from app.services.run_worker import run_worker
from app.services.tell_data_submission import TOLD, tell_data_submission
from app.settings import Settings
from app.store.pools import Pools
from app.store.submissions import UNDECIDED
from tests.exchange import CSV10, CSV20, CSV21, OCAM, Exchange, open_exchange, small
from tests.structures import CRI, SLV, SMALL, sheet

PATH = "/sdmx/v2/data"
RIGHT = small("A,CRI,2024,1,A,,,x,g,d")
NS = {
    "mes": "http://www.sdmx.org/resources/sdmxml/schemas/v3_1/message",
    "reg": "http://www.sdmx.org/resources/sdmxml/schemas/v3_1/registry",
    "com": "http://www.sdmx.org/resources/sdmxml/schemas/v3_1/common",
}


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


@pytest.fixture
async def worker(exchange: Exchange, pools: Pools, settings: Settings) -> AsyncIterator[None]:
    """What is sent is processed, once the structures are there."""
    stop = asyncio.Event()
    running = asyncio.create_task(run_worker(pools, settings, stop=stop))
    yield
    stop.set()
    await running


async def submit(
    exchange: Exchange,
    content: str | bytes = RIGHT,
    organisation: str = CRI,
    *,
    query: str = "",
    **headers: str,
) -> httpx.Response:
    token = await exchange.token(organisation)
    sent = token | {"Content-Type": CSV21} | {n.replace("_", "-"): v for n, v in headers.items()}
    return await exchange.client.post(PATH + query, headers=sent, content=content, timeout=60)


def result(reply: httpx.Response) -> dict[str, Any]:
    return dict(reply.json()["submitDataResponse"]["submissionResult"])


async def counts(exchange: Exchange) -> list[int]:
    tables = ("series", "attachment", "change", "ledger", "outbox")
    return [len(await exchange.desk.rows(table)) for table in tables]


@pytest.mark.usefixtures("worker")
async def test_c157_each_dataset_and_the_message_are_told(exchange: Exchange) -> None:
    text = small("D|,,,,,,,,,", "M|A,CRI,2024,1,A,,,,,", "M|A,CRI,2025,2,A,,,,,")
    reply = await submit(exchange, text)
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, "application/json")
    told = reply.json()
    assert told["meta"].keys() >= {"id", "prepared", "sender"}
    urn = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={SMALL}"
    datasets = told["submitDataResponse"]["submittedData"]
    assert [(one["urn"], one["action"]) for one in datasets] == [(urn, "Delete"), (urn, "Merge")]
    assert {message["status"] for one in datasets for message in one["statusMessage"]} == {
        "Success"
    }
    assert (result(reply)["code"], result(reply)["statusMessage"]["status"]) == (200, "Success")
    texts = result(reply)["statusMessage"]["messageTexts"][0]["texts"]
    assert set(texts) == {"en", "es", "fr", "nl"}
    own = await exchange.client.get(reply.headers["Location"], headers=await exchange.token(CRI))
    assert own.json()["state"] == "published"


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("version", ["3.1.0", "3.0.0"])
async def test_c157_the_same_in_sdmx_ml(exchange: Exchange, version: str) -> None:
    asked = f"application/vnd.sdmx.registry+xml;version={version}"
    reply = await submit(exchange, Accept=asked)
    assert reply.headers["Content-Type"].replace(" ", "") == asked
    root = etree.fromstring(reply.content)
    spaces = {
        prefix: address.replace("v3_1", f"v{version[0]}_{version[2]}")
        for prefix, address in NS.items()
    }
    answer = root.find("mes:SubmitDataResponse", spaces)
    assert answer is not None
    [dataset] = answer.findall("reg:SubmittedData", spaces)
    assert (dataset.get("action"), dataset.get("urn", "").rpartition("=")[2]) == ("Merge", SMALL)
    outcome = answer.find("reg:SubmissionResult", spaces)
    assert outcome is not None
    assert outcome.get("code") == "200"
    status = outcome.find("reg:StatusMessage", spaces)
    assert status is not None
    assert status.get("status") == "Success"
    languages = [
        text.get("{http://www.w3.org/XML/1998/namespace}lang")
        for text in status.iter(f"{{{spaces['com']}}}Text")
    ]
    assert languages == ["en", "es", "fr", "nl"]


@pytest.mark.usefixtures("worker")
async def test_c156_what_is_refused_tells_why_and_modifies_nothing(exchange: Exchange) -> None:
    assert (await submit(exchange)).status_code == 200
    before = await counts(exchange)
    cases = {
        404: small("A,CRI,2024,2,A", flow="TST:NO_SUCH_FLOW(1.0.0)"),
        403: sheet(
            "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE",
            "A,SLV,2024,2",
            flow="TST:PA_SLV_SMALL(1.0.0)",
            kind="dataprovision",
        ),
        422: small("A,CRI,2024,2,A", "A,CRX,2024,2,A", "A,CRX,2025,2,A"),
    }
    for status, text in cases.items():
        reply = await submit(exchange, text)
        assert reply.status_code == status, reply.text
        assert result(reply)["code"] == status
        assert result(reply)["statusMessage"]["status"] == "Failure"
        assert await counts(exchange) == before
    details = result(reply)["statusMessage"]["messageTexts"]
    assert [one["code"] for one in details] == ["422", "VIPMG-210"]
    assert "REF_AREA: CRX [3-4]" in details[1]["texts"]["es"]
    assert "No se guardó nada" in details[0]["texts"]["es"]


@pytest.mark.usefixtures("worker")
async def test_c156_a_file_that_cannot_be_read_is_422(exchange: Exchange) -> None:
    reply = await submit(exchange, "not,a,message\n1,2,3\n")
    assert reply.status_code == 422
    assert reply.json()["submitDataResponse"]["submittedData"] == []


@pytest.mark.usefixtures("worker")
async def test_c139_one_wrong_row_of_a_thousand_stores_nothing(exchange: Exchange) -> None:
    lines = [f"A,CRI,{1000 + n},1,A" for n in range(998)]
    reply = await submit(exchange, small(*lines, "A,CRI,3000,wrong,A"))
    assert reply.status_code == 422
    assert await counts(exchange) == [0] * 5


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("content_type", [CSV21, CSV20, "text/csv"])
async def test_c138_formats_are_told_by_content_type(exchange: Exchange, content_type: str) -> None:
    reply = await submit(exchange, Content_Type=content_type)
    assert reply.status_code == 200, reply.text


@pytest.mark.usefixtures("worker")
async def test_c138_sdmx_csv_1_is_taken(exchange: Exchange) -> None:
    text = f"DATAFLOW,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE\n{SMALL},A,CRI,2024,5\n"
    assert (await submit(exchange, text, Content_Type=CSV10)).status_code == 200
    assert await exchange.desk.observations() == {"A.CRI.2024": {"OBS_VALUE": "5"}}


@pytest.mark.parametrize(
    "content_type", ["image/png", "application/vnd.sdmx.structure+json;version=2.1.0", ""]
)
async def test_c138_other_formats_are_415(exchange: Exchange, content_type: str) -> None:
    reply = await submit(exchange, Content_Type=content_type)
    assert reply.status_code == 415
    assert reply.json()["errors"][0]["x-code"] == "VIPMG-104"


async def test_c158_who_may_send(exchange: Exchange) -> None:
    nobody = await exchange.client.post(PATH, headers={"Content-Type": CSV21}, content=RIGHT)
    assert nobody.status_code == 401
    consumer = await submit(exchange, organisation=OCAM)
    assert consumer.status_code == 403
    assert consumer.json()["errors"][0]["x-code"] == "VIPMG-111"


@pytest.mark.usefixtures("worker")
async def test_c158_a_provider_writes_under_its_own_agreements_only(exchange: Exchange) -> None:
    text = sheet(
        "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE",
        "A,SLV,2024,1",
        flow="TST:PA_SLV_SMALL(1.0.0)",
        kind="dataprovision",
    )
    assert (await submit(exchange, text, CRI)).status_code == 403
    assert await counts(exchange) == [0] * 5
    assert (await submit(exchange, text, SLV)).status_code == 200


@pytest.mark.usefixtures("worker")
async def test_c159_the_same_message_twice_is_stored_once(exchange: Exchange) -> None:
    first = await submit(exchange, Idempotency_Key="monthly-2024-01")
    before = await counts(exchange)
    again = await submit(exchange, Idempotency_Key="monthly-2024-01")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.headers["Location"] == again.headers["Location"]
    assert await counts(exchange) == before


@pytest.mark.usefixtures("worker")
async def test_validate_only_stores_nothing_and_says_so(exchange: Exchange) -> None:
    reply = await submit(exchange, query="?validate-only")
    assert reply.status_code == 200, reply.text
    assert result(reply)["statusMessage"]["status"] == "Success"
    assert "nothing was stored" in str(reply.json())
    assert await counts(exchange) == [0] * 5
    refused = await submit(exchange, small("A,CRX,2024,1,A"), query="?validate-only=true")
    assert refused.status_code == 422


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("act", ["withdrawal", "rollback", "supersedes"])
async def test_what_became_of_it_later_is_told(exchange: Exchange, act: str) -> None:
    first = await submit(exchange)
    own, token = first.headers["Location"], await exchange.token(CRI)
    if act == "supersedes":
        number = own.rpartition("/")[2]
        newer = await submit(exchange, small("A,CRI,2024,2,A"), query=f"?supersedes={number}")
        assert newer.status_code == 200, newer.text
        async with asyncio.timeout(60):  # it is settled beside, soon after
            while (await exchange.client.get(own, headers=token)).json()["state"] != "superseded":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    else:
        wait = token | {"Prefer": "wait=60"}
        undone = await exchange.client.post(
            f"{own}/{act}", json={"reason": "wrong"}, headers=wait, timeout=90
        )
        assert undone.status_code == 201, undone.text
    told = await tell_data_submission(
        exchange.pools, Subject("reader", CRI), own.rpartition("/")[2], "http://localhost"
    )
    assert (told.code, told.status) == (200, "Success")
    said = {"withdrawal": "withdrawn", "rollback": "undone", "supersedes": "replaces"}
    assert said[act] in told.texts["en"]


async def test_what_was_cancelled_waits_no_more(exchange: Exchange) -> None:
    first = await submit(exchange, Prefer="wait=0")
    own = first.headers["Location"]
    assert first.status_code == 202
    cancelled = await exchange.client.delete(own, headers=await exchange.token(CRI))
    assert cancelled.json()["state"] == "cancelled"
    told = await tell_data_submission(
        exchange.pools, Subject("reader", CRI), own.rpartition("/")[2], "http://localhost"
    )
    assert (told.code, told.status) == (409, "Failure")
    assert "nothing of it was stored" in told.texts["en"]


def test_each_state_that_is_decided_has_its_answer() -> None:
    decided = set(get_args(SubmissionState)) - UNDECIDED
    assert set(TOLD) == decided
    assert all(len(texts) == len(LANGUAGES) for _, _, texts in TOLD.values())


@pytest.mark.parametrize("query", ["?valid-only", "?validate-only=perhaps", "?again=2"])
async def test_parameters_that_there_are_not_are_refused(exchange: Exchange, query: str) -> None:
    reply = await submit(exchange, query=query)
    assert (reply.status_code, reply.json()["errors"][0]["x-code"]) == (400, "VIPMG-100")


@pytest.mark.parametrize("prefer", ["wait=0", "respond-async"])
async def test_c160_what_is_not_decided_within_the_wait_is_202(
    exchange: Exchange, prefer: str
) -> None:
    reply = await submit(exchange, Prefer=prefer)
    assert reply.status_code == 202
    assert int(reply.headers["Retry-After"]) > 0
    assert result(reply)["statusMessage"]["status"] == "Warning"
    number = reply.headers["Location"].rpartition("/")[2]
    decision = await exchange.desk.process(uuid.UUID(number))
    assert decision.state == "published"


@pytest.mark.usefixtures("worker")
async def test_c156_a_busy_scope_is_queued_and_not_refused(exchange: Exchange) -> None:
    """Messages for one agreement at once are all taken, one after the other."""
    texts = [small(f"A,CRI,{2000 + n},1,A") for n in range(5)]
    replies = await asyncio.gather(*(submit(exchange, text) for text in texts))
    assert [reply.status_code for reply in replies] == [200] * 5
    assert len(await exchange.desk.observations()) == 5


@pytest.mark.usefixtures("worker")
async def test_c161_the_registration_tells_when_data_came_last(exchange: Exchange) -> None:
    path = "/sdmx/v2/registration/provisionagreement/TST/PA_CRI_SMALL"
    nothing = await exchange.client.get(path)
    assert nothing.status_code in {204, 404}
    updates = []
    for text in (RIGHT, small("A,CRI,2025,2,A")):
        assert (await submit(exchange, text)).status_code == 200
        root = etree.fromstring((await exchange.client.get(path)).content)
        [registration] = root.iter(f"{{{NS['reg']}}}Registration")
        updates.append(registration.get("lastUpdated", ""))
    assert updates[0] < updates[1]
    refused = await submit(exchange, small("A,CRX,2025,2,A"))
    assert refused.status_code == 422
    root = etree.fromstring((await exchange.client.get(path)).content)
    [registration] = root.iter(f"{{{NS['reg']}}}Registration")
    assert registration.get("lastUpdated") == updates[1]


@pytest.mark.usefixtures("worker")
async def test_a_query_of_data_and_a_submission_share_the_address(exchange: Exchange) -> None:
    assert (await submit(exchange)).status_code == 200
    assert (await exchange.get("/dataflow/TST/DF_SMALL")).status_code == 200
    for method in ("PUT", "DELETE"):
        reply = await exchange.client.request(method, PATH)
        assert reply.status_code == 405
        assert "POST" in reply.headers["Allow"]
