"""Re-harmonising: one publication that puts the history of an agreement under its map of now.

Ordered by the agency of the map, decided like a submission of the provider: its figures, its
receipt, its ledger entry; a second person approves where the agreement asks for that.
"""

from __future__ import annotations

from app.errors import VipmgError
from app.sdmx.findings import Finding
from app.sdmx.intake import Target
from app.sdmx.messages.reading_findings import unreadable_finding
from app.services.find_target import find_target
from app.services.hold_submission import Waiting, remind, waits_for
from app.services.reread_history import History, reread_history
from app.services.settle_nil_returns import settle_nil_returns
from app.services.submission_preview import preview_of
from app.services.submission_work import Work
from app.services.tell_decision import tell_decision
from app.store import (
    decisions,
    mappings,
    notices_kept,
    publication,
    reharmonising,
    staging,
    submissions,
)
from app.store.catalogue import StoredAgreement
from app.store.effects import Publication
from app.store.merge import RefusedError
from app.store.publication import StructuresChangedError
from app.store.submissions import Verdict

ENDED = "VIPMG-223"


class _WaitError(Exception):
    """The terms of the agreement let it wait."""

    def __init__(self, begun: Publication, waiting: Waiting) -> None:
        super().__init__(waiting.reason)
        self.begun = begun
        self.waiting = waiting


async def reharmonise_submission(work: Work) -> None:
    """Decide an order to re-harmonise an agreement: all of it in one transaction, or refused.

    Raises:
        StructuresChangedError: structures, or what stands, changed meanwhile; begin again.
        CancelledError: it was cancelled meanwhile.
    """
    stored = work.submission
    named = stored.options["agreement"]
    agreement = next((a for a in work.catalogue.agreements.values() if a.urn == named), None)
    target = None
    if agreement is not None:
        short = named.rpartition("=")[2]
        target = find_target(work.catalogue, [agreement], "dataprovision", short)
    if agreement is None or not isinstance(target, Target):
        work.report(Finding(ENDED, value=named))
        await _refuse(work, named)
        return
    async with staging.stage(work.connection):
        await work.progress("reading")
        history = None
        try:
            history = await reread_history(work, agreement, target, work.max_bytes)
        except VipmgError as error:
            work.report(unreadable_finding(error))
        if work.errors or history is None:
            await _refuse(work, named)
            return
        await work.progress("publishing", work.rows)
        await _decide(work, agreement, history)


async def _decide(work: Work, agreement: StoredAgreement, history: History) -> None:
    connection, stored = work.connection, work.submission
    try:
        async with connection.transaction():
            if await submissions.lock_undecided(connection, stored.id):
                await _publish(work, agreement, history)
    except RefusedError:
        await _refuse(work, agreement.urn)
    except _WaitError as waits:
        async with connection.transaction():
            if not await submissions.lock_undecided(connection, stored.id):
                return
            await work.flush()
            preview = preview_of(work.catalogue, [agreement.urn], waits.begun.effects)
            verdict = _verdict(work, agreement.urn)
            told = waits.waiting.document
            await decisions.settle(connection, stored.id, verdict, "accepted", preview, told)
            await remind(connection, work, waits.waiting)
            await tell_decision(connection, stored.id)


async def _publish(work: Work, agreement: StoredAgreement, history: History) -> None:
    """The one transaction that publishes and decides.

    Raises:
        RefusedError: there are findings that refuse it.
        StructuresChangedError: structures, or what stands, changed meanwhile.
        _WaitError: it waits for a second person, or until the agreement is extended.
    """
    connection, stored = work.connection, work.submission
    work.told = history.located
    begun = await publication.begin_publication(connection, work.catalogue.snapshot.revision)
    await publication.lock_agreement(connection, agreement.id)
    now = await reharmonising.standing(connection, agreement.provider, agreement.urn)
    if now != history.standing:
        raise StructuresChangedError
    await reharmonising.publish_fold(
        connection, begun, history.target, agreement.dataflow, history.events, work.report
    )
    if work.errors:
        raise RefusedError
    await publication.check_together(connection, begun)
    waiting = waits_for(work, [agreement.urn], begun.now.date())
    if waiting is not None:
        raise _WaitError(begun, waiting)
    place = await publication.end_publication(
        connection,
        begun,
        action="reharmonisation",
        actor=work.actor,
        about=f"submission/{stored.id}",
        content_sha256=stored.sha256,
    )
    await work.flush()
    await mappings.put(connection, stored.id, list(history.mapping.values()))
    await submissions.publish(
        connection,
        stored.id,
        _verdict(work, agreement.urn),
        state="awaiting release" if begun.release_at else "published",
        decided_at=place.published_at,
        publication=begun.id,
        sequence=place.sequence,
        release_at=begun.release_at,
        changes=begun.facts,
        preview=preview_of(work.catalogue, [agreement.urn], begun.effects),
    )
    await settle_nil_returns(connection, [agreement.id], stored.id)
    await tell_decision(connection, stored.id)


async def _refuse(work: Work, agreement: str) -> None:
    connection = work.connection
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, work.submission.id):
            return
        await work.flush()
        await submissions.reject(connection, work.submission.id, _verdict(work, agreement))
        await tell_decision(connection, work.submission.id)
        await _tell_refused(work, agreement)


async def _tell_refused(work: Work, agreement: str) -> None:
    """Tell the provider, and whoever ordered it: history and map do not agree yet."""
    stored = work.submission
    facts = {
        "map": stored.options["map"].rpartition("=")[2],
        "agreement": agreement.rpartition("=")[2],
        "submission": str(stored.id),
    }
    for organisation in sorted({stored.organisation, stored.options["ordered_by"]}):
        await notices_kept.tell(
            work.connection, organisation, "history-not-reharmonised", str(stored.id), facts
        )


def _verdict(work: Work, agreement: str) -> Verdict:
    return Verdict(work.rows, work.stored_findings, [agreement])
