"""Bytes of a message as a stream that is read once, decompressed within limits."""

from __future__ import annotations

import io
import zlib
from typing import IO

from app.errors import MessageError, TooLargeError

READ_BYTES = 1 << 16
MAX_RATIO = 200
"""Growth by decompression that is still believed to be a message (after the first MiB)."""

_GZIP = 31
"""zlib's window bits for one gzip member."""


class Rewound(io.RawIOBase):
    """A stream read through, left open when the reader is done with it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def readable(self) -> bool:
        """A stream for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class Inflated(io.RawIOBase):
    """A gzip stream as it reads decompressed; never more than the limit is made.

    Raises:
        TooLargeError: the content is larger than the limit, or grows like a bomb.
        MessageError: the stream is no gzip, or cut off.
    """

    def __init__(self, source: IO[bytes], max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._inflate = zlib.decompressobj(_GZIP)
        self._read = self._made = 0
        self._rest = b""

    def readable(self) -> bool:
        """A stream for reading."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next."""
        data = b""
        while not data:
            if self._inflate.eof:
                if not self._rest and not self._more():
                    return 0
                self._inflate = zlib.decompressobj(_GZIP)  # the next member of the stream
            elif not self._rest and not self._more():
                raise MessageError(
                    "The gzip stream is cut off: send the whole file.",
                    "El flujo gzip está cortado: envíe el archivo completo.",
                )
            data = self._step(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _more(self) -> bool:
        self._rest = self._source.read(READ_BYTES)
        self._read += len(self._rest)
        return bool(self._rest)

    def _step(self, size: int) -> bytes:
        try:
            data = self._inflate.decompress(self._rest, size)
        except zlib.error as error:
            raise MessageError(
                "The body is said to be gzip, and is not.",
                "El cuerpo dice ser gzip y no lo es.",
            ) from error
        self._rest = self._inflate.unused_data or self._inflate.unconsumed_tail
        self._made += len(data)
        bomb = self._made > (1 << 20) + self._read * MAX_RATIO
        if self._made > self._max_bytes or bomb:
            raise TooLargeError(
                f"The decompressed file has more than {self._max_bytes} bytes, or grows "
                f"more than {MAX_RATIO} times.",
                f"El archivo descomprimido tiene más de {self._max_bytes} bytes, o crece "
                f"más de {MAX_RATIO} veces.",
                limit=self._max_bytes,
            )
        return data
