"""Representations: is a text a value of a data type, by the strict grammar of the type?

The data types are those of SDMX (SDMX-JSON 2.1 structure schema, `dataType`). The checks take
the text that was sent and nothing else: no `true` for a number, no exponent in a Decimal, no
date that does not exist. GeospatialInformation and the reference types of metadata are taken as
text: SDMX gives no grammar of theirs that a schema could check.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeAlias
from xml.parsers import expat

from app.errors import VipmgError
from app.sdmx.time_period import TimePeriod, parse_time_period

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
_ZONE = r"(?:Z|[+-](?:14:00|(?:0[0-9]|1[0-3]):[0-5][0-9]))?"
_TIME = re.compile(
    r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)" + _ZONE
)
_MONTH = re.compile(r"--(?:0[1-9]|1[0-2])" + _ZONE)
_DAY = re.compile(r"---(?:0[1-9]|[12][0-9]|3[01])" + _ZONE)
_MONTH_DAY = re.compile(
    r"--(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|[12][0-9]))" + _ZONE
)
_DURATION = re.compile(
    r"-?P(?=.)(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=.)(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
)
_STEP = re.compile(
    r"P(?:([0-9]{1,6})Y)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})D)?"
    r"(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?"
)
_URI = re.compile(r"[^\s<>\"{}|\\^`]+")
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


def is_xhtml(text: str) -> bool:
    """Well-formed markup, in one element or several; a document type is refused, for entities."""
    if "<!DOCTYPE" in text or not is_text(text):
        return False
    try:
        expat.ParserCreate().Parse(f"<div>{text}</div>", True)
    except (expat.ExpatError, UnicodeEncodeError):
        return False
    return True


def _period_of(*forms: str) -> Check:
    """Time periods of some forms only."""

    def check(text: str) -> bool:
        period = _period(text)
        return period is not None and period.form in forms

    return check


def _period(text: str) -> TimePeriod | None:
    try:
        return parse_time_period(text)
    except VipmgError:
        return None


def _integer_within(low: int, high: int) -> Check:
    def check(text: str) -> bool:
        return _INTEGER.fullmatch(text) is not None and len(text) < 21 and low <= int(text) <= high

    return check


def _full_match(pattern: re.Pattern[str]) -> Check:
    return lambda text: pattern.fullmatch(text) is not None


_GREGORIAN = ("year", "month", "date")
_REPORTING = ("A", "S", "T", "Q", "M", "W", "D")

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
    "InclusiveValueRange": is_float,
    "ExclusiveValueRange": is_float,
    "URI": lambda text: _URI.fullmatch(text) is not None and is_text(text),
    "XHTML": is_xhtml,
    "Time": _full_match(_TIME),
    "Month": _full_match(_MONTH),
    "Day": _full_match(_DAY),
    "MonthDay": _full_match(_MONTH_DAY),
    "Duration": _full_match(_DURATION),
    "ObservationalTimePeriod": is_time_period,
    "StandardTimePeriod": _period_of(*_GREGORIAN, "datetime", *_REPORTING),
    "BasicTimePeriod": _period_of(*_GREGORIAN, "datetime"),
    "GregorianTimePeriod": _period_of(*_GREGORIAN),
    "GregorianYear": _period_of("year"),
    "GregorianYearMonth": _period_of("month"),
    "GregorianDay": _period_of("date"),
    "ReportingTimePeriod": _period_of(*_REPORTING),
    "ReportingYear": _period_of("A"),
    "ReportingSemester": _period_of("S"),
    "ReportingTrimester": _period_of("T"),
    "ReportingQuarter": _period_of("Q"),
    "ReportingMonth": _period_of("M"),
    "ReportingWeek": _period_of("W"),
    "ReportingDay": _period_of("D"),
    "TimeRange": _period_of("range"),
}

FLOATING = frozenset({"Numeric", "Float", "Double"})
"""Types whose missing value is `NaN`."""

INTEGERS = frozenset({"Integer", "Long", "Short", "Count"})
"""Types whose missing value is `#N/A` in text, and `NaN` where a format has numbers."""

_SHOWN_FACETS = (
    *("minLength", "maxLength", "minValue", "maxValue", "decimals", "pattern", "startValue"),
    *("endValue", "interval", "startTime", "endTime", "timeInterval"),
)

_FACETS_OF_LENGTH: Mapping[str, Callable[[int, int], bool]] = {
    "minLength": lambda length, bound: length >= bound,
    "maxLength": lambda length, bound: length <= bound,
}


def value_check(data_type: str, facets: Mapping[str, Any]) -> Check:
    """The check of a representation: its data type and its facets together.

    Facets are those of an SDMX-JSON `format`: minLength, maxLength, minValue, maxValue, decimals,
    pattern, and those of a sequence: startValue, endValue, interval, startTime, endTime,
    timeInterval. What a facet says that cannot be read itself is not checked.
    """
    checks: list[Check] = [_CHECKS.get(data_type, is_text)]
    for facet, holds in _FACETS_OF_LENGTH.items():
        if facet in facets:
            checks.append(_length_check(holds, int(facets[facet])))
    strict = data_type == "ExclusiveValueRange"
    if "minValue" in facets:
        checks.append(_bound_check(Decimal(str(facets["minValue"])), lower=True, strict=strict))
    if "maxValue" in facets:
        checks.append(_bound_check(Decimal(str(facets["maxValue"])), lower=False, strict=strict))
    if "decimals" in facets:
        places = int(facets["decimals"])
        checks.append(lambda text: len(text.partition(".")[2]) <= places)
    pattern = read_pattern(facets["pattern"]) if "pattern" in facets else None
    if pattern is not None:
        checks.append(_full_match(pattern))
    checks.extend(_sequence_checks(facets))
    checks.extend(_time_sequence_checks(facets))
    missing = "NaN" if data_type in FLOATING else MISSING
    if len(checks) == 1:
        only = checks[0]
        return lambda text: only(text) or text == missing
    return lambda text: text == missing or all(check(text) for check in checks)


def representation(data_type: str, facets: Mapping[str, Any]) -> str:
    """A data type and its facets in short, for findings: `String pattern=[A-Z]+`."""
    shown = (f"{n}={_plain(facets[n])}" for n in _SHOWN_FACETS if n in facets)
    return " ".join([data_type, *shown])


def _plain(limit: Any) -> Any:  # noqa: ANN401 - a facet
    """A limit as people write it: 0, not 0.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


