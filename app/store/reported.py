"""What came of each period under an agreement: observations, nil returns, and since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.sdmx.calendar.duties import Reported
from app.sdmx.reporting_periods import read_period
from app.store.nil_returns import STANDING
from app.store.types import Connection

_ENTERED: Final = """
SELECT split_part(urn, '(', 1) AS stem, min(recorded_from) AS since FROM artefact
WHERE class = 'ProvisionAgreement' GROUP BY stem
"""
_HEADS: Final = """
SELECT agreement_id, revision FROM agreement_head WHERE agreement_id = ANY ($1::integer[])
"""
_PERIODS: Final = """
SELECT s.agreement_id, p.period, count(*) AS observations
FROM series AS s, json_array_elements_text(s.observations -> 'TIME_PERIOD') AS p (period)
WHERE s.agreement_id = ANY ($1::integer[]) AND s.observation_count > 0
GROUP BY s.agreement_id, p.period
"""
_FIRST: Final = """
SELECT c.agreement_id, p.period, min(l.published_at) AS published_at
FROM change AS c JOIN ledger AS l ON l.publication_id = c.publication_id,
  json_array_elements_text(c.observations -> 'TIME_PERIOD') AS p (period)
WHERE c.agreement_id = ANY ($1::integer[]) AND c.action = 'Replace'
GROUP BY c.agreement_id, p.period
"""
_WITHHELD: Final = """
SELECT c.agreement_id, p.period, count(*) AS observations, min(l.published_at) AS published_at
FROM withheld_series AS s
JOIN withheld_change AS c ON c.agreement_id = s.agreement_id AND c.key = s.key
JOIN ledger AS l ON l.publication_id = c.publication_id,
  json_array_elements_text(c.observations -> 'TIME_PERIOD') AS p (period)
WHERE s.agreement_id = ANY ($1::integer[]) AND s.observation_count > 0 AND c.action = 'Replace'
  AND p.period IN (SELECT json_array_elements_text(s.observations -> 'TIME_PERIOD'))
GROUP BY c.agreement_id, p.period
"""
_NIL: Final = """
SELECT n.agreement_id, n.period, min(s.received_at) AS published_at
FROM nil_return AS n JOIN submission AS s ON s.id = n.submission_id
WHERE n.agreement_id = ANY ($1::integer[]) AND n.superseded_by IS NULL AND s.state = ANY ($2)
GROUP BY n.agreement_id, n.period
"""


@dataclass(frozen=True, slots=True)
class PeriodFact:
    """What came of a period as it was written; `observations` 0: a nil return."""

    agreement: int
    period: str
    observations: int
    on: dt.date | None


async def entered(connection: Connection) -> dict[str, dt.date]:
    """The day on which each agreement came, by its URN up to the version."""
    rows = await connection.fetch(_ENTERED)
    return {row["stem"]: row["since"].date() for row in rows}


async def revisions(connection: Connection, agreements: Sequence[int]) -> dict[int, int]:
    """A number by agreement that moves with anything public of it."""
    rows = await connection.fetch(_HEADS, list(agreements))
    return {row["agreement_id"]: row["revision"] for row in rows}


async def public_periods(connection: Connection, agreements: Sequence[int]) -> list[PeriodFact]:
    """What the public sees of each period now, and the day on which it first saw any of it."""
    firsts = {
        (row["agreement_id"], row["period"]): row["published_at"].date()
        for row in await connection.fetch(_FIRST, list(agreements))
    }
    return [
        PeriodFact(
            row["agreement_id"],
            row["period"],
            row["observations"],
            firsts.get((row["agreement_id"], row["period"])),
        )
        for row in await connection.fetch(_PERIODS, list(agreements))
    ]


async def withheld_periods(connection: Connection, agreements: Sequence[int]) -> list[PeriodFact]:
    """What is withheld of each period, and since when it is there; for the provider alone."""
    return [
        PeriodFact(
            row["agreement_id"], row["period"], row["observations"], row["published_at"].date()
        )
        for row in await connection.fetch(_WITHHELD, list(agreements))
    ]


async def nil_periods(connection: Connection, agreements: Sequence[int]) -> list[PeriodFact]:
    """The periods of which a nil return stands; asks for the right of the writer."""
    return [
        PeriodFact(row["agreement_id"], row["period"], 0, row["published_at"].date())
        for row in await connection.fetch(_NIL, list(agreements), list(STANDING))
    ]


def by_agreement(facts: Sequence[PeriodFact]) -> Mapping[int, list[PeriodFact]]:
    """Facts by the number of their agreement."""
    found: dict[int, list[PeriodFact]] = {}
    for fact in facts:
        found.setdefault(fact.agreement, []).append(fact)
    return found


def by_period(
    facts: Iterable[PeriodFact],
) -> dict[int, dict[tuple[str, str], Reported]]:
    """What came, by agreement and period; the same period may be written in several ways."""
    found: dict[int, dict[tuple[str, str], Reported]] = {}
    for fact in facts:
        period = read_period(fact.period)
        if period is None:
            continue
        of_agreement = found.setdefault(fact.agreement, {})
        place = (period.frequency, period.text)
        before = of_agreement.get(place, Reported())
        days = [day for day in (before.on, fact.on) if day is not None]
        of_agreement[place] = Reported(
            before.observations + fact.observations,
            min(days, default=None),
            before.nil or not fact.observations,
        )
    return found
