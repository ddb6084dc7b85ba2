"""Publication: the one step that changes what others see.

One transaction: the agreement's row is locked; structures and terms are checked to be those of
the validation; staged segments are merged into series; both rooms, the journal and the
attachments are written; then, under one lock, the sequence number, the ledger, the heads and
the submission's state. Acknowledge after the commit, never before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.sdmx import rooms, series
from app.sdmx.actions import Outcome, apply
from app.sdmx.findings import Finding
from app.sdmx.flow import Component
from app.sdmx.intake import Intake, Key, Target, complete
from app.sdmx.series import EMPTY, TIME, Document
from app.store import ledger, staging
from app.store.attachments import Attachments, write_attachments
from app.store.types import Connection, Record

FETCH_SERIES = 500

LOCK = "SELECT id, readers, provider FROM agreement WHERE id = $1 AND active FOR UPDATE"
STAGED = """
SELECT staged.key, staged.segments, s.observations, s.attributes
FROM (
  SELECT string_to_array(key, E'\x1f') AS key,
    array_agg(segment ORDER BY first_row) AS segments
  FROM stage WHERE agreement_id = $1 GROUP BY stage.key
) AS staged
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = staged.key
"""
STAGED_WITH_WITHHELD = """
SELECT staged.key, staged.segments, s.observations, s.attributes, w.hidden
FROM (
  SELECT string_to_array(key, E'\x1f') AS key,
    array_agg(segment ORDER BY first_row) AS segments
  FROM stage WHERE agreement_id = $1 GROUP BY stage.key
) AS staged
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = staged.key
LEFT JOIN LATERAL (
  SELECT array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at) AS hidden
  FROM withheld_series WHERE agreement_id = $1 AND key = staged.key
) AS w ON true
"""
WITHHELD = """
SELECT w.key, NULL::bytea[] AS segments, s.observations, s.attributes, w.hidden
FROM (
  SELECT key, array_agg(ARRAY[observations::text, attributes::text] ORDER BY release_at) AS hidden
  FROM withheld_series WHERE agreement_id = $1
  GROUP BY key HAVING min(release_at) <= $2
) AS w
LEFT JOIN series AS s ON s.agreement_id = $1 AND s.key = w.key
"""
CREATE_OUTCOME = """
CREATE TEMPORARY TABLE outcome (
  key text COLLATE "C" NOT NULL,
  observations text NOT NULL,
  attributes text NOT NULL,
  observation_count integer NOT NULL,
  first_period date,
  last_period date,
  put text,
  gone text,
  changed_attributes text
) ON COMMIT DROP
"""
CREATE_HIDDEN = """
CREATE TEMPORARY TABLE hidden (
  key text[] COLLATE "C" NOT NULL,
  release_at timestamptz,
  observations text,
  attributes text,
  observation_count integer,
  first_period date,
  last_period date
) ON COMMIT DROP;
CREATE TEMPORARY TABLE hidden_change (
  key text[] COLLATE "C" NOT NULL,
  action text NOT NULL,
  observations text,
  attributes text
) ON COMMIT DROP
"""
UPSERT_SERIES = """
INSERT INTO series AS s (agreement_id, key, dataflow_id, observations, attributes,
                         observation_count, first_period, last_period, publication_id)
SELECT $1, string_to_array(key, E'\x1f'), $2, observations::json, attributes::json,
  observation_count, first_period, last_period, $3
FROM outcome
ON CONFLICT (agreement_id, key) DO UPDATE SET
  observations = excluded.observations,
  attributes = excluded.attributes,
  observation_count = excluded.observation_count,
  first_period = excluded.first_period,
  last_period = excluded.last_period,
  publication_id = excluded.publication_id
"""
JOURNAL = """
INSERT INTO change (agreement_id, key, publication_id, action, observations, attributes)
SELECT $1::integer, string_to_array(key, E'\x1f'), $2::bigint, 'Replace',
  CASE WHEN put = '' THEN NULL ELSE coalesce(put, observations)::json END,
  coalesce(changed_attributes, attributes)::json
FROM outcome WHERE put IS DISTINCT FROM '' OR changed_attributes IS DISTINCT FROM '{}'
UNION ALL
SELECT $1::integer, string_to_array(key, E'\x1f'), $2::bigint, 'Delete', gone::json, NULL
FROM outcome WHERE gone IS NOT NULL
"""
REPLACE_HIDDEN = """
DELETE FROM withheld_series AS w USING hidden AS h WHERE w.agreement_id = $1 AND w.key = h.key
"""
INSERT_HIDDEN = """
INSERT INTO withheld_series (agreement_id, key, release_at, dataflow_id, audience, observations,
                             attributes, observation_count, first_period, last_period,
                             publication_id)
SELECT $1, key, release_at, $2, $3, observations::json, attributes::json, observation_count,
  first_period, last_period, $4
