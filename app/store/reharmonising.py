"""History read again: the standing submissions of an agreement, and the series that they fold to.

What the fold makes of a series takes the place of what is stored, where it differs, through the
same door as what is sent: both rooms, the journal and the attachments follow from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from app.sdmx import series
from app.sdmx.actions import Outcome, Segment
from app.sdmx.findings import Finding
from app.sdmx.intake import Target
from app.sdmx.series import TIME
from app.sdmx.standing_fold import Event, fold_attachments, fold_series, message_and_row
from app.store import checks, staging
from app.store.attachments import Attachments, write_attachments
from app.store.effects import Effect, Publication
from app.store.families import by_family
from app.store.findings import REFUSES
from app.store.merge import Merge
from app.store.publication import lock_agreement
from app.store.series_writing import write_series
from app.store.stored import Placed, Stored
from app.store.submissions import UNDECIDED
from app.store.types import Connection, Record

FETCH_SERIES: Final = 500

SAME_KEY: Final = "VIPMG-261"

_STANDING: Final = """
SELECT s.id, s.sequence, s.state,
  (SELECT max(u.sequence) FROM submission AS u WHERE u.parent_id = s.id
    AND u.kind IN ('withdrawal', 'redaction') AND u.state IN ('published', 'superseded')) AS undone,
  s.options ->> 'supersedes' AS replaced,
  EXISTS (SELECT FROM redaction AS r WHERE r.scope ->> 'submission' = s.id::text) AS redacted
FROM submission AS s
WHERE s.organisation = $1 AND s.agreements @> ARRAY[$2::text] AND s.kind IN ('file', 'correction')
  AND s.state = ANY ($3::text[]) AND s.publication_id IS NOT NULL
ORDER BY s.sequence
"""
_STATES: Final = ("published", "awaiting release", "superseded", "withdrawn")
_FED: Final = """
SELECT DISTINCT agreement FROM (
  SELECT unnest(agreements) AS agreement, mapping FROM submission
  WHERE mapping IS NOT NULL AND publication_id IS NOT NULL AND state = ANY ($2::text[])
    AND kind IN ('file', 'correction')
) AS sent
WHERE EXISTS (
  SELECT FROM json_array_elements(sent.mapping) AS one
  WHERE split_part(one ->> 'map', '(', 1) = $1 AND one ->> 'target' = ANY ($3::text[])
)
ORDER BY agreement
"""
_UNDECIDED: Final = """
SELECT id FROM submission
WHERE kind = 'reharmonisation' AND state = ANY ($2::text[]) AND options ->> 'agreement' = $1
  AND options ->> 'map' = $3
"""
_SERIES: Final = """
SELECT known.key, staged.segments, staged.places, s.observations, s.attributes, w.hidden
FROM (
  SELECT string_to_array(key, E'\x1f') COLLATE "C" AS key FROM stage WHERE agreement_id = $1
  UNION SELECT key FROM series WHERE agreement_id = $1 AND observation_count > 0
  UNION SELECT key FROM withheld_series WHERE agreement_id = $1
) AS known
LEFT JOIN (
  SELECT string_to_array(key, E'\x1f') COLLATE "C" AS key,
    array_agg(segment ORDER BY first_row) AS segments,
    array_agg(first_row ORDER BY first_row) AS places
  FROM stage WHERE agreement_id = $1 GROUP BY stage.key
) AS staged ON staged.key = known.key
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = known.key
LEFT JOIN LATERAL (
  SELECT array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at) AS hidden
  FROM withheld_series WHERE agreement_id = $1 AND key = known.key
) AS w ON true
"""


_LEFT_OUT: Final = f"""
SELECT (s.changes ->> 'rows_left_out') IS NOT NULL AS in_part, (
    SELECT array_agg(DISTINCT f.row) FROM finding AS f
    WHERE f.submission_id = s.id AND f.row IS NOT NULL AND f.code <> ALL ($2::text[])
      AND {REFUSES}
  ) AS rows
FROM submission AS s WHERE s.id = $1
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class Standing:
    """A submission whose figures, or whose end, made the agreement what it is.

    Attributes:
        undone: sequence number at which it was withdrawn or redacted; nothing: it stands.
        replaced: the submission that it replaced whole.
        is_redacted: whether nothing may be told of what it says.
    """

    id: uuid.UUID
    sequence: int
    undone: int | None
    replaced: uuid.UUID | None
    is_redacted: bool


async def standing(connection: Connection, provider: str, agreement: str) -> list[Standing]:
    """What has to be read again of an agreement, in the order of publication.

    Those that were rolled back count as never sent. Those that were withdrawn do: older figures
    did not come back in their place.
    """
    rows = await connection.fetch(_STANDING, provider, agreement, list(_STATES))
    return [
        Standing(
            row["id"],
            row["sequence"],
            (row["undone"] or row["sequence"]) if row["state"] == "withdrawn" else None,
            None if row["replaced"] is None else uuid.UUID(row["replaced"]),
            row["redacted"],
        )
        for row in rows
    ]


