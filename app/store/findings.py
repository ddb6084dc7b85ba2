"""Findings as they are read: the whole of a submission, in an order that a person asks for."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Mapping
from typing import Final, Literal, TypeAlias

from app.sdmx.findings import Finding
from app.store.types import Connection

Order: TypeAlias = Literal["row", "rule", "number"]

BATCH: Final = 5000

REFUSES: Final = "(severity = 'error' OR severity = '' AND code LIKE 'VIPMG-2%')"
"""Whether a finding is an error, as `Finding.is_error` says it; in SQL."""

WARNS: Final = f"(NOT {REFUSES})"
"""Whether it is a warning: all others are."""

_ORDERS: Final[Mapping[Order, str]] = {
    "row": "coalesce(row, 0), number",
    "rule": f'{WARNS}, code COLLATE "C", component COLLATE "C", rule COLLATE "C", '
    'allowed COLLATE "C", coalesce(row, 0), number',
    "number": "number",
}
_ALL: Final[Mapping[Order, str]] = {
    order: "SELECT row, component, value, code, rule, allowed, nearest, severity, place, file "  # noqa: S608 - own column names
    f"FROM finding WHERE submission_id = $1 ORDER BY {columns}"
    for order, columns in _ORDERS.items()
}


async def all_findings(
    connection: Connection, submission: uuid.UUID, order: Order
) -> AsyncGenerator[list[Finding], None]:
    """All findings in parts of `BATCH`; of one instant, whatever happens meanwhile."""
    async with connection.transaction(readonly=True):
        cursor = await connection.cursor(_ALL[order], submission)
        while rows := await cursor.fetch(BATCH):
            yield [Finding(**dict(row)) for row in rows]
