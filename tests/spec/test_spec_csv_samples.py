"""The official samples of SDMX-CSV 1.0, 2.0 and 2.1, sent to structures that fit them.

The samples are read from the folder that VIPMG_TEST_SDMX_CSV_SAMPLES names (the folders data-1.0,
data-2.0 and data-2.1 with the examples of the field guides, one file each); without it the tests
are skipped. What is changed in a text is said where it is: identifiers that the field guide leaves
open, nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from app.sdmx.artefacts import Artefact
from app.sdmx.urn import urn_of
from app.store.pools import Pools
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.structures import (
    CRI,
    DATASET,
    OBSERVATION,
    Decision,
    Desk,
    attribute,
    of_type,
    open_desk,
    structure,
)

SAMPLES = Path(os.environ.get("VIPMG_TEST_SDMX_CSV_SAMPLES", "/nonexistent"))
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="VIPMG_TEST_SDMX_CSV_SAMPLES names no folder of samples"
)

NOTE = "Normal, special and other values"
FIRST, SECOND = "A.B.2014-01", "A.B.2014-02"


def sample(edition: str, number: int) -> str:
    [path] = (SAMPLES / f"data-{edition}").glob(f"ex{number:02}_*.csv")
    return path.read_text(encoding="utf-8")


def flow(resource_id: str, structure_id: str, version: str, agency: str) -> list[Artefact]:
    """A dataflow, and the agreement under which CRI_STAT reports to it."""
    return [
        artefact(
            "Dataflow",
            resource_id,
            version,
            agency,
            structure=urn_of("DataStructure", agency, structure_id, version),
        ),
        artefact(
            "ProvisionAgreement",
            resource_id.replace("DF_", "DPA_") if "DF_" in resource_id else f"DPA_OF_{resource_id}",
            version,
            agency,
            dataflow=urn_of("Dataflow", agency, resource_id, version),
            dataProvider=urn("DataProvider", "DATA_PROVIDERS", CRI, version="1.0"),
        ),
    ]


CONCEPTS = [
    *("DIM_1", "DIM_2", "DIM_3", "TIME_PERIOD", "OBS_VALUE", "OBS_VALUE1", "OBS_VALUE2"),
    *("MEAS_1", "ATTR_1", "ATTR_2", "ATTR_3"),
]


def coded(component_id: str, codes: str, **parts: Any) -> dict[str, Any]:
    return component(component_id, urn("Codelist", codes), **parts)


def many(component_id: str, codes: str | None = None) -> dict[str, Any]:
    representation: dict[str, Any] = {"maxOccurs": "unbounded"}
    if codes:
        representation["enumeration"] = urn("Codelist", codes)
    else:
        representation["format"] = {"dataType": "String"}
    return component(component_id) | {"localRepresentation": representation}


def na_main(
    *attributes: dict[str, Any],
    measures: tuple[str, ...] = ("OBS_VALUE",),
    version: str = "1.6.0",
    structure_id: str = "DSD_NA_MAIN",
    agency: str = "ESTAT",
    relationships: dict[str, Any] | None = None,
) -> Artefact:
    """DIM_1.DIM_2.DIM_3: three dimensions as in the samples, the third of them months."""
    return structure(
        structure_id,
        [coded("DIM_1", "CL_AB"), coded("DIM_2", "CL_AB"), coded("DIM_3", "CL_MONTH")],
        [of_type(measure, "Decimal", usage="optional") for measure in measures],
        [
            attribute(part, (relationships or {}).get(part["id"], OBSERVATION))
            for part in attributes
        ],
        time_id=None,
        version=version,
        agency=agency,
    )


def network(*parts: Artefact, agency: str = "ESTAT") -> list[Artefact]:
    months = ["2014-01", "2014-02", "2014-03", "2014-01-01", "2014-02-01", "C"]
    return [
        artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=[item("TST"), item(agency)]),
        artefact("DataProviderScheme", "DATA_PROVIDERS", "1.0", dataProviders=[item(CRI)]),
        artefact("ConceptScheme", "CS", concepts=[item(one) for one in CONCEPTS]),
        codelist("CL_AB", "A", "B"),
        codelist("CL_MONTH", *months),
        codelist("CL_YN", "Y", "N"),
        codelist("CL_XYZ", "X", "Y", "Z"),
        *parts,
    ]


YES_NO = [coded("ATTR_1", "CL_YN"), coded("ATTR_2", "CL_YN"), of_type("ATTR_3", "String")]


async def desk_of(pools: Pools, dsd: Artefact, version: str = "1.6.0") -> Desk:
    return await open_desk(pools, network(dsd, *flow("NA_MAIN", "DSD_NA_MAIN", version, "ESTAT")))


async def observations(desk: Desk) -> dict[str, dict[str, Any]]:
    """By key; where there is no time dimension the key ends in a point."""
    return {key.rstrip("."): values for key, values in (await desk.observations()).items()}


def ordinary(first: str = FIRST, second: str = SECOND) -> dict[str, dict[str, str]]:
    return {
        first: {"OBS_VALUE": "12.4", "ATTR_2": "Y", "ATTR_3": NOTE, "ATTR_1": "N"},
        second: {"OBS_VALUE": "10.8", "ATTR_2": "Y", "ATTR_3": NOTE, "ATTR_1": "Y"},
    }


def well(decision: Decision) -> None:
    assert decision.state == "published", decision.findings


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_c136_version_1(pools: Pools, number: int) -> None:
    desk = await open_desk(
        pools,
        network(na_main(*YES_NO, version="1.6"), *flow("NA_MAIN", "DSD_NA_MAIN", "1.6", "ESTAT")),
    )
    well(await desk.send(sample("1.0", number)))
    days = ("A.B.2014-01-01", "A.B.2014-02-01")
    assert await observations(desk) == (ordinary(*days) if number == 3 else ordinary())


EDITIONS = ["2.0", "2.1"]


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("number", [1, 4])
async def test_c149_c151_ordinary_and_localised(pools: Pools, edition: str, number: int) -> None:
    desk = await desk_of(pools, na_main(*YES_NO))
    well(await desk.send(sample(edition, number)))
    assert await observations(desk) == ordinary()


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c151_labels_both_with_days(pools: Pools, edition: str) -> None:
    desk = await desk_of(pools, na_main(*YES_NO))
    well(await desk.send(sample(edition, 5)))
    assert await observations(desk) == ordinary("A.B.2014-01-01", "A.B.2014-02-01")


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c151_labels_name(pools: Pools, edition: str) -> None:
    """In this sample ATTR_1 and ATTR_3 stand the other way round than in the others."""
    yes_no = [of_type("ATTR_2", "String"), coded("ATTR_1", "CL_YN"), coded("ATTR_3", "CL_YN")]
    desk = await desk_of(pools, na_main(*yes_no))
    well(await desk.send(sample(edition, 6)))
    found = await observations(desk)
    assert found[FIRST] == {"OBS_VALUE": "12.4", "ATTR_1": "Y", "ATTR_2": NOTE, "ATTR_3": "N"}
    assert found[SECOND] == {"OBS_VALUE": "10.8", "ATTR_1": "Y", "ATTR_2": NOTE, "ATTR_3": "Y"}


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c150_any_order_and_several_values(pools: Pools, edition: str) -> None:
    measures = ("OBS_VALUE1", "OBS_VALUE2")
    dsd = na_main(many("ATTR_1", "CL_XYZ"), of_type("ATTR_3", "String"), measures=measures)
    desk = await desk_of(pools, dsd)
    well(await desk.send(sample(edition, 2)))
    found = await observations(desk)
    assert found[FIRST] == {
        "OBS_VALUE1": "12.4",
        "OBS_VALUE2": "12.5",
        "ATTR_1": ["X", "Y"],
        "ATTR_3": NOTE,
    }
    assert found[SECOND]["ATTR_1"] == ["X", "Z"]


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c132_with_keys(pools: Pools, edition: str) -> None:
    dsd = na_main(*YES_NO, measures=("OBS_VALUE1", "OBS_VALUE2"))
    desk = await desk_of(pools, dsd)
    well(await desk.send(sample(edition, 3)))
    assert (await observations(desk))[SECOND] == {
        "OBS_VALUE1": "10.8",
        "OBS_VALUE2": "10.9",
        "ATTR_1": "Y",
        "ATTR_3": NOTE,
    }


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c133_several_values(pools: Pools, edition: str) -> None:
    desk = await desk_of(pools, na_main(many("ATTR_1"), many("ATTR_2"), many("ATTR_3")))
    well(await desk.send(sample(edition, 7)))
    found = await observations(desk)
    assert found[FIRST]["ATTR_1"] == ["Value X", "Value Y"]
    assert found[FIRST]["ATTR_2"] == ["M, N & O", "P & Q"]
    assert found[SECOND]["ATTR_3"] == ["A", "C"]


MULTILINGUAL = of_type("ATTR_1", "String", facets={"isMultiLingual": True})


@pytest.mark.parametrize("edition", EDITIONS)
async def test_c133_c148_languages_and_two_dataflows(pools: Pools, edition: str) -> None:
    versions = ("1.6.0", "1.7.0")
    structures = [na_main(MULTILINGUAL, version=version) for version in versions]
    flows = [part for v in versions for part in flow("NA_MAIN", "DSD_NA_MAIN", v, "ESTAT")]
    desk = await open_desk(pools, network(*structures, *flows))
    decision = await desk.send(sample(edition, 8))
    well(decision)
    found = await observations(desk)
    assert found[FIRST]["ATTR_1"] == {"en": "Any Value", "fr": "N'importe quelle Valeur"}
    assert found[SECOND]["ATTR_1"] == {"en": 'Value "X"', "fr": 'Valeur "X"'}
    assert len(decision.submission.agreements) == 2


async def test_c148_dataflow_structure_and_agreement_in_one_file(pools: Pools) -> None:
    versions = ("1.6.0", "1.7.0", "1.8.0")
    structures = [na_main(MULTILINGUAL, version=version) for version in versions]
    flows = [part for v in versions for part in flow("DF_NA_MAIN", "DSD_NA_MAIN", v, "ESTAT")]
    desk = await open_desk(pools, network(*structures, *flows))
    decision = await desk.send(sample("2.1", 9))
    well(decision)
    assert len(decision.submission.agreements) == 3
    assert {key: row["OBS_VALUE"] for key, row in (await observations(desk)).items()} == {
        FIRST: "12.4",
        SECOND: "10.8",
        "A.B.2014-03": "11.2",
    }


@pytest.mark.parametrize("number", [11, 16])
async def test_actions_and_text_of_several_lines(pools: Pools, number: int) -> None:
    desk = await desk_of(pools, na_main(of_type("ATTR_1", "String")))
    well(await desk.send(sample("2.1", number)))
    found = await observations(desk)
    assert [found[FIRST]["OBS_VALUE"], found[SECOND]["OBS_VALUE"]] == ["12.4", "10.8"]
    if number == 16:
        assert found[FIRST]["ATTR_1"] == '<p>This is some "xhtml" with a line\nbreak</p>'
    else:
        assert [found[FIRST]["ATTR_1"], found[SECOND]["ATTR_1"]] == ["X", "Y"]


async def test_structure_named_without_a_version(pools: Pools) -> None:
    dsd = na_main(coded("ATTR_1", "CL_YN"), structure_id="DF_ID", agency="AGENCY", version="1.0.0")
    parts = network(dsd, *flow("FLOW", "DF_ID", "1.0.0", "AGENCY"), agency="AGENCY")
    desk = await open_desk(pools, parts)
    well(await desk.send(sample("2.1", 12)))
    assert (await observations(desk))[FIRST] == {"OBS_VALUE": "12.4", "ATTR_1": "N"}


async def test_attributes_of_a_part_of_the_key(pools: Pools) -> None:
    dsd = na_main(
        coded("ATTR_1", "CL_YN"),
        structure_id="DSD",
        agency="AGENCY",
        version="1.0.0",
        relationships={"ATTR_1": ["DIM_2", "DIM_3"]},
    )
    parts = network(dsd, *flow("DF_ID", "DSD", "1.0.0", "AGENCY"), agency="AGENCY")
    desk = await open_desk(pools, parts)
    well(await desk.send(sample("2.1", 13)))
    assert await desk.attachments() == {
        "*.B.2014-01": {"ATTR_1": "N"},
        "*.B.2014-02": {"ATTR_1": "Y"},
    }


async def test_attributes_of_a_part_of_the_key_among_observations(pools: Pools) -> None:
    dsd = na_main(
        coded("ATTR_1", "CL_YN"),
        coded("ATTR_2", "CL_YN"),
        measures=("MEAS_1",),
        structure_id="DSD",
        agency="AGENCY",
        version="1.0.0",
        relationships={"ATTR_2": ["DIM_2"]},
    )
    parts = network(dsd, *flow("DF_ID", "DSD", "1.0.0", "AGENCY"), agency="AGENCY")
    desk = await open_desk(pools, parts)
    well(await desk.send(sample("2.1", 14)))
    assert await observations(desk) == {FIRST: {"MEAS_1": "12.4", "ATTR_1": "N"}}
    assert await desk.attachments() == {"*.B.*": {"ATTR_2": "Y"}}


HEAD = "STRUCTURE,STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_2,ATTR_3,ATTR_1\n"


async def stocked(pools: Pools) -> Desk:
    """All eight observations of A and B by A and B by two months, and an attribute of all."""
    desk = await desk_of(pools, na_main(*YES_NO, relationships={"ATTR_3": DATASET}))
    rows = [
        f"dataflow,ESTAT:NA_MAIN(1.6.0),M,{one},{two},{month},1,Y,text,N\n"
        for one in "AB"
        for two in "AB"
        for month in ("2014-01", "2014-02", "C")
    ]
    well(await desk.send(HEAD + "".join(rows)))
    assert len(await observations(desk)) == 12
    return desk


async def test_c143_marked_values(pools: Pools) -> None:
    desk = await stocked(pools)
    well(await desk.send(sample("2.1", 17)))
    found = await observations(desk)
    assert found[FIRST] == {"ATTR_2": "Y", "ATTR_1": "N"}
    assert found[SECOND] == {"OBS_VALUE": "1", "ATTR_2": "Y", "ATTR_1": "N"}
    assert len(found) == 12
    assert await desk.attachments() == {}


async def test_c143_marked_values_with_open_dimensions(pools: Pools) -> None:
    desk = await stocked(pools)
    well(await desk.send(sample("2.1", 18)))
    found = await observations(desk)
    assert {key for key, values in found.items() if "OBS_VALUE" not in values} == {
        f"{one}.A.{month}" for one in "AB" for month in ("2014-01", "2014-02", "C")
    }
    assert len(found) == 12


async def test_c143_whole_observations_with_open_dimensions(pools: Pools) -> None:
    desk = await stocked(pools)
    well(await desk.send(sample("2.1", 19)))
    assert set(await observations(desk)) == {
        f"{one}.B.{month}" for one in "AB" for month in ("2014-01", "2014-02")
    }


@pytest.mark.parametrize("number", [20, 21])
async def test_c143_everything(pools: Pools, number: int) -> None:
    desk = await stocked(pools)
    well(await desk.send(sample("2.1", number)))
    assert await observations(desk) == {}
    assert await desk.attachments() == {}
