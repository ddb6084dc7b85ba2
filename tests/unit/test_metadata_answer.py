"""Which metadata sets a query means: by provider, by target, by version."""

from __future__ import annotations

import pytest

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.metadata_answer import find_metadata_sets, names_one_by_one
from app.sdmx.rest_v2_metadata import parse_metadata
from tests.artefact_samples import artefact, item, urn
from tests.metadata import metadata_network, metadata_set
from tests.structures import network

SCOPE = [{"id": "SCOPE", "value": "x"}]
FOREIGN = urn("Dataflow", "THEIRS", agency="ELSEWHERE", version="2.1.0")


def named(resource_id: str, *targets: str, **parts: str) -> Artefact:
    return metadata_set(resource_id, targets=list(targets), attributes=SCOPE, **parts)


HELD = ArtefactSet(
    [
        *network(),
        *metadata_network(),
        artefact("CategoryScheme", "CAT", categories=[item("C1", categories=[item("C11")])]),
        artefact("Dataflow", "DF", "1.1.0", structure=urn("DataStructure", "DSD")),
        named("ON_FLOW", urn("Dataflow", "DF")),
        named("ON_NEWEST", urn("Dataflow", "DF", version="1+.0.0")),
        named("ON_ITEM", urn("Category", "CAT", "C1.C11")),
        named("ON_DIMENSION", urn("Dimension", "DSD", "FREQ")),
        named("ON_ALL", "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)"),
        named("ON_ITEMS", "urn:sdmx:org.sdmx.infomodel.categoryscheme.Category=TST:CAT(*).*"),
        named("ON_FOREIGN", FOREIGN),
        named("OF_OFFICE", urn("Codelist", "CL_AREA"), agency="OFFICE"),
        named("OF_NOBODY", urn("Codelist", "CL_AREA"), agency="NOBODY"),
    ]
)


def found(path: str) -> set[str]:
    return {one.id for one in find_metadata_sets(HELD, parse_metadata(path.split("/"), ""))}


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("structure/dataflow/TST/DF/1.0.0", {"ON_FLOW", "ON_ALL"}),
        ("structure/dataflow/TST/DF", {"ON_NEWEST", "ON_ALL"}),
        ("structure/dataflow/TST/DF/*", {"ON_FLOW", "ON_NEWEST", "ON_ALL"}),
        ("structure/dataflow/TST/DF_SMALL", {"ON_ALL"}),
        ("structure/categoryscheme/TST", {"ON_ITEM", "ON_ITEMS"}),
        ("structure/datastructure/*/DSD", {"ON_DIMENSION"}),
        ("structure/dataflow/ELSEWHERE/THEIRS", {"ON_FOREIGN"}),
        ("structure/dataflow/ELSEWHERE/THEIRS/2.1.0", {"ON_FOREIGN"}),
        ("structure/dataflow/ELSEWHERE/THEIRS/2.0.0", set()),
        ("structure/codelist/ELSEWHERE", set()),
    ],
)
def test_c096_sets_by_what_they_are_about(path: str, ids: set[str]) -> None:
    assert found(path) == ids


def test_c096_a_provider_may_be_named_with_its_agency_or_without() -> None:
    alone = {"OF_OFFICE"}
    dotted = {one for one in found("metadataset") if one.startswith("ON_")}
    assert found("metadataset/OFFICE") == found("metadataset/TST.OFFICE") == alone | dotted
    assert found("metadataset/TST.*") == alone | dotted
    assert found("metadataset/NOBODY") == {"OF_NOBODY"}
    assert found("metadataset/ELSEWHERE.OFFICE") == set()


@pytest.mark.parametrize(
    ("path", "is_missing"),
    [
        ("structure/dataflow/TST/DF_TWO", True),
        ("structure/dataflow/TST/DF_SMALL", False),
        ("structure/dataflow/TST", False),
        ("structure/*/TST/DF_TWO", False),
        ("metadataflow/TST/NOPE", True),
        ("metadataset/TST.OFFICE/NOPE", True),
        ("metadataset/TST.OFFICE", False),
    ],
)
def test_what_is_named_in_full_and_absent_is_told_from_what_has_no_metadata(
    path: str, is_missing: bool
) -> None:
    assert names_one_by_one(HELD, parse_metadata(path.split("/"), "")) is is_missing
