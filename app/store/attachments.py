"""Attribute values above the series: of groups, of parts of the key, of the dataset.

The key of an attachment has `None` where a dimension is open. A value is public when any public
series is under its key; before that it waits in the withheld room.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.sdmx.intake import Intake, PartialKey, Place, Target, delete_attachments
from app.sdmx.rooms import FOR_GOOD
from app.sdmx.undo import Version
from app.store.effects import Effect
from app.store.staging import terms
from app.store.types import Connection

PUBLIC = "SELECT key, attributes FROM attachment WHERE agreement_id = $1"
WITHHELD = "SELECT key, attributes, release_at FROM withheld_attachment WHERE agreement_id = $1"
UNTOUCHED = """
SELECT place FROM above WHERE EXISTS (
  SELECT FROM (
    SELECT key FROM series
    WHERE agreement_id = $1 AND observation_count > 0
      AND series_terms(dataflow_id, key) @> above.terms
    UNION ALL
    SELECT key FROM withheld_series
    WHERE agreement_id = $1 AND series_terms(dataflow_id, key) @> above.terms
  ) AS stored
  WHERE array_to_string(stored.key, E'\x1f') NOT IN (
    SELECT stage.key FROM stage WHERE stage.agreement_id = $1
  )
)
"""
VISIBLE = """
SELECT place FROM above WHERE EXISTS (
  SELECT FROM series
  WHERE agreement_id = $1 AND observation_count > 0
    AND series_terms(dataflow_id, key) @> above.terms
)
"""
PUT = """
INSERT INTO attachment (agreement_id, key, attributes, publication_id)
VALUES ($1, $2, $3, $4)
ON CONFLICT (agreement_id, key) DO UPDATE SET
  attributes = excluded.attributes, publication_id = excluded.publication_id
"""
DROP = "DELETE FROM attachment WHERE agreement_id = $1 AND key = $2"
JOURNAL = """
INSERT INTO change (agreement_id, key, publication_id, action, observations, attributes)
VALUES ($1, $2, $3, 'Attachment', NULL, $4)
"""
PUT_WITHHELD = """
INSERT INTO withheld_attachment (agreement_id, key, release_at, audience, attributes,
                                 publication_id)
VALUES ($1, $2, $3, $4, $5, $6)
"""
CONFIRM = """
INSERT INTO confirmed (agreement_id, key, publication_id, above, periods, attributes)
VALUES ($1, $2, $3, true, '{}', $4)
"""
DROP_WITHHELD = "DELETE FROM withheld_attachment WHERE agreement_id = $1 AND key = $2"
JOURNAL_WITHHELD = """
INSERT INTO withheld_change (agreement_id, key, publication_id, action, audience, observations,
                             attributes)
