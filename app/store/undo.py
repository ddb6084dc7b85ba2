"""Undoing a publication: where it wrote last, the state before it, or nothing.

Which publication wrote what last comes from the journals of both rooms (`app.sdmx.undo`), under
the lock of the agreement; what is put back goes through the same door as what is sent.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sdmx import series
from app.sdmx.actions import Outcome
from app.sdmx.flow import Flow
from app.sdmx.series import TIME
from app.sdmx.undo import (
    Act,
    Acts,
    Past,
    Plan,
    Undoing,
    plan_rollback,
    plan_withdrawal,
)
from app.store.attachments import Attachments, write_attachments
from app.store.effects import Publication
from app.store.families import by_family
from app.store.merge import Merge
from app.store.pasts import FETCH_SERIES, OF_PUBLICATION, read_above, read_acts, read_entries
from app.store.room_rules import read_rule
from app.store.series_writing import write_series
from app.store.staging import terms
from app.store.stored import Placed, Stored
from app.store.types import Connection, Record

_LOCK = """
SELECT id, urn, dataflow_id, readers, provider, room_rule::text AS room_rule
FROM agreement WHERE id = $1 FOR UPDATE
"""
_CONCERNED = """
SELECT unnest(agreement_ids) AS id FROM ledger WHERE publication_id = $1 ORDER BY id
"""
_HELD = """
SELECT EXISTS (
  SELECT FROM series WHERE agreement_id = $1 AND observation_count > 0
    AND series_terms(dataflow_id, key) @> $2
) OR EXISTS (
  SELECT FROM withheld_series WHERE agreement_id = $1 AND series_terms(dataflow_id, key) @> $2
)
"""
_WAITS = """
SELECT min(release_at) FROM withheld_series
WHERE agreement_id = $1 AND release_at > $2 AND release_at < 'infinity'
"""

Later = Callable[[Sequence[str | None], str, int], None]
"""Told of each part that stays because a later publication wrote it: key, part, publication."""

Needed = Callable[[Sequence[str | None], str], None]
"""Told of each attribute that stays because observations of others need it."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What is to be undone, and who is told of what stays.

    Attributes:
        undone: the publication.
        flows: by number of the agreement, for what is mandatory; those that ended are not here.
    """

    undoing: Undoing
    undone: int
    flows: Mapping[int, Flow]
    later: Later
    needed: Needed


@dataclass(slots=True)
class Undone:
    """What became of it.

    Attributes:
        owners: publications that got something back.
        fallen: the publications that are undone after this one, and how.
        stood: those that were before it.
        submissions: by publication, the submission it was.
        agreements: URNs of the agreements concerned.
    """

    owners: set[int] = field(default_factory=set)
    fallen: dict[int, Undoing] = field(default_factory=dict)
    stood: dict[int, Undoing] = field(default_factory=dict)
    submissions: dict[int, uuid.UUID] = field(default_factory=dict)
    agreements: list[str] = field(default_factory=list)


async def lock_concerned(connection: Connection, publication: int) -> list[Record]:
    """Lock the agreements that a publication concerned, in the order in which all do it."""
    numbers = [row["id"] for row in await connection.fetch(_CONCERNED, publication)]
    rows = [await connection.fetchrow(_LOCK, number) for number in numbers]
    return [row for row in rows if row is not None]


async def publish_undo(
    connection: Connection, publication: Publication, undo: Undo, concerned: Sequence[Record]
) -> Undone:
    """Undo a publication in the agreements that it concerns, which are locked."""
    undone = Undone()
    for agreement in concerned:
        undone.agreements.append(agreement["urn"])
        await _undo(connection, publication, undo, undone, agreement)
    return undone


async def _undo(
    connection: Connection,
    publication: Publication,
    undo: Undo,
    undone: Undone,
    agreement: Record,
) -> None:
    """Undo a publication in one agreement."""
    number, dataflow = agreement["id"], agreement["dataflow_id"]
    acts, submissions = await read_acts(connection, number)
    act = Act(publication.id, acts.end, undo.undoing, undo.undone)
    undone.submissions |= submissions
    undone.stood |= acts.fallen(acts.end)
    acts = acts.with_act(act)
    undone.fallen |= acts.fallen(act.sequence)
    attachments = await Attachments.load(connection, number, publication.now)
    flow = undo.flows.get(number)
    merge = _Undoing(publication, attachments, undo, acts, act, flow)
    merge.rule = read_rule(agreement["room_rule"])
    statement = by_family(OF_PUBLICATION, merge.rule)
    rows = connection.cursor(statement, number, undo.undone, prefetch=FETCH_SERIES)
    audience = sorted({agreement["provider"], *agreement["readers"]})
    effect = await write_series(connection, merge, rows, dataflow, audience, lambda _series: None)
    for key, past in (await read_above(connection, number, acts)).items():
        plan = merge.plan(past)
        merge.tell(key, plan)
        mandatory = _mandatory(flow, above=True) & plan.attributes.keys()
        if mandatory and await connection.fetchval(_HELD, number, terms(dataflow, key)):
            _keep_needed(key, plan, mandatory, undo.needed)
        undone.owners |= plan.owners
        if plan.attributes:
            attachments.restore(key, plan.attributes)
    attachments.hold_restored(await connection.fetchval(_WAITS, number, publication.now))
    undone.owners |= merge.owners
    await write_attachments(
        connection, publication.id, dataflow, audience, attachments, effect, hides=True
    )
    publication.effects.append(effect)


class _Undoing(Merge):
    """Puts series back instead of putting segments into them."""

    def __init__(
        self,
        publication: Publication,
        attachments: Attachments,
        undo: Undo,
        acts: Acts,
        act: Act,
        flow: Flow | None,
    ) -> None:
        super().__init__(publication, None, attachments, _no_report)
        self.undo = undo
        self.acts = acts
        self.fallen = acts.fallen(act.sequence)
        self.mandatory = _mandatory(flow, above=False)
        self.owners: set[int] = set()
        if flow is not None:
            self.effect.preview.measure(flow)

    def plan(self, past: Past) -> Plan:
        """What is done to one past."""
        if self.undo.undoing == "withdrawal":
            return plan_withdrawal(past, self.undo.undone)
        return plan_rollback(past, self.undo.undone, self.fallen)

    def tell(self, key: Sequence[str | None], plan: Plan) -> None:
        """Tell what stays because it was written later."""
        for part, publication in (*plan.kept, *plan.kept_attributes):
            self.undo.later(key, part, publication)

    def series(self, row: Record) -> None:
        """Put one series back."""
        stored = Stored.read(row)
        plan = self.plan(Past.replay(read_entries(row["entries"]), self.acts))
        self.tell(stored.key, plan)
        times = set(stored.full[TIME]) - plan.observations.keys()
        if times or any(version.value for version in plan.observations.values()):
            _keep_needed(stored.key, plan, self.mandatory, self.undo.needed)
        self.owners |= plan.owners
        if not plan.is_idle:
            restore(self, stored, plan)


def restore(merge: Merge, stored: Stored, plan: Plan) -> None:
    """Put a series back to the versions of a plan, in both rooms."""
    rows = series.observations(stored.full)
    still = series.observations(stored.public)
    attributes, shown = dict(stored.full_attributes), dict(stored.attributes)
    same = [t for t, version in plan.observations.items() if rows.get(t) == version.value]
    again = [n for n, version in plan.attributes.items() if attributes.get(n) == version.value]
    for time, version in plan.observations.items():
        _set(rows, time, version.value)
        _set(still, time, version.public)
    for name, version in plan.attributes.items():
        _set(attributes, name, version.value)
        _set(shown, name, version.public)
    after = series.from_observations(rows)
    outcome = Outcome(after, attributes, dict.fromkeys(plan.observations, 0), [])
    merge.put(
        Placed(
            stored,
            outcome,
            same,
            again,
            still=series.from_observations(still),
            still_attributes=shown,
        )
    )


def _set(values: dict[str, Any], name: str, value: Any | None) -> None:  # noqa: ANN401 - of documents
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value


def _mandatory(flow: Flow | None, *, above: bool) -> frozenset[str]:
    if flow is None:
        return frozenset()
    attributes = flow.partial_attributes if above else flow.series_attributes
    return frozenset(attribute.id for attribute in attributes if attribute.mandatory)


def _keep_needed(
    key: Sequence[str | None], plan: Plan, mandatory: Collection[str], needed: Needed
) -> None:
    """Leave mandatory attributes where observations of others need them."""
    for name in mandatory & plan.attributes.keys():
        if plan.attributes[name].value is None:
            del plan.attributes[name]
            needed(key, name)


def _no_report(finding: object) -> None:
    raise AssertionError(finding)
