"""Undoing a submission: a publication that gives back what was before, or leaves nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from app.sdmx.findings import Finding
from app.sdmx.undo import Undoing
from app.services.issue_receipt import issue_receipt
from app.services.order_reharmonisation import order_reharmonisation
from app.services.settle_nil_returns import settle_nil_returns
from app.services.submission_preview import preview_of
from app.services.submission_work import Work
from app.services.tell_decision import tell_decision
from app.store import decisions, notices_kept, publication, standing, submissions
from app.store.standing import UNDOABLE
from app.store.submissions import StoredSubmission, Verdict
from app.store.undo import Undo, Undone, lock_concerned, publish_undo

TOLD: Final = 1000
"""How many parts that stay are named one by one; the others are counted."""


class _ApprovalError(Exception):
    """An agreement asks for a second person, who has not spoken yet."""

    def __init__(self, preview: Mapping[str, Any], findings: list[Finding]) -> None:
        super().__init__("a second person has to approve")
        self.preview = preview
        self.findings = findings


class _NotUndoableError(Exception):
    """The parent is in another state by now."""

    def __init__(self, parent: StoredSubmission) -> None:
        super().__init__(parent.state)
        self.findings = [Finding("VIPMG-250", value=parent.state, rule=str(parent.id))]


@dataclass(slots=True)
class _Report:
    """What stays, and why; of an observation the part is its period.

    Attributes:
        kept: how many observations and attributes a later publication wrote.
        needed: how many attributes observations of others need.
        writers: the publications that wrote what stays.
    """

    found: list[tuple[str, Sequence[str | None], str, int | None]] = field(default_factory=list)
    kept: int = 0
    needed: int = 0
    writers: set[int] = field(default_factory=set)

    def later(self, key: Sequence[str | None], part: str, by: int) -> None:
        """Take a part that a later publication wrote."""
        self.kept += 1
        self.writers.add(by)
        if self.kept <= TOLD:
            self.found.append(("VIPMG-330", key, part, by))

    def mandatory(self, key: Sequence[str | None], part: str) -> None:
        """Take an attribute that others need."""
        self.needed += 1
        if self.needed <= TOLD:
            self.found.append(("VIPMG-331", key, part, None))

    def findings(self, undone: Undone) -> list[Finding]:
        """The parts as findings."""
        return [
            _finding(code, key, part, None if by is None else str(undone.submissions.get(by, by)))
            for code, key, part, by in self.found
        ]


def _finding(code: str, key: Sequence[str | None], part: str, by: str | None) -> Finding:
    series = ".".join(code or "*" for code in key)
    if part[:1].isdigit():  # ids of components begin with a letter
        return Finding(code, component="TIME_PERIOD", value=f"{series}.{part}", rule=by)
    return Finding(code, component=part or None, value=series, rule=by)


async def undo_submission(work: Work) -> None:
    """Undo the parent of a submission, in one transaction.

    Raises:
        StructuresChangedError: structures changed meanwhile; begin again.
    """
    connection, stored = work.connection, work.submission
    assert stored.parent_id is not None  # noqa: S101 - requests name what they undo
    await submissions.drop_findings(connection, stored.id)
    parent = await submissions.by_id(connection, stored.parent_id)
    assert parent is not None  # noqa: S101 - submissions are never deleted
    try:
        async with connection.transaction():
            if await submissions.lock_undecided(connection, stored.id):
                await _publish(work, parent)
    except _NotUndoableError as refused:
        async with connection.transaction():
            if await submissions.lock_undecided(connection, stored.id):
                await work.flush(refused.findings)
                await submissions.reject(connection, stored.id, _verdict(work, parent.agreements))
                await tell_decision(connection, stored.id)
    except _ApprovalError as waits:
        async with connection.transaction():
            if await submissions.lock_undecided(connection, stored.id):
                await work.flush(waits.findings)
                verdict = _verdict(work, parent.agreements)
                await decisions.settle(connection, stored.id, verdict, "accepted", waits.preview)
                await tell_decision(connection, stored.id)


async def _publish(work: Work, parent: StoredSubmission) -> None:
    """All of it, under the locks of the agreements.

    Raises:
        _NotUndoableError: the parent is in another state by now.
        _ApprovalError: a second person has to approve first.
    """
    connection, stored = work.connection, work.submission
    begun = await publication.begin_publication(connection, work.catalogue.snapshot.revision)
    if parent.publication_id is None:
        raise _NotUndoableError(parent)
    concerned = await lock_concerned(connection, parent.publication_id)
    stands = await standing.lock(connection, parent.id)
    if stands is None or stands.state not in UNDOABLE:
        raise _NotUndoableError(await submissions.by_id(connection, parent.id) or parent)
    report = _Report()
    flows = {
        number: work.catalogue.flow(agreement.dataflow_urn, agreement.urn)
        for number, agreement in work.catalogue.agreements.items()
        if number in {row["id"] for row in concerned}
    }
    undoing = cast("Undoing", stored.kind)
    undo = Undo(undoing, parent.publication_id, flows, report.later, report.mandatory)
    undone = await publish_undo(connection, begun, undo, concerned)
    preview = preview_of(work.catalogue, undone.agreements, begun.effects)
    if stored.approval != "approve" and any(
        work.catalogue.needs_approval(work.catalogue.agreements[number].urn) for number in flows
    ):
        raise _ApprovalError(preview, report.findings(undone))
    place = await publication.end_publication(
        connection,
        begun,
        action=undoing,
        actor=work.actor,
        about=f"submission/{stored.id}",
        content_sha256=stored.sha256,
    )
    await work.flush(report.findings(undone))
    await submissions.publish(
        connection,
        stored.id,
        _verdict(work, undone.agreements),
        state="published",
        decided_at=place.published_at,
        publication=begun.id,
        sequence=place.sequence,
        release_at=None,
        changes={**begun.facts, "kept": report.kept, "kept_mandatory": report.needed},
        preview=preview,
    )
    await _mark(work, undone)
    await _follow(work, report, undone)
    await settle_nil_returns(connection, flows, stored.id)
    await tell_decision(connection, stored.id)


async def _follow(work: Work, report: _Report, undone: Undone) -> None:
    """Have history read again that a map has rewritten since: what was undone goes from it too.

    Else its figures would stay, as those of the re-harmonisation, until the map's agency activates
    the map again.
    """
    connection, stored = work.connection, work.submission
    later = {undone.submissions[by] for by in report.writers & undone.submissions.keys()}
    for submission in sorted(later):
        wrote = await submissions.by_id(connection, submission)
        if wrote is None or wrote.kind != "reharmonisation":
            continue
        agreement, active = wrote.options["agreement"], wrote.options["map"]
        order, is_new = await order_reharmonisation(
            connection,
            stored.client_id,
            stored.organisation,
            agreement,
            active,
            ordered_by=stored.organisation,
            note=None,
        )
        if is_new:
            facts = {
                "undone": str(stored.parent_id),
                "map": active.rpartition("=")[2],
                "agreement": agreement.rpartition("=")[2],
                "submission": str(order),
            }
            await notices_kept.tell(
                connection, stored.organisation, "history-follows", str(order), facts
            )


async def _mark(work: Work, undone: Undone) -> None:
    """Bring the states of all submissions in line with what stands now, and sign what was undone.

    Signed are the falls and what rises after them: somebody asked for these.
    """
    connection = work.connection
    moved: list[uuid.UUID] = []
    for undoing, state in standing.FALLEN.items():
        fell = {
            undone.submissions[number]
            for number, how in undone.fallen.items()
            if how == undoing and undone.stood.get(number) != how and number in undone.submissions
        }
        moved += await standing.fall(connection, fell, state)
    risen = undone.stood.keys() - undone.fallen.keys()
    back = {undone.submissions[number] for number in risen & undone.submissions.keys()}
    moved += await standing.stand_again(connection, back, list(standing.FALLEN.values()))
    given = {undone.submissions[number] for number in undone.owners & undone.submissions.keys()}
    await standing.stand_again(connection, given, ["superseded"])  # nothing to sign, see `mark`
    for submission in sorted(set(moved)):
        await issue_receipt(connection, submission, "decision")


def _verdict(work: Work, agreements: Sequence[str]) -> Verdict:
    return Verdict(0, work.stored_findings, agreements)
