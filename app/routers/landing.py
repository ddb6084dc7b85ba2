"""Two pages for people: where to begin, and what the error codes mean."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from app.http.errors import DOCUMENTATION, LANGUAGES
from app.sdmx.negotiation import negotiate_language
from app.services.read_documentation import error_tables

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
_LINKS: Final = (
    ("/sdmx/v2/structure/dataflow", "Dataflows", "Flujos de datos"),
    ("/sdmx/v2/structure/codelist", "Codelists", "Listas de códigos"),
    ("/docs", "The API, to try", "La API, para probar"),
    (DOCUMENTATION, "Errors and findings", "Errores y hallazgos"),
    ("/openapi.json", "OpenAPI description", "Descripción OpenAPI"),
)
_TITLES: Final = {
    "en": ("VIPMG exchange", "Migration statistics of twelve countries, in SDMX.", "Errors"),
    "es": ("Intercambio PIVGM", "Estadísticas migratorias de doce países, en SDMX.", "Errores"),
}


@router.api_route("/", methods=["GET", "HEAD"])
async def get_landing(request: Request) -> HTMLResponse:
    """Tell a person with a browser where to begin."""
    language = _language(request)
    title, summary, _ = _TITLES[language]
    place = 1 + LANGUAGES.index(language)
    items = "".join(
        f'<li><a href="{each[0]}">{each[place]}</a> <code>{each[0]}</code></li>' for each in _LINKS
    )
    return _page(language, title, f"<p>{summary}</p><ul>{items}</ul>")


@router.api_route(DOCUMENTATION, methods=["GET", "HEAD"])
async def get_error_codes(request: Request) -> HTMLResponse:
    """Tell cause and cure of every code."""
    language = _language(request)
    return _page(language, _TITLES[language][2], error_tables(language))


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
