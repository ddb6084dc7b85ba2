"""Maintenance of structures that data rest on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from app.sdmx.artefacts import Artefact
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.api.test_maintenance import JSON, ROOT, message, path_of, results, said
from tests.artefact_samples import artefact, codelist, urn
from tests.exchange import Exchange, open_exchange, small
from tests.structures import CRI, agreement

FLOW = artefact("Dataflow", "DF_OPEN", "1.0", structure=urn("DataStructure", "DSD_SMALL"))
HELD = Artefact.read(
    agreement("PA_OPEN", "DF_OPEN", CRI).artefact_class,
    agreement("PA_OPEN", "DF_OPEN", CRI).document | {"version": "1.0", "dataflow": FLOW.urn},
)


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        new = await add_client(pools.writer, CRI, agencies=["TST"])
        assert new.client_secret is not None
        reply = await opened.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, new.client_secret),
        )
        opened.client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        yield opened


async def send(exchange: Exchange, *artefacts: Artefact) -> httpx.Response:
    return await exchange.client.post(
        ROOT, content=message(*artefacts), headers={"Content-Type": JSON}
    )


async def test_a_new_flow_takes_data_at_once_and_then_stays(exchange: Exchange) -> None:
    assert (await send(exchange, FLOW, HELD)).status_code == 201
    await exchange.desk.accept(small("A,CRI,2024,1", flow="TST:DF_OPEN(1.0)"))
    shown = await exchange.keys("/dataflow/TST/DF_OPEN/1.0")
    assert shown == {"A.CRI.2024"}
    kept = await exchange.client.delete(path_of(HELD))
    assert kept.status_code == 409
    assert results(kept) == [("Delete", "Failure", "409")]
    assert "data were published under this agreement" in said(kept)
    assert (await exchange.client.delete(path_of(FLOW))).status_code == 409
    assert await exchange.keys("/dataflow/TST/DF_OPEN/1.0") == shown


async def test_a_flow_without_data_may_go_and_takes_no_more_data(exchange: Exchange) -> None:
    assert (await send(exchange, FLOW, HELD)).status_code == 201
    assert (await exchange.client.delete(path_of(HELD))).status_code == 200
    assert (await exchange.client.delete(path_of(FLOW))).status_code == 200
    refused = await exchange.desk.send(small("A,CRI,2024,1", flow="TST:DF_OPEN(1.0)"))
    assert refused.state == "rejected"
    again = await send(exchange, FLOW, HELD)
    assert again.status_code == 201, again.text
    await exchange.desk.accept(small("A,CRI,2024,1", flow="TST:DF_OPEN(1.0)"))
    assert await exchange.keys("/dataflow/TST/DF_OPEN/1.0") == {"A.CRI.2024"}


async def test_what_is_still_withheld_keeps_its_agreement(exchange: Exchange) -> None:
    assert (await send(exchange, FLOW, HELD)).status_code == 201
    row = "A,CRI,2024,1,,,2999-01-01T00:00:00Z"
    await exchange.desk.accept(small(row, flow="TST:DF_OPEN(1.0)"))
    assert (await exchange.client.delete(path_of(HELD))).status_code == 409


async def test_a_reader_sees_a_change_at_once(exchange: Exchange) -> None:
    held = codelist("CL_OPEN", "X", version="1.0")
    extended = codelist("CL_OPEN", "X", "Y", version="1.0")
    assert (await send(exchange, held)).status_code == 201
    tag = (await exchange.client.get(path_of(held))).headers["etag"]
    assert (await send(exchange, extended)).status_code == 200
    shown = await exchange.client.get(path_of(held), headers={"If-None-Match": tag})
    assert shown.status_code == 200
    assert [code["id"] for code in shown.json()["data"]["codelists"][0]["codes"]] == ["X", "Y"]
