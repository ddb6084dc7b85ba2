"""Ordering that the history of an agreement is read again, as a submission of its provider."""

from __future__ import annotations

import uuid

from app.auth.subject import Subject
from app.services.admit_order import admit_order, order_arrival
from app.store import reharmonising
from app.store.types import Connection


async def order_reharmonisation(
    connection: Connection,
    client_id: str,
    provider: str,
    agreement: str,
    active: str,
    *,
    ordered_by: str,
    note: str | None,
) -> tuple[uuid.UUID, bool]:
    """Store the order; the one that is under way, if there is.

    Args:
        connection: in a transaction.
        client_id: the program that asked for it, or for what led to it.
        provider: of the agreement.
        agreement: its URN.
        active: URN of the map.
        ordered_by: the organisation that asked for it.
        note: why.

    Returns:
        Id of the submission, and whether it is a new one.
    """
    known = await reharmonising.undecided(connection, agreement, active)
    if known is not None:
        return known, False
    options = {"agreement": agreement, "map": active, "ordered_by": ordered_by}
    order = {"reharmonisation": options, "note": note, "id": str(uuid.uuid4())}
    subject = Subject(client_id, provider, "data_provider")
    arrival, parts = order_arrival(subject, "reharmonisation", order, note=note, options=options)
    stored = await admit_order(connection, arrival, parts, practice=False)
    return stored.id, True
