from __future__ import annotations

import pytest

from app.errors import QueryMisfitError, QuerySemanticError, QuerySyntaxError
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.canonical import canonical
from app.sdmx.flow import resolve_flow
from app.sdmx.query import (
    AvailabilityQuery,
    DataQuery,
    MetadataQuery,
    ProviderReference,
    SchemaQuery,
    StructureQuery,
)
from app.sdmx.rest_v1 import (
    STRUCTURE_DETAILS,
    STRUCTURE_REFERENCES,
    STRUCTURE_TYPES,
    parse_availability,
    parse_data,
    parse_structure,
)
from app.sdmx.rest_v1_registry import parse_metadata, parse_schema
from app.sdmx.rest_v2 import parse_data as parse_data_v2
from app.sdmx.rest_v2 import parse_structure as parse_structure_v2
from app.sdmx.slices import compile_slice
from app.sdmx.version import Version, VersionQuery
from tests.artefact_samples import urn
from tests.exchange import structures

LATEST = (VersionQuery.latest(),)


def split(url: str) -> tuple[list[str], str]:
    path, _, query = url.partition("?")
    return path.split("/")[1:], query


def data(url: str) -> DataQuery:
    return parse_data(*split(url))


def structure(url: str) -> StructureQuery:
    return parse_structure(*split(url))


def availability(url: str) -> AvailabilityQuery:
    return parse_availability(*split(url))


def schema(url: str) -> SchemaQuery:
    return parse_schema(*split(url))


def metadata(url: str) -> MetadataQuery:
    return parse_metadata(*split(url))


# --- structures


@pytest.mark.parametrize("artefact_type", STRUCTURE_TYPES)
def test_c026_every_type_of_1_5_means_types_of_3_1(artefact_type: str):
    query = structure(f"/{artefact_type}")
    assert query.versions == LATEST
    assert (query.agencies, query.resource_ids, query.items) == ((), (), ())
    if artefact_type not in {"attachmentconstraint", "actualconstraint"}:
        assert set(query.artefact_types) <= set(ARTEFACT_TYPES)


def test_types_that_3_x_renamed_split_or_dropped():
    assert structure("/hierarchicalcodelist").artefact_types == ("hierarchy",)
    assert "structuremap" in structure("/structureset").artefact_types
    assert "representationmap" in structure("/structureset").artefact_types
    assert structure("/contentconstraint").artefact_types == (
        "dataconstraint",
        "metadataconstraint",
    )
    assert len(structure("/organisationscheme").artefact_types) == 5
    assert structure("/codelist").artefact_types == ("codelist", "valuelist")
    assert structure("/structure").artefact_types == ()


@pytest.mark.parametrize("artefact_type", ["hierarchy", "valuelist", "structuremap", "nonsense"])
def test_types_of_3_x_are_unknown_to_1_5(artefact_type: str):
    with pytest.raises(QuerySyntaxError, match="artefactType"):
        structure(f"/{artefact_type}/A")


@pytest.mark.parametrize("word", ["all", "ALL", "*", "%2A"])
def test_c014_any_has_several_spellings(word: str):
    assert structure(f"/codelist/{word}/{word}") == structure("/codelist")
    assert structure(f"/codelist/A/{word}/{word}").versions == ()
    assert data(f"/F/{word}/{word}") == data("/F")
    assert data(f"/{word},F,{word}").selection.versions == ()
    assert availability(f"/F/{word}/{word}/{word}") == availability("/F")


def test_c006_c015_plus_is_or_everywhere():
    query = structure("/codelist/A+B.C/CL_X+CL_Y/1.0+2.0/M+F.G")
    assert query.agencies == ("A", "B.C")
    assert query.resource_ids == ("CL_X", "CL_Y")
    assert [str(version) for version in query.versions] == ["1.0", "2.0"]
    assert query.items == ("M", "F.G")
    assert structure("/codelist/A%2BB.C/CL_X%2BCL_Y/1.0%2B2.0/M%2BF.G") == query
    assert structure("/codelist/A/CL/1.0+latest").versions[1] == VersionQuery.latest()


