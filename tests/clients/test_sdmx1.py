"""sdmx1 against the running service: as a source of SDMX 2.1, and as one of SDMX 3.0."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import pytest
import sdmx

# It cannot be imported any more once the reader of 2.1 has met structure-specific data.
import sdmx.reader.xml.v30
from sdmx.model import common, v30
from sdmx.source import Source, sources

from tests.clients.submitted import AGENCY, ENTRY_EXIT, Key, Submitted
from tests.served import Service

VENDOR = "application/vnd.sdmx."
KEY = {"REF_AREA": "CRI", "MOVEMENT": "ENT"}
GENERIC = f"{VENDOR}genericdata+xml;version=2.1"
SPECIFIC = f"{VENDOR}structurespecificdata+xml;version=2.1"


def client(service: Service, version: str) -> sdmx.Client:
    """A client of the service as a source of its own."""
    path = {"2.1": "v1", "3.0.0": "v2"}[version]
    name = f"VIPMG{path.upper()}"
    supports: dict[Any, bool] = {"availableconstraint": True, "preview": True}
    sources[name] = Source(
        id=AGENCY,
        url=f"{service.url}/sdmx/{path}",
        name=name,
        versions={version},  # type: ignore[arg-type]
        supports=supports,
    )
    return sdmx.Client(name)


def read(message: Any, submitted: Submitted) -> dict[Key, Decimal]:
    """Values by key with time of a data message, exactly as they were written."""
    [dataset] = message.data
    return {
        tuple(str(getattr(observation.key, name).value) for name in submitted.dimensions): Decimal(
            str(observation.value)
        )
        for observation in dataset.obs
    }


@pytest.fixture(scope="module")
def legacy(service: Service) -> sdmx.Client:
    return client(service, "2.1")


def test_lists_of_a_2_1_source(legacy: sdmx.Client) -> None:
    assert ENTRY_EXIT in legacy.dataflow().dataflow
    codes = legacy.codelist("CL_SEX").codelist["CL_SEX"]
    assert codes["F"].name.localizations["es"] == "Mujer"
    schemes = legacy.conceptscheme("CS_MIGRATION").concept_scheme
    assert "CITIZENSHIP" in schemes["CS_MIGRATION"]
    assert legacy.agencyscheme("AGENCIES").organisation_scheme


def test_the_structure_of_a_2_1_source(legacy: sdmx.Client, submitted: Submitted) -> None:
    message = legacy.dataflow(ENTRY_EXIT)
    structure = message.dataflow[ENTRY_EXIT].structure
    assert [one.id for one in structure.dimensions.components] == submitted.dimensions
    assert structure.measures.components[0].id == "OBS_VALUE"
    lists = {one.id for one in message.codelist.values()}
    assert "CL_MOVEMENT" in lists


@pytest.mark.parametrize(
    "accept",
    [
        GENERIC,
        SPECIFIC,
        f"{VENDOR}generictimeseriesdata+xml;version=2.1",
        f"{VENDOR}structurespecifictimeseriesdata+xml;version=2.1",
    ],
)
def test_c137_data_of_a_2_1_source(legacy: sdmx.Client, submitted: Submitted, accept: str) -> None:
    structure = legacy.dataflow(ENTRY_EXIT).dataflow[ENTRY_EXIT].structure
    message = legacy.data(ENTRY_EXIT, key=KEY, dsd=structure, headers={"Accept": accept})
    assert read(message, submitted) == submitted.values(**KEY)


def test_c058_periods_of_a_2_1_source(legacy: sdmx.Client, submitted: Submitted) -> None:
    periods = {"startPeriod": "2023-02", "endPeriod": "2023-03"}
    message = legacy.data(ENTRY_EXIT, key=KEY, params=periods)
    expected = {
        key: value
        for key, value in submitted.values(**KEY).items()
        if key[-1] in {"2023-02", "2023-03"}
    }
    assert read(message, submitted) == expected


def test_c072_the_series_keys_of_a_2_1_source(legacy: sdmx.Client, submitted: Submitted) -> None:
    keys = legacy.preview_data(ENTRY_EXIT, KEY)
    found = {
        tuple(str(getattr(key, name).value) for name in submitted.dimensions[:-1]) for key in keys
    }
    assert found == {key[:-1] for key in submitted.values(**KEY)}


def test_c089_what_a_2_1_source_has(legacy: sdmx.Client, submitted: Submitted) -> None:
    message = legacy.get("availableconstraint", ENTRY_EXIT)
    [constraint] = message.constraint.values()
    [region] = constraint.data_content_region
    codes = {
        member.values_for.id: {str(value.value) for value in member.values}
        for member in region.member.values()
        if member.values_for.id != "TIME_PERIOD"
    }
    assert codes["REF_AREA"] == submitted.codes("REF_AREA")


@pytest.fixture
def modern(service: Service) -> sdmx.Client:
    """A 3.0 client; it reads no data structure with an attribute of the dataflow or of a group."""
    found = client(service, "3.0.0")
    found.session.headers["Accept"] = f"{VENDOR}structure+xml;version=3.0.0"
    return found


def test_lists_of_a_3_0_source(modern: sdmx.Client) -> None:
    assert ENTRY_EXIT in modern.dataflow().dataflow
    codes = modern.codelist("CL_SEX").codelist["CL_SEX"]
    assert codes["F"].name.localizations["es"] == "Mujer"
    assert "CITIZENSHIP" in modern.conceptscheme("CS_MIGRATION").concept_scheme["CS_MIGRATION"]


def dimensions_only(submitted: Submitted) -> v30.DataStructureDefinition:
    """The structure by the ids of its dimensions, which is all that reading data takes."""
    structure = v30.DataStructureDefinition(id="DSD_BORDER", maintainer=common.Agency(id=AGENCY))
    for name in submitted.dimensions[:-1]:
        structure.dimensions.append(v30.Dimension(id=name))
    structure.dimensions.append(v30.TimeDimension(id="TIME_PERIOD"))
    structure.measures.append(v30.Measure(id="OBS_VALUE"))
    return structure


def test_c137_data_of_a_3_0_source(modern: sdmx.Client, submitted: Submitted) -> None:
    message = modern.data(
        ENTRY_EXIT,
        key="M.CRI.ENT",
        dsd=dimensions_only(submitted),
        params={"attributes": "none"},
        headers={"Accept": f"{VENDOR}data+xml;version=3.0.0"},
    )
    assert read(message, submitted) == submitted.values(**KEY)


def test_c137_csv_of_a_3_0_source(modern: sdmx.Client, submitted: Submitted) -> None:
    # The client does not hand the structure to its reader of CSV.
    reply = modern.session.get(
        f"{modern.source.url}/data/dataflow/{AGENCY}/{ENTRY_EXIT}/~/M.CRI.ENT?attributes=none",
        headers={"Accept": f"{VENDOR}data+csv;version=2.0.0"},
    )
    structure = dimensions_only(submitted)
    message = sdmx.read_sdmx(io.BytesIO(reply.content), format="csv", structure=structure)
    assert read(message, submitted) == submitted.values(**KEY)
