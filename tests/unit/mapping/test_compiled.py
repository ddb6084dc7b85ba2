"""Maps on batches: what they take, leave out and do not know; and maps that cannot run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.mapping.compiling import check_map_runs
from app.sdmx.mapping.representation import check_table
from app.sdmx.messages.data_reading import Batch, Column, Form
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.national import (
    AREA_TABLE,
    DATES,
    GROUPS,
    batch,
    component_map,
    held,
    mapping,
    national,
    pattern,
    representation_map,
    structure_map,
    text,
)
from tests.structures import of_type, structure

HEADER = "fecha,grupo,pais,personas"
HELD = held()


def compiled(*more: Artefact, collisions: bool = False, **parts: Any) -> CompiledMap:
    """The country's map with other parts, and more artefacts."""
    return compile_map(
        ArtefactSet([*national(), *more]), structure_map(**parts), finds_collisions=collisions
    )


def rows(mapped: Batch | None) -> list[dict[str, str]]:
    """The rows of a batch, by component."""
    if mapped is None:
        return []
    return [
        {"row": str(row)} | {name: cells[place] for name, cells in mapped.cells.items()}
        for place, row in enumerate(mapped.rows)
    ]


def of(table: Artefact) -> CompiledMap:
    """The country's map with another table for one of its columns."""
    tables = [one for one in national() if one.id != table.id]
    return compile_map(ArtefactSet([*tables, table]), structure_map())


def areas(*mappings: dict[str, Any]) -> list[str]:
    """What other mappings of areas make of four cells."""
    table = representation_map("RM_AREA", mappings)
    cells = ("Costa Rica", "El Salvador", "", "506")
    lines = [f"enero 2024|Hombres|{cell}|1" for cell in cells]
    found = {one["row"]: one["REF_AREA"] for one in rows(of(table).apply(batch(HEADER, *lines)))}
    return [found.get(str(row), "-") for row in range(2, 6)]


def test_one_column_leads_to_two_dimensions_and_the_word_is_kept() -> None:
    made = compiled()
    lines = [f"enero 2024|{group}|Costa Rica|{n}" for n, group in enumerate(GROUPS)]
    found = rows(made.apply(batch(HEADER, *lines)))
    assert [(one["SEX"], one["AGE"], one["NAT_CATEGORY"]) for one in found] == [
        ("M", "Y18", "Hombres"),
        ("F", "Y18", "Mujeres"),
        ("M", "Y0T17", "Niños"),
        ("F", "Y0T17", "Niñas"),
    ]
    assert {(one["FREQ"], one["TIME_PERIOD"], one["STATUS"]) for one in found} == {
        ("M", "2024-01", "A")
    }
    assert made.coverage.taken == 4
    assert not list(made.coverage.findings())


def test_what_it_does_not_know_is_counted_once_with_the_nearest() -> None:
    made = compiled()
    first = batch(HEADER, "enero 2024|Honbres|Costa Rica|1", "enero 2024|Total|Panamá|1")
    second = batch(HEADER, "ayer|Honbres|Costa Rica |1", first=9)
    assert made.apply(first) is None
    assert made.apply(second) is None
    word, date = made.coverage.findings()
    assert (word.code, word.row, word.component, word.value) == ("VIPMG-260", 2, "grupo", "Honbres")
    assert (word.rule, word.nearest) == ("2", "Hombres")
    assert (date.code, date.value, date.allowed) == ("VIPMG-262", "ayer", "enero 2025")
    [left_out] = made.coverage.untaken("left out")
    assert (left_out.values, left_out.rows) == (("Total",), 1)  # so its Panamá is no matter
    assert (made.coverage.rows, made.coverage.left_out, made.coverage.unmapped) == (3, 1, 2)


def test_mappings_are_tried_in_their_order() -> None:
    assert areas(mapping(["Costa Rica"], ["CRI"]), mapping([""], ["SLV"])) == [
        *("CRI", "SLV", "SLV", "SLV")
    ]
    assert areas(mapping([""], ["SLV"]), mapping(["Costa Rica"], ["CRI"])) == ["SLV"] * 4
    assert areas(mapping([pattern("C.*")], ["CRI"]), mapping([""])) == ["CRI", "-", "-", "-"]
    assert areas(mapping([pattern(r"(?i).*(S)al(v).*")], [r"\1L\2"])) == ["-", "SLv", "", "-"]
    assert areas(mapping([text("El", startIndex=1, endIndex=2)], ["SLV"])) == ["-", "SLV", "", "-"]
    assert areas(mapping(["Costa Rica"], [""])) == ["", "-", "", "-"]


