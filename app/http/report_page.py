"""A report as a page for a browser and for paper: whole in itself, without programs.

What the file said is text here and nothing else: every value is escaped, signs that nobody sees
are made visible, and the page may load or run nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from itertools import islice
from typing import Final

import orjson

from app.http.report_words import WORDS
from app.models.report import GroupReply, ReportReply, WrongValueReply

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:1.5rem auto;padding:0 1rem}"
    "nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:1rem;padding:0}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}"
    "caption{text-align:left;font-weight:600;padding:.3rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.25rem .6rem;border:1px solid #8888}"
    "td.n{text-align:right}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}"
    "dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}td{overflow-wrap:anywhere}"
    "section{border-top:2px solid #8888;margin-top:1.5rem}"
    ".verdict{font-size:1.2rem;border-left:.4rem solid #1a7f37;padding:.4rem .8rem}"
    ".refused{border-color:#b3261e}.mend{border-left:.3rem solid #8888;padding-left:.8rem}"
    "pre{overflow:auto;padding:.6rem;border:1px solid #8888}code{white-space:pre-wrap}"
    "@media print{nav{display:none}section{break-inside:avoid}a{color:inherit}}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_FORM: Final = "corrections"
_CORRECTABLE: Final = frozenset(
    f"VIPMG-{number}" for number in (210, 212, 213, 214, 215, 220, 222, 224)
)
"""Codes whose value is what stands in the cell."""

_MOST_ROWS: Final = 1500
"""Characters of a list of rows that the page shows."""

_MOST_CORRECTIONS: Final = 50
"""Corrections that the page proposes."""

_UNSEEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_THOUSANDS: Final[Mapping[str, str]] = {"en": ",", "es": "\u00a0", "fr": "\u202f", "nl": "."}


IN_PART: Final = frozenset(
    {"accepted", "awaiting release", "published", "rolled back", "superseded", "withdrawn"}
)
"""States of a submission whose right rows were taken, where others have errors."""


def content_security_policy(*, with_form: bool) -> str:
    """What a browser lets the page do: load and run nothing, send at most its own form."""
    target = "'self'" if with_form else "'none'"
    return (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action {target}"
    )


def report_page(
    report: ReportReply, *, offline: bool = False, correct_at: str = ""
) -> Iterator[str]:
    """The page, part by part, in the language of the report.

    Args:
        report: what the page tells.
        offline: whether it is a file of its own, so that no other language is an address away.
        correct_at: where its form sends corrections; without it there is none.
    """
    words = WORDS[report.language]
    policy = content_security_policy(with_form=bool(correct_at))
    title = escape(words["title"].format(file=_seen(report.file_name or words["no name"])))
    yield (
        f'<!doctype html><html lang="{report.language}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
    )
    if not offline:
        yield _languages(report, words)
    yield f"<main><h1>{title}</h1>{_verdict(report, words)}{_facts(report, words)}"
    yield _tables(report, words, offline=offline)
    if report.groups:
        yield _contents(report, words)
        fields = _fields(report) if correct_at else {}
        for number, group in enumerate(report.groups, 1):
            yield _section(number, group, report.language, words, fields)
        if fields:
            yield _form(report, correct_at, words)
        else:
            yield _corrections(report, words)
    yield "</main></body></html>\n"


def _languages(report: ReportReply, words: Mapping[str, str]) -> str:
    items = "".join(
        f'<li><span aria-current="true">{texts["language"]}</span></li>'
        if language == report.language
        else f'<li><a href="?format=html&amp;lang={language}" lang="{language}" '
        f'hreflang="{language}">{texts["language"]}</a></li>'
        for language, texts in WORDS.items()
    )
    return f'<nav aria-label="{words["languages"]}"><ul>{items}</ul></nav>'


def _verdict(report: ReportReply, words: Mapping[str, str]) -> str:
    refused = [group for group in report.groups if group.severity == "error"]
    name = "warned" if report.warnings else "accepted"
    in_part = bool(refused) and report.state in IN_PART
    if refused:
        name = "in part" if in_part else "refused"
    elif report.decided_at is None:
        name = "undecided"
    told = words[name].format(
        errors=_number(report.errors, report.language),
        groups=_number(len(refused), report.language),
        warnings=_number(report.warnings, report.language),
    )
    kind = "verdict refused" if refused and not in_part else "verdict"
    return f'<p class="{kind}" role="status">{told}</p>'


def _facts(report: ReportReply, words: Mapping[str, str]) -> str:
    received = report.received_at.isoformat(timespec="minutes")
    facts = {
        "file": _code(report.file_name or words["no name"])
        + f' (<a href="{escape(report.links.content)}">{words["content"]}</a>)',
        "received": f'<time datetime="{received}">{received}</time>',
        "rows of file": "" if report.rows is None else _number(report.rows, report.language),
        "agreements": "<br>".join(_code(urn.rpartition("=")[2]) for urn in report.agreements),
        "submission": f'<a href="{escape(report.links.submission)}">{report.submission}</a>',
    }
    listed = "".join(f"<dt>{words[name]}</dt><dd>{told}</dd>" for name, told in facts.items())
    return f"<h2>{words['facts']}</h2><dl>{listed}</dl>"


def _tables(report: ReportReply, words: Mapping[str, str], *, offline: bool) -> str:
    """Links to the other formats: beside the page itself, where it was opened by a link too."""
    table, whole = ("?format=csv", "?format=json")
    if offline:
        table, whole = report.links.csv, f"{report.links.self}?format=json"
    return (
        f'<p><a href="{escape(table)}">{words["all"]}</a> · '
        f'<a href="{escape(whole)}">{words["json"]}</a></p>'
    )


def _contents(report: ReportReply, words: Mapping[str, str]) -> str:
    items = "".join(
        f'<li><a href="#g{number}">{_prose(group.cause)}</a>'
        f"{f' {_named(group.column, group.column_name)}' if group.column else ''}"
        f" ({words[group.severity]}, {_number(group.count, report.language)})</li>"
        for number, group in enumerate(report.groups, 1)
    )
    return f"<h2>{words['contents']}</h2><ol>{items}</ol>"


def _named(identity: str, name: str | None) -> str:
    """What people call a column or a rule, and its id."""
    return (f"{_text(name)} " if name else "") + _code(identity)


def _allowed(group: GroupReply) -> str | None:
    """What would be right: codes as they stand, a type of SDMX in words."""
    if group.allowed == group.allowed_text:
        return group.allowed and _code(group.allowed)
    return group.allowed_text and _text(group.allowed_text)


def _section(
    number: int,
    group: GroupReply,
    language: str,
    words: Mapping[str, str],
    fields: Mapping[tuple[int, int], str],
) -> str:
    facts = {
        "code": f'<a href="{escape(group.documentation)}">{group.code}</a>'
        f" ({words[group.severity]})",
        "member": group.file and _code(group.file),
        "column": group.column and _named(group.column, group.column_name),
        "rule": group.rule and _named(group.rule, group.rule_name),
        "allowed": _allowed(group),
        "pattern": group.pattern and _code(group.pattern),
        "rows": group.rows and _cut(group.rows, words),
        "cells": group.cells and _cut(group.cells, words),
        "count": _number(group.count, language),
    }
    listed = "".join(
        f"<dt>{words[name]}</dt><dd>{told}</dd>" for name, told in facts.items() if told
    )
    return (
        f'<section id="g{number}" aria-labelledby="h{number}">'
        f'<h2 id="h{number}">{number}. {_prose(group.cause)}</h2><dl>{listed}</dl>'
        f'<p class="mend"><strong>{words["mend"]}:</strong> {_prose(group.mend)}</p>'
        f"{_values(number, group, language, words, fields)}{_examples(group, words)}</section>"
    )


def _fields(report: ReportReply) -> dict[tuple[int, int], str]:
    """A field for each value that can be replaced in its column, by group and place in it."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    fields = {}
    for number, group in enumerate(report.groups, 1):
        for place, value in enumerate(group.values):
            if group.code not in _CORRECTABLE or not (group.column and value.value):
                continue
            if found.setdefault((group.column, value.value), (number, place)) != (number, place):
                continue  # of another file of an archive: the replacement is made there too
            of = escape(json.dumps([group.column, value.value]))  # exact, and in ASCII
            name = f"{group.column}: {value.value}"
            fields[number, place] = (
                f'<input type="hidden" form="{_FORM}" name="of" value="{of}">'
                f'<input type="text" form="{_FORM}" name="to" autocomplete="off" maxlength="2000" '
                f'aria-label="{_text(name)}" value="{_text(value.nearest or "")}">'
            )
    return fields


