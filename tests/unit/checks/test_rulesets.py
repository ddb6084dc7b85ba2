"""The grammar of rules: what is read, and where what is wrong stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sdmx.checks.expressions import (
    Binary,
    Call,
    Expression,
    Literal,
    Member,
    Name,
    Not,
    Reader,
)
from app.sdmx.checks.rulesets import PointRuleset, TotalRuleset, read_ruleset
from app.sdmx.checks.tokens import RuleError, Token

HERE = Token("name", "", 1, 1)


def test_a_hierarchical_ruleset() -> None:
    ruleset = read_ruleset(
        """
        define hierarchical ruleset HR (variable condition UNIT, FREQ rule SEX) is
          /* the total */ ALL : when UNIT = "PS" and FREQ <> "A" then
            '_T' = F + M - '_U' errorcode "VIPMG-310" errorlevel "error";
          // a part is no greater than the total
          '_T' >= 15
        end hierarchical ruleset;"""
    )
    assert isinstance(ruleset, TotalRuleset)
    assert (ruleset.name, ruleset.component) == ("HR", "SEX")
    assert [token.text for token in ruleset.signature] == ["SEX", "UNIT", "FREQ"]
    first, second = ruleset.rules
    assert (first.name, first.code, first.severity) == ("ALL", "VIPMG-310", "error")
    assert (first.total, first.relation) == ("_T", "=")
    assert first.parts == (("F", 1), ("M", 1), ("_U", -1))
    assert first.when is not None
    assert (second.name, second.severity, second.when) == ("2", "warning", None)
    assert (second.relation, second.parts) == (">=", (("15", 1),))


def test_a_datapoint_ruleset_takes_the_code_of_its_operator() -> None:
    ruleset = read_ruleset(
        """define datapoint ruleset DPR (variable TIME_PERIOD, OBS_VALUE, STATUS) is
          has_ended(TIME_PERIOD) or STATUS = "F";
          B : in_line_with_history(OBS_VALUE, 12, 2.5, 500) errorlevel "error";
          OBS_VALUE >= 0 errorcode "VIPMG-318"
        end datapoint ruleset"""
    )
    assert isinstance(ruleset, PointRuleset)
    assert [(rule.name, rule.code, rule.severity) for rule in ruleset.rules] == [
        ("1", "VIPMG-313", "warning"),
        ("B", "VIPMG-311", "error"),
        ("3", "VIPMG-318", "warning"),
    ]


HIERARCHICAL = (
    "define hierarchical ruleset H (variable rule SEX) is\n  {} \nend hierarchical ruleset"
)
POINTS = "define datapoint ruleset D (variable A, B) is\n  {} \nend datapoint ruleset"


@pytest.mark.parametrize(
    ("definition", "row", "column", "said"),
    [
        ("", 1, 1, '"define" is expected, not the end'),
        ("define rule", 1, 8, '"hierarchical" or "datapoint"'),
        (HIERARCHICAL.format("_T = F"), 2, 3, "stands between apostrophes"),
        (HIERARCHICAL.format("T = F M"), 2, 9, '";" or "end" is expected, not "M"'),
        (HIERARCHICAL.format("T == F"), 2, 6, "a code is expected"),
        (HIERARCHICAL.format("T = F + F"), 2, 11, "'F' is there twice"),
        (HIERARCHICAL.format("T = F + T"), 2, 11, "'T' is there twice"),
        (HIERARCHICAL.format("T = F [X = 1]"), 2, 9, "conditions of single codes"),
        (HIERARCHICAL.format('when X = "1" then T = F'), 2, 8, "'X' is not in the signature"),
        (HIERARCHICAL.format('T = F errorcode "E1"'), 2, 19, "'E1' is no code of a check"),
        (HIERARCHICAL.format('T = F errorlevel "5"'), 2, 20, '"warning" or "error"'),
        (HIERARCHICAL.format('T = F errorlevel "error'), 2, 20, "the quotation"),
        (HIERARCHICAL.format("X : T = F; X : T = M"), 3, 1, "two rules 'X'"),
        (POINTS.format("A + ; B"), 2, 7, "a value, component or operator"),
        (POINTS.format("median(A)"), 2, 3, "there is no operator 'median'"),
        (POINTS.format("isnul(A)"), 2, 3, "there is isnull"),
        (POINTS.format("has_ended(A, B)"), 2, 3, "has_ended(period)"),
        (POINTS.format("between(A, B, 3)"), 2, 3, "between(operand, from, to)"),
        (POINTS.format('A in {"x", B}'), 2, 14, 'a value such as "A" or 5'),
        (POINTS.format("(A = 1"), 3, 1, '")" is expected, not "end"'),
        (POINTS.format("A = 1 § B"), 2, 9, "'§' is not expected"),
        (POINTS.format("A = 1") + " more", 3, 23, "the end is expected"),
        (
            POINTS.format('B = "x" or differs_from_flow(A, "X:Y", B, "B", 3)'),
            2,
            3,
            "must stand alone",
        ),
        (POINTS.format("(" * 60 + "A" + ")" * 60), 2, 43, "nested too deep"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    definition: str, row: int, column: int, said: str
) -> None:
    with pytest.raises(RuleError) as error:
        read_ruleset(definition)
    assert said in error.value.en
    assert error.value.en.startswith(f"row {row}, column {column}: ")
    assert error.value.es.startswith(f"fila {row}, columna {column}: ")


@given(st.text(max_size=60) | st.text("definehrcaltuspo ()'\"=+;:<>_{}1\n", max_size=200))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    for definition in (text, HIERARCHICAL.replace("{}", text), POINTS.replace("{}", text)):
        try:
            read_ruleset(definition)
        except RuleError as error:
            assert error.token.row <= definition.count("\n") + 1


texts = st.text(st.characters(exclude_categories=["C"]), max_size=4)
numbers = st.integers(0, 10**6).map(float) | st.sampled_from([0.5, 12.25])
leaves = st.one_of(
    (texts | numbers | st.sampled_from([True, False, None])).map(Literal),
    st.sampled_from(["OBS_VALUE", "_T", "A.B", "and"]).map(lambda name: Name(name, HERE)),
)


def deeper(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    signs = st.sampled_from(["and", "or", "=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/"])
    sets = st.frozensets(texts | numbers, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda s, a, b: Binary(s, a, b, HERE), signs, inner, inner),
        st.builds(lambda a: Not(a, HERE), inner),
        st.builds(lambda a, v, i: Member(a, v, i, HERE), inner, sets, st.booleans()),
        st.builds(lambda a: Call("isnull", (a,), HERE), inner),
        st.builds(lambda a: Call("between", (a, Literal(1.0), Literal(2.5)), HERE), inner),
    )


expressions = st.recursive(leaves, deeper, max_leaves=12)


def shown(expression: Expression) -> str:
    """The expression as text, every operation in parentheses."""
    match expression:
        case Literal(value=str(text)):
            return '"' + text.replace('"', '""') + '"'
        case Literal(value=value):
            return "null" if value is None else str(value).lower()
        case Name(id=name):
            return f"'{name}'"
        case Not():
            return f"(not ({shown(expression.operand)}))"
        case Member():
            listed = ", ".join(shown(Literal(v)) for v in sorted(expression.values, key=str))
            word = "in" if expression.included else "not_in"
            return f"(({shown(expression.operand)}) {word} {{{listed}}})"
        case Call():
            listed = ", ".join(shown(one) for one in expression.arguments)
            return f"{expression.function}({listed})"
        case Binary():
            return f"(({shown(expression.left)}) {expression.sign} ({shown(expression.right)}))"


@given(expressions)
def test_an_expression_is_read_as_it_was_written(expression: Expression) -> None:
    text = shown(expression)
    if text.count("(") < 38:
        assert shown(Reader(text).condition()) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("A or B and C", "(('A') or ((('B') and ('C'))))"),
        ("not A = B", "(((not ('A'))) = ('B'))"),
        ("A + B * 2 > 3", "(((('A') + ((('B') * (2.0))))) > (3.0))"),
        ("-A < 1", "((((0.0) - ('A'))) < (1.0))"),
    ],
)
def test_what_binds_closer(text: str, read: str) -> None:
    assert shown(Reader(text).condition()) == read
