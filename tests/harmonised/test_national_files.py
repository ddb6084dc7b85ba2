"""Files in each country's own words become rows of the shared dataflows."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.sdmx.mapping.coverage import NO_FIGURE, NO_FIGURES, SAME_KEY, UNMAPPED
from tests.harmonised.desk import ROOT, Harmonised, catalogue, harmonise, harmonise_text

DEMO = ROOT / "app" / "demo"
MAPS = ROOT.parent / "shared" / "domain" / "maps"
FILES = [
    entry
    for entry in json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
    if "reads_as" in entry
]
MEXICO = "VIPMG.MEX_UPMRIP:DF_DEVOLUCIONES(1.0.0)"
CONDITIONS = "VIPMG.MEX_UPMRIP:DF_ENTRADAS(1.0.0)"


def artefact(name: str, agency: str, resource_id: str, version: str = "1.0.0") -> dict[str, Any]:
    [found] = [
        one
        for one in catalogue().snapshot.artefacts
        if (one.artefact_class.name, one.agency, one.id, one.version.text)
        == (name, agency, resource_id, version)
    ]
    return found.document


def sent(folder: Path, header: str, rows: list[str], organisation: str, flow: str) -> Harmonised:
    return harmonise_text(folder, "\n".join([header, *rows]) + "\n", organisation, flow)


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_a_file_of_the_demonstration_is_taken_whole(entry: dict[str, str]) -> None:
    done = harmonise(DEMO / entry["file"], entry["organisation"], entry["reads_as"])
    assert done.findings == []
    lines = (DEMO / entry["file"]).read_text(encoding="utf-8").splitlines()[1:]
    country = entry["organisation"][:3]
    rows = [row for flow in done.flows.values() for row in flow.items()]
    assert rows
    assert {key.split(".")[1] for key, _ in rows} == {country}
    if entry["reads_as"].startswith("VIPMG."):
        assert sum(one["taken"] for one in done.mapping) == len(lines)
        assert all(row["NAT_CATEGORY"] for _, row in rows)


def test_men_women_boys_and_girls_are_sex_and_age(tmp_path: Path) -> None:
    # The totals of January to March 2025, as published.
    seen = {"Hombres": 6507, "MUJERES": 1389, "Niños": 1102, "ninas": 703}
    rows = [f"mar-2025,{group},Total,Total,{count}" for group, count in seen.items()]
    done = sent(tmp_path, "Mes,Población,Vía,País que devuelve,Personas", rows, "HND_INM",
                "VIPMG.HND_INM:DF_RETORNADOS(1.0.0)")  # fmt: skip
    values = done.values("DF_RETURN_IN")
    assert values == {
        f"M.HND.IN._T.HND._T._T._T.{group}.PS.2025-03": str(count)
        for group, count in zip(
            ("M.Y_GE18", "F.Y_GE18", "M.Y_LT18", "F.Y_LT18"), seen.values(), strict=True
        )
    }
    assert sum(map(int, values.values())) == 9701
    labels = {row["NAT_CATEGORY"] for row in done.flows["DF_RETURN_IN"].values()}
    assert labels == {"Hombres", "Mujeres", "Niños", "Niñas"}


def test_a_country_that_is_none_is_told_once_with_its_rows(tmp_path: Path) -> None:
    rows = [
        f"{month}-2026,{group},Aérea,{country},10"
        for month in ("ene", "feb", "mar")
        for group in ("Hombres", "Mujeres")
        for country in ("Ruritania", "Guatemla", "México", "_T")
    ]
    done = sent(tmp_path, "Mes,Población,Vía,País que devuelve,Personas", rows, "HND_INM",
                "VIPMG.HND_INM:DF_RETORNADOS(1.0.0)")  # fmt: skip
    told = {one.value: (one.code, one.rule, one.nearest) for one in done.findings}
    assert told == {
        "Ruritania": ("VIPMG-260", "6", None),
        "Guatemla": ("VIPMG-260", "6", "Guatemala"),
    }


def test_one_mexican_table_goes_to_two_data_structures(tmp_path: Path) -> None:
    rows = [
        "enero de 2025,Deportación,Guatemala,300",
        "enero de 2025,Retorno asistido,Guatemala,1400",
        "enero de 2025,Retorno asistido de menores,GTM,180",
        "enero de 2025,Eventos de repatriación de mexicanos desde Estados Unidos,México,15000",
        "enero de 2025,Connacionales devueltos desde Canadá,México,60",
        "enero de 2025,Eventos de personas en situación migratoria irregular,Guatemala,5200",
    ]
    done = sent(tmp_path, "Mes,Medida,Nacionalidad,Eventos", rows, "MEX_UPMRIP", MEXICO)
    assert done.findings == []
    assert done.values("DF_RETURN_OUT") == {
        "M.MEX.OUT._T.GTM.DEP._T._T._T._T.EVT.2025-01": "300",
        "M.MEX.OUT._T.GTM.RAS._T._T._T._T.EVT.2025-01": "1400",
        "M.MEX.OUT._T.GTM.PTR._T._T._T._T.EVT.2025-01": "180",
    }
    assert done.values("DF_RETURN_IN") == {
        "M.MEX.IN.USA.MEX.REP._T._T._T._T.EVT.2025-01": "15000",
        "M.MEX.IN.CAN.MEX.REP._T._T._T._T.EVT.2025-01": "60",
    }
    [(key, row)] = done.flows["DF_IRREGULAR"].items()
    assert key == "M.MEX.ENC.IRR.GTM._T._T._T._T._T._T._T.EVT.2025-01"
    assert row["NAT_CATEGORY"] == "Eventos de personas en situación migratoria irregular"


def test_what_may_hold_the_same_persons_twice_is_not_added(tmp_path: Path) -> None:
    rows = [
        f"enero de 2025,{measure},Guatemala,{count}"
        for measure, count in (
            ("Eventos de personas en situación migratoria irregular", 5200),
            ("Canalizados por la autoridad migratoria", 900),
        )
    ]
    done = sent(tmp_path, "Mes,Medida,Nacionalidad,Eventos", rows, "MEX_UPMRIP", MEXICO)
    assert [(code, row) for code, row, _, _ in done.errors] == [(SAME_KEY, 3)]


def test_conditions_of_stay_of_one_reason_are_added_and_all_named(tmp_path: Path) -> None:
    rows = [
        "marzo de 2025,Residente temporal,Total,60",
        "marzo de 2025,Residente permanente,Total,55",
        "MARZO DE 2025,visitante de crucero,TOTAL,900",
        "marzo de 2025,TVRH,Haití,4",
    ]
    header = "Mes,Condición de estancia,Nacionalidad,Eventos"
    done = sent(tmp_path, header, rows, "MEX_UPMRIP", CONDITIONS)
    start, end = "M.MEX.ENT.REG", "_T._T.EVT.2025-03"
    assert done.values("DF_ENTRY_EXIT") == {
        f"{start}._T._T._T._T._T.RES.{end}": "115",
        f"{start}._T._T._T._T._T.CRU.{end}": "900",
        f"{start}.HTI._T._T._T._T.HUM.{end}": "4",
    }
    told = done.flows["DF_ENTRY_EXIT"][f"{start}._T._T._T._T._T.RES.{end}"]["NAT_CATEGORY"]
    assert told == "Residente temporal; Residente permanente"
    [mapping] = done.mapping
    assert mapping["same_key"] == "SUM"


def test_a_row_that_comes_twice_is_told_and_not_added(tmp_path: Path) -> None:
    """Only rows of different categories are added, whatever words a row is written with."""
    rows = [
        "I trimestre de 2018;Religiosos;Nicaragua;50",
        "I trimestre de 2018;RELIGIOSOS;NIC;50",
        "I trimestre de 2018;Rentistas;Nicaragua;7",
    ]
    done = sent(tmp_path, "Trimestre;Subcategoría;Nacionalidad;Permisos", rows, "CRI_DGME",
                "VIPMG.CRI_DGME:DF_RESIDENCIAS(1.0.0)")  # fmt: skip
    [finding] = [one for one in done.findings if one.is_error]
    assert (finding.code, finding.row, finding.rule) == (SAME_KEY, 3, "2")
    assert sorted(done.values("DF_RESIDENCE_GRANTED").values()) == ["50", "7"]


def test_a_row_without_a_figure_is_passed_over_and_no_part_of_a_sum(tmp_path: Path) -> None:
    header = "Mes,Condición de estancia,Nacionalidad,Eventos"
    rows = [
        "enero de 2018,Residente temporal,Honduras,5",
        "enero de 2018,Residente permanente,Honduras,",
        "enero de 2018,Total,Cuba,",
    ]
    done = sent(tmp_path, header, rows, "MEX_UPMRIP", CONDITIONS)
    [row] = done.flows["DF_ENTRY_EXIT"].values()
    assert (row["OBS_VALUE"], row["NAT_CATEGORY"]) == ("5", "Residente temporal")
    [finding] = done.findings
    assert (finding.code, finding.is_error) == (NO_FIGURE, False)
    assert (finding.component, finding.rule, finding.allowed) == ("eventos", "2", "3, 4")
    nothing = sent(tmp_path, header, rows[1:], "MEX_UPMRIP", CONDITIONS)
    assert [(code, row) for code, row, _, _ in nothing.errors] == [(NO_FIGURE, 2)]


def test_a_table_without_the_column_of_its_figures_is_refused(tmp_path: Path) -> None:
    """Its heading is told as sent, though it could be no id."""
    rows = ["ene 2023,Deportación,Colombia,95,x", "ene 2023,Deportasión,Ecuador,7,x"]
    done = sent(tmp_path, "Mes,Medida,Nacionalidad,Número de casos,Nota:", rows, "PAN_SNM",
                "VIPMG.PAN_SNM:DF_MEDIDAS(1.0.0)")  # fmt: skip
    assert [(f.code, f.component) for f in done.findings if not f.is_error] == [
        ("VIPMG-301", "Número de casos"),
        ("VIPMG-301", "Nota:"),
    ]
    errors = {code: (row, component, value) for code, row, component, value in done.errors}
    assert errors[NO_FIGURES] == (1, "casos", "Número de casos")
    assert UNMAPPED in errors  # the words of the rows are told all the same


def test_a_count_is_a_whole_number_written_without_points(tmp_path: Path) -> None:
    cells = ["285.257", "285,257", "1.234,5", "-5", "12,0", "33"]
    rows = [f"0{n}/2014;Entradas;Nicaragua;{cell}" for n, cell in enumerate(cells, 1)]
    done = sent(tmp_path, "Mes;Movimiento;Nacionalidad;Eventos", rows, "CRI_DGME",
                "VIPMG.CRI_DGME:DF_MOVIMIENTOS(1.0.0)")  # fmt: skip
    assert [(f.code, f.row, f.value, f.nearest) for f in done.findings] == [
        ("VIPMG-212", 2, "285.257", "285257"),
        ("VIPMG-212", 3, "285,257", "285257"),
        ("VIPMG-212", 4, "1.234,5", None),
        ("VIPMG-212", 5, "-5", None),
    ]
    assert {one.allowed for one in done.findings} == {"BigInteger minValue=0"}
    assert list(done.values("DF_ENTRY_EXIT").values()) == ["12", "33"]


def test_cards_are_permits_and_crew_holds_none(tmp_path: Path) -> None:
    rows = [
        "enero-marzo 2025,Visitante trabajador fronterizo (TVTF),Total,3165",
        "I trimestre de 2025,Visitante por razones humanitarias (TVRH),Total,81593",
        "2025-Q1,Tripulación,Total,12",
    ]
    done = sent(tmp_path, "Trimestre,Condición de estancia,Nacionalidad,Tarjetas emitidas", rows,
                "MEX_UPMRIP", "VIPMG.MEX_UPMRIP:DF_TARJETAS(1.0.0)")  # fmt: skip
    assert done.values("DF_RESIDENCE_GRANTED") == {
        "Q.MEX.FIR.BOR._T._T._T._T._T.PMT.2025-Q1": "3165",
        "Q.MEX.FIR.HUM._T._T._T._T._T.PMT.2025-Q1": "81593",
    }
    [finding] = done.findings
    assert (finding.row, finding.value, finding.is_error) == (4, "Tripulación", False)


def test_deportation_in_panama_is_its_own_word(tmp_path: Path) -> None:
    rows = [
        f"ene 2025,{measure},Colombia,{count}"
        for measure, count in (
            ("Deportación", 90),
            ("Expulsión", 20),
            ("Retorno voluntario", 110),
            ("Tránsito irregular por Darién", 1300),
            ("Prohibición de entrada", 120),
        )
    ]
    done = sent(tmp_path, "Mes,Medida,Nacionalidad,Casos", rows, "PAN_SNM",
                "VIPMG.PAN_SNM:DF_MEDIDAS(1.0.0)")  # fmt: skip
    assert done.findings == []
    outward = {key.split(".")[5]: value for key, value in done.values("DF_RETURN_OUT").items()}
    assert outward == {"DEP": "90", "EXP": "20", "VOL": "110"}
    [transit], [refusal] = done.flows["DF_IRREGULAR"], done.flows["DF_REFUSAL"]
    assert (transit.split(".")[2:4], refusal.split(".")[2]) == (["TRN", "IRR"], "REF")
    words = {
        country: next(
            code for code in artefact("Codelist", f"VIPMG.{country}", "CL_MEDIDA")["codes"]
            if code["id"] == "DEPORTACION"
        )
        for country in ("PAN_SNM", "MEX_UPMRIP")
    }  # fmt: skip
    assert words["PAN_SNM"]["name"] == words["MEX_UPMRIP"]["name"] == "Deportation"
    assert "diez años" in words["PAN_SNM"]["descriptions"]["es"]
    assert "descriptions" not in words["MEX_UPMRIP"]


def test_family_units_are_not_persons(tmp_path: Path) -> None:
    # The returns of 2023, as published: 79,697 persons.
    seen = {
        "Vía aérea de Estados Unidos": 55302,
        "Aéreos de México": 4730,
        "Terrestres de México": 19665,
        "Unidades familiares": 6000,
        "Menores no acompañados": 4000,
        "Rechazados": 700,
    }
    rows = [f"diciembre de 2023,{name},{count}" for name, count in seen.items()]
    done = sent(tmp_path, "Mes,Categoría,Cantidad", rows, "GTM_IGM",
                "VIPMG.GTM_IGM:DF_RETORNADOS(1.0.0)")  # fmt: skip
    assert done.findings == []
    values = done.values("DF_RETURN_IN")
    by_way = [v for key, v in values.items() if re.search(r"\.(AIR|LAN)\._T\._T\._T\.PS\.", key)]
    assert sum(map(int, by_way)) == 79697
    [families] = [key for key in values if key.endswith(".HH.2023-12")]
    assert families == "M.GTM.IN._T.GTM._T._T.FAM._T._T.HH.2023-12"
    assert values["M.GTM.IN._T.GTM._T._T.UAC._T.Y_LT18.PS.2023-12"] == "4000"
    [(refused, row)] = done.flows["DF_REFUSAL"].items()
    assert refused == "M.GTM.REF._T._T._T._T._T._T._T._T._T.EVT.2023-12"
    assert (row["OBS_VALUE"], row["NAT_CATEGORY"]) == ("700", "Rechazados")


def test_subcategories_of_one_kind_of_permit_are_added(tmp_path: Path) -> None:
    rows = [
        f"{name};COL;{count};I trimestre de 2025"
        for name, count in (("Inversionistas", 10), ("Rentistas", 20), ("Pensionados", 12))
    ]
    done = sent(tmp_path, "Subcategoría;Nacionalidad;Permisos;Trimestre", rows, "CRI_DGME",
                "VIPMG.CRI_DGME:DF_RESIDENCIAS(1.0.0)")  # fmt: skip
    [(key, row)] = done.flows["DF_RESIDENCE_GRANTED"].items()
    assert key == "Q.CRI.FIR.TEM.INV._T.COL._T._T.PMT.2025-Q1"
    assert row["OBS_VALUE"] == "42"
    assert row["NAT_CATEGORY"] == "Inversionistas; Rentistas; Pensionados"


def test_jamaica_in_english(tmp_path: Path) -> None:
    rows = ["January 2025,Deported persons,210", "Jan 2025,x,1"]
    done = sent(tmp_path, "Month,Category,Persons", rows, "JAM_PICA",
                "VIPMG.JAM_PICA:DF_RETURNS(1.0.0)")  # fmt: skip
    assert done.values("DF_RETURN_IN") == {"M.JAM.IN._T.JAM.DEP._T._T._T._T.PS.2025-01": "210"}
    assert {row for _, row, _, _ in done.errors} == {3}
    skills = sent(tmp_path, "Quarter,Category,Nationality,Certificates",
                  ["January-March 2025,CARICOM Skills Certificate,Trinidad and Tobago,31"],
                  "JAM_PICA", "VIPMG.JAM_PICA:DF_SKILLS(1.0.0)")  # fmt: skip
    assert skills.values("DF_RESIDENCE_GRANTED") == {
        "Q.JAM.FIR.SKC._T._T.TTO._T._T.PMT.2025-Q1": "31"
    }


def test_nationalities_of_passport_readers(tmp_path: Path) -> None:
    codes = {"D": "DEU", "GBD": "GBR", "RKS": "XKX", "XXA": "XXA", "XCC": "_Z", "ROM": "ROU"}
    rows = [f"enero de 2025,Entradas,{code},{n}" for n, code in enumerate([*codes, "Suiza"], 10)]
    done = sent(tmp_path, "Mes,Movimiento,Nacionalidad,Eventos", rows, "GTM_IGM",
                "VIPMG.GTM_IGM:DF_MOVIMIENTOS(1.0.0)")  # fmt: skip
    assert done.errors == []
    found = {value: key.split(".")[4] for key, value in done.values("DF_ENTRY_EXIT").items()}
    assert [found[value] for value in sorted(found)] == [*codes.values(), "CHE"]


def test_a_word_without_counterpart_is_told_once_with_its_nearest(tmp_path: Path) -> None:
    rows = [f"ene 2025,Deportasion,{country},1{n}" for n, country in enumerate(("COL", "ECU"))]
    done = sent(tmp_path, "Mes,Medida,Nacionalidad,Casos", rows, "PAN_SNM",
                "VIPMG.PAN_SNM:DF_MEDIDAS(1.0.0)")  # fmt: skip
    [found] = done.findings
    assert (found.code, found.row, found.component, found.rule) == (UNMAPPED, 2, "medida", "2")
    assert (found.value, found.nearest) == ("Deportasion", "Deportación")


@pytest.mark.parametrize("agency", ["BLZ_DOI", "GUY_DCI", "LCA_IMM", "SUR_VZ"])
def test_a_country_without_known_categories_has_a_template_and_no_invention(agency: str) -> None:
    own = [
        one
        for one in catalogue().snapshot.artefacts
        if one.agency == f"VIPMG.{agency}"
    ]  # fmt: skip
    assert {one.version.text for one in own} == {"1.0.0-draft"}
    names = {one.artefact_class.name: one.document for one in own}
    assert "codes" not in names["Codelist"]
    assert "representationMappings" not in names["RepresentationMap"]
    for name in ("Codelist", "RepresentationMap", "DataStructure", "StructureMap"):
        [note] = names[name]["annotations"]
        assert note["id"] == "TO_FILL_IN"
        assert set(note["texts"]) == {"en", "es"}
    fixed = {one["target"]: one.get("values") for one in names["StructureMap"]["fixedValueMaps"]}
    assert fixed["REF_AREA"] == [agency[:3]]


CATEGORIES = {
    "RM_MEX_CONDICION_ESTANCIA": ("MEX_UPMRIP", "CL_CONDICION_ESTANCIA"),
    "RM_MEX_DEVOLUCION": ("MEX_UPMRIP", "CL_MEDIDA"),
    "RM_PAN_SNM_MEDIDA": ("PAN_SNM", "CL_MEDIDA"),
    "RM_HND_INM_DEMOG": ("HND_INM", "CL_POBLACION"),
    "RM_GTM_IGM_RETORNADOS": ("GTM_IGM", "CL_CATEGORIA"),
    "RM_CRI_LEY8764": ("CRI_DGME", "CL_SUBCATEGORIA"),
    "RM_JAM_RETURN": ("JAM_PICA", "CL_CATEGORY"),
}


@pytest.mark.skipif(not MAPS.is_dir(), reason="the collected national categories are not here")
@pytest.mark.parametrize("table", CATEGORIES)
def test_every_collected_category_is_in_the_list_of_its_country(table: str) -> None:
    agency, resource_id = CATEGORIES[table]
    codes = artefact("Codelist", f"VIPMG.{agency}", resource_id)["codes"]
    known = {name for code in codes for name in code["names"].values()}
    with (MAPS / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        listed = {next(iter(row.values())).partition(" (antes")[0] for row in csv.DictReader(file)}
    assert listed <= known


SOURCES = {
    "ALPHA2": {"ES": "ESP", "GB": "GBR", "XK": None},
    "M49": {"484": "MEX", "558": "NIC"},
    "UNHCR": {"GFR": "DEU", "AUS": "AUT", "AUL": "AUS"},
    "ICAO": {"D": "DEU", "MEX": "MEX"},
}


@pytest.mark.parametrize("kind", SOURCES)
def test_codes_of_areas_lead_there_and_back(kind: str) -> None:
    there, back = (
        {
            row["sourceValues"][0]["value"]: row["targetValues"][0]
            for row in artefact("RepresentationMap", "VIPMG", name)["representationMappings"]
        }
        for name in (f"RM_AREA_{kind}", f"RM_{kind}_AREA")
    )
    assert {code: area for area, code in there.items()} == back
    assert len(there) > 200
    assert {code: back.get(code) for code in SOURCES[kind]} == SOURCES[kind]


def test_every_map_is_told_in_the_documentation() -> None:
    page = (ROOT / "docs" / "reference" / "national-maps.md").read_text(encoding="utf-8")
    for one in catalogue().snapshot.artefacts:
        if one.artefact_class.name == "StructureMap":
            assert one.agency in page, one
            source = str(one.document["source"]).rpartition(":")[2].partition("(")[0]
            assert source in page or source == "DF_NATIONAL", one


def test_every_national_dataflow_is_told_with_its_columns_and_a_file_that_is_there() -> None:
    page = (ROOT / "docs" / "how-to" / "send-in-national-codes.md").read_text(encoding="utf-8")
    told = {}
    for line in page.splitlines():
        if found := re.match(r"\|[^|]*\| `(VIPMG\.\w+:\w+\(1\.0\.0\))` \| ([^|]*) \|", line):
            told[found[1]] = {column.strip() for column in found[2].split(",")}
    flows = {
        one.urn.rpartition("=")[2]: one
        for one in catalogue().snapshot.artefacts
        if one.artefact_class.name == "Dataflow" and re.match(r"VIPMG\.[A-Z]{3}_", one.agency)
    }
    assert set(told) == {name for name in flows if "draft" not in name}
    for name, columns in told.items():
        flow = catalogue().flow(flows[name].urn)
        language = "en" if "JAM" in name else "es"
        known = {component.names[language] for component in flow.components.values()}
        assert columns == known - {"Fuente", "Source"}, name
    files = set(re.findall(r"`(\w+\.csv)`", page))
    assert files == {Path(entry["file"]).name for entry in FILES if "movim" in entry["file"] or
                     not entry["file"].endswith("entry_exit.csv")}  # fmt: skip