FROM hidden WHERE release_at IS NOT NULL
"""
JOURNAL_HIDDEN = """
INSERT INTO withheld_change (agreement_id, key, publication_id, action, audience, observations,
                             attributes)
SELECT $1, key, $2, action, $3, observations::json, attributes::json FROM hidden_change
"""
HEAD = """
UPDATE agreement_head SET revision = revision + 1, published_at = $2,
  series_count = series_count + $3, observation_count = observation_count + $4
WHERE agreement_id = $1
"""
WITHHELD_HEAD = """
UPDATE withheld_head SET revision = revision + 1, published_at = $2 WHERE agreement_id = $1
"""


AGREEMENTS_BY_URN = "SELECT id FROM agreement WHERE urn = ANY ($1) ORDER BY id"
AUDIENCE = tuple(
    f"WITH changed AS (UPDATE {table} SET audience = $2 "  # noqa: S608 - own names
    "WHERE agreement_id = $1 AND audience <> $2 RETURNING 1) SELECT count(*) FROM changed"
    for table in ("withheld_series", "withheld_change", "withheld_attachment")
)


class StructuresChangedError(Exception):
    """Structures or terms changed since the validation: validate again."""


class RefusedError(Exception):
    """Findings came up while series were put together; nothing is to be published."""


@dataclass(slots=True)
class Effect:
    """What a publication changed for one agreement.

    Counts are of observations, or of series where named so; `*_room` tell whether the room
    changed at all.
    """

    agreement: int
    series: int = 0
    observations: int = 0
    put: int = 0
    deleted: int = 0
    withheld: int = 0
    attachments: int = 0
    public_room: bool = False
    withheld_room: bool = False
    release_at: dt.datetime | None = None


@dataclass(slots=True)
class Publication:
    """A publication under way: its id, the database's clock at its begin, its effects."""

    id: int
    now: dt.datetime
    effects: list[Effect] = field(default_factory=list)

    @property
    def release_at(self) -> dt.datetime | None:
        """When the last of what was embargoed may be seen by all."""
        return max((e.release_at for e in self.effects if e.release_at), default=None)

    @property
    def facts(self) -> dict[str, int]:
        """Totals for the ledger and the receipt; what is withheld is not told here."""
        return {
            "observations_put": sum(effect.put for effect in self.effects),
            "observations_deleted": sum(effect.deleted for effect in self.effects),
            "attachments": sum(effect.attachments for effect in self.effects),
        }


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
    audience = await _lock(connection, target.agreement)
    await staging.put_deletions(connection, intake, dataflow)
    attachments = await Attachments.load(connection, target.agreement, publication.now)
    attachments.take(intake)
    hidden_before = await _has_withheld(connection, target.agreement)
    merge = _Merge(publication, target, attachments, report)
    statement = STAGED_WITH_WITHHELD if hidden_before else STAGED
    await connection.execute("ANALYZE stage")
    rows = _cursor(connection, statement, target.agreement)
    effect = await _write(connection, merge, rows, dataflow, audience, progress)
    if merge.embargo is not None and not merge.shows:
        attachments.hold(intake, merge.embargo)
    hides = hidden_before or merge.hides or attachments.has_withheld
    await write_attachments(
        connection, publication.id, dataflow, audience, attachments, effect, hides=hides
    )
    publication.effects.append(effect)
    return effect


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
    merge = _Merge(publication, intake.target, attachments, report)
    async for row in _cursor(connection, STAGED_WITH_WITHHELD, intake.target.agreement):
        merge.check(row)


async def publish_release(
    connection: Connection, publication: Publication, agreement: int, dataflow: int
) -> Effect:
    """Move to the public room what the database's clock has passed."""
    audience = await _lock(connection, agreement)
    attachments = await Attachments.load(connection, agreement, publication.now)
    merge = _Merge(publication, None, attachments, _no_report)
    rows = _cursor(connection, WITHHELD, agreement, publication.now)
    effect = await _write(connection, merge, rows, dataflow, audience, lambda _series: None)
    await write_attachments(
        connection, publication.id, dataflow, audience, attachments, effect, hides=True
    )
    publication.effects.append(effect)
    return effect


async def publish_terms(connection: Connection, agreements: Sequence[str]) -> None:
    """Let the audience that changed terms name see what is withheld, and no other.

    A publication of its own, in the transaction that changes the registry.
    """
    publication = await begin_publication(connection, None)
    for row in await connection.fetch(AGREEMENTS_BY_URN, agreements):
        audience = await _lock(connection, row["id"])
        changed = [
            await connection.fetchval(statement, row["id"], audience) for statement in AUDIENCE
        ]
        publication.effects.append(Effect(row["id"], withheld_room=any(changed)))
    await end_publication(
        connection, publication, action="terms", actor="registry", about=", ".join(agreements)
    )


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
        any(effect.public_room for effect in effects),
        content_sha256,
        publication.facts,
    )
    place = await ledger.append(connection, entry)
    for effect in effects:
        if effect.public_room:
            await connection.execute(
                HEAD, effect.agreement, place.published_at, effect.series, effect.observations
            )
        if effect.withheld_room:
            await connection.execute(WITHHELD_HEAD, effect.agreement, place.published_at)
    return place