_NAME_CLASSES = {"i": r"_:A-Za-z\u00C0-\uFFFD", "c": r"\-.0-9_:A-Za-z\u00B7-\uFFFD"}
"""The escapes of XML names that Python does not have, as parts of a class; wide beyond ASCII."""


def read_pattern(text: str) -> re.Pattern[str] | None:
    """The pattern of a representation, a regular expression of XML Schema; for a full match.

    Such expressions have no anchors. Authors write them all the same, so `^` and `$` are anchors
    where these would stand, and plain signs elsewhere. `None` for what Python cannot say: class
    subtraction, Unicode blocks and categories. A submission must not fail by a pattern that its
    sender did not write, so that one is not applied.
    """
    parts: list[str] = []
    inside = False
    place = 0
    while place < len(text):
        sign, following = text[place], text[place + 1 : place + 2]
        if sign == "\\":
            named = _NAME_CLASSES.get(following)
            if following in {"I", "C"}:
                return None
            parts.append(f"[{named}]" if named and not inside else named or sign + following)
            place += 2
            continue
        if inside:
            if sign == "[":
                return None  # subtraction, which Python reads otherwise
            inside = sign != "]"
        elif sign == "[":
            inside = True
            sign += "^" if following == "^" else ""
        elif (sign == "^" and text[place - 1 : place] not in {"", "(", "|"}) or (
            sign == "$" and following not in {"", ")", "|"}
        ):
            parts.append("\\")
        parts.append(sign)
        place += len(sign)
    try:
        return re.compile("".join(parts))
    except (re.error, OverflowError, RecursionError):
        return None


def _sequence_checks(facets: Mapping[str, Any]) -> Iterator[Check]:
    """Numbers from a start to an end, in steps; a sequence may run downwards."""
    start, end, step = (
        Decimal(str(facets[name])) if name in facets else None
        for name in ("startValue", "endValue", "interval")
    )
    down = step is not None and step < 0
    if start is not None:
        yield _bound_check(start, lower=not down)
    if end is not None:
        yield _bound_check(end, lower=down)
    if start is None or not step:
        return

    def on_step(text: str) -> bool:
        try:
            return (Decimal(text) - start) % step == 0
        except InvalidOperation:
            return False

    yield on_step


def _time_sequence_checks(facets: Mapping[str, Any]) -> Iterator[Check]:
    """Periods within a start and an end, in steps of a duration."""
    first, last = (_period(str(facets.get(name, ""))) for name in ("startTime", "endTime"))
    if first is not None:
        yield _within(lambda period: period.start >= first.start)
    if last is not None:
        yield _within(lambda period: period.end <= last.end)
    step = _STEP.fullmatch(str(facets.get("timeInterval", "")))
    if first is None or step is None:
        return
    years, months, days, hours, minutes, seconds = (int(part or 0) for part in step.groups())
    months += 12 * years
    rest = dt.timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if months and not rest:
        yield _within(lambda period: _months_between(first.start, period.start, months))
    elif rest and not months:
        yield _within(lambda period: not (period.start - first.start) % rest)
    # Steps of months and days together have no period of their own: they are not checked.


def _months_between(first: dt.datetime, start: dt.datetime, step: int) -> bool:
    """Whether a whole number of steps leads from one to the other; a short month ends early."""
    months = 12 * (start.year - first.year) + start.month - first.month
    day = min(first.day, monthrange(start.year, start.month)[1])
    return months % step == 0 and (start.day, start.time()) == (day, first.time())


def _within(holds: Callable[[TimePeriod], bool]) -> Check:
    def check(text: str) -> bool:
        period = _period(text)
        return period is not None and holds(period)

    return check


def _length_check(holds: Callable[[int, int], bool], bound: int) -> Check:
    return lambda text: holds(len(text), bound)


def _bound_check(bound: Decimal, *, lower: bool, strict: bool = False) -> Check:
    def check(text: str) -> bool:
        try:
            number = Decimal(text)
            if number == bound:
                return not strict
            return number > bound if lower else number < bound
        except InvalidOperation:
            return False

    return check
