"""JSON read piece by piece: large objects come as runs of their members, in bounded memory.

The text is decoded by the standard library in runs of many members at once, which is as quick as
decoding it whole. Refused are names that stand twice in an object, numbers that are none (`NaN`,
`Infinity`) or that no computer holds (`1e999`), lone surrogates, and what is nested too deep.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final, NoReturn

from app.sdmx.findings import UnreadableError
from app.sdmx.messages.json_names import RepeatedNameError, each_once

RUN_CHARACTERS: Final = 1 << 18
"""Text that is decoded at once."""

LONGEST_VALUE: Final = 1 << 24
"""Characters of one value that is decoded whole."""

MOST_NAMES: Final = 1000
"""Members of an object that is read member by member."""

MOST_KEPT: Final = 2_000_000
"""Names of an object read in runs that are remembered, to find one that stands twice."""

_SHOWN: Final = 40
_KEY: Final = re.compile(r'\s*"[^"\\]*"\s*:\s*([\[{])')
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_EXPONENT: Final = re.compile(r"[eE]")
_ENDS: Final = {"[": '],"', "{": '},"'}


class JsonText:
    """A JSON text with a place in it; every method reads on from there.

    Args:
        stream: its bytes.
        unique: whether names that stand twice are looked for; once is enough.

    Raises:
        UnreadableError: by every method, where the text is not what it should be.
    """

    def __init__(self, stream: io.RawIOBase, *, unique: bool = True) -> None:
        self._stream = stream
        self._is_unique = unique
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._before = 0
        self._ended = False
        decoder = json.JSONDecoder(
            object_pairs_hook=each_once if unique else None,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
        self._scan = decoder.scan_once  # type: ignore[attr-defined]

    @property
    def position(self) -> int:
        """Characters read so far."""
        return self._before + self._at

    def peek(self) -> str:
        """The next sign that is no white space; empty at the end of the text."""
        while True:
            found = _SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill(RUN_CHARACTERS)

    def end(self) -> None:
        """Nothing but white space may follow."""
        if self.peek():
            self.refuse()

    def value(self) -> Any:  # noqa: ANN401 - any JSON value
        """The value that stands here, whole."""
        self.peek()
        size = RUN_CHARACTERS
        while True:
            found = self._try(self._text, self._at)
            if found is not None and (found[1] < len(self._text) or self._ended):
                self._check(self._text[self._at : found[1]], found[0])
                self._at = found[1]
                return found[0]
            if self._ended:
                self.refuse()
            if len(self._text) - self._at > LONGEST_VALUE:
                raise UnreadableError("long-value", value=self._shown(), allowed=str(LONGEST_VALUE))
            self._fill(size)
            size *= 2

    def skip(self) -> bool:
        """Pass over the value that stands here; whether it is an object with any member."""
        if self.peek() != "{":
            self.value()
            return False
        has_members = False
        for run in self.runs():
            has_members = has_members or bool(run)
        return has_members

    def members(self) -> Iterator[str]:
        """The names of the object that stands here; read each value before the next name."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        names: set[str] = set()
        while True:
            name = self._name()
            if name in names:
                raise _twice(name)
            names.add(name)
            if len(names) > MOST_NAMES:
                raise UnreadableError("json-names", value=self._shown(), allowed=str(MOST_NAMES))
            yield name
            if not self._goes_on("}"):
                return

    def items(self) -> Iterator[int]:
        """The places of the array that stands here; read each value before the next place."""
        self._take("[")
        if self.peek() == "]":
            self._at += 1
            return
        place = 0
        while True:
            yield place
            place += 1
            if not self._goes_on("]"):
                return

    def runs(self) -> Iterator[dict[str, Any]]:
        """The members of the object that stands here, many at once, in their order."""
        self._take("{")
        if self.peek() == "}":
            self._at += 1
            return
        seen: set[int] = set()
        while True:
            if len(self._text) - self._at < RUN_CHARACTERS and not self._ended:
                self._fill(RUN_CHARACTERS)
            run = self._run() or self._few()
            if self._is_unique:
                _check_new(run, seen)
            yield run
            if not self._goes_on("}"):
                return

    def refuse(self) -> NoReturn:
        """Say that the text is no JSON here.

        Raises:
            UnreadableError: always.
        """
        raise UnreadableError("json", value=self._shown(), place=str(self.position))

    # -- within -------------------------------------------------------------------------

    def _run(self) -> dict[str, Any] | None:
        """As many whole members as the text at hand seems to have; none if they are not whole."""
        found = _KEY.match(self._text, self._at)
        cut = self._text.rfind(_ENDS[found[1]], self._at) if found else -1
        if cut < 0:
            return None
        run = "{" + self._text[self._at : cut + 1] + "}"
        decoded = self._try(run, 0)
        if decoded is None or decoded[1] != len(run):
            return None
        self._check(run, decoded[0])
        self._at = cut + 1
        members: dict[str, Any] = decoded[0]
        return members

    def _few(self) -> dict[str, Any]:
        """Members one by one, half as much text as is tried at once."""
        members: dict[str, Any] = {}
        until = self.position + RUN_CHARACTERS // 2
        while True:
            name = self._name()
            if name in members:
                raise _twice(name)
            members[name] = self.value()
            if self.position > until or self.peek() != ",":
                return members
            self._at += 1

    def _name(self) -> str:
        """The name of a member, and its colon."""
        self._take('"')
        found: tuple[str, int] | None = None
        while found is None:
            try:
                found = scanstring(self._text, self._at, True)
            except json.JSONDecodeError:
                if self._ended or len(self._text) - self._at > RUN_CHARACTERS:
                    self.refuse()
                self._fill(RUN_CHARACTERS)
        name, end = found
        self._check(self._text[self._at : end], name)
        self._at = end
        self._take(":")
        return name

    def _goes_on(self, end: str) -> bool:
        """Whether a comma follows, and not the end."""
        sign = self.peek()
        if sign not in {",", end} or not sign:
            self.refuse()
        self._at += 1
        return sign == ","

    def _take(self, sign: str) -> None:
        if self.peek() != sign:
            self.refuse()
        self._at += 1

    def _try(self, text: str, start: int) -> tuple[Any, int] | None:
        try:
            value, end = self._scan(text, start)
        except (StopIteration, json.JSONDecodeError):
            return None
        except RecursionError as error:
            raise UnreadableError("depth") from error
        except RepeatedNameError as error:
            raise _twice(error.name) from error
        except ValueError as error:  # a whole number of thousands of digits
            raise UnreadableError("number", value=self._shown()) from error
        return value, end

    def _check(self, text: str, value: Any) -> None:  # noqa: ANN401
        if _ESCAPED_SURROGATE.search(text) and _has_surrogate(value):
            raise UnreadableError("surrogate", value=self._shown())

    def _fill(self, size: int) -> None:
        data = self._stream.read(size)
        try:
            text = self._decoder.decode(data or b"", final=not data)
        except UnicodeDecodeError as error:
            byte = f"0x{error.object[error.start]:02X}"
            raise UnreadableError("json-encoding", value=byte, allowed="UTF-8") from error
        self._ended = not data
        self._before += self._at
        self._text = self._text[self._at :] + text
        self._at = 0

    def _shown(self) -> str:
        shown = self._text[self._at : self._at + _SHOWN]
        return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", shown)


def _check_new(run: dict[str, Any], seen: set[int]) -> None:
    hashes = set(map(hash, run))
    if not seen.isdisjoint(hashes):
        twice = next(name for name in run if hash(name) in seen)
        raise _twice(twice)
    if len(seen) < MOST_KEPT:
        seen |= hashes


def _twice(name: str) -> UnreadableError:
    return UnreadableError("json-twice", value=_SURROGATE.sub("\ufffd", name[:_SHOWN]))


def _number(text: str) -> str:
    """A number with a fraction or an exponent, as it was sent."""
    if _EXPONENT.search(text) and abs(float(text)) == float("inf"):
        raise UnreadableError("number", value=text[:_SHOWN])
    return text


def _refuse_constant(name: str) -> NoReturn:
    raise UnreadableError("number", value=name)


def _has_surrogate(value: Any) -> bool:  # noqa: ANN401
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            if _SURROGATE.search(one):
                return True
        elif isinstance(one, dict):
            pending += [*one, *one.values()]
        elif isinstance(one, list):
            pending += one
    return False
