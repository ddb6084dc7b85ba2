"""A country that sends in its own words, and the agency that keeps its map."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.services.add_client import add_client
from app.settings import Settings
from app.store.pools import Pools
from tests.artefact_samples import artefact, item
from tests.mapped import national_file
from tests.national import (
    GROUPS,
    component_map,
    mapping,
    national,
    representation_map,
    structure_map,
)
from tests.published import publish_artefacts
from tests.sending.desk import House, Sender, at_work
from tests.structures import SLV, START, agreement

RETURNS = "/sdmx/v2/data/dataflow/TST/DF_RET/1.0.0"
ACTIVE = "TST:SM(1.0.0)"
DRAFT = "TST:SM(2.0.0-draft)"
NEXT = "TST:SM(2.0.0)"
URN = "urn:sdmx:org.sdmx.infomodel.structuremapping.StructureMap="
WIDER = GROUPS | {"Niños": "M Y18", "Otros": "_T Y18"}


def draft_table(
    groups: dict[str, str] = WIDER,
    version: str = "2.0.0-draft",
    more: Sequence[dict[str, Any]] = (),
) -> Artefact:
    """The table of groups as it is meant to be: boys count as men, others are known."""
    listed = (mapping([name], to.split(" ")) for name, to in groups.items())
    table = representation_map(
        "RM_GROUP",
        [*listed, mapping(["Total"]), *more],
        targets=2,
    )
    return Artefact.read(table.artefact_class, table.document | {"version": version})


def draft(table: Artefact, version: str = "2.0.0-draft") -> Artefact:
    """The map that uses the table."""
    maps = [
        component_map(["grupo"], ["SEX", "AGE"]) | {"representationMap": table.urn},
        component_map(["pais"], ["REF_AREA"], "RM_AREA"),
        component_map(["personas"], ["OBS_VALUE"]),
        component_map(["grupo"], ["NAT_CATEGORY"]),
    ]
    return structure_map("SM", version, componentMaps=maps)


def message(*artefacts: Artefact) -> dict[str, Any]:
    """A structure message in SDMX-JSON."""
    data: dict[str, list[Any]] = {}
    for one in artefacts:
        data.setdefault(one.artefact_class.collection, []).append(one.document)
    return {"data": data}


def structures() -> list[Artefact]:
    """The country's structures, a draft, and an agreement that asks for two people."""
    table = draft_table()
    listed = [one for one in national() if one.id != "PA_RET_SLV"]
    return [
        *listed,
        artefact("DataConsumerScheme", "DATA_CONSUMERS", "1.0", dataConsumers=[item("OCAM")]),
        agreement("PA_RET_SLV", "DF_RET", SLV, APPROVAL="REQUIRED"),
        table,
        draft(table),
    ]


@dataclass
class Country(House):
    """The service, with figures told by key."""

    async def returns(self, query: str = "") -> dict[str, str]:
        """What the public sees: value by `REF_AREA.SEX.AGE.TIME_PERIOD`."""
        reply = await self.public(RETURNS + query)
        if reply.status_code == 204:
            return {}
        assert reply.status_code == 200, reply.text
        head, *lines = reply.text.splitlines()
        names = head.split(",")
        places = [names.index(name) for name in ("REF_AREA", "SEX", "AGE", "TIME_PERIOD")]
        value = names.index("OBS_VALUE")
        told = (line.split(",") for line in lines)
        return {".".join(cells[place] for place in places): cells[value] for cells in told}

    async def agency(self, organisation: str = "OCAM") -> Sender:
        """A program that maintains the structures."""
        new = await add_client(self.pools.writer, organisation, agencies=["TST"])
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


@asynccontextmanager
async def open_country(pools: Pools, settings: Settings) -> AsyncIterator[Country]:
    """A service on a database that holds the structures, its worker running."""
    await publish_artefacts(pools, structures(), START)
    async with at_work(Country(create_app(settings), pools, settings)) as country:
        yield country


def sent(*rows: str) -> bytes:
    """A file in the country's words."""
    return national_file(*rows).encode()
