"""`vipmg serve`: the database, the worker and the server, started, watched and stopped together."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import SecretStr

from app.cli.collector import load_module, spare_collector
from app.cli.database import (
    bring_to_release,
    errors_printed,
    read_settings,
    require_answer,
    terminal_language,
)
from app.errors import ConfigurationError, StableArtefactChangedError
from app.settings import Settings
from app.store.embedded import EmbeddedPostgres

if TYPE_CHECKING:
    from fastapi import FastAPI

CONCURRENT_REQUESTS: Final = 1000
KEEP_ALIVE_SECONDS: Final = 75
GRACE_SECONDS: Final = 20
RESTART_SECONDS: Final = 1.0

_TEXTS: Final = {
    "en": {
        "ready": "VIPMG serves at {}  (stop: Ctrl-C)",
        "worker": "The worker ended; starting it again.",
    },
    "es": {
        "ready": "VIPMG sirve en {}  (detener: Ctrl-C)",
        "worker": "El worker terminó; se reinicia.",
    },
}


def serve(
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Folder of the embedded database.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=64, help="Server processes for reading.")
    ] = 1,
    demo: Annotated[
        bool, typer.Option("--demo", help="Load demonstration data if nothing is published yet.")
    ] = False,
) -> None:
    """Run the service: PostgreSQL, the worker and the HTTP server."""
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wish, _stop)
    with errors_printed(), contextlib.ExitStack() as stack:
        settings = read_settings(data_dir=data_dir, port=port, host=host)
        listener = stack.enter_context(_listen(settings.host, settings.port))
        settings = settings.model_copy(update={"port": listener.getsockname()[1]})
        settings = _with_database(settings, stack)
        _prepare(settings)
        stack.enter_context(_worker(settings))
        if demo:
            from app.cli.demo import Demonstration

            stack.enter_context(Demonstration(settings))
        _run_server(settings, listener, workers)


def _stop(_signal: int, _frame: object) -> None:
    """Unwind once, whatever is under way; a second wish does not cut the unwinding off.

    While the server runs, uvicorn takes the signals and hands them on here when it has ended.
    """
    for wish in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(wish, signal.SIG_IGN)
    raise SystemExit(0)


def application() -> FastAPI:
    """The application of a server process, which reads its settings from the environment."""
    from app.http.log_format import set_up_logging
    from app.main import create_app

    if multiprocessing.parent_process() is not None:  # one of several, with --workers
        threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = Settings()
    set_up_logging(settings.log_level)
    application = create_app(settings)
    spare_collector()
    return application


def _end_with_parent() -> None:
    """End when the supervisor was killed: else this process would hold the port for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise ConfigurationError(
            f"Cannot listen on {host}, port {port}: {error.strerror}. Choose another --port.",
            f"No se puede escuchar en {host}, puerto {port}: {error.strerror}. Elija otro --port.",
        ) from error


def _with_database(settings: Settings, stack: contextlib.ExitStack) -> Settings:
    """Start the embedded server, unless another is set, while the application is loaded."""
    if settings.database_url is not None:
        require_answer(settings.database_url.get_secret_value())
        return settings
    server = EmbeddedPostgres(settings.data_dir)
    stack.callback(server.stop)
    with ThreadPoolExecutor(1) as aside:
        started = aside.submit(server.start)
        for module in ("app.main", "app.http.log_format", "uvicorn"):  # the slow part of a start
            load_module(module)
        dsn = started.result()
    server.watch()
    return settings.model_copy(update={"database_url": SecretStr(dsn)})


def _prepare(settings: Settings) -> None:
    """Bring the schema and the shared structures to this release; both change nothing twice."""
    from app.services.publish_structures import publish_delivered, shared_structures
    from app.store.pools import open_pools

    async def publish() -> None:
        pools = await open_pools(dsn, settings)
        try:
            now = dt.datetime.now(dt.UTC)
            await publish_delivered(pools.writer, shared_structures(settings), now)
        finally:
            await pools.close()

    assert settings.database_url is not None  # noqa: S101 - set by _with_database
    dsn = settings.database_url.get_secret_value()
    bring_to_release(dsn)
    try:
        asyncio.run(publish())
    except StableArtefactChangedError as error:
        typer.echo(_difference(error), err=True)
        raise


def _difference(error: StableArtefactChangedError) -> str:
    return "\n".join(f"  {name}: {value}" for name, value in error.detail.items())


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the environment of the processes that are started."""
    variables = dict(os.environ)
    for name, value in settings.model_dump().items():
        if value is not None:
            plain = value.get_secret_value() if hasattr(value, "get_secret_value") else value
            variables[f"VIPMG_{name.upper()}"] = str(plain)
    return variables


@contextlib.contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """Run a worker process, and another one whenever it ends."""
    stopping = threading.Event()
    command = [sys.executable, "-c", "from app.cli import main; main()", "worker"]
    started: list[subprocess.Popen[bytes]] = []

    def keep() -> None:
        while not stopping.is_set():
            # Ctrl-C at a terminal is for the server, which then stops the worker.
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                command, env=environment(settings), start_new_session=True
            )
            started[:] = [process]
            process.wait()
            if not stopping.wait(RESTART_SECONDS):
                typer.echo(_TEXTS[terminal_language()]["worker"], err=True)

    keeper = threading.Thread(target=keep, name="vipmg-worker", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for process in started:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()  # its job is taken up at the next start
        keeper.join()


def _run_server(settings: Settings, listener: socket.socket, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    from app.http.limits import LimitedProtocol

    os.environ.update(environment(settings))
    config = uvicorn.Config(
        "app.cli.serve:application",
        factory=True,
        workers=workers,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONCURRENT_REQUESTS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    typer.echo(_TEXTS[terminal_language()]["ready"].format(settings.base_url))
    if workers > 1:
        Multiprocess(config, sockets=[listener]).run()
    else:
        uvicorn.Server(config).run([listener])
