"""Which known word somebody meant who wrote another: only one that is truly near.

A word that is merely alike leads astray: Siria is not Serbia, and UK not UNK. So at most one letter
in four is wrong, taken out, put in or has changed places with the next, of the whole and of each
word in it; and the first letter is right, unless it is the only one that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from app.sdmx.mapping.folding import fold

LONGEST: Final = 64
"""Letters that are compared."""

PART: Final = 4
"""Of so many letters one may be wrong."""


def near_word(value: str, known: Iterable[str]) -> str | None:
    """The known word that is nearest to a value; nothing where none is near.

    Accents and case do not count.

    Args:
        value: the word.
        known: the words; of two that are equally near the first in order holds.
    """
    return near_folded(value, {fold(one): one for one in sorted(known, reverse=True)})


def near_folded(value: str, known: Mapping[str, str]) -> str | None:
    """As `near_word`, with the known words by how they are folded."""
    wanted = fold(value)[:LONGEST]
    if wanted in known:
        return known[wanted]
    found = [(wrong, one) for one in known if (wrong := _wrong(wanted, one)) is not None]
    return known[min(found)[1]] if found else None


def _wrong(value: str, known: str) -> int | None:
    """How many letters of a value are wrong; nothing where it is another word."""
    limit = max(len(value), len(known)) // PART
    if abs(len(value) - len(known)) > limit or not value or not known:
        return None
    if value[0] != known[0]:
        return 1 if limit and _begins_wrong(value, known) else None
    wrong = _distance(value, known)
    return wrong if wrong <= limit and _each_near(value.split(), known.split()) else None


def _begins_wrong(value: str, known: str) -> bool:
    """Whether only the beginning is wrong: Onduras, or nothing but its first two letters."""
    return (
        value == known[1:]
        or value[1:] == known
        or value[1:] == known[1:]
        or (value[:2] == known[1::-1] and value[2:] == known[2:])
    )


def _each_near(values: list[str], known: list[str]) -> bool:
    """Whether no word of several is another: by land from Mexico, not from Belize."""
    if len(values) != len(known):
        return _distance("".join(values), "".join(known)) <= 1
    pairs = [(one, other) for one, other in zip(values, known, strict=True) if one != other]
    return all(_distance(*pair) <= max(1, len(max(pair, key=len)) // PART) for pair in pairs)


def _distance(one: str, other: str) -> int:
    """Letters put in, taken out, replaced, or that changed places with the next."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, last = last, line
    return last[-1]
