"""The real service in processes of its own: started, killed without warning, started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from app.store.embedded import EmbeddedPostgres
from app.store.postmaster import recorded_process

ROOT = Path(__file__).parents[2]
MUTANTS = Path(__file__).parent / "mutants"
CHANGES_VARIABLE = "FAULT_CHANGES"
SERVE = "from app.cli import main; main()"
READY_SECONDS = 40.0
STARTS = 3


class StartError(Exception):
    """`vipmg serve` ended, or was not ready in time; the text ends with what it said."""


class Service:
    """`vipmg serve` on a free port of the loopback, with its worker and its database."""

    def __init__(self, folder: Path, changes: Sequence[str] = (), processes: int = 1) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.failed_starts: list[str] = []
        self._changes = changes
        self._processes = processes
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: dict[int, psutil.Process] = {}

    @property
    def dsn(self) -> str:
        """Address of the database for the checks at the end."""
        return EmbeddedPostgres(self.data_dir).dsn

    @property
    def log(self) -> Path:
        """All that the processes said."""
        return self.folder / "serve.log"

    async def start(self) -> None:
        """Start, and wait until it is ready; a start that fails is noted and tried again."""
        for _ in range(STARTS):
            self._spawn()
            try:
                await self.ready()
            except StartError as error:
                self.failed_starts.append(str(error))
            else:
                return
        raise StartError(self.failed_starts[-1])

    async def ready(self) -> float:
        """Wait until /ready says so; return the seconds it took."""
        begin = time.monotonic()
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            while time.monotonic() - begin < READY_SECONDS:
                if self._process is None or self._process.poll() is not None:
                    raise StartError(f"vipmg serve ended: {self._said()}")
                try:
                    if (await client.get(f"{self.url}/ready")).status_code == 200:
                        self._note()
                        return time.monotonic() - begin
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise StartError(f"not ready after {READY_SECONDS:.0f} s: {self._said()}")

    def kill_server(self) -> int | None:
        """Kill the server process; with it goes what watches the worker and the database."""
        self._note()
        assert self._process is not None
        if self._process.poll() is not None:
            return None
        self._process.kill()
        self._process.wait()
        return self._process.pid

    def kill_worker(self) -> int | None:
        """Kill the worker process, if there is one at this moment."""
        self._note()
        for child in self._children():
            if _command(child).endswith(" worker"):  # PostgreSQL has workers too
                child.kill()
                return child.pid
        return None

    def kill_postmaster(self) -> int | None:
        """Kill the postmaster and all its children."""
        self._note()
        postmaster = self._postmaster()
        if postmaster is None:
            return None
        children = _descendants(postmaster)
        for each in (postmaster, *children):
            _kill(each)
        return postmaster.pid

    def kill_backend(self, chance: random.Random) -> int | None:
        """Kill one process of the database; the postmaster then ends all and recovers."""
        postmaster = self._postmaster()
        backends = _descendants(postmaster) if postmaster is not None else []
        if not backends:
            return None
        chosen = chance.choice(backends)
        _kill(chosen)
        return chosen.pid

    def stop(self) -> list[str]:
        """Stop everything; return what had to be killed because it did not end by itself."""
        self._note()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(40)
        # Orphans of killed servers notice within a second and finish the job in hand.
        _, left = psutil.wait_procs(list(self._seen.values()), timeout=15)
        names = [_command(each)[:80] for each in left]
        for each in left:
            _kill(each)
        if process is not None:
            process.wait(10)
        return names

    def _spawn(self) -> None:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("VIPMG_", "PYTEST_", "FAULT_"))
        }
        environment["PYTHONPATH"] = str(ROOT)
        if self._changes:
            environment["PYTHONPATH"] = os.pathsep.join((str(MUTANTS), str(ROOT)))
            environment[CHANGES_VARIABLE] = ",".join(self._changes)
        command = [sys.executable, "-c", SERVE, "serve"]
        options = ["--data-dir", str(self.data_dir), "--port", str(self.port)]
        options += ["--workers", str(self._processes)]
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, *options], cwd=ROOT, env=environment, stdout=output, stderr=output
            )

    def _said(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def _children(self) -> Sequence[psutil.Process]:
        if self._process is None or self._process.poll() is not None:
            return ()
        return _descendants(psutil.Process(self._process.pid))

    def _postmaster(self) -> psutil.Process | None:
        number = recorded_process(self.data_dir / "postgresql")
        if number is None:
            return None
        try:
            return psutil.Process(number)
        except psutil.NoSuchProcess:
            return None

    def _note(self) -> None:
        """Remember our processes, so that none outlives the run."""
        self._seen.update((child.pid, child) for child in self._children())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
