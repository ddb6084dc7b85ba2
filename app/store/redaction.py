"""Redacting: journal rows leave the public room, current values go, followers are told.

The one thing that touches the journal after it was written; the transaction takes the role
`vipmg_redactor` for it, which the service has at no other time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import asyncpg
import orjson

from app.errors import ConfigurationError
from app.sdmx.intake import PartialKey
from app.sdmx.redacted_cells import Taken
from app.sdmx.redaction import Chosen, Redacted, redact
from app.sdmx.series import TIME
from app.sdmx.undo import Acts, Past
from app.store import contents, submissions
from app.store.attachments import Attachments, write_attachments
from app.store.effects import Publication
from app.store.families import by_family
from app.store.journal_edits import ROOMS, JournalEdits
from app.store.merge import Merge
from app.store.pasts import (
    FETCH_SERIES,
    REACHED,
    SERIES,
    read_acts,
    read_entries,
    read_entries_above,
)
from app.store.room_rules import read_rule
from app.store.series_writing import follow_past, write_series
from app.store.staging import terms
from app.store.stored import Stored
from app.store.types import Connection, Record
from app.store.undo import restore

Choose = Callable[[PartialKey, Past], tuple[Chosen, Chosen]]

_NAMED = """
SELECT a.id, a.urn, a.dataflow_id, a.readers, a.provider, f.dimensions,
  a.room_rule::text AS room_rule
FROM agreement AS a JOIN dataflow AS f ON f.id = a.dataflow_id
WHERE $1 IN (
  split_part(a.urn, '=', 2),
  split_part(split_part(a.urn, '=', 2), '(', 1),
  split_part(split_part(split_part(a.urn, '=', 2), '(', 1), ':', 2)
)
FOR UPDATE OF a
"""
_ASIDE = JournalEdits("edited")
_ROLE = "SET LOCAL ROLE vipmg_redactor"
_OF_KEYS = """
SELECT key FROM series WHERE agreement_id = $1 AND ({conditions})
UNION
SELECT key FROM (
  SELECT DISTINCT key, $2::integer AS dataflow_id FROM withheld_change
  WHERE agreement_id = $1 AND action <> 'Attachment'
) AS journal WHERE {conditions}
"""
_KEEP = """
INSERT INTO redacted_change (redaction_id, withheld, agreement_id, key, publication_id, action,
                             observations, attributes)
SELECT $2, {withheld}, c.agreement_id, c.key, c.publication_id, c.action, c.observations,
  c.attributes
FROM {room}change AS c JOIN edited AS e
  ON e.withheld = {withheld} AND c.key = e.key AND c.publication_id = e.publication_id
  AND c.action = e.action
WHERE c.agreement_id = $1
"""
_TOUCH = """
UPDATE series SET publication_id = $2
WHERE agreement_id = $1 AND key IN (
  SELECT key FROM edited WHERE publication_id = $2 AND NOT withheld AND action = 'Redaction'
)
"""
_EDITED = """
SELECT min(l.sequence) AS first, count(*) FILTER (WHERE NOT e.withheld) AS public,
  count(*) FILTER (WHERE e.withheld) AS withheld
FROM edited AS e JOIN ledger AS l ON l.publication_id = e.publication_id
"""
_SAYING = """
SELECT publication_id FROM change WHERE agreement_id = $1 AND key IN (SELECT key FROM edited)
UNION SELECT publication_id FROM withheld_change
WHERE agreement_id = $1 AND key IN (SELECT key FROM edited)
UNION SELECT publication_id FROM confirmed
WHERE agreement_id = $1 AND key IN (SELECT key FROM edited)
"""
_REMEMBER_KEYS = """
INSERT INTO redacted_key (redaction_id, agreement_id, key)
SELECT DISTINCT $2::bigint, $1::integer, key FROM edited
WHERE NOT withheld AND array_position(key, NULL) IS NULL
ON CONFLICT DO NOTHING
"""
# Also those of submissions that wait, or were only tried: they show what stood there before.
_FORGET = """
UPDATE submission SET preview = NULL
WHERE preview IS NOT NULL
  AND (sequence >= $2 OR sequence IS NULL
    AND decided_at >= (SELECT published_at FROM ledger WHERE sequence = $2))
  AND agreements && ARRAY[(SELECT urn FROM agreement WHERE id = $1)]::text[]
