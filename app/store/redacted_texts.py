"""What else tells of redacted figures: rows of files, findings, what maps did, notes on mirrors."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.store.types import Connection

VALUES: Final = ("values", "left_out_values")
"""What a map tells of single values of a file."""

_AGAIN: Final = """
SELECT id, publication_id, sequence, mapping::text AS mapping FROM submission
WHERE kind = 'reharmonisation' AND publication_id IS NOT NULL AND agreements @> ARRAY[$1::text]
  AND sequence > $2 ORDER BY sequence
"""
_SOURCES: Final = """
SELECT id, mapping::text AS mapping FROM submission
WHERE kind IN ('file', 'correction') AND publication_id IS NOT NULL
  AND agreements @> ARRAY[$1::text] AND id IS DISTINCT FROM $4
  AND (publication_id = ANY ($2::bigint[]) OR sequence < $3)
ORDER BY sequence
"""
_KEEP_OUT: Final = """
UPDATE submission SET redacted_rows = ARRAY(
  SELECT DISTINCT row FROM unnest(coalesce(redacted_rows, '{}') || $2::bigint[]) AS row ORDER BY row
)
WHERE id = $1
"""
_KEPT_OUT: Final = "SELECT redacted_rows FROM submission WHERE id = $1"
_CREATE: Final = """
CREATE TEMPORARY TABLE redacted_figure (figure text COLLATE "C" NOT NULL) ON COMMIT DROP
"""
# Figures stand in findings alone, in ranges (5 – 9), and behind what they were in the file (5 → 6).
_EMPTY_FINDINGS: Final = """
UPDATE finding AS f SET value = NULL, nearest = NULL, allowed = NULL
FROM (
  SELECT DISTINCT told.submission_id, told.number
  FROM submission AS s JOIN finding AS told ON told.submission_id = s.id
  CROSS JOIN LATERAL regexp_split_to_table(
    concat_ws(' ', told.value, told.nearest, told.allowed), '[^0-9A-Za-z.+-]+') AS said (word)
  JOIN redacted_figure AS r ON r.figure = said.word
  WHERE s.organisation = $1 OR s.agreements @> ARRAY[$2::text]
) AS quoting
WHERE f.submission_id = quoting.submission_id AND f.number = quoting.number
"""
_EMPTY_FINDINGS_ON: Final = """
UPDATE finding SET value = NULL, nearest = NULL, allowed = NULL
WHERE submission_id = ANY ($1::uuid[]) AND (file = $2 OR starts_with(file, $2 || '/'))
"""
_EMPTY_MAPPING: Final = "UPDATE submission SET mapping = $2 WHERE id = $1"
_MAPPING: Final = "SELECT mapping::text FROM submission WHERE id = $1"
# Practice has no notes of its own: what is redacted there leaves those that all read as they are.
_EMPTY_NOTES: Final = """
UPDATE mirror_note SET note = NULL, agreed_value = NULL
WHERE id = ANY ($1::uuid[]) AND current_schema() <> 'practice'
"""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A submission and what maps did with it.

    Attributes:
        publication: that a re-harmonisation is; nothing for what was sent.
        sequence: its place in the ledger; likewise.
    """

    id: uuid.UUID
    mapping: Sequence[dict[str, Any]]
    publication: int | None = None
    sequence: int | None = None

    @property
    def maps(self) -> list[str]:
        """URNs of the maps that ran."""
        return [one["map"] for one in self.mapping]


async def read_again_since(connection: Connection, agreement: str, sequence: int) -> list[Mapped]:
    """The re-harmonisations of an agreement after a publication."""
    return [
        Mapped(row["id"], _read(row["mapping"]), row["publication_id"], row["sequence"])
        for row in await connection.fetch(_AGAIN, agreement, sequence)
    ]


async def sources(
    connection: Connection,
    agreement: str,
    publications: Collection[int],
    before: int | None,
    without: uuid.UUID | None,
) -> list[Mapped]:
    """The submissions with files for an agreement: those of publications, and all before one.

    Args:
        connection: that may read submissions.
        agreement: URN.
        publications: their publications.
        before: sequence number; nothing: none but those.
        without: one that is not meant.
    """
    rows = await connection.fetch(_SOURCES, agreement, list(publications), before, without)
    return [Mapped(row["id"], _read(row["mapping"])) for row in rows]


async def keep_out(connection: Connection, submission: uuid.UUID, rows: Iterable[int]) -> None:
    """Note rows of a file that no reading may bring back."""
    await connection.execute(_KEEP_OUT, submission, list(rows))


async def kept_out(connection: Connection, submission: uuid.UUID) -> frozenset[int]:
    """The rows of a file that no reading may bring back."""
    return frozenset(await connection.fetchval(_KEPT_OUT, submission) or ())


async def empty_findings(
    connection: Connection, provider: str, agreement: str, figures: Iterable[str]
) -> None:
    """Leave out of findings what quotes one of the figures; codes, rows and columns stay."""
    await connection.execute("DROP TABLE IF EXISTS redacted_figure")
    await connection.execute(_CREATE)
    await connection.copy_records_to_table(
        "redacted_figure", records=[(figure,) for figure in figures]
    )
    await connection.execute(_EMPTY_FINDINGS, provider, agreement)


async def empty_findings_on(
    connection: Connection, submissions: Sequence[uuid.UUID], file: str
) -> None:
    """Leave out of findings of re-harmonisations what they quote of a file."""
    await connection.execute(_EMPTY_FINDINGS_ON, list(submissions), file)


async def empty_mapping(connection: Connection, submission: uuid.UUID) -> None:
    """Leave the single values out of what maps did with a submission; the counts stay."""
    kept = _read(await connection.fetchval(_MAPPING, submission))
    if kept:
        told = [one | {name: [] for name in VALUES if name in one} for one in kept]
        await connection.execute(_EMPTY_MAPPING, submission, orjson.dumps(told).decode())


async def empty_notes(connection: Connection, notes: Sequence[uuid.UUID]) -> None:
    """Leave nothing of what parties said but that they did."""
    await connection.execute(_EMPTY_NOTES, list(notes))


def _read(text: str | None) -> list[dict[str, Any]]:
    return [] if text is None else orjson.loads(text)
