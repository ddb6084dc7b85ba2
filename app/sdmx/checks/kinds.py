"""Whether a condition suits the components of a dataflow: what is a number, a text, a truth."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from app.sdmx.checks.cells import NUMERIC_TYPES
from app.sdmx.checks.expressions import Binary, Call, Expression, Member, Name, Not
from app.sdmx.checks.expressions import Literal as Constant
from app.sdmx.checks.operators import OPERATORS
from app.sdmx.checks.tokens import RuleError, Token
from app.sdmx.flow import Component, Flow

Kind: TypeAlias = Literal["number", "text", "truth", "null"]

_AT_HAND: Final = frozenset({"dimension", "time", "measure", "observation", "series"})


def numeric_components(flow: Flow) -> frozenset[str]:
    """The components of a dataflow whose values are numbers."""
    return frozenset(c.id for c in flow.components.values() if is_numeric(c))


def is_numeric(component: Component) -> bool:
    """Whether the values of a component are compared as numbers."""
    return component.codes is None and component.data_type in NUMERIC_TYPES


def check_truth(expression: Expression, flow: Flow, token: Token | None = None) -> None:
    """Check that an expression is a condition on the components of a dataflow.

    Raises:
        RuleError: it compares a number with a text, or is no condition.
    """
    kind = _kind(expression, flow)
    if kind not in ("truth", "null"):
        place = token or _token(expression)
        raise RuleError(place, "it is no condition", "no es una condición")


def _token(expression: Expression) -> Token:
    return Token("end", "", 1, 1) if isinstance(expression, Constant) else expression.token


def _kind(expression: Expression, flow: Flow) -> Kind:
    match expression:
        case Constant(value=value):
            if value is None:
                return "null"
            if isinstance(value, bool):
                return "truth"
            return "text" if isinstance(value, str) else "number"
        case Name():
            return "number" if is_numeric(_component(expression, flow)) else "text"
        case Not():
            check_truth(expression.operand, flow, expression.token)
            return "truth"
        case Member():
            operand = _kind(expression.operand, flow)
            listed: set[Kind] = {
                "text" if isinstance(value, str) else "number" for value in expression.values
            }
            _refuse_unlike(expression.token, (listed | {operand}) - {"null"})
            return "truth"
        case Call():
            return _kind_of_call(expression, flow)
        case Binary():
            return _kind_of_binary(expression, flow)


def _kind_of_binary(expression: Binary, flow: Flow) -> Kind:
    if expression.sign in ("and", "or"):
        check_truth(expression.left, flow, expression.token)
        check_truth(expression.right, flow, expression.token)
        return "truth"
    kinds = {_kind(expression.left, flow), _kind(expression.right, flow)} - {"null"}
    if expression.sign in "+-*/":
        _refuse_unlike(expression.token, kinds | {"number"})
        return "number"
    _refuse_unlike(expression.token, kinds)
    return "truth"


def _kind_of_call(expression: Call, flow: Flow) -> Kind:
    first = expression.arguments[0]
    if expression.function in OPERATORS:
        _check_own(expression, flow)
        return "truth"
    kind = _kind(first, flow)
    if expression.function == "isnull":
        return "truth"
    _refuse_unlike(expression.token, {kind, "number"} - {"null"})
    return "truth" if expression.function == "between" else "number"


def _check_own(expression: Call, flow: Flow) -> None:
    """Each component in its place: what is called `period`, `measure`, `along` must be that."""
    for parameter, argument in zip(
        OPERATORS[expression.function].parameters, expression.arguments, strict=True
    ):
        if not isinstance(argument, Name):
            continue
        component = _component(argument, flow)
        if parameter == "period" and component.level != "time":
            raise _misplaced(argument, "is not the time dimension", "no es la dimensión de tiempo")
        if parameter == "along" and component.level != "dimension":
            raise _misplaced(argument, "is no dimension", "no es una dimensión")
        if parameter == "measure" and not (component.level == "measure" and is_numeric(component)):
            raise _misplaced(
                argument, "is no measure that is a number", "no es una medida numérica"
            )


def _misplaced(name: Name, en: str, es: str) -> RuleError:
    return RuleError(name.token, f"{name.id} {en}", f"{name.id} {es}")


def _component(name: Name, flow: Flow) -> Component:
    found = flow.components.get(name.id)
    if found is None:
        raise RuleError(
            name.token,
            f"{flow.short_urn} has no component {name.id!r}",
            f"{flow.short_urn} no tiene el componente {name.id!r}",
        )
    if found.level not in _AT_HAND or found.is_multi_valued or found.multilingual:
        raise RuleError(
            name.token,
            f"{name.id} has not one value for an observation",
            f"{name.id} no tiene un solo valor por observación",
        )
    return found


def _refuse_unlike(token: Token, kinds: set[Kind]) -> None:
    if len(kinds) > 1:
        names_en, names_es = (", ".join(sorted(words[k] for k in kinds)) for words in _WORDS)
        raise RuleError(
            token,
            f"these cannot be put together: {names_en}",
            f"esto no se puede combinar: {names_es}",
        )


_WORDS: Final = (
    {"number": "a number", "text": "a text", "truth": "a condition", "null": "null"},
    {"number": "un número", "text": "un texto", "truth": "una condición", "null": "null"},
)
