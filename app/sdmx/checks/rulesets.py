"""Rulesets: definitions in a subset of VTL 2.1, read into rules.

    ruleset     = "define" ( hierarchical | datapoint ) [ ";" ] ;
    hierarchical = "hierarchical" "ruleset" name
                  "(" kind [ "condition" component { "," component } ] "rule" component ")"
                  "is" total { ";" total } [ ";" ] "end" "hierarchical" "ruleset" ;
    total       = [ name ":" ] [ "when" condition "then" ] code ("=" | ">=" | "<=") [ "-" ] code
                  { ("+" | "-") code } levels ;
    datapoint   = "datapoint" "ruleset" name "(" kind component { "," component } ")" "is"
                  checked { ";" checked } [ ";" ] "end" "datapoint" "ruleset" ;
    checked     = [ name ":" ] [ "when" condition "then" ] condition levels ;
    levels      = [ "errorcode" text ] [ "errorlevel" text ] ;
    kind        = "variable" | "valuedomain" ;

Names that do not begin with a letter stand between apostrophes: '_T'. `errorcode` is the code of
the finding; `errorlevel` is "warning" (also if it is not said) or "error".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from app.sdmx.checks.expressions import Expression, Reader, calls_in, names_in
from app.sdmx.checks.operators import CODES, DIFFERS_FROM_FLOW, GENERAL, OPERATORS, TOTAL
from app.sdmx.checks.tokens import RuleError, Token

Severity: TypeAlias = Literal["error", "warning"]
Relation: TypeAlias = Literal["=", ">=", "<="]

MOST_RULES: Final = 200
"""Rules of one ruleset."""


@dataclass(frozen=True, slots=True)
class TotalRule:
    """A code and the codes that it is put together of.

    Attributes:
        name: its name, or its number in the ruleset.
        parts: the codes with their signs, 1 or -1.
        when: a condition on dimensions.
        tokens: where the codes stand in the definition, the total first.
    """

    name: str
    code: str
    severity: Severity
    total: str
    relation: Relation
    parts: tuple[tuple[str, int], ...]
    when: Expression | None
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class PointRule:
    """What has to hold for each observation."""

    name: str
    code: str
    severity: Severity
    when: Expression | None
    then: Expression


@dataclass(frozen=True, slots=True)
class TotalRuleset:
    """A hierarchical ruleset: rules on the codes of one dimension, the first of its signature."""

    name: str
    signature: tuple[Token, ...]
    rules: tuple[TotalRule, ...]

    @property
    def component(self) -> str:
        """The dimension whose codes add up."""
        return self.signature[0].text


@dataclass(frozen=True, slots=True)
class PointRuleset:
    """A datapoint ruleset: rules on the components of an observation."""

    name: str
    signature: tuple[Token, ...]
    rules: tuple[PointRule, ...]


Ruleset: TypeAlias = TotalRuleset | PointRuleset


def read_ruleset(definition: str) -> Ruleset:
    """Read the definition of a ruleset.

    Raises:
        RuleError: it is not of the grammar; with the row and column.
    """
    reader = Reader(definition)
    reader.expect("define")
    ruleset: Ruleset
    if reader.sees("hierarchical"):
        ruleset = _hierarchical(reader)
    elif reader.sees("datapoint"):
        ruleset = _datapoint(reader)
    else:
        raise reader.refused('"hierarchical" or "datapoint"', '"hierarchical" o "datapoint"')
    if reader.sees(";"):
        reader.take()
    reader.expect_kind("end", "the end", "el final")
    return ruleset


def _name(reader: Reader) -> Token:
    return reader.expect_kind("name", "a name", "un nombre")


def _names(reader: Reader) -> tuple[Token, ...]:
    found = [_name(reader)]
    while reader.sees(","):
        reader.take()
        found.append(_name(reader))
    return tuple(found)


def _kind(reader: Reader) -> None:
    if not reader.sees("variable", "valuedomain"):
        raise reader.refused('"variable" or "valuedomain"', '"variable" o "valuedomain"')
    reader.take()


def _hierarchical(reader: Reader) -> TotalRuleset:
    reader.expect("hierarchical", "ruleset")
    name = _name(reader)
    reader.expect("(")
    _kind(reader)
    conditions: tuple[Token, ...] = ()
    if reader.sees("condition"):
        reader.take()
        conditions = _names(reader)
    reader.expect("rule")
    component = _name(reader)
    reader.expect(")", "is")
    known = tuple(token.text for token in conditions)
    rules: list[TotalRule] = []
    while not reader.sees("end"):
        rules.append(_total_rule(reader, len(rules) + 1, known))
        _end_of_rule(reader, rules)
    reader.expect("end", "hierarchical", "ruleset")
    return TotalRuleset(name.text, (component, *conditions), tuple(rules))


def _datapoint(reader: Reader) -> PointRuleset:
    reader.expect("datapoint", "ruleset")
    name = _name(reader)
    reader.expect("(")
    _kind(reader)
    signature = _names(reader)
    components = tuple(token.text for token in signature)
    reader.expect(")", "is")
    rules: list[PointRule] = []
    while not reader.sees("end"):
        rules.append(_point_rule(reader, len(rules) + 1, components))
        _end_of_rule(reader, rules)
    reader.expect("end", "datapoint", "ruleset")
    return PointRuleset(name.text, signature, tuple(rules))


def _end_of_rule(reader: Reader, rules: Sequence[TotalRule | PointRule]) -> None:
    name = rules[-1].name
    if any(rule.name == name for rule in rules[:-1]):
        raise RuleError(
            reader.next,
            f"there are two rules {name!r} before this place",
            f"hay dos reglas {name!r} antes de este lugar",
        )
    if len(rules) > MOST_RULES:
        raise RuleError(
            reader.next,
            f"there are more than {MOST_RULES} rules",
            f"hay más de {MOST_RULES} reglas",
        )
    if reader.sees(";"):
        reader.take()
    elif not reader.sees("end"):
        raise reader.refused('";" or "end"', '";" o "end"')


def _rule_name(reader: Reader, number: int) -> str:
    if not reader.names_a_rule():
        return str(number)
    token = reader.take()
    reader.expect(":")
    return token.text


def _when(reader: Reader, known: Sequence[str]) -> Expression | None:
    if not reader.sees("when"):
        return None
    reader.take()
    condition = reader.condition()
    _refuse_unknown(condition, known)
    for call in calls_in(condition):
        if call.function == DIFFERS_FROM_FLOW:
            raise RuleError(call.token, "it cannot be a condition", "no puede ser una condición")
    reader.expect("then")
    return condition


def _total_rule(reader: Reader, number: int, known: Sequence[str]) -> TotalRule:
    name = _rule_name(reader, number)
    when = _when(reader, known)
    codes = [_code(reader)]
    total = codes[0].text
    if not reader.sees("=", ">=", "<="):
        raise reader.refused('"=", ">=" or "<="', '"=", ">=" o "<="')
    sign = reader.take().text
    relation: Relation = "=" if sign == "=" else ">=" if sign == ">=" else "<="
    parts: list[tuple[str, int]] = []
    while not parts or reader.sees("+", "-"):
        weight = 1
        if reader.sees("+", "-"):
            weight = 1 if reader.take().text == "+" else -1
        part = _code(reader)
        parts.append((part.text, weight))
        if any(part.text == known.text for known in codes):
            raise RuleError(
                part, f"{part.text!r} is there twice", f"{part.text!r} aparece dos veces"
            )
        codes.append(part)
    if reader.sees("["):
        raise RuleError(
            reader.next,
            "conditions of single codes are not evaluated here",
            "las condiciones de códigos sueltos no se evalúan aquí",
        )
    code, severity = _levels(reader, TOTAL)
    return TotalRule(name, code, severity, total, relation, tuple(parts), when, tuple(codes))


def _code(reader: Reader) -> Token:
    token = reader.next
    if token.kind not in ("name", "number"):
        raise reader.refused("a code", "un código")
    return reader.take()


def _point_rule(reader: Reader, number: int, known: Sequence[str]) -> PointRule:
    name = _rule_name(reader, number)
    when = _when(reader, known)
    begin = reader.next
    then = reader.condition()
    _refuse_unknown(then, known)
    called = [call for call in calls_in(then) if call.function in OPERATORS]
    if any(call.function == DIFFERS_FROM_FLOW and call is not then for call in called):
        raise RuleError(
            begin,
            f"{DIFFERS_FROM_FLOW} must stand alone after then",
            f"{DIFFERS_FROM_FLOW} debe estar solo después de then",
        )
    default = OPERATORS[called[0].function].code if called else GENERAL
    code, severity = _levels(reader, default)
    return PointRule(name, code, severity, when, then)


def _refuse_unknown(expression: Expression, known: Sequence[str]) -> None:
    for name in names_in(expression):
        if name.id not in known:
            listed = ", ".join(known) or "-"
            raise RuleError(
                name.token,
                f"{name.id!r} is not in the signature of the ruleset ({listed})",
                f"{name.id!r} no está en la firma del conjunto de reglas ({listed})",
            )


def _levels(reader: Reader, default: str) -> tuple[str, Severity]:
    code = default
    severity: Severity = "warning"
    if reader.sees("errorcode"):
        reader.take()
        token = reader.expect_kind("text", "a code", "un código")
        code = token.text
        if code not in CODES:
            raise RuleError(
                token,
                f"{code!r} is no code of a check; there are {CODES[0]} to {CODES[-1]}",
                f"{code!r} no es un código de control; hay de {CODES[0]} a {CODES[-1]}",
            )
    if reader.sees("errorlevel"):
        reader.take()
        token = reader.expect_kind("text", '"warning" or "error"', '"warning" o "error"')
        if token.text not in ("warning", "error"):
            raise RuleError(token, 'it is "warning" or "error"', 'es "warning" o "error"')
        severity = "error" if token.text == "error" else "warning"
    return code, severity
