"""A file that replaces an earlier submission whole, in the transaction that publishes it."""

from __future__ import annotations

import uuid

from app.sdmx.findings import Finding
from app.sdmx.intake import Intake, Target
from app.sdmx.validation import Validator
from app.services.submission_work import Work
from app.store import replacing, standing, submissions
from app.store.merge import RefusedError

OPTION = "supersedes"
"""The option of a submission that names the one that it replaces."""


async def replace_submission(work: Work, validator: Validator) -> None:
    """Stage the end of what the submission replaces; agreements that it alone has are emptied.

    Raises:
        RefusedError: what is to be replaced is not published any more.
    """
    named = work.submission.options.get(OPTION)
    if named is None:
        return
    connection = work.connection
    replaced = await submissions.by_id(connection, uuid.UUID(named))
    publication = None if replaced is None else replaced.publication_id
    concerned = [] if publication is None else await replacing.concerned(connection, publication)
    await replacing.lock_agreements(connection, {*concerned, *validator.intakes})
    stands = await standing.lock(connection, uuid.UUID(named))
    if publication is None or stands is None or stands.state not in standing.UNDOABLE:
        state = "absent" if stands is None else stands.state
        work.report(Finding("VIPMG-250", value=state, rule=named))
        raise RefusedError
    for number in concerned:
        agreement = work.catalogue.agreements.get(number)
        if agreement is None:
            continue  # it has ended: its figures stay as they are
        if number not in validator.intakes:
            flow = work.catalogue.flow(agreement.dataflow_urn, agreement.urn)
            target = Target(
                number,
                agreement.urn,
                flow,
                agreement.fixed,
                work.catalogue.checks(agreement.urn, flow),
            )
            validator.intakes[number] = Intake(target)
        await replacing.stage_removals(connection, validator.intakes[number], publication)
