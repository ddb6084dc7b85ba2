"""A dataflow resolved for work on data."""

from __future__ import annotations

import pytest

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import Flow, resolve_flow
from tests.artefact_samples import codelist, urn
from tests.structures import network


@pytest.fixture(scope="module")
def artefacts() -> ArtefactSet:
    return ArtefactSet(network())


@pytest.fixture(scope="module")
def flow(artefacts: ArtefactSet) -> Flow:
    return resolve_flow(artefacts, urn("Dataflow", "DF"), urn("ProvisionAgreement", "PA_CRI"))


def test_components_in_the_order_of_the_structure(flow: Flow) -> None:
    assert [d.id for d in flow.dimensions] == ["FREQ", "REF_AREA", "SEX"]
    assert flow.time is not None
    assert flow.time.id == "TIME_PERIOD"
    assert [m.id for m in flow.measures] == ["OBS_VALUE", "SHARE"]
    assert flow.position == {"FREQ": 0, "REF_AREA": 1, "SEX": 2}
    assert flow.frequency == 0
    assert flow.short_urn == "TST:DF(1.0.0)"
    assert list(flow.components)[:4] == ["FREQ", "REF_AREA", "SEX", "TIME_PERIOD"]


def test_attributes_by_where_they_stand(flow: Flow) -> None:
    assert [c.id for c in flow.observation_components] == [
        "OBS_VALUE",
        "SHARE",
        "OBS_STATUS",
        "CONF_STATUS",
        "EMBARGO_TIME",
        "COMMENT",
        "SOURCES",
    ]
    assert [a.id for a in flow.series_attributes] == ["UNIT_MULT"]
    assert {a.id: a.positions for a in flow.partial_attributes} == {
        "COLLECTION": (1, 2),
        "METHOD": (1,),
        "TITLE": (),
    }
    assert flow.components["COLLECTION"].relationship == {"dimensions": ["REF_AREA", "SEX"]}
    assert flow.components["TITLE"].relationship == {"dataflow": {}}


def test_representations(flow: Flow) -> None:
    assert flow.components["SEX"].code_set == {"F", "M", "_T", "U"}
    sources = flow.components["SOURCES"]
    assert (sources.is_multi_valued, sources.max_occurs) == (True, None)
    assert not flow.components["OBS_STATUS"].is_multi_valued
    assert flow.components["COMMENT"].multilingual
    assert not flow.components["COLLECTION"].multilingual
    assert flow.components["SHARE"].check("99.99")
    assert not flow.components["SHARE"].check("99.999")
    assert flow.components["TIME_PERIOD"].data_type == "ObservationalTimePeriod"


def test_usage(flow: Flow) -> None:
    mandatory = {c.id for c in flow.attributes if c.mandatory}
    assert mandatory == {"OBS_STATUS", "UNIT_MULT", "TITLE"}


def test_names_in_both_languages(flow: Flow) -> None:
    assert flow.names == {"en": "DF in English", "es": "DF en español"}
    sex = flow.components["SEX"]
    assert sex.names["es"] == "SEX en español"
    assert sex.codes is not None
    assert sex.codes["F"].names["en"] == "F in English"
    assert [code.order for code in sex.codes.values()] == [0, 1, 2, 3]


def test_constraints_of_every_level_and_of_this_agreement_only(
    artefacts: ArtefactSet, flow: Flow
) -> None:
    assert {c.id for c in flow.constraints} == {"CC_DSD", "CC_DF", "CC_KEYS", "CC_PA_CRI"}
    plain = resolve_flow(artefacts, urn("Dataflow", "DF"))
    assert {c.id for c in plain.constraints} == {"CC_DSD", "CC_DF", "CC_KEYS"}
    small = resolve_flow(artefacts, urn("Dataflow", "DF_SMALL"))
    assert small.constraints == ()


def test_a_data_structure_by_itself(artefacts: ArtefactSet) -> None:
    found = resolve_flow(artefacts, urn("DataStructure", "DSD"))
    assert found.urn == found.structure_urn == urn("DataStructure", "DSD")
    assert {c.id for c in found.constraints} == {"CC_DSD"}


def test_c175_codes_that_a_list_takes_over() -> None:
    """The later list wins, own codes win over all, the prefix comes before."""
    parts = [p for p in network() if p.urn != urn("Codelist", "CL_SEX")]
    base = codelist("CL_BASE", "F", "X", "Y")
    sex = codelist(
        "CL_SEX",
        "F",
        codelistExtensions=[{"codelist": urn("Codelist", "CL_BASE"), "prefix": "B_"}],
    )
    found = resolve_flow(ArtefactSet([*parts, base, sex]), urn("Dataflow", "DF"))
    assert found.components["SEX"].code_set == {"F", "B_F", "B_X", "B_Y"}


@pytest.mark.parametrize("gone", [urn("Dataflow", "DF"), urn("DataStructure", "DSD")])
def test_what_is_missing_is_named(gone: str) -> None:
    held = ArtefactSet([part for part in network() if part.urn != gone])
    with pytest.raises(InvalidArtefactError, match="not in the registry"):
        resolve_flow(held, urn("Dataflow", "DF"))
