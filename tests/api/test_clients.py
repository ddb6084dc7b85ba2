"""Real clients over a socket: what pysdmx and sdmx1 read is what was submitted."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import sdmx
from pysdmx.api.fmr import RegistryClient
from pysdmx.io import read_sdmx

from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import CSV10, CSV20, CSV21, Exchange, open_exchange, served
from tests.spec.test_spec_data_queries import OF_CRI, OF_SLV
from tests.structures import SLV

QUERY = "/sdmx/v2/data/dataflow/TST/DF/1.0.0"
SUBMITTED = {
    tuple(line.split(",")[3:7]): line.split(",")[7]
    for text in (OF_CRI, OF_SLV)
    for line in text.splitlines()[1:]
}


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        await opened.desk.accept(OF_CRI)
        await opened.desk.accept(OF_SLV, SLV)
        yield opened


@pytest.fixture
async def address(exchange: Exchange) -> AsyncIterator[str]:
    async with served(exchange.service) as opened:
        yield opened


async def fetch(address: str, accept: str, query: str = "") -> str:
    async with httpx.AsyncClient(base_url=address) as client:
        reply = await client.get(f"{QUERY}{query}", headers={"Accept": accept})
    assert reply.status_code == 200
    return reply.text


def told(frame: Any) -> dict[tuple[str, ...], str]:
    """Observations of a data frame, as text."""
    columns = ["FREQ", "REF_AREA", "SEX", "TIME_PERIOD"]
    return {
        tuple(str(row[name]) for name in columns): str(row["OBS_VALUE"])
        for row in frame.to_dict("records")
    }


@pytest.mark.parametrize("accept", [CSV21, CSV20, CSV10])
async def test_c137_pysdmx_reads_our_csv(address: str, accept: str) -> None:
    # pysdmx 1.15 knows no STRUCTURE[;], which an attribute of several values brings along.
    text = await fetch(address, accept, "?attributes=OBS_STATUS,UNIT_MULT")
    message = await asyncio.to_thread(read_sdmx, text, validate=False)
    [dataset] = message.data or []
    assert "DF(1.0.0)" in str(dataset.short_urn)
    numbers = {key: float(value) for key, value in told(dataset.data).items()}
    assert numbers == {key: float(value) for key, value in SUBMITTED.items()}


async def test_c137_pysdmx_reads_labels_and_keys_away(address: str) -> None:
    text = await fetch(address, f"{CSV20};labels=both", "?c[SEX]=M")
    header = text.splitlines()[0]
    assert "REF_AREA: REF_AREA in English" in header


async def test_c137_sdmx1_reads_our_csv(exchange: Exchange, address: str) -> None:
    """sdmx1 needs the structure: it reads ours from SDMX-CSV 2 with its own model of it."""
    from sdmx.model import v30

    structure = v30.DataStructureDefinition(id="DSD", maintainer=sdmx.model.common.Agency(id="TST"))
    for name in ("FREQ", "REF_AREA", "SEX"):
        structure.dimensions.append(v30.Dimension(id=name))
    structure.dimensions.append(v30.TimeDimension(id="TIME_PERIOD"))
    structure.measures.append(v30.Measure(id="OBS_VALUE"))
    text = await fetch(address, CSV20, "?attributes=none&measures=OBS_VALUE")
    message = sdmx.read_sdmx(io.BytesIO(text.encode()), format="csv", structure=structure)
    numbers = {
        tuple(str(part.value) for part in one.key.values.values()): float(
            str(
                next(iter(one.attached_measure.values())).value
                if hasattr(one, "attached_measure")
                else one.value
            )
        )
        for dataset in message.data
        for one in dataset.obs
    }
    assert numbers == {key: float(value) for key, value in SUBMITTED.items()}


async def test_pysdmx_reads_the_structure_behind_the_data(address: str) -> None:
    client = RegistryClient(f"{address}/sdmx/v2")
    # Not TST:DSD: pysdmx 1.15 knows no `maxOccurs` of "unbounded".
    [structure] = await asyncio.to_thread(client.get_data_structures, "TST", "DSD_SMALL", "1.0.0")
    assert [d.id for d in structure.components.dimensions] == ["FREQ", "REF_AREA", "TIME_PERIOD"]


async def test_pandas_and_spreadsheets_read_csv_as_it_is(address: str) -> None:
    import pandas

    text = await fetch(address, "text/csv")
    frame = pandas.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    assert told(frame) == SUBMITTED
