"""Values of a column that corrections replace: compiled once, then one look-up for each cell."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from app.sdmx.messages.data_reading import Column, Form, join_cell, split_cell


class Replacements:
    """The replacements of one column, in their order: what one puts, a later one may replace.

    Args:
        column: the column.
        form: how its cells are written.
        listed: number, value as sent and replacement, by rising number.
        used: how often each number found something; counted up here.
    """

    def __init__(
        self, column: Column, form: Form, listed: Sequence[tuple[int, str, str]], used: list[int]
    ) -> None:
        self._column, self._form, self._used = column, form, used
        self._put = {number: put for number, _, put in listed}
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, sent, _ in listed:
            self._numbers[sent].append(number)
        self._ends: dict[int, str] = {}
        self._known: dict[str, str] = {}

    def cell(self, cell: str) -> str:
        """The cell as the replacements leave it."""
        if cell not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[cell] = self.after(0, cell)
        return self._known[cell]

    def after(self, number: int, cell: str) -> str:
        """The cell as the replacements from a number on leave it."""
        if not self._column.many:
            return self._value(number, cell)
        separator = self._form.sub_separator
        values = split_cell(cell, separator)
        put = [self._value(number, value) for value in values]
        return cell if put == values else join_cell(put, separator)

    def _value(self, number: int, value: str) -> str:
        """Follow the chain; what comes after a replacement is followed once."""
        chain: list[int] = []
        found = self._next(number, value)
        while found is not None and found not in self._ends:
            chain.append(found)
            self._used[found] += 1
            value = self._put[found]
            found = self._next(found + 1, value)
        end = value if found is None else self._ends[found]
        self._ends.update(dict.fromkeys(chain, end))
        return end

    def _next(self, number: int, value: str) -> int | None:
        """The first replacement of a value from a number on."""
        forms = {value}
        if not self._column.many:
            if self._column.labelled:
                forms.add(value.split(": ", 1)[0])
            if self._form.decimal_comma:
                forms.add(value.replace(",", "."))
        found: list[int] = []
        for form in forms:
            numbers = self._numbers.get(form, ())
            place = bisect_left(numbers, number)
            found += numbers[place : place + 1]
        return min(found, default=None)


_MOST_KNOWN = 100_000
