"""What `postmaster.pid` of a cluster says, and what a kill leaves in it.

Only the process that holds the lock of the data directory may change anything here.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from pathlib import Path

STOP_SECONDS = 60.0

log = logging.getLogger(__name__)


def recorded_process(cluster: Path) -> int | None:
    """Return the server that postmaster.pid names, when it is alive and is PostgreSQL."""
    try:
        number = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return number if _alive(number) and "postgres" in _command_line(number) else None


def end_orphan(cluster: Path) -> None:
    """End a server of ours whose supervisor is gone."""
    orphan = recorded_process(cluster)
    if orphan is None or "unix_socket_directories=" not in _command_line(orphan):
        return
    os.kill(orphan, signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while _alive(orphan) and time.monotonic() < deadline:
        time.sleep(0.05)


def mend_pid_file(cluster: Path) -> None:
    """Mend a postmaster.pid that would stop PostgreSQL for ever.

    It is empty after a kill at the wrong moment, or its number is that of a strange process today.
    Then we name ourselves in it: PostgreSQL takes the number of its own parent as stale, and still
    checks the shared memory named in the file for left-over processes.
    """
    if recorded_process(cluster) is not None:
        return
    pid_file = cluster / "postmaster.pid"
    try:
        lines = pid_file.read_text().split("\n")
    except OSError:
        return
    if lines == [""]:
        pid_file.unlink()
    elif lines[0].isdigit() and _alive(int(lines[0])):
        log.warning("postmaster.pid names process %s, which is not PostgreSQL", lines[0])
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_line(process: int) -> str:
    """Command line of a process, or nothing when it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        pass
    try:
        done = subprocess.run(  # noqa: S603 - a number is its only argument
            ["/bin/ps", "-o", "command=", "-p", str(process)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except OSError:  # no ps in a slim image: the process is simply gone
        return ""
    return done.stdout
