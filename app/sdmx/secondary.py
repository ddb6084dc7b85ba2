"""Secondary suppression: which figures go beside suppressed ones, so that no sum gives them away.

Where a total and its parts are declared to add up, one suppressed figure among published ones is
reckoned by a subtraction. So in every sum either nothing is hidden, or so much that neither a
hidden figure nor a small count can be told from what is left; the smallest other figures go first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

Key: TypeAlias = tuple[str, ...]

Figures: TypeAlias = Mapping[Key, Decimal | None]
"""The figures of one time period by key; None: there is one, and its value is not known."""

_PRIME: Final = 2**61 - 1
"""Sums are solved in the numbers modulo this: whether a solution is unique shows there as well."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Codes of one dimension whose figures add up: those at the left to those at the right.

    Attributes:
        position: of the dimension in the key.
        required: codes without which it says nothing.
        at_least: how many at the right have to be there.
        where: position of a dimension on which it depends; None: it holds everywhere.
        among: the codes of that dimension for which it holds.
    """

    position: int
    left: tuple[str, ...]
    right: tuple[str, ...]
    required: tuple[str, ...]
    at_least: int = 1
    where: int | None = None
    among: tuple[str, ...] = ()

    def holds_for(self, key: Key) -> bool:
        """Whether it says anything of a key."""
        return self.where is None or key[self.where] in self.among


@dataclass(frozen=True, slots=True)
class _Equation:
    """A sum with the figures that are there; one that nobody published may be among them."""

    left: tuple[Key, ...]
    right: tuple[Key, ...]

    @property
    def keys(self) -> tuple[Key, ...]:
        return self.left + self.right


def secondary_keys(
    figures: Figures,
    hidden: Collection[Key],
    known: Collection[Key],
    sums: Sequence[Sum],
    minimum: int,
) -> set[Key]:
    """The figures to suppress beside those that are.

    Args:
        figures: all that there are.
        hidden: those that are suppressed already.
        known: those that everybody knows already; hiding them comes last.
        sums: what adds up.
        minimum: counts from 1 up to below it are small.
    """
    gone = set(hidden)
    if not gone:
        return set()
    equations = list(_equations(figures, sums))
    choice = _Choice(figures, frozenset(known))
    while True:
        unsafe = [one for one in equations if not _is_safe(one, figures, gone, minimum)]
        unsafe = unsafe or list(_solved(equations, figures, gone))
        found = (key for one in unsafe if (key := choice.of(one, gone)) is not None)
        if (added := next(found, None)) is None:
            return gone - set(hidden)
        gone.add(added)


@dataclass(frozen=True, slots=True)
class _Choice:
    """Which figure goes: one that is not known yet, not nought, the smallest."""

    figures: Figures
    known: frozenset[Key]

    def of(self, equation: _Equation, gone: set[Key]) -> Key | None:
        left = [key for key in equation.keys if key in self.figures and key not in gone]
        return min(left, key=self._cost, default=None)

    def _cost(self, key: Key) -> tuple[bool, bool, Decimal, Key]:
        value = self.figures[key]
        return key in self.known, not value, abs(value or Decimal(0)), key


def _equations(figures: Figures, sums: Sequence[Sum]) -> Iterator[_Equation]:
    """All sums that say anything.

    A figure that is not there follows from the others of its sum, and so may give away more.
    """
    keys, size = set(figures), -1
    while size != len(keys):
        size = len(keys)
        for one in sums:
            for rest, group in _groups(keys, one):
                absent = [code for code in one.required if code not in group]
                keys |= {_at(rest, one, code) for code in absent if len(absent) == 1}
    for one in sums:
        for rest, group in _groups(keys, one):
            if group.issuperset(one.required):
                left = (_at(rest, one, code) for code in one.left if code in group)
                right = (_at(rest, one, code) for code in one.right if code in group)
                yield _Equation(tuple(left), tuple(right))


def _groups(keys: Collection[Key], one: Sum) -> list[tuple[tuple[Key, Key], set[str]]]:
    """The codes that are there of a sum, by what its keys have in common."""
    codes, right = {*one.left, *one.right}, {*one.right}
    groups: dict[tuple[Key, Key], set[str]] = {}
    for key in keys:
        if (code := key[one.position]) in codes and one.holds_for(key):
            rest = key[: one.position], key[one.position + 1 :]
            groups.setdefault(rest, set()).add(code)
    least = max(1, one.at_least)
    return sorted((rest, group) for rest, group in groups.items() if len(group & right) >= least)


def _at(rest: tuple[Key, Key], one: Sum, code: str) -> Key:
    return (*rest[0], code, *rest[1])


def _is_safe(one: _Equation, figures: Figures, gone: set[Key], minimum: int) -> bool:
    """Whether a sum alone tells neither a hidden figure nor a small count."""
    if gone.isdisjoint(one.keys) or any(key not in figures for key in one.keys):
        return True
    left = [figures[key] for key in one.left if key in gone]
    right = [figures[key] for key in one.right if key in gone]
    if left and right:
        return True
    side = left or right
    if len(side) < 2:
        return False
    together = sum((value for value in side if value is not None), Decimal(0))
    return None in side or together >= minimum or together == 0


def _solved(
    equations: Sequence[_Equation], figures: Figures, gone: set[Key]
) -> Iterator[_Equation]:
    """The sums that all together give a hidden figure away: those with it, then the others."""
    rows: list[dict[Key, int]] = []
    for one in equations:
        row = {key: 1 for key in one.left if key in gone or key not in figures}
        row |= {key: _PRIME - 1 for key in one.right if key in gone or key not in figures}
        if row:
            rows.append(row)
    told = _unique(rows) & gone
    if told:
        touched = [one for one in equations if not gone.isdisjoint(one.keys)]
        yield from sorted(touched, key=lambda one: told.isdisjoint(one.keys))


def _unique(rows: list[dict[Key, int]]) -> set[Key]:
    """The unknowns that linear equations determine, by elimination."""
    pivots: dict[Key, dict[Key, int]] = {}
    for row in rows:
        for key in list(row):
            if key in pivots and key in row:
                _take_out(row, pivots[key], key)
        if not row:
            continue
        pivot = min(row)
        inverse = pow(row[pivot], -1, _PRIME)
        row = {key: value * inverse % _PRIME for key, value in row.items()}
        for other in pivots.values():
            if pivot in other:
                _take_out(other, row, pivot)
        pivots[pivot] = row
    return {pivot for pivot, row in pivots.items() if len(row) == 1}


def _take_out(row: dict[Key, int], pivot_row: Mapping[Key, int], pivot: Key) -> None:
    factor = row[pivot]
    for key, value in pivot_row.items():
        left = (row.get(key, 0) - factor * value) % _PRIME
        if left:
            row[key] = left
        else:
            row.pop(key, None)
