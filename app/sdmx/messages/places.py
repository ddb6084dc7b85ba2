"""Where the rows of a message stand in it, held in a few bytes a row."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


class Texts:
    """Many short texts, packed."""

    __slots__ = ("_bytes", "_ends")

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, text: str) -> None:
        """Add one text."""
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))

    def add_ascii(self, texts: Sequence[str]) -> None:
        """Add several texts of ASCII signs."""
        start = len(self._bytes)
        self._bytes += "".join(texts).encode("ascii")
        self._ends.extend(list(accumulate(map(len, texts), initial=start))[1:])

    def __getitem__(self, place: int) -> str:
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode()


class Runs:
    """Runs of rows that have something in common, each with a whole number and a text."""

    __slots__ = ("_firsts", "_numbers", "_texts")

    def __init__(self) -> None:
        self._firsts = array("Q")
        self._numbers = array("Q")
        self._texts = Texts()

    def add(self, first_row: int, number: int, text: str) -> None:
        """A run begins with this row."""
        self._firsts.append(first_row)
        self._numbers.append(number)
        self._texts.add(text)

    def find(self, row: int) -> tuple[int, int, str] | None:
        """The first row of the run of a row, its number and its text."""
        place = bisect_right(self._firsts, row) - 1
        if place < 0:
            return None
        return self._firsts[place], self._numbers[place], self._texts[place]
