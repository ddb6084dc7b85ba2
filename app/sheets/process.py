"""A process of its own for work on a workbook that somebody sent: limited, and ended with us.

What a library makes of a hostile workbook costs at most the memory and the time that are given;
the parent gets a stable refusal and goes on.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any, Final

import msgspec

from app.sdmx.findings import UnreadableError
from app.sheets.child import LENGTH, LONGEST_FRAME

MEMORY_BYTES: Final = 600 << 20
SECONDS: Final = 60
COPY_BYTES: Final = 1 << 20

_TIME_IS_UP: Final = getattr(signal, "SIGXCPU", None)


class ChildProcess:
    """A child that runs one module of this package.

    Only the time in which the parent waits for it counts: a slow database costs it nothing.

    Args:
        module: the module to run.
        order: what it is to do.
        memory: bytes of address space that it may have.
        seconds: seconds that the parent waits for it altogether.

    Raises:
        UnreadableError: from every method, when the child refuses the workbook, fails or is
            stopped at a limit.
    """

    def __init__(
        self,
        module: str,
        order: dict[str, Any],
        *,
        memory: int = MEMORY_BYTES,
        seconds: float = SECONDS,
    ) -> None:
        self._seconds_left = seconds
        self._stopped = False
        environment = {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "MALLOC_ARENA_MAX": "2",
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own module on our own interpreter
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        limits = {"memory": memory, "seconds": int(seconds) + 1, "parent": os.getpid()}
        try:
            self.send(order | limits)
        except BaseException:
            self.close()  # nobody else holds it yet
            raise

    def __enter__(self) -> ChildProcess:
        """The process is running already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it, whatever it does."""
        self.close()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def send(self, message: object) -> None:
        """Send a message."""
        frame = msgspec.msgpack.encode(message)
        self._write(LENGTH.pack(len(frame)) + frame)

    def send_bytes(self, source: IO[bytes]) -> None:
        """Send the bytes of a file, from where it stands."""
        while data := source.read(COPY_BYTES):
            self._write(data)

    def receive(self) -> dict[str, Any]:
        """The next message."""
        message = msgspec.msgpack.decode(self._frame(), type=dict[str, Any])
        if "refused" in message:
            raise UnreadableError(
                message["refused"], value=message["value"], allowed=message["allowed"]
            )
        return message

    def receive_bytes(self, sink: IO[bytes]) -> None:
        """Write the file that comes next."""
        while part := self._frame():
            sink.write(part)

    def close(self) -> None:
        """End it."""
        process = self._process
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        process.wait()

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        try:
            with self._waiting():
                self._process.stdin.write(data)
                self._process.stdin.flush()
        except OSError as error:
            raise self._failure() from error

    def _frame(self) -> bytes:
        with self._waiting():
            head = self._read(LENGTH.size)
            size = LENGTH.unpack(head)[0]
            if size > LONGEST_FRAME:
                raise self._failure()
            return self._read(size)

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise self._failure()
        return data

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        """Wait for the child no longer than is left."""
        begin = time.monotonic()
        timer = threading.Timer(max(self._seconds_left, 0), self._stop)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._seconds_left -= time.monotonic() - begin

    def _stop(self) -> None:
        self._stopped = True
        self._process.kill()

    def _failure(self) -> UnreadableError:
        """Why it broke off, by how it ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=2)
        ended = self._process.poll()
        if self._stopped or (_TIME_IS_UP is not None and ended == -_TIME_IS_UP):
            return UnreadableError("xlsx-slow", allowed=str(SECONDS))
        if ended in {-signal.SIGABRT, -signal.SIGKILL}:  # how allocation of memory fails
            return UnreadableError("xlsx-memory", allowed=str(MEMORY_BYTES >> 20))
        return UnreadableError("xlsx-broken")
