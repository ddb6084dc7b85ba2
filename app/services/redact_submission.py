"""Redacting on the provider's own order: tried when it is asked for, done when it is approved."""

from __future__ import annotations

from app.errors import NotFoundError, NotUndoableError
from app.sdmx.findings import Finding
from app.services.redact import RedactionOrder, RedactionReport, redact_within
from app.services.submission_work import Work
from app.services.tell_decision import tell_decision
from app.store import decisions, submissions
from app.store.submissions import Verdict


async def redact_submission(work: Work) -> None:
    """Redact the parent of a submission, in one transaction, once a second person approved."""
    connection, stored = work.connection, work.submission
    await submissions.drop_findings(connection, stored.id)
    try:
        if stored.approval == "approve":
            await _publish(work)
        else:
            await _try(work)
    except (NotUndoableError, NotFoundError) as error:
        async with connection.transaction():
            if await submissions.lock_undecided(connection, stored.id):
                state = str(error.detail.get("state", "absent"))
                refused = Finding("VIPMG-250", value=state, rule=str(stored.parent_id))
                await work.flush([refused])
                await submissions.reject(connection, stored.id, Verdict(0, 1, ()))
                await tell_decision(connection, stored.id)


async def _publish(work: Work) -> None:
    connection, stored = work.connection, work.submission
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, stored.id):
            return
        report = await _redact(work)
        begun, place = report.begun, report.place
        assert begun is not None  # noqa: S101 - of what was done
        assert place is not None  # noqa: S101
        await submissions.publish(
            connection,
            stored.id,
            Verdict(0, 0, report.agreements),
            state="published",
            decided_at=place.published_at,
            publication=begun.id,
            sequence=place.sequence,
            release_at=None,
            changes={**begun.facts, **report.counts},
            preview={"agreements": []},  # history shows nothing of it: nor does this
        )
        await tell_decision(connection, stored.id)


async def _try(work: Work) -> None:
    """Do all of it, roll it back, and let it wait for the second person."""
    connection, stored = work.connection, work.submission
    transaction = connection.transaction()
    await transaction.start()
    try:
        if not await submissions.lock_undecided(connection, stored.id):
            return
        report = await _redact(work)
    finally:
        await transaction.rollback()
    async with connection.transaction():
        if await submissions.lock_undecided(connection, stored.id):
            verdict = Verdict(0, 0, report.agreements)
            await decisions.settle(connection, stored.id, verdict, "accepted", report.preview)
            await tell_decision(connection, stored.id)


async def _redact(work: Work) -> RedactionReport:
    stored = work.submission
    actors = [stored.client_id, *([stored.approved_by] if stored.approved_by else ())]
    order = RedactionOrder(
        stored.note or "",
        stored.options.get("reference", ""),
        actors,
        submission=stored.parent_id,
        destroy=stored.options.get("destroy") == "true",
        destroy_file=stored.options.get("destroy_file") == "true",
    )
    return await redact_within(
        work.connection,
        work.catalogue,
        order,
        actor=work.actor,
        about=f"submission/{stored.id}",
        sha256=stored.sha256,
    )
