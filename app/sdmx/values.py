"""Representations: is a text a value of a data type, by the strict grammar of the type?

The data types are those of SDMX (SDMX-JSON 2.1 structure schema, `dataType`). The checks take
the text that was sent and nothing else: no `true` for a number, no exponent in a Decimal, no
date that does not exist.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias

from app.errors import VipmgError
from app.sdmx.time_period import parse_time_period

Check: TypeAlias = Callable[[str], bool]

MISSING = "#N/A"
"""Intentionally missing, for values that are no floating-point number."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_ALPHA = re.compile(r"[A-Za-z]+")
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_@$-]+")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

_RANGES: Mapping[str, tuple[int, int]] = {
    "Short": (-(2**15), 2**15 - 1),
    "Integer": (-(2**31), 2**31 - 1),
    "Long": (-(2**63), 2**63 - 1),
    "Count": (0, 2**63 - 1),
}


def is_decimal(text: str) -> bool:
    """A decimal numeral: digits, one point at most, a sign; no exponent (xs:decimal)."""
    return _DECIMAL.fullmatch(text) is not None


def is_float(text: str) -> bool:
    """A floating-point numeral, `INF`, `-INF` or `NaN` (xs:double)."""
    return _FLOAT.fullmatch(text) is not None


def is_date_time(text: str) -> bool:
    """A date and time that exists (xs:dateTime)."""
    if _DATE_TIME.fullmatch(text) is None:
        return False
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_time_period(text: str) -> bool:
    """Any SDMX observational time period."""
    try:
        parse_time_period(text)
    except VipmgError:
        return False
    return True


def is_text(text: str) -> bool:
    """Text without control characters or lone surrogates, which no format can carry."""
    return _CONTROL.search(text) is None


def _integer_within(low: int, high: int) -> Check:
    def check(text: str) -> bool:
        return _INTEGER.fullmatch(text) is not None and len(text) < 21 and low <= int(text) <= high

    return check


def _full_match(pattern: re.Pattern[str]) -> Check:
    return lambda text: pattern.fullmatch(text) is not None


_CHECKS: Mapping[str, Check] = {
    "Decimal": is_decimal,
    "Numeric": is_float,
    "Float": is_float,
    "Double": is_float,
    "Incremental": is_decimal,
    "BigInteger": _full_match(_INTEGER),
    "Boolean": lambda text: text in {"true", "false", "1", "0"},
    "Alpha": _full_match(_ALPHA),
    "AlphaNumeric": _full_match(_ALPHANUMERIC),
    "IdentifiableReference": _full_match(_IDENTIFIER),
    "DateTime": is_date_time,
    **{name: _integer_within(*bounds) for name, bounds in _RANGES.items()},
    **dict.fromkeys(
        (
            "ObservationalTimePeriod",
            "StandardTimePeriod",
            "BasicTimePeriod",
            "GregorianTimePeriod",
            "GregorianYear",
            "GregorianYearMonth",
            "GregorianDay",
            "ReportingTimePeriod",
            "TimeRange",
        ),
        is_time_period,
    ),
}

_FLOATING = frozenset({"Numeric", "Float", "Double"})

_FACETS_OF_LENGTH: Mapping[str, Callable[[int, int], bool]] = {
    "minLength": lambda length, bound: length >= bound,
    "maxLength": lambda length, bound: length <= bound,
}


def value_check(data_type: str, facets: Mapping[str, Any]) -> Check:
    """The check of a representation: its data type and its facets together.

    Facets are those of an SDMX-JSON `format`: minLength, maxLength, minValue, maxValue, decimals.
    """
    checks: list[Check] = [_CHECKS.get(data_type, is_text)]
    for facet, holds in _FACETS_OF_LENGTH.items():
        if facet in facets:
            checks.append(_length_check(holds, int(facets[facet])))
    if "minValue" in facets:
        checks.append(_bound_check(Decimal(str(facets["minValue"])), lower=True))
    if "maxValue" in facets:
        checks.append(_bound_check(Decimal(str(facets["maxValue"])), lower=False))
    if "decimals" in facets:
        places = int(facets["decimals"])
        checks.append(lambda text: len(text.partition(".")[2]) <= places)
    missing = "NaN" if data_type in _FLOATING else MISSING
    if len(checks) == 1:
        only = checks[0]
        return lambda text: only(text) or text == missing
    return lambda text: text == missing or all(check(text) for check in checks)


def _length_check(holds: Callable[[int, int], bool], bound: int) -> Check:
    return lambda text: holds(len(text), bound)


def _bound_check(bound: Decimal, *, lower: bool) -> Check:
    def check(text: str) -> bool:
        try:
            return Decimal(text) >= bound if lower else Decimal(text) <= bound
        except InvalidOperation:
            return False

    return check
