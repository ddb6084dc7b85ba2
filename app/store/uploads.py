"""Uploads under way: what has come of each, in parts, so that any process may go on with it.

All names are qualified: an upload that becomes a submission of the practice space is finished on
a connection that finds the tables of that space first.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.store.types import Connection, Record

PART_BYTES: Final = 1 << 20
"""Bytes of a full part: part `n` begins at byte `n * PART_BYTES`."""

_COLUMNS = """
id, client_id, organisation, byte_count, byte_offset, metadata, created_at, expires_at,
submission_id
"""
_LOCK_ORGANISATION = "SELECT pg_advisory_xact_lock(hashtextextended('upload ' || $1, 0))"
_OPEN = """
SELECT count(*) AS number, coalesce(sum(byte_count), 0)::bigint AS bytes FROM public.upload
WHERE organisation = $1 AND submission_id IS NULL AND expires_at > clock_timestamp()
"""
_INSERT = f"""
INSERT INTO public.upload (id, client_id, organisation, byte_count, byte_offset, metadata,
  created_at, expires_at)
VALUES ($1, $2, $3, $4, 0, $5, clock_timestamp(), clock_timestamp() + $6::interval)
RETURNING {_COLUMNS}
"""  # noqa: S608 - own column names
_BY_ID = f"""
SELECT {_COLUMNS} FROM public.upload
WHERE id = $1 AND organisation = $2 AND expires_at > clock_timestamp()
"""  # noqa: S608 - own column names
# Whoever finds another offset than he began at was overtaken, and adds nothing.
_APPEND = """
WITH moved AS (
  UPDATE public.upload
  SET byte_offset = byte_offset + octet_length($4::bytea),
    expires_at = clock_timestamp() + $5::interval
  WHERE id = $1 AND byte_offset = $2 AND submission_id IS NULL
    AND byte_offset + octet_length($4::bytea) < byte_count
  RETURNING id, expires_at
), put AS (
  INSERT INTO public.upload_part AS p (upload_id, part, content)
  SELECT id, $3, $4 FROM moved
  ON CONFLICT (upload_id, part) DO UPDATE SET content = p.content || excluded.content
)
SELECT expires_at FROM moved
"""
_FINISH = """
UPDATE public.upload SET byte_offset = byte_count, submission_id = $3
WHERE id = $1 AND byte_offset = $2 AND submission_id IS NULL
RETURNING id
"""
_DROP_PARTS = "DELETE FROM public.upload_part WHERE upload_id = $1"
_PART = "SELECT content FROM public.upload_part WHERE upload_id = $1 AND part = $2"
_DELETE = "DELETE FROM public.upload WHERE id = $1 AND organisation = $2 RETURNING id"
_SWEEP = """
WITH gone AS (
  DELETE FROM public.upload WHERE expires_at <= clock_timestamp() RETURNING id
)
SELECT count(*) FROM gone
"""


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """An upload.

    Attributes:
        byte_count: bytes of the whole file.
        byte_offset: bytes that have come.
        metadata: what the sender said of the file, by key.
        submission_id: the submission that it became when it was whole.
    """

    id: uuid.UUID
    client_id: str
    organisation: str
    byte_count: int
    byte_offset: int
    metadata: Mapping[str, str]
    created_at: dt.datetime
    expires_at: dt.datetime
    submission_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class OpenUploads:
    """The uploads under way of one organisation, and the bytes that they are to have."""

    number: int
    bytes: int


async def open_uploads(connection: Connection, organisation: str) -> OpenUploads:
    """What an organisation has under way; until the transaction ends it begins no other."""
    await connection.execute(_LOCK_ORGANISATION, organisation)
    row = await connection.fetchrow(_OPEN, organisation)
    assert row is not None  # noqa: S101 - an aggregate has one row
    return OpenUploads(row["number"], row["bytes"])


async def insert(
    connection: Connection,
    client_id: str,
    organisation: str,
    byte_count: int,
    metadata: Mapping[str, str],
    life: dt.timedelta,
) -> StoredUpload:
    """Begin an upload of which nothing has come yet."""
    row = await connection.fetchrow(
        _INSERT,
        uuid.uuid4(),
        client_id,
        organisation,
        byte_count,
        orjson.dumps(dict(metadata)).decode(),
        life,
    )
    assert row is not None  # noqa: S101 - RETURNING of one row
    return _upload(row)


async def by_id(
    connection: Connection, upload: uuid.UUID, organisation: str
) -> StoredUpload | None:
    """An upload of an organisation that has not expired."""
    row = await connection.fetchrow(_BY_ID, upload, organisation)
    return None if row is None else _upload(row)


async def append(
    connection: Connection, upload: uuid.UUID, offset: int, content: bytes, life: dt.timedelta
) -> dt.datetime | None:
    """Add bytes at an offset, none beyond its part, and never the last of the file.

    Returns:
        When the upload expires now; None: it stands elsewhere, is finished or gone, and nothing
        was added.
    """
    expires: dt.datetime | None = await connection.fetchval(
        _APPEND, upload, offset, offset // PART_BYTES, content, life
    )
    return expires


async def finish(
    connection: Connection, upload: uuid.UUID, offset: int, submission: uuid.UUID
) -> bool:
    """Name the submission that an upload became; its parts are gone. False: it was overtaken."""
    if await connection.fetchval(_FINISH, upload, offset, submission) is None:
        return False
    await connection.execute(_DROP_PARTS, upload)
    return True


async def content(connection: Connection, upload: uuid.UUID, size: int) -> AsyncIterator[bytes]:
    """The first bytes of an upload, part by part; each part is one statement."""
    for part in range(-(-size // PART_BYTES)):
        held = await connection.fetchval(_PART, upload, part)
        if held is None:
            return
        yield held[: size - part * PART_BYTES]


async def delete(connection: Connection, upload: uuid.UUID, organisation: str) -> bool:
    """Forget an upload and what came of it; False: the organisation has none of this id."""
    return await connection.fetchval(_DELETE, upload, organisation) is not None


async def sweep(connection: Connection) -> int:
    """Forget the uploads that have expired; return how many there were."""
    swept: int = await connection.fetchval(_SWEEP)
    return swept


def _upload(row: Record) -> StoredUpload:
    facts: dict[str, Any] = dict(row)
    return StoredUpload(**{**facts, "metadata": orjson.loads(facts["metadata"])})
