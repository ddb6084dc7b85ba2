"""The official samples of SDMX-ML 3.0 structure messages, read and written again.

The samples are read from the folder that VIPMG_TEST_SDMX_ML_SAMPLES names (the folder of SDMX-ML
3.0, with its folders by subject); without it the tests are skipped.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from app.sdmx.messages.structure_ml import MlVersion, read_structures_ml, write_structures_ml
from tests.unit.test_structure_ml import HEADER, VERSIONS, differences
from tests.xml_schemas import check_xml

SAMPLES = Path(os.environ.get("VIPMG_TEST_SDMX_ML_SAMPLES", "/nonexistent"))
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="VIPMG_TEST_SDMX_ML_SAMPLES names no folder of samples"
)


def samples() -> list[Path]:
    """The structure messages in the folder."""
    found = sorted(SAMPLES.rglob("*.xml")) if SAMPLES.is_dir() else []
    return [path for path in found if etree.parse(str(path)).getroot().tag.endswith("}Structure")]


def contents(body: bytes) -> Counter[str]:
    """Every text and attribute of the artefacts but the URNs, and how often it is there."""
    root = etree.fromstring(body, etree.XMLParser(remove_comments=True))
    found: Counter[str] = Counter()
    for element in root.find("{*}Structures").iter():
        name = etree.QName(element).localname
        if element.text and element.text.strip():
            found[f"{name}: {element.text.strip()}"] += 1
        for key, value in element.items():
            if key not in ("urn", "structureURL") and not key.endswith("schemaLocation"):
                found[f"{name} {key}: {value}"] += 1
    return found


@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_c178_official_sample_is_read_without_loss(path: Path) -> None:
    body = path.read_bytes()
    artefacts = read_structures_ml(body)
    assert artefacts
    again = write_structures_ml(artefacts, HEADER, version="3.0.0")
    assert contents(body) - contents(again) == Counter()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", samples(), ids=lambda path: path.stem)
def test_c178_official_sample_is_written_valid_and_unchanged(
    path: Path, version: MlVersion
) -> None:
    artefacts = read_structures_ml(path.read_bytes())
    body = write_structures_ml(artefacts, HEADER, version=version)
    check_xml(body, version)
    assert differences(artefacts, read_structures_ml(body)) == []
