"""Findings on mapped rows, as the sender of the national file reads them."""

from __future__ import annotations

from app.sdmx.findings import Finding
from app.sdmx.mapping import compile_map
from app.sdmx.mapping.harmonising import Harmonising
from app.sdmx.messages.data_reading import Column, Form
from tests.national import batch, held, structure_map

HEADER = "fecha,grupo,pais,personas"
ROWS = ("enero 2024|Hombres|Costa Rica|1", "enero 2024|Mujeres|Costa Rica|2")


def told(*findings: Finding) -> list[Finding | None]:
    """What becomes of findings on the rows that the country's map makes of two of its own."""
    made = compile_map(held(), structure_map())
    harmonising = Harmonising(lambda *_: [made], lambda finding: None)
    batches = harmonising._batches(batch(HEADER, *ROWS))
    assert next(batches).rows
    return [harmonising.told(finding) for finding in findings]


def test_a_finding_names_the_own_column_with_both_values() -> None:
    [found] = told(Finding("VIPMG-222", 3, "REF_AREA", "CRI", "RULE", "SLV", nearest="SLV"))
    assert found is not None
    assert (found.component, found.value) == ("pais", "Costa Rica → CRI")
    assert found.nearest is None  # it is no word that the sender could write
    [several] = told(Finding("VIPMG-221", 2, "FREQ, REF_AREA", "M, CRI"))
    assert several is not None
    assert (several.component, several.value) == ("pais", "Costa Rica → M, CRI")


def test_a_cell_that_leads_to_several_components_is_told_once() -> None:
    first, again, other = told(
        Finding("VIPMG-211", 2, "SEX"),
        Finding("VIPMG-211", 2, "AGE"),
        Finding("VIPMG-211", 3, "AGE"),
    )
    assert first is not None
    assert first.component == "grupo"
    assert again is None
    assert other is not None


def test_a_key_that_is_wrong_is_not_told_again_as_repeated() -> None:
    made = compile_map(held(), structure_map())
    harmonising = Harmonising(lambda *_: [made], lambda finding: None)
    assert next(harmonising._batches(batch(HEADER, *ROWS))).rows
    harmonising.told(Finding("VIPMG-210", 3, "REF_AREA", "ZZ"))
    harmonising.told(Finding("VIPMG-212", 2, "OBS_VALUE", "mil"))
    [right, wrong] = (Finding("VIPMG-231", row, value="M.ZZ", rule="2") for row in (2, 3))
    assert harmonising.told_later(wrong) is None
    told = harmonising.told_later(right)
    assert told is not None
    assert told.code == "VIPMG-261"


def test_a_constant_of_the_map_is_told_as_the_map_s() -> None:
    [found] = told(Finding("VIPMG-210", 2, "STATUS", "Z"))
    assert found is not None
    assert (found.component, found.value) == ("STATUS", "TST:SM(1.0.0) → Z")


def test_a_word_is_told_as_its_cell_says_and_not_as_it_is_read() -> None:
    """`Tripulación` and not the code of the list, `285,5` and not with a point."""
    made = compile_map(held(), structure_map())
    found: list[Finding] = []
    harmonising = Harmonising(lambda *_: [made], found.append)
    form = Form({n: Column(i, n, n) for i, n in enumerate(HEADER.split(","))}, decimal_comma=True)
    given = batch(HEADER, "enero 2024|Hombres|Costa Rica|1.2,5", form=form)
    assert list(harmonising._batches(given)) == []
    assert [(one.code, one.component, one.value) for one in found] == [
        ("VIPMG-212", "personas", "1.2,5")
    ]
