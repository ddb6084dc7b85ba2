"""C175: codelists that extend others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.codelist_extension import resolve_extensions
from tests.artefact_samples import codelist, item, urn

PARENT = codelist(
    "CL_P",
    "ALL",
    item("N", parent="ALL"),
    item("N1", parent="N"),
    item("N2", parent="N"),
    item("S", parent="ALL"),
)


def extended(*extensions: dict[str, Any], own: tuple[Any, ...] = (), name: str = "CL") -> Artefact:
    return codelist(name, *own, codelistExtensions=list(extensions))


def extension(resource_id: str = "CL_P", **parts: Any) -> dict[str, Any]:
    return {"codelist": urn("Codelist", resource_id), **parts}


def ids(artefact: Artefact, *others: Artefact) -> list[str]:
    found = ArtefactSet((PARENT, *others))
    return [code["id"] for code in resolve_extensions(artefact, found.resolve).document["codes"]]


def test_c175_by_default_all_codes_are_taken_over_before_the_own() -> None:
    assert ids(extended(extension(), own=("OWN",))) == ["ALL", "N", "N1", "N2", "S", "OWN"]


def test_c175_the_later_list_wins_and_own_codes_win_over_all() -> None:
    first = codelist("CL_1", item("A", name="first A"), item("B", name="first B"), "C")
    second = codelist("CL_2", item("B", name="second B"), item("C", name="second C"))
    child = extended(extension("CL_1"), extension("CL_2"), own=(item("C", name="own C"),))
    found = ArtefactSet((first, second))
    codes = resolve_extensions(child, found.resolve).document["codes"]
    assert [(code["id"], code["name"]) for code in codes] == [
        ("A", "first A"),
        ("B", "second B"),
        ("C", "own C"),
    ]


def test_c175_a_prefix_is_put_before_ids_and_parents() -> None:
    found = ArtefactSet((PARENT,))
    resolved = resolve_extensions(extended(extension(prefix="P_")), found.resolve)
    pairs = [(code["id"], code.get("parent")) for code in resolved.document["codes"]]
    assert pairs[:3] == [("P_ALL", None), ("P_N", "P_ALL"), ("P_N1", "P_N")]


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        ({"memberValues": ["N", "S"]}, ["N", "S"]),
        ({"memberValues": [{"value": "N", "cascadeValues": True}]}, ["N", "N1", "N2"]),
        ({"memberValues": [{"value": "N", "cascadeValues": "excluderoot"}]}, ["N1", "N2"]),
        (
            {"memberValues": [{"value": "ALL", "cascadeValues": "excluderoot"}]},
            ["N", "N1", "N2", "S"],
        ),
        ({"wildcardedMemberValues": ["N%"]}, ["N", "N1", "N2"]),
        ({"wildcardedMemberValues": ["S"]}, ["S"]),
        ({"memberValues": ["S"], "wildcardedMemberValues": ["N1%"]}, ["N1", "S"]),
        ({"memberValues": ["UNKNOWN"]}, []),
    ],
)
def test_c175_selections_include_and_exclude(selection: dict[str, Any], chosen: list[str]) -> None:
    included = extended(extension(inclusiveCodeSelection=selection), own=("OWN",))
    assert ids(included) == [*chosen, "OWN"]
    excluded = extended(extension(exclusiveCodeSelection=selection), own=("OWN",))
    rest = [code for code in ("ALL", "N", "N1", "N2", "S") if code not in chosen]
    assert ids(excluded) == [*rest, "OWN"]


def test_c175_a_code_whose_parent_was_left_out_stands_at_the_top() -> None:
    found = ArtefactSet((PARENT,))
    child = extended(extension(inclusiveCodeSelection={"memberValues": ["N", "N1"]}))
    codes = resolve_extensions(child, found.resolve).document["codes"]
    assert [(code["id"], code.get("parent")) for code in codes] == [("N", None), ("N1", "N")]


def test_c175_extensions_go_through_several_lists() -> None:
    middle = extended(extension(prefix="A_"), own=("M",), name="CL_M")
    child = extended(extension("CL_M", prefix="B_"), own=("OWN",))
    assert ids(child, middle) == ["B_A_ALL", "B_A_N", "B_A_N1", "B_A_N2", "B_A_S", "B_M", "OWN"]


def test_c031_the_resolved_list_has_no_extensions_and_the_stored_is_untouched() -> None:
    child = extended(extension(), own=("OWN",))
    resolved = resolve_extensions(child, ArtefactSet((PARENT,)).resolve)
    assert "codelistExtensions" not in resolved.document
    assert [code["id"] for code in child.document["codes"]] == ["OWN"]
    assert resolved.urn == child.urn


def test_a_list_that_extends_itself_in_the_end_is_refused() -> None:
    first = extended(extension("CL_2"), name="CL_1")
    second = extended(extension("CL_1"), name="CL_2")
    with pytest.raises(InvalidArtefactError, match="extends itself"):
        resolve_extensions(first, ArtefactSet((first, second)).resolve)


def test_an_unknown_list_is_refused() -> None:
    with pytest.raises(InvalidArtefactError, match="does not exist"):
        resolve_extensions(extended(extension("CL_NO")), ArtefactSet((PARENT,)).resolve)


code_ids = st.lists(st.sampled_from("ABCDEFGH"), unique=True, min_size=1)


@given(code_ids, code_ids, code_ids, st.sampled_from(["", "P_"]))
def test_c175_ids_stay_unique_and_own_codes_survive(
    first: list[str], second: list[str], own: list[str], prefix: str
) -> None:
    lists = (codelist("CL_1", *first), codelist("CL_2", *second))
    child = extended(extension("CL_1", prefix=prefix), extension("CL_2"), own=tuple(own))
    resolved = ids(child, *lists)
    assert len(resolved) == len(set(resolved))
    assert set(resolved) == {prefix + code for code in first} | set(second) | set(own)
