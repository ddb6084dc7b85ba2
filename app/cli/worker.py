"""`vipmg worker`: one worker process; `vipmg serve` runs it beside the server."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import Final

from app.cli.collector import spare_collector
from app.cli.database import errors_printed, read_settings
from app.errors import ConfigurationError
from app.http.log_format import set_up_logging
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.pools import open_pools

PATIENCE_SECONDS: Final = 30


def worker() -> None:
    """Process submissions and release what is embargoed, on the database of VIPMG_DATABASE_URL."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with errors_printed():
        settings = read_settings()
        set_up_logging(settings.log_level)
        if settings.database_url is None:
            raise ConfigurationError(
                "A worker alone needs VIPMG_DATABASE_URL; `vipmg serve` runs one by itself.",
                "Un worker solo necesita VIPMG_DATABASE_URL; `vipmg serve` ejecuta uno.",
            )
        asyncio.run(_work(settings, settings.database_url.get_secret_value()))


async def _work(settings: Settings, dsn: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for wish in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wish, stop.set)
    pools = await open_pools(dsn, settings)
    try:
        async with pools.writer.acquire() as connection:
            await CatalogueCache().current(connection)
        spare_collector()
        await run_worker(pools, settings, stop=stop)
    finally:
        await pools.close()


def _end_with_parent(parent: int) -> None:
    """End when the server that started this worker was killed: jobs are durable."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os._exit(1)
