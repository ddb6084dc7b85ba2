"""What was sent again as it stood: no change for the journal, but whose it is changes by it.

Undoing the first of two files that say the same must leave what the second says. Attributes that
were sent again with a series that changed stand in its row of the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

from app.sdmx import series
from app.sdmx.series import TIME, Document
from app.store.types import Connection

CREATE = """
CREATE TEMPORARY TABLE sent_again (
  key text[] COLLATE "C" NOT NULL,
  above boolean NOT NULL,
  periods text[],
  attributes text[] NOT NULL
) ON COMMIT DROP
"""
INSERT = """
INSERT INTO confirmed (agreement_id, key, publication_id, above, periods, attributes)
SELECT $1, key, $2, above, periods, attributes FROM sent_again
"""

Confirmation: TypeAlias = tuple[Sequence[str | None], bool, Sequence[str] | None, Sequence[str]]
"""Key, whether it is above the series, time periods (`None`: all that there are), attributes."""


def confirmed_periods(
    before: Document, after: Document, touched: Collection[str]
) -> list[str] | None:
    """The time periods that were touched and stayed as they were; `None`: all there are."""
    times = before[TIME]
    if not times or not touched:
        return []
    if before is not after and before != after:
        put, gone = series.difference(before, after)
        changed = set(put[TIME] if put else ()).union(gone)
        times = [time for time in times if time not in changed]
    found = [time for time in times if time in touched]
    return None if len(found) == len(after[TIME]) else found


async def write_confirmed(connection: Connection, agreement: int, publication: int) -> None:
    """Write down what was collected in `sent_again`."""
    await connection.execute(INSERT, agreement, publication)
