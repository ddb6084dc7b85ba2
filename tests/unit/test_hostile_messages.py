"""Messages that mean harm are refused with their reason, in little memory."""

from __future__ import annotations

import tracemalloc
from functools import cache

import pytest

from app.errors import VipmgError
from app.sdmx.findings import Finding, message
from app.sdmx.flow import Flow
from app.sdmx.messages.reading_findings import unreadable_finding
from tests.hostile import Hostile, messages
from tests.read_back import read_back
from tests.unit.test_data_csv_writer import layout

CORPUS = {
    one.name: one
    for one in messages("TST:DF_SMALL(1.0.0)")
    if one.rules != {"VIPMG-203"}  # which the registry says
}
MOST_MEMORY = 160 << 20
"""Of a process that may take 400 MB; most of it is one value of 16 million characters."""


@cache
def flow() -> Flow:
    return layout().flow


def findings_of(hostile: Hostile) -> list[Finding]:
    try:
        found = read_back(hostile.body, flow(), is_gzip=hostile.is_gzip)
    except VipmgError as error:
        return [unreadable_finding(error)]
    return found.findings


@pytest.mark.parametrize("name", CORPUS)
def test_t40_t41_t42_t43_t50_refused_with_a_reason_in_bounded_memory(name: str) -> None:
    hostile = CORPUS[name]
    tracemalloc.start()
    try:
        found = [finding for finding in findings_of(hostile) if finding.is_error]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    reasons = {one.rule if one.code == "VIPMG-201" else one.code for one in found}
    assert reasons & hostile.rules, found[:3]
    assert all(message(one, language) for one in found for language in ("en", "es", "fr", "nl"))
    assert peak < MOST_MEMORY


def test_the_corpus_has_no_name_twice() -> None:
    assert len(CORPUS) == len(messages("TST:DF_SMALL(1.0.0)")) - 1 > 60
