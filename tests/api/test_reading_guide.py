"""What the README and the reading guide tell people to type is what the service takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from app.sdmx import rest_v1
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import resolve_flow
from app.sdmx.negotiation import DATA_OFFERS, STRUCTURE_OFFERS, negotiate, parse_options
from app.sdmx.rest_v2 import parse_availability, parse_data, parse_structure
from app.sdmx.slices import compile_slice
from app.services.publish_structures import read_structure_files

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
README = (ROOT / "README.md").read_text("utf-8")
GUIDE = (ROOT / "docs" / "how-to" / "read-data.md").read_text("utf-8")
ADDRESS = re.compile(
    r"/sdmx/v2/(data|availability|structure)/([^\s'\"?`{}]+)(?:\"?,?\s*\"?\?([^\s'\"`]+))?"
)
ADDRESS_V1 = re.compile(r"/sdmx/v1/(\w+)/([^\s'\"?`{}]+)(?:\?([^\s'\"`]+))?")
FLOW = "VIPMG:DF_ENTRY_EXIT(1.0.0)"
PARSERS = {"data": parse_data, "availability": parse_availability, "structure": parse_structure}


@pytest.mark.parametrize("text", [README, GUIDE], ids=["README", "guide"])
def test_addresses_that_are_shown_are_understood(text: str) -> None:
    found = ADDRESS.findall(text)
    assert {resource for resource, _, _ in found} == PARSERS.keys()
    for resource, path, query in found:
        assert PARSERS[resource](path.split("/"), query)
        offers = DATA_OFFERS if resource == "data" else STRUCTURE_OFFERS
        assert negotiate(None, offers, parse_options(query)).offer in offers


def test_addresses_of_the_1_x_paths_are_understood() -> None:
    """The key has a place for each dimension."""
    artefacts = ArtefactSet(read_structure_files([ROOT / "codelists"]))
    border = resolve_flow(artefacts, "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=" + FLOW)
    found = ADDRESS_V1.findall(GUIDE)
    assert {resource for resource, _, _ in found} == {"data", "dataflow"}
    for resource, path, query in found:
        if resource == "data":
            asked = rest_v1.parse_data(path.split("/"), query)
            assert compile_slice(asked.selection, border).flow is border
        else:
            assert rest_v1.parse_structure([resource, *path.split("/")], query)


def test_media_types_that_are_shown_are_offered() -> None:
    shown = set(re.findall(r"application/vnd\.sdmx\.\w+\+[^\"`]+", GUIDE))
    assert shown
    for media_type in shown:
        offers = DATA_OFFERS if ".data+" in media_type else STRUCTURE_OFFERS
        assert negotiate(media_type, offers).offer in offers


def test_examples_in_python_are_python() -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert len(examples) >= 4
    for each in examples:
        ast.parse(each)


def test_the_first_file_is_sent_anew() -> None:
    """The demonstration has sent it before, and would be told so."""
    [push] = re.findall(r"^.*vipmg push .*wrong_on_purpose.*$", README, re.MULTILINE)
    assert "--again" in push
    assert "vipmg clients add" in README.partition("## Pull data")[0]


def test_the_guide_is_found() -> None:
    assert "how-to/read-data.md" in (ROOT / "docs" / "README.md").read_text("utf-8")
    assert "docs/how-to/read-data.md" in README


def test_the_readme_counts_the_requirements() -> None:
    page = (ROOT / "docs" / "reference" / "conformance.md").read_text("utf-8")
    rows = re.findall(r"^\| C\d{3} \| .* \| (.*) \|$", page, re.MULTILINE)
    tested = [shown for shown in rows if shown.startswith("`tests/")]
    assert f"There are {len(rows)}." in page
    said = " ".join(README.split())
    assert f"Of the {len(rows)} requirements" in said
    assert f"such a service {len(tested)} have a test" in said
    assert len(rows) - len(tested) == 1


def test_the_providers_of_metadata_sets_are_spelled_as_the_guide_says() -> None:
    """The agency that lists the provider stands before its id."""
    guide = (ROOT / "docs" / "how-to" / "maintain-structures.md").read_text("utf-8")
    artefacts = read_structure_files([FIXTURES])
    spelled = {
        f"{one.agency}.{provider['id']}"
        for one in artefacts
        if one.artefact_class.name == "MetadataProviderScheme"
        for provider in one.document["metadataProviders"]
    }
    sets = {one.agency for one in artefacts if one.artefact_class is METADATA_SET}
    assert sets
    assert sets <= spelled
    assert all(f"`{one}`" in guide for one in sets)
