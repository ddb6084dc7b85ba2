"""Staging: the segments of a message, in a temporary table of the session that publishes it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import msgspec

from app.sdmx.actions import Segment
from app.sdmx.intake import Intake, Key, Target, segment_of_deletion
from app.store.types import Connection

SEPARATOR = "\x1f"
"""Between the codes of a staged key: text is sent, sorted and grouped faster than an array."""

CREATE = """
CREATE TEMPORARY TABLE stage (
  agreement_id integer NOT NULL,
  key text COLLATE "C" NOT NULL,
  first_row bigint NOT NULL,
  segment bytea NOT NULL
)
"""
STAGE_DELETION = """
INSERT INTO stage (agreement_id, key, first_row, segment)
SELECT $1, array_to_string(key, E'\x1f'), $2, $3
FROM (
  SELECT key FROM series
  WHERE agreement_id = $1 AND series_terms(dataflow_id, key) @> $4
  UNION
  SELECT key FROM withheld_series
  WHERE agreement_id = $1 AND series_terms(dataflow_id, key) @> $4
  UNION
  SELECT string_to_array(key, E'\x1f') FROM stage
  WHERE agreement_id = $1 AND first_row < $2
    AND series_terms($5, string_to_array(key, E'\x1f')) @> $4
) AS reached
"""

encode_segment = msgspec.msgpack.Encoder().encode
decode_segment = msgspec.msgpack.Decoder(Segment).decode


@asynccontextmanager
async def stage(connection: Connection) -> AsyncIterator[None]:
    """A stage on this connection, gone when the block ends."""
    await connection.execute("DROP TABLE IF EXISTS stage")
    await connection.execute(CREATE)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute("DROP TABLE IF EXISTS stage")


StageRecord: TypeAlias = tuple[int, str, int, bytes]


def records(segments: Iterable[tuple[Target, Key, Segment]]) -> list[StageRecord]:
    """Segments as the stage takes them: agreement, key, first row, segment."""
    join, encode = SEPARATOR.join, encode_segment
    return [
        (target.agreement, joined, segment.rows[0], encode(segment))
        for target, key, segment in segments
        if "\x00" not in (joined := join(key))  # in no code list, and not storable
    ]


async def put_records(connection: Connection, staged: Sequence[StageRecord]) -> None:
    """Stage segments."""
    await connection.copy_records_to_table("stage", records=staged)


async def put_deletions(connection: Connection, intake: Intake, dataflow: int) -> None:
    """Stage what deletions with open keys do, for each series that they reach.

    To be called under the lock of the agreement: what another publication put meanwhile is
    reached too.
    """
    target = intake.target
    for deletion in intake.deletions:
        segment = segment_of_deletion(target.flow, deletion)
        if not segment.is_idle and not any("\x00" in (code or "") for code in deletion.key):
            await connection.execute(
                STAGE_DELETION,
                target.agreement,
                deletion.row,
                encode_segment(segment),
                terms(dataflow, deletion.key),
                dataflow,
            )


def terms(dataflow: int, key: Sequence[str | None]) -> list[str]:
    """The terms of a key with open positions, as the SQL function `series_terms` writes them."""
    return [
        f"{dataflow}.{position}={code}" for position, code in enumerate(key, 1) if code is not None
    ]
