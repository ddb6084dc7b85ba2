"""Completing what one agreement says of one area: totals from complete partitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from app.sdmx.aggregates.cells import Cell, Codes, Column, by_flag, listed, total
from app.sdmx.aggregates.partitions import Partition, PartitionRule


class Completion:
    """The figures of one agreement on one area in a family, with the totals that follow.

    A figure is the reported one; else that of the first partition that is complete, whose parts
    may be totals themselves. A partition with a part that is suppressed gives a suppressed total,
    and one with a part that is missing gives none. Parts of two agreements are never put together:
    they need not count the same people.
    """

    def __init__(
        self,
        reported: Mapping[Codes, Column],
        partitions: Sequence[Partition],
        known: Mapping[str, str],
        voice: int,
    ) -> None:
        self._reported = reported
        self._partitions = partitions
        self._known = dict(known)
        self._voice = voice
        self._columns: dict[Codes, Column] = {}

    @cached_property
    def targets(self) -> frozenset[Codes]:
        """The codes of all figures that there may be: the reported ones, and totals of them."""
        found = set(self._reported)
        pending = list(found)
        while pending:
            for above in self._above(pending.pop()):
                if above not in found:
                    found.add(above)
                    pending.append(above)
        return frozenset(found)

    def column(self, codes: Codes) -> Column:
        """The figures of a key by time period."""
        column = self._columns.get(codes)
        if column is None:
            if codes not in self.targets:
                return {}
            # While it is looked for it is what was reported: no total is a part of itself.
            column = self._columns[codes] = self._reported.get(codes, {})
            column = self._columns[codes] = self._completed(codes, column)
        return column

    def parts(self, codes: Codes, time: str) -> Iterator[Codes]:
        """The reported figures that a figure is made of, in the end: itself if it was reported."""
        cell = self.column(codes).get(time)
        if cell is None:
            return
        if not cell.made:
            yield codes
            return
        name, _, listed = cell.made.partition(": ")
        [place] = [n for n, one in enumerate(self._partitions) if one.dimension == name]
        for part in listed.split(" + "):
            yield from self.parts((*codes[:place], part, *codes[place + 1 :]), time)

    def _above(self, codes: Codes) -> Iterator[Codes]:
        for place, partition in enumerate(self._partitions):
            for code in partition.totals_with.get(codes[place], ()):
                yield (*codes[:place], code, *codes[place + 1 :])

    def _completed(self, codes: Codes, reported: Column) -> Column:
        column, blocked = dict(reported), dict[str, Cell]()
        for place, partition in enumerate(self._partitions):
            for rule in partition.of_total.get(codes[place], ()):
                if self._may_hold(rule, codes, place) and self._applies(rule, codes):
                    self._fill(column, blocked, codes, place, rule)
        return {**blocked, **column}

    def _may_hold(self, rule: PartitionRule, codes: Codes, place: int) -> bool:
        """Whether there may be figures of all parts that are required."""
        before, after = codes[:place], codes[place + 1 :]
        return all((*before, part, *after) in self.targets for part in rule.required)

    def _applies(self, rule: PartitionRule, codes: Codes) -> bool:
        if rule.when is None:
            return True
        named = zip(self._partitions, codes, strict=True)
        return rule.applies(self._known | {p.dimension: code for p, code in named})

    def _fill(
        self, column: Column, blocked: Column, codes: Codes, place: int, rule: PartitionRule
    ) -> None:
        """Add the totals of one rule for the periods that have none."""
        parts = {
            part: self.column((*codes[:place], part, *codes[place + 1 :])) for part in rule.parts
        }
        times = set.intersection(*(set(parts[part]) for part in rule.required))
        name = self._partitions[place].dimension
        for time in times:
            if time in column:
                continue
            there = [part for part in rule.parts if time in parts[part]]
            made = f"{name}: {' + '.join(there)}"
            values = [value for part in there if (value := parts[part][time].value) is not None]
            if len(values) == len(there):
                flags = by_flag((part, parts[part][time]) for part in there)
                told = listed(flags) if flags else ""
                column[time] = Cell(total(values), self._voice, made, tuple(sorted(flags)), told)
            else:
                blocked[time] = Cell(None, self._voice, made)
