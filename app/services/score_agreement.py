"""The scores of the agreements of one data provider and dataflow, from public figures alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.sdmx.calendar.duties import Duty, Owed, Reason, Reported, owed_periods
from app.sdmx.calendar.scores import (
    DAYS_BACK,
    Revisions,
    Score,
    ScoreId,
    coherence,
    completeness,
    full_key_count,
    mirror_gap,
    timeliness,
    unknown,
    year_before,
)
from app.sdmx.flow import Flow
from app.sdmx.reporting_periods import ReportingPeriod, read_period
from app.store import scorecards
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.scorecards import MirrorMiddle
from app.store.types import Connection

MOST_KEYS: Final = 100_000
"""A constraint that allows more keys than these does not list what is expected."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What a scorecard is computed of.

    Attributes:
        agreements: of one provider and one dataflow.
        duties: by number of the agreement; one that cannot be dated gives the reason.
        came: what the public sees of each period, by number of the agreement.
        written: the same periods as they are written.
        middle: what the mirrors say, if they say anything.
        is_paired: whether a mirror pair compares the dataflow.
    """

    agreements: Sequence[StoredAgreement]
    duties: Mapping[int, Duty | Reason]
    came: Mapping[int, Mapping[tuple[str, str], Reported]]
    written: Mapping[int, Sequence[str]]
    middle: MirrorMiddle | None
    is_paired: bool


@dataclass(slots=True)
class _Expected:
    """How many series were to be expected, and how many are there."""

    expected: int = 0
    there: int = 0
    periods: int = 0
    bases: set[str] = field(default_factory=set)


async def score_agreement(
    writer: Connection, public: Connection, catalogue: Catalogue, scored: Scored, today: dt.date
) -> dict[ScoreId, Score]:
    """Compute the scores of a day.

    Args:
        writer: a connection that reads findings.
        public: one that sees the public room alone, in a transaction.
        catalogue: with the agreements.
        scored: what is scored.
        today: the day.
    """
    owed = {
        number: list(_fallen_due(duty, scored.came.get(number, {}), today))
        for number, duty in scored.duties.items()
        if isinstance(duty, Duty)
    }
    middle = scored.middle
    return {
        "timeliness": _timeliness(scored, owed, today),
        "completeness": await _completeness(public, catalogue, scored, owed),
        "coherence": await _coherence(writer, scored),
        "revisions": await _revisions(public, catalogue, scored),
        "mirror_gap": mirror_gap(
            middle.middle if middle else None,
            middle.cells if middle else 0,
            middle.pairs if middle else (),
            is_paired=scored.is_paired,
        ),
    }


def _fallen_due(duty: Duty, came: Mapping[tuple[str, str], Reported], today: dt.date) -> list[Owed]:
    first = today - dt.timedelta(days=DAYS_BACK)
    yesterday = today - dt.timedelta(days=1)
    return list(owed_periods(duty, came, first, yesterday, today))


def _timeliness(scored: Scored, owed: Mapping[int, list[Owed]], today: dt.date) -> Score:
    if not owed:
        return unknown(next(str(why) for why in scored.duties.values()))
    entered = min(one.entered for one in scored.duties.values() if isinstance(one, Duty))
    return timeliness((one for listed in owed.values() for one in listed), today, entered)


async def _completeness(
    public: Connection, catalogue: Catalogue, scored: Scored, owed: Mapping[int, list[Owed]]
) -> Score:
    if not owed:
        return unknown(next(str(why) for why in scored.duties.values()))
    total = _Expected()
    for stored in scored.agreements:
        due = [one.period for one in owed.get(stored.id, ()) if one.state != "nil"]
        if not due:
            continue
        full = _full_keys(catalogue.flow(stored.dataflow_urn, stored.urn))
        written = scored.written.get(stored.id, ())
        if full is None:
            await _by_year(public, stored.id, due, written, total)
        else:
            await _by_constraint(public, stored.id, due, full, total)
    basis = "CONSTRAINT" if total.bases == {"CONSTRAINT"} else "LAST_YEAR"
    return completeness(total.expected, total.there, total.periods, basis)


async def _by_year(
    public: Connection,
    agreement: int,
    due: Sequence[ReportingPeriod],
    written: Sequence[str],
    total: _Expected,
) -> None:
    """Compare each period with the same one of the year before, however either is written."""
    spelled: dict[str, list[str]] = {}
    for text in written:
        period = read_period(text)
        if period is not None:
            spelled.setdefault(period.text, []).append(text)
    wanted = [
        (text, period.text, is_new)
        for period in due
        for plain, is_new in ((period.text, True), (year_before(period), False))
        for text in spelled.get(plain, ())
    ]
    found = await scorecards.expected_by_year(public, agreement, wanted)
    for expected, there in found.values():
        total.expected += expected
        total.there += there
    total.periods += len(found)
    if found:
        total.bases.add("LAST_YEAR")


async def _by_constraint(
    public: Connection,
    agreement: int,
    due: Sequence[ReportingPeriod],
    full: int,
    total: _Expected,
) -> None:
    wanted = [(text, period.text) for period in due for text in period.spellings]
    total.there += await scorecards.series_there(public, agreement, wanted)
    total.expected += full * len(due)
    total.periods += len(due)
    total.bases.add("CONSTRAINT")


def _full_keys(flow: Flow) -> int | None:
    """How many keys the constraint of an agreement lists; None: it leaves a dimension open.

    Only constraints of the agreement itself count: those of a dataflow say what may be, not what
    is to be reported. Where some combinations are excluded nobody knows how many are left.
    """
    own = [one for one in flow.constraints if one.level == "provisionagreement"]
    if any(one.key_sets or any(one.excluded_combinations()) for one in flow.constraints):
        return None
    allowed: dict[str, frozenset[str]] = {}
    for one in own:
        for values in one.allowed_values():
            if values.included and values.time_range is None:
                before = allowed.get(values.component, values.values)
                allowed[values.component] = before & values.values
    sizes = (
        len(allowed[dimension.id]) if dimension.id in allowed else None
        for dimension in flow.dimensions
    )
    return full_key_count(sizes, MOST_KEYS)


async def _coherence(writer: Connection, scored: Scored) -> Score:
    files = rows = totals = warnings = 0
    for stored in scored.agreements:
        found = await scorecards.last_findings(writer, stored.id, stored.urn)
        files += found.files
        rows += found.rows
        totals += found.totals
        warnings += found.warnings
    return coherence(files, rows, totals, warnings)


async def _revisions(public: Connection, catalogue: Catalogue, scored: Scored) -> Score:
    counted = Revisions()
    for stored in scored.agreements:
        flow = catalogue.flow(stored.dataflow_urn, stored.urn)
        if not flow.measures:
            continue
        counted.observations += await scorecards.published_once(public, stored.id)
        async for changes in scorecards.published_again(public, stored.id):
            counted.add(flow.measures[0].id, changes)
    return counted.score()