@pytest.mark.parametrize("path", ["/codelist/A,B", "/codelist/A/CL/1.0,2.0", "/codelist/A/CL/~"])
def test_the_signs_of_2_x_are_no_signs_of_1_5(path: str):
    with pytest.raises(QuerySyntaxError):
        structure(path)


def test_the_id_may_be_left_out_before_latest():
    """As pandaSDMX does."""
    assert structure("/dataflow/VIPMG/latest") == structure("/dataflow/VIPMG/all/latest")
    assert structure("/dataflow/VIPMG/all/latest/") == structure("/dataflow/VIPMG")


def test_c038_c040_items_belong_to_schemes():
    assert structure("/organisationscheme/A/all/latest/X").items == ("X",)
    assert "valuelist" in structure("/structure/A/CL/1.0/X").artefact_types
    assert structure("/hierarchicalcodelist/A/H/1.0/H+I").resource_ids == ("H",)
    assert structure("/hierarchicalcodelist/A/all/1.0/H+I").resource_ids == ("H", "I")
    assert "hierarchy" not in structure("/hierarchicalcodelist/A/H/1.0/I").artefact_types
    for artefact_type in ("dataflow", "contentconstraint", "structureset"):
        with pytest.raises(QuerySyntaxError, match="no items"):
            structure(f"/{artefact_type}/A/X/1.0/I")


def test_c033_detail_and_references():
    for detail in STRUCTURE_DETAILS:
        assert structure(f"/codelist?detail={detail}").detail == detail
    for reference in STRUCTURE_REFERENCES:
        assert structure(f"/codelist?references={reference}").references
    assert structure("/codelist?references=contentconstraint").references == (
        "dataconstraint",
        "metadataconstraint",
    )
    for wrong in (
        "detail=raw",
        "detail=foo",
        "references=ancestors",
        "references=codelist,dataflow",
        "references=structure",
        "asOf=2020-01-01",
        "nonsense=1",
    ):
        with pytest.raises(QuerySyntaxError):
            structure(f"/codelist?{wrong}")


@pytest.mark.parametrize(
    ("held", "latest"),
    [
        (["1.0", "2.0"], "2.0"),
        (["1.0", "1.0.0"], "1.0.0"),
        (["1.0.0", "1.1.0", "2.0.0-draft"], "1.1.0"),
        (["1.0", "2.0.0-draft"], "1.0"),
        (["1.0.0", "0.9.0"], "1.0.0"),
        (["0.9.0", "2.0.0-draft"], "2.0.0-draft"),
    ],
)
def test_c025_latest_is_in_production(held: list[str], latest: str):
    found = VersionQuery.latest().select(map(Version.parse, held))
    assert [version.text for version in found] == [latest]


# --- data


def test_c013_flow_references_of_one_two_and_three_parts():
    one = data("/F").selection
    assert (one.context, one.agencies, one.resource_ids) == ("dataflow", (), ("F",))
    assert one.versions == LATEST
    assert data("/all,F,latest").selection == data("/all,F").selection == one
    assert data("/A,F").selection == data("/A,F,latest").selection == data("/A%2CF").selection
    assert data("/A.B,F,1.0/").selection.agencies == ("A.B",)
    assert data("/A%2CF%2C1.0").selection == data("/A,F,1.0").selection
    for wrong in ("", "/", "/A,F,1.0,X", "/,F", "/A,", "/A,F,~", "/A,F,1.0+"):
        with pytest.raises(QuerySyntaxError):
            data(wrong)


