"""Errors to HTTP: the one table of statuses, and the only exception handlers.

On the routes of SDMX an error is a message of the family that was asked for, SDMX-JSON or
SDMX-ML (sdmx-rest 2.2, doc/status.md); elsewhere it is a problem (RFC 9457). All bear the stable
code of the error and lead to docs/errors.md, where cause and cure are told.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import errors
from app.errors import VipmgError
from app.http.interfaces import is_v1, kind_of
from app.sdmx.messages.error_message import (
    JSON_2_1,
    XML_2_1,
    ErrorForm,
    ErrorReport,
    choose_error_form,
    write_error_message,
)
from app.sdmx.negotiation import Options, negotiate_language, parse_options
from app.store.pools import is_retriable

SDMX_PATHS: Final = "/sdmx/"
DOCUMENTATION: Final = "/docs/errors"
RETRY_SECONDS: Final = 5
LANGUAGES: Final = ("en", "es")

_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_STORAGE_FULL: Final = "53100"
_OVERLOADED: Final = ("53", "55P03", "57014")

log = structlog.get_logger("vipmg.http")


class MethodNotAllowedError(VipmgError):
    """The address is there, but not for this method (HTTP 405)."""

    code: ClassVar[str] = "VIPMG-106"


class AddressTooLongError(VipmgError):
    """The URL or the header fields are longer than the service reads (HTTP 414)."""

    code: ClassVar[str] = "VIPMG-107"


class TooSlowError(VipmgError):
    """The body of the request came too slowly, or not at all (HTTP 408)."""

    code: ClassVar[str] = "VIPMG-108"
    retriable: ClassVar[bool] = True


class StorageFullError(VipmgError):
    """The disk of the database is full; nothing was stored (HTTP 507)."""

    code: ClassVar[str] = "VIPMG-151"
    retriable: ClassVar[bool] = True


PROBLEMS: Final[Mapping[type[VipmgError], tuple[int, str, str]]] = {
    VipmgError: (500, "Internal error", "Error interno"),
    errors.QuerySyntaxError: (400, "Query not understood", "Consulta no comprendida"),
    errors.QueryMisfitError: (
        400,
        "Query does not suit the structure",
        "La consulta no corresponde a la estructura",
    ),
    errors.QuerySemanticError: (
        422,
        "Cannot be done as asked",
        "No se puede hacer como se pidió",
    ),
    errors.NotFoundError: (404, "Not found", "No encontrado"),
    errors.NotAcceptableError: (406, "Representation not offered", "Representación no ofrecida"),
    errors.UnsupportedMediaTypeError: (415, "Format not read", "Formato no admitido"),
    errors.TooLargeError: (413, "Too large", "Demasiado grande"),
    errors.NotAuthenticatedError: (401, "Not authenticated", "Sin autenticación"),
    errors.NotAuthorisedError: (403, "Not authorised", "Sin autorización"),
    errors.ApprovalBySenderError: (
        403,
        "A second person has to approve",
        "Debe aprobar una segunda persona",
    ),
    errors.ConflictError: (409, "Conflict", "Conflicto"),
    errors.RepeatedContentError: (
        409,
        "Published before, and overtaken",
        "Publicado antes y ya superado",
    ),
    errors.StableArtefactChangedError: (
        409,
        "Stable artefact changed",
        "Artefacto estable alterado",
    ),
    errors.DestroyedError: (
        410,
        "Destroyed by a redaction",
        "Destruido por una supresión del historial",
    ),
    errors.NotUndoableError: (
        409,
        "Cannot be undone in this state",
        "No se puede deshacer en este estado",
    ),
    errors.IdempotencyKeyReusedError: (
        422,
        "Idempotency-Key reused",
        "Idempotency-Key reutilizada",
    ),
    errors.ChecksumMismatchError: (460, "Checksum differs", "Suma de verificación distinta"),
    errors.TooManyUploadsError: (429, "Too many uploads", "Demasiadas cargas en curso"),
    errors.PreconditionFailedError: (412, "Changed meanwhile", "Cambiado entretanto"),
    errors.MessageError: (422, "Message not readable", "Mensaje ilegible"),
    errors.InvalidArtefactError: (422, "Artefact not valid", "Artefacto no válido"),
    errors.InvalidLayoutError: (422, "Layout not valid", "Diseño no válido"),
    errors.AgreedFigureError: (422, "No figure to agree on", "Cifra que no se puede acordar"),
    errors.ConfigurationError: (500, "Service misconfigured", "Servicio mal configurado"),
    errors.BrokenSubmissionError: (500, "Processing broken", "Procesamiento interrumpido"),
    errors.UnavailableError: (503, "Not available now", "No disponible por ahora"),
    MethodNotAllowedError: (405, "Method not allowed", "Método no permitido"),
    AddressTooLongError: (414, "Address too long", "Dirección demasiado larga"),
    TooSlowError: (408, "Too slow", "Demasiado lento"),
    StorageFullError: (507, "Storage full", "Almacenamiento lleno"),
}
"""Status and title (English, Spanish) of every class of error."""

_V1_SEMANTIC: Final = (errors.QueryMisfitError, errors.QuerySemanticError)
_V1_SEMANTIC_STATUS: Final = 403
_SDMX_SEMANTIC: Final = 150
_SDMX_CODES: Final[Mapping[int, int]] = {
    400: 140,
    401: 110,
    403: 110,
    404: 100,
    413: 510,
    500: 500,
    501: 501,
    503: 503,
}
# SDMX leaves what it does not name to the service, from 1000 on.
_SDMX_CUSTOM: Final = 1000


def add_error_handlers(app: FastAPI) -> None:
    """Let every error leave the service in one of the two shapes, never with its input."""
    app.add_exception_handler(VipmgError, _answer_vipmg)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_middleware(UnexpectedErrors)


class UnexpectedErrors:
    """Answers what no handler knows: a lost database as 503, a fault of ours as 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request; answer in its place when it fails before it has begun to answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            log.info("client gone")
        except Exception as error:
            known = _known(error)
            if type(known) is not VipmgError:
                log.warning("database not usable", reason=repr(error))
            else:
                log.exception("unexpected error")
            if started:
                raise  # the connection is cut, so that nobody takes the part for the whole
            await error_response(Request(scope), known)(scope, receive, send)