def _no_report(finding: Finding) -> None:
    raise AssertionError(finding)


async def _lock(connection: Connection, agreement: int) -> list[str]:
    row = await connection.fetchrow(LOCK, agreement)
    if row is None:
        raise StructuresChangedError
    return sorted({row["provider"], *row["readers"]})


async def _has_withheld(connection: Connection, agreement: int) -> bool:
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM withheld_series WHERE agreement_id = $1)", agreement
    )
    return found


async def _cursor(
    connection: Connection, statement: str, *arguments: object
) -> AsyncIterator[Record]:
    cursor = await connection.cursor(statement, *arguments)
    while rows := await cursor.fetch(FETCH_SERIES):
        for row in rows:
            yield row


async def _write(
    connection: Connection,
    merge: _Merge,
    rows: AsyncIterator[Record],
    dataflow: int,
    audience: list[str],
    progress: Callable[[int], None],
) -> Effect:
    """Merge series by series, copy the outcomes aside, then write them set by set."""
    await connection.execute("DROP TABLE IF EXISTS outcome, hidden, hidden_change")
    await connection.execute(CREATE_OUTCOME)
    await connection.execute(CREATE_HIDDEN)
    seen = 0
    async for row in rows:
        merge.series(row)
        seen += 1
        if seen % FETCH_SERIES == 0:
            await merge.flush(connection)
            progress(seen)
    await merge.flush(connection)
    effect = merge.effect
    agreement, publication = effect.agreement, merge.publication.id
    if merge.refused:
        raise RefusedError
    if effect.public_room:
        await connection.execute(UPSERT_SERIES, agreement, dataflow, publication)
        await connection.execute(JOURNAL, agreement, publication)
    if effect.withheld_room:
        await connection.execute(REPLACE_HIDDEN, agreement)
        await connection.execute(INSERT_HIDDEN, agreement, dataflow, audience, publication)
        await connection.execute(JOURNAL_HIDDEN, agreement, publication, audience)
    return effect


