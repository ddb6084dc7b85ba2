"""The files of compilers as they publish them: small ones written here, and real ones if there."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from app.sdmx.mapping import compile_map
from app.sdmx.mapping.coverage import UNMAPPED
from app.sdmx.messages.data_reading import Batch, Column, Form
from tests.harmonised.desk import (
    OECD_HEAD,
    REAL,
    Harmonised,
    catalogue,
    dimensions_of,
    harmonise,
    harmonise_text,
    oecd_row,
)

IOM = "VIPMG.IOM:DF_LIGHTHOUSE(1.0.0)"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the real data are not here")


def unhcr(folder: Path, name: str, header: str, *rows: str) -> Harmonised:
    text = "\n".join([header, *rows]) + "\n"
    return harmonise_text(folder, text, "INT_UNHCR", f"VIPMG.UNHCR:DF_{name}(1.0.0)")


class TestIom:
    HEADER = "period,reporting,nationality,event,value,qa_flag"

    def sent(self, folder: Path, *rows: str) -> Harmonised:
        return harmonise_text(folder, "\n".join([self.HEADER, *rows]) + "\n", "INT_IOM", IOM)

    def test_one_file_feeds_two_dataflows_and_movement_depends_on_the_country(
        self, tmp_path: Path
    ) -> None:
        done = self.sent(
            tmp_path,
            "2025-01,COL,VEN,REG_ENTRY,100,",
            "2025-01,HND,OOO,REG_EXIT,7,",
            "2025-01,MEX,VEN,IRREG_ENTRY,50,",
            "2025-01,PAN,VEN,IRREG_ENTRY,60,",
        )
        assert done.findings == []
        end = "_T._T._T._T._T._T._T.EVT.2025-01"
        assert done.values("DF_ENTRY_EXIT") == {
            f"M.COL.ENT.REG.VEN.{end}": "100",
            f"M.HND.EXT.REG._U.{end}": "7",
        }
        assert done.values("DF_IRREGULAR") == {
            f"M.MEX.ENC.IRR.VEN.{end}": "50",
            f"M.PAN.TRN.IRR.VEN.{end}": "60",
        }

    def test_flags_become_states_and_a_missing_value_stays_told(self, tmp_path: Path) -> None:
        done = self.sent(
            tmp_path,
            "2025-02,HND,HTI,IRREG_ENTRY,9,SUSPECT_MISFILED",
            "2025-02,PAN,GUF,IRREG_ENTRY,,MISSING",
            "2025-02,PAN,HTI,IRREG_ENTRY,4,",
        )
        assert done.errors == []
        rows = done.flows["DF_IRREGULAR"].values()
        assert sorted((row["OBS_STATUS"], row.get("OBS_VALUE")) for row in rows) == [
            ("A", "4"),
            ("O", None),
            ("V", "9"),
        ]

    def test_a_national_is_no_irregular_entrant_and_an_unseen_country_has_no_rule(
        self, tmp_path: Path
    ) -> None:
        done = self.sent(
            tmp_path,
            "2025-03,HND,HND,IRREG_ENTRY,115271,SUSPECT_MISFILED",
            "2025-03,CRI,VEN,IRREG_ENTRY,12,",
        )
        assert [(row, component) for _, row, component, _ in done.errors] == [
            (2, "reporting, nationality"),
            (3, "event, reporting"),
        ]
        assert done.errors[1][0] == UNMAPPED


class TestUnhcr:
    def test_groups_go_to_stocks_or_to_displacement(self, tmp_path: Path) -> None:
        done = unhcr(
            tmp_path,
            "POPULATION",
            "year,origin,asylum,population_group,value",
            "1951,UNK,AUS,refugees,180000",
            "2000,TIB,NPL,refugees,20000",
            "2020,XXA,UNK,stateless,7",
            "2020,COL,COL,idps,8000000",
        )
        assert done.findings == []
        end = "_T._T._T.PS"
        assert done.values("DF_PROTECTED_STOCK") == {
            f"A.AUS._U.REF.STK.{end}.1951": "180000",
            f"A.NPL._O.REF.STK.{end}.2000": "20000",
            f"A._U.XXA.STA.STK.{end}.2020": "7",
        }
        assert done.values("DF_DISPLACEMENT") == {f"A.COL.COL.IDP.STK.{end}.2020": "8000000"}

    def test_applications_are_added_over_procedures_but_never_persons_to_cases(
        self, tmp_path: Path
    ) -> None:
        done = unhcr(
            tmp_path,
            "APPLICATIONS",
            "year,origin,asylum,procedure_type,app_type,dec_level,app_pc,applied",
            "2024,HND,MEX,G,N,FI,P,100",
            "2024,HND,MEX,U,N,FI,P,23",
            "2024,HND,MEX,G,A,AR,C,5",
        )
        start, end = "A.MEX.HND.ASY.APP._T._T._T", "2024"
        assert done.values("DF_ASYLUM") == {f"{start}.PS.{end}": "123", f"{start}.APL.{end}": "5"}

    def test_a_column_for_each_decision_is_a_row_for_each_event(self, tmp_path: Path) -> None:
        done = unhcr(
            tmp_path,
            "DECISIONS",
            "year,origin,asylum,procedure_type,dec_level,dec_pc,dec_recognized,dec_other,"
            "dec_rejected,dec_closed,dec_total",
            "2024,HND,MEX,G,FI,P,38,0,25,7,70",
            "2024,HND,MEX,U,FI,P,2,0,5,0,7",
        )
        found = {key.split(".")[4]: value for key, value in done.values("DF_ASYLUM").items()}
        assert found == {"REC": "40", "COM": "0", "REJ": "30", "CLO": "7"}

    def test_solutions_take_only_the_columns_that_have_a_figure(self, tmp_path: Path) -> None:
        done = unhcr(
            tmp_path,
            "SOLUTIONS",
            "year,origin,asylum,returned_refugees,resettlement,naturalisation,returned_idps",
            "2020,SYR,CAN,,17,5,",
            "2020,SYR,JOR,300,,,",
        )
        assert done.errors == []
        found = {key.split(".")[4]: value for key, value in done.values("DF_SOLUTIONS").items()}
        assert found == {"RST": "17", "NTZ": "5"}
        [warning] = done.findings
        assert warning.row == 3


class TestOecd:
    def test_an_answer_with_labels_is_read_as_it_is(self, tmp_path: Path) -> None:
        text = "\n".join([OECD_HEAD, oecd_row("GRC", "B11", "29510.0")]) + "\n"
        file = tmp_path / "answer.csv"
        file.write_text(text, encoding="utf-8")
        done = harmonise(file, "INT_OECD")
        assert done.findings == []
        [(key, row)] = done.flows["DF_MIGFLOW"].items()
        assert key == "A.GRC._T._T.OFF._T._T._T._T.PS.2018"
        assert Decimal(row["OBS_VALUE"]) == 29510

    def test_a_measure_that_was_never_seen_is_not_guessed(self, tmp_path: Path) -> None:
        file = tmp_path / "answer.csv"
        file.write_text(f"{OECD_HEAD}\n{oecd_row('GRC', 'B12', '1')}\n", encoding="utf-8")
        done = harmonise(file, "INT_OECD")
        assert [(code, row) for code, row, _, _ in done.errors] == [(UNMAPPED, 2)]


class TestEurostat:
    """No file of it was seen: rows as its dimension lists allow them."""

    def mapped(self, name: str, header: str, *rows: str) -> list[dict[str, str]]:
        artefacts = catalogue().snapshot.artefacts
        [found] = [
            one for one in artefacts if one.agency == "VIPMG.EUROSTAT" and one.id == f"SM_{name}"
        ]
        names = header.split(",")
        form = Form({one: Column(place, one, one) for place, one in enumerate(names)})
        cells = dict(zip(names, map(list, zip(*(r.split(",") for r in rows), strict=True)),
                         strict=True))  # fmt: skip
        structure = f"VIPMG.EUROSTAT:DF_{name}(1.0.0)"
        batch = Batch("dataflow", structure, "Merge", range(2, 2 + len(rows)), cells, form)  # type: ignore[arg-type]
        made = compile_map(artefacts, found).apply(batch)
        if made is None:
            return []
        columns = [list(column) for column in made.cells.values()]
        return [dict(zip(made.cells, row, strict=True)) for row in zip(*columns, strict=True)]

    def test_its_files_are_taken_under_its_own_agreements(self, tmp_path: Path) -> None:
        tables = {
            "MIGR_IMM1CTZ": ("freq,citizen,agedef,age,unit,sex,geo", "A,GT,COMPLET,TOTAL,PER,T,ES"),
            "MIGR_RESFIRST": ("freq,reason,duration,citizen,unit,geo", "A,EDUC,M3-5,GT,PER,ES"),
        }
        for name, (header, row) in tables.items():
            file = tmp_path / f"{name}.csv"
            file.write_text(
                f"STRUCTURE,STRUCTURE_ID,ACTION,{header},TIME_PERIOD,OBS_VALUE\n"
                f"dataflow,VIPMG.EUROSTAT:DF_{name}(1.0.0),M,{row},2018,10\n",
                encoding="utf-8",
            )
            done = harmonise(file, "INT_EUROSTAT")
            assert not done.errors, name
            assert sum(map(len, done.flows.values())) == 1, name

    def test_areas_ages_and_states(self) -> None:
        rows = self.mapped(
            "MIGR_IMM1CTZ",
            "freq,citizen,agedef,age,unit,sex,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG",
            "A,EL,COMPLET,Y5-9,PER,T,UK,2018,10,",
            "A,STLS,COMPLET,Y_LT5,PER,F,EL,2018,20,p",
            "A,TOTAL,COMPLET,Y_GE85,PER,UNK,ES,2018,30,b",
            "A,TOTAL,REACH,Y5-9,PER,T,ES,2018,40,",
            "A,EU27_2020_FOR,COMPLET,TOTAL,PER,T,ES,2018,50,",
        )
        dimensions = ("REF_AREA", "CITIZENSHIP", "AGE", "SEX", "OBS_STATUS", "OBS_VALUE")
        assert [tuple(row[one] for one in dimensions) for row in rows] == [
            ("GBR", "GRC", "Y5T9", "_T", "A", "10"),
            ("GRC", "XXA", "Y0T4", "F", "P", "20"),
            ("ESP", "_T", "Y_GE85", "_U", "B", "30"),
        ]

    def test_reasons_and_durations_of_first_permits(self) -> None:
        [row] = self.mapped(
            "MIGR_RESFIRST",
            "freq,reason,duration,citizen,unit,geo,TIME_PERIOD,OBS_VALUE",
            "A,EDUC,M3-5,GT,PER,ES,2018,10",
        )
        wanted = {"PERMIT_REASON": "EDU", "DURATION": "M3T5", "CITIZENSHIP": "GTM", "FREQ": "A"}
        assert wanted.items() <= row.items()


def expected(name: str, dimensions: list[str], attributes: list[str]) -> dict[str, tuple[str, ...]]:
    """The observations of a converted file: value and attributes by key."""
    with gzip.open(REAL / "sdmx_csv" / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as f:
        rows = csv.reader(f)
        place = {column: number for number, column in enumerate(next(rows))}
        keys = [place[one] for one in (*dimensions, "TIME_PERIOD")]
        rest = [place[one] for one in ("OBS_VALUE", *attributes)]
        return {".".join([row[n] for n in keys]): tuple(row[n] for n in rest) for row in rows}


def told(done: Harmonised, flow: str, attributes: list[str]) -> dict[str, tuple[str, ...]]:
    names = ("OBS_VALUE", *attributes)
    return {
        key: tuple(row.get(name) or "" for name in names) for key, row in done.flows[flow].items()
    }


@real
def test_the_real_monthly_file_of_iom_leaves_as_the_shared_dataflows() -> None:
    done = harmonise(REAL / "iom_lighthouse" / "iom_lighthouse_monthly.csv", "INT_IOM", IOM)
    refused = [(row, component, value) for _, row, component, value in done.errors]
    assert [(row, value) for row, _, value in refused] == [
        (row, "HND, HND") for row in (3651, 3767, 3876)
    ]
    attributes = ["UNIT_MULT", "DECIMALS", "OBS_STATUS", "CONF_STATUS", "COMMENT_OBS"]
    border = dimensions_of("DF_ENTRY_EXIT")
    regular = expected("DF_ENTRY_EXIT_IOM", border, attributes)
    assert len(regular) == 94_712
    assert told(done, "DF_ENTRY_EXIT", attributes) == regular
    irregular = expected("DF_IRREGULAR_IOM", border, attributes)
    assert Counter(row[3] for row in irregular.values()) == {"A": 10_103, "V": 334, "O": 1}
    assert told(done, "DF_IRREGULAR", attributes) == irregular


SINCE = "2020"
"""The years of the large files that a run of the tests compares; all years take a minute."""


def since(folder: Path, name: str) -> Path:
    """The rows of a file of UNHCR from a year on, as they are."""
    file = folder / name
    with (REAL / "unhcr" / name).open(encoding="utf-8") as rows, file.open("w") as kept:
        kept.write(next(rows))
        kept.writelines(row for row in rows if row[:4] >= SINCE)
    return file


def converted_since(flow: str, attributes: list[str]) -> dict[str, tuple[str, ...]]:
    rows = expected(f"{flow}_UNHCR", dimensions_of(flow), attributes)
    return {key: row for key, row in rows.items() if key[-4:] >= SINCE}


@real
def test_the_real_populations_of_unhcr_leave_as_the_shared_dataflows(tmp_path: Path) -> None:
    file = since(tmp_path, "unhcr_population_long.csv")
    done = harmonise(file, "INT_UNHCR", "VIPMG.UNHCR:DF_POPULATION(1.0.0)")
    assert done.findings == []
    assert set(done.flows) == {"DF_PROTECTED_STOCK", "DF_DISPLACEMENT"}
    for flow in done.flows:
        assert told(done, flow, ["OBS_STATUS"]) == converted_since(flow, ["OBS_STATUS"])


@real
def test_the_real_asylum_files_of_unhcr_leave_as_the_shared_dataflow(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    for name in ("APPLICATIONS", "DECISIONS"):
        file = since(tmp_path, f"unhcr_asylum_{name.lower()}.csv")
        done = harmonise(file, "INT_UNHCR", f"VIPMG.UNHCR:DF_{name}(1.0.0)")
        assert done.findings == []
        found |= done.values("DF_ASYLUM")
    converted = converted_since("DF_ASYLUM", [])
    assert len(converted) > 50_000
    assert {key: (value,) for key, value in found.items() if key in converted} == converted
    # The conversion left out the kinds of decision of which there were none.
    assert {value for key, value in found.items() if key not in converted} == {"0"}


@real
def test_the_real_answer_of_the_oecd_is_read_as_it_is() -> None:
    done = harmonise(REAL / "oecd" / "oecd_dsd_mig_sample_sdmxcsv.csv", "INT_OECD")
    assert done.errors == []
    assert len(done.flows["DF_MIGFLOW"]) == 393
    fractions = {finding.row for finding in done.findings}
    assert len(fractions) == len(done.findings) == 9
