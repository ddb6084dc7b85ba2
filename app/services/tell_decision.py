"""What goes with every decision, in the transaction that decides."""

from __future__ import annotations

import uuid

from app.services.issue_receipt import issue_receipt
from app.store import notices
from app.store.types import Connection


async def tell_decision(connection: Connection, submission: uuid.UUID) -> None:
    """Sign the receipt of the decision, and tell whoever waits when the transaction commits."""
    await issue_receipt(connection, submission, "decision")
    await notices.tell_decided(connection, submission)
