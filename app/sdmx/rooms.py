"""Which observations the public may see, and which are withheld until when.

An observation whose CONF_STATUS is not F is withheld for good: its marker stays in public,
without a value. One whose EMBARGO_TIME is to come is withheld until then, and leaves nothing
(SDMX guideline on confidentiality and embargo 2.0; an offset is required here).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from app.sdmx import series
from app.sdmx.series import Document, Observation

CONFIDENTIALITY = "CONF_STATUS"
EMBARGO = "EMBARGO_TIME"
FREE = "F"
MARKERS = ("OBS_STATUS", CONFIDENTIALITY)
"""What the public sees of a confidential observation."""

FOR_GOOD = dt.datetime.max.replace(tzinfo=dt.UTC)
"""Release time of what is never released."""


def split(document: Document, now: dt.datetime) -> tuple[Document, dict[dt.datetime, Document]]:
    """Divide a series into its public part and the withheld parts by time of release."""
    if document.get(CONFIDENTIALITY, FREE) == FREE and EMBARGO not in document:
        return document, {}
    public: dict[str, Observation] = {}
    withheld: dict[dt.datetime, dict[str, Observation]] = {}
    for time, observation in series.observations(document).items():
        release = release_time(observation, now)
        if release is None:
            public[time] = observation
            continue
        withheld.setdefault(release, {})[time] = observation
        if release == FOR_GOOD:
            public[time] = {name: observation[name] for name in MARKERS if name in observation}
    return (
        series.from_observations(public),
        {release: series.from_observations(rows) for release, rows in withheld.items()},
    )


def release_time(observation: Mapping[str, Any], now: dt.datetime) -> dt.datetime | None:
    """When the observation may be seen by all: `None` now, `FOR_GOOD` never."""
    embargo = observation.get(EMBARGO)
    if embargo is not None:
        release = dt.datetime.fromisoformat(embargo)
        if release > now:
            return release.astimezone(dt.UTC)
    if observation.get(CONFIDENTIALITY, FREE) == FREE or _is_marker(observation):
        return None
    return FOR_GOOD


def _is_marker(observation: Mapping[str, Any]) -> bool:
    """Whether nothing but the marker was sent, so that nothing is left to withhold."""
    return all(name in MARKERS for name in observation)
