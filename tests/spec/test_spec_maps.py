"""Structure maps at submission (SDMX 3.0 section 6, 13 "Structure mapping"; SDMX-JSON 2.1)."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio

from app.cli.local_files import LocalFile
from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.messages.data_reading import BATCH_ROWS
from app.sdmx.registry_changes import plan_changes
from app.services.check_file import check_file
from app.settings import Settings
from app.store.catalogue import CatalogueCache
from app.store.local_stage import LocalStage
from app.store.pools import Pools
from tests.artefact_samples import artefact, urn
from tests.mapped import national_file
from tests.national import (
    DATES,
    NATIONAL,
    component_map,
    mapping,
    national,
    pattern,
    representation_map,
    structure_map,
)
from tests.sending.desk import CSV, House, Sender, open_house
from tests.structures import START, constraint, region

SHARED_PATH = "/sdmx/v2/data/dataflow/TST/DF_RET/1.0.0"
SUMMED = "TST:NAT_SUM(1.0.0)"
TWO_WAYS = "TST:NAT_TWO(1.0.0)"
CLOCK = "TST:NAT_CLOCK(1.0.0)"
UNRUN = "TST:NAT_UNRUN(1.0.0)"
PLAIN = "text/csv"

MONTHS = (
    *("enero", "feb", "marzo", "abril", "mayo", "jun"),
    *("julio", "ago", "set", "oct", "nov", "dic"),
)


def constants(**values: str) -> list[dict[str, Any]]:
    return [{"target": name, "values": [value]} for name, value in values.items()]


def more() -> list[Any]:
    """National dataflows with maps of other kinds."""
    of_structure = {"structure": urn("DataStructure", "DSD_NAT")}
    clock = {
        "id": "CLOCK",
        "mappedComponents": [{"source": "fecha", "target": "TIME_PERIOD"}],
        "basePeriod": "1970",
        "epochPeriod": "second",
        "frequencyDimension": "FREQ",
    }
    day = DATES | {"sourcePattern": "dd/MM/yyyy"}
    by_frequency = {name: value for name, value in day.items() if name != "targetFrequencyID"}
    areas = [
        mapping([pattern(r"(?i)costa\s+rica.*|cr\d*")], ["CRI"]),
        mapping([pattern(r"([A-Z]{3})-\d+")], [r"\1"]),
        mapping([{"value": "SV", "startIndex": 1, "endIndex": 2}], ["SLV"]),
    ]
    yes = representation_map("RM_YES", [mapping(["Costa Rica"], ["CRI"]), mapping([""])])
    no = representation_map("RM_NO", [mapping(["El Salvador"], ["SLV"]), mapping([""])])
    parts = structure_map().document["componentMaps"]
    return [
        *(
            artefact("Dataflow", name, **of_structure)
            for name in ("NAT_SUM", "NAT_TWO", "NAT_CLOCK", "NAT_UNRUN")
        ),
        representation_map("RM_LOOSE", areas),
        yes,
        no,
        structure_map(
            "SM_SUM",
            source=urn("Dataflow", "NAT_SUM"),
            annotations=[{"type": "MAP_RULE", "id": "SAME_KEY", "title": "SUM"}],
            componentMaps=[
                component_map(["pais"], ["REF_AREA"], "RM_LOOSE"),
                component_map(["personas"], ["OBS_VALUE"]),
            ],
            fixedValueMaps=constants(FREQ="M", SEX="_T", AGE="_T"),
        ),
        *(
            structure_map(
                f"SM_{table}",
                source=urn("Dataflow", "NAT_TWO"),
                componentMaps=[
                    *parts[:1],
                    component_map(["pais"], ["REF_AREA"], table),
                    *parts[2:],
                ],
                fixedValueMaps=constants(FREQ="M"),
            )
            for table in ("RM_YES", "RM_NO")
        ),
        structure_map(
            "SM_CLOCK",
            source=urn("Dataflow", "NAT_CLOCK"),
            datePatternMaps=[by_frequency | {"frequencyDimension": "FREQ"}],
            epochMaps=[clock],
            fixedValueMaps=constants(FREQ="D"),
        ),
        structure_map("SM", "2.0.0-draft", fixedValueMaps=constants(FREQ="Q")),
        structure_map(
            "SM_LATER", validFrom="2999-01-01T00:00:00Z", fixedValueMaps=constants(FREQ="A")
        ),
        structure_map(
            "SM_UNRUN", source=urn("Dataflow", "NAT_UNRUN"), fixedValueMaps=constants(STATUS="A")
        ),
        constraint(
            "CC_PA_RET",
            {"provisionAgreements": [urn("ProvisionAgreement", "PA_RET_CRI")]},
            cubeRegions=[region(AGE=["Y18", "Y0T17", "_T"], FREQ=["M", "D"])],
        ),
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_pools: Pools, module_settings: Settings) -> AsyncIterator[House]:
    listed = [*national(), *more()]
    async with open_house(module_pools, module_settings, artefacts=listed) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender(house: House) -> Sender:
    return await house.sender()


async def figures(house: House, period: str) -> dict[str, str]:
    """The shared figures of a period, by area, sex and age."""
    reply = await house.public(f"{SHARED_PATH}?c[TIME_PERIOD]={period}")
    if reply.status_code == 204:
        return {}
    head, *lines = (line.split(",") for line in reply.text.splitlines())
    cells = [dict(zip(head, line, strict=True)) for line in lines]
    return {".".join(one[n] for n in ("REF_AREA", "SEX", "AGE")): one["OBS_VALUE"] for one in cells}


async def refused(sender: Sender, content: str, query: str = "") -> list[dict[str, Any]]:
    """The findings of a file that is refused."""
    reply = await sender.send(content.encode(), query, Content_Type=PLAIN)
    told = reply.json()
    assert told["state"] == "rejected", told
    found: list[dict[str, Any]] = told["findings"]["first"]
    return found


async def test_c172_a_national_file_leaves_as_the_shared_dataflow(
    house: House, sender: Sender, module_pools: Pools
) -> None:
    told = await sender.publish(
        national_file(
            "enero 2024,Hombres,Costa Rica,6507",
            "ene. 2024,Mujeres,Costa Rica,1389",
            "ENERO 2024,Niños,Costa Rica,1102",
            "enero 2024,Niñas,Costa Rica,703",
            "enero 2024,Total,Costa Rica,9701",
        ).encode()
    )
    assert await figures(house, "2024-01") == {
        "CRI.M.Y18": "6507",
        "CRI.F.Y18": "1389",
        "CRI.M.Y0T17": "1102",
        "CRI.F.Y0T17": "703",
    }
    [done] = told["mapping"]
    assert done["map"].endswith("=TST:SM(1.0.0)")  # the draft and what is not valid yet do not run
    assert (done["rows"], done["taken"], done["left_out"], done["unmapped"]) == (5, 4, 1, 0)
    [left] = told["findings"]["first"]
    assert (left["code"], left["severity"], left["value"]) == ("VIPMG-332", "warning", "Total")
    assert told["agreements"] == [urn("ProvisionAgreement", "PA_RET_CRI")]
    reply = await house.public(SHARED_PATH)
    assert "Niñas" in reply.text  # the national label stays with its figure


async def test_c172_patterns_parts_and_constants_and_sums(house: House, sender: Sender) -> None:
    await sender.publish(
        national_file(
            "febrero 2024,x,Costa  Rica (todas),0.1",
            "febrero 2024,y,CR7,0.2",
            "feb 2024,z,HND-504,12345678901234567890.5",
            "feb 2024,z,HND-505,0.5",
            "febrero 2024,z,SV-22,3",
        ).replace(NATIONAL, SUMMED).encode()
    )  # fmt: skip
    assert await figures(house, "2024-02") == {
        "CRI._T._T": "0.3",
        "HND._T._T": "12345678901234567891.0",
        "SLV._T._T": "3",
    }


async def test_c173_dates_of_a_pattern_and_of_a_clock(house: House, sender: Sender) -> None:
    rows = ("18/07/1981,Hombres,Costa Rica,1", "1589808220,Mujeres,Costa Rica,2")
    await sender.publish(national_file(*rows).replace(NATIONAL, CLOCK).encode())
    assert await figures(house, "1981-07-18") == {"CRI.M.Y18": "1"}
    assert await figures(house, "2020-05-18") == {"CRI.F.Y18": "2"}
    wrong = national_file("31/02/2024,Hombres,Costa Rica,1").replace(NATIONAL, CLOCK)
    [finding] = await refused(sender, wrong)
    assert (finding["code"], finding["column"], finding["value"]) == (
        *("VIPMG-262", "fecha", "31/02/2024"),
    )
    assert finding["allowed"] == "31/01/2025; 1738281600 (2025-01-31)"


async def test_c174_two_sources_on_one_key_are_refused_with_both_rows(
    house: House, sender: Sender
) -> None:
    years = range(1000, 2700)
    many = [f"{month} {year},Hombres,Costa Rica,1" for year in years for month in MONTHS]
    many = [row for row in many if not row.startswith("marzo 2024")]
    assert len(many) > BATCH_ROWS
    content = national_file(
        "marzo 2024,Hombres,Costa Rica,5", *many, "MAR 2024,Hombres,Costa Rica,7"
    )
    path = "/sdmx/v2/data"
    reply = await sender.client.post(path, content=content.encode(), headers={"Content-Type": CSV})
    assert reply.status_code == 422
    [finding] = await refused(sender, content)
    assert (finding["code"], finding["row"], finding["rule"]) == ("VIPMG-261", len(many) + 3, "2")
    assert "fila 2" in finding["messages"]["es"]
    assert "M.CRI.M.Y18 2024-03" in finding["messages"]["en"]
    assert await figures(house, "2024-03") == {}


async def test_findings_speak_of_the_file_as_it_was_sent(sender: Sender) -> None:
    rows = (
        "abril 2024,Hombres,Costa Rica,mil",
        "abril 2024,Honbres,Costa Rica,1",
        "abril 2024,Honbres,Costa Rica,2",
        ",Mujeres,Costa Rica,1",
    )
    found = await refused(sender, national_file(*rows, header="fecha,grupo,pais,personas"))
    assert [(one["code"], one["row"], one["column"], one["value"]) for one in found] == [
        ("VIPMG-212", 2, "personas", "mil"),
        ("VIPMG-260", 3, "grupo", "Honbres"),
        ("VIPMG-211", 5, "fecha", None),
    ]
    assert (found[1]["nearest"], found[1]["rule"]) == ("Hombres", "2")
    content = national_file("2024-05,Hombres,GTM-1,1").replace(NATIONAL, SUMMED)
    dates = await refused(sender, content)
    assert [one["column"] for one in dates] == ["fecha"]


async def test_the_shared_value_stands_beside_the_national_one(house: House) -> None:
    """An agreement that does not take an age band names the word that led to it."""
    other = await house.sender("SLV_STAT")
    wrong = national_file("mayo 2024,x,ZZZ-1,1").replace(NATIONAL, SUMMED)
    [finding] = await refused(other, wrong)
    assert (finding["code"], finding["column"]) == ("VIPMG-210", "pais")
    assert finding["value"] == "ZZZ-1 → ZZZ"


async def test_an_agreement_that_takes_parts_leaves_out_all_rows_of_an_unknown_word(
    house: House,
) -> None:
    other = await house.sender("SLV_STAT")
    good = [f"{month} 2023,Hombres,El Salvador,1" for month in MONTHS]
    wrong = [f"{month} 2023,Honbres,El Salvador,1" for month in MONTHS]
    twice = ["enero 2022,Mujeres,El Salvador,1", "ENE 2022,Mujeres,El Salvador,2"]
    told = await other.publish(national_file(*good, *wrong, *twice).encode())
    assert told["findings"]["by_code"] == {"VIPMG-260": 1, "VIPMG-261": 1}
    [done] = told["mapping"]  # of the whole file, not of what is left of it
    assert (done["rows"], done["unmapped"], done["left_out"], done["refused"]) == (26, 12, 0, 2)
    assert [(one["values"], one["rows"]) for one in done["values"]] == [(["Honbres"], 12)]
    [unknown, repeated] = told["findings"]["first"]
    assert (unknown["column"], unknown["rule"]) == ("grupo", "12")
    assert (repeated["row"], repeated["rule"]) == (27, "26")
    assert told["mapping"][0]["taken"] == 12


async def test_several_maps_share_the_rows_of_one_file(house: House, sender: Sender) -> None:
    rows = [f"junio 2024,Hombres,{area},1" for area in ("Costa Rica", "El Salvador")]
    told = await sender.publish(national_file(*rows).replace(NATIONAL, TWO_WAYS).encode())
    assert await figures(house, "2024-06") == {"CRI.M.Y18": "1", "SLV.M.Y18": "1"}
    assert [(done["taken"], done["left_out"]) for done in told["mapping"]] == [(1, 1), (1, 1)]
    assert told["findings"]["total"] == 0
    # Each of the maps leaves to the other what it does not name; nobody names Cuba.
    nobody = national_file(*rows, "julio 2024,Hombres,Cuba,1").replace(NATIONAL, TWO_WAYS)
    [finding] = await refused(sender, nobody)
    assert (finding["code"], finding["row"], finding["value"]) == ("VIPMG-260", 4, "Cuba")
    nothing = await refused(sender, national_file("junio 2024,Total,Costa Rica,1"))
    assert [(one["code"], one["severity"]) for one in nothing] == [("VIPMG-332", "error")]


async def test_rows_are_deleted_in_national_words(house: House, sender: Sender) -> None:
    rows = ("julio 2024,Hombres,Costa Rica,1", "julio 2024,Mujeres,Costa Rica,2")
    await sender.publish(national_file(*rows).encode())
    await sender.publish(national_file("julio 2024,Mujeres,Costa Rica,", action="D").encode())
    assert await figures(house, "2024-07") == {"CRI.M.Y18": "1"}
    await sender.publish(national_file("julio 2024,Hombres,Costa Rica,9", action="R").encode())
    assert await figures(house, "2024-07") == {"CRI.M.Y18": "9"}


TABLE = (
    "Personas retornadas;;;\n;;;\nMES DEL INFORME;Grupo;PAÍS;Personas\n"
    "agosto 2024;Hombres;Costa Rica;5,5\nagosto 2024;Niñas;Costa Rica;7\n"
)


async def test_a_table_in_its_own_columns_is_read_as_the_dataflow_named(
    house: House, sender: Sender
) -> None:
    reply = await sender.send(TABLE.encode(), f"?dataflow={NATIONAL}", Content_Type=PLAIN)
    assert reply.json()["state"] == "published", reply.text
    assert await figures(house, "2024-08") == {"CRI.M.Y18": "5.5", "CRI.F.Y0T17": "7"}
    wrong = TABLE.replace("Niñas", "Nenas").replace("agosto", "octubre")
    [finding] = await refused(sender, wrong, "?dataflow=TST:NAT")
    assert (finding["row"], finding["column"], finding["nearest"]) == (5, "grupo", "Niñas")
    [finding] = await refused(sender, "a;b\n1;2\n", f"?dataflow={NATIONAL}")
    assert (finding["code"], finding["rule"]) == ("VIPMG-201", "plain-header")
    for query, status in (
        (f"dataflow={NATIONAL}&agreement=PA_RET_CRI", 400),
        ("dataflow=TST:X", 404),
    ):
        reply = await sender.send(TABLE.encode(), f"?{query}", Content_Type=PLAIN)
        assert reply.status_code == status, reply.text


async def test_an_upload_in_parts_names_its_dataflow_too(house: House, sender: Sender) -> None:
    body = TABLE.replace("agosto", "septiembre").encode()
    said = {"dataflow": NATIONAL, "filename": "tabla.csv"}
    metadata = ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
    head = {"Tus-Resumable": "1.0.0", "Upload-Length": str(len(body)), "Upload-Metadata": metadata}
    typed = {"Content-Type": "application/offset+octet-stream"}
    reply = await sender.client.post("/api/uploads", content=body, headers=head | typed)
    assert reply.status_code == 201, reply.text
    for _ in range(100):
        if await figures(house, "2024-09"):
            break
        await sender.client.get("/api/submissions", headers={"Prefer": "wait=1"})
    assert await figures(house, "2024-09") == {"CRI.M.Y18": "5.5", "CRI.F.Y0T17": "7"}


async def test_a_plain_sheet_is_read_as_the_dataflow_named(house: House, sender: Sender) -> None:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    for row in (["Retornos"], ["Mes del informe", "Grupo", "Pais", "Personas"]):
        sheet.append(row)
    sheet.append(["noviembre 2024", "Hombres", "Costa Rica", 8])
    content = io.BytesIO()
    workbook.save(content)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    query = f"?dataflow={NATIONAL}"
    reply = await sender.send(content.getvalue(), query, Content_Type=kind)
    assert reply.json()["state"] == "published", reply.text
    assert await figures(house, "2024-11") == {"CRI.M.Y18": "8"}
    sheet["B3"] = "Honbres"
    workbook.save(content := io.BytesIO())
    reply = await sender.send(content.getvalue(), query, Content_Type=kind)
    [finding] = reply.json()["findings"]["first"]
    assert (finding["code"], finding["place"]) == ("VIPMG-260", "Sheet!B3")


async def test_a_map_that_is_not_finished_is_told_and_nothing_is_stored(sender: Sender) -> None:
    [finding] = await refused(sender, national_file("x,y,z,1").replace(NATIONAL, UNRUN))
    assert (finding["code"], finding["value"]) == ("VIPMG-263", "TST:SM_UNRUN(1.0.0)")


async def test_the_check_without_network_finds_the_same(
    sender: Sender, module_pools: Pools, tmp_path: Path
) -> None:
    async with module_pools.public.acquire() as connection:
        catalogue = await CatalogueCache().current(connection)
    own = catalogue.of_provider("CRI_STAT")
    path = tmp_path / "tabla.csv"
    path.write_text(TABLE.replace("Niñas", "Nenas") + "AGO 2024;Hombres;Costa Rica;1\n", "utf-8")
    with path.open("rb") as content, LocalStage() as stage:
        checked = check_file(
            catalogue, own, LocalFile.of(path), content, stage,
            max_bytes=1 << 20, now=START, options={"dataflow": NATIONAL},
        )  # fmt: skip
        codes = sorted(group.code for group in checked.report.groups())
    assert codes == ["VIPMG-260", "VIPMG-261"]
    assert checked.mapping[0]["unmapped"] == 1
    found = await refused(sender, path.read_text("utf-8"), f"?dataflow={NATIONAL}")
    assert sorted(one["code"] for one in found) == codes


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (representation_map("RM_BAD", [mapping([pattern("(?=a)")], ["CRI"])]), "mapping 1"),
        (representation_map("RM_BAD", [mapping(["a", "b"], ["CRI"])]), "2 source values"),
        (structure_map("SM_BAD", datePatternMaps=[DATES | {"locale": "xx"}]), "locale"),
        (structure_map(componentMaps=[component_map(["pais"], ["SEX"], "RM_GROUP")]), "RM_GROUP"),
    ],
)  # fmt: skip
def test_a_map_that_cannot_run_is_refused_when_it_is_maintained(wrong: Any, reason: str) -> None:
    with pytest.raises(InvalidArtefactError, match=reason):
        plan_changes(ArtefactSet(one for one in national() if one.id != wrong.id), [wrong])
