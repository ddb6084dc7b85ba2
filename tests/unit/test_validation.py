"""Validation: every finding with its row, component, value, rule and what would be right."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.sdmx.actions import apply
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.findings import Finding, message
from app.sdmx.flow import Component, resolve_flow
from app.sdmx.intake import Key, Target, complete
from app.sdmx.messages.data_csv_reader import CsvReader
from app.sdmx.validation import Validator
from tests.artefact_samples import urn
from tests.structures import FLOW, SMALL, constraint, network, region, sheet

HEADER = "FREQ,REF_AREA,SEX,TIME_PERIOD,OBS_VALUE,OBS_STATUS"
OK = "A,CRI,F,2024,1,A"


class Checked:
    """A message checked, as far as it goes without a store."""

    def __init__(
        self,
        text: str,
        *,
        fixed: dict[str, str] | None = None,
        more: list[Artefact] | None = None,
        batch_rows: int = 20_000,
        agreement: str = "PA_CRI",
    ) -> None:
        artefacts = ArtefactSet(network() + (more or []))
        self.findings: list[Finding] = []
        targets: dict[str, Target] = {}
        for number, (name, flow, bound) in enumerate(
            [(FLOW, "DF", agreement), (SMALL, "DF_SMALL", "PA_CRI_SMALL")], 1
        ):
            bound_urn = urn("ProvisionAgreement", bound)
            resolved = resolve_flow(artefacts, urn("Dataflow", flow), bound_urn)
            targets[name] = Target(number, bound_urn, resolved, fixed or {})
        reader = CsvReader(io.BytesIO(text.encode()))  # type: ignore[arg-type]
        batches = reader.batches(batch_rows)
        first = next(batches, None)
        validator = Validator(
            lambda kind, name: targets.get(name, "VIPMG-203"), self.findings.append
        )
        self.segments: dict[tuple[int, Key], list[Any]] = {}
        while first is not None:
            for target, key, segment in validator.check(first):
                self.segments.setdefault((target.agreement, key), []).append(segment)
            first = next(batches, None)
        self.findings += reader.findings
        self.intakes = validator.intakes
        self.outcomes = {}
        for (number, key), segments in self.segments.items():
            intake = self.intakes[number]
            outcome = self.outcomes[key] = apply(None, {}, segments)

            def attached(component: Component, key: Key, intake: Any = intake) -> bool:
                above = [None if p not in component.positions else c for p, c in enumerate(key)]
                return component.id in intake.attachments.get(tuple(above), {})

            self.completed = list(complete(intake.target, key, outcome, attached))
            self.findings += self.completed

    @property
    def errors(self) -> list[Finding]:
        return sorted(
            (f for f in self.findings if f.is_error and f.code != "VIPMG-230"),
            key=lambda f: f.row or 0,
        )

    @property
    def short(self) -> list[tuple[str, int | None, str | None, str | None]]:
        return [(f.code, f.row, f.component, f.value) for f in self.errors]


def check(*rows: str, header: str = HEADER, **parts: Any) -> Checked:
    return Checked(sheet(header, *rows), **parts)


def test_what_is_right_has_no_finding() -> None:
    checked = check(f"{OK},0,Title", "A,CRI,M,2024,2,E,0,", header=f"{HEADER},UNIT_MULT,TITLE")
    assert checked.findings == []
    assert checked.outcomes["A", "CRI", "F"].observations == {
        "TIME_PERIOD": ["2024"],
        "OBS_VALUE": "1",
        "OBS_STATUS": "A",
    }


class TestCodes:
    def test_210_code(self) -> None:
        [finding] = check(OK, "A,CRI,f,2024,1,A").errors
        listed = ", ".join(f"{code} ({code} in English / {code} en español)" for code in "FM")
        assert finding == Finding(
            *("VIPMG-210", 3, "SEX", "f", "TST:CL_SEX(1.0.0)"),
            allowed=f"{listed}, _T (_T in English / _T en español)",  # U: not by the constraint
            nearest="F",
        )

    def test_210_in_an_attribute(self) -> None:
        assert check("A,CRI,F,2024,1,Z").short == [("VIPMG-210", 2, "OBS_STATUS", "Z")]

    def test_210_in_one_of_several_values(self) -> None:
        checked = check(f"{OK},CENSUS;SURVEI", header=f"{HEADER},SOURCES[]")
        [finding] = checked.errors
        assert (finding.code, finding.component, finding.rule) == (
            "VIPMG-210",
            "SOURCES",
            "TST:CL_SOURCE(1.0.0)",
        )
        assert (finding.value, finding.nearest) == ("SURVEI", "SURVEY")

    def test_c152_each_row_and_each_component(self) -> None:
        checked = check("X,CRI,F,2024,one,A", "A,XXX,F,2024,1,A", "A,CRI,Q9,2024,two,Z")
        assert checked.short == [
            ("VIPMG-210", 2, "FREQ", "X"),
            ("VIPMG-212", 2, "OBS_VALUE", "one"),
            ("VIPMG-210", 3, "REF_AREA", "XXX"),
            ("VIPMG-210", 4, "SEX", "Q9"),
            ("VIPMG-212", 4, "OBS_VALUE", "two"),
            ("VIPMG-210", 4, "OBS_STATUS", "Z"),
        ]

    def test_c152_ten_errors_are_ten_entries(self) -> None:
        rows = [f"A,CRI,F,{2000 + n},{'x' if n % 2 else n},A" for n in range(20)]
        assert [f.row for f in check(*rows).errors] == list(range(3, 22, 2))

    @pytest.mark.parametrize("batch_rows", [20_000, 999])
    def test_c152_five_thousand_wrong_rows_are_five_thousand_entries(self, batch_rows: int) -> None:
        rows = [
            f"A,CRI,F,{year}-D{day:03},x,A" for year in range(2001, 2021) for day in range(1, 251)
        ]
        checked = check(*(row.replace("A,", "D,", 1) for row in rows), batch_rows=batch_rows)
        assert [f.row for f in checked.errors] == list(range(2, 5002))


class TestValues:
    @pytest.mark.parametrize("text", ["1e5", "true", "NaN", "1e999", "INF", "1 000", " 1", "0x1"])
    def test_212_decimal(self, text: str) -> None:
        [finding] = check(f"A,CRI,F,2024,{text},A").errors
        assert finding == Finding("VIPMG-212", 2, "OBS_VALUE", text, allowed="Decimal")

    @pytest.mark.parametrize("text", ["+1", ".5", "5.", "-0", "#N/A", "007"])
    def test_decimal_as_sent(self, text: str) -> None:
        checked = check(f"A,CRI,F,2024,{text},A")
        assert checked.errors == []
        assert checked.outcomes["A", "CRI", "F"].observations["OBS_VALUE"] == text

    @pytest.mark.parametrize("text", ["-1", "100.01", "1.234"])
    def test_212_facets(self, text: str) -> None:
        checked = check(f"{OK},{text}", header=f"{HEADER},SHARE")
        assert checked.short == [("VIPMG-212", 2, "SHARE", text)]

    def test_212_integer_attribute(self) -> None:
        checked = check(f"{OK},3.5", header=f"{HEADER},UNIT_MULT")
        assert checked.short == [("VIPMG-212", 2, "UNIT_MULT", "3.5")]

    @pytest.mark.parametrize("bad", ["\x00", "\x1b[2J", "\x7f"])
    def test_212_control_characters(self, bad: str) -> None:
        checked = check(f"{OK},a{bad}b", header=f"{HEADER},COLLECTION")
        assert checked.short == [("VIPMG-212", 2, "COLLECTION", f"a{bad}b")]

    @pytest.mark.parametrize("bad", ["en:a\x00b", f"en:{'x' * 201}"])
    def test_212_texts_in_languages_are_checked_too(self, bad: str) -> None:
        checked = check(f"{OK},{bad}", header=f"{HEADER},COMMENT[en;es]")
        assert [(f.code, f.row, f.component) for f in checked.errors] == [
            ("VIPMG-212", 2, "COMMENT")
        ]

    @pytest.mark.parametrize("bad", ["no language", "en:ok;no language", "fr:not announced"])
    def test_212_a_text_without_its_language_is_not_lost_in_silence(self, bad: str) -> None:
        checked = check(f"{OK},{bad}", header=f"{HEADER},COMMENT[en;es]")
        assert checked.short == [("VIPMG-212", 2, "COMMENT", bad)]

    def test_c149_decimal_comma(self) -> None:
        text = sheet(HEADER, "A,CRI,F,2024,12@5,A").replace(",", ";").replace("@", ",")
        checked = Checked(text.replace("STRUCTURE[;]", "STRUCTURE[|]"))
        assert checked.errors == []
        assert checked.outcomes["A", "CRI", "F"].observations["OBS_VALUE"] == "12.5"

    def test_c149_no_comma_for_thousands(self) -> None:
        text = sheet(HEADER, "A,CRI,F,2024,1.234@5,A").replace(",", ";").replace("@", ",")
        text = text.replace("STRUCTURE[;]", "STRUCTURE[|]")
        assert [f.code for f in Checked(text).errors] == ["VIPMG-212"]

    def test_c149_comma_between_commas_must_be_quoted_and_is_no_number(self) -> None:
        assert check('A,CRI,F,2024,"12,5",A').short == [("VIPMG-212", 2, "OBS_VALUE", "12,5")]

    def test_234_several_values_for_one(self) -> None:
        checked = check(f"{OK},Census;Survey", header=f"{HEADER},COLLECTION[]")
        assert checked.short == [("VIPMG-234", 2, "COLLECTION", "Census;Survey")]

    def test_215_embargo_without_offset(self) -> None:
        checked = check(f"{OK},2030-01-01T00:00:00", header=f"{HEADER},EMBARGO_TIME")
        assert checked.short == [("VIPMG-215", 2, "EMBARGO_TIME", "2030-01-01T00:00:00")]

    @pytest.mark.parametrize("good", ["2030-01-01T00:00:00Z", "2030-01-01T00:00:00-06:00"])
    def test_embargo_with_offset(self, good: str) -> None:
        assert check(f"{OK},{good}", header=f"{HEADER},EMBARGO_TIME").errors == []

    @pytest.mark.parametrize("bad", ["2030-01-01", "tomorrow", "30-01-01T00:00:00Z"])
    def test_212_embargo_that_is_no_date_time(self, bad: str) -> None:
        checked = check(f"{OK},{bad}", header=f"{HEADER},EMBARGO_TIME")
        assert [f.code for f in checked.errors] == ["VIPMG-212"]


class TestPeriods:
    @pytest.mark.parametrize("text", ["2020-13", "20", "2020/1", "2020-Q5", "1/2020", "2021-02-29"])
    def test_213_no_period(self, text: str) -> None:
        assert check(f"A,CRI,F,{text},1,A").short == [("VIPMG-213", 2, "TIME_PERIOD", text)]

    def test_c154_214_period_and_frequency(self) -> None:
        [finding] = check("M,CRI,F,2020-Q1,1,A").errors
        assert finding == Finding("VIPMG-214", 2, "TIME_PERIOD", "2020-Q1", allowed="M")

    def test_214_among_mixed_frequencies(self) -> None:
        checked = check("A,CRI,F,2020,1,A", "M,CRI,F,2020,1,A", "Q,CRI,F,2020-Q2,1,A")
        assert checked.short == [("VIPMG-214", 3, "TIME_PERIOD", "2020")]

    @pytest.mark.parametrize("period", ["2020-D010", "2020-D090", "2020-D366"])
    def test_c155_days_of_the_year_that_the_schema_refuses(self, period: str) -> None:
        assert check(f"D,CRI,F,{period},1,A").errors == []


class TestConstraints:
    def test_220_data_structure(self) -> None:
        [finding] = check("A,CRI,U,2024,1,A").errors
        assert finding == Finding("VIPMG-220", 2, "SEX", "U", rule="CC_DSD", allowed="F, M, _T")

    def test_220_range_of_time(self) -> None:
        [finding] = check(OK, "A,CRI,F,1999,1,A").errors
        assert (finding.code, finding.row, finding.component, finding.value, finding.rule) == (
            "VIPMG-220",
            3,
            "TIME_PERIOD",
            "1999",
            "CC_DF",
        )

    def test_221_combination(self) -> None:
        checked = check("M,GTM,M,2024-01,1,A", "M,GTM,F,2024-01,1,A", "M,CRI,M,2024-01,1,A")
        [finding] = checked.errors
        assert finding == Finding("VIPMG-221", 2, "REF_AREA, SEX", "GTM, M", rule="CC_DF")

    def test_221_key_set(self) -> None:
        [finding] = check("A,GTM,F,2024,1,A").errors
        assert finding == Finding("VIPMG-221", 2, "FREQ, REF_AREA", "A, GTM", rule="CC_KEYS")

    def test_222_agreement(self) -> None:
        [finding] = check(OK, "A,SLV,F,2024,1,A").errors
        assert finding == Finding(
            "VIPMG-222", 3, "REF_AREA", "SLV", rule="CC_PA_CRI", allowed="CRI, GTM"
        )

    def test_222_holds_for_deletions(self) -> None:
        checked = check("D|A,SLV,F,2024,,", "D|A,CRI,F,2024,,")
        assert checked.short == [("VIPMG-222", 2, "REF_AREA", "SLV")]

    def test_t20_one_foreign_row_among_many(self) -> None:
        rows = [f"D,CRI,F,{y}-D{d:03},1,A" for y in range(2001, 2021) for d in range(1, 101)]
        rows[1234] = rows[1234].replace("CRI", "SLV")
        assert check(*rows).short == [("VIPMG-222", 1236, "REF_AREA", "SLV")]

    def test_included_key_set(self) -> None:
        only = constraint(
            "CC_ONLY",
            {"dataflows": [urn("Dataflow", "DF")]},
            dataKeySets=[
                {
                    "isIncluded": True,
                    "keys": [
                        {
                            "keyValues": [
                                {"id": "REF_AREA", "value": "CRI"},
                                {"id": "SEX", "values": ["F", "M"]},
                            ]
                        }
                    ],
                }
            ],
        )
        checked = check(OK, "A,CRI,M,2024,1,A", "A,CRI,_T,2024,1,A", more=[only])
        assert checked.short == [("VIPMG-221", 4, "REF_AREA, SEX", "CRI, _T")]
        above = Checked(sheet("REF_AREA,METHOD", "CRI,Count"), more=[only])
        assert above.errors == []
        above = Checked(sheet("FREQ,REF_AREA,SEX,TIME_PERIOD,METHOD", ",CRI,,,Count"), more=[only])
        assert above.errors == []

    @pytest.mark.parametrize("include", [True, False])
    def test_values_of_attributes_are_constrained_too(self, include: bool) -> None:
        listed = ["A"] if include else ["E"]
        status = constraint(
            "CC_STATUS",
            {"dataflows": [urn("Dataflow", "DF")]},
            cubeRegions=[
                {
                    "include": include,
                    "components": [
                        {
                            "id": "OBS_STATUS",
                            "include": True,
                            "values": [{"value": value} for value in listed],
                        }
                    ],
                }
            ],
        )
        checked = check(OK, "A,CRI,M,2024,1,E", more=[status])
        assert checked.short == [("VIPMG-220", 3, "OBS_STATUS", "E")]

    def test_excluded_range_of_time(self) -> None:
        closed = constraint(
            "CC_CLOSED",
            {"dataflows": [urn("Dataflow", "DF")]},
            cubeRegions=[
                region(
                    include=False,
                    TIME_PERIOD={
                        "startPeriod": {"period": "2010", "isInclusive": True},
                        "endPeriod": {"period": "2012", "isInclusive": True},
                    },
                )
            ],
        )
        rows = [f"A,CRI,F,{year},1,A" for year in range(2008, 2015)]
        assert [f.value for f in check(*rows, more=[closed]).errors] == ["2010", "2011", "2012"]


class TestColumns:
    @pytest.mark.parametrize("missing", ["FREQ", "REF_AREA", "SEX", "TIME_PERIOD"])
    def test_204_a_dimension_without_a_column_is_told_once(self, missing: str) -> None:
        names = HEADER.split(",")
        place = names.index(missing)
        rows = [
            ",".join(c for n, c in enumerate(f"A,CRI,F,{2001 + y},1,A".split(",")) if n != place)
            for y in range(3)
        ]
        checked = check(*rows, header=",".join(n for n in names if n != missing))
        assert checked.short == [("VIPMG-204", 1, missing, None)]

    def test_301_a_column_that_is_not_in_the_structure_is_only_a_warning(self) -> None:
        checked = check(f"{OK},x,y", header=f"{HEADER},OBS_STATU,MY_NOTE")
        assert [
            (f.code, f.row, f.component, f.nearest) for f in checked.findings if not f.is_error
        ] == [
            ("VIPMG-301", 1, "OBS_STATU", None),
            ("VIPMG-301", 1, "MY_NOTE", None),
        ]
        assert checked.errors == []

    def test_301_no_column_is_proposed_that_is_not_near_or_is_there_already(self) -> None:
        checked = check(f"{OK},x,y,z", header=f"{HEADER},MOVEMENT,REF_AREAS,COMENT")
        assert [(f.component, f.nearest) for f in checked.findings if not f.is_error] == [
            ("MOVEMENT", None),
            ("REF_AREAS", None),
            ("COMENT", "COMMENT"),
        ]

    def test_203_unknown_structure(self) -> None:
        [finding] = Checked(sheet(HEADER, OK, OK, flow="TST:NONE(1.0.0)")).errors
        assert (finding.code, finding.row, finding.component, finding.value) == (
            "VIPMG-203",
            2,
            "STRUCTURE_ID",
            "TST:NONE(1.0.0)",
        )

    def test_c151_labels_both(self) -> None:
        checked = Checked(
            "STRUCTURE[;],STRUCTURE_ID,ACTION,FREQ: Frequency,REF_AREA: Area,SEX: Sex,"
            "TIME_PERIOD: Time,OBS_VALUE: Value,OBS_STATUS: Status\n"
            f"dataflow,{FLOW}: A flow,M,A: Annual,CRI: Costa Rica,F: Female: of age,2024: 2024,1,"
            "A: Normal\n"
        )
        assert checked.errors == []
        assert checked.outcomes["A", "CRI", "F"].observations["TIME_PERIOD"] == ["2024"]

    def test_c151_labels_both_with_many_values(self) -> None:
        checked = Checked(
            sheet(f"{HEADER},SOURCES[]: Sources", f"{OK},CENSUS: The census;SURVEY: A survey")
        )
        assert checked.errors == []
        assert checked.outcomes["A", "CRI", "F"].observations["SOURCES"] == [["CENSUS", "SURVEY"]]

    def test_labels_do_not_touch_text(self) -> None:
        checked = check(f"{OK},Note: this", header=f"{HEADER},COLLECTION: Collection")
        assert checked.intakes[1].attachments == {(None, "CRI", "F"): {"COLLECTION": "Note: this"}}

    def test_c151_labels_name(self) -> None:
        checked = Checked(
            "STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,FREQ,Frequency,REF_AREA,Area,SEX,Sex,"
            "TIME_PERIOD,Time,OBS_VALUE,Value,OBS_STATUS,Status\n"
            f"dataflow,{FLOW},Flow,M,A,Annual,CRI,Costa Rica,F,Female,2024,2024,1,,A,Normal\n"
        )
        assert checked.errors == []
        assert set(checked.outcomes) == {("A", "CRI", "F")}


class TestRows:
    @pytest.mark.parametrize(
        ("row", "missing"),
        [
            (",CRI,F,2024,1,A", "FREQ"),
            ("A,,F,2024,1,A", "REF_AREA"),
            ("A,CRI,~,2024,1,A", "SEX"),
            ("A,CRI,F,,1,A", "TIME_PERIOD"),
            ("A,CRI,F,~,1,A", "TIME_PERIOD"),
        ],
    )
    @pytest.mark.parametrize("action", ["M", "R"])
    def test_c144_c145_211_dimension_left_out(self, row: str, missing: str, action: str) -> None:
        checked = Checked(sheet(HEADER, OK, row, action=action))
        assert checked.short == [("VIPMG-211", 3, missing, None)]

    def test_211_every_dimension_left_out_is_named(self) -> None:
        checked = check(",,,,1,A")
        assert {f.component for f in checked.errors} == {"FREQ", "REF_AREA", "SEX", "TIME_PERIOD"}

    def test_224_fixed_by_the_agreement(self) -> None:
        checked = check(
            f"{OK},Mine", f"{OK},Fixed", header=f"{HEADER},TITLE", fixed={"TITLE": "Fixed"}
        )
        [finding] = [f for f in checked.errors if f.code != "VIPMG-231"]
        assert finding == Finding("VIPMG-224", 2, "TITLE", "Mine", allowed="Fixed")

    def test_c153_230_mandatory_on_each_level(self) -> None:
        checked = check("A,CRI,F,2024,1,", "A,CRI,F,2025,2,A")
        found = [(f.row, f.component) for f in checked.findings if f.code == "VIPMG-230"]
        assert found == [(2, "OBS_STATUS"), (2, "UNIT_MULT"), (2, "TITLE")]

    def test_231_repeated_key(self) -> None:
        checked = check(OK, "A,CRI,M,2024,1,A", "A,CRI,F,2024,2,A", OK)
        assert checked.short == [
            ("VIPMG-231", 4, None, "A.CRI.F 2024"),
            ("VIPMG-231", 5, None, "A.CRI.F 2024"),
        ]
        assert [f.rule for f in checked.errors] == ["2", "2"]
        assert "row 2 of this file" in message(checked.errors[0], "en")
        assert "la fila 2 de este archivo" in message(checked.errors[0], "es")

    def test_231_repeated_key_in_another_batch(self) -> None:
        rows = [OK, *(f"A,CRI,M,{year},1,A" for year in range(2001, 2011)), OK]
        [finding] = check(*rows, batch_rows=3).errors
        assert finding == Finding("VIPMG-231", 13, value="A.CRI.F 2024", rule="2")

    @pytest.mark.parametrize("batch_rows", [20_000, 1])
    def test_232_two_values_of_a_series_attribute(self, batch_rows: int) -> None:
        rows = ["A,CRI,F,2024,1,A,0", "A,CRI,F,2025,1,A,0", "A,CRI,F,2026,1,A,3"]
        checked = check(*rows, header=f"{HEADER},UNIT_MULT", batch_rows=batch_rows)
        assert checked.short == [("VIPMG-232", 4, "UNIT_MULT", "0 / 3")]

    @pytest.mark.parametrize("batch_rows", [20_000, 1])
    def test_232_two_values_of_a_group_attribute(self, batch_rows: int) -> None:
        rows = ["A,CRI,F,2024,1,A,x", "M,CRI,F,2025-01,1,A,y"]
        checked = check(*rows, header=f"{HEADER},COLLECTION", batch_rows=batch_rows)
        [finding] = checked.errors
        assert (finding.code, finding.component) == ("VIPMG-232", "COLLECTION")

    def test_232_two_values_in_rows_of_a_part_of_the_key(self) -> None:
        checked = check("CRI,Count", "CRI,Estimate", header="REF_AREA,METHOD")
        assert [(f.code, f.row, f.component) for f in checked.errors] == [
            ("VIPMG-232", 3, "METHOD")
        ]

    def test_233_nothing_to_merge(self) -> None:
        checked = check(OK, "A,CRI,F,2025,,")
        assert checked.short == [("VIPMG-233", 3, None, None)]

    def test_values_go_where_their_attribute_stands(self) -> None:
        checked = check(
            f"{OK},3,Census,Count,Title,REGISTER;CENSUS,en:Hello;es:Hola",
            header=f"{HEADER},UNIT_MULT,COLLECTION,METHOD,TITLE,SOURCES[],COMMENT[en;es]",
        )
        assert checked.findings == []
        outcome = checked.outcomes["A", "CRI", "F"]
        assert outcome.attributes == {"UNIT_MULT": "3"}
        assert outcome.observations["SOURCES"] == [["REGISTER", "CENSUS"]]
        assert outcome.observations["COMMENT"] == {"en": "Hello", "es": "Hola"}
        assert checked.intakes[1].attachments == {
            (None, "CRI", "F"): {"COLLECTION": "Census"},
            (None, "CRI", None): {"METHOD": "Count"},
            (None, None, None): {"TITLE": "Title"},
        }


numerals = st.from_regex(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})", fullmatch=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(numerals, min_size=1, max_size=15))
def test_decimal_text_is_never_altered(values: list[str]) -> None:
    rows = [f"A,CRI,F,{2001 + n},{value},A" for n, value in enumerate(values)]
    checked = check(*rows)
    assert checked.errors == []
    column = checked.outcomes["A", "CRI", "F"].observations["OBS_VALUE"]
    assert (column if isinstance(column, list) else [column] * len(values)) == values
