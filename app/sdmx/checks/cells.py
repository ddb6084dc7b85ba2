"""The cells of one series that a rule may look at: what was sent, and what was there before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypeAlias

from app.sdmx.series import EMPTY, TIME, Document

NUMERIC_TYPES = frozenset(
    {"Decimal", "Float", "Double", "Numeric", "BigInteger", "Integer", "Long", "Short", "Count"}
)
"""Data types whose values are compared as numbers."""

Numbers: TypeAlias = "list[float | None] | float | None"
"""A column of numbers: one an observation, or one for all."""


class Cells:
    """One series with the observations that a message spoke of.

    Args:
        document: the series as it will be.
        before: the series as it is.
        attributes: attributes of the series.
        touched: row number of each time period that the message spoke of.
        now: the instant of the check.
    """

    def __init__(
        self,
        document: Document,
        before: Document,
        attributes: Mapping[str, Any],
        touched: Mapping[str, int],
        now: dt.datetime,
    ) -> None:
        self.document = document
        self.before = before
        self.attributes = attributes
        self.touched = touched
        self.now = now
        self._numbers: dict[str, Numbers] = {}
        self._whole: dict[str, Numbers] = {}
        self._bounds: dict[str, tuple[float, float] | None] = {}
        times = document[TIME]
        self.places: list[int] | None = None
        """Places of the observations that were sent; `None`: all of them."""
        if before is not EMPTY or len(touched) != len(times):
            places = [place for place, time in enumerate(times) if time in touched]
            self.places = places if len(places) != len(times) else None

    @property
    def count(self) -> int:
        """Number of observations that were sent."""
        return len(self.document[TIME] if self.places is None else self.places)

    def place(self, sent: int) -> int:
        """Place in the series of an observation that was sent."""
        return sent if self.places is None else self.places[sent]

    @cached_property
    def times(self) -> list[str]:
        """Time periods that were sent."""
        times: list[str] = self.document[TIME]
        return times if self.places is None else [times[place] for place in self.places]

    def row(self, sent: int) -> int:
        """Row of an observation that was sent."""
        return self.touched[self.times[sent]]

    def texts(self, name: str) -> Any:  # noqa: ANN401
        """A column as it was sent."""
        if name in self.attributes:
            return self.attributes[name]
        values = self.document.get(name)
        if self.places is None or not isinstance(values, list):
            return values
        return [values[place] for place in self.places]

    def text(self, name: str, sent: int) -> str | None:
        """One value as it was sent."""
        values = self.texts(name)
        value = values[sent] if isinstance(values, list) else values
        return None if value is None else str(value)

    def whole_numbers(self, name: str) -> Numbers:
        """The numbers of the whole series; what is no number is `None`."""
        if name not in self._whole:
            self._whole[name] = to_numbers(self.document.get(name, self.attributes.get(name)))
        return self._whole[name]

    def numbers(self, name: str) -> Numbers:
        """The numbers of what was sent."""
        whole = self.whole_numbers(name)
        if self.places is None or not isinstance(whole, list):
            return whole
        if name not in self._numbers:
            self._numbers[name] = [whole[place] for place in self.places]
        return self._numbers[name]

    def bounds(self, name: str) -> tuple[float, float] | None:
        """The least and the greatest number of what was sent, if there is one in every place."""
        if name not in self._bounds:
            self._bounds[name] = bounds_of(self.numbers(name))
        return self._bounds[name]


def to_numbers(values: Any) -> Numbers:  # noqa: ANN401
    """A column of texts as numbers."""
    if not isinstance(values, list):
        return None if values is None else _number(values)
    if "NaN" not in values:
        try:
            numbers: list[float | None] = list(map(float, values))
        except (TypeError, ValueError):
            pass  # a value is missing, or left out on purpose
        else:
            return numbers
    return [None if value is None else _number(value) for value in values]


def bounds_of(numbers: Numbers) -> tuple[float, float] | None:
    """The least and the greatest of numbers that are all there."""
    if not isinstance(numbers, list):
        return None if numbers is None else (numbers, numbers)
    try:
        low, high = min(numbers), max(numbers)  # type: ignore[type-var]
    except (TypeError, ValueError):
        return None
    if low is None or high is None or not math.isfinite(low + high):
        return None
    return low, high


def _number(value: Any) -> float | None:  # noqa: ANN401
    """A number, or nothing for what was left out on purpose (`NaN`, `#N/A`)."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return None if math.isnan(number) else number
