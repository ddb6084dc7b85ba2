"""The yardstick of request rates: a FastAPI endpoint that does nothing but return bytes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI, Response

BODY = "BENCH_BODY"
OPTIONS = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]


def create() -> FastAPI:
    """The application; the bytes are those of a file that the environment names."""
    app = FastAPI()
    body = Path(os.environ[BODY]).read_bytes()

    @app.get("/")
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    return app


@contextlib.contextmanager
def serve_bytes(body: Path) -> Iterator[int]:
    """Serve the bytes of a file with one worker; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        arguments = ["--factory", "bench.empty_app:create", "--fd", str(listener.fileno())]
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", *arguments, *OPTIONS],
            pass_fds=[listener.fileno()],
            cwd=Path(__file__).parent.parent,
            env=os.environ | {BODY: str(body)},
        )
        try:
            time.sleep(0.1)
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait()
