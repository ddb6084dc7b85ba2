"""Telling data providers what is late: once for each period of an agreement."""

from __future__ import annotations

import datetime as dt
from typing import Final

from app.sdmx.calendar.duties import owed_periods
from app.services.calendar_duties import calendar_duties
from app.store import nil_returns, notices_kept, reported
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

KIND: Final = "data-late"
DAYS_BACK: Final = 31
"""What was due longer ago is in the calendar; nobody is told of years at once."""


async def tell_late(pools: Pools, cache: CatalogueCache, today: dt.date | None = None) -> int:
    """Tell each provider what it has not reported, withheld figures counted.

    Nobody is told of what was due before its agreement was in force here.

    Returns:
        How many notices are new.
    """
    count = 0
    async with pools.writer.acquire() as connection:
        day = today or await nil_returns.today(connection)
        catalogue = await cache.current(connection)
        dated = calendar_duties(catalogue, await reported.entered(connection), day).dated
        numbers = list(dated)
        came = reported.by_period(
            [
                *await reported.public_periods(connection, numbers),
                *await reported.withheld_periods(connection, numbers),
                *await reported.nil_periods(connection, numbers),
            ]
        )
        first = day - dt.timedelta(days=DAYS_BACK)
        for number, duty in dated.items():
            for one in owed_periods(duty, came.get(number, {}), first, day, day):
                if one.due < day and one.is_timed and not _is_there(one.state):
                    subject = f"{duty.agreement.partition('(')[0]} {one.period.text}"
                    facts = {
                        "agreement": duty.agreement,
                        "period": one.period.text,
                        "day": one.due.isoformat(),
                    }
                    count += await notices_kept.tell(
                        connection, duty.provider, KIND, subject, facts
                    )
    return count


def _is_there(state: str) -> bool:
    return state in ("complete", "nil")
