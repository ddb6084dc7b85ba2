"""Workbooks as clerks fill and ministries publish them, and what the service reads in them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl

import app
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.findings import Finding
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import Location
from app.sdmx.messages.reading_findings import located_once
from app.sdmx.validation import Validator
from app.services.publish_structures import read_structure_files
from app.sheets.layout import Layout
from app.sheets.template import TemplateOrder, write_template
from app.sheets.xlsx_reader import XlsxReader

CODELISTS = Path(app.__file__).parent.parent / "codelists"
URN = "urn:sdmx:org.sdmx.infomodel"
AGREEMENT = "VIPMG:PA_ENTRY_EXIT_CRI_DGME"
DATAFLOW = "VIPMG:DF_ENTRY_EXIT"
FIXED = {"LICENCE": "Attribution", "SOURCE_TYPE": "BCR"}

USUAL = {
    **{"MOVEMENT": "ENT", "CITIZENSHIP": "MEX", "COUNTERPART_AREA": "_T", "TRANSPORT_MODE": "_T"},
    **{"ENTRY_REASON": "_T", "SEX": "_T", "AGE": "_T", "UNIT_MEASURE": "PS"},
    **{"FREQ": "M", "REF_AREA": "CRI", "REGULARITY": "REG", "BORDER_TYPE": "_T"},
    **{"BORDER_POINT": "_T", "OBS_STATUS": "A", "CONF_STATUS": "F", "UNIT_MULT": "0"},
    **{"DECIMALS": "0", "TIME_PERIOD": "2024-01", "OBS_VALUE": 12},
}
"""A row that is right."""


@cache
def structures() -> ArtefactSet:
    """The shared structures."""
    return ArtefactSet(read_structure_files([CODELISTS]))


@cache
def entry_exit() -> Flow:
    """Regular entries and exits, as the migration directorate of Costa Rica reports them."""
    return resolve_flow(
        structures(),
        f"{URN}.datastructure.Dataflow={DATAFLOW}(1.0.0)",
        f"{URN}.registry.ProvisionAgreement={AGREEMENT}(1.0.0)",
    )


def resolve(kind: str, structure: str) -> Target | str:
    """The agreement, by itself or by its dataflow."""
    named = {"dataprovision": AGREEMENT, "dataflow": DATAFLOW}.get(kind)
    if structure.partition("(")[0] != named:
        return "VIPMG-223"
    urn = f"{URN}.registry.ProvisionAgreement={AGREEMENT}(1.0.0)"
    return Target(1, urn, entry_exit(), FIXED)


@dataclass
class Read:
    """What was read of a workbook.

    Attributes:
        rows: the cells by component, one an observation.
        places: where each of them stands.
        findings: what is wrong, of the reader and of the validation, placed.
    """

    rows: list[dict[str, str]] = field(default_factory=list)
    places: list[Location] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def codes(self) -> list[tuple[str, str | None]]:
        """Code and place of each finding."""
        return [(finding.code, finding.place) for finding in self.findings]

    def column(self, name: str) -> list[str]:
        """The cells of a component."""
        return [row.get(name, "") for row in self.rows]


def read(content: bytes, **options: Any) -> Read:
    """Read and check a workbook; options are those of the reader."""
    reader = XlsxReader(io.BytesIO(content), resolve, **options)
    found: list[Finding] = []
    validator = Validator(resolve, found.append)
    result = Read()
    for batch in reader.batches():
        for place, number in enumerate(batch.rows):
            result.rows.append({name: cells[place] for name, cells in batch.cells.items()})
            result.places.append(reader.locate(number, "OBS_VALUE"))
        list(validator.check(batch))
    result.findings = located_once(reader, [*reader.findings, *found], set())
    return result


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def sheet_of(rows: Iterable[Sequence[Any]], title: str = "Hoja1") -> bytes:
    """A workbook with one sheet of these rows."""
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(list(row))
    return saved(book)


def plain(*changes: Mapping[str, Any], header: Sequence[str] | None = None) -> bytes:
    """A sheet with component ids in row 1; each row is the usual one with changes."""
    names = list(header or USUAL)
    rows = [[{**USUAL, **change}.get(name) for name in names] for change in changes]
    return sheet_of([names, *rows])


def order(**changes: Any) -> TemplateOrder:
    """What a template is made for."""
    asked: dict[str, Any] = {
        "flow": entry_exit(),
        "agreement": f"{AGREEMENT}(1.0.0)",
        "names": {"es": "Entradas y salidas", "en": "Entries and exits"},
        "provider": "CRI_DGME",
        "fixed": frozenset(FIXED),
        "frequency": "M",
        "layout": "rows",
        "across": "",
        "period": "",
        "language": "es",
        "address": "https://vipmg.example/api/submissions",
    }
    return TemplateOrder(**{**asked, **changes})


def template(**changes: Any) -> openpyxl.Workbook:
    """A template, opened."""
    return openpyxl.load_workbook(io.BytesIO(write_template(order(**changes))))


def fill(
    book: openpyxl.Workbook,
    rows: Sequence[Mapping[str, Any]],
    write: Callable[[str, Any], Any] = lambda _name, value: value,
) -> None:
    """Fill in the sheet of data of a template, by the ids of its second row."""
    sheet = book.active
    ids = {cell.value: cell.column for cell in sheet[2] if cell.value}
    for number, row in enumerate(rows, 3):
        for name, value in row.items():
            if name in ids:
                sheet.cell(number, ids[name], write(name, value))


def bulletin() -> bytes:
    """A table as a national bulletin prints it: titles, merged headers, notes, totals."""
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "Portada"
    notes["A1"] = "Boletín estadístico"
    sheet = book.create_sheet("Cuadro 1.1")
    sheet["A1"] = "Cuadro 1.1 Entradas de personas extranjeras por vía, según región y nacionalidad"
    sheet["A2"] = "Año 2024 (cifras preliminares)"
    sheet["A4"], sheet["B4"], sheet["C4"] = "Región", "País de nacionalidad", "Enero"
    sheet["E4"], sheet["G4"] = "Feb.", "Total general"
    for column, label in zip("CDEF", ["Aérea", "Terrestre"] * 2, strict=True):
        sheet[f"{column}5"] = label
    for area in ("A4:A5", "B4:B5", "C4:D4", "E4:F4", "G4:G5"):
        sheet.merge_cells(area)
    body = [
        ("Total general", None, "3.334", 3, 4, 5, 6),
        ("América del Norte", "México 1/", "1.234", 5, "-", 7, 1246),
        (None, "Estados Unidos", 10, "s/d", 30, "1 234*", 1274),
        (None, "Subtotal América del Norte", 1, 2, 3, 4, 10),
        ("Caribe", "HAITI", 8.0, 9, None, 11, 28),
        (None, "República  Dominicana (2)", 12, 13, 14, "n.d.", 39),
    ]
    for row in body:
        sheet.append(row)
    sheet.append(["1/ Incluye residentes."])
    sheet.append(["Fuente: Dirección General de Migración"])
    sheet.append(["América del Sur", "Chile", 1, 1, 1, 1, 4])
    return saved(book)


def bulletin_layout(**changes: Any) -> dict[str, Any]:
    """The layout of the bulletin."""
    constants = {n: str(v) for n, v in USUAL.items() if n not in {"OBS_VALUE", "TIME_PERIOD"}}
    for name in ("CITIZENSHIP", "TRANSPORT_MODE"):
        del constants[name]
    layout: dict[str, Any] = {
        "description": "Cuadro 1.1 del boletín",
        "sheets": ["cuadro 1.*"],
        "headerRows": [4, 5],
        "firstDataRow": 6,
        "columns": {"CITIZENSHIP": "B"},
        "across": {
            "columns": "C:G",
            "measure": "OBS_VALUE",
            "headers": {"TIME_PERIOD:MONTH": 4, "TRANSPORT_MODE": 5},
            "skip": ["Total*"],
        },
        "cells": {"TIME_PERIOD:YEAR": "A2"},
        "constants": constants,
        "codes": {"TRANSPORT_MODE": {"via aerea": "AIR"}, "CITIZENSHIP": {"HAITI": "HTI"}},
        "numbers": "1.234,5",
        "marks": {"-": "zero", "s/d": "O", "n.d.": "O"},
        "skipRows": ["Total*", "Subtotal*"],
        "stop": {"labels": ["1/*", "Fuente*"]},
    }
    return {**layout, **changes}


def layout_of(document: Mapping[str, Any]) -> Layout:
    """A layout, checked."""
    import json

    from app.sheets.layout import read_layout

    return read_layout(json.dumps(document).encode(), entry_exit())
