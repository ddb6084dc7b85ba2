"""Over the API: twelve files in their countries' words, and agencies that keep their own maps."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from copy import deepcopy
from typing import Any

import httpx
import pytest_asyncio
from fastapi import FastAPI

from app.main import create_app
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.pools import Pools
from tests.api.test_submissions import sender
from tests.harmonised.desk import OECD_HEAD, REAL, oecd_row
from tests.harmonised.test_national_files import DEMO, FILES, artefact
from tests.published import publish_shared

TABLES = [
    entry
    for entry in FILES
    if any(word in entry["file"] for word in ("movim", "movements", "entradas", "entry_exit"))
]
JSON = "application/vnd.sdmx.structure+json;version=2.1.0"
CSV = "application/vnd.sdmx.data+csv;version=2.1.0"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    module_pools: Pools, module_settings: Settings
) -> AsyncIterator[FastAPI]:  # fmt: skip
    await publish_shared(module_pools, module_settings)
    application = create_app(module_settings)
    stop = asyncio.Event()
    async with application.router.lifespan_context(application):
        running = asyncio.create_task(run_worker(module_pools, module_settings, stop=stop))
        yield application
        stop.set()
        await running


async def send(
    client: httpx.AsyncClient, content: bytes, dataflow: str | None = None
) -> dict[str, Any]:
    """A file, published by the time the reply comes."""
    reply = await client.post(
        "/api/submissions",
        params={} if dataflow is None else {"dataflow": dataflow},
        content=content,
        headers={"Prefer": "wait=60", "Content-Type": "text/csv"},
    )
    assert reply.status_code == 201, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def rows(client: httpx.AsyncClient, path: str) -> list[dict[str, str]]:
    reply = await client.get(f"/sdmx/v2/data/dataflow/VIPMG/{path}", headers={"Accept": CSV})
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.text)))


async def derived(client: httpx.AsyncClient, dataflow: str) -> dict[str, Any]:
    """What is told of a computed dataflow once it knows all that was published."""
    async with asyncio.timeout(60):
        for _ in iter(int, 1):
            listed = (await client.get("/api/derived")).json()["dataflows"]
            told: dict[str, Any] = next(one for one in listed if dataflow in one["dataflow"])
            if told["is_current"]:
                return told
            await asyncio.sleep(0.1)
    raise TimeoutError


async def test_twelve_files_in_their_own_words_give_one_table(
    service: FastAPI, module_pools: Pools
) -> None:
    assert len(TABLES) == 12
    for entry in TABLES:
        async with aclosing(await sender(service, module_pools, entry["organisation"])) as client:
            told = await send(client, (DEMO / entry["file"]).read_bytes(), entry["reads_as"])
            assert told["findings"]["total"] == 0
    entries = "DF_ENTRY_EXIT/1.0.0/M.*.ENT.REG._T._T._T._T._T._T._T._T.EVT"
    async with aclosing(await sender(service, module_pools, "RCM")) as reader:
        table = await rows(reader, f"{entries}?c[TIME_PERIOD]=2025-02")
        months = await rows(reader, entries)
    countries = {row["REF_AREA"] for row in table}
    assert countries == {entry["organisation"][:3] for entry in TABLES}
    assert len(table) == 12
    assert len(months) == 36
    labels = {row["REF_AREA"]: row["NAT_CATEGORY"] for row in table}
    assert labels["MEX"] == "Total"
    assert labels["JAM"] == "Entries"
    assert labels["PAN"] == "Entradas"
    assert labels["SUR"] == ""
    assert all("oficial" in row["SOURCE_DETAIL"] or "official" in row["SOURCE_DETAIL"]
               for row in table)  # fmt: skip
    async with aclosing(await sender(service, module_pools, "RCM")) as reader:
        told = await derived(reader, "DF_ENTRY_EXIT_REGION")
        regions = await rows(
            reader, f"{entries.replace('EXIT/', 'EXIT_REGION/')}?c[TIME_PERIOD]=2025-02"
        )
        path = "/sdmx/v2/data/dataflow/VIPMG/DF_ENTRY_EXIT/1.0.0?c[REF_AREA]=G_VIPMG,G_RCM"
        assert (await reader.get(path, headers={"Accept": CSV})).status_code == 204
    found = {row["REF_AREA"]: row for row in regions}
    network, regional = found["G_VIPMG"], found["G_RCM"]
    assert int(network["OBS_VALUE"]) == sum(int(row["OBS_VALUE"]) for row in table)
    assert (network["MEMBERS_REPORTED"], network["MEMBERS_DUE"]) == ("12", "12")
    assert {network["MEMBERS_COMPILED"], regional["MEMBERS_COMPILED"]} == {"0"}
    assert (regional["MEMBERS_REPORTED"], regional["MEMBERS_DUE"]) == ("8", "11")
    assert regional["MEMBERS_MISSING"] == "CAN DOM USA"
    named = regional["COMPUTED_FROM"].removeprefix("REF_AREA: ").split(" + ")
    members = [row for row in table if row["REF_AREA"] in named]
    assert int(regional["OBS_VALUE"]) == sum(int(row["OBS_VALUE"]) for row in members)
    assert len(members) == 8
    assert 12 <= int(network["THROUGH_SEQUENCE"]) <= told["through_sequence"]


async def test_an_answer_of_the_oecd_is_pushed_and_comes_out_as_the_shared_dataflow(
    service: FastAPI, module_pools: Pools
) -> None:
    file = REAL / "oecd" / "oecd_dsd_mig_sample_sdmxcsv.csv"
    lines = [OECD_HEAD, oecd_row("GRC", "B11", "29510.0"), oecd_row("NOR", "B11", "44406.0")]
    content = file.read_bytes() if file.exists() else "\n".join(lines).encode()
    async with aclosing(await sender(service, module_pools, "INT_OECD")) as oecd:
        await send(oecd, content)
        table = await rows(oecd, "DF_MIGFLOW")
    sent = list(csv.DictReader(io.StringIO(content.decode())))
    assert {(r["REF_AREA"], r["TIME_PERIOD"], float(r["OBS_VALUE"])) for r in table} == {
        (r["REF_AREA"], r["TIME_PERIOD"], float(r["OBS_VALUE"])) for r in sent
    }
    assert {row["CITIZENSHIP"] for row in table} == {"_T"}


async def test_a_template_is_served_with_what_is_to_be_filled_in(service: FastAPI) -> None:
    base = service.state.settings.base_url
    transport = httpx.ASGITransport(service)
    async with httpx.AsyncClient(transport=transport, base_url=base) as anyone:
        reply = await anyone.get(
            "/sdmx/v2/structure/structuremap/VIPMG.SUR_VZ/SM_NATIONAL/1.0.0-draft",
            params={"references": "descendants"},
            headers={"Accept": JSON},
        )
    assert reply.status_code == 200
    data = reply.json()["data"]
    [note] = data["structureMaps"][0]["annotations"]
    assert "vista previa" in note["texts"]["es"] or "pruebe" in note["texts"]["es"]
    own = [one for one in data["codelists"] if one["agencyID"] == "VIPMG.SUR_VZ"]
    assert [(one["id"], "codes" in one) for one in own] == [("CL_CATEGORY", False)]


def next_version(name: str, agency: str, resource_id: str) -> dict[str, Any]:
    document = deepcopy(artefact(name, agency, resource_id))
    document["version"] = "1.1.0"
    return document


async def post(client: httpx.AsyncClient, **data: list[dict[str, Any]]) -> httpx.Response:
    message = {"meta": {"id": "T", "prepared": "2026-01-01T00:00:00Z", "sender": {"id": "T"}},
               "data": data}  # fmt: skip
    return await client.post(
        "/sdmx/v2/structure",
        content=json.dumps(message, ensure_ascii=False).encode(),
        headers={"Content-Type": JSON, "Accept": "application/json"},
    )


async def test_an_agency_maintains_its_own_list_and_map_and_nobody_elses(
    service: FastAPI, module_pools: Pools
) -> None:
    agency = "VIPMG.HND_INM"
    listed = next_version("Codelist", agency, "CL_POBLACION")
    listed["codes"].append(
        {"id": "LGBTI", "name": "LGBTI", "names": {"en": "LGBTI", "es": "LGBTI"}}
    )
    table = next_version("RepresentationMap", agency, "RM_POBLACION")
    table["representationMappings"].append({"sourceValues": [{"value": "LGBTI"}]})
    other = next_version("RepresentationMap", "VIPMG.GTM_IGM", "RM_CATEGORIA_RETURN_IN")
    shared = next_version("RepresentationMap", "VIPMG", "RM_NATIONALITY")
    async with aclosing(await sender(service, module_pools, "HND_INM", [agency])) as honduras:
        made = await post(honduras, codelists=[listed], representationMaps=[table])
        assert made.status_code == 201, made.text
        for one in (other, shared):
            refused = await post(honduras, representationMaps=[one])
            assert refused.status_code == 403, refused.text
        path = f"/sdmx/v2/structure/representationmap/{agency}/RM_POBLACION/1.1.0"
        kept = (await honduras.get(path, headers={"Accept": JSON})).json()
        rows_kept = kept["data"]["representationMaps"][0]["representationMappings"]
        assert rows_kept[-1]["sourceValues"][0]["value"] == "LGBTI"
    async with aclosing(await sender(service, module_pools, "HND_INM")) as without_grant:
        again = deepcopy(table) | {"version": "1.2.0"}
        assert (await post(without_grant, representationMaps=[again])).status_code == 403


async def test_a_category_that_is_not_there_takes_a_list_and_a_table(
    service: FastAPI, module_pools: Pools
) -> None:
    # As docs/how-to/send-in-national-codes.md says.
    agency, word = "VIPMG.GTM_IGM", "Vía aérea de Canadá"
    content = (
        "Mes,Categoría,Cantidad\n"
        f"enero de 2025,{word},12\n"
        "enero de 2025,Vía aérea de Estados Unidos,13\n"
        "enero de 2025,Rechazados,40\n"
    ).encode()
    listed = next_version("Codelist", agency, "CL_CATEGORIA")
    listed["codes"].append({"id": "AEREA_CANADA", "name": word, "names": {"es": word}})
    table = next_version("RepresentationMap", agency, "RM_CATEGORIA_RETURN_IN")
    targets = ["IN", "CAN", "AIR", "_T", "_T", "PS"]
    table["representationMappings"].insert(
        0, {"sourceValues": [{"value": "AEREA_CANADA"}], "targetValues": targets}
    )
    flow = f"{agency}:DF_RETORNADOS(1.0.0)"
    async with aclosing(await sender(service, module_pools, "GTM_IGM", [agency])) as guatemala:
        refused = await guatemala.post(
            "/api/submissions",
            params={"dataflow": flow},
            content=content,
            headers={"Prefer": "wait=60", "Content-Type": "text/csv", "Accept-Language": "es"},
        )
        [told] = refused.json()["findings"]["first"]
        assert (told["code"], told["value"], told["nearest"]) == ("VIPMG-260", word, None)
        # Every map that could have taken the word, by its name.
        for named in ("Guatemaltecos retornados", "Personas rechazadas"):
            assert f"{named} ({agency}:RM_CATEGORIA_RE" in told["message"]
        made = await post(guatemala, codelists=[listed], representationMaps=[table])
        assert made.status_code == 201, made.text
        taken = await send(guatemala, content, flow)
        assert taken["state"] == "published", taken
        key = "DF_RETURN_IN/1.0.0/M.GTM.IN.CAN.GTM._T.AIR._T._T._T.PS"
        [row] = await rows(guatemala, f"{key}?c[TIME_PERIOD]=2025-01")
    assert (row["OBS_VALUE"], row["NAT_CATEGORY"]) == ("12", "AEREA_CANADA")


async def test_a_country_fills_in_its_template_and_its_own_file_is_read(
    service: FastAPI, module_pools: Pools
) -> None:
    agency = "VIPMG.BLZ_DOI"
    draft = "1.0.0-draft"

    def stable(name: str, resource_id: str) -> dict[str, Any]:
        document = artefact(name, agency, resource_id, draft)
        text = json.dumps(document).replace(draft, "1.0.0")
        filled: dict[str, Any] = json.loads(text)
        return filled

    listed, table = stable("Codelist", "CL_CATEGORY"), stable("RepresentationMap", "RM_CATEGORY")
    # The word is of this test: no category of Belize has been seen.
    listed["codes"] = [{"id": "T", "name": "Of a test", "names": {"en": "Of a test", "es": "X"}}]
    table["representationMappings"] = [
        {"sourceValues": [{"value": "T"}], "targetValues": ["TOU"]}
    ]  # fmt: skip
    async with aclosing(await sender(service, module_pools, "BLZ_DOI", [agency])) as belize:
        made = await post(
            belize,
            codelists=[listed],
            conceptSchemes=[stable("ConceptScheme", "CS_NATIONAL")],
            dataStructures=[stable("DataStructure", "DSD_NATIONAL")],
            dataflows=[stable("Dataflow", "DF_NATIONAL")],
            representationMaps=[table],
            structureMaps=[stable("StructureMap", "SM_NATIONAL")],
        )
        assert made.status_code == 201, made.text
        content = b"Month,Category,Nationality,Number\nMay 2025,of a test,Canada,12\n"
        await send(belize, content, f"{agency}:DF_NATIONAL(1.0.0)")
        path = "DF_ENTRY_EXIT/1.0.0/M.BLZ.ENT.REG.CAN._T._T._T._T.TOU._T._T.EVT"
        [row] = await rows(belize, f"{path}?c[TIME_PERIOD]=2025-05")
    assert row["OBS_VALUE"] == "12"


async def test_what_another_agency_writes_about_a_table_runs_on_nobodys_files(
    service: FastAPI, module_pools: Pools
) -> None:
    own = artefact("StructureMap", "VIPMG.GTM_IGM", "SM_RETURN_IN")
    spy = deepcopy(own) | {"agencyID": "VIPMG.HND_INM", "id": "SM_SPY"}
    async with aclosing(
        await sender(service, module_pools, "HND_INM", ["VIPMG.HND_INM"])
    ) as honduras:
        made = await post(honduras, structureMaps=[spy])
        assert made.status_code == 201, made.text
    content = (DEMO / "national" / "gtm_igm_retornados.csv").read_bytes()
    async with aclosing(await sender(service, module_pools, "GTM_IGM")) as guatemala:
        reply = await guatemala.post(
            "/api/submissions",
            params={"dataflow": "VIPMG.GTM_IGM:DF_RETORNADOS(1.0.0)", "validate-only": "true"},
            content=content,
            headers={"Prefer": "wait=60", "Content-Type": "text/csv"},
        )
    told = reply.json()
    assert told["state"] == "validated", told
    assert {each["map"].rpartition("=")[2] for each in told["mapping"]} == {
        "VIPMG.GTM_IGM:SM_RETURN_IN(1.0.0)",
        "VIPMG.GTM_IGM:SM_REFUSAL(1.0.0)",
    }


async def test_what_a_file_says_nothing_of_is_told_and_not_published(
    service: FastAPI, module_pools: Pools
) -> None:
    """A row without a figure; then a category that was part of the sum and is not in the file."""
    flow = "VIPMG.MEX_UPMRIP:DF_ENTRADAS(1.0.0)"
    header = "Mes,Condición de estancia,Nacionalidad,Eventos\n"
    start = "enero de 2016,Residente"
    async with aclosing(await sender(service, module_pools, "MEX_UPMRIP")) as client:
        lines = f"{start} temporal,Cuba,5\n{start} permanente,Cuba,4\n{start} temporal,Haití,\n"
        first = await send(client, (header + lines).encode(), flow)
        assert first["findings"]["by_code"] == {"VIPMG-334": 1}
        [blank] = first["mapping"][0]["left_out_values"]
        assert (blank["why"], blank["components"], blank["rows"]) == ("no figure", ["eventos"], 1)
        second = await send(client, f"{header}{start} temporal,Cuba,6\n".encode(), flow)
        [told] = second["findings"]["first"]
        assert (told["code"], told["row"], told["column"]) == ("VIPMG-335", 2, "condicion_estancia")
        path = "DF_ENTRY_EXIT/1.0.0/M.MEX.ENT.*.*.*.*.*.*.*.*.*.*?c[TIME_PERIOD]=2016-01"
        kept = await rows(client, path)
    assert [(row["CITIZENSHIP"], row["OBS_VALUE"]) for row in kept] == [("CUB", "6")]