"""
_RECORD = """
INSERT INTO redaction (publication_id, object, scope, reason, reference, actors, destroyed, counts,
                       redacted_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_STATE = """
UPDATE submission SET state = 'withdrawn', corrections = NULL, preview = NULL WHERE id = $1
"""
_DROP_FINDINGS = """
UPDATE finding SET value = NULL, nearest = NULL, allowed = NULL WHERE submission_id = $1
"""
_SHA256 = "SELECT sha256 FROM submission WHERE id = $1"
_DESTROY = """
DELETE FROM submission_content WHERE sha256 = $2 AND NOT EXISTS (
  SELECT FROM submission AS other JOIN submission AS own ON own.id = $1
  WHERE other.sha256 = $2 AND other.id <> $1
    AND (other.organisation <> own.organisation OR other.state = ANY ($3::text[]))
    AND NOT EXISTS (SELECT FROM redaction AS r
      WHERE r.scope ->> 'submission' = other.id::text AND r.scope ->> 'destroy_file' = 'true')
)
"""
_KEEPING = (*submissions.UNDECIDED, "accepted", "awaiting release", "published", "superseded")
"""States of other submissions of the same bytes that need them still."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is redacted in one agreement.

    Attributes:
        publications: whose series are reached; or else by `keys`.
        keys: keys with open positions.
        choose: the versions of a series, by key.
        choose_above: the versions of the values above the series, by key.
        measures: ids of the measures.
    """

    publications: Sequence[int]
    keys: Sequence[PartialKey]
    choose: Choose
    choose_above: Choose
    measures: Sequence[str]


@dataclass(slots=True)
class Counts:
    """What a redaction did, in counts."""

    versions: int = 0
    current: int = 0
    series: int = 0
    journal_rows: int = 0
    submissions: set[int] = field(default_factory=set)

    @property
    def document(self) -> dict[str, int]:
        """The counts by name."""
        return {
            "versions": self.versions,
            "current_observations": self.current,
            "series": self.series,
            "journal_rows": self.journal_rows,
            "publications": len(self.submissions),
        }


async def lock_agreement(connection: Connection, named: str) -> Record | None:
    """Lock the agreement of an id, or of `AGENCY:ID(VERSION)`; `None`: no one agreement is it."""
    rows = await connection.fetch(_NAMED, named)
    return rows[0] if len(rows) == 1 else None


async def take_role(connection: Connection) -> None:
    """Take, until the transaction ends, the role that may touch the journal.

    Raises:
        ConfigurationError: the login of the database was not granted it.
    """
    try:
        await connection.execute(_ROLE)
    except asyncpg.InsufficientPrivilegeError as error:
        raise ConfigurationError(
            "The login of the database may not redact. Whoever owns the database grants it: GRANT "
            "vipmg_redactor TO its login.",
            "El usuario de la base de datos no puede suprimir. Quien posee la base de datos lo "
            "otorga: GRANT vipmg_redactor TO ese usuario.",
        ) from error


async def publish_redaction(
    connection: Connection,
    publication: Publication,
    agreement: Record,
    scope: Scope,
    counts: Counts,
    *,
    destroy: bool,
) -> Taken:
    """Redact in one agreement, which is locked; tell what is taken out.

    Args:
        connection: in a transaction with the role for it.
        publication: begun for the redaction.
        agreement: row with id, dataflow_id, provider, readers, room_rule.
        scope: what is redacted.
        counts: what is done is added to them.
        destroy: keep no copy of the rows.
    """
    number, dataflow = agreement["id"], agreement["dataflow_id"]
    audience = sorted({agreement["provider"], *agreement["readers"]})
    acts, _ = await read_acts(connection, number)
    attachments = await Attachments.load(connection, number, publication.now)
    await _ASIDE.open(connection)
    merge = _Redacting(publication, attachments, scope, acts, counts)
    merge.rule, merge.edits_past = read_rule(agreement["room_rule"]), True
    statement, arguments = _reached(scope, number, dataflow)
    statement = by_family(statement, merge.rule)
    rows = connection.cursor(statement, *arguments, prefetch=FETCH_SERIES)
    effect = await write_series(connection, merge, rows, dataflow, audience, lambda _series: None)
    for key, entries in (await read_entries_above(connection, number)).items():
        redacted = redact(entries, acts, partial(scope.choose_above, key))
        if redacted is not None:
            merge.take(key, redacted)
            attachments.restore(key, redacted.plan.attributes)
    await merge.flush(connection)
    await write_attachments(
        connection, publication.id, dataflow, audience, attachments, effect, hides=True
    )
    saying = await connection.fetch(_SAYING, number)
    merge.taken.publications.update(row["publication_id"] for row in saying)
    await connection.execute(_REMEMBER_KEYS, number, publication.id)
    await _edit(connection, number, publication.id, audience, destroy=destroy)
    await follow_past(connection, merge, dataflow, audience)
    told = await connection.fetchrow(_EDITED)
    assert told is not None  # noqa: S101 - an aggregate has one row
    effect.public_room = effect.public_room or bool(told["public"])
    effect.withheld_room = effect.withheld_room or bool(told["withheld"])
    if told["first"] is not None:
        await connection.execute(_FORGET, number, told["first"])
    counts.current += effect.deleted
    publication.effects.append(effect)
    return merge.taken


async def _edit(
    connection: Connection, agreement: int, publication: int, audience: list[str], *, destroy: bool
) -> None:
    """Put the edited rows in the place of those that were, which are kept aside or not."""
    for room, withheld in () if destroy else ROOMS:
        statement = _KEEP.format(room=room, withheld=withheld)
        await connection.execute(statement, agreement, publication)
    await _ASIDE.put(connection, agreement, audience)
    await connection.execute(_TOUCH, agreement, publication)


def _reached(scope: Scope, agreement: int, dataflow: int) -> tuple[str, list[object]]:
    if scope.publications:
        places = range(2, 2 + len(scope.publications))
        reached = " UNION ".join(REACHED.replace("$2", f"${place}") for place in places)
        return SERIES.format(reached=reached), [agreement, *scope.publications]
    arguments: list[object] = [agreement, dataflow]
    conditions = []
    for key in scope.keys:
        arguments.append(terms(dataflow, key))
        conditions.append(f"series_terms(dataflow_id, key) @> ${len(arguments)}::text[]")
    reached = _OF_KEYS.format(conditions=" OR ".join(conditions))
    return SERIES.format(reached=reached), arguments


class _Redacting(Merge):
    """Takes versions out of series instead of putting segments into them."""

    def __init__(
        self,
        publication: Publication,
        attachments: Attachments,
        scope: Scope,
        acts: Acts,
        counts: Counts,
    ) -> None:
        super().__init__(publication, None, attachments, _no_report)
        self.scope = scope
        self.acts = acts
        self.counts = counts
        self.taken = Taken(scope.measures)
        self.edited: list[tuple[Any, ...]] = []

    def series(self, row: Record) -> None:
        """Redact one series."""
        choose = partial(self.scope.choose, tuple(row["key"]))
        redacted = redact(read_entries(row["entries"]), self.acts, choose)
        if redacted is None:
            return
        self.take(row["key"], redacted)
        if not redacted.plan.is_idle:
            restore(self, Stored.read(row), redacted.plan)

    def take(self, key: Sequence[str | None], redacted: Redacted) -> None:
        """Note the rows of the journals that change, and what followers are told."""
        counts = self.counts
        counts.versions += redacted.versions
        counts.series += bool(redacted.versions)
        counts.journal_rows += len(redacted.rows)
        counts.submissions.update(row.publication for row in redacted.rows)
        for time, value in redacted.taken:
            self.taken.add(key, time, value)
        for row in redacted.rows:
            self.edited.append(
                (
                    row.withheld,
                    key,
                    row.publication,
                    row.action,
                    _text(row.document),
                    _text(row.attributes),
                )
            )
        for withheld, times in redacted.told.items():
            if times:
                told = _text({TIME: times})
                self.edited.append((withheld, key, self.publication.id, "Redaction", told, None))

    async def flush(self, connection: Connection) -> None:
        """Copy what was collected to the temporary tables."""
        await super().flush(connection)
        if self.edited:
            await _ASIDE.add(connection, self.edited)
            self.edited.clear()


def _text(document: Mapping[str, Any] | None) -> str | None:
    return None if not document else orjson.dumps(document).decode()


async def record(
    connection: Connection,
    publication: Publication,
    *,
    about: str,
    scope: Mapping[str, Any],
    reason: str,
    reference: str,
    actors: Sequence[str],
    destroyed: bool,
    counts: Counts,
) -> None:
    """Write down on whose order what was redacted."""
    await connection.execute(
        _RECORD,
        publication.id,
        about,
        orjson.dumps(scope).decode(),
        reason,
        reference,
        list(actors),
        destroyed,
        orjson.dumps(counts.document).decode(),
        publication.now,
    )


async def end_submission(
    connection: Connection, submission: uuid.UUID, *, destroy_file: bool
) -> None:
    """Call a submission withdrawn; its findings show no values, and its file is gone if wished.

    The file stays where the same bytes are another organisation's too, who did not ask for this,
    or those of a submission that waits or has its place in history. A refused one of the same
    organisation keeps nothing: a file mended from its report would else never be gone.
    """
    await connection.execute(_STATE, submission)
    await connection.execute(_DROP_FINDINGS, submission)
    if destroy_file:
        sha256 = await connection.fetchval(_SHA256, submission)
        await contents.lock(connection, sha256)
        await connection.execute(_DESTROY, submission, sha256, list(_KEEPING))


def _no_report(finding: object) -> None:
    raise AssertionError(finding)
