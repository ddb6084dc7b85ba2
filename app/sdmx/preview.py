"""A preview of what a publication changes: counts, periods, attributes, and the biggest movers.

Counts are of observations, and of series whose attributes change, in the public room and apart
from it in the withheld one. Memory is bounded: movers are the `MOVERS` biggest, of the attributes
the first `ATTRIBUTES` are listed, and of the periods no more than `PERIODS`.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from app.sdmx import series
from app.sdmx.flow import Flow
from app.sdmx.series import TIME, Document

MOVERS: Final = 20
PERIODS: Final = 100
ATTRIBUTES: Final = 20

_FIGURES: Final = frozenset(
    {"Decimal", "Float", "Double", "Numeric", "Integer", "BigInteger", "Long", "Short", "Count"}
)

Key = Sequence[str]
PartialKey = Sequence[str | None]


@dataclass(slots=True)
class Counts:
    """Observations by what becomes of them; series that have other attributes than before."""

    new: int = 0
    revised: int = 0
    deleted: int = 0
    series_attributes: int = 0

    @property
    def document(self) -> dict[str, int]:
        """The counts by name."""
        return {
            "new": self.new,
            "revised": self.revised,
            "deleted": self.deleted,
            "series_attributes": self.series_attributes,
        }


@dataclass(frozen=True, slots=True, order=True)
class _Move:
    """A figure that changes; moves are ordered by `size`, then by who came first."""

    size: float
    earlier: int
    key: Key = field(compare=False)
    time: str = field(compare=False)
    component: str = field(compare=False)
    before: str = field(compare=False)
    after: str = field(compare=False)


class _Biggest:
    """The biggest of all moves that it was shown."""

    def __init__(self) -> None:
        self._held: list[_Move] = []
        self._seen = 0

    def show(self, size: float, *parts: Any) -> None:  # noqa: ANN401 - the parts of a move
        self._seen += 1
        if len(self._held) == MOVERS and size <= self._held[0].size:
            return
        move = _Move(size, -self._seen, *parts)
        if len(self._held) < MOVERS:
            heapq.heappush(self._held, move)
        else:
            heapq.heapreplace(self._held, move)

    def __iter__(self) -> Any:  # noqa: ANN401 - an iterator of moves
        return iter(sorted(self._held, reverse=True))


class Preview:
    """What a publication changes in the data of one agreement."""

    def __init__(self) -> None:
        self.public = Counts()
        self.withheld = Counts()
        self.unchanged = 0
        self.new_series = self.emptied_series = 0
        self.periods: set[str] = set()
        self.put_periods: set[str] = set()
        self._measures: tuple[str, ...] = ()
        self._absolute, self._relative = _Biggest(), _Biggest()
        self._changed: set[str] = set()
        self._attributes: dict[tuple[PartialKey, str], tuple[Any, Any]] = {}

    def measure(self, flow: Flow) -> None:
        """Look at the figures of this flow."""
        self._measures = tuple(
            one.id for one in flow.measures if one.codes is None and one.data_type in _FIGURES
        )

    def see_public(
        self, key: Key, before: Document, after: Document, put: Document | None, gone: Sequence[str]
    ) -> None:
        """Take what changes of a series in the public room."""
        self.new_series += bool(after[TIME]) and not before[TIME]
        self.emptied_series += bool(before[TIME]) and not after[TIME]
        self._see(self.public, key, before, after, put, gone)

    def see_withheld(
        self, key: Key, before: Document, after: Document, put: Document | None, gone: Sequence[str]
    ) -> None:
        """Take what changes of a series in the withheld room."""
        self._see(self.withheld, key, before, after, put, gone)

    def see_attributes(
        self, key: Key, before: Mapping[str, Any], after: Mapping[str, Any], *, withheld: bool
    ) -> None:
        """Take what changes in the attributes of a series that was there."""
        if self._see_attributes(tuple(key), before, after):
            (self.withheld if withheld else self.public).series_attributes += 1

    def see_attachments(
        self, key: PartialKey, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> None:
        """Take what changes in the values above the series at a key."""
        self._see_attributes(tuple(key), before, after)

    def _see_attributes(
        self, key: PartialKey, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> bool:
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for name in changed:
            if len(self._attributes) == ATTRIBUTES:
                break
            self._attributes.setdefault((key, name), (before.get(name), after.get(name)))
        return bool(changed)

    def end_series(self, sent: Iterable[str], after: Document) -> None:
        """Count what was sent of a series and is there already as it was sent."""
        left = set(sent) - self._changed
        if left:
            self.unchanged += len(left.intersection(after[TIME]))
        self._changed.clear()

    def _see(
        self,
        counts: Counts,
        key: Key,
        before: Document,
        after: Document,
        put: Document | None,
        gone: Sequence[str],
    ) -> None:
        put_times: list[str] = put[TIME] if put else []
        counts.deleted += len(gone)
        self._changed.update(put_times, gone)
        self.periods.update(put_times, gone)
        self.put_periods.update(put_times)
        revised = len(put_times) + len(before[TIME]) - len(gone) - len(after[TIME])
        counts.new += len(put_times) - revised
        counts.revised += revised
        if revised and put:
            self._see_movers(key, before, put)

    def _see_movers(self, key: Key, before: Document, put: Document) -> None:
        places = {time: place for place, time in enumerate(before[TIME])}
        for component in self._measures:
            old = series.column(before, component)
            for time, value in zip(put[TIME], series.column(put, component), strict=True):
                place = places.get(time)
                if place is not None and value != old[place]:
                    self._see_move(key, time, component, old[place], value)

    def _see_move(self, key: Key, time: str, component: str, before: Any, after: Any) -> None:  # noqa: ANN401 - of documents
        first, second = _figure(before), _figure(after)
        if first is None or second is None:
            return
        size = abs(second - first)
        if not math.isfinite(size) or not size:
            return
        self._absolute.show(size, key, time, component, before, after)
        if first:
            self._relative.show(size / abs(first), key, time, component, before, after)

    def document(self, dimensions: Sequence[str]) -> dict[str, Any]:
        """The preview as it is kept and told."""
        listed = series.in_time_order(time for time in self.periods if time)
        return {
            **self.public.document,
            "unchanged": self.unchanged,
            "new_series": self.new_series,
            "emptied_series": self.emptied_series,
            "withheld": self.withheld.document,
            "periods": {
                "count": len(listed),
                "first": listed[0] if listed else None,
                "last": listed[-1] if listed else None,
                "listed": listed[:PERIODS],
            },
            "attributes": [
                {
                    "key": {n: c for n, c in zip(dimensions, key, strict=False) if c is not None},
                    "component": name,
                    "before": before,
                    "after": after,
                }
                for (key, name), (before, after) in self._attributes.items()
            ],
            "movers": {
                "absolute": [_told(move, dimensions) for move in self._absolute],
                "relative": [_told(move, dimensions) for move in self._relative],
            },
        }


def _figure(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _told(move: _Move, dimensions: Sequence[str]) -> dict[str, Any]:
    before, after = Decimal(move.before), Decimal(move.after)
    change = after - before
    return {
        "key": dict(zip(dimensions, move.key, strict=False)),
        "period": move.time or None,
        "component": move.component,
        "before": move.before,
        "after": move.after,
        "change": format(change, "f"),
        "percent": format(round(change / abs(before) * 100, 1), "f") if before else None,
    }