def status_of(error: VipmgError) -> int:
    """The HTTP status of an error, on the 2.x paths and elsewhere."""
    return _problem(error)[0]


def error_response(
    request: Request, error: VipmgError, headers: Mapping[str, str] | None = None
) -> Response:
    """An error as a reply, in the shape of its route and the language of the caller."""
    status, *titles = _problem(error)
    if is_v1(request.scope) and isinstance(error, _V1_SEMANTIC):
        status = _V1_SEMANTIC_STATUS
    language = negotiate_language(
        request.headers.get("accept-language"), available=LANGUAGES
    ).order[0]
    title = dict(zip(LANGUAGES, titles, strict=True))
    sent = _headers(error, status) | dict(headers or {})
    vary = "Accept-Language"
    if request.scope["path"].startswith(SDMX_PATHS):
        form = _error_form(request)
        content = write_error_message(_report(request, error, status, title, language), form)
        media_type = _media_type(request, form)
        vary = "Accept, Accept-Language"
        sent["Link"] = f'<{_documentation(request, error)}>; rel="help"'
    else:
        media_type = "application/problem+json"
        body = _problem_object(request, error, status, title, language)
        content = orjson.dumps(body, default=str)
    sent |= {
        "Content-Language": language,
        "Content-Length": str(len(content)),
        "Cache-Control": "no-store",
        "Vary": vary,
    }
    if request.method == "HEAD":
        content = b""
    return Response(content, status, sent, media_type)


def _problem(error: VipmgError) -> tuple[int, str, str]:
    return next(PROBLEMS[each] for each in type(error).__mro__ if each in PROBLEMS)


def _headers(error: VipmgError, status: int) -> dict[str, str]:
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = str(error.detail.get("www_authenticate", "Bearer"))
    if error.retriable:
        headers["Retry-After"] = str(error.detail.get("retry_after", RETRY_SECONDS))
    if status in {408, 413}:
        headers["Connection"] = "close"  # the rest of the body is not read
    return headers


def _facts(error: VipmgError) -> dict[str, object]:
    return {name: value for name, value in error.detail.items() if name != "www_authenticate"}


def _error_form(request: Request) -> ErrorForm:
    try:
        options = parse_options(request.scope["query_string"].decode("latin-1"))
    except errors.QuerySyntaxError:
        options = Options()
    default = XML_2_1 if is_v1(request.scope) else JSON_2_1
    return choose_error_form(request.headers.get("accept"), options, default)