def _form(report: ReportReply, correct_at: str, words: Mapping[str, str]) -> str:
    """What sends the fields of all groups together: the file is read again once."""
    action = escape(f"{correct_at}?lang={report.language}")
    return (
        f"<section><h2>{words['correct']}</h2><p>{words['correct here']}</p>"
        f'<form id="{_FORM}" method="post" action="{action}">'
        f'<button type="submit">{words["send corrections"]}</button></form></section>'
    )


def _values(
    number: int,
    group: GroupReply,
    language: str,
    words: Mapping[str, str],
    fields: Mapping[tuple[int, int], str],
) -> str:
    if not any(value.value for value in group.values):
        return ""
    has_nearest = any(value.nearest for value in group.values)
    has_place = any(value.place for value in group.values)
    has_field = any(of == number for of, _ in fields)
    names = ["value", *(["replace by"] * has_field), "count", *(["nearest"] * has_nearest)]
    names += ["rows", *(["place"] * has_place)]
    head = "".join(f'<th scope="col">{words[name]}</th>' for name in names)
    rows = "".join(
        _value(value, names, language, words, fields.get((number, place), ""))
        for place, value in enumerate(group.values)
    )
    more = ""
    if group.other_values:
        count = _number(group.other_values, language)
        more = f"<p>{words['more values'].format(count=count)}</p>"
    caption = f"<caption>{words['values']}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _value(
    value: WrongValueReply,
    names: list[str],
    language: str,
    words: Mapping[str, str],
    field: str,
) -> str:
    cells = {
        "replace by": f"<td>{field}</td>",
        "count": f'<td class="n">{_number(value.count, language)}</td>',
        "nearest": f"<td>{_code(value.nearest) if value.nearest else ''}</td>",
        "rows": f"<td>{_cut(value.rows, words)}</td>",
        "place": f"<td>{_code(value.place) if value.place else ''}</td>",
    }
    shown = _code(value.value) if value.value else words["empty"]
    rest = "".join(cells[name] for name in names[1:])
    return f'<tr><th scope="row">{shown}</th>{rest}</tr>'