def test_a_mapping_holds_for_periods_that_begin_within_its_validity() -> None:
    table = representation_map(
        "RM_AREA",
        [
            mapping(["Costa Rica"], ["CRI"], validTo="2023-12-31"),
            mapping(["Costa Rica"], ["SLV"], validFrom="2024-01-01", validTo="2024-01-31"),
        ],
    )
    lines = [f"{month}|Hombres|Costa Rica|1" for month in ("dic 2023", "ene 2024", "feb 2024")]
    made = of(table)
    found = rows(made.apply(batch(HEADER, *lines)))
    assert [(one["TIME_PERIOD"], one["REF_AREA"]) for one in found] == [
        ("2023-12", "CRI"),
        ("2024-01", "SLV"),
    ]
    [finding] = made.coverage.findings()
    assert (finding.row, finding.value) == (4, "Costa Rica")


def test_several_columns_together_lead_to_one() -> None:
    table = representation_map(
        "RM_TWO",
        [
            mapping(["Hombres", "Costa Rica"], ["M", "CRI"]),
            mapping([pattern("(M).*"), pattern("(C).*")], [r"F", r"\2RI"]),
            mapping([pattern("(N).*"), ""], ["_T", "SLV"]),
        ],
        sources=2,
        targets=2,
    )
    parts = [
        component_map(["grupo", "pais"], ["SEX", "REF_AREA"], "RM_TWO"),
        component_map(["personas"], ["OBS_VALUE"]),
    ]
    fixed = [{"target": name, "values": [value]} for name, value in (("FREQ", "M"), ("AGE", "_T"))]
    made = compiled(table, componentMaps=parts, fixedValueMaps=fixed)
    groups = ("Hombres|Costa Rica", "Mujeres|Costa Rica", "Niños|Panamá", "Hombres|Costa Rico")
    found = rows(made.apply(batch(HEADER, *(f"enero 2024|{group}|1" for group in groups))))
    assert [(one["SEX"], one["REF_AREA"]) for one in found] == [
        *(("M", "CRI"), ("F", "CRI"), ("_T", "SLV"))
    ]
    [finding] = made.coverage.findings()
    assert (finding.component, finding.value) == ("grupo, pais", "Hombres, Costa Rico")
    assert finding.nearest == "Hombres, Costa Rica"


def test_an_expected_constant_leaves_other_rows_out() -> None:
    fixed = [
        {"target": "FREQ", "values": ["M"]},
        {"source": "nota", "values": ["definitivo", "revisado"]},
    ]
    made = compiled(fixedValueMaps=fixed)
    lines = [f"enero 2024|Hombres|Costa Rica|1|{note}" for note in ("definitivo", "preliminar", "")]
    found = rows(made.apply(batch(f"{HEADER},nota", *lines)))
    assert [one["row"] for one in found] == ["2", "4"]
    assert [one.values for one in made.coverage.untaken("left out")] == [("preliminar",)]


def test_the_first_pattern_that_reads_a_date_is_taken_and_frequency_may_stand_in_the_row() -> None:
    dates = [
        DATES,
        DATES | {"id": "D2", "sourcePattern": "dd/MM/yyyy"},
        DATES | {"id": "D3", "sourcePattern": "yyyy-MM"},
    ]
    lines = [f"{date}|Hombres|Costa Rica|1" for date in ("marzo 2024", "31/03/2024", "2024-03")]
    found = rows(compiled(datePatternMaps=dates).apply(batch(HEADER, *lines)))
    assert [one["TIME_PERIOD"] for one in found] == ["2024-03"] * 3
    by_row = {name: value for name, value in DATES.items() if name != "targetFrequencyID"}
    of_row = by_row | {"frequencyDimension": "FREQ"}
    table = representation_map(
        "RM_FREQ", [mapping(["anual"], ["A"]), mapping(["trimestral"], ["Q"])]
    )
    parts = [
        *structure_map().document["componentMaps"],
        component_map(["nota"], ["FREQ"], "RM_FREQ"),
    ]
    made = compiled(table, datePatternMaps=[of_row], componentMaps=parts, fixedValueMaps=[])
    lines = [f"marzo 2024|Hombres|Costa Rica|1|{note}" for note in ("anual", "trimestral")]
    found = rows(made.apply(batch(f"{HEADER},nota", *lines)))
    assert [(one["FREQ"], one["TIME_PERIOD"]) for one in found] == [("A", "2024"), ("Q", "2024-Q1")]


