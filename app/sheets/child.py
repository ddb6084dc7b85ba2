"""The child's side of a process of its own: limits that it sets itself, and frames over pipes.

A child imports as little as it can: it is started for each workbook.
"""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import threading
import time
from typing import Any, BinaryIO, NoReturn

import msgspec

LENGTH = struct.Struct(">I")
"""What stands before each frame: its length in bytes."""

LONGEST_FRAME = 64 << 20
WATCH_SECONDS = 0.5
GRACE_SECONDS = 5


class RefusalError(Exception):
    """The workbook is refused, for a reason of `texts/unreadable.toml`."""

    def __init__(self, reason: str, value: str | None = None, allowed: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.value = value
        self.allowed = allowed


class Channel:
    """Frames from and to the parent; bytes of a file come plain."""

    def __init__(self) -> None:
        self._source: BinaryIO = sys.stdin.buffer
        # What a library prints must not come between the frames.
        self._sink: BinaryIO = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)

    def receive(self) -> dict[str, Any] | None:
        """The next message of the parent; None when there is none any more."""
        head = self._source.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        frame = self._source.read(LENGTH.unpack(head)[0])
        return msgspec.msgpack.decode(frame, type=dict[str, Any])

    def receive_bytes(self, size: int) -> bytes:
        """The bytes of a file."""
        return self._source.read(size)

    def send(self, message: object) -> None:
        """Send a message."""
        frame = msgspec.msgpack.encode(message)
        self._sink.write(LENGTH.pack(len(frame)) + frame)
        self._sink.flush()

    def send_bytes(self, data: bytes) -> None:
        """Send a file, in frames."""
        view = memoryview(data)
        for start in range(0, len(view), 1 << 20):
            part = view[start : start + (1 << 20)]
            self._sink.write(LENGTH.pack(len(part)) + part)
        self._sink.write(LENGTH.pack(0))
        self._sink.flush()


def open_channel() -> tuple[Channel, dict[str, Any]]:
    """Take the limits and the order of the parent."""
    channel = Channel()
    order = channel.receive()
    if order is None:
        sys.exit(0)
    _limit(order["memory"], order["seconds"])
    threading.Thread(target=_end_with, args=(order["parent"],), daemon=True).start()
    return channel, order


def refuse(channel: Channel, error: RefusalError) -> NoReturn:
    """Tell the parent why, and end."""
    channel.send({"refused": error.reason, "value": error.value, "allowed": error.allowed})
    sys.exit(0)


def _limit(memory: int, seconds: int) -> None:
    with contextlib.suppress(ImportError):  # where there are no such limits the deadline holds
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + GRACE_SECONDS))


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
