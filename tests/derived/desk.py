"""A desk with computed dataflows: files go the way of the service, and are computed from."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.main import create_app
from app.services.add_client import add_client
from app.services.derive.run_derivations import Derivations, run_derivations
from app.settings import Settings
from app.store.pools import Pools
from tests.derived.network import structures
from tests.structures import sheet
from tests.undo.desk import UndoDesk, open_desk

HEADER = "FREQ,REF_AREA,SEX,AGE,TIME_PERIOD,OBS_VALUE,OBS_STATUS,CONF_STATUS,EMBARGO_TIME"
JSON21 = "application/vnd.sdmx.data+json;version=2.1.0"
CSV21 = "application/vnd.sdmx.data+csv;version=2.1.0"
DERIVATIONS = "SELECT count(*) FROM ledger WHERE action = 'derivation'"


@dataclass
class DerivedDesk(UndoDesk):
    """A desk that computes when it is told to, and a client of the public."""

    client: httpx.AsyncClient = field(kw_only=True)
    derivations: Derivations = field(default_factory=Derivations)

    async def report(self, *lines: str, provider: str = "", action: str = "M") -> uuid.UUID:
        """Send figures of a country, from its own office if no other is named."""
        country = lines[0].split(",")[1]
        width = HEADER.count(",")
        listed = [line + "," * (width - line.count(",")) for line in lines]
        content = sheet(HEADER, *listed, action=action)
        return (await self.accept(content, provider or f"{country}_STAT")).submission.id

    async def derive(self) -> None:
        """Do what the job does."""
        await run_derivations(self.pools, self.cache, self.derivations)

    async def computed(self, dataflow: str) -> dict[str, dict[str, Any]]:
        """The observations of a computed dataflow by key with time, from the public room."""
        [number] = await self.pools.public.fetch(
            "SELECT id FROM dataflow WHERE urn LIKE '%:' || $1 || '(%'", dataflow
        )
        rows = await self.rows(f"series WHERE dataflow_id = {number['id']}")
        found = {}
        for row in rows:
            document = row["observations"]
            for place, time in enumerate(document["TIME_PERIOD"]):
                found[".".join([*row["key"], time])] = {
                    name: value[place] if isinstance(value, list) else value
                    for name, value in document.items()
                    if name != "TIME_PERIOD"
                    and (value[place] if isinstance(value, list) else value) is not None
                }
        return found

    async def published(self) -> int:
        """How many publications of computed figures there are."""
        count: int = await self.pools.writer.fetchval(DERIVATIONS)
        return count

    async def progress(self) -> dict[str, dict[str, Any]]:
        """What `/api/derived` tells, by id of the dataflow."""
        reply = await self.client.get("/api/derived")
        assert reply.status_code == 200, reply.text
        told = reply.json()
        return {
            one["dataflow"].partition(":")[2].partition("(")[0]: one
            | {"end": told["last_sequence"]}
            for one in told["dataflows"]
        }

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
async def open_derived_desk(pools: Pools, settings: Settings) -> AsyncIterator[DerivedDesk]:
    """The desk, and the service beside it."""
    desk = await open_desk(pools, structures())
    service = create_app(settings)
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service), base_url=settings.base_url
        ) as client,
    ):
        yield DerivedDesk(desk.pools, client=client)