class _Merge:
    """Puts segments and stored series together, and collects what is to be written."""

    def __init__(
        self,
        publication: Publication,
        target: Target | None,
        attachments: Attachments,
        report: Callable[[Finding], None],
    ) -> None:
        self.publication = publication
        self.target = target
        self.attachments = attachments
        self.report = report
        self.effect = Effect(attachments.agreement)
        self.refused = False
        self.hides = self.shows = False
        self.embargo: dt.datetime | None = None
        self.outcomes: list[tuple[Any, ...]] = []
        self.hidden: list[tuple[Any, ...]] = []
        self.hidden_changes: list[tuple[Any, ...]] = []

    def series(self, row: Record) -> None:
        """Merge one series."""
        key: Key = row["key"]
        stored = row["observations"]
        public: Document = EMPTY if stored is None else orjson.loads(stored)
        attributes: dict[str, Any] = {} if stored is None else orjson.loads(row["attributes"])
        hidden = [
            (orjson.loads(document), orjson.loads(values))
            for document, values in (row.get("hidden") or ())
        ]
        outcome = self._put_together(row, public, attributes, hidden)
        if self.refused:
            return  # what is refused is not divided into rooms: its values may be anything
        shown, withheld = rooms.split(outcome.observations, self.publication.now)
        shown_attributes = outcome.attributes
        if withheld and outcome.touched and not set(outcome.touched) & set(shown[TIME]):
            # Nothing that was sent is public: neither are the attributes sent with it.
            shown_attributes = attributes
        self._note_sent(outcome, shown, withheld)
        if withheld:
            shown = series.overlay(shown, [_still_public(public, withheld)])
        if not shown[TIME] and (hidden or withheld):
            # Nothing is public here: neither are attributes that were not public before.
            shown_attributes = {k: v for k, v in attributes.items() if k in outcome.attributes}
        self._put_public(key, stored is not None, public, attributes, shown, shown_attributes)
        if hidden or withheld:
            self._put_withheld(key, hidden, withheld, outcome.attributes)

    def _note_sent(
        self, outcome: Outcome, shown: Document, withheld: Mapping[dt.datetime, Document]
    ) -> None:
        """Keep in mind whether anything sent is public, and else when the first of it will be."""
        sent = outcome.touched.keys()
        self.shows = self.shows or not sent.isdisjoint(shown[TIME])
        for release, document in withheld.items():
            if release != rooms.FOR_GOOD and not sent.isdisjoint(document[TIME]):
                self.embargo = min(release, self.embargo or release)

    def check(self, row: Record) -> None:
        """Put one series together for its findings only."""
        self.refused = True
        self.series(row)

    def _put_together(
        self,
        row: Record,
        public: Document,
        attributes: Mapping[str, Any],
        hidden: Sequence[tuple[Document, Mapping[str, Any]]],
    ) -> Outcome:
        """The whole series of both rooms, with what was sent."""
        full = public
        if hidden:
            full = series.overlay(public, (document for document, _ in hidden))
            attributes = {**attributes, **{k: v for _, values in hidden for k, v in values.items()}}
        if self.target is None or row["segments"] is None:
            return Outcome(full, dict(attributes), {}, [])
        segments = [staging.decode_segment(segment) for segment in row["segments"]]
        outcome = apply(full if full[TIME] else None, attributes, segments)
        self._complete(tuple(row["key"]), outcome)
        return outcome

    def _complete(self, key: Key, outcome: Outcome) -> None:
        assert self.target is not None  # noqa: S101 - asked of the caller
        for finding in complete(self.target, key, outcome, self._attached):
            self.refused = self.refused or finding.is_error
            self.report(finding)

    def _attached(self, component: Component, key: Key) -> bool:
        assert self.target is not None  # noqa: S101 - asked of the caller
        if component.id in self.target.fixed:
            return True
        above: list[str | None] = [None] * len(key)
        for position in component.positions:
            above[position] = key[position]
        return self.attachments.value(tuple(above), component.id) is not None

    def _put_public(
        self,
        key: Key,
        stored: bool,
        before: Document,
        attributes_before: Mapping[str, Any],
        after: Document,
        attributes: Mapping[str, Any],
    ) -> None:
        if not stored and not after[TIME] and not attributes:
            return
        put, gone = series.difference(before if stored else None, after)
        changed = _changed(attributes_before, attributes)
        if put is None and not gone and not changed and stored:
            return
        effect = self.effect
        effect.public_room = True
        effect.put += len(put[TIME]) if put else 0
        effect.deleted += len(gone)
        effect.observations += len(after[TIME]) - len(before[TIME])
        effect.series += bool(after[TIME]) - bool(before[TIME])
        document = _dump(after)
        self.outcomes.append(
            (
                staging.SEPARATOR.join(key),
                document,
                _dump(attributes),
                len(after[TIME]),
                *series.period_bounds(after),
                None if put is after else ("" if put is None else _dump(put)),
                _dump({TIME: gone}) if gone else None,
                _dump(changed) if stored else None,
            )
        )

    def _put_withheld(
        self,
        key: Key,
        before: Iterable[tuple[Document, Mapping[str, Any]]],
        after: Mapping[dt.datetime, Document],
        attributes: Mapping[str, Any],
    ) -> None:
        self.hides = True
        old = series.overlay(EMPTY, (document for document, _ in before))
        new = series.overlay(EMPTY, after.values())
        put, gone = series.difference(old, new)
        attributes_before = {k: v for _, values in before for k, v in values.items()}
        if put is None and not gone and attributes_before == attributes:
            return
        self.effect.withheld_room = True
        self.effect.withheld += len(new[TIME]) - len(old[TIME])
        if not after:
            self.hidden.append((key, None, None, None, None, None, None))
        for release, document in after.items():
            if release != rooms.FOR_GOOD:
                self.effect.release_at = max(release, self.effect.release_at or release)
            bounds = series.period_bounds(document)
            self.hidden.append(
                (key, release, _dump(document), _dump(attributes), len(document[TIME]), *bounds)
            )
        changed = _changed(attributes_before, attributes if new[TIME] else {})
        if put is not None or changed:
            self.hidden_changes.append((key, "Replace", _dump(put or EMPTY), _dump(changed)))
        if gone:
            self.hidden_changes.append((key, "Delete", _dump({TIME: gone}), None))

    async def flush(self, connection: Connection) -> None:
        """Copy what was collected to the temporary tables."""
        for table, records in (
            ("outcome", self.outcomes),
            ("hidden", self.hidden),
            ("hidden_change", self.hidden_changes),
        ):
            if records:
                await connection.copy_records_to_table(table, records=records)
                records.clear()


def _still_public(public: Document, withheld: Mapping[dt.datetime, Document]) -> Document:
    """Observations of which only a later version waits: until its release they stay as they are."""
    waiting = {
        time
        for release, document in withheld.items()
        if release != rooms.FOR_GOOD
        for time in document[TIME]
    }
    places = [place for place, time in enumerate(public[TIME]) if time in waiting]
    return series.take(public, places)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes that differ, `None` for those that are gone."""
    names = before.keys() | after.keys()
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _dump(value: object) -> str:
    return orjson.dumps(value).decode()
