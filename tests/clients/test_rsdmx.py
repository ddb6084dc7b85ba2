"""rsdmx (R) against the running service: lists, structure, generic and structure-specific data."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.submitted import ENTRY_EXIT, Submitted
from tests.served import Service

SCRIPT = Path(__file__).with_name("read_with_rsdmx.R")
SELECTION = {"REF_AREA": "CRI", "MOVEMENT": "ENT"}

Rows = list[dict[str, str]]


def has_rsdmx() -> bool:
    """Whether R is here, with the library."""
    if shutil.which("Rscript") is None:
        return False
    asked = ["Rscript", "-e", "library(rsdmx)"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not has_rsdmx(), reason="needs R with rsdmx (r-cran-rsdmx)")


@pytest.fixture(scope="module")
def tables(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rows]:
    """What R has read, by table."""
    folder = tmp_path_factory.mktemp("rsdmx")
    command = ["Rscript", str(SCRIPT), f"{service.url}/sdmx/v1", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Rows] = {}
    for path in folder.iterdir():
        with path.open(encoding="utf-8") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def test_rsdmx_reads_lists(tables: dict[str, Rows]) -> None:
    assert ENTRY_EXIT in {row["id"] for row in tables["dataflows"]}
    labels = {row["id"]: row["label.es"] for row in tables["codes"]}
    assert labels["F"] == "Mujer"


def test_rsdmx_reads_the_structure(tables: dict[str, Rows], submitted: Submitted) -> None:
    kinds: dict[str, list[str]] = {}
    for row in tables["components"]:
        kinds.setdefault(row["component"], []).append(row["conceptRef"])
    assert kinds["Dimension"] + kinds["TimeDimension"] == submitted.dimensions
    assert kinds["PrimaryMeasure"] == ["OBS_VALUE"]
    assert "OBS_STATUS" in kinds["Attribute"]


def test_c137_rsdmx_reads_generic_data(tables: dict[str, Rows], submitted: Submitted) -> None:
    rows = [_named(row) for row in tables["generic"]]
    expected = {
        key: value
        for key, value in submitted.values(**SELECTION).items()
        if "2023-01" <= key[-1] <= "2023-06"
    }
    assert submitted.read(rows) == expected


def test_c137_rsdmx_reads_structure_specific_data(
    tables: dict[str, Rows], submitted: Submitted
) -> None:
    assert submitted.read(tables["specific"]) == submitted.values(**SELECTION)


def _named(row: dict[str, str]) -> dict[str, str]:
    """Generic data carry time and value under names of rsdmx's own."""
    names = {"obsTime": "TIME_PERIOD", "obsValue": "OBS_VALUE"}
    return {names.get(name, name): value for name, value in row.items()}
