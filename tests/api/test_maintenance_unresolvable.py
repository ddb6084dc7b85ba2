"""A structure that was stored once and can no longer be resolved does no harm to the others."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.sdmx.artefacts import Artefact
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.api.test_maintenance import path_of
from tests.api.test_maintenance_with_data import send
from tests.artefact_samples import artefact, component, urn
from tests.exchange import Exchange, open_exchange, small
from tests.structures import CRI, attribute, structure

BROKEN = structure(
    "DSD_OLD",
    [component("REF_AREA", urn("Codelist", "CL_AREA"))],
    measures=[component("OBS_VALUE")],
    attributes=[attribute(component("TITLE"), {"group": "G"})],
    groups=[{"id": "G", "groupDimensions": ["REF_AREA"]}],
    version="1.0",
)
FLOW = artefact("Dataflow", "DF_OLD", "1.0", structure=BROKEN.urn)
_BREAK = """
UPDATE artefact SET document = replace(document::text, '"group":"G"', '"group":"NONE"')::json
WHERE urn = $1
"""


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        new = await add_client(pools.writer, CRI, agencies=["TST"])
        reply = await opened.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, str(new.client_secret)),
        )
        opened.client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        await opened.desk.accept(small("A,CRI,2024,1"))
        stored = await send(opened, BROKEN, FLOW)
        assert stored.status_code == 201, stored.text
        await pools.writer.execute(_BREAK, BROKEN.urn)
        await pools.writer.execute("UPDATE registry SET revision = revision + 1")
        yield opened


WILD = (
    "/sdmx/v2/data",
    "/sdmx/v2/data?c[REF_AREA]=CRI",
    "/sdmx/v2/data/datastructure/TST",
    "/sdmx/v2/data/dataflow/TST",
    "/sdmx/v2/availability/dataflow/TST",
    "/sdmx/v1/data/all",
    "/sdmx/v2/registration/provider",
)


@pytest.mark.parametrize("path", WILD)
async def test_what_cannot_be_resolved_is_left_out_of_wildcards(
    exchange: Exchange, path: str
) -> None:
    reply = await exchange.client.get(path)
    assert reply.status_code == 200, reply.text
    assert "DF_OLD" not in reply.text


@pytest.mark.parametrize("path", ["data", "availability", "schema"])
async def test_what_cannot_be_resolved_is_told_where_it_is_asked_for(
    exchange: Exchange, path: str
) -> None:
    reply = await exchange.client.get(f"/sdmx/v2/{path}/dataflow/TST/DF_OLD/1.0")
    assert reply.status_code == 422
    assert "KeyError" not in reply.text


async def test_what_cannot_be_resolved_may_be_deleted_and_is_gone(exchange: Exchange) -> None:
    for one in _parts():
        assert (await exchange.client.delete(path_of(one))).status_code == 200
    assert (await exchange.client.get("/sdmx/v2/data/dataflow/TST/DF_OLD/1.0")).status_code == 404
    assert (await exchange.client.get("/sdmx/v2/data")).status_code == 200


def _parts() -> tuple[Artefact, Artefact]:
    return FLOW, BROKEN
