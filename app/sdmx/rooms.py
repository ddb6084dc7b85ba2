"""Which observations the public may see, and which are withheld until when.

An observation whose CONF_STATUS is not F is withheld for good: its marker stays in public,
without a value. One whose EMBARGO_TIME is to come is withheld until then, and leaves nothing
(SDMX guideline on confidentiality and embargo 2.0; an offset is required here). The terms of an
agreement add to that: an embargo for all its figures, and a count below which a cell is suppressed
(`RoomRule`), with the cells beside it that would give it away (`app.sdmx.secondary`); what was sent
stays as it was sent, in the other room.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, Final

from app.sdmx import series
from app.sdmx.embargoes import FOR_GOOD as FOR_GOOD
from app.sdmx.embargoes import Embargo, read_embargo
from app.sdmx.secondary import Sum
from app.sdmx.series import TIME, Document, Observation

CONFIDENTIALITY = "CONF_STATUS"
EMBARGO = "EMBARGO_TIME"
FREE = "F"
MARKERS = ("OBS_STATUS", CONFIDENTIALITY)
"""What the public sees of a confidential observation."""

COUNTS: Final = frozenset({"APL", "EVT", "HH", "PMT", "PS"})
"""Units of measure that are counts of persons, events, permits, applications, households."""

UNIT: Final = "UNIT_MEASURE"
MULTIPLIER: Final = "UNIT_MULT"
_POWERS: Final = 24
"""UNIT_MULT goes from -24 to 24."""

COUNTED: Final = ("PRE_BREAK_VALUE",)
"""Attributes of an observation that hold a figure in the unit of its measure."""


@dataclass(frozen=True)
class RoomRule:
    """What the terms of an agreement withhold, as the store keeps it.

    Attributes:
        minimum_cell: counts from 1 up to below it are suppressed; 0: none.
        embargo_text: the embargo of all figures; empty: none.
        measures: components whose values are counts: measures, and attributes that hold one.
        marker: what the public sees of a suppressed cell; empty where the structure has no
            CONF_STATUS, then it sees nothing.
        unit: position of UNIT_MEASURE among the dimensions, if it is one.
        unit_fixed: UNIT_MEASURE as the agreement fixes it, if it does.
        sums: what adds up, so that more has to be suppressed than what is small.
        family: positions of the dimensions that all figures of such a sum share.
        marker_beside: what the public sees of a cell that is suppressed for another's sake.
        multiplier: UNIT_MULT of all figures of an agreement or a series: 3 means thousands.
    """

    minimum_cell: int = 0
    embargo_text: str = ""
    measures: tuple[str, ...] = ()
    marker: Mapping[str, str] = field(default_factory=dict)
    unit: int | None = None
    unit_fixed: str | None = None
    sums: tuple[Sum, ...] = ()
    family: tuple[int, ...] = ()
    marker_beside: Mapping[str, str] = field(default_factory=dict)
    multiplier: int = 0

    @cached_property
    def embargo(self) -> Embargo | None:
        """The embargo of all figures."""
        return read_embargo(self.embargo_text) if self.embargo_text else None

    def counts(self, key: Sequence[str | None], attributes: Mapping[str, Any]) -> bool:
        """Whether the figures of a series are counts, as far as their unit tells."""
        unit = attributes.get(UNIT, self.unit_fixed)
        if self.unit is not None:
            unit = key[self.unit]
        return unit is None or unit in COUNTS

    def for_series(self, key: Sequence[str], attributes: Mapping[str, Any]) -> RoomRule:
        """The rule as it holds for one series."""
        if self.minimum_cell and not self.counts(key, attributes):
            return RoomRule(0, self.embargo_text)
        return self.multiplied(attributes)

    def multiplied(self, attributes: Mapping[str, Any]) -> RoomRule:
        """The rule with the multiplier that attributes of a series tell, if they do."""
        multiplier = _power(attributes.get(MULTIPLIER), self.multiplier)
        return self if multiplier == self.multiplier else replace(self, multiplier=multiplier)

    def is_small(self, observation: Mapping[str, Any]) -> bool:
        """Whether an observation has a count that is suppressed."""
        unit = observation.get(UNIT)
        if not self.minimum_cell or (unit is not None and unit not in COUNTS):
            return False
        power = _power(observation.get(MULTIPLIER), self.multiplier)
        return any(self._is_small(observation.get(name), power) for name in self.measures)

    def count(self, observation: Mapping[str, Any], name: str) -> Decimal | None:
        """How many an observation tells, its multiplier applied; None: it does not say."""
        try:
            number = Decimal(str(observation.get(name)))
        except InvalidOperation:
            return None
        if not number.is_finite():
            return None
        return number.scaleb(_power(observation.get(MULTIPLIER), self.multiplier))

    def _is_small(self, value: Any, power: int) -> bool:  # noqa: ANN401 - of documents
        try:
            number = float(value)
            return 0 < (number if not power else number * 10.0**power) < self.minimum_cell
        except (TypeError, ValueError, OverflowError):
            return False

    def touches(self, document: Document, now: dt.datetime) -> bool:
        """Whether it may withhold any observation of a series."""
        if self.minimum_cell:
            powers = {self.multiplier}
            if MULTIPLIER in document:
                listed = series.column(document, MULTIPLIER)
                powers = {_power(value, self.multiplier) for value in listed}
            least = min(powers, default=0)
            if any(
                self._is_small(value, least)
                for name in self.measures
                for value in set(map(str, series.column(document, name)))
            ):
                return True
        if self.embargo is None:
            return False
        return any((until := self.embargo.until(t)) and until > now for t in document[TIME])


def _power(value: object, otherwise: int) -> int:
    """A code of UNIT_MULT as the power of ten that it is."""
    try:
        power = int(str(value))
    except ValueError:
        return otherwise
    return power if -_POWERS <= power <= _POWERS else otherwise


OPEN: Final = RoomRule()
"""The rule that withholds nothing."""


def split(
    document: Document, now: dt.datetime, rule: RoomRule = OPEN, beside: Collection[str] = ()
) -> tuple[Document, dict[dt.datetime, Document]]:
    """Divide a series into its public part and the withheld parts by time of release.

    Args:
        document: the series.
        now: the present instant.
        rule: what the agreement withholds.
        beside: time periods whose figures are suppressed for another's sake.
    """
    if (
        not beside
        and document.get(CONFIDENTIALITY, FREE) == FREE
        and EMBARGO not in document
        and (rule is OPEN or not rule.touches(document, now))
    ):
        return document, {}
    public: dict[str, Observation] = {}
    withheld: dict[dt.datetime, dict[str, Observation]] = {}
    for time, observation in series.observations(document).items():
        release = release_time(observation, now, rule, time)
        if release is None and time in beside and not is_marker(observation):
            release = FOR_GOOD
        if release is None:
            public[time] = observation
            continue
        withheld.setdefault(release, {})[time] = observation
        if release == FOR_GOOD and (shown := marker_of(observation, rule)) is not None:
            public[time] = shown
    return (
        series.from_observations(public),
        {release: series.from_observations(rows) for release, rows in withheld.items()},
    )


def release_time(
    observation: Mapping[str, Any], now: dt.datetime, rule: RoomRule = OPEN, time: str = ""
) -> dt.datetime | None:
    """When the observation may be seen by all: `None` now, `FOR_GOOD` never."""
    embargo = observation.get(EMBARGO)
    if embargo is not None:
        release = dt.datetime.fromisoformat(embargo)
        if release > now:
            return max(release.astimezone(dt.UTC), _until(rule, time) or release)
    agreed = _until(rule, time)
    if agreed is not None and agreed > now:
        return agreed
    if is_confidential(observation) and not is_marker(observation):
        return FOR_GOOD
    return FOR_GOOD if rule.is_small(observation) else None


def is_confidential(observation: Mapping[str, Any]) -> bool:
    """Whether its sender says so."""
    return bool(observation.get(CONFIDENTIALITY, FREE) != FREE)


def _until(rule: RoomRule, time: str) -> dt.datetime | None:
    return None if rule.embargo is None else rule.embargo.until(time)


def marker_of(observation: Mapping[str, Any], rule: RoomRule) -> Observation | None:
    """What the public sees of an observation that is withheld for good, if it sees anything."""
    sent = {name: observation[name] for name in MARKERS if name in observation}
    if is_confidential(observation):
        return sent
    marker = rule.marker if rule.is_small(observation) else rule.marker_beside
    return sent | dict(marker) if marker else None


def is_marker(observation: Mapping[str, Any]) -> bool:
    """Whether nothing but the marker was sent, so that nothing is left to withhold."""
    return all(name in MARKERS for name in observation)
