"""Agreements, templates, layouts and workbooks over HTTP, with the worker as in production."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openpyxl
import pytest
from fastapi import FastAPI

from app.sheets.template import XLSX_MEDIA_TYPE
from app.store.pools import Pools
from tests.api.test_submissions import sender, service, worker
from tests.sheets.workbooks import (
    USUAL,
    bulletin,
    bulletin_layout,
    fill,
    plain,
    saved,
    sheet_of,
)

__all__ = ["service", "worker"]

ID = "PA_ENTRY_EXIT_CRI_DGME"
AGREEMENT = f"/api/agreements/{ID}"
XLSX = {"Content-Type": XLSX_MEDIA_TYPE, "Prefer": "wait=60"}
DATA = "/sdmx/v2/data/dataflow/VIPMG/DF_ENTRY_EXIT/1.0.0/*"


@pytest.fixture
async def costa_rica(service: FastAPI, pools: Pools) -> AsyncIterator[httpx.AsyncClient]:
    client = await sender(service, pools, "CRI_DGME")
    yield client
    await client.aclose()


async def send(client: httpx.AsyncClient, content: bytes, query: str = "") -> dict[str, Any]:
    reply = await client.post(f"/api/submissions{query}", content=content, headers=XLSX)
    assert reply.status_code in {201, 422}, reply.text
    told: dict[str, Any] = reply.json()
    return told


async def template(client: httpx.AsyncClient, query: str = "") -> openpyxl.Workbook:
    reply = await client.get(f"{AGREEMENT}/template.xlsx{query}")
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == XLSX_MEDIA_TYPE
    return openpyxl.load_workbook(io.BytesIO(reply.content))


async def test_agreements_are_those_of_the_caller(
    service: FastAPI, pools: Pools, costa_rica: httpx.AsyncClient
) -> None:
    told = (await costa_rica.get("/api/agreements")).json()["agreements"]
    assert all(each["provider"] == "CRI_DGME" for each in told)
    mine = next(each for each in told if each["id"] == ID)
    assert mine["dataflow"]["id"] == "VIPMG:DF_ENTRY_EXIT(1.0.0)"
    assert mine["frequency"] == "M"
    assert mine["dimensions"][:2] == ["FREQ", "REF_AREA"]
    assert mine["fixed"]["SOURCE_TYPE"] == "BCR"
    assert mine["coverage"] == {
        "series": 0,
        "observations": 0,
        "first_day": None,
        "last_day": None,
    }
    for address in (mine["links"]["self"], AGREEMENT, f"/api/agreements/{mine['agreement']}"):
        assert (await costa_rica.get(address)).json() == mine
    assert (await costa_rica.get(mine["links"]["template"])).status_code == 200
    assert (await costa_rica.get(mine["links"]["template_cross"])).status_code == 200
    other = await costa_rica.get("/api/agreements/PA_ENTRY_EXIT_PAN_SNM")
    assert (other.status_code, other.json()["code"]) == (404, "VIPMG-102")
    costa_rica.headers.pop("Authorization")
    assert (await costa_rica.get("/api/agreements")).status_code == 401
    assert (await costa_rica.get(f"{AGREEMENT}/template.xlsx")).status_code == 401


async def test_a_template_filled_in_is_published_in_both_layouts(
    worker: None, costa_rica: httpx.AsyncClient
) -> None:
    book = await template(costa_rica, "?language=es")
    assert book.active.title == "Datos"
    fill(book, [{**USUAL, "CITIZENSHIP": "MEX: México", "OBS_VALUE": 41}])
    told = await send(costa_rica, saved(book))
    assert (told["state"], told["rows"]) == ("published", 1), told
    book = await template(
        costa_rica, "?layout=cross&across=TIME_PERIOD&period=2024-02/2024-03&language=en"
    )
    assert book.active.title == "Data"
    fill(book, [{**USUAL, "TIME_PERIOD=2024-02": 42, "TIME_PERIOD=2024-03": 43.5}])
    told = await send(costa_rica, saved(book))
    assert (told["state"], told["rows"]) == ("published", 2), told
    data = await costa_rica.get(DATA, headers={"Accept": "application/vnd.sdmx.data+csv"})
    lines = [line.split(",") for line in data.text.splitlines()]
    place = {name: number for number, name in enumerate(lines[0])}
    found = {(row[place["TIME_PERIOD"]], row[place["OBS_VALUE"]]) for row in lines[1:]}
    assert found == {("2024-01", "41"), ("2024-02", "42"), ("2024-03", "43.5")}
    coverage = (await costa_rica.get(AGREEMENT)).json()["coverage"]
    assert coverage == {
        "series": 1,
        "observations": 3,
        "first_day": "2024-01-01",
        "last_day": "2024-03-31",
    }


async def test_what_cannot_be_a_template_is_told(costa_rica: httpx.AsyncClient) -> None:
    for query, code in (
        ("?layout=cross&across=NOTHING", "VIPMG-109"),
        ("?layout=cross&across=CITIZENSHIP", "VIPMG-109"),
        ("?period=yesterday", "VIPMG-100"),
        ("?period=1900/2100", "VIPMG-100"),
        ("?layout=other", "VIPMG-100"),
        ("?language=pt", "VIPMG-100"),
        ("?across=NOTHING", "VIPMG-109"),
        ("?layout=rows&across=SEX", "VIPMG-109"),
    ):
        reply = await costa_rica.get(f"{AGREEMENT}/template.xlsx{query}")
        assert (reply.status_code, reply.json()["code"]) == (400, code), query
    reply = await costa_rica.get(f"{AGREEMENT}/template.xlsx?layout=wide")
    assert "layout (allowed: rows or cross)" in reply.json()["detail"]


async def test_a_dimension_across_makes_a_cross_table(costa_rica: httpx.AsyncClient) -> None:
    across = await costa_rica.get(f"{AGREEMENT}/template.xlsx?across=SEX&language=es")
    cross = await costa_rica.get(f"{AGREEMENT}/template.xlsx?layout=cross&across=SEX&language=es")
    assert across.status_code == 200, across.text
    assert heads_of(across.content) == heads_of(cross.content)
    assert heads_of(across.content) != heads_of(
        (await costa_rica.get(f"{AGREEMENT}/template.xlsx?language=es")).content
    )


def heads_of(content: bytes) -> list[object]:
    """The first rows of the sheets of a workbook."""
    sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    return [cell.value for sheet in sheets for row in sheet.iter_rows(max_row=6) for cell in row]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"sheet": "x", "columns": {}, "firstDataRow": 2}', "el campo `sheet` no se conoce"),
        ('{"columns": {}}', "falta el campo `firstDataRow`"),
        ('{"columns": [], "firstDataRow": 2}', "se esperaba `object`, no `array`"),
    ],
)
async def test_a_layout_of_another_shape_is_told_in_spanish(
    costa_rica: httpx.AsyncClient, body: str, told: str
) -> None:
    headers = {"Content-Type": "application/json", "Accept-Language": "es"}
    reply = await costa_rica.put(f"{AGREEMENT}/layouts/x", content=body, headers=headers)
    assert reply.status_code == 422
    assert told in reply.text


async def test_the_report_comes_back_as_the_workbook_that_was_sent(
    worker: None, costa_rica: httpx.AsyncClient
) -> None:
    content = plain({"CITIZENSHIP": "Guatemela"}, {"OBS_VALUE": "doce", "SEX": "F"})
    headers = XLSX | {"Content-Disposition": 'attachment; filename="enero.xlsx"'}
    reply = await costa_rica.post(
        f"/api/submissions?agreement={ID}", content=content, headers=headers
    )
    told = reply.json()
    assert (reply.status_code, told["state"]) == (422, "rejected")
    first = {(each["code"], each["place"]): each for each in told["findings"]["first"]}
    assert first["VIPMG-210", "Hoja1!B2"]["nearest"] == "GTM"
    assert ("VIPMG-212", "Hoja1!S3") in first
    report = await costa_rica.get(f"/api/submissions/{told['id']}/report.xlsx?lang=es")
    assert report.status_code == 200, report.text
    assert "enero-report.xlsx" in report.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(report.content))
    assert book.sheetnames == ["Hoja1", "Informe"]
    assert "GTM" in book["Hoja1"]["B2"].comment.text
    # Mended in that very workbook and sent again, it is accepted.
    book["Hoja1"]["B2"], book["Hoja1"]["S3"] = "Guatemala", 12
    told = await send(costa_rica, saved(book), f"?agreement={ID}")
    assert told["state"] == "published", told
    missing = await costa_rica.get("/api/submissions/none/report.xlsx")
    assert missing.status_code == 404


async def test_a_workbook_that_is_not_opened_is_a_rejected_submission(
    worker: None, costa_rica: httpx.AsyncClient
) -> None:
    told = await send(costa_rica, b"PK\x03\x04 and nothing more")
    [finding] = told["findings"]["first"]
    assert (told["state"], finding["code"], finding["rule"]) == (
        "rejected",
        "VIPMG-201",
        "xlsx-broken",
    )
    assert "libro" in finding["messages"]["es"]
    report = await costa_rica.get(f"/api/submissions/{told['id']}/report.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(report.content))
    assert book.sheetnames == ["Report"]
    told = await send(costa_rica, sheet_of([list(USUAL), list(USUAL.values())]))
    assert told["findings"]["first"][0]["rule"] == "xlsx-agreement"


async def test_a_layout_is_saved_tried_and_used(
    worker: None, costa_rica: httpx.AsyncClient
) -> None:
    address = f"{AGREEMENT}/layouts/boletin-1.1"
    json_type = {"Content-Type": "application/json"}
    wrong = bulletin_layout(columns={"CITIZENSHIPP": "B"})
    reply = await costa_rica.put(address, content=json.dumps(wrong), headers=json_type)
    assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-132")
    assert "columns.CITIZENSHIPP" in {each["path"] for each in reply.json()["problems"]}
    layout = bulletin_layout()
    reply = await costa_rica.put(address, content=json.dumps(layout), headers=json_type)
    assert reply.status_code == 201, reply.text
    preview = await costa_rica.post(f"{address}/preview", content=bulletin(), headers=XLSX)
    assert preview.status_code == 200, preview.text
    told = preview.json()
    assert len(told["rows"]) == 15 and told["is_whole"]
    assert told["rows"][0]["place"] == "'Cuadro 1.1'!C7"
    assert told["rows"][0]["values"]["OBS_VALUE"] == "1234"
    [finding] = told["findings"]
    assert (finding["place"], finding["nearest"]) == ("'Cuadro 1.1'!B8", "USA")
    layout["codes"] = {"CITIZENSHIP": {"Estados Unidos": "USA"}}
    reply = await costa_rica.put(address, content=json.dumps(layout), headers=json_type)
    assert reply.status_code == 200
    assert (await costa_rica.get(address)).json()["layout"]["codes"] == layout["codes"]
    listed = (await costa_rica.get(f"{AGREEMENT}/layouts")).json()["layouts"]
    assert [each["name"] for each in listed] == ["boletin-1.1"]
    told = await send(costa_rica, bulletin(), f"?layout=boletin-1.1&agreement={ID}")
    assert (told["state"], told["rows"]) == ("published", 15), told["findings"]
    assert (await costa_rica.delete(address)).status_code == 204
    assert (await costa_rica.get(address)).status_code == 404
    assert (await costa_rica.delete(address)).status_code == 404


async def test_a_layout_needs_an_agreement_that_is_the_callers(
    costa_rica: httpx.AsyncClient,
) -> None:
    content = bulletin()
    for query, status in (
        ("?layout=boletin", 400),
        (f"?layout=boletin&agreement={ID}", 404),
        ("?agreement=PA_ENTRY_EXIT_PAN_SNM", 404),
    ):
        reply = await costa_rica.post(f"/api/submissions{query}", content=content, headers=XLSX)
        assert reply.status_code == status, (query, reply.text)
    reply = await costa_rica.put(
        f"{AGREEMENT}/layouts/..", content="{}", headers={"Content-Type": "application/json"}
    )
    assert reply.status_code in {400, 404, 405}
    for body, path in (("[1]", ""), ("{", ""), ('{"columns": {}, "columns": {}}', "")):
        reply = await costa_rica.put(
            f"{AGREEMENT}/layouts/x", content=body, headers={"Content-Type": "application/json"}
        )
        assert (reply.status_code, reply.json()["code"]) == (422, "VIPMG-132"), body
        assert reply.json()["problems"][0]["path"] == path
    reply = await costa_rica.put(
        f"{AGREEMENT}/layouts/x", content="a: 1", headers={"Content-Type": "text/yaml"}
    )
    assert reply.status_code == 415


async def test_a_layout_that_does_not_suit_any_more_is_told_with_its_place(
    worker: None, pools: Pools, costa_rica: httpx.AsyncClient
) -> None:
    """What a submission was sent with is kept, and held to the structures as they are."""
    address = f"{AGREEMENT}/layouts/boletin"
    body = json.dumps(bulletin_layout())
    await costa_rica.put(address, content=body, headers={"Content-Type": "application/json"})
    await pools.writer.execute(
        "UPDATE layout_profile SET document = replace(document::text, 'CITIZENSHIP', 'GONE')::json"
    )
    told = await send(costa_rica, bulletin(), f"?layout=boletin&agreement={ID}")
    [finding] = told["findings"]["first"]
    assert (told["state"], finding["rule"]) == ("rejected", "xlsx-layout")
    assert "columns.GONE" in finding["value"]
