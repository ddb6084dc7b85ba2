"""Publishing a nil return: a place in the ledger, no figure changed."""

from __future__ import annotations

import orjson

from app.sdmx.findings import Finding
from app.sdmx.reporting_periods import ReportingPeriod, read_period
from app.services.hold_submission import remind, waits_for
from app.services.submission_work import Work
from app.services.tell_decision import tell_decision
from app.store import contents, decisions, nil_returns, publication, submissions
from app.store.catalogue import StoredAgreement
from app.store.effects import Effect
from app.store.submissions import Verdict
from app.store.types import Connection


async def publish_nil_return(work: Work) -> None:
    """Decide the submission of a nil return; its body is what was said, as JSON.

    It waits for a second person where the agreement asks for one, and is refused when data of the
    period came meanwhile.
    """
    connection, stored = work.connection, work.submission
    said = orjson.loads(
        b"".join([part async for part in contents.parts(connection, stored.sha256)])
    )
    found = [a for a in work.catalogue.agreements.values() if a.urn == said["agreement"]]
    period = read_period(said["period"])
    async with connection.transaction():
        if not await submissions.lock_undecided(connection, stored.id):
            return
        begun = await publication.begin_publication(connection, work.catalogue.snapshot.revision)
        count = await count_observations(connection, found[0], period) if found and period else 0
        if not found or period is None or count:
            code = "VIPMG-236" if count else "VIPMG-223"
            work.report(Finding(code, value=said["period"] if count else said["agreement"],
                                allowed=str(count)))  # fmt: skip
            await work.flush()
            await submissions.reject(connection, stored.id, work.verdict(None))
            await tell_decision(connection, stored.id)
            return
        agreement = found[0]
        await nil_returns.insert(connection, agreement.id, period.text, stored.id, stored.note)
        verdict = Verdict(0, 0, [agreement.urn])
        waiting = waits_for(work, [agreement.urn], begun.now.date())
        if waiting is not None:
            await decisions.settle(
                connection, stored.id, verdict, "accepted", {"agreements": []}, waiting.document
            )
            await remind(connection, work, waiting)
            await tell_decision(connection, stored.id)
            return
        begun.effects.append(Effect(agreement.id))
        place = await publication.end_publication(
            connection,
            begun,
            action="nil return",
            actor=work.actor,
            about=f"submission/{stored.id}",
            content_sha256=stored.sha256,
        )
        await submissions.publish(
            connection,
            stored.id,
            verdict,
            state="published",
            decided_at=place.published_at,
            publication=begun.id,
            sequence=place.sequence,
            release_at=None,
            changes={},
            preview={"agreements": []},
        )
        await tell_decision(connection, stored.id)


async def count_observations(
    connection: Connection, agreement: StoredAgreement, period: ReportingPeriod
) -> int:
    """Observations of a period in both rooms; the agreement is locked until the end.

    A confidential one stands in both, and counts once.
    """
    await nil_returns.lock(connection, agreement.id)
    counted = await nil_returns.count_periods(
        connection, agreement.id, period.first_day, period.last_day
    )
    rooms = {False: 0, True: 0}
    for each in counted:
        if each.period in period.spellings:
            rooms[each.withheld] += each.observations
    return max(rooms.values())
