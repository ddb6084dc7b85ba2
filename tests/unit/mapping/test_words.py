"""What a sender in national words reads: days that ended, empty cells, dates by example."""

from __future__ import annotations

import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.findings import Finding, message
from app.sdmx.map_differences import map_differences
from app.sdmx.mapping import compile_map
from tests.national import (
    batch,
    component_map,
    mapping,
    national,
    representation_map,
    structure_map,
    text,
)

HEADER = "fecha,grupo,pais,personas"


def found(*mappings: dict[str, object], rows: tuple[str, ...]) -> list[Finding]:
    """What another table of areas does not take."""
    table = representation_map("RM_AREA", mappings)
    kept = [one for one in national() if one.id != table.id]
    made = compile_map(ArtefactSet([*kept, table]), structure_map())
    made.apply(batch(HEADER, *rows))
    return [*made.coverage.findings()]


@pytest.mark.parametrize(
    ("days", "en", "es"),
    [
        ({"validTo": "2023-12-31"}, "only until 2023-12-31,", "solo hasta el 2023-12-31,"),
        ({"validFrom": "2025-01-01"}, "only from 2025-01-01,", "solo desde el 2025-01-01,"),
        (
            {"validFrom": "2022-01-01", "validTo": "2022-12-31"},
            "only from 2022-01-01 to 2022-12-31,",
            "solo del 2022-01-01 al 2022-12-31,",
        ),
    ],
)
def test_a_counterpart_of_other_days_is_told_with_its_days(
    days: dict[str, str], en: str, es: str
) -> None:
    rows = ("enero 2024|Hombres|Costa Rica|1", "mayo 2024|Hombres|Costa Rica|1")
    [finding] = found(mapping(["Costa Rica"], ["CRI"], **days), rows=rows)
    assert (finding.code, finding.row, finding.rule) == ("VIPMG-264", 2, "2")
    assert finding.nearest is None
    assert en in message(finding, "en")
    assert es in message(finding, "es")


def test_an_empty_cell_is_called_empty() -> None:
    [finding] = found(
        mapping(["Costa Rica"], ["CRI"]),
        mapping([text("^$", isRegEx=True)]),
        rows=("enero 2024|Hombrs|Costa Rica|1",),
    )
    assert finding.value == "Hombrs"
    left_out = Finding("VIPMG-332", 2, "pais", "", rule="3")
    assert message(left_out, "es") == "El mapa deja fuera las filas con pais vacío; filas: 3."
    assert message(left_out, "en").startswith("Rows with an empty pais are left out")
    unmapped = Finding("VIPMG-260", 2, "pais", "", rule="3")
    assert message(unmapped, "en").startswith("An empty pais has no counterpart")


def test_empty_values_of_several_columns_are_seen() -> None:
    table = representation_map("RM_TWO", [mapping(["Hombres", "GTM"], ["CRI"])], sources=2)
    maps = [
        component_map(["grupo", "pais"], ["REF_AREA"], "RM_TWO"),
        component_map(["grupo"], ["SEX", "AGE"], "RM_GROUP"),
    ]
    made = compile_map(ArtefactSet([*national(), table]), structure_map(componentMaps=maps))
    made.apply(batch(HEADER, "enero 2024|Hombres||1"))
    [finding] = made.coverage.findings()
    assert finding.value == 'Hombres, ""'


def test_a_value_that_is_left_out_is_told_in_words() -> None:
    before = representation_map("RM_AREA", [mapping(["Cuba"], ["SLV"]), mapping([""], ["CRI"])])
    after = representation_map("RM_AREA", [mapping(["Cuba"])])
    kept = [one for one in national() if one.id != "RM_AREA"]
    later = Artefact.read(after.artefact_class, after.document | {"version": "2.0.0"})
    maps = [component_map(["pais"], ["REF_AREA"]) | {"representationMap": one.urn}
            for one in (before, later)]  # fmt: skip
    old, new = (structure_map(componentMaps=[one]) for one in maps)
    told = map_differences(ArtefactSet([*kept, before, later]), old, new)
    assert [one.text("es") for one in told] == [
        "pais → REF_AREA: Cuba pasa a ser nada: sus filas se dejan fuera en vez de SLV.",
        "pais → REF_AREA: cualquier valor ya no se conoce; pasaba a ser CRI.",
    ]
    assert not any("∅" in one.text("en") for one in told)


def test_a_date_is_asked_for_by_an_example() -> None:
    [finding] = found(mapping([""], ["CRI"]), rows=("13-2024|Hombres|x|1",))
    assert message(finding, "es") == (
        "13-2024 en fecha no es una fecha como la lee el mapa, por ejemplo enero 2025; filas: 1."
    )
