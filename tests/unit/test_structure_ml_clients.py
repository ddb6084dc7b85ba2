"""What other libraries read in our structure messages of SDMX-ML 3.0 and 3.1."""

from __future__ import annotations

import io
import warnings
from typing import Any

import pysdmx.io
import pytest
import sdmx
from pysdmx.model import AgencyScheme, Codelist, ConceptScheme, DataStructureDefinition
from pysdmx.model.dataflow import Dataflow

from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_ml import MlVersion, write_structures_ml
from tests.artefact_samples import artefact, codelist, component, data_structure, item, network, urn
from tests.unit.test_structure_ml import ADDRESS, HEADER, VERSIONS


def simple() -> list[Artefact]:
    """What every library reads: the lists, concepts, structure and dataflow of the samples."""
    read = {"AgencyScheme", "ConceptScheme", "Dataflow", "DataStructure", "CategoryScheme"}
    plain = [one for one in network() if one.artefact_class.name in read]
    codes = [item("ALL"), item("NORTH", parent="ALL", description="Up")]
    lists = [codelist(name, "A", "M") for name in ("CL_FREQ", "CL_TOPIC", "CL_UNUSED")]
    status = artefact("ValueList", "VL_STATUS", valueItems=[{"id": "a+", "name": "good"}])
    return [*plain, codelist("CL_AREA", *codes), *lists, status]


def read_by_sdmx1(artefacts: list[Artefact]) -> Any:
    body = write_structures_ml(artefacts, HEADER, version="3.0.0", address=ADDRESS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sdmx.read_sdmx(io.BytesIO(body))


def test_sdmx1_reads_lists_concepts_structures_and_flows_of_3_0() -> None:
    message = read_by_sdmx1(simple())
    areas = message.codelist["CL_AREA"]
    assert [(one.id, one.parent.id) for one in areas] == [("ALL", "CL_AREA"), ("NORTH", "ALL")]
    assert areas["NORTH"].name.localizations == {
        "en": "NORTH in English",
        "es": "NORTH en español",
    }
    assert areas.version == "1.0.0"
    structure = message.structure["DSD"]
    assert [one.id for one in structure.dimensions] == ["FREQ", "AREA", "TOPIC", "TIME_PERIOD"]
    assert [one.id for one in structure.measures] == ["OBS_VALUE"]
    assert structure.dimensions.get("FREQ").local_representation.enumerated.id == "CL_FREQ"
    assert "Observation" in type(structure.attributes.get("OBS_STATUS").related_to).__name__
    assert message.dataflow["DF"].structure.id == "DSD"
    assert [one.id for one in message.concept_scheme["CS"]][:2] == ["FREQ", "AREA"]


@pytest.mark.parametrize("version", VERSIONS)
def test_pysdmx_reads_lists_concepts_structures_and_flows(version: MlVersion) -> None:
    structure = data_structure("DSD2")
    attributes = structure.document["dataStructureComponents"]["attributeList"]["attributes"]
    for relation in ({"dataflow": {}}, {"group": "SIBLING"}, {"dimensions": ["FREQ", "AREA"]}):
        name = next(iter(relation)).upper()
        attributes.append(component(name, attributeRelationship=relation))
    artefacts = [*simple(), structure]
    body = write_structures_ml(artefacts, HEADER, version=version, address=ADDRESS)
    found = pysdmx.io.read_sdmx(io.BytesIO(body), validate=True).structures
    assert found is not None
    by_class: dict[type, dict[str, Any]] = {}
    for one in found:
        by_class.setdefault(type(one), {})[one.id] = one
    areas = by_class[Codelist]["CL_AREA"]
    assert [(one.id, one.name) for one in areas] == [
        ("ALL", "ALL in English"),
        ("NORTH", "NORTH in English"),
    ]
    read = by_class[DataStructureDefinition]["DSD2"]
    assert [one.id for one in read.components.dimensions] == [
        "FREQ",
        "AREA",
        "TOPIC",
        "TIME_PERIOD",
    ]
    assert {one.id: one.attachment_level for one in read.components.attributes} == {
        "OBS_STATUS": "O",
        "DATAFLOW": "D",
        "GROUP": "AREA,TOPIC",
        "DIMENSIONS": "FREQ,AREA",
    }
    assert "TST:DSD(1.0.0)" in str(by_class[Dataflow]["DF"].structure)
    assert [one.id for one in by_class[ConceptScheme]["CS"]][:2] == ["FREQ", "AREA"]
    assert {one.id for one in by_class[AgencyScheme]["AGENCIES"]} == {"TST", "OTH"}


def test_sdmx1_reads_what_hangs_on_a_list() -> None:
    extended = codelist(
        "CL_TOPIC",
        "T1",
        codelistExtensions=[{"codelist": urn("Codelist", "CL_BASE"), "prefix": "X_"}],
    )
    message = read_by_sdmx1([extended, codelist("CL_BASE", "X")])
    [extension] = message.codelist["CL_TOPIC"].extends
    assert extension.prefix == "X_"
