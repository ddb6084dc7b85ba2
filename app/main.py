"""The application: its state, its routes and its edge, put together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from importlib.metadata import version

from fastapi import FastAPI

from app.auth.keyring import Keyring
from app.auth.keys import OwnKeys
from app.auth.tokens import TokenVerifier
from app.http.cross_origin import CrossOrigin
from app.http.errors import add_error_handlers
from app.http.limits import RequestLimits
from app.http.openapi import describe_errors
from app.http.quick_replies import QuickMemory, QuickReplies
from app.http.replies import ReplyCache
from app.http.request_log import RequestLog
from app.http.submission_replies import PRACTICE_PREFIX
from app.routers import (
    agreement_returns,
    agreement_terms,
    agreements,
    availability,
    calendar,
    data,
    data_submission,
    derived,
    export,
    health,
    impact,
    landing,
    layouts,
    ledger,
    lineage,
    maps,
    metadata,
    mirrors,
    notices,
    oauth,
    practice,
    receipts,
    registration,
    reports,
    schema,
    scorecards,
    structure,
    structure_maintenance,
    submission_acts,
    submissions,
    uploads,
    v1_availability,
    v1_data,
    v1_metadata,
    v1_schema,
    v1_structure,
    workbook_reports,
)
from app.services.check_readiness import ReadinessProbe
from app.services.prepare_data import UpperCache
from app.services.read_calendar import CalendarMemory
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.embedded import EmbeddedPostgres
from app.store.heads import HeadReader
from app.store.notices import DecisionListener, hear_redactions
from app.store.pools import open_pools
from app.store.registry import RegistryCache

ROUTES = (
    data,
    data_submission,
    availability,
    structure,
    structure_maintenance,
    schema,
    metadata,
    registration,
    v1_data,
    v1_availability,
    v1_schema,
    v1_metadata,
    v1_structure,
    submissions,
    submission_acts,
    agreements,
    agreement_returns,
    agreement_terms,
    notices,
    practice,
    mirrors,
    layouts,
    workbook_reports,
    reports,
    uploads,
    receipts,
    ledger,
    maps,
    impact,
    lineage,
    derived,
    calendar,
    scorecards,
    export,
    oauth,
    health,
    landing,
)

PRACTISED = (submissions, submission_acts, agreement_returns, reports, workbook_reports, receipts)
"""Routes that are there once more for the practice space."""

WORKBOOKS_AT_ONCE = 2
"""Workbooks that requests may have opened at the same time: each costs a process."""

REREADINGS_AT_ONCE = 1
"""Files that are read again at the same time, to preview a map or to find a row."""

DESCRIPTION = """
Shared SDMX structures, authenticated submissions, harmonised migration statistics.

Estructuras SDMX compartidas, envíos autenticados, estadísticas migratorias armonizadas.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; without settings they are read from the environment."""
    settings = settings or Settings()
    app = FastAPI(
        title="VIPMG exchange",
        description=DESCRIPTION,
        version=version("vipmg"),
        lifespan=_lifespan,
        redirect_slashes=False,
        # The pages that FastAPI makes load their programs from other sites; `landing` has its own.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    for part in ROUTES:
        app.include_router(part.router)
    for practised in PRACTISED:
        # The prefix stands here, for without one FastAPI works out each route to see its path.
        app.include_router(practised.practice_router, prefix=PRACTICE_PREFIX)
    app.openapi = describe_errors(app)  # type: ignore[method-assign]
    app.add_middleware(QuickReplies)
    add_error_handlers(app)
    app.add_middleware(RequestLimits, max_url_bytes=settings.max_url_bytes)
    app.add_middleware(CrossOrigin)
    app.add_middleware(RequestLog)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open what the routes need, and close it after the last request."""
    settings: Settings = app.state.settings
    async with contextlib.AsyncExitStack() as stack:
        dsn = await _database(settings, stack)
        pools = await open_pools(dsn, settings)
        stack.push_async_callback(pools.close)
        decisions = DecisionListener(dsn)
        stack.push_async_callback(decisions.close)
        tokens = TokenVerifier.from_settings(settings, pools.writer)
        stack.push_async_callback(tokens.aclose)
        registry = RegistryCache()
        app.state.pools = pools
        app.state.decisions = decisions
        app.state.tokens = tokens
        # Links to reports are signed here also where another issuer gives the access tokens.
        app.state.link_keys = tokens.own_keys or OwnKeys(pools.writer)
        app.state.keyring = Keyring(pools.writer)
        app.state.exporting = asyncio.Lock()
        app.state.registry = registry
        app.state.catalogue = CatalogueCache(registry)
        app.state.replies = ReplyCache(settings)
        app.state.quick = QuickMemory(HeadReader(pools.public), app.state.replies)
        app.state.uppers = UpperCache()
        app.state.calendar = CalendarMemory()
        hearing = asyncio.create_task(hear_redactions(dsn, lambda: _let_go(app)))
        stack.push_async_callback(_end, hearing)
        app.state.workbooks = asyncio.Semaphore(WORKBOOKS_AT_ONCE)
        app.state.rereading = asyncio.Semaphore(REREADINGS_AT_ONCE)
        app.state.readiness = ReadinessProbe(pools, app.state.catalogue, dsn)
        yield


def _let_go(app: FastAPI) -> None:
    """Keep no reply that may tell of what was redacted."""
    app.state.replies.clear()
    app.state.uppers.clear()
    app.state.calendar.known.clear()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _database(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    server = EmbeddedPostgres(settings.data_dir)
    stack.callback(server.stop)
    return await asyncio.to_thread(server.start)
