"""Error messages in the family that was asked for: SDMX-JSON or SDMX-ML, in each version.

SDMX-CSV has no form for errors: who asks for it gets SDMX-JSON. Until SDMX 3.0 the code of a
message is that of SDMX (sdmx-rest 1.5, "Errors": 100 is no results, 140 a syntax error), since
then the status of HTTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import orjson

from app.sdmx.messages.structure_ml_text import escape
from app.sdmx.negotiation import Options, media_ranges, version_matches

ErrorFormat: TypeAlias = Literal["json", "xml"]


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """The family and version of an error message."""

    format: ErrorFormat
    version: str

    @property
    def has_sdmx_code(self) -> bool:
        """Whether its codes are those of SDMX, and not the statuses of HTTP."""
        return self in _WITH_SDMX_CODE


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """What an error message says.

    Attributes:
        identity: id of the message.
        prepared: when it was made, with a time zone.
        status: of HTTP.
        sdmx_code: the code of SDMX 2.1.
        code: the stable code of the error, `VIPMG-nnn`.
        titles: the kind of error by language, the best language first.
        details: what is wrong in this case, by the same languages.
        help: address at which the code is explained.
        facts: what a machine may want to know, as limits and counts.
    """

    identity: str
    prepared: dt.datetime
    status: int
    sdmx_code: int
    code: str
    titles: Mapping[str, str]
    details: Mapping[str, str]
    help: str
    facts: Mapping[str, object]


JSON_2_1: Final = ErrorForm("json", "2.1.0")
XML_2_1: Final = ErrorForm("xml", "2.1")
_JSON: Final = (JSON_2_1, ErrorForm("json", "2.0.0"), ErrorForm("json", "1.0.0"))
_XML: Final = (ErrorForm("xml", "3.1.0"), ErrorForm("xml", "3.0.0"), XML_2_1)
_WITH_SDMX_CODE: Final = frozenset({_JSON[1], _JSON[2], XML_2_1})
_NAMESPACE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v"
_XML_FORMATS: Final = ("data", "schema", "structure", "timeseries", "xml", "2.1", "3.0", "3.1")


def choose_error_form(accept: str | None, options: Options, default: ErrorForm) -> ErrorForm:
    """The form that is nearest to what was asked for, offered or not.

    Args:
        accept: the Accept header; malformed parts are passed over.
        options: `format` and `formatVersion`, which win over it.
        default: of the interface. A family that is asked for without a version is of the same
            generation.
    """
    family = _family_of_format((options.format or "").lower())
    if family is not None:
        return _form(family, options.format_version, default)
    for asked in sorted(media_ranges(accept or ""), key=lambda one: -one.quality):
        found = _family_of_type(asked.name)
        if found is not None and asked.quality:
            return _form(found, asked.parameters.get("version"), default)
        if asked.name in ("*/*", "application/*") and asked.quality:
            return default
    return default


def write_error_message(report: ErrorReport, form: ErrorForm) -> bytes:
    """Write an error message."""
    code = report.sdmx_code if form.has_sdmx_code else report.status
    if form.format == "xml":
        return _xml(report, str(code), form.version)
    return _json(report, code)


def _family_of_format(name: str) -> ErrorFormat | None:
    """The family of a value of `format`, which need not be one that is offered."""
    if "json" in name or "csv" in name:
        return "json"
    return "xml" if name.endswith(_XML_FORMATS) else None


def _family_of_type(name: str) -> ErrorFormat | None:
    subtype = name.partition("/")[2]
    if subtype in ("json", "csv") or subtype.endswith(("+json", "+csv")):
        return "json"
    is_sdmx = subtype.startswith("vnd.sdmx.") and subtype.endswith("+xml")
    return "xml" if subtype == "xml" or is_sdmx else None


def _form(family: ErrorFormat, version: str | None, default: ErrorForm) -> ErrorForm:
    known = _JSON if family == "json" else _XML
    usual = known[-1] if default == XML_2_1 else known[0]
    if version is None:
        return usual
    return next((form for form in known if version_matches(version, form.version)), usual)


def _json(report: ErrorReport, code: int) -> bytes:
    best = next(iter(report.titles))
    entry: dict[str, Any] = {
        "code": code,
        "title": report.titles[best],
        "titles": report.titles,
        "detail": report.details[best],
        "details": report.details,
        "links": [{"href": report.help, "rel": "help"}],
        "x-code": report.code,
    }
    if report.facts:
        entry["x-detail"] = report.facts
    meta = {
        "id": report.identity,
        "prepared": report.prepared.isoformat(timespec="seconds"),
        "sender": {"id": "VIPMG"},
        "contentLanguages": list(report.titles),
    }
    return orjson.dumps({"meta": meta, "errors": [entry]}, default=str)


def _xml(report: ErrorReport, code: str, version: str) -> bytes:
    schemas = _NAMESPACE + version[:3].replace(".", "_")
    texts = "".join(
        f'<common:Text xml:lang="{language}">'
        f"{escape(f'{title}: {report.details[language]} ({report.code})')}</common:Text>"
        for language, title in report.titles.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<message:Error xmlns:message="{schemas}/message" xmlns:common="{schemas}/common">'
        f'<message:ErrorMessage code="{code}">{texts}</message:ErrorMessage></message:Error>'
    ).encode()
