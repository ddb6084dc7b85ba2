"""The yardstick of request rates: a FastAPI endpoint that does nothing but return bytes.

It runs as the service does, in one process: `python -m bench.empty_app SOCKET FILE`.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response


def create(body: bytes) -> FastAPI:
    """The application."""
    app = FastAPI()

    @app.get("/")
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    return app


@contextlib.contextmanager
def serve_bytes(body: Path) -> Iterator[tuple[int, int]]:
    """Serve the bytes of a file with one worker; gives the port and the process number."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.empty_app", str(number), body],
            pass_fds=[number],
            cwd=Path(__file__).parent.parent,
        )
        try:
            yield listener.getsockname()[1], process.pid
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    app = create(Path(sys.argv[2]).read_bytes())
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", log_config=None, access_log=False, ws="none"
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
