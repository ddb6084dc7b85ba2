"""Component filters `c[COMPONENT]=...` (sdmx-rest 2.2, doc/data.md, "Component filters").

    filter       := alternative ("," alternative)*          OR
    alternative  := condition ("+" condition)*              AND, binds tighter
    condition    := [operator ":"] value                    no operator: eq

`,` and `+` may be percent-encoded or not: clients encode them without asking. A literal one in a
value is encoded twice (`%252C`, `%252B`, and `%2525` for `%`). A blank before an operator is a
`+` that was decoded on its way; a `+` before `hh:mm` at the end of a value is a UTC offset.
A prefix that is no operator (`12:30`) belongs to the value; of codes, which have no colon, two
letters before one are an operator that was mistyped (`check_operators`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Final

from app.errors import QuerySyntaxError
from app.sdmx.query_string import decode
from app.sdmx.time_period import (
    CALENDAR_YEAR,
    FRAME_OPERATORS,
    TimePeriod,
    parse_time_period,
)
from app.sdmx.urn import COMPONENT_ID

OPERATORS: Final = ("eq", "ne", "lt", "le", "gt", "ge", "co", "nc", "sw", "ew")
"""The operators of a condition; the last four look into the text."""

_OPERATOR: Final = re.compile(rf"({'|'.join(OPERATORS)}):(.*)", re.DOTALL)
_AND: Final = re.compile(rf"\+(?![0-9]{{2}}:[0-9]{{2}}(?:$|[,+ ]))| (?=(?:{'|'.join(OPERATORS)}):)")
_READ_OTHERWISE: Final = re.compile("(?:[A-Za-z]{2}|[0-9]{2}):")
_MISTYPED: Final = re.compile("([A-Za-z]{2}):")
_ESCAPED: Final = re.compile("%(2C|2B|20|25)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")

Value = str | Sequence[str] | None
"""What a component holds for an observation: one value, several, or none."""

Predicate = Callable[[Value], bool]
_Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One value with its operator; `is_bare`: none was written."""

    operator: str
    value: str
    is_bare: bool = field(default=False, compare=False)

    @property
    def is_negative(self) -> bool:
        """Whether it excludes: then every one of several values must pass it."""
        return self.operator in ("ne", "nc")

    def __str__(self) -> str:
        value = re.sub("[%,+]", lambda match: f"%{ord(match[0]):02X}", self.value)
        value = re.sub(f" (?=({'|'.join(OPERATORS)}):)", "%20", value)
        plain = self.operator == "eq" and not _READ_OTHERWISE.match(value)
        return value if plain else f"{self.operator}:{value}"


@dataclass(frozen=True, slots=True)
class ComponentFilter:
    """The conditions on one component: any of the alternatives, all conditions of it."""

    component: str
    alternatives: tuple[tuple[Condition, ...], ...]

    def __str__(self) -> str:
        return ",".join("+".join(map(str, alternative)) for alternative in self.alternatives)


def parse_filter(component: str, raw: str) -> ComponentFilter:
    """Read the value of `c[component]`, still percent-encoded.

    Raises:
        QuerySyntaxError: no component id, or an empty value.
    """
    if not all(map(COMPONENT_ID.fullmatch, component.split("."))):
        raise QuerySyntaxError(
            f"c[{component[:80]}] does not name a component.",
            f"c[{component[:80]}] no nombra un componente.",
        )
    alternatives = tuple(
        tuple(_parse_condition(component, part) for part in _AND.split(alternative))
        for alternative in decode(raw).split(",")
    )
    return ComponentFilter(component, alternatives)


def check_operators(component_filter: ComponentFilter, known: Collection[str] = ()) -> None:
    """See that no value begins with what must be a mistyped operator: `zz:F`.

    For components whose values are codes; one that has a colon all the same is written with an
    operator, `eq:zz:F`, or is among the `known` ones.

    Raises:
        QuerySyntaxError: a value does.
    """
    for alternative in component_filter.alternatives:
        for condition in alternative:
            match = _MISTYPED.match(condition.value) if condition.is_bare else None
            if match is not None and condition.value not in known:
                listed = ", ".join(OPERATORS)
                raise QuerySyntaxError(
                    f"c[{component_filter.component}] has the operator {match[1]!r}; "
                    f"there are {listed}.",
                    f"c[{component_filter.component}] tiene el operador {match[1]!r}; "
                    f"los hay: {listed}.",
                    component=component_filter.component,
                )


def is_plain_list(component_filter: ComponentFilter) -> tuple[str, ...] | None:
    """Give the values when the filter only lists some (`A,B`), else None."""
    for alternative in component_filter.alternatives:
        if len(alternative) != 1 or alternative[0].operator != "eq":
            return None
    return tuple(alternative[0].value for alternative in component_filter.alternatives)


