r"""What a mapping asks of one source value: to be a text, to contain one, or to match a pattern.

SDMX 3.0 section 6, 13.6 "Regular expression and substring rules". Decided where the text leaves
it open:

- A pattern describes the whole value, as `A` does not match `AB`. One that begins with `^` and
  does not end with `$` describes its beginning, one that ends with `$` only, its end.
- Patterns are those of RE2, which take time in proportion to the value, whatever they say. Back
  references and look-around are not among them, and are refused. What the patterns of one map
  take together is bounded (`PatternRoom`): whoever writes one shares the machine with others.
- `startIndex` and `endIndex` count characters from 1, both included, as the text does: in
  `ABC_DEF_XYZ` 5 to 7 is `DEF`. Programs also write them as places between characters, from 0:
  4 and 7. The length of the text that is compared tells which is meant; where a pattern leaves it
  open, a `startIndex` of 0 does. Without `endIndex` it is all from `startIndex` on. With a
  pattern, the pattern describes that part.
- An empty text takes any value, the empty one too. `^$` takes the empty one alone.
- `\1` in a target is the first group, those of several sources counted through; `\\` is `\`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from app.errors import InvalidArtefactError
from app.sdmx.mapping.documents import MappedValue

LONGEST_PATTERN: Final = 2000
MAX_MEMORY: Final = 1 << 18
"""Bytes that the program of one pattern and its states may take."""

MOST_PATTERNS: Final = 500
"""Patterns in one map, all its tables together."""

MOST_STEPS: Final = 20_000
"""Instructions of the programs of all patterns in one map; a word takes two or three."""

_REFERENCE: Final = re.compile(r"\\(\d{1,2}|\\)")
_ODD_ESCAPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\\$\Z")

Groups: TypeAlias = tuple[str, ...]
Match: TypeAlias = Callable[[str], Groups | None]
"""The groups of a value that matches, none of a text; nothing of a value that does not."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """What one source value must be.

    Attributes:
        literal: the text that it must be, where that is all.
        takes_any: whether any value will do.
        match: tells whether a value will do, and its groups.
        groups: how many groups it has.
    """

    literal: str | None
    takes_any: bool
    match: Match
    groups: int = 0


@dataclass(slots=True)
class PatternRoom:
    """The room that is left to the patterns of one map."""

    patterns: int = MOST_PATTERNS
    steps: int = MOST_STEPS

    def take(self, text: str, steps: int) -> None:
        """Take the room of a pattern.

        Raises:
            InvalidArtefactError: there is no more.
        """
        self.patterns -= 1
        self.steps -= steps
        if self.patterns < 0:
            raise InvalidArtefactError(
                f"There are more than {MOST_PATTERNS} regular expressions in one map.",
                f"Hay más de {MOST_PATTERNS} expresiones regulares en un mapa.",
            )
        if self.steps < 0:
            raise InvalidArtefactError(
                f"With {text[:80]!r} the regular expressions of the map are too large together: "
                f"more than {MOST_STEPS} instructions of RE2. Write fewer counted repetitions, as "
                "{0,900}.",
                f"Con {text[:80]!r} las expresiones regulares del mapa son demasiado grandes en "
                f"conjunto: más de {MOST_STEPS} instrucciones de RE2. Escriba menos repeticiones "
                "contadas, como {0,900}.",
            )


def matcher(value: MappedValue, room: PatternRoom | None = None) -> Matcher:
    """Compile a source value.

    Args:
        value: what the mapping says.
        room: what is left to the patterns of its map; nothing: a map of its own.

    Raises:
        InvalidArtefactError: a pattern that cannot be read, or for which there is no room; or
            indexes that contradict.
    """
    part = _part(value)
    if value.is_reg_ex:
        match, groups = _pattern(value.value, room or PatternRoom())
        return Matcher(None, False, _within(part, match), groups)
    text = value.value
    if text == "":
        return Matcher(None, True, lambda _: ())
    if part is None:
        return Matcher(text, False, lambda given: () if given == text else None)
    return Matcher(None, False, _within(part, lambda given: () if given == text else None))


def template(target: str, groups: int) -> Callable[[Sequence[str]], str] | None:
    r"""How a target value is made of groups; nothing where it refers to none.

    Args:
        target: the text; `\1` is the first group.
        groups: how many groups there are.

    Raises:
        InvalidArtefactError: it refers to a group that there is not.
    """
    parts = _REFERENCE.split(target)
    if len(parts) == 1:
        return None
    numbers = [None if part == "\\" else int(part) for part in parts[1::2]]
    for number in numbers:
        if number is not None and not 1 <= number <= groups:
            raise InvalidArtefactError(
                f"The target {target[:80]!r} refers to group {number}; there are {groups}.",
                f"El destino {target[:80]!r} se refiere al grupo {number}; hay {groups}.",
            )

    def written(found: Sequence[str]) -> str:
        made = [parts[0]]
        for number, after in zip(numbers, parts[2::2], strict=True):
            made += ["\\" if number is None else found[number - 1], after]
        return "".join(made)

    return written


def _part(value: MappedValue) -> slice | None:
    start, end = value.start_index, value.end_index
    if start is None and end is None:
        return None
    first = 1 if start is None else start
    between = slice(first, end)
    counted = slice(max(first - 1, 0), end)
    length = None if value.is_reg_ex or end is None or not value.value else len(value.value)
    if first >= 0 and (end is None or end > 0):
        if first == 0 or (length is not None and end is not None and length == end - first):
            part = between
        else:
            part = counted
        fits = end is None or end > (part.start or 0)
        if fits and (length is None or end is None or length == end - part.start):
            return part
    raise InvalidArtefactError(
        f"startIndex {start} and endIndex {end} do not name a part of the length of "
        f"{value.value[:80]!r}; characters are counted from 1, the last is included.",
        f"startIndex {start} y endIndex {end} no nombran una parte del largo de "
        f"{value.value[:80]!r}; los caracteres se cuentan desde 1, incluido el último.",
    )


def _within(part: slice | None, match: Match) -> Match:
    if part is None:
        return match
    return lambda given: match(given[part])


def _pattern(text: str, room: PatternRoom) -> tuple[Match, int]:
    import re2

    from_start = text.startswith("^")
    to_end = text.endswith("$") and _ODD_ESCAPE.search(text) is None
    if from_start == to_end:
        whole = rf"\A(?:{text})\z"
    else:
        whole = rf"\A(?:{text})" if from_start else rf"(?:{text})\z"
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    options.dot_nl = True
    try:
        if len(text) > LONGEST_PATTERN:
            raise re2.error("pattern too large")
        # Alone first: what it closes or opens must be its own.
        room.take(text, re2.compile(text, options).programsize)
        compiled: Any = re2.compile(whole, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        shown = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise InvalidArtefactError(
            f"The regular expression {text[:80]!r} cannot be run: {shown}. It has to be one of "
            "RE2, without back references and look-around.",
            f"La expresión regular {text[:80]!r} no se puede ejecutar: {shown}. Debe ser de RE2, "
            "sin referencias hacia atrás ni aserciones.",
        ) from None

    def match(given: str) -> Groups | None:
        found = compiled.search(given)
        return None if found is None else tuple(group or "" for group in found.groups())

    return match, compiled.groups
