"""Conditions of rules: a subset of the expressions of VTL 2.1, and the operators of this service.

    condition  = and { "or" and } ;            and = compared { "and" compared } ;
    compared   = sum [ ("=" | "<>" | "<" | "<=" | ">" | ">=") sum
                     | ("in" | "not_in") "{" literal { "," literal } "}" ] ;
    sum        = product { ("+" | "-") product } ;
    product    = unary { ("*" | "/") unary } ;
    unary      = [ "not" | "-" ] primary ;
    primary    = literal | component | operator "(" [ condition { "," condition } ] ")"
               | "(" condition ")" ;
    literal    = number | '"' text '"' | "true" | "false" | "null" ;

As in VTL, `not` binds closer than a comparison, and what is compared with null is null.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from app.sdmx.checks.operators import OPERATORS, VTL_FUNCTIONS
from app.sdmx.checks.tokens import Kind, RuleError, Token, tokens

DEEPEST: Final = 40
"""How deep conditions may be nested."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: text, number, truth value or null."""

    value: str | float | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A component."""

    id: str
    token: Token


@dataclass(frozen=True, slots=True)
class Call:
    """A function of VTL or an operator of this service."""

    function: str
    arguments: tuple[Expression, ...]
    token: Token


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    operand: Expression
    token: Token


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: `and or = <> < <= > >= + - * /`."""

    sign: str
    left: Expression
    right: Expression
    token: Token


@dataclass(frozen=True, slots=True)
class Member:
    """Whether the operand is one of the values (`in`), or none of them (`not_in`)."""

    operand: Expression
    values: frozenset[str | float]
    included: bool
    token: Token


Expression: TypeAlias = Literal | Name | Call | Not | Binary | Member

_COMPARISONS: Final = frozenset({"=", "<>", "<", "<=", ">", ">="})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}


def names_in(expression: Expression) -> Iterator[Name]:
    """The components of an expression, as they stand."""
    if isinstance(expression, Name):
        yield expression
    for part in parts_of(expression):
        yield from names_in(part)


def calls_in(expression: Expression) -> Iterator[Call]:
    """The functions of an expression, as they stand."""
    if isinstance(expression, Call):
        yield expression
    for part in parts_of(expression):
        yield from calls_in(part)


def parts_of(expression: Expression) -> Sequence[Expression]:
    """The operands of an expression."""
    match expression:
        case Call():
            return expression.arguments
        case Not() | Member():
            return (expression.operand,)
        case Binary():
            return (expression.left, expression.right)
        case _:
            return ()


