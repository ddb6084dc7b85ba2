"""An exchange with the shared structures: files are sent, mirrors are asked for over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.main import create_app
from app.services.add_client import add_client
from app.services.derive.run_derivations import Derivations, run_derivations
from app.settings import Settings
from app.store.pools import Pools
from tests.mirrors.sides import flow
from tests.published import publish_shared
from tests.structures import Desk

CSV21 = "application/vnd.sdmx.data+csv;version=2.1.0"
CODES = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=VIPMG:"
OBSERVED = ("OBS_VALUE", "UNIT_MULT", "DECIMALS", "OBS_STATUS", "CONF_STATUS", "EMBARGO_TIME")
Row = Mapping[str, str]


@dataclass
class MirrorDesk(Desk):
    """A desk of the network, and a client of the service beside it."""

    client: httpx.AsyncClient = field(kw_only=True)
    derivations: Derivations = field(default_factory=Derivations)

    async def report(self, dataflow: str, provider: str, rows: Iterable[Row], **fixed: str) -> None:
        """Send rows as a file of a provider."""
        await self.accept(message(dataflow, rows, fixed), provider)

    async def derive(self) -> None:
        """Do what the job does."""
        await run_derivations(self.pools, self.cache, self.derivations)

    async def ask(self, path: str, caller: Mapping[str, str] | None = None) -> Any:
        """What `/api/mirror` answers."""
        reply = await self.client.get(f"/api/mirror{path}", headers=dict(caller or {}))
        assert reply.status_code == 200, reply.text
        return reply.json()

    async def token(self, organisation: str, *agencies: str) -> dict[str, str]:
        """The header of a program of an organisation, which may maintain for agencies."""
        new = await add_client(self.pools.writer, organisation, agencies=agencies)
        assert new.client_secret is not None
        reply = await self.client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(new.client_id, new.client_secret),
        )
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}

    async def mirrored(self) -> dict[str, dict[str, str]]:
        """The dataflow of mirrors as the public sees it, by key with time."""
        path = "/sdmx/v2/data/dataflow/VIPMG/DF_MIRROR/1.0.0/*"
        reply = await self.client.get(path, headers={"Accept": CSV21})
        rows = csv.DictReader(io.StringIO(reply.text))
        names = [each.id for each in flow(f"{CODES}DF_MIRROR(1.0.0)").dimensions]
        return {
            ".".join([*(row[name] for name in names), row["TIME_PERIOD"]]): {
                name: value for name, value in row.items() if value
            }
            for row in rows
        }


@asynccontextmanager
async def open_mirror_desk(pools: Pools, settings: Settings) -> AsyncIterator[MirrorDesk]:
    """The desk, and the service beside it."""
    await publish_shared(pools, settings)
    service = create_app(settings)
    async with (
        service.router.lifespan_context(service),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service), base_url=settings.base_url
        ) as client,
    ):
        yield MirrorDesk(pools, client=client)


def message(dataflow: str, rows: Iterable[Row], fixed: Mapping[str, str]) -> bytes:
    """Rows as SDMX-CSV."""
    short = f"VIPMG:{dataflow}(1.0.0)"
    dimensions = [each.id for each in flow(CODES + f"{dataflow}(1.0.0)").dimensions]
    table = io.StringIO()
    header = [*dimensions, "TIME_PERIOD", *OBSERVED, *fixed]
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *header])
    defaults = {"UNIT_MULT": "0", "DECIMALS": "0", "OBS_VALUE": "", "EMBARGO_TIME": "", **fixed}
    for row in rows:
        cells = [row.get(name) or defaults.get(name, "_T") for name in header]
        writer.writerow(["dataflow", short, "M", *cells])
    return table.getvalue().encode()
