"""Publication: the one step that changes what others see.

One transaction: the agreement's row is locked; structures and terms are checked to be those of
the validation; staged segments are merged into series; both rooms, the journal and the
attachments are written; then, under one lock, the sequence number, the ledger, the heads and
the submission's state. Acknowledge after the commit, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.sdmx.findings import Finding
from app.sdmx.intake import Intake
from app.sdmx.rooms import RoomRule
from app.sdmx.unit_changes import units_above
from app.store import checks, derived, ledger, staging, superseded
from app.store.attachments import Attachments, write_attachments
from app.store.effects import Effect, Publication
from app.store.families import HIDDEN, by_family
from app.store.merge import Merge, RefusedError
from app.store.room_rules import read_rule
from app.store.series_writing import write_series
from app.store.types import Connection

FETCH_SERIES = 500

LOCK = """
SELECT readers, provider, room_rule::text AS room_rule FROM agreement
WHERE id = $1 AND active FOR UPDATE
"""
STAGED = """
SELECT staged.key, staged.segments, s.observations, s.attributes{column}
FROM (
  SELECT string_to_array(key, E'\x1f') AS key,
    array_agg(segment ORDER BY first_row) AS segments
  FROM stage WHERE agreement_id = $1 GROUP BY stage.key
) AS staged
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = staged.key
{join}"""
STAGED_PUBLIC = STAGED.format(column="", join="")
STAGED_WITH_WITHHELD = STAGED.format(
    column=", w.hidden",
    join=f"""LEFT JOIN LATERAL (
  SELECT {HIDDEN} FROM withheld_series WHERE agreement_id = $1 AND key = staged.key
) AS w ON true
""",  # noqa: S608 - own text
)
WITHHELD = f"""
SELECT w.key, NULL::bytea[] AS segments, s.observations, s.attributes, w.hidden
FROM (
  SELECT key, {HIDDEN} FROM withheld_series WHERE agreement_id = $1
  GROUP BY key HAVING min(release_at) <= $2
) AS w
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = w.key
"""  # noqa: S608 - own text
HEAD = """
UPDATE agreement_head SET revision = revision + 1, published_at = $2,
  series_count = series_count + $3, observation_count = observation_count + $4
