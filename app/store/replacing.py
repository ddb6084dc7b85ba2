"""Replacing a submission whole: what it wrote and a new file does not say again is deleted.

Deletions are staged before the segments of the new file, and so are part of the same merge.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from app.sdmx.actions import Segment
from app.sdmx.intake import Intake, PartialKey
from app.sdmx.series import TIME
from app.sdmx.undo import Past, plan_withdrawal
from app.store import staging
from app.store.pasts import reached_with_stage, read_above, read_acts
from app.store.staging import SEPARATOR, StageRecord
from app.store.types import Connection

BATCH = 2000

_LOCK = "SELECT id FROM agreement WHERE id = ANY ($1::integer[]) ORDER BY id FOR UPDATE"
_CONCERNED = "SELECT agreement_ids FROM ledger WHERE publication_id = $1"


async def concerned(connection: Connection, publication: int) -> list[int]:
    """The agreements that a publication concerned."""
    found: list[int] = await connection.fetchval(_CONCERNED, publication)
    return found


async def lock_agreements(connection: Connection, agreements: Collection[int]) -> None:
    """Lock agreements, in the order in which all do it."""
    await connection.execute(_LOCK, list(agreements))


async def stage_removals(connection: Connection, intake: Intake, replaced: int) -> None:
    """Stage the deletion of what is still the replaced publication's and not sent again.

    To be called under the lock of the agreement, when the file is staged. Mandatory attributes
    stay until a value takes their place.
    """
    target = intake.target
    acts, _ = await read_acts(connection, target.agreement)
    mandatory = {each.id for each in target.flow.series_attributes if each.mandatory}
    batch: list[StageRecord] = []
    async for key, past, staged in reached_with_stage(connection, target.agreement, replaced, acts):
        segments = [staging.decode_segment(each) for each in staged]
        batch += _removals(target.agreement, key, past, replaced, segments, mandatory)
        if len(batch) >= BATCH:
            await staging.put_records(connection, batch)
            batch.clear()
    await staging.put_records(connection, batch)
    above = await read_above(connection, target.agreement, acts)
    for place, past in above.items():
        if names := _gone_above(place, past, replaced, intake):
            intake.removed[place] = names


def _removals(
    agreement: int,
    key: Sequence[str],
    past: Past,
    replaced: int,
    segments: Sequence[Segment],
    mandatory: Collection[str],
) -> list[StageRecord]:
    """The deletions of one series; they speak for no row of the file."""
    plan = plan_withdrawal(past, replaced)
    sent = {time for each in segments for time in each.observations.get(TIME, ())}
    named = {name for each in segments for name in each.attributes}
    times = [time for time in plan.observations if time not in sent]
    names = plan.attributes.keys() - named - set(mandatory)
    removals = []
    if times:
        removals.append(Segment("Delete", [], {TIME: times}, {}))
    if names:
        removals.append(Segment("Delete", [], {}, dict.fromkeys(sorted(names), True)))
    joined = SEPARATOR.join(key)
    return [(agreement, joined, 0, staging.encode_segment(each)) for each in removals]


def _gone_above(key: PartialKey, past: Past, replaced: int, intake: Intake) -> set[str]:
    mandatory = {each.id for each in intake.target.flow.partial_attributes if each.mandatory}
    sent: Mapping[str, object] = intake.attachments.get(key, {})
    return plan_withdrawal(past, replaced).attributes.keys() - sent.keys() - mandatory
