"""Pages for people: where to begin, the API to try, and what the error codes mean.

They need nothing from other sites, so that they work where there is no internet. The files of
Swagger UI come from the package `fastapi-offline`.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse

from app.errors import NotFoundError
from app.http.errors import DOCUMENTATION, LANGUAGES
from app.sdmx.negotiation import negotiate_language
from app.services.read_documentation import SECTIONS, error_tables

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Vary": "Accept-Language",
}
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}th,td{text-align:left;vertical-align:top;"
    "padding:.3rem .6rem;border-bottom:1px solid #ccc}tr:target{background:#fff3c4}"
    "td:first-child{white-space:nowrap}"
)
_DOCS: Final = "/docs"
_ASSETS: Final = MappingProxyType(
    {
        name: Path(str(files("fastapi_offline") / "static" / name))
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")
    }
)
_SCRIPT, _SHEET, _ICON = (f"{_DOCS}/assets/{name}" for name in _ASSETS)
_DOCS_HEADERS: Final = {
    "Cache-Control": "public, max-age=300",
    # A token may come from an issuer at another address; all else is ours.
    "Content-Security-Policy": "default-src 'none'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src *",
}
_LINKS: Final = (
    ("/sdmx/v2/structure/dataflow", "Dataflows", "Flujos de datos"),
    ("/sdmx/v2/structure/codelist", "Codelists", "Listas de códigos"),
    (_DOCS, "The API, to try", "La API, para probar"),
    (DOCUMENTATION, "Errors and findings", "Errores y hallazgos"),
    ("/openapi.json", "OpenAPI description", "Descripción OpenAPI"),
)
_ADDRESSES: Final = (
    ("/sdmx/v2", "for tools that speak SDMX 3", "para herramientas de SDMX 3"),
    ("/sdmx/v1", "for tools that speak SDMX 2.1", "para herramientas de SDMX 2.1"),
)
_TITLES: Final = {
    "en": ("VIPMG exchange", "Migration statistics of twelve countries, in SDMX."),
    "es": ("Intercambio PIVGM", "Estadísticas migratorias de doce países, en SDMX."),
}


@router.api_route("/", methods=["GET", "HEAD"])
async def get_landing(request: Request) -> HTMLResponse:
    """Tell a person with a browser where to begin."""
    language = _language(request)
    title, summary = _TITLES[language]
    place = 1 + LANGUAGES.index(language)
    items = "".join(
        f'<li><a href="{each[0]}">{each[place]}</a> <code>{each[0]}</code></li>' for each in _LINKS
    )
    base = escape(request.app.state.settings.base_url)
    addresses = "".join(
        f"<li><code>{base}{each[0]}</code>: {each[place]}</li>" for each in _ADDRESSES
    )
    content = f"<p>{summary}</p><ul>{addresses}</ul><ul>{items}</ul>"
    return _page(language, title, content)


@router.api_route(DOCUMENTATION, methods=["GET", "HEAD"])
async def get_error_codes(request: Request) -> HTMLResponse:
    """Tell cause and cure of every code."""
    accepted = request.headers.get("accept-language")
    language = negotiate_language(accepted, available=tuple(SECTIONS)).order[0]
    return _page(language, SECTIONS[language][0], error_tables(language))


@router.api_route(_DOCS, methods=["GET", "HEAD"])
async def get_documentation(request: Request) -> HTMLResponse:
    """Show every path and parameter, to be tried (Swagger UI)."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=request.app.title,
        swagger_js_url=_SCRIPT,
        swagger_css_url=_SHEET,
        swagger_favicon_url=_ICON,
        swagger_ui_parameters={"validatorUrl": None},
    )
    page.headers.update(_DOCS_HEADERS)
    return page


@router.api_route(f"{_DOCS}/assets/{{name}}", methods=["GET", "HEAD"])
async def get_asset(name: str) -> FileResponse:
    """Give a file of Swagger UI."""
    path = _ASSETS.get(name)
    if path is None:
        raise NotFoundError(f"There is no {name[:80]}.", f"No existe {name[:80]}.")
    return FileResponse(path, headers={"Cache-Control": "public, max-age=86400"})


def _page(language: str, title: str, content: str) -> HTMLResponse:
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    )
    body = f"<h1>{escape(title)}</h1>{content}"
    page = f'<!doctype html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'
    return HTMLResponse(page, 200, _HEADERS | {"Content-Language": language})


def _language(request: Request) -> str:
    accepted = request.headers.get("accept-language")
    return negotiate_language(accepted, available=LANGUAGES).order[0]