async def rows_left_out(
    connection: Connection, submission: uuid.UUID, mapped: Sequence[str]
) -> frozenset[int] | None:
    """The rows that were left out of a submission that was taken in part; else nothing.

    Args:
        connection: that may read findings.
        submission: its id.
        mapped: codes of findings that another map may make good.
    """
    row = await connection.fetchrow(_LEFT_OUT, submission, list(mapped))
    if row is None or not row["in_part"]:
        return None
    return frozenset(row["rows"] or ())


async def fed_agreements(connection: Connection, stem: str, targets: Sequence[str]) -> list[str]:
    """URNs of the agreements that have figures by any version of a map.

    Args:
        connection: that may read submissions.
        stem: URN of the map up to its version.
        targets: what the map leads to, and its dataflows where that is a data structure.
    """
    rows = await connection.fetch(_FED, stem, list(_STATES), list(targets))
    return [row["agreement"] for row in rows]


async def undecided(connection: Connection, agreement: str, used: str) -> uuid.UUID | None:
    """A re-harmonisation of the agreement by the same map that is not decided yet."""
    found: uuid.UUID | None = await connection.fetchval(
        _UNDECIDED, agreement, [*UNDECIDED, "accepted"], used
    )
    return found


async def publish_fold(
    connection: Connection,
    publication: Publication,
    target: Target,
    dataflow: int,
    events: Sequence[Event],
    report: Callable[[Finding], None],
) -> Effect:
    """Put what the staged messages fold to in the place of what the agreement holds.

    Findings name rows by `place_of`.

    Raises:
        RefusedError: there are findings that refuse it.
        StructuresChangedError: the agreement ended.
    """
    locked = await lock_agreement(connection, target.agreement)
    attachments = await Attachments.load(connection, target.agreement, publication.now)
    folded = fold_attachments(target.flow, events)
    for key in attachments.current.keys() | folded.keys():
        attachments.current[key] = dict(folded.get(key, {}))
    merge = _Refolding(publication, target, attachments, report, events)
    merge.rule = locked.rule
    await connection.execute("ANALYZE stage")
    statement = by_family(_SERIES, merge.rule)
    rows = connection.cursor(statement, target.agreement, prefetch=FETCH_SERIES)
    try:
        effect = await write_series(
            connection, merge, rows, dataflow, locked.audience, lambda _series: None
        )
    finally:
        merge.checked.close()
    await write_attachments(
        connection, publication.id, dataflow, locked.audience, attachments, effect, hides=True
    )
    publication.effects.append(effect)
    publication.unchecked.append(checks.Unchecked(target, dataflow, report))
    return effect


class _Refolding(Merge):
    """Puts series as they are folded in the place of those that are stored."""

    def __init__(
        self,
        publication: Publication,
        target: Target,
        attachments: Attachments,
        report: Callable[[Finding], None],
        events: Sequence[Event],
    ) -> None:
        super().__init__(publication, target, attachments, report)
        self._events = events
        self._flow = target.flow

    def series(self, row: Record) -> None:
        """Put one series in place, if it differs."""
        stored = Stored.read(row)
        folded = fold_series(self._flow, self._events, tuple(stored.key), _sent(row))
        put, gone = series.difference(stored.full, folded.observations)
        for place, first, time in folded.duplicates:
            self.refused = True
            shown = ".".join(stored.key) + (f" {time}" if time else "")
            self.report(Finding(SAME_KEY, place, value=shown, rule=str(first)))
        if not folded.observations[TIME] and not stored.exists:
            return
        if put is None and not gone and folded.attributes == stored.full_attributes:
            return
        touched = {time: folded.touched.get(time, 0) for time in (put or {TIME: []})[TIME]}
        outcome = Outcome(folded.observations, folded.attributes, touched, [])
        self._complete(tuple(stored.key), outcome)
        self._check_figures(stored, outcome)
        if self.refused:
            return
        still = {n: v for n, v in stored.attributes.items() if n in outcome.attributes}
        self.put(Placed(stored, outcome, [], (), None, still, outcome.attributes.keys()))


def _sent(row: Record) -> dict[int, list[Segment]]:
    """The staged segments of a series by number of their message."""
    sent: dict[int, list[Segment]] = {}
    for place, segment in zip(row["places"] or (), row["segments"] or (), strict=True):
        message, _ = message_and_row(place)
        sent.setdefault(message, []).append(staging.decode_segment(segment))
    return sent
