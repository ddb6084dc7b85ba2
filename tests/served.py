"""The service as people run it: `vipmg serve` in a process of its own, behind a real socket."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

VIPMG = (sys.executable, "-c", "from app.cli import main; main()")
LANGUAGES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Service(NamedTuple):
    """A running service with the demonstration data, and a credential that it printed."""

    process: subprocess.Popen[str]
    url: str
    credential: dict[str, str]
    output: str
    data_dir: Path


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of the service, in English."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("VIPMG_") and name not in LANGUAGES
    }
    return {**kept, "COLUMNS": "160", "LC_ALL": "C.UTF-8", **more}


def start(data_dir: Path, *options: str, **more: str) -> tuple[subprocess.Popen[str], str]:
    """Start a service, with more environment; return it with its address once that is printed."""
    with (data_dir.parent / "log").open("a") as log:
        process = subprocess.Popen(
            [*VIPMG, "serve", "--data-dir", str(data_dir), "--port", "0", *options],
            stdout=subprocess.PIPE, stderr=log, text=True,
            env=environment(PYTHONUNBUFFERED="1", **more),
        )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"serves at (http://\S+)", line):
            return process, found[1]
    raise AssertionError((data_dir.parent / "log").read_text())


def stop(process: subprocess.Popen[str]) -> int:
    """Stop a service, and give its exit code."""
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(60)


@contextmanager
def demonstration(folder: Path) -> Iterator[Service]:
    """A service on an empty folder, once its demonstration data are loaded."""
    data_dir = folder / "data"
    process, url = start(data_dir, "--demo")
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "vipmg push" in line:
            break
    credential = {
        name: re.search(rf"{name}='([^']+)'", said)[1]  # type: ignore[index]
        for name in ("VIPMG_CLIENT_ID", "VIPMG_CLIENT_SECRET")
    }
    yield Service(process, url, credential, said, data_dir)
    assert stop(process) == 0
