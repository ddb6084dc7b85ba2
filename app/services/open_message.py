"""Opening what was sent: the reader of its format, over its bytes decompressed within limits."""

from __future__ import annotations

import io
from typing import IO

from app.sdmx.messages.data_csv_reader import CsvReader
from app.sdmx.messages.data_reading import DataReader
from app.sdmx.messages.inflate import Inflated, Rewound
from app.store.submissions import StoredSubmission


def open_message(stored: StoredSubmission, spool: IO[bytes], max_bytes: int) -> DataReader:
    """The reader of a submission.

    Args:
        stored: the submission; its content type and encoding tell the format.
        spool: its bytes as they came.
        max_bytes: bytes that it may have when decompressed.
    """
    return CsvReader(_content(stored, spool, max_bytes))


def _content(stored: StoredSubmission, spool: IO[bytes], max_bytes: int) -> io.RawIOBase:
    if stored.content_encoding != "gzip":
        return Rewound(spool)
    return Inflated(spool, max_bytes)