def _media_type(request: Request, form: ErrorForm) -> str:
    if form.format == "xml":
        return "application/xml"  # no vendor type of SDMX is one of errors
    kind = kind_of(request.scope["path"])
    return f"application/vnd.sdmx.{kind}+json; version={form.version}"


def _report(
    request: Request, error: VipmgError, status: int, title: Mapping[str, str], language: str
) -> ErrorReport:
    languages = sorted(LANGUAGES, key=lambda each: each != language)
    semantic = isinstance(error, _V1_SEMANTIC)
    return ErrorReport(
        identity=request_id(request.scope).replace(".", "-"),
        prepared=dt.datetime.now(dt.UTC),
        status=status,
        sdmx_code=(_SDMX_SEMANTIC if semantic else _SDMX_CODES.get(status, _SDMX_CUSTOM + status)),
        code=error.code,
        titles={each: title[each] for each in languages},
        details={each: error.text[each] for each in languages},
        help=_documentation(request, error),
        facts=_facts(error),
    )


def _problem_object(
    request: Request, error: VipmgError, status: int, title: Mapping[str, str], language: str
) -> dict[str, Any]:
    return {
        **_facts(error),
        "type": _documentation(request, error),
        "title": title[language],
        "status": status,
        "detail": error.text[language],
        "code": error.code,
        "request_id": request_id(request.scope),
    }


def _documentation(request: Request, error: VipmgError) -> str:
    return f"{request.app.state.settings.base_url}{DOCUMENTATION}#{error.code}"


def request_id(scope: Scope) -> str:
    """The id of a request, which the log and the reply bear too."""
    known: str = scope.setdefault("state", {}).setdefault("request_id", uuid.uuid4().hex)
    return known


async def _answer_vipmg(request: Request, error: Exception) -> Response:
    assert isinstance(error, VipmgError)  # noqa: S101 - registered for this class
    if status_of(error) == 500:
        log.error("service not usable", code=error.code, reason=str(error))
    return error_response(request, error)


async def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    found = [
        {"parameter": str(each["loc"][-1]), "reason": str(each["type"])} for each in error.errors()
    ]
    for told, each in zip(found, error.errors(), strict=True):
        if each["type"] == "literal_error":
            told["allowed"] = str(each["ctx"]["expected"]).replace("'", "")
    english = ", ".join(_taken(each, "{} (allowed: {})") for each in found)
    spanish = ", ".join(_taken(each, "{} (se permite: {})") for each in found)
    refused = errors.QuerySyntaxError(
        f"Parameters that cannot be taken: {english}.",
        f"Parámetros que no se pueden aceptar: {spanish.replace(' or ', ' o ')}.",
        parameters=found,
    )
    return error_response(request, refused)


def _taken(told: Mapping[str, str], form: str) -> str:
    """A parameter with the values that it takes, where these are few words."""
    name = told["parameter"]
    return form.format(name, told["allowed"]) if "allowed" in told else name


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = _allowed(request)
    return error_response(request, _of_http(request, error.status_code), headers)


def _allowed(request: Request) -> str:
    """All methods of an address: the framework names those of its first route only."""
    return ", ".join(
        method
        for method in _METHODS
        if any(
            route.matches(dict(request.scope) | {"method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    )


def _of_http(request: Request, status: int) -> VipmgError:
    """The error for a status that the framework itself gives: the path or the method is wrong."""
    if status == 404:
        return errors.NotFoundError(
            "There is nothing at this address.", "No hay nada en esta dirección."
        )
    if status == 405:
        return MethodNotAllowedError(
            f"This address does not take {request.method}.",
            f"Esta dirección no acepta {request.method}.",
        )
    return errors.QuerySyntaxError(
        "The request cannot be read.", "No se puede leer la solicitud.", status=status
    )


def _known(error: Exception) -> VipmgError:
    """What an error that nobody caught means to the caller."""
    state = str(getattr(error, "sqlstate", None) or "")
    if state == _STORAGE_FULL:
        return StorageFullError(
            "The disk of the service is full; nothing was stored. Try again later.",
            "El disco del servicio está lleno; no se guardó nada. Inténtelo más tarde.",
            retry_after=60,
        )
    if state.startswith(_OVERLOADED) or is_retriable(error):
        return errors.UnavailableError(
            "The database does not answer at the moment. Try again shortly.",
            "La base de datos no responde en este momento. Inténtelo de nuevo en breve.",
        )
    return VipmgError(
        "The service failed. The operators find the cause by the request id.",
        "El servicio falló. Los operadores encuentran la causa con el id de la solicitud.",
    )
