"""Scorecards: one row for each data provider, dataflow and day; and the figures behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from app.sdmx.history import Change
from app.sdmx.series import EMPTY
from app.store.findings import WARNS
from app.store.types import Connection, Record

FILES: Final = 12
"""The last files whose findings are counted."""

FETCH: Final = 500
TOTALS: Final = "VIPMG-310"
"""The finding on a total that its parts do not give."""

_WRITE: Final = """
INSERT INTO scorecard (provider, dataflow, day, scores) VALUES ($1, $2, $3, $4::text::json)
ON CONFLICT (provider, dataflow, day) DO UPDATE SET scores = EXCLUDED.scores
"""
_OF_DAY: Final = """
SELECT provider, dataflow, (scores -> 'through')::text AS through FROM scorecard WHERE day = $1
"""
_LAST: Final = """
SELECT DISTINCT ON (provider, dataflow) provider, dataflow, day, scores::text AS scores
FROM scorecard
WHERE ($1::text IS NULL OR provider = $1) AND dataflow = ANY ($2::text[])
ORDER BY provider, dataflow, day DESC LIMIT $3 OFFSET $4
"""
_HISTORY: Final = """
SELECT provider, dataflow, day, scores::text AS scores FROM scorecard
WHERE provider = $1 AND dataflow = ANY ($2) ORDER BY day DESC, dataflow LIMIT $3 OFFSET $4
"""
_EXPECTED: Final = """
SELECT label, count(*) AS expected, count(*) FILTER (WHERE has_new) AS there
FROM (
  SELECT w.label, s.key, bool_or(w.is_new) AS has_new, bool_or(NOT w.is_new) AS has_old
  FROM series AS s, json_array_elements_text(s.observations -> 'TIME_PERIOD') AS p (period)
  JOIN unnest($2::text[], $3::text[], $4::boolean[]) AS w (period, label, is_new)
    ON w.period = p.period
  WHERE s.agreement_id = $1 AND s.observation_count > 0
  GROUP BY w.label, s.key
) AS held WHERE has_old GROUP BY label
"""
_THERE: Final = """
SELECT w.label, count(DISTINCT s.key) AS there
FROM series AS s, json_array_elements_text(s.observations -> 'TIME_PERIOD') AS p (period)
JOIN unnest($2::text[], $3::text[]) AS w (period, label) ON w.period = p.period
WHERE s.agreement_id = $1 AND s.observation_count > 0 GROUP BY w.label
"""
# Of files with anything withheld nothing is told, not even how many warnings they had.
_FINDINGS: Final = f"""
WITH files AS (
  SELECT s.id, s.row_count FROM submission AS s JOIN ledger AS l
    ON l.publication_id = s.publication_id
  WHERE s.state IN ('published', 'superseded') AND s.agreements = ARRAY[$1::text]
    AND s.row_count > 0
    AND l.public AND s.kind IN ('file', 'correction')
    AND NOT EXISTS (
      SELECT FROM withheld_change AS w
      WHERE w.agreement_id = $2 AND w.publication_id = s.publication_id)
  ORDER BY l.sequence DESC LIMIT $3
)
SELECT count(*) AS files, coalesce(sum(f.row_count), 0)::bigint AS rows,
  coalesce(sum(found.warnings), 0)::bigint AS warnings,
  coalesce(sum(found.totals), 0)::bigint AS totals
FROM files AS f, LATERAL (
  SELECT count(*) FILTER (WHERE {WARNS}) AS warnings,
    count(*) FILTER (WHERE code = $4) AS totals
  FROM finding WHERE submission_id = f.id
) AS found
"""  # noqa: S608 - own text
_ONCE: Final = """
SELECT coalesce(sum(json_array_length(observations -> 'TIME_PERIOD')), 0)::bigint FROM (
  SELECT min(observations::text)::json AS observations FROM change
  WHERE agreement_id = $1 AND action <> 'Attachment'
  GROUP BY key HAVING count(*) = 1 AND min(action) = 'Replace'
) AS once
"""
_MORE: Final = """
SELECT c.key, c.action, c.observations::text AS observations, l.published_at
FROM change AS c JOIN ledger AS l ON l.publication_id = c.publication_id
WHERE c.agreement_id = $1 AND c.action <> 'Attachment' AND c.key IN (
  SELECT key FROM change WHERE agreement_id = $1 AND action <> 'Attachment'
  GROUP BY key HAVING count(*) > 1)
