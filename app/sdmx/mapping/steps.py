"""The steps of a map: what each makes of the columns of a batch, on their distinct values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from app.sdmx.mapping.coverage import Untaken, Why
from app.sdmx.mapping.date_maps import DateTable
from app.sdmx.mapping.representation import NOT_TAKEN, Values, ValueTable
from app.sdmx.mapping.source_columns import PASSED, Columns
from app.sdmx.messages.data_reading import join_cell

REMEMBERED: Final = 200_000
"""Distinct values whose targets a step keeps in mind."""

Refused: TypeAlias = tuple[Why, Values]


@dataclass(slots=True)
class Sheet:
    """A batch while it is mapped.

    Attributes:
        count: its rows.
        separator: between the values of one cell.
        source: the cells of the source, by component.
        target: the cells of the target so far.
        refused: of each step, the places that it refuses, with why.
        needs_figures: whether rows without a figure are left out.
    """

    count: int
    separator: str
    source: Columns
    target: Columns = field(default_factory=dict)
    refused: list[tuple[Step, dict[int, Refused]]] = field(default_factory=list)
    needs_figures: bool = True

    def period(self, time: str) -> Sequence[str]:
        """The time period of each row: of the target, else of the source; or none."""
        cells = self.target.get(time, self.source.get("TIME_PERIOD"))
        return [""] * self.count if cells is None else cells


class Step(Protocol):
    """One step."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The source components that it reads."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The target components that it fills."""

    def run(self, sheet: Sheet) -> None:
        """Fill the columns of its targets, and tell which rows it refuses."""

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """One row that it refuses, with what would be right."""


@dataclass(slots=True)
class _OneToOne:
    """A step from one component to one."""

    source: str
    target: str

    @property
    def sources(self) -> tuple[str, ...]:
        """Its one source."""
        return (self.source,)

    @property
    def targets(self) -> tuple[str, ...]:
        """Its one target."""
        return (self.target,)


@dataclass(slots=True)
class Copy(_OneToOne):
    """An implicit copy: values as they are."""

    def run(self, sheet: Sheet) -> None:
        """Copy the column, if it is there."""
        cells = sheet.source.get(self.source)
        if cells is not None:
            sheet.target[self.target] = cells

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """It refuses nothing."""
        return Untaken(why, self.sources, values, 1, row)


@dataclass(slots=True)
class Fixed:
    """A constant of the target: one value, or several of a component that may have them."""

    target: str
    values: Values

    @property
    def sources(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Its one target."""
        return (self.target,)

    def run(self, sheet: Sheet) -> None:
        """Fill the column."""
        cell = join_cell(self.values, sheet.separator) if self.values[1:] else self.values[0]
        sheet.target[self.target] = [cell] * sheet.count

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """It refuses nothing."""
        return Untaken(why, (), values, 1, row)


@dataclass(slots=True)
class Expected:
    """A constant of the source: rows with another value are left out."""

    source: str
    values: frozenset[str]

    @property
    def sources(self) -> tuple[str, ...]:
        """Its one source."""
        return (self.source,)

    @property
    def targets(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, sheet: Sheet) -> None:
        """Refuse rows with another value; an empty cell is none."""
        cells = sheet.source.get(self.source)
        if cells is None:
            return
        other = set(cells) - self.values - PASSED
        if other:
            why: Why = "left out"
            refused: dict[int, Refused] = {
                place: (why, (cell,)) for place, cell in enumerate(cells) if cell in other
            }
            sheet.refused.append((self, refused))

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """A row with another value."""
        allowed = ", ".join(sorted(self.values)[:10])
        return Untaken(why, self.sources, values, 1, row, allowed=allowed)


class _Remembered:
    """Targets by source values, kept from batch to batch."""

    def __init__(self, targets: int) -> None:
        self.refused: dict[object, Refused] = {}
        self.targets: tuple[dict[object, str], ...] = tuple({} for _ in range(targets))

    def put(self, key: object, values: Values) -> None:
        for known, value in zip(self.targets, values, strict=True):
            known[key] = value

    def refuse(self, key: object, why: Refused) -> None:
        self.refused[key] = why
        self.put(key, ("",) * len(self.targets))

    def unknown(self, keys: Sequence[object]) -> set[object]:
        """The keys whose targets are not known yet."""
        if len(self.targets[0]) > REMEMBERED:
            self.refused.clear()
            for known in self.targets:
                known.clear()
        return set(keys) - self.targets[0].keys()


