"""The words of a rule, with the row and column where each begins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["name", "text", "number", "sign", "end"]


class Token(NamedTuple):
    """A word of a definition; `row` and `column` count from 1.

    A `text` is without its quotation marks, a `name` without its apostrophes.
    """

    kind: Kind
    text: str
    row: int
    column: int
    quoted: bool = False


class RuleError(Exception):
    """A definition that is not of the grammar, or names what is not there.

    Attributes:
        en, es: what is wrong, with the row and column.
    """

    def __init__(self, token: Token, en: str, es: str) -> None:
        self.token = token
        self.en = f"row {token.row}, column {token.column}: {en}"
        self.es = f"fila {token.row}, columna {token.column}: {es}"
        super().__init__(self.en)


_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*(?s:.*?)\*/)
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<name>[A-Za-z][A-Za-z0-9_.]*)
    |'(?P<quoted>[^'\n]+)'
    |"(?P<text>(?:[^"\n]|"")*)"
    |(?P<sign><>|<=|>=|[-+*/=<>(){},;:\[\]])""",
    re.VERBOSE,
)
LONGEST: Final = 100_000
"""Characters of a definition that are read."""


def tokens(definition: str) -> Iterator[Token]:
    """The words of a definition, and its end.

    Raises:
        RuleError: a sign is there that no word begins with, or a quotation has no end.
    """
    row, begin, place = 1, 0, 0
    if len(definition) > LONGEST:
        raise RuleError(
            Token("end", "", 1, 1),
            f"the definition has more than {LONGEST} characters",
            f"la definición tiene más de {LONGEST} caracteres",
        )
    while place < len(definition):
        match = _TOKEN.match(definition, place)
        column = place - begin + 1
        if match is None:
            raise _unreadable(definition[place], row, column)
        found, kind = match.group(), match.lastgroup
        if kind == "quoted":
            yield Token("name", match["quoted"], row, column, quoted=True)
        elif kind == "text":
            yield Token("text", match["text"].replace('""', '"'), row, column)
        elif kind == "number":
            yield Token("number", found, row, column)
        elif kind == "name":
            yield Token("name", found, row, column)
        elif kind == "sign":
            yield Token("sign", found, row, column)
        if "\n" in found:
            row += found.count("\n")
            begin = place + found.rindex("\n") + 1
        place = match.end()
    yield Token("end", "", row, place - begin + 1)


def _unreadable(sign: str, row: int, column: int) -> RuleError:
    token = Token("sign", sign, row, column)
    if sign in "'\"":
        return RuleError(
            token, f"the quotation {sign} has no end", f"la comilla {sign} no se cierra"
        )
    if sign == "_":
        return RuleError(
            token,
            "a name that begins with _ stands between apostrophes, such as '_T'",
            "un nombre que comienza con _ va entre apóstrofos, como '_T'",
        )
    return RuleError(token, f"{sign!r} is not expected", f"{sign!r} no se espera aquí")