def codes_matching(component_filter: ComponentFilter, codes: Iterable[str]) -> set[str] | None:
    """Give the codes of a dimension that pass a filter, or None when all of them do."""
    known = set(codes)
    matches = text_predicate(component_filter)
    found = {code for code in known if matches(code)}
    return None if found == known else found


def text_predicate(component_filter: ComponentFilter) -> Predicate:
    """Build a test for codes and texts; `co nc sw ew` ignore case, order is by code point.

    A missing value passes nothing, `ne` included. Of several values one must pass, and for `ne`
    and `nc` each; so `B+M` wants both.
    """
    plain = is_plain_list(component_filter)
    if plain is None:
        return _predicate(component_filter, _text_test)
    wanted = frozenset(plain)

    def listed(value: Value) -> bool:
        if value is None or isinstance(value, str):
            return value in wanted
        return not wanted.isdisjoint(value)

    return listed


def number_predicate(component_filter: ComponentFilter) -> Predicate:
    """Build a test for numbers, compared exactly; what is no number passes nothing.

    Raises:
        QuerySyntaxError: a value to compare with is no number.
    """
    return _predicate(component_filter, _number_test)


def time_predicate(
    component_filter: ComponentFilter,
    reporting_year_start_day: str = CALENDAR_YEAR,
    asked_start_day: str | None = None,
) -> Predicate:
    """Build a test for time periods, compared by their frames (see `FRAME_OPERATORS`).

    `co nc sw ew` look into the text. The reporting year start day applies to both sides,
    unless another is given for what is asked.

    Raises:
        QuerySyntaxError: a value to compare with is no time period.
    """

    def build(condition: Condition) -> _Test:
        return _time_test(condition, reporting_year_start_day, asked_start_day)

    return _predicate(component_filter, build)


def _parse_condition(component: str, text: str) -> Condition:
    match = _OPERATOR.fullmatch(text)
    operator, value = (match[1], match[2]) if match else ("eq", text)
    if not value:
        raise QuerySyntaxError(
            f"c[{component}] has an empty value.",
            f"c[{component}] tiene un valor vacío.",
            component=component,
        )
    plain = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    return Condition(operator, plain, is_bare=match is None)


def _predicate(component_filter: ComponentFilter, build: Callable[[Condition], _Test]) -> Predicate:
    """Put the tests of single conditions together."""
    alternatives = [
        [(build(condition), condition.is_negative) for condition in alternative]
        for alternative in component_filter.alternatives
    ]

    def passes(value: Value) -> bool:
        if not value:
            return False
        if isinstance(value, str):
            return any(all(test(value) for test, _ in tests) for tests in alternatives)
        return any(
            all((all if negative else any)(map(test, value)) for test, negative in tests)
            for tests in alternatives
        )

    return passes


def _text_test(condition: Condition) -> _Test:
    value = condition.value
    folded = value.casefold()
    tests: dict[str, _Test] = {
        "eq": lambda text: text == value,
        "ne": lambda text: text != value,
        "lt": lambda text: text < value,
        "le": lambda text: text <= value,
        "gt": lambda text: text > value,
        "ge": lambda text: text >= value,
        "co": lambda text: folded in text.casefold(),
        "nc": lambda text: folded not in text.casefold(),
        "sw": lambda text: text.casefold().startswith(folded),
        "ew": lambda text: text.casefold().endswith(folded),
    }
    return tests[condition.operator]


def _number_test(condition: Condition) -> _Test:
    if condition.operator not in FRAME_OPERATORS:
        return _text_test(condition)
    asked = _number(condition.value)
    if asked is None:
        raise QuerySyntaxError(
            f"{condition.value[:80]!r} is not a number to compare with.",
            f"{condition.value[:80]!r} no es un número con el que comparar.",
        )
    tests: dict[str, Callable[[Decimal], bool]] = {
        "eq": asked.__eq__,
        "ne": asked.__ne__,
        "lt": asked.__gt__,
        "le": asked.__ge__,
        "gt": asked.__lt__,
        "ge": asked.__le__,
    }
    compare = tests[condition.operator]

    def test(text: str) -> bool:
        number = _number(text)
        return number is not None and compare(number)

    return test


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _time_test(condition: Condition, start_day: str, asked_start_day: str | None) -> _Test:
    compare = FRAME_OPERATORS.get(condition.operator)
    if compare is None:
        return _text_test(condition)
    asked = parse_time_period(condition.value, asked_start_day or start_day)

    @lru_cache(maxsize=8192)
    def test(text: str) -> bool:
        observed = _period(text, start_day)
        return observed is not None and compare(observed, asked)

    return test


def _period(text: str, start_day: str) -> TimePeriod | None:
    try:
        return parse_time_period(text, start_day)
    except QuerySyntaxError:
        return None