def _examples(group: GroupReply, words: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{'' if each.row is None else each.row}</td>"
        f"<td>{_code(each.place) if each.place else ''}</td><td>{_text(each.message)}</td></tr>"
        for each in group.first
    )
    head = "".join(f'<th scope="col">{words[name]}</th>' for name in ("rows", "place", "message"))
    return (
        f"<table><caption>{words['examples']}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _corrections(report: ReportReply, words: Mapping[str, str]) -> str:
    """How to correct without a file: of values that have a nearest code, the corrections."""
    orders = list(islice(_proposed(report), _MOST_CORRECTIONS)) or list(_one_cell(report))
    if not orders:
        return ""
    shown = orjson.dumps(orders, option=orjson.OPT_INDENT_2).decode()
    command = (
        "curl -X POST -H 'Authorization: Bearer …' -H 'Content-Type: application/json' \\\n"
        f"  --data @corrections.json {report.links.corrections}"
    )
    return (
        f"<section><h2>{words['correct']}</h2><p>{words['correct how']}</p>"
        f"<p>corrections.json:</p><pre>{escape(_seen(shown, kept=chr(10)))}</pre>"
        f"<pre>{escape(command)}</pre></section>"
    )


def _proposed(report: ReportReply) -> Iterator[dict[str, str | int]]:
    """A code instead of a value throughout its column, where one is near."""
    for group in report.groups:
        for value in group.values:
            if group.column and value.value and value.nearest:
                yield {"column": group.column, "value": value.value, "replacement": value.nearest}


def _one_cell(report: ReportReply) -> Iterator[dict[str, str | int]]:
    """What is put into the first cell that is wrong."""
    for group in report.groups:
        for one in group.first:
            if one.column and one.row:
                yield {"row": one.row, "column": one.column, "value": "…"}
                return


def _cut(listed: str, words: Mapping[str, str]) -> str:
    """A list of rows or cells, cut where nobody reads on."""
    if len(listed) <= _MOST_ROWS:
        return _text(listed)
    return f"{_text(listed[:_MOST_ROWS].rpartition(',')[0])} {words['more rows']}"


def _code(text: str) -> str:
    """Text of the file: shown as it stands, whatever its direction of writing."""
    return f"<code><bdi>{_text(text)}</bdi></code>"


def _prose(text: str) -> str:
    """Text of ours, in which words of the file format stand between backticks."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return escape(_seen(text))


def _seen(text: str, kept: str = "") -> str:
    """The text with signs that nobody sees made visible, so that none can deceive."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in kept else _symbol(found[0]), text)


def _symbol(sign: str) -> str:
    code = ord(sign)
    return chr(0x2400 + code) if code < 0x20 else f"[U+{code:04X}]"


def _number(count: int, language: str) -> str:
    return f"{count:,}".replace(",", _THOUSANDS[language])
