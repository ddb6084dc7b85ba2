"""Reading a message without its wrong rows."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.rights import may_report_metadata
from app.auth.subject import Subject
from app.sdmx.findings import Finding
from app.sdmx.left_out import LeftOutReader, WrongRows
from app.sdmx.messages.data_csv_reader import CsvReader

HEADER = "STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE"


def values(*left_out: int) -> list[str]:
    """The values of ten rows (2 to 11), without some."""
    lines = [f"dataflow,TST:DF(1.0.0),I,A,CRI,2020,{row}" for row in range(2, 12)]
    content = "\n".join([HEADER, *lines, ""]).encode()
    reader = LeftOutReader(CsvReader(io.BytesIO(content)), frozenset(left_out))
    found = [value for batch in reader.batches() for value in batch.cells["OBS_VALUE"]]
    assert reader.row_count == 10
    return found


@given(st.sets(st.integers(1, 13)))
def test_all_other_rows_are_read(left_out: set[int]) -> None:
    assert values(*left_out) == [str(row) for row in range(2, 12) if row not in left_out]


def test_of_two_rows_with_one_key_neither_is_taken() -> None:
    wrong = WrongRows()
    wrong.take(Finding("VIPMG-231", 7, rule="3"))
    wrong.take(Finding("VIPMG-210", 9, "SEX", "X"))
    assert (wrong.rows, wrong.is_whole) == ({3, 7, 9}, False)


@pytest.mark.parametrize(
    "finding", [Finding("VIPMG-204", 1, "SEX"), Finding("VIPMG-203", 2), Finding("VIPMG-250")]
)
def test_what_is_wrong_with_the_whole_is_no_matter_of_rows(finding: Finding) -> None:
    wrong = WrongRows()
    wrong.take(finding)
    assert wrong.is_whole


@pytest.mark.parametrize(
    ("maintainer", "may"),
    [
        ("VIPMG.HND_INM", True),
        ("VIPMG.HND_INE", False),
        ("HND_INM", False),
        ("VIPMG", False),
        ("SICA.UNIT", True),
        ("SICA", True),
    ],
)
def test_a_provider_reports_metadata_under_its_own_id(maintainer: str, may: bool) -> None:
    subject = Subject("c", "HND_INM", "data_provider", ("SICA",))
    assert may_report_metadata(subject, maintainer) is may
    assert not may_report_metadata(None, maintainer)
    consumer = Subject("c", "HND_INM", "data_consumer")
    assert not may_report_metadata(consumer, maintainer)
