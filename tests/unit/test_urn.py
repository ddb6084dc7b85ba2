from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidArtefactError
from app.sdmx.urn import (
    AGENCY_ID,
    CLASS_PACKAGES,
    CONTAINER_CLASSES,
    ITEM_PATH,
    RESOURCE_ID,
    Urn,
    parse_urn,
    urn_of,
)

PREFIX = "urn:sdmx:org.sdmx.infomodel."

VERSIONS = st.sampled_from(
    ["1.0", "3", "1.0.0", "1.2.3-draft.1", "1+.0.0", "1.0+.0", "2.3.1+", "0.1+.0", "*"]
)


@st.composite
def urns(draw: st.DrawFn) -> Urn:
    name = draw(st.sampled_from(sorted(CLASS_PACKAGES)))
    item = draw(st.from_regex(ITEM_PATH, fullmatch=True)) if name in CONTAINER_CLASSES else None
    return Urn(
        CLASS_PACKAGES[name],
        name,
        draw(st.from_regex(AGENCY_ID, fullmatch=True)),
        draw(st.from_regex(RESOURCE_ID, fullmatch=True)),
        draw(VERSIONS),
        item,
    )


@given(urns())
def test_every_urn_reads_back_as_it_was_written(urn: Urn):
    assert parse_urn(str(urn)) == urn


@given(st.one_of(st.text(), st.text().map(lambda text: PREFIX + text)))
def test_any_text_is_a_urn_or_an_invalid_artefact(text: str):
    try:
        urn = parse_urn(text)
    except InvalidArtefactError as error:
        assert set(error.text) == {"en", "es"}
    else:
        assert str(urn) == text


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("Codelist", "SDMX", "CL_FREQ", "2.1"), "codelist.Codelist=SDMX:CL_FREQ(2.1)"),
        (("Code", "SDMX", "CL_FREQ", "2.1", "A"), "codelist.Code=SDMX:CL_FREQ(2.1).A"),
        (
            ("DataProvider", "VIPMG", "DATA_PROVIDERS", "1.0", "CRI_DGME"),
            "base.DataProvider=VIPMG:DATA_PROVIDERS(1.0).CRI_DGME",
        ),
        (("Agency", "SDMX", "AGENCIES", "1.0", "VIPMG"), "base.Agency=SDMX:AGENCIES(1.0).VIPMG"),
        (("ProvisionAgreement", "A", "P", "1.0.0"), "registry.ProvisionAgreement=A:P(1.0.0)"),
        (("DataConstraint", "A", "C", "1.0.0"), "registry.DataConstraint=A:C(1.0.0)"),
        (("Hierarchy", "A", "H", "1.0.0"), "codelist.Hierarchy=A:H(1.0.0)"),
        (("ValueList", "A", "V", "1.0.0"), "codelist.ValueList=A:V(1.0.0)"),
        (("StructureMap", "A", "M", "1.0.0"), "structuremapping.StructureMap=A:M(1.0.0)"),
        (("ContentConstraint", "A", "C", "1.0"), "registry.ContentConstraint=A:C(1.0)"),
    ],
)
def test_classes_stand_in_the_package_of_the_information_model(arguments, expected):
    assert urn_of(*arguments) == PREFIX + expected


def test_c006_nested_agency_ids():
    text = PREFIX + "codelist.Code=VIPMG.CR.DGME:CL_X(1.0.0).A"
    assert parse_urn(text).agency == "VIPMG.CR.DGME"


def test_the_maintainable_of_an_item_is_its_scheme():
    category = parse_urn(PREFIX + "categoryscheme.Category=A:CS(1.0.0).ECO.SECTOR.ENERGY")
    assert category.item == "ECO.SECTOR.ENERGY"
    assert str(category.maintainable) == PREFIX + "categoryscheme.CategoryScheme=A:CS(1.0.0)"
    assert category.maintainable.maintainable == category.maintainable


def test_every_container_is_a_class_that_holds_itself():
    for part, container in CONTAINER_CLASSES.items():
        assert part in CLASS_PACKAGES
        assert container in CLASS_PACKAGES
        assert container not in CONTAINER_CLASSES


@pytest.mark.parametrize(
    "text",
    [
        "codelist.Valuelist=A:V(1.0.0)",
        "dataproviderscheme.DataProvider=A:DATA_PROVIDERS(1.0).X",
        "codelist.Code=A:CL(1.0.0)",
        "codelist.Codelist=A:CL(1.0.0).X",
        "codelist.Codelist=A:CL(~)",
        "codelist.Codelist=A:CL(1.*.0)",
        "codelist.Codelist=A:CL(latest)",
        "codelist.Codelist=A:CL()",
        "codelist.Codelist=A..B:CL(1.0)",
        "codelist.Codelist=A:CL(1.0)\n",
        "codelist.Codelist=A:C L(1.0)",
    ],
)
def test_what_is_wrong_in_a_urn_is_refused(text: str):
    with pytest.raises(InvalidArtefactError, match="not a URN"):
        parse_urn(PREFIX + text)


def test_an_unknown_class_has_no_urn():
    with pytest.raises(InvalidArtefactError, match="no class 'Cube'"):
        urn_of("Cube", "A", "B", "1.0")