def test_a_column_that_is_not_there_leaves_its_target_to_the_checks() -> None:
    mapped = compiled().apply(batch("fecha,grupo,personas", "enero 2024|Hombres|1"))
    assert mapped is not None
    assert "REF_AREA" not in mapped.cells
    assert "pais" not in mapped.form.columns


def test_cells_that_the_reader_refused_are_not_mapped_and_not_told_again() -> None:
    made = compiled()
    given = batch(HEADER, "enero 2024|#REF!|Costa Rica|1", "enero 2024|Hombres|Costa Rica|1")
    mapped = made.apply(replace(given, faulty=frozenset({(2, "grupo"), (3, "nota")})))
    assert [one["row"] for one in rows(mapped)] == ["3"]
    assert (made.coverage.faulty, list(made.coverage.findings())) == (1, [])


def test_the_form_of_the_source_is_read_before_it_is_mapped() -> None:
    """Labels are taken off, commas are points, words are spelled as the list spells them."""
    words = codelist(
        "CL_WORDS",
        item("H", names={"es": "Hombres", "en": "Men"}),
        item("N", names={"es": "Niñas"}),
    )
    concepts = artefact(
        "ConceptScheme", "CS_W", concepts=[item("quien"), item("valor"), item("mes")]
    )
    scheme = "CS_W"

    def placed(part: dict[str, Any]) -> dict[str, Any]:
        return part | {"conceptIdentity": urn("Concept", scheme, part["id"])}

    own = structure(
        "DSD_W",
        [
            placed(component("quien", urn("Codelist", "CL_WORDS"))),
            placed(of_type("mes", "String")),
        ],
        [placed(of_type("valor", "Decimal", usage="optional"))],
        [],
        time_id=None,
    )
    table = representation_map(
        "RM_W", [mapping(["H"], ["M", "Y18"]), mapping(["N"], ["F", "Y0T17"])], targets=2
    )
    shared = structure_map(
        source=urn("DataStructure", "DSD_W"),
        componentMaps=[
            component_map(["quien"], ["SEX", "AGE"], "RM_W"),
            component_map(["valor"], ["OBS_VALUE"]),
        ],
        fixedValueMaps=[
            {"target": n, "values": [v]} for n, v in (("FREQ", "M"), ("REF_AREA", "CRI"))
        ],
        datePatternMaps=[
            DATES | {"mappedComponents": [{"source": "mes", "target": "TIME_PERIOD"}]}
        ],
    )
    made = compile_map(ArtefactSet([*national(), words, concepts, own, table]), shared)
    columns = {
        "quien": Column(0, "quien: Quién", "quien", labelled=True),
        "mes": Column(1, "mes", "mes"),
        "valor": Column(2, "valor", "valor"),
    }
    form = Form(columns, decimal_comma=True)
    lines = (
        "H: Hombres|enero 2024|1,5",
        "niñas|enero 2024|2",
        "MEN|enero 2024|3",
        "X|enero 2024|4",
    )
    found = rows(made.apply(batch("quien,mes,valor", *lines, form=form)))
    assert [(one["SEX"], one["AGE"], one["OBS_VALUE"]) for one in found] == [
        *(("M", "Y18", "1.5"), ("F", "Y0T17", "2"), ("M", "Y18", "3"))
    ]


def test_two_rows_on_one_key_are_found_where_that_is_asked_for() -> None:
    made = compiled(collisions=True)
    made.apply(batch(HEADER, "enero 2024|Hombres|Costa Rica|1"))
    made.apply(batch(HEADER, "ENE 2024|Hombres|Costa Rica|9", first=7))
    [pair] = made.coverage.collisions
    assert (pair.row, pair.first_row, pair.key) == (7, 2, ("M", "CRI", "M", "Y18", "2024-01"))


CELLS = st.tuples(
    st.sampled_from(["enero 2024", "FEB. 2024", "x", ""]),
    st.sampled_from([*GROUPS, "Total", "Otro", ""]),
    st.sampled_from(["Costa Rica", "El Salvador", "Cuba", ""]),
    st.sampled_from(["1", "2.5", ""]),
)


