"""What cuts the reading of a file short becomes one finding, with its text in each language."""

from __future__ import annotations

import gzip
import io

import pytest

from app.errors import InvalidArtefactError, VipmgError
from app.sdmx.findings import Finding, UnreadableError, message
from app.sdmx.messages.inflate import Inflated
from app.sdmx.messages.reading_findings import unreadable_finding as _unreadable


def fault_of(body: bytes, max_bytes: int = 1 << 20) -> VipmgError:
    with pytest.raises(VipmgError) as caught:
        io.BufferedReader(Inflated(io.BytesIO(body), max_bytes)).read()
    return caught.value


def test_201_of_the_reader_is_kept() -> None:
    error = UnreadableError("no-rows", value="0")
    assert _unreadable(error) == Finding("VIPMG-201", value="0", rule="no-rows")


@pytest.mark.parametrize("body", [b"no gzip at all", gzip.compress(b"x" * 1000, mtime=0)[:-4]])
def test_201_gzip(body: bytes) -> None:
    assert _unreadable(fault_of(body)) == Finding("VIPMG-201", rule="gzip", allowed="gzip")


def test_201_size() -> None:
    finding = _unreadable(fault_of(gzip.compress(b"x" * 5000), max_bytes=100))
    assert finding == Finding("VIPMG-201", rule="size", allowed="100")
    assert "100 bytes" in message(finding, "en")


def test_201_of_another_error_names_its_code() -> None:
    finding = _unreadable(InvalidArtefactError("english", "español"))
    assert finding == Finding("VIPMG-201", rule="VIPMG-131")
    assert message(finding, "es") == "No se puede leer el archivo."
