"""Representations as simple types of XML Schema (SDMX data types, facets, enumerations)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any, Final

from app.sdmx.flow import Component
from app.sdmx.schema_data import DataSchema
from app.sdmx.values import MISSING, read_pattern

START_DAY: Final = "REPORTING_YEAR_START_DAY"
"""The component that the types of SDMX-ML 2.1 declare themselves."""

_STRING: Final = "xs:string"
_TIME_PERIOD: Final = "common:ObservationalTimePeriodType"

_BASES: Final[Mapping[str, str]] = {
    "Alpha": "common:AlphaType",
    "AlphaNumeric": "common:AlphaNumericType",
    "BigInteger": "xs:integer",
    "Integer": "xs:int",
    "Long": "xs:long",
    "Short": "xs:short",
    "Count": "xs:nonNegativeInteger",
    "Decimal": "xs:decimal",
    "Incremental": "xs:decimal",
    "Numeric": "xs:double",
    "Float": "xs:double",
    "Double": "xs:double",
    "InclusiveValueRange": "xs:double",
    "ExclusiveValueRange": "xs:double",
    "Boolean": "xs:boolean",
    "URI": "xs:anyURI",
    "DateTime": "xs:dateTime",
    "Time": "xs:time",
    "Month": "xs:gMonth",
    "Day": "xs:gDay",
    "MonthDay": "xs:gMonthDay",
    "Duration": "xs:duration",
    "GregorianYear": "xs:gYear",
    "GregorianYearMonth": "xs:gYearMonth",
    "GregorianDay": "xs:date",
    **{
        name: f"common:{name}Type"
        for name in (
            "ObservationalTimePeriod",
            "StandardTimePeriod",
            "BasicTimePeriod",
            "GregorianTimePeriod",
            "ReportingTimePeriod",
            "ReportingYear",
            "ReportingSemester",
            "ReportingTrimester",
            "ReportingQuarter",
            "ReportingMonth",
            "ReportingWeek",
            "ReportingDay",
            "TimeRange",
        )
    },
}
"""The base of each SDMX data type; those that are not here are text."""

_NUMBERS: Final = frozenset(
    {
        *("xs:integer", "xs:int", "xs:long", "xs:short", "xs:nonNegativeInteger"),
        *("xs:decimal", "xs:double"),
    }
)
# What other dialects have and XML Schema has not: groups with a question mark, lazy and
# possessive quantifiers, word boundaries, references back.
_FOREIGN: Final = re.compile(r"\(\?|[*+?}][?+]|\\[^nrt\\|.?*+(){}\-\[\]^sSiIcCdDwWpP$]|\$|\{,")


def simple_type(name: str, schema: DataSchema, component: Component) -> str:
    """The named simple type of the values of a component.

    In a message that deletes, the values of measures and attributes say nothing.
    """
    if component.id == START_DAY:
        return _named(name, _restriction("xs:gMonthDay"))
    is_key = component.level in {"dimension", "time"}
    if schema.deletion and not is_key:
        return _named(name, _restriction(_STRING))
    values = schema.allowed.get(component.id)
    if values is not None:
        return _named(name, _enumeration(values))
    base = _base(component)
    restricted = _restriction(base, _facets(base, component))
    if is_key or base == _STRING:
        return _named(name, restricted)
    missing = f"<xs:simpleType>{_enumeration((MISSING, 'NaN'))}</xs:simpleType>"
    own = f"<xs:simpleType>{restricted}</xs:simpleType>"
    return _named(name, f"<xs:union>{own}{missing}</xs:union>")


def _named(name: str, content: str) -> str:
    return f'<xs:simpleType name="{name}">{content}</xs:simpleType>'


def _enumeration(values: Iterable[str]) -> str:
    listed = [f'<xs:enumeration value="{escape(value)}"/>' for value in values]
    # Without any enumeration all text would be valid; of length 0 and 1 at once there is none.
    nothing = ['<xs:length value="0"/><xs:pattern value="."/>']
    return _restriction(_STRING, listed or nothing)


def _restriction(base: str, facets: Iterable[str] = ()) -> str:
    return f'<xs:restriction base="{base}">{"".join(facets)}</xs:restriction>'


def _base(component: Component) -> str:
    if component.level == "time":
        # The types of the standard declare the attribute with this one.
        return _TIME_PERIOD
    return _BASES.get(component.data_type, _STRING)


def _facets(base: str, component: Component) -> Iterator[str]:
    """The facets that the base allows."""
    given = component.facets
    if base in _NUMBERS:
        yield from _bounds(given, strict=component.data_type == "ExclusiveValueRange")
        if "decimals" in given and base == "xs:decimal":
            yield f'<xs:fractionDigits value="{int(given["decimals"])}"/>'
    elif base == _STRING:
        for name in ("minLength", "maxLength"):
            if name in given:
                yield f'<xs:{name} value="{int(given[name])}"/>'
    pattern = schema_pattern(given.get("pattern", ""))
    if pattern is not None and base not in {_TIME_PERIOD}:
        yield f'<xs:pattern value="{escape(pattern)}"/>'


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value of a number; both belong to it unless `strict`."""

    least: Decimal | None
    greatest: Decimal | None
    strict: bool = False


def bounds_of(facets: Mapping[str, Any], *, strict: bool = False) -> Bounds:
    """The bounds that facets set, those of a sequence too, which may run downwards."""
    down = (facets.get("interval") or 0) < 0
    first, last = ("endValue", "startValue") if down else ("startValue", "endValue")
    low = [Decimal(str(facets[name])) for name in ("minValue", first) if name in facets]
    high = [Decimal(str(facets[name])) for name in ("maxValue", last) if name in facets]
    return Bounds(max(low, default=None), min(high, default=None), strict)


def _bounds(facets: Mapping[str, Any], *, strict: bool) -> Iterator[str]:
    bounds = bounds_of(facets, strict=strict)
    kind = "Exclusive" if bounds.strict else "Inclusive"
    if bounds.least is not None:
        yield f'<xs:min{kind} value="{_number(bounds.least)}"/>'
    if bounds.greatest is not None:
        yield f'<xs:max{kind} value="{_number(bounds.greatest)}"/>'


def _number(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def schema_pattern(text: str) -> str | None:
    """A pattern without the anchors that authors write; None: it is none of XML Schema."""
    if not text or read_pattern(text) is None:
        return None
    plain = re.sub(r"(?<!\\)(?:(?<=^)\^|(?<=[(|])\^|\$(?=$|[)|]))", "", text)
    return None if _FOREIGN.search(plain) else plain
