"""Reports: findings grouped by rule, as JSON, CSV and a page, by token and by a link of an hour."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
import json
import re
import uuid
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx
import openpyxl
import pytest

from app.auth.report_links import sign_report_link
from app.settings import Settings
from app.store.pools import Pools
from tests.exchange import Exchange, open_exchange, small
from tests.structures import CRI, SLV

WRONG = small(
    "A,CRI,2024,n.d.,A",
    *(f"A,CRX,{year},1,A" for year in range(2001, 2008)),
    "A,CRI,31/12/2024,1,A",
    "A,CRI,2025,1,A",
    "A,CRX,2025,1,Q",
)
CL_AREA = "CL_AREA en español"
REPORT_COLUMNS = [
    *("row", "column", "value", "code", "rule", "allowed", "nearest", "message"),
    *("severity", "place", "file", "mend"),
]


@pytest.fixture
async def exchange(pools: Pools, settings: Settings) -> AsyncIterator[Exchange]:
    async with open_exchange(pools, settings) as opened:
        yield opened


async def sent(exchange: Exchange, text: str | bytes = WRONG) -> str:
    """The address of the report of a file that CRI sent."""
    decision = await exchange.desk.send(text)
    return f"/api/submissions/{decision.submission.id}/report"


async def ask(
    exchange: Exchange, path: str, organisation: str = CRI, **headers: str
) -> httpx.Response:
    token = await exchange.token(organisation)
    return await exchange.client.get(path, headers=token | headers)


async def test_a_column_has_the_name_that_people_know(exchange: Exchange) -> None:
    address = await sent(exchange)
    spanish = (await ask(exchange, f"{address}?format=json&lang=es")).json()
    english = (await ask(exchange, f"{address}?format=json&lang=en")).json()
    names = [
        {group["column"]: group["column_name"] for group in report["groups"]}
        for report in (spanish, english)
    ]
    assert (names[0]["REF_AREA"], names[1]["REF_AREA"]) == (
        "REF_AREA en español",
        "REF_AREA in English",
    )
    page = await ask(exchange, f"{address}?format=html&lang=es")
    assert re.search(r"REF_AREA en español <code>(<bdi>)?REF_AREA(</bdi>)?</code>", page.text)


class Page(HTMLParser):
    """What a page is made of: its elements, and its text."""

    VOID = frozenset({"meta", "br", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == [], "elements are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def attributes(self, name: str) -> list[str]:
        return [value or "" for _, given in self.elements if (value := given.get(name)) is not None]


async def test_one_mistake_is_told_once_with_all_its_rows(exchange: Exchange) -> None:
    report = (await ask(exchange, await sent(exchange))).json()
    assert (report["state"], report["errors"], report["warnings"]) == ("rejected", 11, 0)
    told = {(group["code"], group["column"]): group for group in report["groups"]}
    codes = told["VIPMG-210", "REF_AREA"]
    assert (codes["rows"], codes["count"], codes["rule"]) == ("3-9, 12", 8, "TST:CL_AREA(1.0.0)")
    [value] = codes["values"]
    assert (value["value"], value["rows"], value["nearest"]) == ("CRX", "3-9, 12", "CRI")
    assert told["VIPMG-213", "TIME_PERIOD"]["pattern"] == "9/9/9"
    assert told["VIPMG-212", "OBS_VALUE"]["allowed"] == "Decimal"
    assert all(group["mend"] and group["cause"] for group in report["groups"])
    assert sum(group["count"] for group in report["groups"]) == report["errors"]


@pytest.mark.parametrize(
    ("language", "mend"),
    [
        ("en", "Use a code of the list; the nearest one is shown."),
        ("es", "Use un código de la lista; se muestra el más parecido."),
        ("fr", "Utilisez un code de la liste ; le plus proche est indiqué."),
        ("nl", "Gebruik een code uit de lijst; de code die er het meest op lijkt staat erbij."),
    ],
)
async def test_the_report_speaks_the_language_of_the_caller(
    exchange: Exchange, language: str, mend: str
) -> None:
    path = await sent(exchange)
    by_header = await ask(exchange, path, **{"Accept-Language": language})
    by_parameter = await ask(exchange, f"{path}?lang={language}", **{"Accept-Language": "de"})
    assert by_header.json() == by_parameter.json()
    assert by_header.headers["Content-Language"] == language
    report = by_header.json()
    group = next(one for one in report["groups"] if one["code"] == "VIPMG-210")
    assert (report["language"], group["mend"]) == (language, mend)
    assert set(group["mends"]) == {"en", "es", "fr", "nl"}
    page = Page((await ask(exchange, f"{path}?format=html&lang={language}")).text)
    assert mend in page.text
    assert ("html", {"lang": language}) in page.elements


async def test_a_language_or_a_format_that_is_not_there_is_refused(exchange: Exchange) -> None:
    path = await sent(exchange)
    for query in ("lang=de", "format=pdf"):
        reply = await ask(exchange, f"{path}?{query}")
        assert (reply.status_code, reply.json()["code"]) == (406, "VIPMG-103")


async def test_a_type_is_told_as_people_say_it_on_the_page_too(exchange: Exchange) -> None:
    path = await sent(exchange)
    page = Page((await ask(exchange, f"{path}?format=html&lang=es")).text)
    assert "Decimal" not in page.text
    assert "(OBS_VALUE), que admite un número." in page.text
    assert "un número" in page.words, "what is allowed stands beside the rule"


async def test_a_rule_is_called_by_its_name_with_its_id_beside(exchange: Exchange) -> None:
    path = await sent(exchange)
    report = (await ask(exchange, f"{path}?lang=es")).json()
    group = next(one for one in report["groups"] if one["code"] == "VIPMG-210")
    assert (group["rule"], group["rule_name"]) == ("TST:CL_AREA(1.0.0)", CL_AREA)
    said = (
        f"CRX no es un código de {CL_AREA} (TST:CL_AREA(1.0.0)) para "
        "REF_AREA en español (REF_AREA). ¿Quiso decir CRI?"
    )
    assert group["first"][0]["message"] == said
    page = (await ask(exchange, f"{path}?format=html&lang=es")).text
    assert f"{CL_AREA} <code><bdi>TST:CL_AREA(1.0.0)</bdi></code>" in page
    findings = path.removesuffix("report") + "findings?lang=es"
    for form in (f"{path}?format=csv&lang=es", f"{findings}&format=csv", findings):
        assert said in (await ask(exchange, form, **{"Accept-Language": "es"})).text


async def test_a_report_as_a_workbook_calls_columns_by_their_names(exchange: Exchange) -> None:
    path = (await sent(exchange)).removesuffix("report") + "report.xlsx"
    reply = await ask(exchange, path, **{"Accept-Language": "es"})
    book = openpyxl.load_workbook(io.BytesIO(reply.content))
    rows, report = book["Filas"], book["Informe"]
    assert "REF_AREA en español (REF_AREA)" in [cell.value for cell in rows[1]]
    notes = [cell.comment.text for row in rows for cell in row if cell.comment]
    assert any(f"{CL_AREA} (TST:CL_AREA(1.0.0))" in note for note in notes)
    told = {cell.value for row in report for cell in row}
    assert "REF_AREA en español (REF_AREA)" in told
    assert not told & {"REF_AREA", "TIME_PERIOD", "OBS_VALUE"}, "ids stand beside names"


async def test_all_findings_stand_in_the_table_grouped_by_rule(exchange: Exchange) -> None:
    reply = await ask(exchange, await sent(exchange), Accept="text/csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in reply.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(reply.text.removeprefix("\ufeff"))))
    assert rows[0] == REPORT_COLUMNS
    assert len(rows) == 1 + 11
    assert [row[3] for row in rows[1:]] == sorted(row[3] for row in rows[1:])
    places = [int(row[0]) for row in rows if row[1] == "REF_AREA"]
    assert places == [*range(3, 10), 12]
    assert all(row[-1] for row in rows), "each row says how to mend it"


async def test_the_page_is_whole_in_itself_and_loads_nothing(exchange: Exchange) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    reply = await ask(exchange, await sent(exchange), Accept=accept)
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert reply.headers["Cache-Control"] == "private, no-store"
    page = Page(reply.text)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "link", "iframe", "form", "input", "object"}
    assert page.attributes("style") == []
    assert not [name for _, given in page.elements for name in given if name.startswith("on")]
    assert all(one["scope"] in {"row", "col"} for tag, one in page.elements if tag == "th")
    assert tags >= {"main", "h1", "h2", "caption", "nav"}
    for anchor in page.attributes("href"):
        if anchor.startswith("#"):
            assert anchor[1:] in page.attributes("id")
    assert "3-9, 12" in page.text
    assert "CRX" in page.text


HOSTILE = [
    "<script>alert(1)</script>",
    "</code></bdi><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "a\u202egpj.exe",
    "\u200bCRI",
]


@pytest.mark.parametrize("value", HOSTILE)
async def test_what_the_file_says_is_text_and_nothing_else(exchange: Exchange, value: str) -> None:
    path = await sent(exchange, small(f'A,"{value}",2024,1,A'))
    reply = await ask(exchange, f"{path}?format=html")
    page = Page(reply.text)
    assert not {tag for tag, _ in page.elements} & {"script", "img", "b"}
    shown = value.replace("\u202e", "[U+202E]").replace("\u200b", "[U+200B]")
    assert shown in page.text
    assert "\u202e" not in reply.text
    assert "\u200b" not in reply.text


async def test_a_name_of_a_file_is_text_too(exchange: Exchange) -> None:
    token = await exchange.token(CRI)
    name = {"Content-Disposition": 'attachment; filename="<b>x</b>.csv"'}
    content = {"Content-Type": "text/csv"}
    reply = await exchange.client.post(
        "/api/submissions", headers=token | name | content, content=WRONG
    )
    number = reply.json()["id"]
    await exchange.desk.process(uuid.UUID(number))
    page = Page((await ask(exchange, f"/api/submissions/{number}/report?format=html")).text)
    assert "b" not in {tag for tag, _ in page.elements}


async def test_an_accepted_file_has_a_report_without_groups(exchange: Exchange) -> None:
    path = await sent(exchange, small("A,CRI,2024,1,A"))
    report = (await ask(exchange, path)).json()
    assert (report["state"], report["groups"], report["errors"]) == ("published", [], 0)
    page = Page((await ask(exchange, f"{path}?format=html&lang=es")).text)
    assert "Aceptado. No hay nada que corregir." in page.text


async def test_a_submission_that_is_not_decided_says_so(exchange: Exchange) -> None:
    number = await exchange.desk.put(WRONG)
    path = f"/api/submissions/{number}/report"
    page = Page((await ask(exchange, f"{path}?format=html")).text)
    assert "Not decided yet" in page.text


async def test_a_report_is_for_its_own_organisation(exchange: Exchange) -> None:
    path = await sent(exchange)
    for each in (path, f"{path}?format=csv", f"{path}?format=html"):
        assert (await ask(exchange, each, SLV)).status_code == 404
        assert (await exchange.client.get(each)).status_code == 401
    token = await exchange.token(SLV)
    assert (await exchange.client.post(f"{path}-link", headers=token)).status_code == 404
    assert (await exchange.client.post(f"{path}-link")).status_code == 401


async def link(exchange: Exchange, path: str) -> dict[str, Any]:
    reply = await exchange.client.post(f"{path}-link", headers=await exchange.token(CRI))
    assert reply.status_code == 201, reply.text
    assert reply.headers["Location"] == reply.json()["url"]
    return dict(reply.json())


async def test_a_link_opens_the_report_without_a_token(exchange: Exchange) -> None:
    path = await sent(exchange)
    made = await link(exchange, path)
    ends = dt.datetime.fromisoformat(made["expires_at"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(minutes=59) < ends <= dt.timedelta(hours=1)
    page = await exchange.client.get(made["url"], headers={"Accept": "text/html"})
    assert "3-9, 12" in Page(page.text).text
    table = await exchange.client.get(f"{made['url']}?format=csv")
    assert len(table.text.splitlines()) == 12
    other = await exchange.client.get(f"{made['url']}?format=html&lang=fr")
    assert '<html lang="fr">' in other.text


async def test_a_link_is_no_token_and_a_token_is_no_link(exchange: Exchange) -> None:
    path = await sent(exchange)
    token = (await link(exchange, path))["url"].rpartition("/")[2]
    reply = await exchange.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert reply.status_code == 401
    access = (await exchange.token(CRI))["Authorization"].partition(" ")[2]
    assert (await exchange.client.get(f"/api/reports/{access}")).status_code == 403


async def test_a_link_that_was_changed_or_is_over_does_not_hold(exchange: Exchange) -> None:
    path = await sent(exchange)
    other = await sent(exchange, small("A,CRI,2024,x,A"))
    url = (await link(exchange, path))["url"]
    head, claims, signature = url.rpartition("/")[2].split(".")
    foreign = (await link(exchange, other))["url"].rpartition("/")[2].split(".")[1]
    for forged in (
        f"{head}.{foreign}.{signature}",
        f"{head}.{claims}.{signature[:-4]}AAAA",
        f"{head}.{claims}.",
        "nothing",
        "%00",
    ):
        reply = await exchange.client.get(f"/api/reports/{forged}")
        assert (reply.status_code, reply.json()["code"]) == (403, "VIPMG-111"), forged
    key = await exchange.service.state.link_keys.signing_key()
    base = exchange.service.state.settings.base_url
    number = path.split("/")[3]
    past = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    old = sign_report_link(key, base, number, CRI, past)
    reply = await exchange.client.get(f"/api/reports/{old}")
    assert reply.status_code == 403
    assert "hour of this link is over" in reply.json()["detail"]
    elsewhere = sign_report_link(key, "https://other", number, CRI, past + dt.timedelta(hours=1))
    assert (await exchange.client.get(f"/api/reports/{elsewhere}")).status_code == 403


async def test_a_link_reads_one_report_only(exchange: Exchange) -> None:
    url = (await link(exchange, await sent(exchange)))["url"]
    for method in ("POST", "PUT", "DELETE"):
        assert (await exchange.client.request(method, url)).status_code == 405
    assert (await exchange.client.get(f"{url}/content")).status_code == 404
    head = await exchange.client.head(url)
    assert (head.status_code, head.content) == (200, b"")


async def test_ten_thousand_wrong_rows_are_all_found(exchange: Exchange) -> None:
    lines = [f"A,CRI,{1000 + n},1,Q" for n in range(5000)]
    lines += [f"A,XX{n},{2000 + n % 20},1,A" for n in range(5000)]
    path = await sent(exchange, small(*lines))
    report = (await ask(exchange, path)).json()
    assert report["errors"] == 10_000
    status, area = report["groups"]
    assert (status["rows"], status["count"]) == ("2-5001", 5000)
    assert (area["rows"], area["count"], len(area["values"])) == ("5002-10001", 5000, 50)
    assert area["other_values"] == 4950
    table = (await ask(exchange, f"{path}?format=csv")).text
    assert len(table.splitlines()) == 10_001
    page = (await ask(exchange, f"{path}?format=html")).text
    assert "4,950 more rows" in page
    assert len(page) < 100_000
    assert len(re.findall("XX[0-9]+", page)) < 200


async def test_the_page_proposes_corrections_that_the_service_takes(exchange: Exchange) -> None:
    """What stands on the page, sent as it says, mends what has a nearest code."""
    path = await sent(exchange, small("A,CRX,2024,1,A", "A,CRX,2025,1,A"))
    text = (await ask(exchange, f"{path}?format=html")).text
    proposed = re.search(r"<pre>(\[.*?\])</pre>", text, re.DOTALL)
    address = re.search(r"--data @corrections\.json (\S+)</pre>", text)
    assert proposed is not None
    assert address is not None
    orders = json.loads(html.unescape(proposed[1]))
    assert orders == [{"column": "REF_AREA", "value": "CRX", "replacement": "CRI"}]
    token = await exchange.token(CRI)
    reply = await exchange.client.post(address[1], headers=token, json=orders)
    assert reply.status_code == 202, reply.text
    decision = await exchange.desk.process(uuid.UUID(reply.json()["id"]))
    assert decision.state == "published", decision.findings


async def test_practice_has_its_reports_and_links_to_them(exchange: Exchange) -> None:
    token = await exchange.token(CRI) | {"Content-Type": "text/csv"}
    reply = await exchange.client.post("/api/practice/submissions", headers=token, content=WRONG)
    number = reply.json()["id"]
    path = f"/api/practice/submissions/{number}/report"
    assert (await ask(exchange, path)).json()["links"]["self"].endswith(path)
    assert (await ask(exchange, f"/api/submissions/{number}/report")).status_code == 404
    url = (await link(exchange, path))["url"]
    opened = await exchange.client.get(url, headers={"Accept": "application/json"})
    assert opened.json()["submission"] == number


def form_of(page: Page) -> tuple[str, list[tuple[str, str]]]:
    """Where the form of a page goes, and what a browser would send of its fields."""
    [form] = [given for tag, given in page.elements if tag == "form"]
    fields = [given for tag, given in page.elements if tag == "input"]
    assert {given["form"] for given in fields} == {form["id"]}
    assert form["method"] == "post"
    return str(form["action"]), [(str(g["name"]), str(g["value"])) for g in fields]


async def correcting_link(exchange: Exchange, path: str) -> str:
    token = await exchange.token(CRI)
    reply = await exchange.client.post(f"{path}-link", headers=token, json={"may_correct": True})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["url"])


async def test_a_file_is_corrected_on_the_page_of_its_report(exchange: Exchange) -> None:
    """Without a program: the proposed code stands there, the other value is typed in."""
    path = await sent(exchange, small("A,CRX,2024,1,A", "A,CRX,2025,n.d.\u202e,A"))
    url = await correcting_link(exchange, path)
    reply = await exchange.client.get(f"{url}?format=html&lang=es")
    assert "form-action 'self'" in reply.headers["Content-Security-Policy"]
    assert "form-action 'self'" in reply.text
    page = Page(reply.text)
    assert "Enviar las correcciones" in page.text
    action, fields = form_of(page)
    assert fields[0::2] == [
        ("of", '["REF_AREA", "CRX"]'),
        ("of", '["OBS_VALUE", "n.d.\\u202e"]'),
    ]
    assert fields[1::2] == [("to", "CRI"), ("to", "")]
    fields[3] = ("to", "7")
    content = urlencode(fields)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await exchange.client.post(action, content=content, headers=form)
    assert reply.status_code == 303, reply.text
    location = reply.headers["Location"]
    assert location.endswith("?format=html&lang=es")
    waiting = await exchange.client.get(location)
    assert waiting.headers["Refresh"]
    report = (await exchange.client.get(location.partition("?")[0])).json()
    decision = await exchange.desk.process(uuid.UUID(report["submission"]))
    assert decision.state == "published", decision.findings
    assert decision.submission.client_id != "report-link"
    assert "Aceptado" in Page((await exchange.client.get(location)).text).text


async def test_a_link_for_reading_corrects_nothing(exchange: Exchange) -> None:
    path = await sent(exchange)
    url = (await link(exchange, path))["url"]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    content = urlencode([("of", '["REF_AREA","CRX"]'), ("to", "CRI")])
    reply = await exchange.client.post(f"{url}/corrections", content=content, headers=form)
    assert (reply.status_code, reply.json()["code"]) == (403, "VIPMG-111")
    page = Page((await exchange.client.get(f"{url}?format=html")).text)
    assert "form" not in {tag for tag, _ in page.elements}


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("", 422),
        ("of=%5B%22REF_AREA%22%2C%22CRX%22%5D&to=", 422),
        ("to=CRI", 422),
        ("of=1&to=CRI", 422),
        ("of=%5B%22A%22%2C%22%5Cud800%22%5D&to=x", 422),
        ("of=%5B%22A%22%2C%22%5Cu0000%22%5D&to=x", 422),
        ("of=" + "%5B" * 5000 + "&to=x", 422),
        ("of=%FF&to=x", 422),
        ("of=%5B%22REF_AREA%22%2C%22CRX%22%5D&to=" + "x" * (1 << 20), 413),
    ],
)
async def test_a_form_that_is_not_of_the_page_is_refused(
    exchange: Exchange, content: str, status: int
) -> None:
    url = await correcting_link(exchange, await sent(exchange))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await exchange.client.post(f"{url}/corrections", content=content, headers=form)
    assert reply.status_code == status, reply.text
