"""Changed terms of agreements, published: who may see what is withheld, and what is withheld."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.store.attachments import Attachments, write_attachments
from app.store.effects import Effect, Publication
from app.store.families import HIDDEN, by_family
from app.store.merge import Merge
from app.store.publication import (
    FETCH_SERIES,
    begin_publication,
    end_publication,
    lock_agreement,
    no_report,
)
from app.store.series_writing import write_series
from app.store.types import Connection

_HOLDING: Final = """
SELECT a.id, a.urn, a.dataflow_id FROM agreement AS a
JOIN agreement_head AS h ON h.agreement_id = a.id
JOIN withheld_head AS w ON w.agreement_id = a.id
WHERE a.urn = ANY ($1) AND (h.revision > 0 OR w.revision > 0) ORDER BY a.id
"""
_AUDIENCE: Final = tuple(
    f"WITH changed AS (UPDATE {table} SET audience = $2 "  # noqa: S608 - own names
    "WHERE agreement_id = $1 AND audience <> $2 RETURNING 1) SELECT count(*) FROM changed"
    for table in ("withheld_series", "withheld_change", "withheld_attachment")
)
_EVERY: Final = f"""
SELECT coalesce(s.key, w.key) AS key, NULL::bytea[] AS segments, s.observations, s.attributes,
  w.hidden
FROM (SELECT key, observations, attributes FROM series WHERE agreement_id = $1) AS s
FULL JOIN (
  SELECT key, {HIDDEN} FROM withheld_series WHERE agreement_id = $1 GROUP BY key
) AS w ON w.key = s.key
"""  # noqa: S608 - own text


@dataclass(frozen=True, slots=True)
class ChangedTerms:
    """An agreement whose terms changed; `rooms`: what it withholds did, not only from whom."""

    urn: str
    rooms: bool


async def publish_terms(connection: Connection, changed: Sequence[ChangedTerms]) -> None:
    """Let hold what changed terms say of who may see what.

    A publication of its own, in the transaction that changes the registry. What was public and is
    suppressed now leaves its marker, in the public past as well; history keeps it for those who may
    see what is withheld. Of an agreement that never had data there is nothing to publish.
    """
    rows = await connection.fetch(_HOLDING, [one.urn for one in changed])
    if not rows:
        return
    publication = await begin_publication(connection, None)
    rooms = {one.urn for one in changed if one.rooms}
    for row in rows:
        number = row["id"]
        audience = (await lock_agreement(connection, number)).audience
        moved = [await connection.fetchval(each, number, audience) for each in _AUDIENCE]
        effect = Effect(number)
        if row["urn"] in rooms:
            effect = await _divide_anew(connection, publication, number, row["dataflow_id"])
        effect.withheld_room = effect.withheld_room or any(moved)
        publication.effects.append(effect)
    await end_publication(
        connection,
        publication,
        action="terms",
        actor="registry",
        about=", ".join(row["urn"] for row in rows),
    )


async def _divide_anew(
    connection: Connection, publication: Publication, agreement: int, dataflow: int
) -> Effect:
    """Divide all series of an agreement into the rooms, as its terms are now."""
    locked = await lock_agreement(connection, agreement)
    attachments = await Attachments.load(connection, agreement, publication.now)
    merge = Merge(publication, None, attachments, no_report, rule=locked.rule)
    merge.is_whole = True
    rows = connection.cursor(by_family(_EVERY, locked.rule), agreement, prefetch=FETCH_SERIES)
    effect = await write_series(
        connection, merge, rows, dataflow, locked.audience, lambda _series: None
    )
    await write_attachments(
        connection, publication.id, dataflow, locked.audience, attachments, effect, hides=True
    )
    return effect
