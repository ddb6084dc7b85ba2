"""Take-out of metadata sets: what the terms withhold stays withheld where the archive is loaded."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.auth.keyring import Keyring
from app.errors import ConflictError
from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.services.export_provider import export_provider
from app.services.load_provider import load_provider
from app.settings import Settings
from app.store.pools import Pools, open_pools
from app.store.registry_publication import publish
from tests.agreements.desk import (
    agreed,
    figures,
    file,
    open_agreements,
    program,
    structures,
    terms_set,
)
from tests.artefact_samples import artefact, urn
from tests.conftest import fresh_database
from tests.sending.desk import House, at_work
from tests.structures import CRI, START, agreement

NOW = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
YEAR = dt.datetime.now(dt.UTC).year
NAMES = ("CELL", "SUM", "HOLD", "READ")
RULES = """
SELECT urn, room_rule::text, readers, expires FROM agreement
WHERE provider = $1 AND active ORDER BY urn
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    """An exchange where terms withhold small counts, a cell beside them, and new figures."""
    tried = agreement("PA_GIVEN_UP", "DF_WILD", CRI)
    draft = Artefact.read(tried.artefact_class, tried.document | {"version": "1.0.0-draft"})
    async with open_agreements(module_pools, module_settings) as opened:
        async with module_pools.writer.acquire() as connection:
            await publish(connection, [draft], NOW)
        agency, sender = await program(opened, CRI, ("TST",)), await program(opened, CRI)
        await agreed(agency, terms_set("CELL", MINIMUM_CELL=3))
        await sender.publish(file("CELL", "A,CRI,2020,4", "A,CRI,2021,10"))
        quality = artefact(
            "MetadataSet",
            "QUALITY",
            metadataflow=urn("Metadataflow", "MDF_QUALITY"),
            targets=[urn("ProvisionAgreement", "PA_CELL")],
            attributes=[{"id": "COMMENT_DSET", "value": {"en": "By register", "es": "Registro"}}],
        )
        await agreed(
            agency,
            terms_set("CELL", "1.1.0", MINIMUM_CELL=5),
            terms_set("CELL", "1.2.0-draft", MINIMUM_CELL=0),
            terms_set("SUM", MINIMUM_CELL=5),
            terms_set("HOLD", EMBARGO="P30D"),
            terms_set("READ", READERS="OCAM"),
            terms_set("THEIRS", MINIMUM_CELL=9),
            quality,
        )
        await sender.publish(file("SUM", "A,HND,2020,63", "A,CRI,2020,3", "A,SLV,2020,60"))
        await sender.send(file("HOLD", "A,CRI,2019,1", f"A,CRI,{YEAR},2"))
        await sender.publish(file("READ", "A,CRI,2020,1,,C"))
        # An agreement that was given up before it had data must not stand in the way of the others.
        given_up = "/sdmx/v2/structure/provisionagreement/TST/PA_GIVEN_UP/1.0.0-draft"
        assert (await agency.client.delete(given_up)).status_code == 200
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def archive(house: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The take-out of the provider."""
    path = tmp_path_factory.mktemp("out") / "take-out.zip"
    keyring = Keyring(house.pools.writer)
    parts = export_provider(house.pools.writer, keyring, CRI, house.settings.base_url)
    path.write_bytes(b"".join([part async for part in parts]))
    return path


@pytest.fixture
def other_dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    """An empty database of another service."""
    yield from fresh_database(postgres_dsn, template)


@pytest_asyncio.fixture(loop_scope="module")
async def other(other_dsn: str, tmp_path: Path) -> AsyncIterator[tuple[Pools, Settings]]:
    settings = Settings(
        data_dir=tmp_path / "other",
        database_url=SecretStr(other_dsn),
        database_pool_size=3,
        public_url="https://other.example",
    )
    opened = await open_pools(other_dsn, settings)
    yield opened, settings
    await opened.close()


async def rules(pools: Pools) -> list[dict[str, Any]]:
    return [dict(row) for row in await pools.writer.fetch(RULES, CRI)]


async def test_what_the_terms_withhold_is_withheld_where_it_is_loaded_and_from_then_on(
    house: House, archive: Path, other: tuple[Pools, Settings]
) -> None:
    """The agreements are known there already, without terms: as the service comes."""
    pools, settings = other
    async with pools.writer.acquire() as connection:
        await publish(connection, structures(), START)
    loaded = await load_provider(pools.writer, archive, NOW)
    assert loaded.publications.kept == loaded.publications.count > 4
    assert await rules(pools) == await rules(house.pools)
    async with at_work(House(create_app(settings), pools, settings)) as there:
        public = {name: await figures(None, there, name) for name in NAMES}
        assert public == {name: await figures(None, house, name) for name in NAMES}
        assert public["CELL"] == {"CRI 2020": "[C]", "CRI 2021": "10"}
        assert public["SUM"] == {"HND 2020": "63", "CRI 2020": "[C]", "SLV 2020": "[C]"}
        assert public["HOLD"] == {"CRI 2019": "1"}
        reader, sender = await program(there, "OCAM"), await program(there, CRI)
        assert await figures(reader, there, "READ") == {"CRI 2020": "1"}
        assert (await figures(sender, there, "CELL"))["CRI 2020"] == "4"
        path = "/sdmx/v2/metadata/metadataset/TST/QUALITY/1.0.0?format=jsonmetadata"
        assert "Registro" in (await there.public(path, "*/*")).text
        # What is sent there falls under the terms, and brings nothing out of its room.
        await sender.publish(file("CELL", "A,CRI,2022,2"))
        await sender.publish(file("SUM", "A,HND,2021,30"))
        assert (await figures(None, there, "CELL")) == public["CELL"] | {"CRI 2022": "[C]"}
        assert (await figures(None, there, "SUM")) == public["SUM"] | {"HND 2021": "30"}
        agency = await program(there, CRI, ("TST",))
        await agreed(agency, terms_set("CELL", "1.3.0", MINIMUM_CELL=3))
        assert (await figures(None, there, "CELL"))["CRI 2020"] == "4"
    assert not (await load_provider(pools.writer, archive, NOW)).is_new


async def test_the_archive_has_the_sets_of_the_provider_in_all_versions(archive: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        message = orjson.loads(opened.read("structures/metadata-sets.json"))
        everything = b"".join(opened.read(name) for name in opened.namelist())
    sets = message["data"]["metadataSets"]
    assert {f"{one['id']} {one['version']}" for one in sets} == {
        *("TERMS_CELL 1.0.0", "TERMS_CELL 1.1.0", "TERMS_CELL 1.2.0-draft", "TERMS_SUM 1.0.0"),
        *("TERMS_HOLD 1.0.0", "TERMS_READ 1.0.0", "QUALITY 1.0.0"),
    }
    assert b"TERMS_THEIRS" not in everything


async def test_where_the_terms_withhold_otherwise_nothing_is_loaded(
    archive: Path, other: tuple[Pools, Settings]
) -> None:
    pools, _ = other
    async with pools.writer.acquire() as connection:
        newer = terms_set("CELL", "2.0.0", MINIMUM_CELL=0)
        await publish(connection, [*structures(), newer], START)
    with pytest.raises(ConflictError) as refused:
        await load_provider(pools.writer, archive, NOW)
    assert "MINIMUM_CELL" in refused.value.text["es"]
    for table in ("submission", "series", "ledger"):
        assert await pools.writer.fetchval(f"SELECT count(*) FROM {table}") == 0
    held = "SELECT count(*) FROM artefact WHERE artefact_id = 'TERMS_SUM'"
    assert await pools.writer.fetchval(held) == 0


async def test_an_empty_installation_takes_terms_and_figures_at_once(
    house: House, archive: Path, other: tuple[Pools, Settings]
) -> None:
    pools, _ = other
    await load_provider(pools.writer, archive, NOW)
    assert await rules(pools) == await rules(house.pools)
    assert await pools.writer.fetchval("SELECT count(DISTINCT provider) FROM agreement") == 1
