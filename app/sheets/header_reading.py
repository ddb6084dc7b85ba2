"""Tables of sheets that have component ids in a header: filled templates, and plain sheets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.flow import Flow
from app.sdmx.messages.data_reading import join_languages
from app.sheets.cells import SEPARATOR, show
from app.sheets.labels import fold
from app.sheets.table import AcrossColumn, Fixed, Heads, Source, Table
from app.sheets.template_format import (
    FIRST_ROW,
    IDS_ROW,
    MARK,
    METADATA_SHEET,
    VALUE_COLUMN,
    VERSION,
    TemplateFacts,
)
from app.sheets.workbook import Row, Workbook

HEADER_WITHIN: Final = 10
"""Rows from the top in which the header of a plain sheet is looked for."""

_COMPONENT: Final = re.compile(
    r"(?P<path>[A-Za-z][\w-]*(?:(?:\[\])?\.[A-Za-z][\w-]*)*)"
    r"(?P<many>\[\])?(?:\[(?P<languages>[^\]]+)\])?(?P<more>\[\])?(?:: .*)?",
    re.ASCII | re.DOTALL,
)
_HEADS: Final = ("STRUCTURE", "STRUCTURE_ID", "ACTION")
_SERVICE: Final = frozenset({"STRUCTURE_NAME", "SERIES_KEY", "OBS_KEY", "UPDATED", *_HEADS})
_ACROSS: Final = "="


def template_facts(workbook: Workbook) -> TemplateFacts | None:
    """What a template says of itself; nothing for another workbook.

    Raises:
        UnreadableError: it is a template, and its hidden sheet was changed.
    """
    if METADATA_SHEET not in workbook.sheets:
        return None
    rows = workbook.first_rows(METADATA_SHEET, 3)
    texts = [show(row.cells[0]) for row in rows if row.cells]
    if not texts or texts[0] != MARK:
        return None
    try:
        facts = msgspec.json.decode(texts[1], type=TemplateFacts)
    except (IndexError, msgspec.DecodeError) as error:
        raise UnreadableError("xlsx-template", value=METADATA_SHEET) from error
    if facts.version > VERSION:
        raise UnreadableError("xlsx-template", value=f"version {facts.version}")
    return facts


def template_table(workbook: Workbook, facts: TemplateFacts) -> tuple[Table, list[Finding]]:
    """The table of a filled template.

    Raises:
        UnreadableError: its sheet or its row of ids is not there.
    """
    named = (facts.data_sheet, *filter(None, [facts.general_sheet]))
    for sheet in named:
        if sheet not in workbook.sheets:
            raise UnreadableError("xlsx-template", value=sheet)
    ids = next((r for r in workbook.first_rows(facts.data_sheet, IDS_ROW) if r.number == 2), None)
    if ids is None:
        raise UnreadableError("xlsx-template", value=f"{facts.data_sheet}!{IDS_ROW}")
    sources, across, found = _read_ids(ids, facts)
    if not sources:
        raise UnreadableError("xlsx-template", value=f"{facts.data_sheet}!{IDS_ROW}")
    prefilled = facts.prefilled.keys()
    values = [column.column for column in across]
    needed = [source.column for source in sources if source.component not in prefilled]
    table = Table(
        facts.data_sheet,
        IDS_ROW,
        FIRST_ROW,
        sources,
        structure=_latest(facts.agreement),
        defaults=dict(facts.prefilled),
        fixed=_general(workbook, facts.general_sheet),
        across=across,
        measure=facts.measure,
        needed=frozenset(values or needed),
    )
    return table, found


def _latest(identity: str) -> str:
    """An agreement without its version: that which holds now is meant."""
    return identity.partition("(")[0]


def _read_ids(
    row: Row, facts: TemplateFacts
) -> tuple[list[Source], list[AcrossColumn], list[Finding]]:
    sources: list[Source] = []
    across: list[AcrossColumn] = []
    found: list[Finding] = []
    for column, cell in enumerate(row.cells):
        text = show(cell)
        name, mark, value = text.partition(_ACROSS)
        if mark and facts.across == name:
            across.append(AcrossColumn(column, {name: value}, {name: row.number}))
        elif text:
            _add_source(sources, found, _read_name(column, text) or Source(text, column, text))
    return sources, across, found


def across_id(component: str, value: str) -> str:
    """What the row of ids of a template has above a column of values: `SEX=F`."""
    return f"{component}{_ACROSS}{value}"


def _general(workbook: Workbook, sheet: str) -> dict[str, Fixed]:
    """Values for all rows: the id in the first column, the value in the third."""
    found: dict[str, Fixed] = {}
    if not sheet:
        return found
    _, rows = workbook.read(sheet)
    for row in rows:
        cells = row.cells
        if row.number < FIRST_ROW or len(cells) <= VALUE_COLUMN or cells[VALUE_COLUMN] == "":
            continue
        source = _read_name(0, show(cells[0]))
        if source is not None:
            _keep(found, source, Fixed(cells[VALUE_COLUMN], sheet, row.number, VALUE_COLUMN))
    return found


def _keep(found: dict[str, Fixed], source: Source, fixed: Fixed) -> None:
    """Take a value; texts of one component in several languages become one."""
    name, language = source.component, source.language
    if not language:
        found[name] = fixed
        return
    text = join_languages({language: show(fixed.value)}, SEPARATOR)
    before = found.get(name)
    if before is None:
        found[name] = replace(fixed, value=text, languages=(language,))
    else:
        both = (*before.languages, language)
        found[name] = replace(before, value=f"{before.value}{SEPARATOR}{text}", languages=both)


def plain_tables(
    workbook: Workbook, agreement: str | None, flow: Flow | None
) -> tuple[list[Table], list[Finding]]:
    """The tables of a workbook whose sheets have a header of component ids.

    Args:
        workbook: the workbook; hidden sheets are not looked at.
        agreement: `AGENCY:ID` of the agreement that was named with it.
        flow: its dataflow, whose components may be named by their names too.

    Raises:
        UnreadableError: no sheet has such a header, or nothing tells the agreement.
    """
    tables: list[Table] = []
    found: list[Finding] = []
    headed = False
    for sheet in workbook.visible:
        for row in workbook.first_rows(sheet, HEADER_WITHIN):
            header = _header(row, flow)
            if header is None:
                continue
            headed = True
            sources, heads, wrong = header
            if heads is not None or agreement is not None:
                tables.append(
                    Table(
                        sheet,
                        row.number,
                        row.number + 1,
                        sources,
                        heads=heads,
                        structure=agreement or "",
                    )
                )
                found += wrong
            break
    if headed and not tables:
        raise UnreadableError("xlsx-agreement")
    if not tables:
        raise UnreadableError("xlsx-header", value=", ".join(workbook.visible)[:200])
    return tables, found


def _header(row: Row, flow: Flow | None) -> tuple[list[Source], Heads | None, list[Finding]] | None:
    """The columns of a row that is a header: it names the structure, or dimensions."""
    texts = [show(cell) for cell in row.cells]
    names = {text: place for place, text in reversed(list(enumerate(texts)))}
    heads = None
    if "STRUCTURE" in {text.partition("[")[0] for text in texts} and "STRUCTURE_ID" in names:
        kind = next(n for n, text in enumerate(texts) if text.partition("[")[0] == "STRUCTURE")
        heads = Heads(kind, names["STRUCTURE_ID"], names.get("ACTION"))
    spelled = _spelled(flow)
    sources: list[Source] = []
    found: list[Finding] = []
    for column, text in enumerate(texts):
        if text.partition("[")[0] in _SERVICE or not text:
            continue
        source = _read_name(column, text)
        known = flow is not None and source is not None and source.component in flow.components
        if not known and fold(text) in spelled:
            source = Source(spelled[fold(text)], column, text)
        _add_source(sources, found, source or Source(text, column, text))
    dimensions = {*(d.id for d in flow.dimensions)} if flow else {"FREQ", "TIME_PERIOD"}
    wanted = 1 if flow and len(dimensions) == 1 else 2
    if heads is None and len(dimensions & {s.component for s in sources}) < wanted:
        return None
    return sources, heads, found


def _spelled(flow: Flow | None) -> Mapping[str, str]:
    """Components by their ids, and by their names in any language that no other has."""
    components = flow.data_components.values() if flow else ()
    names: dict[str, set[str]] = {}
    for component in components:
        for name in component.names.values():
            names.setdefault(fold(name), set()).add(component.id)
    unique = {name: next(iter(ids)) for name, ids in names.items() if len(ids) == 1}
    return {**unique, **{fold(component.id): component.id for component in components}}


def _add_source(sources: list[Source], found: list[Finding], source: Source) -> None:
    same = [each for each in sources if each.component == source.component]
    if any(not each.language or each.language == source.language for each in same):
        found.append(Finding("VIPMG-205", 1, source.component, source.header))
    else:
        sources.append(source)


def _read_name(column: int, text: str) -> Source | None:
    """A header of SDMX-CSV: `ID`, `ID[]`, `ID[es]`, `ID[en;es]`, `ID: label`."""
    match = _COMPONENT.fullmatch(text)
    if match is None:
        return None
    languages = tuple((match["languages"] or "").split(";")) if match["languages"] else ()
    single = len(languages) == 1
    return Source(
        match["path"].replace("[]", ""),
        column,
        text,
        language=languages[0] if single else "",
        many=bool(match["many"] or match["more"] or "[]" in match["path"]),
        languages=() if single else languages,
    )
