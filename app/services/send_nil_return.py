"""Sending a nil return: nothing happened in a period, and nobody needs to ask."""

from __future__ import annotations

import uuid

from app.auth.subject import Subject
from app.errors import ConflictError, QuerySemanticError
from app.sdmx.reporting_periods import ReportingPeriod, read_period
from app.services.admit_order import order_arrival
from app.services.check_provider import check_provider
from app.services.find_agreement import find_agreement
from app.services.issue_receipt import issue_receipt
from app.services.publish_nil_return import count_observations, publish_nil_return
from app.services.submission_work import Work
from app.store import ledger, nil_returns, publication, submissions
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools
from app.store.publication import StructuresChangedError
from app.store.submissions import StoredSubmission
from app.store.types import Connection


async def send_nil_return(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    agreement: str,
    period: str,
    note: str | None,
) -> tuple[StoredSubmission, bool]:
    """Store a nil return and decide it at once.

    Returns:
        The submission, and whether it is a new one: a nil return of the period may stand already.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
        QuerySemanticError: it is no period of the agreement, or not over yet.
        ConflictError: there are data of the period; `detail` tells how many.
    """
    check_provider(subject)
    async with pools.writer.acquire() as connection:
        while True:
            catalogue = await cache.current(connection)
            found = find_agreement(catalogue, subject, agreement)
            asked = _period(catalogue, found, period)
            try:
                async with connection.transaction():
                    return await _send(connection, catalogue, subject, found, asked, note)
            except StructuresChangedError:
                continue  # a new revision of the registry: the agreement as it is there


async def _send(
    connection: Connection,
    catalogue: Catalogue,
    subject: Subject,
    agreement: StoredAgreement,
    period: ReportingPeriod,
    note: str | None,
) -> tuple[StoredSubmission, bool]:
    """Store and decide under all locks of a publication; signing comes after them.

    Raises:
        StructuresChangedError: the registry is at another revision by now.
    """
    await publication.begin_publication(connection, catalogue.snapshot.revision)
    await _check(connection, agreement, period)
    standing = await _standing(connection, agreement, period)
    if standing is not None:
        return standing, False
    await ledger.take_turn(connection)
    order = {"agreement": agreement.urn, "period": period.text, "note": note}
    arrival, parts = order_arrival(subject, "nil return", order, note=note)
    await submissions.insert(connection, arrival, parts)
    await issue_receipt(connection, arrival.id, "arrival")
    await submissions.begin(connection, arrival.id)
    stored = await _stored(connection, arrival.id)
    await publish_nil_return(Work(stored, connection, catalogue, 0))
    return await _stored(connection, arrival.id), True


def reported_frequencies(catalogue: Catalogue, agreement: StoredAgreement) -> list[str]:
    """The frequencies in which an agreement reports: its term, or what its structure has."""
    term = catalogue.terms(agreement.urn).terms.get("FREQUENCY", "").replace(",", " ").split()
    flow = catalogue.flow(agreement.dataflow_urn, agreement.urn)
    if term or flow.frequency is None:
        return term
    return list(flow.dimensions[flow.frequency].codes or ())


def _period(catalogue: Catalogue, agreement: StoredAgreement, text: str) -> ReportingPeriod:
    allowed = reported_frequencies(catalogue, agreement)
    period = read_period(text)
    if period is None or (allowed and period.frequency not in allowed):
        listed = ", ".join(allowed)
        raise QuerySemanticError(
            f"{text[:80]!r} is no period in which the agreement reports ({listed}).",
            f"{text[:80]!r} no es un período en el que el convenio reporta ({listed}).",
            frequencies=allowed,
        )
    return period


async def _check(
    connection: Connection, agreement: StoredAgreement, period: ReportingPeriod
) -> None:
    if period.last_day >= await nil_returns.today(connection):
        raise QuerySemanticError(
            f"{period.text} is not over yet: what did not happen in it cannot be known.",
            f"{period.text} aún no termina: no se puede saber que no ocurrió nada.",
            last_day=period.last_day.isoformat(),
        )
    if count := await count_observations(connection, agreement, period):
        raise ConflictError(
            f"There are {count} observations of {period.text}: it is no period without events. "
            "Delete them first, if they are wrong.",
            f"Hay {count} observaciones de {period.text}: no es un período sin movimiento. "
            "Bórrelas primero, si son un error.",
            observations=count,
        )


async def _standing(
    connection: Connection, agreement: StoredAgreement, period: ReportingPeriod
) -> StoredSubmission | None:
    for each in await nil_returns.of_agreement(connection, agreement.id):
        if each.period == period.text and each.superseded_by is None:
            return await _stored(connection, each.submission_id)
    return None


async def _stored(connection: Connection, submission: uuid.UUID) -> StoredSubmission:
    stored = await submissions.by_id(connection, submission)
    assert stored is not None  # noqa: S101 - of this transaction, or referred to by a nil return
    return stored
