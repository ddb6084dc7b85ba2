"""Who names a code of a list: by the components that take it, not by the letters alone."""

from __future__ import annotations

from typing import Any

import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.code_uses import CodeUses, codes_of
from app.sdmx.flow import Flow, resolve_flow
from tests.artefact_samples import artefact, codelist, urn
from tests.national import component_map, mapping, national, representation_map, structure_map

SEXES, FREQUENCIES = urn("Codelist", "CL_SEX"), urn("Codelist", "CL_FREQ")


def constraint(**region: list[str]) -> Artefact:
    """A constraint of the shared dataflow that lists values of components."""
    values = [
        {"id": name, "values": [{"value": code} for code in codes]}
        for name, codes in region.items()
    ]
    return artefact(
        "DataConstraint",
        "CC",
        constraintAttachment={"dataflows": [urn("Dataflow", "DF_RET")]},
        cubeRegions=[{"include": True, "keyValues": values}],
    )


def named(scheme: str, one: Artefact, *codes: str, more: tuple[Artefact, ...] = ()) -> list[str]:
    """The codes of a list that an artefact names."""
    kept = [each for each in national() if each.urn != one.urn]
    artefacts = ArtefactSet([*kept, one, *more])

    def flow(of: str) -> Flow | None:
        found = artefacts.get(of)
        has_data = found is not None and found.artefact_class.name in {"Dataflow", "DataStructure"}
        return resolve_flow(artefacts, of) if has_data else None

    changed = artefacts.get(scheme)
    assert changed is not None
    return [*CodeUses(artefacts, changed, codes, flow).of(one)]


def test_a_constraint_names_codes_of_its_components() -> None:
    one = constraint(SEX=["M", "F"], AGE=["Y18"])
    assert named(SEXES, one, "F", "M", "_T") == ["F", "M"]
    assert named(FREQUENCIES, one, "M") == []  # the same letter, of another list
    assert named(FREQUENCIES, constraint(FREQ=["M"]), "M") == ["M"]


@pytest.mark.parametrize(
    ("scheme", "codes", "expected"),
    [
        (SEXES, ("M", "_T"), ["M"]),
        (FREQUENCIES, ("M", "A"), ["M"]),
        (urn("Codelist", "CL_AGE"), ("Y18", "_T"), ["Y18"]),
    ],
)
def test_a_map_names_codes_in_its_tables_and_constants(
    scheme: str, codes: tuple[str, ...], expected: list[str]
) -> None:
    one = structure_map()
    if scheme == FREQUENCIES:
        assert named(scheme, one, *codes) == expected
        return
    tables = {"componentMaps": [component_map(["grupo"], ["SEX", "AGE"], "RM_GROUP")]}
    assert named(scheme, structure_map(**tables), *codes) == expected


def test_a_table_names_codes_of_its_sides() -> None:
    sides: dict[str, Any] = {"source": [{"codelist": SEXES}], "target": [{"dataType": "String"}]}
    table = representation_map("RM_S", [mapping(["M"], ["F"])])
    table = Artefact.read(table.artefact_class, table.document | sides)
    assert named(SEXES, table, "M", "F") == ["M"]


def test_a_list_takes_codes_over_from_another() -> None:
    wider = artefact(
        "Codelist", "CL_WIDER", codelistExtensions=[{"codelist": SEXES, "prefix": "S_"}]
    )
    assert named(SEXES, wider, "M", "NONE") == ["M"]
    known = codes_of(ArtefactSet([*national(), wider]), wider)
    assert "S_M" in known
    deeper = constraint(SEX=["M"])
    assert named(SEXES, deeper, "M", more=(wider, codelist("CL_OTHER", "M"))) == ["M"]
