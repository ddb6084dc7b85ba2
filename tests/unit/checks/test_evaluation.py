"""Conditions on columns give what they give value by value."""

from __future__ import annotations

import datetime as dt
import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.checks.cells import Cells
from app.sdmx.checks.evaluation import evaluator, fold
from app.sdmx.checks.expressions import Binary, Call, Expression, Literal, Member, Name, Not, Reader
from app.sdmx.series import EMPTY, compact

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HERE: Any = None
NUMERIC = frozenset({"X", "Y"})
SIGNS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
}

number = st.sampled_from(["X", "Y"]).map(lambda n: Name(n, HERE)) | st.sampled_from(
    [0.0, 1.0, 4.0, 2.5]
).map(Literal)

text = st.just(Name("S", HERE))
numeric = st.one_of(
    number,
    st.builds(lambda s, a, b: Binary(s, a, b, HERE), st.sampled_from("+-"), number, number),
    st.builds(lambda a: Call("trunc", (a,), HERE), number),
    st.builds(lambda a: Call("abs", (a,), HERE), number),
)
truth = st.one_of(
    st.builds(
        lambda s, a, b: Binary(s, a, b, HERE),
        st.sampled_from(["=", "<>", "<", "<=", ">", ">="]),
        numeric,
        numeric,
    ),
    st.builds(lambda a, v, i: Member(a, v, i, HERE), text, st.just(frozenset("AB")), st.booleans()),
    st.builds(lambda a: Call("isnull", (a,), HERE), text | number),
    st.builds(lambda a: Call("between", (a, Literal(1.0), Literal(4.0)), HERE), numeric),
)
conditions = st.recursive(
    truth,
    lambda inner: st.one_of(
        st.builds(
            lambda s, a, b: Binary(s, a, b, HERE), st.sampled_from(["and", "or"]), inner, inner
        ),
        st.builds(lambda a: Not(a, HERE), inner),
    ),
    max_leaves=5,
)
rows = st.lists(
    st.tuples(
        st.sampled_from([None, "0", "1", "2.5", "4", "-3", "70"]),
        st.sampled_from([None, "1", "NaN", "4"]),
        st.sampled_from([None, "A", "B", "C"]),
    ),
    min_size=1,
    max_size=5,
)


def plainly(expression: Expression, row: dict[str, Any]) -> Any:
    """What an expression gives for one observation, by the book."""
    match expression:
        case Literal():
            return expression.value
        case Name():
            return row[expression.id]
        case Not():
            value = plainly(expression.operand, row)
            return None if value is None else not value
        case Member():
            value = plainly(expression.operand, row)
            return None if value is None else (value in expression.values) == expression.included
        case Call():
            value = plainly(expression.arguments[0], row)
            if expression.function == "isnull":
                return value is None
            if value is None:
                return None
            if expression.function == "between":
                return 1 <= value <= 4
            return abs(value) if expression.function == "abs" else float(int(value))
    left, right = plainly(expression.left, row), plainly(expression.right, row)
    if expression.sign == "and":
        if left is False or right is False:
            return False
        return None if left is None or right is None else True
    if expression.sign == "or":
        if left is True or right is True:
            return True
        return None if left is None or right is None else False
    return None if left is None or right is None else SIGNS[expression.sign](left, right)


@given(conditions, rows, st.data())
def test_columns_give_what_single_values_give(
    condition: Expression, listed: list[tuple[str | None, ...]], data: st.DataObject
) -> None:
    times = [str(2000 + place) for place in range(len(listed))]
    columns = list(map(list, zip(*listed, strict=True)))
    document = compact({"TIME_PERIOD": times, "X": columns[0], "Y": columns[1], "S": columns[2]})
    sent = data.draw(st.sets(st.sampled_from(times), min_size=1))
    touched = {time: place for place, time in enumerate(times) if time in sent}
    cells = Cells(document, EMPTY, {}, touched, NOW)
    found = evaluator(condition, NUMERIC)(cells)
    wanted = []
    for time, (x, y, s) in zip(times, listed, strict=True):
        if time in sent:
            row = {"X": _float(x), "Y": _float(y), "S": s}
            wanted.append(plainly(condition, row))
    assert (found if isinstance(found, list) else [found] * len(wanted)) == wanted


def _float(value: str | None) -> float | None:
    return None if value in (None, "NaN") else float(value or "")


@given(conditions, rows, st.sampled_from(["A", "C"]))
def test_codes_that_are_put_in_change_nothing(
    condition: Expression, listed: list[tuple[str | None, ...]], code: str
) -> None:
    for x, y, _ in listed:
        row = {"X": _float(x), "Y": _float(y), "S": code}
        assert plainly(fold(condition, {"S": code}), row) == plainly(condition, row)


@pytest.mark.parametrize(
    ("condition", "folded"),
    [
        ('S = "A" and X > 1', "X > 1"),
        ('S in {"B"} or X > 1', "X > 1"),
        ('S <> "A" and X > 1', False),
        ('not (S = "B")', True),
    ],
)
def test_a_condition_on_codes_is_decided_once(condition: str, folded: str | bool) -> None:
    found = fold(Reader(condition).condition(), {"S": "A"})
    if isinstance(folded, bool):
        assert found == Literal(folded)
    else:
        assert isinstance(found, Binary)
        assert found.sign == ">"