VALUES ($1, $2, $3, 'Attachment', $4, NULL, $5)
"""


@dataclass(slots=True)
class Attachments:
    """The attachments of one agreement: as stored in both rooms, and as they become.

    Attributes:
        held: by key, attributes that came with embargoed figures only, and until when they wait.
        still: by key, what the public goes back to of attributes that wait.
        again: by key, attributes that were sent as they stood.
        deleted: the row that took a value away, by its place.
    """

    agreement: int
    public: dict[PartialKey, dict[str, Any]]
    withheld: dict[PartialKey, dict[str, Any]]
    current: dict[PartialKey, dict[str, Any]] = field(default_factory=dict)
    held: dict[PartialKey, tuple[dt.datetime, set[str]]] = field(default_factory=dict)
    still: dict[PartialKey, dict[str, Any]] = field(default_factory=dict)
    again: dict[PartialKey, set[str]] = field(default_factory=dict)
    deleted: dict[Place, int] = field(default_factory=dict)

    @classmethod
    async def load(cls, connection: Connection, agreement: int, now: dt.datetime) -> Attachments:
        """Read the attachments of an agreement, of which there are few."""
        public = {
            tuple(row["key"]): orjson.loads(row["attributes"])
            for row in await connection.fetch(PUBLIC, agreement)
        }
        withheld, held = {}, {}
        for row in await connection.fetch(WITHHELD, agreement):
            key, values = tuple(row["key"]), orjson.loads(row["attributes"])
            withheld[key] = values
            release = row["release_at"].replace(tzinfo=dt.UTC)  # infinity comes without a zone
            if now < release < FOR_GOOD:
                held[key] = release, set(values)
        current = {key: dict(values) for key, values in public.items()}
        for key, values in withheld.items():
            current.setdefault(key, {}).update(values)
        return cls(agreement, public, withheld, current, held)

    @property
    def stored(self) -> dict[PartialKey, dict[str, Any]]:
        """The values as they are stored, over both rooms."""
        keys = self.public.keys() | self.withheld.keys()
        return {key: self.public.get(key, {}) | self.withheld.get(key, {}) for key in keys}

    @property
    def has_withheld(self) -> bool:
        """Whether anything waits in the withheld room."""
        return bool(self.withheld)

    def value(self, key: PartialKey, name: str) -> object:
        """The value of an attribute at exactly this key, or `None`."""
        return self.current.get(key, {}).get(name)

    def take(self, intake: Intake) -> None:
        """Take over what a message says: its deletions, then the values that stand after them."""
        for key, names in intake.removed.items():
            for name in names:
                self.current.get(key, {}).pop(name, None)
        for deletion in intake.deletions:
            taken = delete_attachments(self.current, deletion, intake.target.flow)
            self.deleted.update(dict.fromkeys(taken, deletion.row))
        for key, values in intake.attachments.items():
            self.current.setdefault(key, {}).update(values)
            known = self.public.get(key, {}) | self.withheld.get(key, {})
            if same := {name for name, value in values.items() if known.get(name) == value}:
                self.again[key] = same
            if key in self.held:
                self.held[key][1].difference_update(values)

    def missed(self, target: Target) -> dict[Place, int]:
        """The rows that took mandatory values away for which no other stands there now."""
        mandatory = {a.id for a in target.flow.partial_attributes if a.mandatory}
        return {
            (key, name): row
            for (key, name), row in self.deleted.items()
            if name in mandatory and name not in target.fixed and self.value(key, name) is None
        }

    def hold(self, intake: Intake, release: dt.datetime) -> None:
        """Let the values of a message wait: all figures that came with them are embargoed."""
        for key, values in intake.attachments.items():
            until, names = self.held.get(key, (release, set()))
            self.held[key] = max(until, release), names | set(values)

    def restore(self, key: PartialKey, versions: Mapping[str, Version]) -> None:
        """Go back to earlier versions of values at a key."""
        stored = self.current.setdefault(key, {})
        for name, version in versions.items():
            if version.value == stored.get(name):
                self.again.setdefault(key, set()).add(name)
            if version.value is None:
                stored.pop(name, None)
            else:
                stored[name] = version.value
            if key in self.held:
                self.held[key][1].discard(name)
            if version.withheld is not None and version.withheld != version.public:
                self.still.setdefault(key, {})[name] = version.public

    def hold_restored(self, release: dt.datetime | None) -> None:
        """Let values that waited before wait on, as long as figures of the agreement do."""
        for key, values in self.still.items():
            if release is not None:
                until, names = self.held.get(key, (release, set()))
                self.held[key] = until, names | values.keys()

    def divide(self, key: PartialKey, *, visible: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """The values at a key that are public, and those that wait."""
        values, before = self.current[key], self.public.get(key, {})
        waiting = self.held[key][1] if key in self.held else set()
        if not visible:
            waiting = set(values)
        before = before | self.still.get(key, {})
        shown = {
            name: before.get(name) if name in waiting else value for name, value in values.items()
        }
        return (
            {name: value for name, value in shown.items() if value is not None},
            {n: values[n] for n in waiting if n in values and values[n] != before.get(n)},
        )


async def write_attachments(
    connection: Connection,
    publication: int,
    dataflow: int,
    audience: list[str],
    attachments: Attachments,
    effect: Effect,
    *,
    hides: bool,
) -> None:
    """Write what changed to the room where it belongs, and to the journal."""
    keys = list(attachments.current)
    visible = set(keys)
    if hides:
        visible = await _visible(connection, attachments.agreement, dataflow, keys)
    for key in attachments.current:
        before = attachments.public.get(key, {})
        after, waits = attachments.divide(key, visible=key in visible)
        if before != after:
            await _write_public(connection, publication, attachments.agreement, key, before, after)
            effect.attachments += 1
            effect.preview.see_attachments(key, before, after)
            effect.public_room = True
        waited = attachments.withheld.get(key, {})
        if waits != waited:
            await connection.execute(DROP_WITHHELD, attachments.agreement, list(key))
            if waits:
                await connection.execute(
                    PUT_WITHHELD,
                    attachments.agreement,
                    list(key),
                    attachments.held[key][0] if key in attachments.held else FOR_GOOD,
                    audience,
                    orjson.dumps(waits).decode(),
                    publication,
                )
            text = _changed(waited, waits)
            await connection.execute(
                JOURNAL_WITHHELD, attachments.agreement, list(key), publication, audience, text
            )
            effect.withheld_room = True
    for key, names in attachments.again.items():
        await connection.execute(
            CONFIRM, attachments.agreement, list(key), publication, sorted(names)
        )


async def _write_public(
    connection: Connection,
    publication: int,
    agreement: int,
    key: PartialKey,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    if after:
        text = orjson.dumps(after).decode()
        await connection.execute(PUT, agreement, list(key), text, publication)
    else:
        await connection.execute(DROP, agreement, list(key))
    text = _changed(before, after)
    await connection.execute(JOURNAL, agreement, list(key), publication, text)


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """The values that differ as a document, `null` for those that are gone."""
    names = before.keys() | after.keys()
    changed = {name: after.get(name) for name in names if before.get(name) != after.get(name)}
    return orjson.dumps(changed).decode()


async def keys_of_untouched(
    connection: Connection, agreement: int, dataflow: int, keys: list[PartialKey]
) -> set[PartialKey]:
    """The keys under which there are figures of series of which nothing is staged."""
    return await _found(connection, UNTOUCHED, agreement, dataflow, keys)


async def _visible(
    connection: Connection, agreement: int, dataflow: int, keys: list[PartialKey]
) -> set[PartialKey]:
    """The keys under which there is a public series."""
    return await _found(connection, VISIBLE, agreement, dataflow, keys)


async def _found(
    connection: Connection,
    statement: str,
    agreement: int,
    dataflow: int,
    keys: list[PartialKey],
) -> set[PartialKey]:
    """The keys that a statement finds among those that it is given, in the table `above`."""
    await connection.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS above (place integer, terms text[]) ON COMMIT DROP"
    )
    await connection.execute("TRUNCATE above")
    records = [(place, terms(dataflow, key)) for place, key in enumerate(keys)]
    await connection.copy_records_to_table("above", records=records)
    return {keys[row["place"]] for row in await connection.fetch(statement, agreement)}
