"""An exchange with a worker and the programs that send to it.

To the structures of `tests.structures` it adds an agreement that reports every month
(`PA_MONTHLY`) and one that asks for a second person (`PA_TWO`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from app.main import create_app
from app.services.add_client import add_client
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.pools import Pools
from tests.artefact_samples import artefact, item, urn
from tests.published import publish_artefacts
from tests.structures import CRI, SLV, START, agreement, network

CSV = "application/vnd.sdmx.data+csv;version=2.1.0"
HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,CONF_STATUS,EMBARGO_TIME,S,G,D"
SMALL = "TST:DF_SMALL(1.0.0)"
MONTHLY = "TST:DF_MONTHLY(1.0.0)"
TWO = "TST:DF_TWO(1.0.0)"


def structures() -> list[Any]:
    """The structures of the network, with three dataflows more."""
    small = urn("DataStructure", "DSD_SMALL")
    due = "P20D after month end"
    return [
        *network(),
        artefact("DataConsumerScheme", "DATA_CONSUMERS", "1.0", dataConsumers=[item("OCAM")]),
        artefact("Dataflow", "DF_MONTHLY", structure=small),
        artefact("Dataflow", "DF_TWO", structure=small),
        agreement("PA_MONTHLY", "DF_MONTHLY", CRI, FREQUENCY="M", RELEASE_DUE=due),
        agreement("PA_TWO", "DF_TWO", CRI, APPROVAL="REQUIRED"),
        agreement("PA_TWO_SLV", "DF_TWO", SLV),
    ]


def rows(*listed: str, flow: str = SMALL, action: str = "M") -> bytes:
    """A file of the small structure; cells at the end may be left out."""
    width = HEADER.count(",")
    lines = [f"STRUCTURE[;],STRUCTURE_ID,ACTION,{HEADER}"]
    for row in listed:
        own, bar, cells = row.partition("|")
        named, rest = (own, cells) if bar and len(own) == 1 else (action, row)
        lines.append(f"dataflow,{flow},{named},{rest}" + "," * (width - rest.count(",")))
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Sender:
    """A program of an organisation."""

    client: httpx.AsyncClient

    async def send(
        self,
        content: bytes,
        query: str = "",
        wait: int | None = 60,
        space: str = "",
        **headers: str,
    ) -> httpx.Response:
        """Send a file, and wait for its decision."""
        told = {"Content-Type": CSV} | {name.replace("_", "-"): v for name, v in headers.items()}
        if wait is not None:
            told["Prefer"] = f"wait={wait}"
        return await self.client.post(
            f"/api{space}/submissions{query}", content=content, headers=told
        )

    async def publish(self, content: bytes, query: str = "", space: str = "") -> dict[str, Any]:
        """Send a file that has to be published."""
        reply = await self.send(content, query, space=space)
        assert reply.status_code == 201, reply.text
        told: dict[str, Any] = reply.json()
        assert told["state"] == "published", told
        return told

    async def post(self, path: str, document: Any, **headers: str) -> httpx.Response:
        """Post JSON, and wait for the decision of what comes of it."""
        return await self.client.post(path, json=document, headers={"Prefer": "wait=60"} | headers)

    async def get(self, path: str, status: int = 200) -> Any:
        """Read JSON."""
        reply = await self.client.get(path)
        assert reply.status_code == status, reply.text
        return reply.json()


@dataclass
class House:
    """A service with its worker."""

    service: FastAPI
    pools: Pools
    settings: Settings
    senders: list[httpx.AsyncClient] = field(default_factory=list)

    async def sender(self, organisation: str = CRI) -> Sender:
        """A new program of an organisation, with its token."""
        new = await add_client(self.pools.writer, organisation)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service),
            base_url=self.settings.base_url,
            timeout=90,
        )
        assert new.client_secret is not None
        reply = await client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, new.client_secret),
        )
        client.headers["Authorization"] = f"Bearer {reply.json()['access_token']}"
        self.senders.append(client)
        return Sender(client)

    async def public(
        self, path: str, accept: str = "application/vnd.sdmx.data+csv"
    ) -> httpx.Response:
        """Read as anybody."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.service), base_url=self.settings.base_url
        ) as client:
            return await client.get(path, headers={"Accept": accept})

    async def figures(self, flow: str = SMALL) -> dict[str, str]:
        """What the public sees of a dataflow: value by key with time, as `M.CRI.2024-01`."""
        agency, _, rest = flow.partition(":")
        resource, _, version = rest.rstrip(")").partition("(")
        reply = await self.public(f"/sdmx/v2/data/dataflow/{agency}/{resource}/{version}")
        if reply.status_code == 204:
            return {}
        assert reply.status_code == 200, reply.text
        head, *lines = reply.text.splitlines()
        names = head.split(",")
        places = [names.index(name) for name in ("FREQ", "REF_AREA", "TIME_PERIOD")]
        value = names.index("OBS_VALUE")
        told = (line.split(",") for line in lines)
        return {".".join(cells[place] for place in places): cells[value] for cells in told}


AnyHouse = TypeVar("AnyHouse", bound=House)


@asynccontextmanager
async def at_work(house: AnyHouse, *, worker: bool = True) -> AsyncIterator[AnyHouse]:
    """A house with its service and its worker running; its senders are closed at the end."""
    stop = asyncio.Event()
    async with house.service.router.lifespan_context(house.service):
        working = (
            asyncio.create_task(run_worker(house.pools, house.settings, stop=stop))
            if worker
            else None
        )
        try:
            yield house
        finally:
            stop.set()
            if working is not None:
                await working
            for client in house.senders:
                await client.aclose()


@asynccontextmanager
async def open_house(
    pools: Pools,
    settings: Settings,
    *,
    worker: bool = True,
    artefacts: Iterable[Any] | None = None,
) -> AsyncIterator[House]:
    """A service on a database that holds the structures, its worker running."""
    await publish_artefacts(pools, structures() if artefacts is None else artefacts, START)
    async with at_work(House(create_app(settings), pools, settings), worker=worker) as house:
        yield house