ORDER BY c.key, l.sequence, c.action
"""
_ASYMMETRIES: Final = """
SELECT o.provider, w.dataflow, array_agg(DISTINCT w.pair) AS pairs, count(*) AS cells,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY o.value::double precision) AS middle
FROM series AS s
JOIN unnest($3::text[], $4::text[], $5::text[]) AS w (pair, side, dataflow) ON w.pair = s.key[$2],
LATERAL (
  SELECT json_array_length(s.observations -> 'TIME_PERIOD') AS size,
    s.observations -> 'ASYMMETRY' AS value, s.observations -> (w.side || '_PROVIDER') AS provider
) AS c,
LATERAL ROWS FROM (
  json_array_elements_text(CASE json_typeof(c.value) WHEN 'array' THEN c.value
    ELSE array_to_json(array_fill(c.value #>> '{}', ARRAY[c.size])) END),
  json_array_elements_text(CASE json_typeof(c.provider) WHEN 'array' THEN c.provider
    ELSE array_to_json(array_fill(c.provider #>> '{}', ARRAY[c.size])) END)
) AS o (value, provider)
WHERE s.agreement_id = $1 AND s.observation_count > 0
  AND o.value IS NOT NULL AND o.provider IS NOT NULL
GROUP BY o.provider, w.dataflow
"""

Through: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The scores of a data provider and dataflow on a day.

    Attributes:
        through: the revision of the public figures that it knows, by id of the agreement.
        scores: each as it is kept.
    """

    provider: str
    dataflow: str
    day: dt.date
    through: Through
    scores: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileFindings:
    """What the checks said of the last files of an agreement."""

    files: int
    rows: int
    warnings: int
    totals: int


@dataclass(frozen=True, slots=True)
class MirrorMiddle:
    """The median asymmetry of a provider's figures of a dataflow."""

    cells: int
    middle: float
    pairs: tuple[str, ...]


async def write(connection: Connection, card: Scorecard) -> None:
    """Keep the scorecard of a day, in the place of one that was written before on that day."""
    kept = {"through": dict(card.through), "scores": dict(card.scores)}
    text = orjson.dumps(kept).decode()
    await connection.execute(_WRITE, card.provider, card.dataflow, card.day, text)


async def written_on(connection: Connection, day: dt.date) -> dict[tuple[str, str], Through]:
    """By provider and dataflow, what the scorecards of a day know."""
    rows = await connection.fetch(_OF_DAY, day)
    return {(row["provider"], row["dataflow"]): orjson.loads(row["through"]) for row in rows}


async def last_of_each(
    connection: Connection,
    provider: str | None,
    dataflows: Sequence[str],
    page: tuple[int, int],
) -> list[Scorecard]:
    """The last scorecard of each provider and dataflow; `page`: how many at most, how many not."""
    rows = await connection.fetch(_LAST, provider, list(dataflows), *page)
    return [_card(row) for row in rows]


async def history(
    connection: Connection, provider: str, dataflows: Sequence[str], page: tuple[int, int]
) -> list[Scorecard]:
    """The scorecards of a provider and dataflow, the last day first."""
    rows = await connection.fetch(_HISTORY, provider, list(dataflows), *page)
    return [_card(row) for row in rows]


async def expected_by_year(
    connection: Connection, agreement: int, wanted: Sequence[tuple[str, str, bool]]
) -> dict[str, tuple[int, int]]:
    """By label: series that had a figure the year before, and those of them that have one now.

    Args:
        connection: sees the public room.
        agreement: its number.
        wanted: period as it is written, label, and whether it is of now.
    """
    texts, labels, news = map(list, zip(*wanted, strict=True)) if wanted else ([], [], [])
    rows = await connection.fetch(_EXPECTED, agreement, texts, labels, news)
    return {row["label"]: (row["expected"], row["there"]) for row in rows}


async def series_there(
    connection: Connection, agreement: int, wanted: Sequence[tuple[str, str]]
) -> int:
    """How many series have a figure, over all labels."""
    texts, labels = map(list, zip(*wanted, strict=True)) if wanted else ([], [])
    rows = await connection.fetch(_THERE, agreement, texts, labels)
    return sum(row["there"] for row in rows)


async def last_findings(connection: Connection, agreement: int, urn: str) -> FileFindings:
    """Findings on the last files whose figures are all public and of this agreement alone."""
    [row] = await connection.fetch(_FINDINGS, urn, agreement, FILES, TOTALS)
    return FileFindings(row["files"], row["rows"], row["warnings"], row["totals"])


async def published_once(connection: Connection, agreement: int) -> int:
    """How many observations have only ever been published once, with all of their series."""
    found: int = await connection.fetchval(_ONCE, agreement)
    return found


async def published_again(connection: Connection, agreement: int) -> AsyncIterator[list[Change]]:
    """The public changes of each series that has several, in their order."""
    cursor = connection.cursor(_MORE, agreement, prefetch=FETCH)
    waiting: list[Record] = []
    async for row in cursor:
        if waiting and waiting[0]["key"] != row["key"]:
            yield [_change(one) for one in waiting]
            waiting.clear()
        waiting.append(row)
    if waiting:
        yield [_change(one) for one in waiting]


async def mirror_middles(
    connection: Connection,
    agreement: int,
    position: int,
    sides: Sequence[tuple[str, str, str]],
) -> dict[tuple[str, str], MirrorMiddle]:
    """By provider and dataflow, the median asymmetry in the computed dataflow of mirrors.

    Args:
        connection: sees the public room.
        agreement: that of the dataflow of mirrors.
        position: of the dimension that names the pair, from 0.
        sides: code of a pair, `LEFT` or `RIGHT`, and URN of the dataflow of that side.
    """
    if not sides:
        return {}
    pairs, names, flows = map(list, zip(*sides, strict=True))
    rows = await connection.fetch(_ASYMMETRIES, agreement, position + 1, pairs, names, flows)
    return {
        (row["provider"], row["dataflow"]): MirrorMiddle(
            row["cells"], row["middle"], tuple(sorted(row["pairs"]))
        )
        for row in rows
    }


def _card(row: Record) -> Scorecard:
    kept = orjson.loads(row["scores"])
    return Scorecard(row["provider"], row["dataflow"], row["day"], kept["through"], kept["scores"])


def _change(row: Record) -> Change:
    text = row["observations"]
    document = EMPTY if text is None else orjson.loads(text)
    return Change(row["published_at"], row["action"], document, {})
