"""What a map would make of a message: coverage, the cube before and after, totals kept or not.

Nothing is kept but sums and, for each target key, its first row and its measures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Final, TypeAlias

from app.sdmx.mapping.compiled import SUM, CompiledMap, Mapped
from app.sdmx.messages.data_reading import Batch

EXAMPLES: Final = 10
"""Keys that are shown of each kind of difference."""

MOST_ROWS: Final = 250_000
"""Rows that a preview reads; it says when there are more."""

MOST_PERIODS: Final = 400
"""Periods whose totals are told one by one."""

Row: TypeAlias = tuple[int, tuple[str, ...]]
Cube: TypeAlias = dict[tuple[str, ...], Row]
"""By target key with time: the first row that led to it, and its measures."""

Numbers: TypeAlias = list[Decimal]

Refuses: TypeAlias = Callable[[Batch], frozenset[int]]
"""The rows of a batch, or of the whole message, that would be refused."""

_REFUSED: Final = (("taken", -1), ("refused", 1))

_EXACT: Final = Context(prec=1000)
_ZERO: Final = Decimal(0)


@dataclass
class Side:
    """What one map makes of the message.

    Attributes:
        map: the map, which counts what it does.
        cube: its outcome.
        totals: the sum of each measure.
        periods: the same by time period.
        repeated: rows on a key that another row has, with that row; the first of them.
        repetitions: how many such rows there are.
        refuses: tells the rows that would be refused after they were mapped: they count as not
            taken.
        refused: how many of them there were.
    """

    map: CompiledMap
    refuses: Refuses
    refused: int = 0
    cube: Cube = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    periods: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    repeated: list[tuple[int, int, tuple[str, ...]]] = field(default_factory=list)
    repetitions: int = 0

    @property
    def key(self) -> list[str]:
        """The ids of the parts of a key: dimensions, then time."""
        flow = self.map.target_flow
        return [one.id for one in flow.dimensions] + ([flow.time.id] if flow.time else [])

    @property
    def measures(self) -> list[str]:
        """The measures that are numbers, in their order."""
        return [one.id for one in self.map.target_flow.measures]

    def coverage(self) -> dict[str, Any]:
        """What the map did, with what would be refused after it."""
        told = self.map.coverage.document()
        refused = {name: told[name] + sign * self.refused for name, sign in _REFUSED}
        return told | refused

    def take(self, batch: Batch) -> Mapped:
        """Run the map on a batch."""
        mapped = self._right(self.map.run(batch))
        if mapped.batch is not None and batch.action != "Delete":
            self._put(mapped.batch)
            self._add(mapped.batch)
        return mapped

    def _right(self, mapped: Mapped) -> Mapped:
        """What was mapped, without the rows that would be refused."""
        batch = mapped.batch
        wrong = frozenset[int]() if batch is None else self.refuses(batch)
        if batch is None or wrong.isdisjoint(batch.rows):
            return mapped
        kept = [place for place, row in enumerate(batch.rows) if row not in wrong]
        self.refused += len(batch.rows) - len(kept)
        places = kept if mapped.places is None else [mapped.places[place] for place in kept]
        right = replace(
            batch,
            rows=[batch.rows[place] for place in kept],
            cells={name: [cells[place] for place in kept] for name, cells in batch.cells.items()},
        )
        return replace(mapped, batch=right if kept else None, places=places)

    def _put(self, batch: Batch) -> None:
        empty = [""] * len(batch.rows)
        keys = zip(*(batch.cells.get(name, empty) for name in self.key), strict=True)
        values = zip(*(batch.cells.get(name, empty) for name in self.measures), strict=True)
        cube = self.cube
        for row, key, figures in zip(batch.rows, keys, values, strict=True):
            known = cube.setdefault(key, (row, figures))
            if known[0] != row:
                self._repeat(key, row, known, figures)

    def _repeat(self, key: tuple[str, ...], row: int, known: Row, values: tuple[str, ...]) -> None:
        self.repetitions += 1
        if len(self.repeated) < EXAMPLES:
            self.repeated.append((row, known[0], key))
        if self.map.same_key == SUM:
            together = map(_together, known[1], values)
            self.cube[key] = known[0], tuple(together)

    def _add(self, batch: Batch) -> None:
        time = self.map.target_flow.time
        periods = batch.cells.get(time.id, ()) if time else ()
        for name in self.measures:
            numbers = as_numbers(batch.cells.get(name, ()))
            self.totals[name] += _sum(numbers)
            if periods:
                by_period = self.periods.setdefault(name, defaultdict(Decimal))
                for period, number in zip(periods, numbers, strict=False):
                    by_period[period] += number


@dataclass
class _Sums:
    """Sums of what was sent, taken or not.

    Attributes:
        sent: of all rows.
        left_out: of those that the map leaves out because it says so.
        anew: of those among them that the map that is active now takes.
    """

    sent: Decimal = _ZERO
    left_out: Decimal = _ZERO
    anew: Decimal = _ZERO

    def add(self, number: Decimal, *, left_out: bool, anew: bool) -> None:
        """Add one row."""
        self.sent += number
        self.left_out += number if left_out else _ZERO
        self.anew += number if anew else _ZERO

    def document(self, after: Decimal) -> dict[str, str]:
        """In JSON: `sent` is `after`, `left_out` and `missing` together."""
        return {
            "sent": _text(self.sent),
            "left_out": _text(self.left_out),
            "left_out_anew": _text(self.anew),
            "missing": _text(self.sent - self.left_out - after),
        }

    def is_kept(self, after: Decimal) -> bool:
        """Whether what was sent is there or left out, and nothing is that is published now."""
        return self.sent - self.left_out == after and self.anew == 0


@dataclass
class _Sent:
    """The sums of one source component that is copied to a measure.

    Attributes:
        whole: of the message.
        taken: of the rows that are taken.
        periods: of each time period; what is of none that can be read stands under `""`.
    """

    component: str
    whole: _Sums = field(default_factory=_Sums)
    taken: Decimal = _ZERO
    periods: dict[str, _Sums] = field(default_factory=lambda: defaultdict(_Sums))


class MapPreview:
    """Runs a map on the batches of one message, beside the one that is active now.

    Args:
        after: the map that is previewed.
        before: the map that is active now; nothing where there is none.
        refuses: tells the rows that would be refused after they were mapped by `after`.
        refused: tells those that `before` leads to where they are refused.
    """

    def __init__(
        self,
        after: CompiledMap,
        before: CompiledMap | None,
        refuses: Refuses,
        refused: Refuses,
    ) -> None:
        self.rows = 0
        self._after = Side(after, refuses)
        self._before = None if before is None else Side(before, refused)
        self._sent = {
            measure: _Sent(sources[0])
            for measure in self._after.measures
            if len(sources := after.origins.get(measure, ())) == 1
        }

    def take(self, batch: Batch) -> None:
        """Take a batch of the source."""
        self.rows += len(batch.rows)
        mapped = self._after.take(batch)
        before = None if self._before is None else self._before.take(batch)
        if batch.action != "Delete":
            self._add_source(mapped, _lost(mapped, before, len(batch.rows)))

    def _add_source(self, mapped: Mapped, anew: frozenset[int]) -> None:
        for sent in self._sent.values():
            numbers = as_numbers(mapped.source.get(sent.component, ()))
            if not numbers:
                continue
            whole = mapped.places is None
            sent.taken += _sum(numbers if whole else [numbers[p] for p in mapped.places or ()])
            periods = mapped.periods or [""] * len(numbers)
            for place, (period, number) in enumerate(zip(periods, numbers, strict=True)):
                told = {"left_out": place in mapped.left_out, "anew": place in anew}
                sent.whole.add(number, **told)
                sent.periods[period].add(number, **told)

    def document(self) -> dict[str, Any]:
        """What was found, in JSON; numbers are texts, as they are exact."""
        after, before = self._after, self._before
        return {
            "map": after.map.urn,
            "source": after.map.source,
            "target": after.map.target,
            "same_key": after.map.same_key,
            "before_map": None if before is None else before.map.urn,
            "rows": self.rows,
            "coverage": after.coverage(),
            "coverage_before": None if before is None else _in_short(before),
            "repeated": {
                "rows": after.repetitions,
                "first": [
                    {"row": row, "first_row": first, "key": _named(after, key)}
                    for row, first, key in after.repeated
                ],
            },
            "cube": self._cube(),
            "totals": [self._total(name) for name in after.measures],
        }

    def _cube(self) -> dict[str, Any]:
        after, before = self._after, self._before
        old: Mapping[tuple[str, ...], Row] = {} if before is None else before.cube
        new = [key for key in after.cube if key not in old]
        gone = [key for key in old if key not in after.cube]
        changed = [
            key for key, (_, values) in after.cube.items() if key in old and old[key][1] != values
        ]
        return {
            "before": len(old),
            "after": len(after.cube),
            "same": len(after.cube) - len(new) - len(changed),
            "new": {"count": len(new), "first": [self._example(key) for key in new[:EXAMPLES]]},
            "changed": {
                "count": len(changed),
                "first": [self._example(key) for key in changed[:EXAMPLES]],
            },
            "vanished": {
                "count": len(gone),
                "first": [self._example(key) for key in gone[:EXAMPLES]],
            },
        }

    def _example(self, key: tuple[str, ...]) -> dict[str, Any]:
        after, before = self._after, self._before
        old = None if before is None else before.cube.get(key)
        new = after.cube.get(key)
        found = new or old
        return {
            "key": _named(after, key),
            "row": None if found is None else found[0],
            "before": None if old is None else dict(zip(after.measures, old[1], strict=False)),
            "after": None if new is None else dict(zip(after.measures, new[1], strict=False)),
        }

    def _total(self, measure: str) -> dict[str, Any]:
        after, before, sent = self._after, self._before, self._sent.get(measure)
        total = after.totals[measure]
        told: dict[str, Any] = {
            "measure": measure,
            "source": None if sent is None else sent.component,
            "before": None if before is None else _text(before.totals[measure]),
            "after": _text(total),
        }
        if sent is not None:
            alone = not after.repetitions or after.map.same_key == SUM
            undated = sent.periods[""] if after.map.target_flow.time else _Sums()
            told |= sent.whole.document(total) | {
                "not_taken": _text(sent.whole.sent - sent.whole.left_out - sent.taken),
                "undated": _text(undated.sent),
                "is_kept": alone and sent.whole.is_kept(total),
            }
        old = {} if before is None else before.periods.get(measure, {})
        new = after.periods.get(measure, {})
        came = () if sent is None else sent.periods
        named = sorted({*new, *old, *came} - {""})
        told["periods"] = [self._period(measure, period) for period in named[:MOST_PERIODS]]
        told["period_count"] = len(named)
        return told

    def _period(self, measure: str, period: str) -> dict[str, Any]:
        after, before, sent = self._after, self._before, self._sent.get(measure)
        now = after.periods.get(measure, {}).get(period, _ZERO)
        old = {} if before is None else before.periods.get(measure, {})
        told: dict[str, Any] = {
            "period": period,
            "sent": None,
            "left_out": None,
            "before": None if before is None else _text(old.get(period, _ZERO)),
            "after": _text(now),
            "is_kept": None,
        }
        if sent is not None:
            came, undated = sent.periods.get(period, _Sums()), sent.periods.get("", _Sums())
            # A row whose date cannot be read may be of any period: none is surely whole then.
            is_sure = undated.sent == undated.left_out
            told |= came.document(now) | {"is_kept": came.is_kept(now) and (is_sure or None)}
        return told


def _lost(after: Mapped, before: Mapped | None, count: int) -> frozenset[int]:
    """The places that a map leaves out and the one that is active now takes."""
    if before is None:
        return frozenset()
    taken = range(count) if before.places is None else before.places
    return frozenset(after.left_out.keys() & set(taken))


def as_numbers(cells: Sequence[str]) -> Numbers:
    """The cells as numbers; what is none counts nothing."""
    known = {cell: _number(cell) for cell in set(cells)}
    return [known[cell] for cell in cells]


def _number(cell: str) -> Decimal:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        return _ZERO
    return number if number.is_finite() and abs(number.adjusted()) < 400 else _ZERO


def _together(one: str, other: str) -> str:
    return _text(_EXACT.add(_number(one), _number(other))) if one and other else one or other


def _sum(numbers: Any) -> Decimal:  # noqa: ANN401 - any iterable of numbers
    return sum(numbers, _ZERO)


def _text(number: Decimal) -> str:
    return f"{number:f}"


def _named(side: Side, key: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(side.key, key, strict=True))


def _in_short(side: Side) -> dict[str, int]:
    coverage = side.map.coverage
    return {
        "rows": coverage.rows,
        "taken": coverage.taken,
        "left_out": coverage.left_out,
        "unmapped": coverage.unmapped,
    }
