"""Date patterns as fields: letters as in Java's SimpleDateFormat, and texts between them.

SDMX 3.0 section 6, 13.7.1 "Pattern based dates". Beside the letters of Java there is `n`: the
number of a period, after the letter of its frequency (`YYYYDnn`, `yyyy-'Q'n`). Where the examples
of the standard and its table part, the examples hold: `YYYY` is the year of the week only beside
a week, and `DD` the day of the month beside a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from app.errors import InvalidArtefactError

LETTERS: Final = frozenset("GyYMwWDdFEuUaHkKhmsSnzZX")
PERIOD_LETTERS: Final = frozenset("ASTQMWD")
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Field:
    """A run of one letter, or a text.

    Attributes:
        letter: the letter; empty for a text. `n` of a frequency is `nQ`.
        width: how often it stands there.
        text: the text.
    """

    letter: str
    width: int = 0
    text: str = ""


def read_pattern(pattern: str) -> tuple[Field, ...]:
    """The fields of a pattern.

    Raises:
        InvalidArtefactError: a letter that means nothing, a quote that does not end, or no year.
    """
    if len(pattern) > LONGEST:
        raise _wrong(pattern, "it is too long", "es demasiado largo")
    fields = tuple(_joined(_with_periods(pattern, list(_runs(pattern)))))
    letters = [field.letter for field in fields if field.letter]
    if not any(letter in "yY" for letter in letters):
        raise _wrong(pattern, "it has no year", "no tiene año")
    plain = [letter for letter in letters if letter not in {"y", "Y"}]
    if len(plain) != len(set(plain)):
        raise _wrong(pattern, "a part stands in it twice", "una parte está dos veces")
    return _as_the_examples(fields, set(letters))


def _as_the_examples(fields: tuple[Field, ...], letters: set[str]) -> tuple[Field, ...]:
    """Letters as the examples of the standard use them."""
    meant = {}
    if "w" not in letters:
        meant["Y"] = "y"
    if "M" in letters and "d" not in letters:
        meant["D"] = "d"
    return tuple(Field(meant.get(f.letter, f.letter), f.width, f.text) for f in fields)


def _runs(pattern: str) -> Iterator[Field]:
    """Runs of letters, and texts: those in quotes, and all other signs."""
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "'":
            end = pattern.find("'", place + 1)
            if end < 0:
                raise _wrong(pattern, "a quote does not end", "una comilla no se cierra")
            yield Field("", 0, pattern[place + 1 : end] or "'")
            place = end + 1
        elif sign.isascii() and sign.isalpha():
            width = next(len(list(run)) for _, run in groupby(pattern[place:]))
            yield Field(sign, width)
            place += width
        else:
            yield Field("", 0, sign)
            place += 1


def _with_periods(pattern: str, fields: list[Field]) -> Iterator[Field]:
    """Fields with the letter of a frequency before `n` as a text, and `n` of that frequency."""
    for place, field in enumerate(fields):
        after = fields[place + 1] if place + 1 < len(fields) else None
        before = fields[place - 1] if place else None
        if field.letter == "n":
            letter = "" if before is None else (before.letter or before.text[-1:])
            if letter not in PERIOD_LETTERS:
                raise _wrong(
                    pattern,
                    "n follows the letter of a frequency: A S T Q M W D",
                    "n sigue a la letra de una frecuencia: A S T Q M W D",
                )
            yield Field(f"n{letter}", field.width)
        elif field.letter in PERIOD_LETTERS and after is not None and after.letter == "n":
            if field.width > 1:
                yield Field(field.letter, field.width - 1)
            yield Field("", 0, field.letter)
        elif field.letter == "T":
            yield Field("", 0, "T" * field.width)  # as in yyyy-MM-ddTHH:mm:ss
        elif field.letter and field.letter not in LETTERS:
            raise _wrong(
                pattern,
                f"the letter {field.letter} means nothing; texts stand in quotes",
                f"la letra {field.letter} no significa nada; los textos van entre comillas",
            )
        else:
            yield field


def _joined(fields: Iterator[Field]) -> Iterator[Field]:
    """Texts that follow each other as one."""
    for is_text, run in groupby(fields, lambda field: not field.letter):
        if is_text:
            yield Field("", 0, "".join(field.text for field in run))
        else:
            yield from run


def _wrong(pattern: str, en: str, es: str) -> InvalidArtefactError:
    shown = pattern[:80]
    return InvalidArtefactError(
        f"The date pattern {shown!r} cannot be run: {en}.",
        f"El patrón de fecha {shown!r} no se puede ejecutar: {es}.",
    )