WHERE agreement_id = $1
"""
WITHHELD_HEAD = """
UPDATE withheld_head SET revision = revision + 1, published_at = $2 WHERE agreement_id = $1
"""


@dataclass(frozen=True, slots=True)
class Locked:
    """An agreement that is locked.

    Attributes:
        audience: who may see what it withholds.
        rule: what it withholds by its terms.
    """

    audience: list[str]
    rule: RoomRule


class StructuresChangedError(Exception):
    """Structures or terms changed since the validation: validate again."""


async def begin_publication(connection: Connection, registry_revision: int | None) -> Publication:
    """Take a publication id; the registry stays as it is until the transaction ends.

    Raises:
        StructuresChangedError: the registry is no more at the revision of the validation.
    """
    revision = await connection.fetchval("SELECT revision FROM registry WHERE id = 1 FOR SHARE")
    if registry_revision is not None and revision != registry_revision:
        raise StructuresChangedError
    row = await connection.fetchrow("SELECT nextval('publication_id') AS id, clock_timestamp()")
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return Publication(row["id"], row["clock_timestamp"])


async def publish_intake(
    connection: Connection,
    publication: Publication,
    intake: Intake,
    dataflow: int,
    report: Callable[[Finding], None],
    progress: Callable[[int], None] = lambda _series: None,
) -> Effect:
    """Put the staged segments of one agreement into the rooms and the journal."""
    target = intake.target
    locked = await lock_agreement(connection, target.agreement)
    await staging.put_deletions(connection, intake, dataflow)
    attachments = await Attachments.load(connection, target.agreement, publication.now)
    attachments.take(intake)
    for finding in units_above(target.flow, attachments.stored, attachments.current):
        report(finding)
    hidden_before = await _has_withheld(connection, target.agreement)
    merge = Merge(publication, target, attachments, report, intake.faults, locked.rule)
    statement = STAGED_WITH_WITHHELD if hidden_before else STAGED_PUBLIC
    await connection.execute("ANALYZE stage")
    await merge.see_untouched(connection, dataflow)
    statement = by_family(statement, locked.rule)
    rows = connection.cursor(statement, target.agreement, prefetch=FETCH_SERIES)
    try:
        effect = await write_series(connection, merge, rows, dataflow, locked.audience, progress)
    finally:
        merge.checked.close()
    if merge.embargo is not None and not merge.shows:
        attachments.hold(intake, merge.embargo)
    hides = hidden_before or merge.hides or attachments.has_withheld
    await write_attachments(
        connection, publication.id, dataflow, locked.audience, attachments, effect, hides=hides
    )
    publication.effects.append(effect)
    publication.unchecked.append(checks.Unchecked(target, dataflow, report))
    return effect


async def check_together(connection: Connection, publication: Publication) -> None:
    """Check what several series tell: when all intakes are in the rooms, before the end.

    Raises:
        RefusedError: an agreement makes one of the findings an error.
    """
    found = [await checks.check_together(connection, each) for each in publication.unchecked]
    publication.unchecked.clear()
    if not all(found):
        raise RefusedError


async def check_intake(
    connection: Connection,
    publication: Publication,
    intake: Intake,
    dataflow: int,
    report: Callable[[Finding], None],
) -> None:
    """Put the staged segments together for their findings only."""
    await staging.put_deletions(connection, intake, dataflow)
    attachments = await Attachments.load(connection, intake.target.agreement, publication.now)
    attachments.take(intake)
    merge = Merge(publication, intake.target, attachments, report, intake.faults)
    await merge.see_untouched(connection, dataflow)
    statement, agreement = STAGED_WITH_WITHHELD, intake.target.agreement
    async for row in connection.cursor(statement, agreement, prefetch=FETCH_SERIES):
        merge.check(row)
    merge.checked.close()


async def publish_release(
    connection: Connection, publication: Publication, agreement: int, dataflow: int
) -> Effect:
    """Move to the public room what the database's clock has passed."""
    locked = await lock_agreement(connection, agreement)
    attachments = await Attachments.load(connection, agreement, publication.now)
    merge = Merge(publication, None, attachments, no_report, rule=locked.rule)
    statement = by_family(WITHHELD, locked.rule)
    rows = connection.cursor(statement, agreement, publication.now, prefetch=FETCH_SERIES)
    effect = await write_series(
        connection, merge, rows, dataflow, locked.audience, lambda _series: None
    )
    await write_attachments(
        connection, publication.id, dataflow, locked.audience, attachments, effect, hides=True
    )
    publication.effects.append(effect)
    return effect


async def end_publication(
    connection: Connection,
    publication: Publication,
    *,
    action: ledger.PublicationKind,
    actor: str,
    about: str,
    content_sha256: str | None = None,
) -> ledger.Place:
    """Give the publication its place in the sequence and move the heads: the last step."""
    effects = sorted(publication.effects, key=lambda effect: effect.agreement)
    entry = ledger.Entry(
        publication.id,
        action,
        actor,
        about,
        [effect.agreement for effect in effects],
        [effect.agreement for effect in effects if effect.public_room],
        content_sha256,
        publication.facts,
    )
    place = await ledger.append(connection, entry)
    if action not in {"release", "terms", "derivation"}:
        await superseded.look_later(connection, publication.id)
    if action != "derivation":
        await derived.look_later(connection, str(place.sequence))
    for effect in effects:
        if effect.public_room:
            await connection.execute(
                HEAD, effect.agreement, place.published_at, effect.series, effect.observations
            )
        if effect.withheld_room:
            await connection.execute(WITHHELD_HEAD, effect.agreement, place.published_at)
    return place


def no_report(finding: Finding) -> None:
    """Take no finding: where nothing is sent there is none."""
    raise AssertionError(finding)


async def lock_agreement(connection: Connection, agreement: int) -> Locked:
    """Lock an agreement until the end of the transaction, and read what its terms say.

    Raises:
        StructuresChangedError: it ended.
    """
    row = await connection.fetchrow(LOCK, agreement)
    if row is None:
        raise StructuresChangedError
    return Locked(sorted({row["provider"], *row["readers"]}), read_rule(row["room_rule"]))


async def _has_withheld(connection: Connection, agreement: int) -> bool:
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM withheld_series WHERE agreement_id = $1)", agreement
    )
    return found
