"""`vipmg structures import`: from files, and over HTTP from a service that really runs."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from typer.testing import CliRunner, Result

from app.cli.structures import structures
from app.main import create_app
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import write_structure_message
from app.sdmx.offers import STRUCTURE_OFFERS, Offer
from app.settings import Settings
from app.store.pools import open_pools
from app.store.registry import load_current
from app.store.registry_publication import publish
from tests.artefact_samples import (
    artefact,
    available_with,
    codelist,
    component,
    item,
    network,
    urn,
)
from tests.conftest import fresh_database
from tests.exchange import served

Run = Callable[..., Result]


@pytest.fixture
def run(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def run(*arguments: str | Path, status: int = 0) -> Result:
        result = CliRunner().invoke(structures, ["import", *map(str, arguments)])
        assert result.exit_code == status, result.output
        return result

    return run


@pytest.fixture
def remote_dsn(postgres_dsn: str, template: str) -> Iterator[str]:
    yield from fresh_database(postgres_dsn, template)


def simple() -> list[Artefact]:
    """A flow that SDMX 2.1 can hold too, with all that it needs."""
    parts = {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": [
                component("FREQ", urn("Codelist", "CL_FREQ", version="1.0"), position=1)
            ],
            "timeDimension": {
                "id": "TIME_PERIOD",
                "conceptIdentity": urn("Concept", "CS_S", "TIME_PERIOD", version="1.0"),
                "localRepresentation": {"format": {"dataType": "ObservationalTimePeriod"}},
            },
        },
        "measureList": {"id": "MeasureDescriptor", "measures": [component("OBS_VALUE")]},
    }
    for one in (*parts["dimensionList"]["dimensions"], *parts["measureList"]["measures"]):
        one["conceptIdentity"] = urn("Concept", "CS_S", one["id"], version="1.0")
    concepts = [item(one) for one in ("FREQ", "TIME_PERIOD", "OBS_VALUE")]
    return [
        artefact("ConceptScheme", "CS_S", "1.0", concepts=concepts),
        codelist("CL_FREQ", item("A"), item("M", parent="A"), version="1.0"),
        artefact("DataStructure", "DSD_S", "1.0", dataStructureComponents=parts),
        artefact("Dataflow", "DF_S", "1.0", structure=urn("DataStructure", "DSD_S", version="1.0")),
    ]


@asynccontextmanager
async def remote(dsn: str, folder: Path, *artefacts: Artefact) -> AsyncIterator[str]:
    """The address of another exchange that holds these artefacts."""
    settings = Settings(data_dir=folder, database_url=dsn, database_pool_size=2)
    pools = await open_pools(dsn, settings)
    async with pools.writer.acquire() as connection:
        await publish(connection, artefacts, dt.datetime.now(dt.UTC))
    await pools.close()
    service = create_app(settings)
    async with service.router.lifespan_context(service), served(service) as address:
        yield address


async def stored(dsn: str, tmp_path: Path) -> dict[str, Artefact]:
    pools = await open_pools(dsn, Settings(data_dir=tmp_path, database_url=dsn))
    async with pools.writer.acquire() as connection:
        found = await load_current(connection)
    await pools.close()
    return {one.urn: one for one in found.artefacts}


async def test_a_flow_comes_with_all_that_it_needs(
    run: Run, dsn: str, remote_dsn: str, tmp_path: Path
) -> None:
    async with remote(remote_dsn, tmp_path / "far", *network()) as address:
        source, flow = f"{address}/sdmx/v2", ("--dataflow", "TST:DF(1.0.0)")
        dry = await asyncio.to_thread(run, source, *flow, "--dry-run")
        assert not await stored(dsn, tmp_path)
        done = await asyncio.to_thread(run, source, *flow)
        again = await asyncio.to_thread(run, source, *flow, "--json")
        every = await asyncio.to_thread(run, source, *flow, "--references", "all", "--json")
    assert "+ datastructure.DataStructure=TST:DSD(1.0.0)" in dry.stdout
    assert "Nothing was changed. It would be 10 added, 0 changed, 0 unchanged." in dry.stdout
    assert "Revision 1: 10 added, 0 changed, 0 unchanged." in done.stdout
    assert "/structure/dataflow/TST/DF/1.0.0?detail=raw&references=descendants" in done.stderr
    assert "10 artefacts read." in done.stderr
    assert len(orjson.loads(again.stdout)["unchanged"]) == 10
    held = await stored(dsn, tmp_path)
    theirs = {one.urn: one for one in network()}
    added = set(orjson.loads(every.stdout)["added"])
    assert urn("ProvisionAgreement", "PA_1") in added
    assert set(held) == {*orjson.loads(done_urns(again)), *added}
    # The list that extends another came as it is kept, not with the codes taken over.
    assert held[urn("Codelist", "CL_TOPIC")] == theirs[urn("Codelist", "CL_TOPIC")]
    for one in held.values():
        assert one == theirs[one.urn]


def done_urns(result: Result) -> bytes:
    return orjson.dumps(orjson.loads(result.stdout)["unchanged"])


async def test_a_service_of_the_first_generation_is_read_too(
    run: Run, dsn: str, remote_dsn: str, tmp_path: Path
) -> None:
    async with remote(remote_dsn, tmp_path / "far", *simple()) as address:
        done = await asyncio.to_thread(
            run, f"{address}/sdmx/v1", "--dataflow", "TST:DF_S", "--structure",
            "codelist=TST:CL_FREQ(1.0)", "--references", "all",
        )  # fmt: skip
    assert f"{address}/sdmx/v1/dataflow/TST/DF_S/latest?references=all" in done.stderr
    held = await stored(dsn, tmp_path)
    assert set(held) == {one.urn for one in simple()}
    for one in simple():
        assert held[one.urn].document["names"] == one.document["names"]
    codes = held[urn("Codelist", "CL_FREQ", version="1.0")].document["codes"]
    assert codes == simple()[1].document["codes"]


async def test_what_goes_wrong_is_said_in_one_line(
    run: Run, dsn: str, remote_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with remote(remote_dsn, tmp_path / "far", *network()) as address:
        absent = await asyncio.to_thread(
            run, f"{address}/sdmx/v2", "--dataflow", "TST:NONE", status=1
        )
        alone = await asyncio.to_thread(
            run, f"{address}/sdmx/v2", "--dataflow", "TST:DF", "--references", "none", status=1
        )
        nonsense = await asyncio.to_thread(
            run, f"{address}/sdmx/v2", "--dataflow", "TST:DF", "--references", "x", status=1
        )
    assert "has no dataflow TST:NONE." in absent.stderr
    assert "DataStructure=TST:DSD(1.0.0)" in alone.stderr
    assert nonsense.stderr.count("\n") <= 2
    monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
    gone = run(f"{address}/sdmx/v2", "--dataflow", "TST:DF", status=1)
    assert f"No se puede acceder a {address}/sdmx/v2/structure/dataflow/TST/DF/" in gone.stderr
    assert "no es un archivo" in run("nowhere", "--dataflow", "TST:DF", status=1).stderr
    assert "Diga qué traer" in run(f"{address}/sdmx/v2", status=1).stderr
    assert "no nombra un artefacto" in run(address, "--dataflow", "DF", status=1).stderr
    assert "--api" in run(address, "--dataflow", "A:DF", "--api", "3", status=1).stderr
    assert not await stored(dsn, tmp_path)


async def test_an_address_without_a_service_is_told_so(
    run: Run, remote_dsn: str, tmp_path: Path
) -> None:
    async with remote(remote_dsn, tmp_path / "far", *network()) as address:
        for source in (address, f"{address}/sdmx/v3", f"{address}/sdmx"):
            for api in ("1", "2"):
                flow = ("--dataflow", "TST:DF", "--api", api)
                told = await asyncio.to_thread(run, source, *flow, status=1)
                assert f"There is no SDMX service at {source} " in told.stderr
        for path in ("/sdmx/v1", "/sdmx/v2"):
            flow = ("--dataflow", "TST:NONE")
            told = await asyncio.to_thread(run, address + path, *flow, status=1)
            assert "has no dataflow TST:NONE." in told.stderr


async def test_a_page_for_people_is_no_service(run: Run) -> None:
    portal = FastAPI()

    @portal.get("/{path:path}")
    async def page(path: str) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><html><body>{path}</body></html>")

    async with served(portal) as address:
        told = await asyncio.to_thread(run, address, "--dataflow", "TST:DF", status=1)
    assert f"There is no SDMX service at {address} " in told.stderr


@pytest.mark.parametrize("offer", STRUCTURE_OFFERS, ids=lambda one: f"{one.format}-{one.version}")
async def test_what_is_available_elsewhere_is_left_out_and_told(
    run: Run, dsn: str, tmp_path: Path, offer: Offer
) -> None:
    file = tmp_path / "message"
    file.write_bytes(available_with(offer, *simple()))
    done = await asyncio.to_thread(run, file)
    assert "4 added" in done.stdout
    assert "1 left out" in done.stderr
    assert "- registry.DataConstraint=TST:AVAILABLE_DF(1.0)" in done.stderr
    assert set(await stored(dsn, tmp_path)) == {one.urn for one in simple()}
    again = await asyncio.to_thread(run, file, "--json")
    assert [one.rpartition("=")[2] for one in orjson.loads(again.stdout)["left_out"]] == [
        "TST:AVAILABLE_DF(1.0)"
    ]


async def test_organisations_that_are_known_here_stay(run: Run, dsn: str, tmp_path: Path) -> None:
    def scheme(*agencies: str) -> Artefact:
        listed = [item(one, contacts=[{"name": agencies[0]}]) for one in agencies]
        return artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=listed)

    file = tmp_path / "message.json"
    for known in (scheme("OURS", "BOTH"), scheme("BOTH", "THEIRS")):
        data = {"agencySchemes": [known.document]}
        file.write_bytes(orjson.dumps({"meta": {}, "data": data}))
        await asyncio.to_thread(run, file)
    [held] = (await stored(dsn, tmp_path)).values()
    ours, theirs = scheme("OURS", "BOTH"), scheme("BOTH", "THEIRS")
    agencies = [*ours.document["agencies"], theirs.document["agencies"][1]]
    assert held.document == ours.document | {"agencies": agencies}


@pytest.mark.parametrize("offer", STRUCTURE_OFFERS, ids=lambda one: f"{one.format}-{one.version}")
async def test_files_of_every_format_are_read(
    run: Run, dsn: str, tmp_path: Path, offer: Any
) -> None:
    file = tmp_path / "message"
    header = MessageHeader("M", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), languages=("en", "es"))
    file.write_bytes(
        write_structure_message(offer, simple(), header, base_url="http://127.0.0.1:9")
    )
    done = await asyncio.to_thread(run, file)
    assert "4 added" in done.stdout
    held = await stored(dsn, tmp_path)
    assert set(held) == {one.urn for one in simple()}
    code = held[urn("Codelist", "CL_FREQ", version="1.0")].document["codes"][1]
    assert (code["id"], code["parent"], code["names"]) == ("M", "A", item("M")["names"])
