"""Take-out of what agreements bring about: maps, notes on mirrors, notices, scorecards."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.auth.keyring import Keyring
from app.services.export_provider import export_provider
from app.services.load_provider import load_provider
from app.settings import Settings
from app.store.pools import Pools, open_pools
from tests.conftest import fresh_database
from tests.maps.desk import ACTIVE, Country, open_country, sent
from tests.structures import CRI, SLV

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
TABLES = ("mirror_note", "notice", "scorecard")
KEPT = """
INSERT INTO mirror_note SELECT gen_random_uuid(), 'TST:MS', '{{A=B,TIME_PERIOD=2024}}', '{0}', 'c',
  'We counted.', '12.5', now();
INSERT INTO notice SELECT gen_random_uuid(), '{0}', 'data-late', '2024-01', '{{"n": 1}}', now(),
  now();
INSERT INTO scorecard SELECT '{0}', 'urn:TST', DATE '2026-01-01', '{{"timeliness": 1}}';
"""
TOLD_BEFORE = """
INSERT INTO notice SELECT gen_random_uuid(), '{0}', 'data-late', '2024-01', '{{"n": 2}}', now();
"""


@pytest.fixture
async def country(pools: Pools, settings: Settings) -> AsyncIterator[Country]:
    async with open_country(pools, settings) as opened:
        yield opened


@pytest.fixture
def other_dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    """An empty database of another service."""
    yield from fresh_database(postgres_dsn, template)


async def held(pools: Pools, table: str, organisation: str) -> list[dict[str, Any]]:
    named = "provider" if table == "scorecard" else "organisation"
    rows = await pools.writer.fetch(
        f"SELECT t::text AS row FROM {table} AS t WHERE {named} = $1 ORDER BY 1", organisation
    )
    return [row["row"] for row in rows]


async def test_notes_notices_scorecards_and_maps_go_along(
    country: Country, other_dsn: str, tmp_path: Path
) -> None:
    sender = await country.sender(CRI)
    await sender.publish(sent("enero 2024,Niños,Costa Rica,3"))
    await country.pools.writer.execute(KEPT.format(CRI) + KEPT.format(SLV))
    keyring = Keyring(country.pools.writer)
    path = tmp_path / "take-out.zip"
    parts = export_provider(country.pools.writer, keyring, CRI, country.settings.base_url)
    path.write_bytes(b"".join([part async for part in parts]))

    settings = Settings(data_dir=tmp_path, database_url=SecretStr(other_dsn), database_pool_size=2)
    other = await open_pools(other_dsn, settings)
    try:
        await other.writer.execute(TOLD_BEFORE.format(CRI))
        loaded = await load_provider(other.writer, path, NOW)
        assert any(urn.endswith(f"StructureMap={ACTIVE}") for urn in loaded.structures)
        assert any(urn.endswith("Dataflow=TST:NAT(1.0.0)") for urn in loaded.structures)
        for table in TABLES:
            mine = await held(country.pools, table, CRI)
            assert mine, table
            assert await held(other, table, CRI) == mine, table
            assert not await held(other, table, SLV), table
        [mapping] = await other.writer.fetch("SELECT mapping::text FROM submission")
        assert ACTIVE in mapping["mapping"]
        assert not (await load_provider(other.writer, path, NOW)).is_new
    finally:
        await other.close()
