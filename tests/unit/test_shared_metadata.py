"""Reference metadata of the shared data structures: where they stand, and in whose way they are."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import pytest

from app.errors import QueryMisfitError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.messages.plain_table import PlainTable
from app.sdmx.rest_v2 import parse_data
from app.sdmx.slices import compile_slice
from app.services.publish_structures import read_structure_files
from app.services.read_data import Uppers

CODELISTS = Path(__file__).parents[2] / "codelists"
FLOWS = (
    *("DF_ENTRY_EXIT", "DF_IRREGULAR", "DF_RESIDENCE_GRANTED", "DF_STOCK_BIRTH", "DF_MIGFLOW"),
    *("DF_RETURN_IN", "DF_RETURN_OUT", "DF_ASYLUM", "DF_REMITTANCE", "DF_SDG_MIG"),
)
KINDS = (
    *("agencyscheme", "codelist", "conceptscheme", "dataconstraint", "dataflow"),
    *("datastructure", "metadatastructure"),
)


@cache
def artefacts() -> ArtefactSet:
    folders = [CODELISTS / kind for kind in KINDS]
    return ArtefactSet(read_structure_files(folders))


@cache
def flow(name: str) -> Flow:
    return resolve_flow(
        artefacts(), f"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=VIPMG:{name}(1.0.0)"
    )


@pytest.mark.parametrize("name", FLOWS)
def test_definitions_stand_at_the_country_and_the_code(name: str) -> None:
    one = flow(name)
    text = one.components["AGE_DEFINITION.DEFINITION_TEXT"]
    assert text.relationship == {"dimensions": ["REF_AREA", "AGE"]}
    assert text.names["es"] == "Definición de un grupo de edad: Significado"
    assert one.components["ACCURACY"].relationship == {"dimensions": ["REF_AREA"]}
    assert one.components["REL_POLICY"].relationship == {"dataflow": {}}
    assert not any(each.mandatory for each in one.attributes if each.is_metadata)
    assert {"CONTACT", "UNIT_MEASURE"} <= one.data_components.keys()


@pytest.mark.parametrize("name", FLOWS)
def test_the_words_of_a_header_mean_the_data(name: str) -> None:
    table = PlainTable(f"VIPMG:{name}(1.0.0)", flow(name))
    assert table.component("Comentario") == "COMMENT_OBS"
    assert table.component("Confidencialidad") is None
    assert not any("DEFINITION." in each for each in table.names.values())


def test_what_is_not_known_is_told_without_them() -> None:
    with pytest.raises(QueryMisfitError) as error:
        compile_slice(parse_data([], "c[NOPE]=1").selection, flow("DF_RETURN_IN"))
    assert "RETURN_TYPE" in str(error.value)
    assert "DEFINITION" not in str(error.value).replace("NAT_DEFINITION", "")


def test_only_a_query_for_them_pays_for_them() -> None:
    one = flow("DF_RETURN_OUT")
    key = {"REF_AREA": "PAN", "RETURN_TYPE": "DEP"}
    attached = {tuple(key.get(each.id) for each in one.dimensions): {
        "CATEGORY_DEFINITION.DEFINITION_TEXT": {"es": "Impide volver por diez años"}
    }}  # fmt: skip
    uppers = Uppers(one, attached, {"LICENCE": "x"})
    assert uppers.for_query(metadata=True).constant is None
    assert uppers.for_query(metadata=False).constant == {"LICENCE": "x"}
    codes = tuple(key.get(each.id, "_T") for each in one.dimensions)
    assert "CATEGORY_DEFINITION.DEFINITION_TEXT" in uppers.for_query(metadata=True).of(codes, {})


def test_the_names_that_formats_use_are_not_taken_twice() -> None:
    for name in FLOWS:
        ids = [each.undotted_id for each in flow(name).components.values()]
        assert all(a != b for a, b in itertools.pairwise(sorted(ids)))
