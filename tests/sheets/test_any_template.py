"""Every dataflow has a template whose filled-in rows are read without findings."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import openpyxl
import pytest

from app.sdmx.agreements import AgreementTerms, agreement_terms
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.findings import Finding
from app.sdmx.flow import Component, Flow, resolve_flow
from app.sdmx.intake import Target
from app.sdmx.validation import Validator
from app.sheets.allowed import allowed_codes
from app.sheets.template import TemplateOrder, write_template
from app.sheets.xlsx_reader import XlsxReader
from tests.exchange import structures
from tests.sheets.workbooks import fill, saved

VALUES: dict[str, Any] = {
    "Decimal": 1.5,
    "Integer": 7,
    "BigInteger": 7,
    "Double": 2.5,
    "Boolean": True,
    "String": "Algo; más",
    "MonthDay": "--07-01",
}
PERIODS = {"A": "2024", "Q": "2024-Q1", "M": "2024-02", "D": "2024-02-03", "W": "2024-W05"}


@cache
def artefacts() -> ArtefactSet:
    return ArtefactSet(structures())


@cache
def agreements() -> dict[str, AgreementTerms]:
    return {terms.urn.rpartition("=")[2]: terms for terms in agreement_terms(artefacts())}


def sample(flow: Flow, component: Component, period: str) -> Any:
    """A value that a component takes."""
    if component.level == "time":
        return period
    codes = allowed_codes(flow, component)
    if codes:
        return f"{codes[0].id}: {codes[0].names['en']}"
    return VALUES.get(component.data_type)


def made(terms: AgreementTerms, flow: Flow, **more: Any) -> openpyxl.Workbook:
    asked: dict[str, Any] = {"layout": "rows", "across": "", "period": "", "language": "es"}
    order = TemplateOrder(
        flow=flow,
        agreement=terms.urn.rpartition("=")[2],
        names={"en": "An agreement"},
        provider=terms.provider,
        fixed=frozenset(terms.fixed_attributes),
        frequency=None,
        address="https://vipmg.example/api/submissions",
        **{**asked, **more},
    )
    return openpyxl.load_workbook(io.BytesIO(write_template(order)))


def read(content: bytes, target: Target) -> tuple[int, list[Finding]]:
    reader = XlsxReader(io.BytesIO(content), lambda kind, structure: target)
    found: list[Finding] = []
    validator = Validator(lambda kind, structure: target, found.append)
    for batch in reader.batches():
        list(validator.check(batch))
    return reader.row_count, reader.findings + found


@pytest.mark.parametrize("name", sorted(agreements()))
@pytest.mark.parametrize("crossed", [False, True], ids=["rows", "cross"])
def test_a_row_of_any_template_is_read_as_it_was_filled_in(name: str, crossed: bool) -> None:
    terms = agreements()[name]
    flow = resolve_flow(artefacts(), terms.dataflow, terms.urn)
    target = Target(1, terms.urn, flow, terms.fixed_attributes)
    across = flow.dimensions[0].id if crossed and flow.dimensions[0].codes else ""
    layout = {"layout": "cross", "across": across} if across else {}
    book = made(terms, flow, **layout)
    assert read(saved(book), target) == (0, [])
    sheet = book["Datos"]
    ids = [str(cell.value) for cell in sheet[2] if cell.value]
    frequency = "A"
    row: dict[str, Any] = {}
    for one in ids:
        named, mark, value = one.partition("=")
        component = flow.components[named.partition("[")[0]]
        if mark:
            row[one] = 3 if value == frequency else None
        elif component.data_type != "DateTime" or component.codes is not None:
            row[one] = sample(flow, component, PERIODS[frequency])
    fill(book, [row])
    assert read(saved(book), target) == (1, [])
