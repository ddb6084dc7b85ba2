"""Opening what was sent: the reader of its format, over its bytes decompressed within limits."""

from __future__ import annotations

import io
from typing import IO, Protocol

from app.sdmx.messages.data_csv_reader import CsvReader
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.messages.inflate import Inflated, Rewound


class Sent(Protocol):
    """What is known of a file: of a submission, or of one that lies on a disk still."""

    @property
    def content_type(self) -> str:
        """The media type, with its parameters."""

    @property
    def content_encoding(self) -> str | None:
        """`gzip`, or none."""

    @property
    def file_name(self) -> str | None:
        """The name that its sender gave it."""


def open_message(stored: Sent, spool: IO[bytes], max_bytes: int) -> DataReader:
    """The reader of a submission.

    Args:
        stored: the submission, or another file; its content type and encoding tell the format.
        spool: its bytes as they came.
        max_bytes: bytes that it may have when decompressed.
    """
    return CsvReader(_content(stored, spool, max_bytes))


def _content(stored: Sent, spool: IO[bytes], max_bytes: int) -> io.RawIOBase:
    if stored.content_encoding != "gzip":
        return Rewound(spool)
    return Inflated(spool, max_bytes)
