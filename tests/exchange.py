"""A served exchange: the application with its lifespan, a desk that publishes, and its clients.

Beside the structures of `tests.structures` it has: two agreements that can overlap
(`TST:DF_TWO`), a dataflow in two versions (`TST:DF_VER`), one without time (`TST:DF_PLAIN`), one
with all kinds of numbers and an uncoded dimension (`TST:DF_TYPES`), one in reporting years
(`TST:DF_YEAR`), one of a nested agency (`TST.SUB:DF_SUB`).
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.data_messages import ReadDataSet, check_data, read_json
from tests.structures import (
    CRI,
    DATASET,
    OBSERVATION,
    SLV,
    Desk,
    agreement,
    attribute,
    network,
    of_type,
    open_desk,
    sheet,
    structure,
)

ROOT = "/sdmx/v2/data"
TWO = "TST:DF_TWO(1.0.0)"
TYPES = "TST:DF_TYPES(1.0.0)"
YEAR = "TST:DF_YEAR(1.0.0)"
PLAIN = "TST:DF_PLAIN(1.0.0)"
JSON21 = "application/vnd.sdmx.data+json;version=2.1.0"
JSON20 = "application/vnd.sdmx.data+json;version=2.0.0"
CSV21 = "application/vnd.sdmx.data+csv;version=2.1.0"
CSV20 = "application/vnd.sdmx.data+csv;version=2.0.0"
CSV10 = "application/vnd.sdmx.data+csv;version=1.0.0"
OCAM = "OCAM"


def structures() -> list[Artefact]:
    """The structures of the exchange."""
    freq = component("FREQ", urn("Codelist", "CL_FREQ"))
    area = component("REF_AREA", urn("Codelist", "CL_AREA"))
    value = of_type("OBS_VALUE", "Decimal", usage="optional")
    status = attribute(component("STATUS", urn("Codelist", "CL_STATUS")), OBSERVATION)
    start_day = attribute(of_type("REPORTING_YEAR_START_DAY", "MonthDay"), ["FREQ", "REF_AREA"])
    concepts = ["REPORTING_YEAR_START_DAY", "PARTNER", "NUMBER", "BIG", "FLOATING", "FLAG"]
    sub = artefact(
        "Dataflow", "DF_SUB", agency="TST.SUB", structure=urn("DataStructure", "DSD_SMALL")
    )
    listed = [
        artefact("AgencyScheme", "AGENCIES", "1.0", "TST", agencies=[item("SUB")]),
        artefact("DataConsumerScheme", "DATA_CONSUMERS", "1.0", dataConsumers=[item(OCAM)]),
        artefact("ConceptScheme", "CS_MORE", concepts=[item(one) for one in concepts]),
        structure(
            "DSD_PLAIN",
            [freq, area],
            [value],
            [status, attribute(of_type("TITLE", "String"), DATASET)],
            time_id=None,
        ),
        structure(
            "DSD_TYPES",
            [freq, _more(of_type("PARTNER", "String"))],
            [
                value,
                _more(of_type("NUMBER", "Integer", usage="optional")),
                _more(of_type("BIG", "BigInteger", usage="optional")),
                _more(of_type("FLOATING", "Double", usage="optional")),
            ],
            [
                attribute(_more(of_type("FLAG", "Boolean")), OBSERVATION),
                attribute(of_type("COMMENT", "String"), OBSERVATION),
            ],
        ),
        codelist("CL_FREQ_MORE", "A", "Q", "M", "W", "D"),
        structure(
            "DSD_YEAR",
            [component("FREQ", urn("Codelist", "CL_FREQ_MORE")), area],
            [value],
            [_more(start_day), status],
        ),
        artefact("Dataflow", "DF_TWO", structure=urn("DataStructure", "DSD_SMALL")),
        artefact("Dataflow", "DF_VER", structure=urn("DataStructure", "DSD_SMALL")),
        artefact("Dataflow", "DF_VER", "1.1.0", structure=urn("DataStructure", "DSD_SMALL")),
        artefact("Dataflow", "DF_PLAIN", structure=urn("DataStructure", "DSD_PLAIN")),
        artefact("Dataflow", "DF_TYPES", structure=urn("DataStructure", "DSD_TYPES")),
        artefact("Dataflow", "DF_YEAR", structure=urn("DataStructure", "DSD_YEAR")),
        sub,
        agreement("PA_NATIONAL", "DF_TWO", CRI, PRECEDENCE="200", READERS="OCAM"),
        agreement("PA_COMPILED", "DF_TWO", SLV, PRECEDENCE="100"),
        agreement("PA_VER_10", "DF_VER", CRI),
        _bound(agreement("PA_VER_11", "DF_VER", CRI), urn("Dataflow", "DF_VER", version="1.1.0")),
        agreement("PA_PLAIN", "DF_PLAIN", CRI),
        agreement("PA_TYPES", "DF_TYPES", CRI),
        agreement("PA_YEAR", "DF_YEAR", CRI),
        _bound(agreement("PA_SUB", "DF", CRI), sub.urn),
    ]
    return [*network(), *listed]


def _more(part: dict[str, Any]) -> dict[str, Any]:
    return part | {"conceptIdentity": urn("Concept", "CS_MORE", part["id"])}


def _bound(one: Artefact, dataflow: str) -> Artefact:
    return Artefact.read(one.artefact_class, {**one.document, "dataflow": dataflow})


@dataclass
class Exchange:
    """The service with its desk and its public client."""

    service: FastAPI
    desk: Desk
    client: httpx.AsyncClient

    @property
    def pools(self) -> Pools:
        """The pools of the desk, not those of the service."""
        return self.desk.pools

    async def get(
        self, path: str, accept: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask for data; `path` is what follows `/data`."""
        sent = {} if accept is None else {"Accept": accept}
        return await self.client.get(ROOT + path, headers=sent | (headers or {}))

    async def datasets(self, path: str, **headers: str) -> list[ReadDataSet]:
        """The datasets of a reply in SDMX-JSON 2.1, valid by the schema; none for 204."""
        reply = await self.get(path, JSON21, headers)
        if reply.status_code == 204:
            assert reply.content == b""
            return []
        assert reply.status_code == 200, (path, reply.text)
        return read_json(check_data(reply.content))

    async def rows(self, path: str, **headers: str) -> dict[str, dict[str, Any]]:
        """The observations of a reply over all datasets, by key with time: `A.CRI.2024`."""
        return {
            ".".join(key): row
            for dataset in await self.datasets(path, **headers)
            for key, row in dataset.rows.items()
        }

    async def keys(self, path: str, **headers: str) -> set[str]:
        """The keys with time of a reply's observations."""
        return set(await self.rows(path, **headers))

    async def prepared(self, path: str) -> str:
        """The time that a client hands back as `updatedAfter`."""
        reply = await self.get(path, JSON21)
        assert reply.status_code == 200, reply.text
        told: str = reply.json()["meta"]["prepared"]
        return told

    async def token(self, organisation: str) -> dict[str, str]:
        """The header of a program of an organisation."""
        new = await add_client(self.pools.writer, organisation)
        assert new.client_secret is not None
        reply = await self.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, new.client_secret),
        )
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}


@asynccontextmanager
async def open_exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    """A service on a database that holds the structures."""
    desk = await open_desk(pools, structures())
    service = create_app(settings)
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service), base_url=settings.base_url
        ) as client,
    ):
        yield Exchange(service, desk, client)


@asynccontextmanager
async def served(service: FastAPI) -> AsyncIterator[str]:
    """The address of a service behind a real socket; its lifespan runs elsewhere."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(service, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


SMALL_HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,CONF_STATUS,EMBARGO_TIME,S,G,D"


def small(*rows: str, flow: str = "TST:DF_SMALL(1.0.0)", action: str = "M") -> str:
    """A file for a dataflow of the small structure; cells at the end may be left out."""
    width = SMALL_HEADER.count(",")
    return sheet(
        SMALL_HEADER,
        *(row + "," * (width - row.count(",")) for row in rows),
        flow=flow,
        action=action,
    )
