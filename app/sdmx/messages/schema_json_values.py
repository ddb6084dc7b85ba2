"""Values as SDMX-JSON writes them, and the cells of observations, as JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from app.sdmx.flow import Component
from app.sdmx.messages.schema_xsd_types import bounds_of
from app.sdmx.schema_data import DataSchema
from app.sdmx.values import MISSING, read_pattern

JsonSchema: TypeAlias = dict[str, Any]

INDEX: Final[JsonSchema] = {"type": "integer", "minimum": 0}
_NULL: Final[JsonSchema] = {"type": "null"}
_MISSING: Final[JsonSchema] = {"enum": [MISSING, "NaN"]}

_WHOLE_NUMBERS: Final[Mapping[str, tuple[int, int] | None]] = {
    "Short": (-(2**15), 2**15 - 1),
    "Integer": (-(2**31), 2**31 - 1),
    "Long": (-(2**63), 2**63 - 1),
    "Count": (0, 2**63 - 1),
    "BigInteger": None,
}
_FLOATING: Final = frozenset(
    {"Numeric", "Float", "Double", "InclusiveValueRange", "ExclusiveValueRange"}
)
_DECIMALS: Final = frozenset({"Decimal", "Incremental"})

_MONTH: Final = "(?:0[1-9]|1[0-2])"
_DAY: Final = "(?:0[1-9]|[12][0-9]|3[01])"
_ZONE: Final = "(?:Z|[+-][0-9]{2}:[0-9]{2})?"
_CLOCK: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_DATE: Final = f"[0-9]{{4}}-{_MONTH}-{_DAY}"
_REPORTING: Final = {
    "Year": "A1",
    "Semester": "S[12]",
    "Trimester": "T[1-3]",
    "Quarter": "Q[1-4]",
    "Month": f"M{_MONTH}",
    "Week": "W(?:0[1-9]|[1-4][0-9]|5[0-3])",
    "Day": "D(?:00[1-9]|0[1-9][0-9]|[12][0-9]{2}|3[0-5][0-9]|36[0-6])",
}
_GREGORIAN: Final = f"[0-9]{{4}}(?:-{_MONTH}(?:-{_DAY})?)?{_ZONE}"
_BASIC: Final = f"(?:{_GREGORIAN}|{_DATE}T{_CLOCK}{_ZONE})"
_PERIOD: Final = f"[0-9]{{4}}-(?:{'|'.join(_REPORTING.values())}){_ZONE}"
_RANGE: Final = rf"{_DATE}(?:T{_CLOCK})?{_ZONE}/-?P[0-9YMDTHS.]+"
_TEXTS: Final[Mapping[str, str]] = {
    "Alpha": "[A-Za-z]+",
    "AlphaNumeric": "[A-Za-z0-9]+",
    "DateTime": f"{_DATE}T{_CLOCK}{_ZONE}",
    "Time": f"{_CLOCK}{_ZONE}",
    "Month": f"--{_MONTH}{_ZONE}",
    "Day": f"---{_DAY}{_ZONE}",
    "MonthDay": f"--{_MONTH}-{_DAY}{_ZONE}",
    "Duration": "-?P[0-9YMDTHS.]+",
    "GregorianYear": f"[0-9]{{4}}{_ZONE}",
    "GregorianYearMonth": f"[0-9]{{4}}-{_MONTH}{_ZONE}",
    "GregorianDay": f"{_DATE}{_ZONE}",
    "GregorianTimePeriod": _GREGORIAN,
    "BasicTimePeriod": _BASIC,
    "ReportingTimePeriod": _PERIOD,
    **{f"Reporting{name}": f"[0-9]{{4}}-{form}{_ZONE}" for name, form in _REPORTING.items()},
    "StandardTimePeriod": f"(?:{_BASIC}|{_PERIOD})",
    "TimeRange": _RANGE,
    "ObservationalTimePeriod": f"(?:{_BASIC}|{_PERIOD}|{_RANGE})",
}
"""The forms of texts; whether a date exists is not asked here."""


def value_object(schema: DataSchema, component: Component, version: str) -> JsonSchema:
    """One entry of the list `values` of a component."""
    if component.level == "time" and version == "2.0.0":
        # Up to 2.0 a period is an item with an id.
        return _id_or_value(_value(schema, component))
    if component.codes is not None:
        # Entries of value lists have values, as they may be no ids.
        return _id_or_value({"enum": list(schema.allowed.get(component.id, ()))})
    value = _value(schema, component)
    if component.is_multi_valued:
        return _object("values", _several(component, value))
    return _object("value", value)


def cell(schema: DataSchema, component: Component, version: str) -> JsonSchema:
    """What stands for a component with an observation, a series, a group or the dataset.

    Coded values are indexes, and others may be where `values` lists them; measures are themselves.
    """
    if schema.deletion:
        return {}
    if component.codes is None:
        value = _value(schema, component)
        if component.is_multi_valued:
            value = _several(component, value)
        plain = [value] if component.level == "measure" else [value, INDEX]
    elif not component.is_multi_valued:
        plain = [INDEX]
    elif version == "2.0.0":
        # Arrays hold the codes themselves: whole numbers in them are refused by the schema of 2.0.
        codes = {"enum": list(schema.allowed.get(component.id, ()))}
        plain = [_several(component, codes)]
    else:
        plain = [_several(component, INDEX)]
    if not schema.is_required(component):
        plain.append(_NULL)
    return plain[0] if len(plain) == 1 else {"anyOf": plain}


def _id_or_value(value: JsonSchema) -> JsonSchema:
    return {"anyOf": [_object("id", value), _object("value", value)]}


def _object(name: str, value: JsonSchema) -> JsonSchema:
    return {"type": "object", "properties": {name: value}, "required": [name]}


def _several(component: Component, value: JsonSchema) -> JsonSchema:
    most = {} if component.max_occurs is None else {"maxItems": component.max_occurs}
    return {"type": "array", "items": value, **most}


def _value(schema: DataSchema, component: Component) -> JsonSchema:
    """A value that is not coded."""
    values = schema.allowed.get(component.id)
    if values is not None:
        return {"enum": list(values)}
    plain = plain_value(component)
    is_text = plain == {"type": "string"} or component.multilingual
    if is_text or component.level in {"dimension", "time"}:
        return plain
    return {"anyOf": [plain, _MISSING]}


def plain_value(component: Component) -> JsonSchema:
    """A value of a component, whatever is allowed of its codes; texts may be by language."""
    if component.codes is not None:
        return {"enum": list(component.codes)}
    plain = _plain(component.data_type, component.facets)
    if component.multilingual:
        return {"anyOf": [{"type": "object", "additionalProperties": plain}, plain]}
    return plain


def _plain(data_type: str, facets: Mapping[str, Any]) -> JsonSchema:
    if data_type == "Boolean":
        return {"type": "boolean"}
    if data_type in _WHOLE_NUMBERS or data_type in _FLOATING or data_type in _DECIMALS:
        return _number(data_type, facets)
    text: JsonSchema = {"type": "string"}
    for name in ("minLength", "maxLength"):
        if name in facets:
            text[name] = int(facets[name])
    patterns = [_TEXTS[data_type]] if data_type in _TEXTS else []
    own = read_pattern(facets["pattern"]) if "pattern" in facets else None
    if own is not None:
        patterns.append(own.pattern)
    anchored = [f"^(?:{pattern})$" for pattern in patterns]
    if anchored:
        text["pattern"] = anchored[0]
    if anchored[1:]:
        text["allOf"] = [{"pattern": pattern} for pattern in anchored[1:]]
    return text


def _number(data_type: str, facets: Mapping[str, Any]) -> JsonSchema:
    """A number; those that a program might round may be texts."""
    bounds = bounds_of(facets, strict=data_type == "ExclusiveValueRange")
    is_whole = data_type in _WHOLE_NUMBERS
    low, high = "minimum", "maximum"
    if bounds.strict:
        low, high = "exclusiveMinimum", "exclusiveMaximum"
    number: JsonSchema = {"type": "integer" if is_whole else "number"}
    limits = _WHOLE_NUMBERS.get(data_type)
    if limits is not None:
        number |= {"minimum": limits[0], "maximum": limits[1]}
    if bounds.least is not None:
        number[low] = float(bounds.least)
    if bounds.greatest is not None:
        number[high] = float(bounds.greatest)
    if data_type in _FLOATING or limits is not None:
        return number
    places = "" if is_whole else r"(?:\.[0-9]*)?"
    if not is_whole and "decimals" in facets:
        places = rf"(?:\.[0-9]{{0,{int(facets['decimals'])}}})?"
    text = {"type": "string", "pattern": rf"^[+-]?(?:[0-9]+{places}|\.[0-9]+)$"}
    return {"anyOf": [number, text]}