def test_c014_keys():
    assert data("/F/D..EUR").selection.positions == (("D",), (), ("EUR",))
    assert data("/F/D.USD+JPY.EUR").selection.positions == (("D",), ("USD", "JPY"), ("EUR",))
    assert data("/F/D.USD%2BJPY.%2A").selection.positions == (("D",), ("USD", "JPY"), ())
    assert data("/F/..").selection.positions == ((), (), ())
    assert data("/F/A%2EB").selection.positions == (("A",), ("B",))
    assert data("/F/%2e%2E").selection.positions == ((), (), ())
    assert data("/F/all").selection.positions == ()
    for wrong in ("/F/A+.B", "/F/A.B,C.D", "/F/A.+"):
        with pytest.raises(QuerySyntaxError):
            data(wrong)


def test_keys_select_by_position_and_are_never_multiplied():
    flow = resolve_flow(ArtefactSet(structures()), urn("Dataflow", "DF"))
    count = len(flow.dimensions)
    single = data("/DF/" + ".".join(["A"] * count)).selection
    assert compile_slice(single, flow).series.single_key == ("A",) * count
    many = "+".join(f"C{number}" for number in range(500))
    wide = compile_slice(data("/DF/" + ".".join([many] * count)).selection, flow).series
    assert wide.keys == ()
    assert {place: len(codes) for place, codes in wide.codes.items()} == dict.fromkeys(
        range(count), 500
    )
    free = compile_slice(data("/DF/" + "." * (count - 1)).selection, flow).series
    assert (free.keys, free.codes) == ((), {})
    for positions in (count - 1, count + 1):
        with pytest.raises(QueryMisfitError, match="number of dimensions"):
            compile_slice(data("/DF/" + ".".join(["A"] * positions)).selection, flow)


def test_providers():
    def providers(text: str) -> tuple[ProviderReference, ...]:
        return data(f"/F/all/{text}").selection.providers

    assert providers("CRI") == providers("all,CRI") == (ProviderReference("CRI"),)
    assert providers("TST,CRI") == providers("TST%2CCRI") == (ProviderReference("CRI", "TST"),)
    assert providers("CH2+NO2") == (ProviderReference("CH2"), ProviderReference("NO2"))
    assert providers("TST,all") == providers("all") == ()
    for wrong in ("TST,", "A,B,C", "+", "CRI+"):
        with pytest.raises(QuerySyntaxError, match="providerRef"):
            providers(wrong)


def test_c058_periods_are_a_filter_on_time():
    def filters(query: str) -> list[tuple[str, str]]:
        return [(one.component, str(one)) for one in data(f"/F?{query}").selection.filters]

    assert filters("startPeriod=2020&endPeriod=2021-Q2") == [("TIME_PERIOD", "ge:2020+le:2021-Q2")]
    assert filters("startPeriod=2020-01-01T00%3A00%3A00%2B01:00") == [
        ("TIME_PERIOD", "ge:2020-01-01T00:00:00%2B01:00")
    ]
    assert filters("endPeriod=2021") == [("TIME_PERIOD", "le:2021")]
    assert filters("") == []
    for wrong in ("startPeriod=yesterday", "endPeriod=", "startPeriod=2020-13"):
        with pytest.raises(QuerySyntaxError):
            filters(wrong)


@pytest.mark.parametrize(
    ("detail", "attributes", "measures"),
    [
        ("full", ("dsd",), ("all",)),
        ("dataonly", ("none",), ("all",)),
        ("serieskeysonly", ("none",), ("none",)),
        ("nodata", ("dataset", "series"), ("none",)),
    ],
)
def test_c072_details(detail: str, attributes: tuple[str, ...], measures: tuple[str, ...]):
    query = data(f"/F?detail={detail}")
    assert (query.attributes, query.measures) == (attributes, measures)


@pytest.mark.parametrize("name", ["firstNObservations", "lastNObservations"])
@pytest.mark.parametrize("text", ["0", "-1", "x", "1.5", ""])
def test_c064_counts_are_whole_and_positive(name: str, text: str):
    with pytest.raises(QuerySyntaxError):
        data(f"/F?{name}={text}")