class Reader:
    """Reads the words of a definition one after the other.

    Raises:
        RuleError: by each method, where the words are not of the grammar.
    """

    def __init__(self, definition: str) -> None:
        self._tokens = list(tokens(definition))
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The word that comes."""
        return self._tokens[self._place]

    def take(self) -> Token:
        """The word that comes, left behind."""
        token = self.next
        if token.kind != "end":
            self._place += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Whether a sign or keyword comes."""
        token = self.next
        return token.kind in ("sign", "name") and not token.quoted and token.text in texts

    def names_a_rule(self) -> bool:
        """Whether a name and a colon come."""
        following = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        return self.next.kind == "name" and (following.kind, following.text) == ("sign", ":")

    def expect(self, *texts: str) -> Token:
        """The keywords or signs that must come, one after the other; gives the last."""
        token = self.next
        for text in texts:
            if not self.sees(text):
                raise self.refused(f'"{text}"', f'"{text}"')
            token = self.take()
        return token

    def expect_kind(self, kind: Kind, en: str, es: str) -> Token:
        """A word of a kind that must come."""
        if self.next.kind != kind:
            raise self.refused(en, es)
        return self.take()

    def refused(self, en: str, es: str) -> RuleError:
        """The error where something else must come."""
        token = self.next
        found = f'"{token.text}"' if token.kind != "end" else "the end"
        encontrado = f'"{token.text}"' if token.kind != "end" else "el final"
        return RuleError(
            token, f"{en} is expected, not {found}", f"se espera {es}, no {encontrado}"
        )

    def condition(self) -> Expression:
        """A condition."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise RuleError(self.next, "it is nested too deep", "está anidado demasiado hondo")
        left = self._conjunction()
        while self.sees("or"):
            token = self.take()
            left = Binary("or", left, self._conjunction(), token)
        self._depth -= 1
        return left

    def _conjunction(self) -> Expression:
        left = self._compared()
        while self.sees("and"):
            token = self.take()
            left = Binary("and", left, self._compared(), token)
        return left

    def _compared(self) -> Expression:
        left = self._sum()
        token = self.next
        if self.sees(*_COMPARISONS):
            self.take()
            return Binary(token.text, left, self._sum(), token)
        if self.sees("in", "not_in"):
            self.take()
            return Member(left, self._values(), token.text == "in", token)
        return left

    def _values(self) -> frozenset[str | float]:
        self.expect("{")
        values = [self._value()]
        while self.sees(","):
            self.take()
            values.append(self._value())
        self.expect("}")
        return frozenset(values)

    def _value(self) -> str | float:
        token = self.next
        if token.kind not in ("text", "number"):
            raise self.refused('a value such as "A" or 5', 'un valor como "A" o 5')
        self.take()
        return token.text if token.kind == "text" else float(token.text)

    def _sum(self) -> Expression:
        left = self._product()
        while self.sees("+", "-"):
            token = self.take()
            left = Binary(token.text, left, self._product(), token)
        return left

    def _product(self) -> Expression:
        left = self._unary()
        while self.sees("*", "/"):
            token = self.take()
            left = Binary(token.text, left, self._unary(), token)
        return left

    def _unary(self) -> Expression:
        if self.sees("not"):
            token = self.take()
            return Not(self._primary(), token)
        if self.sees("-"):
            token = self.take()
            return Binary("-", Literal(0.0), self._primary(), token)
        return self._primary()

    def _primary(self) -> Expression:
        token = self.next
        if self.sees("("):
            self.take()
            inner = self.condition()
            self.expect(")")
            return inner
        if token.kind == "text":
            return Literal(self.take().text)
        if token.kind == "number":
            return Literal(float(self.take().text))
        if token.kind != "name":
            raise self.refused("a value, component or operator", "un valor, componente u operador")
        self.take()
        if not token.quoted and token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text])
        if self.sees("("):
            return self._call(token)
        return Name(token.text, token)

    def _call(self, token: Token) -> Call:
        self.expect("(")
        arguments: list[Expression] = []
        if not self.sees(")"):
            arguments.append(self.condition())
            while self.sees(","):
                self.take()
                arguments.append(self.condition())
        self.expect(")")
        _check_call(token, arguments)
        return Call(token.text, tuple(arguments), token)


def _check_call(token: Token, arguments: Sequence[Expression]) -> None:
    """Whether there is such an operator, with arguments of these kinds."""
    wanted = VTL_FUNCTIONS.get(token.text) or OPERATORS.get(token.text)
    if wanted is None:
        known = [*VTL_FUNCTIONS, *OPERATORS]
        near = difflib.get_close_matches(token.text, known, 1)
        listed = near[0] if near else ", ".join(known)
        raise RuleError(
            token,
            f"there is no operator {token.text!r} here; there is {listed}",
            f"aquí no hay un operador {token.text!r}; hay {listed}",
        )
    signature = f"{token.text}({', '.join(wanted.parameters)})"
    fits = len(arguments) == len(wanted.kinds) and all(
        _is_of_kind(argument, kind) for argument, kind in zip(arguments, wanted.kinds, strict=True)
    )
    if not fits:
        raise RuleError(
            token, f"it must be called as {signature}", f"se debe llamar como {signature}"
        )


def _is_of_kind(argument: Expression, kind: str) -> bool:
    match kind:
        case "component":
            return isinstance(argument, Name)
        case "text":
            return isinstance(argument, Literal) and isinstance(argument.value, str)
        case "number":
            return isinstance(argument, Literal) and type(argument.value) is float
        case _:
            return True
