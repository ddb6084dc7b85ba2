"""pysdmx against the running service: its registry client, its connector, its REST service."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from pysdmx.api.dc.rest import SdmxConnector
from pysdmx.api.fmr import RegistryClient
from pysdmx.api.qb import ApiVersion, RestService
from pysdmx.api.qb.data import DataContext, DataQuery
from pysdmx.api.qb.structure import StructureQuery, StructureReference, StructureType
from pysdmx.io import get_datasets, read_sdmx
from pysdmx.io.format import DataFormat, StructureFormat

from tests.clients.submitted import AGENCY, ENTRY_EXIT, Submitted
from tests.served import Service

SECONDS = 30.0
FLOW = f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow={AGENCY}:{ENTRY_EXIT}(1.0.0)"


@pytest.fixture(scope="module")
def registry(service: Service) -> RegistryClient:
    return RegistryClient(
        f"{service.url}/sdmx/v2", StructureFormat.SDMX_JSON_2_0_0, timeout=SECONDS
    )


@pytest.fixture(scope="module")
def connector(service: Service) -> SdmxConnector:
    return SdmxConnector(f"{service.url}/sdmx/v2", timeout=SECONDS)


def test_the_registry_client_reads_lists_and_concepts(registry: RegistryClient) -> None:
    codes = registry.get_codes(AGENCY, "CL_SEX")
    assert {"F", "M", "_T"} <= {code.id for code in codes}
    concepts = registry.get_concepts(AGENCY, "CS_MIGRATION")
    assert "CITIZENSHIP" in {concept.id for concept in concepts}
    assert "CRI_DGME" in {one.id for one in registry.get_providers(AGENCY)}
    assert AGENCY in {one.id for one in registry.get_agencies("SDMX")}


def test_the_registry_client_reads_a_schema(registry: RegistryClient, submitted: Submitted) -> None:
    schema = registry.get_schema("dataflow", AGENCY, ENTRY_EXIT, "1.0.0")
    assert [one.id for one in schema.components.dimensions] == submitted.dimensions
    movement = schema.components["MOVEMENT"]
    assert submitted.codes("MOVEMENT") <= {code.id for code in movement.enumeration}


def test_the_registry_client_reads_a_dataflow_with_its_providers(registry: RegistryClient) -> None:
    details = registry.get_dataflow_details(AGENCY, ENTRY_EXIT, "1.0.0")
    assert details.id == ENTRY_EXIT
    assert {"CRI_DGME", "PAN_SNM"} <= {one.id for one in details.providers}
    assert any(one.id == "CITIZENSHIP" for one in details.components)


def test_the_connector_finds_a_dataflow_and_its_availability(
    connector: SdmxConnector, submitted: Submitted
) -> None:
    assert ENTRY_EXIT in {flow.id for flow in connector.dataflows()}
    flow = connector.dataflow(FLOW)
    [area] = [one for one in flow.structure.components if one.id == "REF_AREA"]
    assert submitted.codes("REF_AREA") <= {code.id for code in area.enumeration}
    assert flow.obs_count == len(submitted.rows)


def test_c137_the_connector_reads_filtered_data(
    connector: SdmxConnector, submitted: Submitted
) -> None:
    rows = connector.data(FLOW, "REF_AREA = 'CRI' AND MOVEMENT = 'ENT'")
    assert submitted.read(rows) == submitted.values(REF_AREA="CRI", MOVEMENT="ENT")


@pytest.mark.parametrize(
    "data_format", [one for one in DataFormat if "JSON" not in one.name], ids=lambda one: one.name
)
def test_c137_the_rest_service_reads_data_of_1_x(
    service: Service, submitted: Submitted, data_format: DataFormat
) -> None:
    rest = RestService(
        f"{service.url}/sdmx/v1",
        ApiVersion.V1_5_0,
        data_format=data_format,
        structure_format=StructureFormat.SDMX_ML_2_1,
        timeout=SECONDS,
    )
    query = DataQuery(DataContext.DATAFLOW, AGENCY, ENTRY_EXIT, "1.0.0", "M.CRI.ENT..........")
    structure = StructureQuery(
        StructureType.DATAFLOW, AGENCY, ENTRY_EXIT, references=StructureReference.DESCENDANTS
    )
    data = rest.data(query)
    [found] = get_datasets(BytesIO(data), BytesIO(rest.structure(structure)))
    rows: list[dict[str, Any]] = found.data.to_dict("records")
    assert submitted.read(rows) == submitted.values(REF_AREA="CRI", MOVEMENT="ENT")


# It has no reader for the SDMX-JSON structures of 1.0.
READ_STRUCTURES = ("SDMX_ML_2_1", "SDMX_ML_3_0", "SDMX_ML_3_1", "SDMX_JSON_2_0_0")


@pytest.mark.parametrize("structure_format", [StructureFormat[one] for one in READ_STRUCTURES])
def test_c137_the_rest_service_reads_structures_of_1_x(
    service: Service, structure_format: StructureFormat
) -> None:
    rest = RestService(
        f"{service.url}/sdmx/v1",
        ApiVersion.V1_5_0,
        structure_format=structure_format,
        timeout=SECONDS,
    )
    query = StructureQuery(
        StructureType.DATAFLOW, AGENCY, ENTRY_EXIT, references=StructureReference.CHILDREN
    )
    message = read_sdmx(BytesIO(rest.structure(query)))
    [structure] = message.get_data_structure_definitions()
    assert "CITIZENSHIP" in {one.id for one in structure.components}
