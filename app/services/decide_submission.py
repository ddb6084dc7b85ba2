"""Deciding a checked submission: publish all of it, try it, or refuse it with all findings."""

from __future__ import annotations

from typing import Any

from app.sdmx.intake import Intake
from app.sdmx.reporting_periods import read_period
from app.sdmx.validation import Validator
from app.services.hold_submission import Waiting, remind, report_expired, waits_for
from app.services.replace_submission import replace_submission
from app.services.submission_work import Work
from app.services.take_in_part import InPartError as InPartError
from app.services.take_in_part import left_out_facts, take_in_part
from app.services.tell_decision import tell_decision
from app.store import decisions, nil_returns, publication, submissions
from app.store.effects import Publication
from app.store.merge import RefusedError


class _WaitError(Exception):
    """The terms of an agreement let the submission wait."""

    def __init__(self, begun: Publication, waiting: Waiting) -> None:
        super().__init__(waiting.reason)
        self.begun = begun
        self.waiting = waiting


async def decide_submission(work: Work, validator: Validator | None) -> None:
    """Decide in one transaction.

    Raises:
        StructuresChangedError: structures changed since the check; check again.
        InPartError: the rows that are right are to be decided alone.
    """
    if work.errors or validator is None:
        await _refuse(work, validator, put_together=False)
        return
    try:
        if work.submission.validate_only:
            await _try(work, validator)
        else:
            await _publish(work, validator)
    except _WaitError as waits:
        await _settle(work, validator, waits.begun, "accepted", waits.waiting)
    except RefusedError:
        take_in_part(work, validator)
        await _refuse(work, validator, put_together=True)


async def _publish(work: Work, validator: Validator) -> None:
    """The one transaction that publishes and decides.

    Raises:
        RefusedError: there are findings that refuse the submission.
        _WaitError: it waits for a second person, or until an agreement is extended.
    """
    connection, stored = work.connection, work.submission
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, stored.id):
            return
        begun = await _merged(work, validator)
        waiting = waits_for(work, _agreements(validator), begun.now.date())
        if waiting is not None:
            raise _WaitError(begun, waiting)
        place = await publication.end_publication(
            connection,
            begun,
            action="submission",
            actor=work.actor,
            about=f"submission/{stored.id}",
            content_sha256=stored.sha256,
        )
        await _supersede_nil_returns(work, begun)
        await work.flush()
        await submissions.publish(
            connection,
            stored.id,
            work.verdict(validator),
            state="awaiting release" if begun.release_at else "published",
            decided_at=place.published_at,
            publication=begun.id,
            sequence=place.sequence,
            release_at=begun.release_at,
            changes=begun.facts | left_out_facts(work),
            preview=_preview(begun, validator),
        )
        await tell_decision(connection, stored.id)


async def _try(work: Work, validator: Validator) -> None:
    """Do all that publishing does, roll it back, and keep only what it would have changed."""
    connection, stored = work.connection, work.submission
    transaction = connection.transaction()
    await transaction.start()
    try:
        if not await submissions.lock_undecided(connection, stored.id):
            return
        begun = await _merged(work, validator)
    finally:
        await transaction.rollback()
    await _settle(work, validator, begun, "validated")


async def _settle(
    work: Work,
    validator: Validator,
    begun: Publication,
    state: str,
    waiting: Waiting | None = None,
) -> None:
    """Keep the verdict and what publishing would have changed, after it was rolled back."""
    connection, stored = work.connection, work.submission
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, stored.id):
            return
        await work.flush()
        preview = _preview(begun, validator)
        verdict = work.verdict(validator)
        told = None if waiting is None else waiting.document
        await decisions.settle(
            connection, stored.id, verdict, state, preview, told, left_out_facts(work) or None
        )
        if waiting is not None:
            await remind(connection, work, waiting)
        await tell_decision(connection, stored.id)


async def _merged(work: Work, validator: Validator) -> Publication:
    """Put all intakes into the rooms; after one is refused the others are only checked.

    Raises:
        RefusedError: there are findings that refuse the submission.
    """
    connection, refused = work.connection, False
    begun = await publication.begin_publication(connection, work.catalogue.snapshot.revision)
    await replace_submission(work, validator)
    report_expired(work, _agreements(validator), begun.now.date())
    for intake in _in_order(validator):
        dataflow = work.catalogue.agreements[intake.target.agreement].dataflow
        try:
            if refused:
                await publication.check_intake(connection, begun, intake, dataflow, work.report)
            else:
                await publication.publish_intake(connection, begun, intake, dataflow, work.report)
        except RefusedError:
            refused = True
    if refused:
        raise RefusedError
    await publication.check_together(connection, begun)
    return begun


async def _supersede_nil_returns(work: Work, begun: Publication) -> None:
    """Mark nil returns of periods of which data came with this publication."""
    for effect in begun.effects:
        standing = await nil_returns.of_agreement(work.connection, effect.agreement)
        names = {each.period for each in standing if each.superseded_by is None}
        if names:
            put = {read.text for time in effect.preview.put_periods if (read := read_period(time))}
            await nil_returns.supersede(
                work.connection, effect.agreement, sorted(names & put), work.submission.id
            )


def _preview(begun: Publication, validator: Validator) -> dict[str, Any]:
    """What a publication changes, agreement by agreement."""
    targets = {intake.target.agreement: intake.target for intake in validator.intakes.values()}
    told = []
    for effect in begun.effects:
        target = targets[effect.agreement]
        dimensions = [dimension.id for dimension in target.flow.dimensions]
        document = effect.preview.document(dimensions)
        told.append({"agreement": target.urn, **document, "attachments": effect.attachments})
    return {"agreements": told}


def _in_order(validator: Validator) -> list[Intake]:
    """The intakes in the order in which agreements are locked."""
    return sorted(validator.intakes.values(), key=lambda intake: intake.target.agreement)


def _agreements(validator: Validator) -> list[str]:
    """URNs of the agreements concerned.

    To be asked after the merge: a file that replaces an earlier one adds the agreements that only
    the earlier one had.
    """
    return [intake.target.urn for intake in validator.intakes.values()]


async def _refuse(work: Work, validator: Validator | None, *, put_together: bool) -> None:
    """Decide: refused, with all findings; those of whole series too, if not found before."""
    connection = work.connection
    if validator is not None and not put_together:
        async with connection.transaction():
            begun = await publication.begin_publication(connection, None)
            for intake in validator.intakes.values():
                dataflow = work.catalogue.agreements[intake.target.agreement].dataflow
                await publication.check_intake(connection, begun, intake, dataflow, work.report)
        take_in_part(work, validator)
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, work.submission.id):
            return
        await work.flush()
        await submissions.reject(connection, work.submission.id, work.verdict(validator))
        await tell_decision(connection, work.submission.id)
