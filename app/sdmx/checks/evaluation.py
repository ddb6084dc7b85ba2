"""Conditions on whole columns: what is one value for all observations is computed once.

A column is a list with one value an observation, or one value that holds for all. Truth has
three values: what is compared with nothing (`None`) is not known, and breaks no rule.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from typing import Any, Final, TypeAlias

from app.sdmx.checks import own_history
from app.sdmx.checks.cells import Cells
from app.sdmx.checks.expressions import Binary, Call, Expression, Literal, Member, Name, Not
from app.sdmx.checks.operators import OPERATORS

Column: TypeAlias = Any
"""A list with one value an observation, or one value for all."""

Evaluate: TypeAlias = Callable[[Cells], Column]

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TURNED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPUTE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: left / right if right else None,
}


def fold(expression: Expression, known: Mapping[str, str]) -> Expression:
    """The expression with the codes of a series put in, and what follows from them."""
    match expression:
        case Name(id=name) if name in known:
            return Literal(known[name])
        case Not():
            operand = fold(expression.operand, known)
            if isinstance(operand, Literal):
                return Literal(_not(operand.value))
            return Not(operand, expression.token)
        case Member():
            operand = fold(expression.operand, known)
            if isinstance(operand, Literal):
                return Literal(_member(operand.value, expression.values, expression.included))
            return Member(operand, expression.values, expression.included, expression.token)
        case Binary(sign=sign):
            left, right = fold(expression.left, known), fold(expression.right, known)
            return _fold_binary(Binary(sign, left, right, expression.token))
        case Call() if expression.function not in OPERATORS:
            arguments = tuple(fold(argument, known) for argument in expression.arguments)
            return Call(expression.function, arguments, expression.token)
        case _:
            return expression


def _fold_binary(expression: Binary) -> Expression:
    sign, left, right = expression.sign, expression.left, expression.right
    if sign in ("and", "or"):
        decisive = sign == "or"
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Literal) and one.value is decisive:
                return Literal(decisive)
            if isinstance(one, Literal) and one.value is (not decisive):
                return other
        return expression
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(_binary(sign, left.value, right.value))
    return expression


def evaluator(expression: Expression, numeric: frozenset[str]) -> Evaluate:
    """The function that evaluates an expression on the cells of a series.

    Args:
        expression: what was read, names being of its signature.
        numeric: the components whose values are numbers.
    """
    match expression:
        case Literal(value=value):
            return lambda _cells: value
        case Name(id=name):
            if name in numeric:
                return lambda cells: cells.numbers(name)
            return lambda cells: cells.texts(name)
        case Not():
            operand = evaluator(expression.operand, numeric)
            return lambda cells: _each(_not, operand(cells))
        case Member():
            return _membership(expression, numeric)
        case Call():
            return _function(expression, numeric)
        case Binary(sign="and" | "or"):
            return _junction(expression, numeric)
        case Binary():
            return _two_sided(expression, numeric)


def _two_sided(expression: Binary, numeric: frozenset[str]) -> Evaluate:
    sign, left, right = expression.sign, expression.left, expression.right
    if sign in _COMPARE:
        if isinstance(left, Literal) and isinstance(right, Name):
            left, right, sign = right, left, _TURNED.get(sign, sign)
        if isinstance(left, Name) and left.id in numeric and isinstance(right, Literal):
            return _compared_with_constant(sign, left.id, right.value)
    one, other = evaluator(left, numeric), evaluator(right, numeric)
    return lambda cells: _pairwise(sign, one(cells), other(cells))


def _compared_with_constant(sign: str, name: str, constant: Any) -> Evaluate:  # noqa: ANN401
    """A comparison that the least and the greatest value mostly decide for all."""
    compare = _COMPARE[sign]

    def evaluate(cells: Cells) -> Column:
        bounds = cells.bounds(name)
        if bounds is not None and type(constant) is float:
            low, high = bounds
            if sign in _TURNED:
                lowest, highest = compare(low, constant), compare(high, constant)
                if lowest == highest:
                    return lowest
            elif not low <= constant <= high:
                return sign == "<>"
        return _pairwise(sign, cells.numbers(name), constant)

    return evaluate


def _membership(expression: Member, numeric: frozenset[str]) -> Evaluate:
    operand, values, included = (
        evaluator(expression.operand, numeric),
        expression.values,
        expression.included,
    )
    return lambda cells: _each(lambda value: _member(value, values, included), operand(cells))


def _junction(expression: Binary, numeric: frozenset[str]) -> Evaluate:
    one, other = evaluator(expression.left, numeric), evaluator(expression.right, numeric)
    decisive = expression.sign == "or"
    join = _or if decisive else _and

    def evaluate(cells: Cells) -> Column:
        left = one(cells)
        if left is decisive:
            return decisive
        right = other(cells)
        if left is (not decisive) or right is decisive:
            return right
        if right is (not decisive):
            return left
        return _zipped(join, left, right)

    return evaluate


def _function(expression: Call, numeric: frozenset[str]) -> Evaluate:
    if expression.function in OPERATORS:
        return _own(expression)
    operand = evaluator(expression.arguments[0], numeric)
    match expression.function:
        case "isnull":
            return _null(expression.arguments[0], operand, numeric)
        case "between":
            low, high = (_number(argument) for argument in expression.arguments[1:])
            first = expression.arguments[0]
            if isinstance(first, Name) and first.id in numeric:
                return _between(first.id, low, high)
            return lambda cells: _each(
                lambda value: None if value is None else low <= value <= high, operand(cells)
            )
        case "abs":
            return lambda cells: _each(lambda v: None if v is None else abs(v), operand(cells))
        case _:
            return lambda cells: _truncate(operand(cells))


def _null(argument: Expression, operand: Evaluate, numeric: frozenset[str]) -> Evaluate:
    """Whether a value is missing; where there are bounds of numbers, none is."""
    name = argument.id if isinstance(argument, Name) and argument.id in numeric else None
    if name is None:
        return lambda cells: _is_null(operand(cells))
    return lambda cells: False if cells.bounds(name) is not None else _is_null(operand(cells))


def _truncate(column: Column) -> Column:
    """Numbers without their decimals; the same column where none has any."""
    if isinstance(column, list):
        try:
            if all(map(float.is_integer, column)):
                return column
        except TypeError:
            pass  # a value is missing
    return _each(_truncated, column)


def _truncated(value: float | None) -> float | None:
    return None if value is None else float(int(value)) if abs(value) < 2**53 else value


def _between(name: str, low: float, high: float) -> Evaluate:
    def evaluate(cells: Cells) -> Column:
        bounds = cells.bounds(name)
        if bounds is not None and (bounds[1] < low or bounds[0] > high):
            return False
        return _each(lambda v: None if v is None else low <= v <= high, cells.numbers(name))

    return evaluate


def _own(expression: Call) -> Evaluate:
    """An operator of this service; what is asked of it is checked by `expressions`."""
    compute = own_history.COMPUTE[expression.function]
    arguments = expression.arguments
    given = [one.id if isinstance(one, Name) else _number(one) for one in arguments]
    return lambda cells: compute(cells, *given)


def _number(argument: Expression) -> float:
    value = argument.value if isinstance(argument, Literal) else None
    return value if isinstance(value, float) else 0.0


def _not(value: Any) -> Any:  # noqa: ANN401
    return None if value is None else not value


def _and(left: Any, right: Any) -> Any:  # noqa: ANN401
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Any, right: Any) -> Any:  # noqa: ANN401
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _member(value: Any, values: frozenset[str | float], included: bool) -> bool | None:  # noqa: ANN401
    return None if value is None else (value in values) is included


def _is_null(column: Column) -> Column:
    if not isinstance(column, list):
        return column is None
    return [value is None for value in column] if None in column else False


def _each(compute: Callable[[Any], Any], column: Column) -> Column:
    if isinstance(column, list):
        return [compute(value) for value in column]
    return compute(column)


def _binary(sign: str, left: Any, right: Any) -> Any:  # noqa: ANN401
    if left is None or right is None:
        return None
    try:
        return (_COMPARE.get(sign) or _COMPUTE[sign])(left, right)
    except TypeError:
        return None  # a text and a number: refused where a ruleset is bound, so not known here


def _pairwise(sign: str, left: Column, right: Column) -> Column:
    if not isinstance(left, list) and not isinstance(right, list):
        return _binary(sign, left, right)
    if sign == "=" and left is right and None not in left:
        return True
    compute = _COMPARE.get(sign)
    if compute is not None:
        try:
            return (
                list(map(compute, _spread(left), _spread(right)))
                if _whole(left, right)
                else (_zipped(lambda one, other: _binary(sign, one, other), left, right))
            )
        except TypeError:
            pass
    return _zipped(lambda one, other: _binary(sign, one, other), left, right)


def _whole(*columns: Column) -> bool:
    """Whether no value is missing."""
    return not any(
        column is None or (isinstance(column, list) and None in column) for column in columns
    )


def _spread(column: Column) -> Any:  # noqa: ANN401
    return column if isinstance(column, list) else repeat(column)


def _zipped(join: Callable[[Any, Any], Any], left: Column, right: Column) -> Column:
    if not isinstance(left, list) and not isinstance(right, list):
        return join(left, right)
    return [join(one, other) for one, other in zip(_spread(left), _spread(right), strict=False)]


def places_where(column: Column, wanted: bool, count: int) -> Sequence[int]:
    """The places of a column that are true, or false."""
    if isinstance(column, list):
        return [place for place, value in enumerate(column) if value is wanted]
    return range(count) if column is wanted else ()
