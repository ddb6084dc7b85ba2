"""The observations of one key over time, when several agreements report it.

Asked by dataflow, a key comes from the agreement of the highest precedence that holds it, at any
moment; what a reader saw of the key over time follows from that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.sdmx import history, series
from app.sdmx.history import Dissemination
from app.sdmx.rooms import is_marker
from app.sdmx.series import EMPTY, Document, Observation

Told: TypeAlias = Sequence[Sequence[Dissemination]]
"""The disseminations of a key under each agreement, that of the highest precedence first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a key at a moment.

    Attributes:
        rank: the place of the agreement that it comes from; `None`: nothing is shown.
        attributes: those of the series.
    """

    rank: int | None = None
    document: Document = field(default_factory=lambda: EMPTY)
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, Observation]:
        """The observations by time period."""
        return series.observations(self.document)


def shown_at(told: Told, moment: dt.datetime) -> Shown:
    """What is shown at a moment: what the first agreement that holds observations then holds."""
    for rank, one in enumerate(told):
        seen = [each for each in one if each.published_at <= moment]
        document, attributes = history.state(seen) if seen else (EMPTY, {})
        if series.count(document):
            return Shown(rank, document, attributes)
    return Shown()


def changed_rows(
    before: Shown, after: Shown, marked: Collection[str] = (), *, whole: bool
) -> Document:
    """The observations that are new or different; `whole`: all of them, if there are any.

    A marker at one of the time periods `marked` took the place of a figure that history does not
    tell any more: it is different for whoever read before.
    """
    if whole or before.rank != after.rank:
        return after.document
    known = before.rows
    return series.from_observations(
        {
            time: row
            for time, row in after.rows.items()
            if known.get(time) != row or (time in marked and is_marker(row))
        }
    )


def gone_times(before: Shown, after: Shown) -> list[str]:
    """The time periods that are shown no more."""
    left = after.rows
    return [time for time in before.rows if time not in left]


def disseminations(told: Told) -> Iterator[tuple[dt.datetime, Shown, Shown]]:
    """Each moment at which something of a key was published: what was shown before, and after."""
    before = Shown()
    for moment in sorted({seen.published_at for one in told for seen in one}):
        after = shown_at(told, moment)
        yield moment, before, after
        before = after