@pytest.mark.parametrize(
    "query",
    [
        *("detail=foo", "includeHistory=yes", "c[FREQ]=A", "limit=1", "asOf=2020-01-01"),
        "detail=full&detail=full",
    ],
)
def test_what_1_5_does_not_know_is_refused(query: str):
    with pytest.raises(QuerySyntaxError):
        data(f"/F?{query}")


def test_the_same_query_as_in_2_2():
    old = data(
        "/TST,F,1.0.0/A.CRI?detail=dataonly&lastNObservations=2&includeHistory=true"
        "&updatedAfter=2020-01-01T00:00:00Z&dimensionAtObservation=AllDimensions&format=csv"
    )
    new = parse_data_v2(
        ["dataflow", "TST", "F", "1.0.0", "A.CRI"],
        "attributes=none&lastNObservations=2&includeHistory=true"
        "&updatedAfter=2020-01-01T00:00:00Z&dimensionAtObservation=AllDimensions",
    )
    assert canonical(old) == canonical(new)
    assert structure("/conceptscheme/A+B/CS/1.0+2.0/X") == parse_structure_v2(
        ["conceptscheme", "A,B", "CS", "1.0,2.0", "X"], ""
    )


def test_queries_that_differ_have_different_names():
    urls = [
        "/F", "/A,F", "/A,F,1.0", "/F/A.", "/F/.A", "/F/A+B.", "/F/A%2BB.", "/F/all/CRI",
        "/F/all/TST,CRI", "/F/all/CRI+SLV", "/F?startPeriod=2020", "/F?endPeriod=2020",
    ]  # fmt: skip
    names = [canonical(data(url)) for url in urls]
    assert len(set(names)) == len(urls) - 1  # an encoded + is the same


# --- availability


def test_availability():
    query = availability("/A,F,1.0/A+B./CRI/FREQ+SEX?mode=available&references=codelist")
    assert query.component_ids == ("FREQ", "SEX")
    assert query.selection == data("/A,F,1.0/A+B./CRI").selection
    assert (query.mode, query.references) == ("available", ("codelist",))
    assert availability("/F").mode == "exact"
    for wrong in ("/F?mode=foo", "/F?references=valuelist", "/F?references=codelist,dataflow", ""):
        with pytest.raises(QuerySyntaxError):
            availability(wrong)


# --- schemas and metadata


def test_schemas_are_of_one_artefact():
    query = schema("/dataflow/A/F/1.0?dimensionAtObservation=FREQ&explicitMeasure=true")
    assert (query.context, query.agency, query.resource_id) == ("dataflow", "A", "F")
    assert (str(query.version), query.dimension_at_observation) == ("1.0", "FREQ")
    assert query.explicit_measure
    assert schema("/provisionagreement/A/F/").version == VersionQuery.latest()


@pytest.mark.parametrize(
    "url",
    [
        *("", "/dataflow", "/dataflow/A", "/codelist/A/CL", "/metadataprovisionagreement/A/M"),
        *("/dataflow/all/F", "/dataflow/*/F", "/dataflow/A+B/F", "/dataflow/A/F/all"),
        *("/dataflow/A/F/1.0+2.0", "/dataflow/A/F/~", "/dataflow/A/F?deletion=true"),
    ],
)
def test_c094_schemas_have_no_wildcards(url: str):
    with pytest.raises(QuerySyntaxError):
        schema(url)


def test_metadata_by_flow_and_provider():
    query = metadata("/A,MDF,1.0/all/TST,P+Q?detail=nodata")
    assert (query.by, query.agencies, query.resource_ids) == ("metadataflow", ("A",), ("MDF",))
    assert query.providers == (ProviderReference("P", "TST"), ProviderReference("Q"))
    assert query.detail == "allstubs"
    assert metadata("/MDF").versions == LATEST
    assert metadata("/MDF/..").providers == ()
    with pytest.raises(QuerySemanticError):
        metadata("/MDF/A.B")
    for wrong in ("", "/MDF?detail=foo", "/MDF?startPeriod=2020", "/MDF/all/all/all"):
        with pytest.raises(QuerySyntaxError):
            metadata(wrong)
