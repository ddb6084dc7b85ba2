"""The kinds of values in structures: what SDMX lets an id, an instant or a reference be.

The tables of `structure_ml_*` name the kind of each member, and what is to be stored is checked
by them (`app.sdmx.artefact_shape`). What is read is not: a message in another version may have
what the newest one has in another form.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from app.errors import InvalidArtefactError, QuerySyntaxError
from app.sdmx.messages.structure_ml_text import DATE, INTEGER, OCCURRENCE, TEXT, TOKEN, Kind
from app.sdmx.urn import (
    AGENCY_ID,
    CLASS_PACKAGES,
    COMPONENT_ID,
    ITEM_PATH,
    PREFIX,
    RESOURCE_ID,
    parse_urn,
)
from app.sdmx.values import read_pattern
from app.sdmx.version import Version

_ZONE: Final = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME: Final = r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_INSTANT: Final = re.compile(_DAY + _TIME + _ZONE)
_NAIVE: Final = re.compile(rf"{_DAY}(?:{_TIME})?")
_LOOSE_DAY: Final = re.compile(_DAY + _ZONE)
_YEAR_OR_MONTH: Final = re.compile(rf"[0-9]{{4}}(?:-(?:0[1-9]|1[0-2]))?{_ZONE}?")
_REPORTING: Final = re.compile(rf"[0-9]{{4}}-(?:[ASTQ][0-9]|[MW][0-9]{{2}}|D[0-9]{{3}}){_ZONE}?")
_DURATION: Final = re.compile(
    r"P(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+(?:\.[0-9]+)?S)?)?"
)
_LANGUAGE: Final = re.compile(  # RFC 5646, section 2.1
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?"
    r"(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    r"(?:-[0-9A-WYZa-wyz](?:-[A-Za-z0-9]{2,8})+)*(?:-x(?:-[A-Za-z0-9]{1,8})+)?"
    r"|x(?:-[A-Za-z0-9]{1,8})+"
    r"|en-GB-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)"
    r"|sgn-(?:BE-FR|BE-NL|CH-DE)|art-lojban|cel-gaulish|no-(?:bok|nyn)"
    r"|zh-(?:guoyu|hakka|min|min-nan|xiang)"
)
_SIGN: Final = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_ADDRESS: Final = re.compile(  # RFC 3986, appendix A
    rf"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?"
    rf"(?://(?:{_SIGN}*@)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]*)?(?=[/?#]|$))?"
    rf"(?:{_SIGN}|/)*(?:\?(?:{_SIGN}|[/?])*)?(?:\#(?:{_SIGN}|[/?])*)?"
)
_LOCAL: Final = re.compile(r"[^:/?#]*:")
_WILD: Final = re.compile(r"[A-Za-z0-9_@$-]+%?")
_OLD_CLASSES: Final = frozenset(
    {
        *("AttachmentConstraint", "ContentConstraint", "HierarchicalCodelist", "MeasureDimension"),
        *("MetadataSet", "PrimaryMeasure", "ReportingYearStartDay", "StructureSet"),
    }
)
_PROVIDERS: Final = {"DataProvider": "DATA_PROVIDERS", "MetadataProvider": "METADATA_PROVIDERS"}


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _kind(base: Kind, fits: Callable[[Any], bool], en: str, es: str) -> Kind:
    return replace(base, fits=fits, en=en, es=es)


def matching(pattern: re.Pattern[str], en: str, es: str) -> Kind:
    """A text of this form; `en` and `es` say what it is called."""
    return _kind(TOKEN, _matching(pattern), en, es)


def one_of(*values: str) -> Kind:
    """One of these texts."""
    known = frozenset(values)
    if len(values) > _SHOWN:
        return _kind(TOKEN, _is_in(known), "one that SDMX knows", "uno que SDMX conozca")
    listed = ", ".join(values)
    return _kind(TOKEN, _is_in(known), listed, listed)


_SHOWN: Final = 6


def _is_in(known: frozenset[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in known


def urn_to(*classes: str) -> Kind:
    """A reference to an artefact of one of these classes; without one, to anything."""
    wanted = frozenset(classes)
    listed = "/".join(classes)
    en = f"the URN of a {listed}" if classes else "a URN"
    es = f"el URN de un {listed}" if classes else "un URN"
    return _kind(TOKEN, lambda value: isinstance(value, str) and _is_urn(value, wanted), en, es)


@lru_cache(maxsize=8192)
def _is_urn(text: str, wanted: frozenset[str]) -> bool:
    try:
        found = parse_urn(text)
    except InvalidArtefactError:
        return False
    if found.class_name in _OLD_CLASSES or (wanted and found.class_name not in wanted):
        return False
    if found.class_name in _PROVIDERS:
        place = found.id, found.version
        if place != (_PROVIDERS[found.class_name], "1.0"):
            return False
    return _is_version(found.version)


_LINK: Final = re.compile(
    rf"urn:sdmx:org\.sdmx\.infomodel\.([a-z]+)\.([A-Za-z]+)={AGENCY_ID.pattern}:"
    rf"{RESOURCE_ID.pattern}\(([^()\s]+)\)(?:\.{ITEM_PATH.pattern})?"
)


def _is_link(value: object) -> bool:
    found = _LINK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return False
    package, name, version = found.groups()
    known = CLASS_PACKAGES.get(name) == package and name not in _OLD_CLASSES
    return known and _is_version(version)


def _is_version(text: str) -> bool:
    """Whether a reference may have this version: exact, or three parts of which one has a +."""
    if text.count("+") == 1 and text.count(".") == 2:
        text = text.replace("+", "")
    try:
        Version.parse(text)
    except QuerySyntaxError:
        return False
    return True


def _is_wild_urn(value: object) -> bool:
    if not isinstance(value, str) or not value.startswith(PREFIX):
        return False
    return _WILD_URN.fullmatch(value) is not None


_PART: Final = r"(?:\*|[A-Za-z0-9_@$.-]+)"
_WILD_URN: Final = re.compile(
    rf"urn:sdmx:org\.sdmx\.infomodel\.[a-z]+\.[A-Za-z]+={_PART}:{_PART}"
    rf"\((?:\*|[0-9A-Za-z.+-]+)\)(?:\.{_PART})?"
)


def _is_instant(value: object) -> bool:
    return isinstance(value, str) and _INSTANT.fullmatch(value) is not None and _exists(value)


def _exists(text: str) -> bool:
    """Whether the calendar has such a day, and the day such a time."""
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_period(value: object) -> bool:
    if not isinstance(value, str):
        return False
    if _YEAR_OR_MONTH.fullmatch(value) or _REPORTING.fullmatch(value):
        return True
    is_day = re.fullmatch(_DAY, value) is not None
    return (is_day and _exists(value)) or _is_instant(value)


def _is_observed_period(value: object) -> bool:
    if _is_period(value):
        return True
    if not isinstance(value, str):
        return False
    start, _, length = value.partition("/")
    is_start = _NAIVE.fullmatch(start) is not None and _exists(start)
    return (is_start or _is_instant(start)) and _DURATION.fullmatch(length) is not None


def _is_language(value: object) -> bool:
    return isinstance(value, str) and is_language(value)


@lru_cache(maxsize=512)
def is_language(text: str) -> bool:
    """Whether a text is the tag of a language (RFC 5646)."""
    return _LANGUAGE.fullmatch(text) is not None


def _is_address(value: object) -> bool:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return False
    # What stands before the first colon is a scheme, unless a slash comes first.
    return found["scheme"] is not None or _LOCAL.match(found[0]) is None


def _is_whole_address(value: object) -> bool:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    return found is not None and found["scheme"] is not None


def _at_least(minimum: int) -> Callable[[Any], bool]:
    return lambda value: INTEGER.fits(value) and value >= minimum


def read_instant(text: str) -> str:
    """A day, or an instant without a zone, as an instant; what is neither stays as it is."""
    text = text.strip()
    if _LOOSE_DAY.fullmatch(text):
        length = len("2026-01-31")
        return f"{text[:length]}T00:00:00{text[length:]}"
    if _NAIVE.fullmatch(text):
        return f"{text}Z" if "T" in text else f"{text}T00:00:00Z"
    return text


def _is_pattern(value: object) -> bool:
    return isinstance(value, str) and _may_be_pattern(value)


@lru_cache(maxsize=512)
def _may_be_pattern(text: str) -> bool:
    """Whether Python or XML Schema can read it: authors write patterns of either."""
    if read_pattern(text) is not None:
        return True
    space = "http://www.w3.org/2001/XMLSchema"
    schema = etree.Element(f"{{{space}}}schema", nsmap={"xs": space})
    simple = etree.SubElement(schema, f"{{{space}}}simpleType", name="T")
    base = etree.SubElement(simple, f"{{{space}}}restriction", base="xs:string")
    try:
        etree.SubElement(base, f"{{{space}}}pattern", value=text)
        etree.XMLSchema(schema)
    except (etree.XMLSchemaParseError, ValueError):
        return False
    return True


ID: Final = matching(RESOURCE_ID, "an id", "un id")
"""The id of an item."""

NC_ID: Final = matching(
    COMPONENT_ID, "an id that begins with a letter", "un id que comience con letra"
)
"""The id of a component or concept."""

PATH: Final = matching(ITEM_PATH, "an id", "un id")
"""Ids with dots between them."""

NC_PATH: Final = matching(AGENCY_ID, "an id", "un id")
"""Ids that begin with letters, dots between them."""

WILDCARD: Final = matching(_WILD, "an id, perhaps with % at its end", "un id, quizá con % al final")
"""An id, or how ids begin."""

INSTANT: Final = replace(
    _kind(TEXT, _is_instant, "a date-time with its zone", "una fecha y hora con su zona"),
    read=read_instant,
)
"""An instant (xs:dateTime); a day in XML is its beginning."""

PERIOD: Final = _kind(TOKEN, _is_period, "a period of time", "un período de tiempo")
"""A standard time period."""

OBSERVED_PERIOD: Final = _kind(
    TOKEN, _is_observed_period, "a period of time", "un período de tiempo"
)
"""A period that an observation may have."""

DURATION: Final = matching(_DURATION, "a duration", "una duración")
"""A duration."""

DAY: Final = _kind(DATE, _is_instant, INSTANT.en, INSTANT.es)
"""An instant of which XML has the day alone."""

LANGUAGE: Final = _kind(TOKEN, _is_language, "the tag of a language", "la etiqueta de un idioma")
"""The tag of a language."""

LINK_LANGUAGE: Final = replace(
    _kind(
        TOKEN,
        lambda value: _is_language(value) and value == value.lower(),
        "the tag of a language in small letters",
        "la etiqueta de un idioma en minúsculas",
    ),
    read=lambda text: text.strip().lower(),
)
"""The tag of a language where the schemas of JSON know small letters alone."""

ADDRESS: Final = _kind(TOKEN, _is_whole_address, "an address (URI)", "una dirección (URI)")
"""An address, perhaps a relative one."""

WHOLE_ADDRESS: Final = _kind(TOKEN, _is_whole_address, "an address (URI)", "una dirección (URI)")
"""An address with its scheme."""

EMAIL: Final = matching(re.compile(r"[^@]*@.*"), "an address of e-mail", "un correo electrónico")
"""An address of e-mail."""

PATTERN: Final = _kind(TEXT, _is_pattern, "a regular expression", "una expresión regular")
"""A regular expression."""

COUNT: Final = _kind(INTEGER, _at_least(0), "an integer from 0", "un entero desde 0")
"""An integer that is not negative."""

POSITIVE: Final = _kind(INTEGER, _at_least(1), "an integer from 1", "un entero desde 1")
"""An integer above zero."""

UPPER: Final = _kind(
    OCCURRENCE,
    lambda value: value == "unbounded" or _at_least(1)(value),
    "an integer from 1 or unbounded",
    "un entero desde 1 o unbounded",
)
"""How often something may stand."""

URN: Final = _kind(TOKEN, _is_link, "a URN", "un URN")
"""A URN in a link, which may forget the item."""

TARGET: Final = _kind(
    TOKEN, _is_wild_urn, "a URN, perhaps with wildcards", "un URN, quizá con comodines"
)
"""A reference with wildcards."""

ANY_VALUE: Final = _kind(
    TEXT,
    lambda value: isinstance(value, str | int | float) and not isinstance(value, bool),
    "a text or a number",
    "un texto o un número",
)
"""A text or a number."""


def _types(names: str) -> tuple[str, ...]:
    return tuple(names.split())


_TIMES: Final = _types(
    "ObservationalTimePeriod StandardTimePeriod BasicTimePeriod GregorianTimePeriod GregorianYear "
    "GregorianYearMonth GregorianDay ReportingTimePeriod ReportingYear ReportingSemester "
    "ReportingTrimester ReportingQuarter ReportingMonth ReportingWeek ReportingDay"
)
_PLAIN: Final = _types("String Alpha AlphaNumeric Numeric BigInteger Integer Long Short")
_OTHERS: Final = _types(
    "Boolean URI Count InclusiveValueRange ExclusiveValueRange Incremental Month MonthDay Day "
    "Duration"
)
_CODES: Final = (*_PLAIN, *_OTHERS, *_TIMES)
_SIMPLE: Final = (*_CODES, *_types("Decimal Float Double DateTime TimeRange Time"))
_BASIC: Final = (*_SIMPLE, "GeospatialInformation", "XHTML")

CODE_TYPE: Final = one_of(*_CODES)
"""The data types of codes."""

SIMPLE_CODE_TYPE: Final = one_of("Alpha", "AlphaNumeric", "Numeric")
"""The data types of the codes of a level."""

SIMPLE_TYPE: Final = one_of(*_SIMPLE, "GeospatialInformation")
"""The data types of dimensions."""

BASIC_TYPE: Final = one_of(*_BASIC)
"""The data types of components."""

TIME_TYPE: Final = one_of(*_TIMES, "DateTime", "TimeRange")
"""The data types of time."""

DATA_TYPE: Final = one_of(*_BASIC, "KeyValues", "IdentifiableReference", "DataSetReference")
"""All data types."""
