"""Replies on what is owed, and on how reporting stands."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from app.models.api import Reply

OwedState: TypeAlias = Literal["open", "due", "late", "complete", "nil"]


class OwedCounts(Reply):
    """How many periods are in each state."""

    late: Annotated[int, Field(description="The day has passed and nothing is there.")]
    due: Annotated[int, Field(description="The period has ended, its day has not passed.")]
    open: Annotated[int, Field(description="The period has not ended, and nothing is there.")]
    complete: Annotated[int, Field(description="There are figures of the period.")]
    nil: Annotated[int, Field(description="The provider says that nothing happened in it.")]


class OwedPeriod(Reply):
    """A period that an agreement owes."""

    agreement: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    provider: str
    country: Annotated[str, Field(description="Code of the country; `INT`: a compiler.")]
    dataflow: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    dataflow_name: str
    period: str
    frequency: str
    due: Annotated[dt.date, Field(description="The last day in time.")]
    visible_from: Annotated[
        dt.date | None,
        Field(description="The end of the embargo, where it is later: not late before."),
    ]
    state: OwedState
    text: Annotated[str, Field(description="The state in words.")]
    observations: int
    reported_on: Annotated[dt.date | None, Field(description="Since when there is something.")]
    days_late: Annotated[
        int | None,
        Field(
            description="How late it came, or is by now; null: not due yet, or due before the "
            "agreement was in force here."
        ),
    ]


class OwedByProvider(Reply):
    """What a data provider owes."""

    provider: str
    name: str
    counts: OwedCounts
    calendar: Annotated[str, Field(description="Its calendar, to subscribe to.")]


class OwedByCountry(Reply):
    """What the data providers of a country owe."""

    country: str
    name: str
    counts: OwedCounts
    providers: list[OwedByProvider]


class UndatedAgreement(Reply):
    """An agreement of which no day can be told."""

    agreement: str
    provider: str
    dataflow: str
    reason: Literal["NO_FREQUENCY", "NO_DUE_RULE"]
    text: str


class CalendarLinks(Reply):
    """The calendar in other forms."""

    csv: str
    ical: str
    states: Annotated[str, Field(description="The same periods as an SDMX reporting taxonomy.")]
    taxonomy: Annotated[str, Field(description="The reporting taxonomy of who owes what at all.")]
    next: Annotated[str | None, Field(description="More periods; null: these were the last.")]


class CalendarReply(Reply):
    """What is owed by whom, by the figures that all may see."""

    today: dt.date
    first_day: Annotated[dt.date, Field(description="First day on which something is due.")]
    last_day: dt.date
    region: Annotated[
        OwedCounts, Field(description="All data providers of countries together, in all states.")
    ]
    countries: list[OwedByCountry]
    total: Annotated[int, Field(description="Periods in the states that were asked for.")]
    owed: Annotated[list[OwedPeriod], Field(description="By day, provider and dataflow.")]
    undated: list[UndatedAgreement]
    note: Annotated[str, Field(description="What counts as reported.")]
    links: CalendarLinks


class ScoreReply(Reply):
    """A score."""

    value: Annotated[float | None, Field(description="Null: it cannot be computed; see `reason`.")]
    unit: Annotated[str, Field(description="What the value is, in a few words.")]
    count: Annotated[int, Field(description="Of how many things it is computed.")]
    how: Annotated[str, Field(description="How it is computed, and from how many.")]
    reason: Annotated[str | None, Field(description="Why there is no value.")]
    facts: Annotated[dict[str, Any], Field(description="What else is known.")]


class ScorecardReply(Reply):
    """How the reporting of a data provider to a dataflow stood on a day."""

    provider: str
    country: str
    dataflow: str
    dataflow_name: str
    day: dt.date
    scores: dict[str, ScoreReply]
    history: Annotated[str, Field(description="Where its history is.")]


class ScorecardList(Reply):
    """The last scorecard of each data provider and dataflow."""

    scorecards: list[ScorecardReply]
    note: str
    next: Annotated[str | None, Field(description="More of them; null: these were the last.")]


class ScorecardHistory(Reply):
    """The scorecards of a data provider and dataflow, the last day first."""

    provider: str
    dataflow: str
    days: list[ScorecardReply]
    next: Annotated[str | None, Field(description="Earlier ones; null: these were the last.")]