@given(st.lists(CELLS, min_size=1, max_size=12), st.integers(1, 5))
def test_columns_are_mapped_as_single_rows_are(cells: list[tuple[str, ...]], size: int) -> None:
    def lines(part: list[tuple[str, ...]]) -> list[str]:
        return ["|".join(each) for each in part]

    whole, single, parts = compiled(), compiled(), compiled()
    expected = [
        found
        for number, each in enumerate(cells)
        for found in rows(single.apply(batch(HEADER, *lines([each]), first=2 + number)))
    ]
    assert rows(whole.apply(batch(HEADER, *lines(cells)))) == expected
    in_parts = [
        found
        for at in range(0, len(cells), size)
        for found in rows(parts.apply(batch(HEADER, *lines(cells[at : at + size]), first=2 + at)))
    ]
    assert in_parts == expected
    assert whole.document() == single.document() == parts.document()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"componentMaps": [component_map(["grupo", "pais"], ["SEX"])]}, "cannot be copied"),
        ({"componentMaps": [component_map(["grupo"], ["SEX"], "RM_GROUP")]}, "2 values"),
        ({"componentMaps": [component_map(["grupo"], ["NOPE"])]}, "no component 'NOPE'"),
        ({"componentMaps": [component_map(["nope"], ["SEX"])]}, "no component 'nope'"),
        ({"componentMaps": [component_map(["pais"], ["SEX"], "RM_NOPE")]}, "not held"),
        ({"fixedValueMaps": [{"target": "SEX", "values": ["M"]}]}, "SEX is mapped twice"),
        ({"fixedValueMaps": [{"target": "FREQ", "values": []}]}, "one value"),
        ({"fixedValueMaps": []}, "Nothing leads to FREQ"),
        ({"datePatternMaps": [DATES | {"locale": "xx"}]}, "locale"),
        ({"target": urn("Dataflow", "NOPE")}, "not held"),
        ({"target": urn("Codelist", "CL_SEX")}, "no data"),
        ({"annotations": [{"type": "MAP_RULE", "id": "SAME_KEY", "title": "MAX"}]}, "no rule"),
    ],
)
def test_a_map_that_cannot_run_says_why(parts: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidArtefactError, match=reason) as refused:
        compiled(**parts)
    assert refused.value.detail["urn"] == structure_map().urn
    assert refused.value.text["es"] != refused.value.text["en"]


def test_a_finished_map_leads_to_codes_and_an_unfinished_one_is_kept() -> None:
    wrong = representation_map("RM_AREA", [mapping(["Costa Rica"], ["CRC"])])
    artefacts = ArtefactSet([*(one for one in national() if one is not AREA_TABLE), wrong])
    with pytest.raises(InvalidArtefactError, match="'CRC' is no code of REF_AREA"):
        check_map_runs(artefacts, structure_map())
    check_map_runs(artefacts, structure_map(fixedValueMaps=[]))
    check_map_runs(HELD, structure_map())


def test_the_patterns_of_all_tables_of_a_map_share_their_room() -> None:
    large = [mapping([pattern(f"(a?b?c{{0,900}}{n})+")], ["CRI"]) for n in range(8)]
    tables = [representation_map(name, large) for name in ("RM_ONE", "RM_TWO")]
    maps = [component_map(["pais"], ["REF_AREA"], "RM_ONE")]
    maps.append(component_map(["grupo"], ["SEX", "AGE"], "RM_GROUP"))
    compile_map(held(*tables), structure_map(componentMaps=maps))
    maps.append(component_map(["nota"], ["NAT_CATEGORY"], "RM_TWO"))
    with pytest.raises(InvalidArtefactError, match="too large together"):
        compile_map(held(*tables), structure_map(componentMaps=maps))


def test_days_of_a_mapping_that_contradict_are_refused() -> None:
    with pytest.raises(InvalidArtefactError, match="validFrom 2030-01-01 is after"):
        check_table(
            representation_map(
                "RM", [mapping(["a"], ["b"], validFrom="2030-01-01", validTo="2020-01-01")]
            )
        )


def test_a_group_that_matched_nothing_is_no_counterpart_of_a_key() -> None:
    made = of(representation_map("RM_AREA", [mapping([pattern("(C.*)?.*")], [r"\1"])]))
    lines = [f"enero 2024|Hombres|{cell}|1" for cell in ("CRI", "Cuba", "El Salvador", "Belice")]
    assert [one["REF_AREA"] for one in rows(made.apply(batch(HEADER, *lines)))] == ["CRI", "Cuba"]
    told = [(one.code, one.value, one.nearest) for one in made.coverage.findings()]
    assert told == [("VIPMG-260", "El Salvador", None), ("VIPMG-260", "Belice", None)]