@dataclass(slots=True)
class Table:
    """Values by a representation map.

    Attributes:
        time: the time dimension of the target, whose periods decide which mappings hold; empty:
            they hold always.
        words: what the codes of its one source are called, by each of their names.
        key: places of the targets that are of a key. Where groups that matched nothing leave
            one of them empty, the value has no counterpart.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    table: ValueTable
    time: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    key: tuple[int, ...] = ()
    _known: _Remembered = field(init=False)

    def __post_init__(self) -> None:
        self._known = _Remembered(len(self.targets))

    def run(self, sheet: Sheet) -> None:
        """Look up the targets of each row."""
        there = [name in sheet.source for name in self.sources]
        empty = [""] * sheet.count
        if not any(there) and self.table.find(("",) * len(there)) in (None, NOT_TAKEN):
            return
        columns = [sheet.source.get(name, empty) for name in self.sources]
        dated = bool(self.time) and self.table.is_limited
        if dated:
            columns.append(sheet.period(self.time))
        keys: Sequence[object]
        keys = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
        known = self._known
        for key in known.unknown(keys):
            values: Values = key if isinstance(key, tuple) else (str(key),)
            self._find(key, values[:-1] if dated else values, values[-1] if dated else None)
        if known.refused and not known.refused.keys().isdisjoint(keys):
            refused = known.refused
            sheet.refused.append(
                (self, {n: refused[key] for n, key in enumerate(keys) if key in refused})
            )
        for name, found in zip(self.targets, known.targets, strict=True):
            sheet.target[name] = list(map(found.__getitem__, keys))

    def _find(self, key: object, values: Values, period: str | None) -> None:
        found = self.table.find(values, period)
        if found and not PASSED.issuperset(values) and not all(found[n] for n in self.key):
            self._known.refuse(key, ("unmapped", values))
        elif found:
            self._known.put(key, found)
        elif PASSED.issuperset(values) and found is None:
            self._known.put(key, (max(values),) * len(self.targets))
        else:
            self._known.refuse(key, (self._why(found, values), values))

    def leaves_rest(self, values: Values) -> bool:
        """Whether it leaves values out only because no mapping of it names them."""
        return self.table.leaves_rest(values)

    def _why(self, found: Values | None, values: Values) -> Why:
        if found is not None:
            return "left out"
        return "ended" if self.table.days(values) else "unmapped"

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """A row whose values the map does not know, or leaves out."""
        near = allowed = None
        if why == "unmapped":
            near, allowed = self.table.nearest(values, self.words), self.table.shown
        elif why == "ended":
            allowed = self.table.days(values)
        return Untaken(why, self.sources, values, 1, row, self.table.name, near, allowed)


@dataclass(slots=True)
class Dates(_OneToOne):
    """Time periods by date maps; of several the first that reads a value."""

    tables: tuple[DateTable, ...]
    _known: _Remembered = field(init=False)

    def __post_init__(self) -> None:
        self._known = _Remembered(1)

    def run(self, sheet: Sheet) -> None:
        """Read the date of each row."""
        cells = sheet.source.get(self.source)
        if cells is None:
            return
        frequencies = self._frequencies(sheet)
        columns = [cells, *frequencies.values()]
        keys: Sequence[object]
        keys = cells if len(columns) == 1 else list(zip(*columns, strict=True))
        known = self._known
        for key in known.unknown(keys):
            values: Values = key if isinstance(key, tuple) else (str(key),)
            self._find(key, values[0], dict(zip(frequencies, values[1:], strict=True)))
        if known.refused and not known.refused.keys().isdisjoint(keys):
            refused = known.refused
            sheet.refused.append(
                (self, {n: refused[key] for n, key in enumerate(keys) if key in refused})
            )
        sheet.target[self.target] = list(map(known.targets[0].__getitem__, keys))

    def _frequencies(self, sheet: Sheet) -> dict[str, Sequence[str]]:
        """The columns that tell frequencies, of the target or else of the source."""
        found: dict[str, Sequence[str]] = {}
        for table in self.tables:
            name = table.frequency_component
            if name is not None:
                cells = sheet.target.get(name, sheet.source.get(name))
                found[name] = [""] * sheet.count if cells is None else cells
        return found

    def _find(self, key: object, value: str, frequencies: Mapping[str, str]) -> None:
        if value in PASSED:
            self._known.put(key, (value,))
            return
        for table in self.tables:
            period = table.find(value, frequencies.get(table.frequency_component or "", ""))
            if period is not None:
                self._known.put(key, (period,))
                return
        self._known.refuse(key, ("date", (value,)))

    def untaken(self, why: Why, values: Values, row: int) -> Untaken:
        """A row whose date no pattern reads."""
        shown = "; ".join(table.shown for table in self.tables)
        examples = "; ".join(dict.fromkeys(table.example for table in self.tables))
        return Untaken(why, self.sources, values, 1, row, shown, allowed=examples)
