"""Nil returns after an undoing: they say again what they said, or no more."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from app.sdmx.reporting_periods import read_period
from app.store import nil_returns
from app.store.types import Connection


async def settle_nil_returns(
    connection: Connection, agreements: Collection[int], submission: uuid.UUID | None
) -> None:
    """Bring the nil returns of agreements in line with the figures that stand now.

    One whose figures came with a submission that is undone holds again when its period has no
    observation left, in either room; one whose figures an undoing brought back does not.

    Args:
        connection: in the transaction of the undoing, the agreements locked, all written.
        agreements: the agreements concerned.
        submission: the submission that undid; None: nothing can have come back.
    """
    for agreement in sorted(agreements):
        known = await nil_returns.of_agreement(connection, agreement)
        periods = [read for each in known if (read := read_period(each.period))]
        if not periods:
            continue
        counted = await nil_returns.count_periods(
            connection,
            agreement,
            min(period.first_day for period in periods),
            max(period.last_day for period in periods),
        )
        told = {read.text for each in counted if (read := read_period(each.period))}
        named = {period.text for period in periods}
        await nil_returns.hold_again(connection, agreement, sorted(named - told))
        if submission is not None:
            await nil_returns.supersede(connection, agreement, sorted(named & told), submission)
