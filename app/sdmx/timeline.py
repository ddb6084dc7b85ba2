"""The observations of one key over time, when several agreements report it.

Asked by dataflow, a key comes from the agreement of the highest precedence that holds it, at any
moment; what a reader saw of the key over time follows from that.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from app.sdmx import history, series
from app.sdmx.history import Change, Dissemination
from app.sdmx.series import Observation


def effective(by_rank: Sequence[Sequence[Change]]) -> list[Dissemination]:
    """What was seen of a key; `by_rank` holds the changes under each agreement, highest first."""
    told = [history.disseminations(changes) for changes in by_rank if changes]
    if len(told) == 1:
        return told[0]
    moments = sorted({seen.published_at for one in told for seen in one})
    found: list[Dissemination] = []
    before: dict[str, Observation] = {}
    attributes_before: dict[str, object] = {}
    for moment in moments:
        after, attributes = _shown(told, moment)
        put = {time: row for time, row in after.items() if before.get(time) != row}
        names = attributes.keys() | attributes_before.keys()
        found.append(
            Dissemination(
                moment,
                series.from_observations(put) if put else None,
                [time for time in before if time not in after],
                {
                    name: attributes.get(name)
                    for name in names
                    if attributes.get(name) != attributes_before.get(name)
                },
            )
        )
        before, attributes_before = after, attributes
    return found


def _shown(
    told: Sequence[Sequence[Dissemination]], moment: dt.datetime
) -> tuple[dict[str, Observation], dict[str, object]]:
    """The state at a moment under the first agreement that holds any observation then."""
    for one in told:
        document, attributes = history.state(seen for seen in one if seen.published_at <= moment)
        if rows := series.observations(document):
            return rows, attributes
    return {}, {}
