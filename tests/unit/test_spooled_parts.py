"""A body on its way in: what does not deflate waits in a file, not in memory."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import AsyncIterator

from app.services.receive_submission import SPOOL_MEMORY_BYTES, SpooledParts, Upload, _read


async def test_a_large_body_leaves_memory_and_comes_back_in_its_parts() -> None:
    chunks = [os.urandom(1 << 20) for _ in range(SPOOL_MEMORY_BYTES // (1 << 20) + 3)]

    async def sent() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        parts = SpooledParts(spool)
        upload = Upload(sent(), "text/csv", None, None, None, 1 << 30)
        _, size = await _read(upload, parts)
        assert spool._rolled  # type: ignore[attr-defined]
        for _ in range(2):
            assert b"".join(map(zlib.decompress, parts)) == b"".join(chunks)
        assert (size, zlib.decompress(parts[-1])) == (len(b"".join(chunks)), chunks[-1])
