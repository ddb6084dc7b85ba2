"""The service as an operator runs it: `vipmg serve` on a data directory of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from app.store.embedded import EmbeddedPostgres
from bench.http_client import Http

START_SECONDS = 120
COMMAND = "from app.cli import main; main()"


def _environment() -> dict[str, str]:
    """That of this process, without settings of ours; modules keep their bytecode as installed."""
    left_out = "PYTHONDONTWRITEBYTECODE"
    return {n: v for n, v in os.environ.items() if "VIPMG" not in n and n != left_out}


class Service:
    """`vipmg serve` with its worker and database; the address is known when it is made."""

    def __init__(self, data_dir: Path, database: str | None = None) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        log = data_dir / "serve.log"
        log.unlink(missing_ok=True)
        given = {} if database is None else {"VIPMG_DATABASE_URL": database}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-c", COMMAND, "serve", "--data-dir", data_dir, "--port", "0"],
                env=_environment() | given,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.port = self._await_port(log)

    @property
    def dsn(self) -> str:
        """Address of the embedded database."""
        return EmbeddedPostgres(self.data_dir).dsn

    @property
    def process(self) -> int:
        """Process number of the server."""
        return self._process.pid

    @property
    def worker(self) -> int:
        """Process number of the worker."""
        children = psutil.Process(self.process).children()
        return next(child.pid for child in children if child.cmdline()[-1:] == ["worker"])

    def http(self) -> Http:
        """A connection to it."""
        return Http(self.port)

    def stop(self) -> None:
        """Stop the server, its worker and its database."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _await_port(self, log: Path) -> int:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            found = re.search(r"http://127\.0\.0\.1:(\d+)\b.*\n", log.read_text())
            if found:
                return int(found[1])
            time.sleep(0.01)
        self.stop()
        raise RuntimeError(f"vipmg serve did not start:\n{log.read_text()}")


class PeakMemory:
    """Peak resident memory of processes while a block runs; Linux tells it, nothing is sampled."""

    def __init__(self, *processes: int) -> None:
        self._processes = processes
        self.megabytes: list[float] = []

    def __enter__(self) -> Self:
        for process in self._processes:
            Path(f"/proc/{process}/clear_refs").write_text("5")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            status = Path(f"/proc/{process}/status").read_text()
            peak = re.search(r"VmHWM:\s+(\d+) kB", status)
            assert peak is not None
            self.megabytes.append(int(peak[1]) / 1024)
