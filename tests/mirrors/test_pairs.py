"""Mirror pairs as they are declared: the delivered ones, and such as cannot be read."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import InvalidArtefactError, QueryMisfitError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.metadata_sets import check_metadata_set
from app.sdmx.mirrors.check import check_pair
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery
from tests.mirrors.sides import declared, pairs, planned, shared

IDS = (
    *("MS_ASYLUM", "MS_BALANCE", "MS_BORDER", "MS_CORRIDOR", "MS_MIGFLOW"),
    *("MS_REMIT", "MS_RES_STOCK", "MS_RETURN", "MS_STOCK"),
)


def changed(identity: str, name: str, value: Any) -> Artefact:
    """A declaration with another value of an attribute, or of one of a side (`LEFT.FILTER`)."""
    one = declared(identity)
    side, _, own = name.rpartition(".")
    new = {"id": own, "value": value}
    attributes = one.document["attributes"]
    if side:
        [within] = [part for part in attributes if part["id"] == side]
        new = {**within, "attributes": _put(within["attributes"], new)}
    return one.with_document(one.document | {"attributes": _put(attributes, new)})


def _put(attributes: list[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    return [*(part for part in attributes if part["id"] != new["id"]), new]


def test_the_delivered_pairs_are_nine() -> None:
    assert tuple(sorted(pairs())) == IDS


@pytest.mark.parametrize("identity", IDS)
def test_a_delivered_pair_is_valid_and_suits_its_dataflows(identity: str) -> None:
    check_metadata_set(declared(identity), shared())
    check_pair(declared(identity), shared())
    plan = planned(identity)
    assert plan.dimensions
    assert {"en", "es"} <= plan.pair.names.keys()
    assert {"en", "es"} <= plan.pair.left.view.keys() & plan.pair.right.view.keys()


def test_the_cell_of_a_return_is_named_by_the_country_that_returns() -> None:
    plan = planned("MS_RETURN", CellQuery({"REF_AREA": ("MEX",), "COUNTERPART_AREA": ("GTM",)}))
    left, right = plan.left, plan.right
    assert left.selection.codes[left.flow.position["REF_AREA"]] == ("MEX",)
    assert right.selection.codes[right.flow.position["REF_AREA"]] == ("GTM",)
    assert right.selection.codes[right.flow.position["COUNTERPART_AREA"]] == ("MEX",)
    assert "FLOW_DIRECTION" not in plan.dimensions


def test_what_lies_outside_of_a_pair_is_empty_and_a_wrong_dimension_is_told() -> None:
    assert planned("MS_CORRIDOR", CellQuery({"REF_AREA": ("CRI",)})).is_empty
    assert planned("MS_CORRIDOR", CellQuery({"COUNTERPART_AREA": ("CRI",)})).is_empty
    assert not planned("MS_CORRIDOR", CellQuery({"COUNTERPART_AREA": ("HND",)})).is_empty
    with pytest.raises(QueryMisfitError, match="BIRTH_AREA"):
        planned("MS_CORRIDOR", CellQuery({"BIRTH_AREA": ("CRI",)}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TIME_RULE", "SOMETIMES"),
        ("MATCH", "CITIZENSHIP"),
        ("FORMULA", "SEX=F+M"),
        ("FIRST_AREA", "REF_AREA"),
    ],
)
def test_a_value_that_cannot_be_read_is_told_with_its_name(name: str, value: str) -> None:
    with pytest.raises(InvalidArtefactError, match=name):
        read_pair(changed("MS_CORRIDOR", name, value))


FLOW = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=VIPMG:DF_NOT_THERE(1.0.0)"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MATCH", "CITIZENSHIP=COLOUR", "MATCH: .*COLOUR"),
        ("FORMULA", "COLOUR:_T=A+B", "FORMULA: .*COLOUR"),
        ("FORMULA", "SEX:_T=F+MALE", "FORMULA: SEX .*no code 'MALE'"),
        ("SEPARATE", "COLOUR", "SEPARATE: .*COLOUR"),
        ("FIRST_AREA", "LEFT.COLOUR", "FIRST_AREA: .*COLOUR"),
        ("SECOND_AREA", "RIGHT.UNIT_MEASURE", "RIGHT.UNIT_MEASURE"),
        ("LAG_MAX", 25, "LAG_MAX: 25"),
        ("LEFT.DATAFLOW", FLOW, "LEFT.DATAFLOW: .*DF_NOT_THERE"),
        ("RIGHT.FILTER", "COLOUR=RED", "RIGHT.FILTER: .*COLOUR"),
        ("RIGHT.FILTER", "REF_AREA=HND+XYZ", "RIGHT.FILTER: REF_AREA .*no code 'XYZ'"),
        ("LEFT.REPORTED_BY", "COLOUR", "LEFT.REPORTED_BY: .*COLOUR"),
        ("LEFT.PROVIDER", "NOBODY", "LEFT.PROVIDER: .*NOBODY"),
    ],
)
def test_a_pair_that_does_not_suit_its_dataflows_is_refused(
    name: str, value: Any, told: str
) -> None:
    with pytest.raises(InvalidArtefactError, match=told):
        check_pair(changed("MS_CORRIDOR", name, value), shared())


def test_a_pair_whose_dataflow_has_changed_since_is_told_when_it_is_planned() -> None:
    pair = read_pair(changed("MS_CORRIDOR", "MATCH", "CITIZENSHIP=COLOUR"))
    with pytest.raises(InvalidArtefactError, match=r"MS_CORRIDOR.*COLOUR"):
        planned(pair)


def test_the_latest_version_of_a_pair_holds_and_a_draft_does_not() -> None:
    one = declared("MS_CORRIDOR")
    later = {"1.1.0": "LATER", "1.2.0-draft": "DRAFT"}
    more = [
        Artefact.read(METADATA_SET, {**one.document, "version": version, "name": name})
        for version, name in later.items()
    ]
    found = find_pair_sets(ArtefactSet([*shared(), *more]))
    [held] = [each for each in found if each.id == "MS_CORRIDOR"]
    assert str(held.version) == "1.1.0"
