from __future__ import annotations

import datetime as dt
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuerySyntaxError, VipmgError
from app.sdmx.artefact_classes import ARTEFACT_TYPES
from app.sdmx.canonical import canonical
from app.sdmx.filters import ComponentFilter, Condition
from app.sdmx.negotiation import EXTENSION_PARAMETERS
from app.sdmx.query import AvailabilityQuery, DataQuery, DataSelection, SortKey, StructureQuery
from app.sdmx.rest_v2 import (
    ITEM_SCHEME_TYPES,
    STRUCTURE_DETAILS,
    STRUCTURE_REFERENCES,
    parse_availability,
    parse_data,
    parse_structure,
)
from app.sdmx.slices import align_key
from app.sdmx.version import VersionQuery

LATEST = (VersionQuery.parse("~"),)


def data(url: str) -> DataQuery:
    path, _, query = url.partition("?")
    return parse_data(path.split("/")[1:], query)


def structure(url: str) -> StructureQuery:
    path, _, query = url.partition("?")
    return parse_structure(path.split("/")[1:], query)


def availability(url: str) -> AvailabilityQuery:
    path, _, query = url.partition("?")
    return parse_availability(path.split("/")[1:], query)


READERS = {"data": data, "structure": structure, "availability": availability}


def reread(text: str) -> DataQuery | StructureQuery | AvailabilityQuery:
    resource, _, rest = text.partition("/")
    return READERS[resource]("/" + rest)


# --- paths


def test_c001_trailing_segments_may_be_left_out():
    whole = data("/*/*/*/*/*")
    for shorter in ("", "/", "/*", "/*/*", "/*/*/", "/*/*/*", "/*/*/*/*"):
        assert data(shorter) == whole
    assert structure("") == structure("/*/*/*/~/*") == StructureQuery(versions=LATEST)
    assert availability("/dataflow") == availability("/dataflow/*/*/*/*/*")


def test_c002_a_trailing_slash_is_accepted():
    assert data("/dataflow/A/F/?c[FREQ]=A") == data("/dataflow/A/F?c[FREQ]=A")
    assert structure("/codelist/A/CL/1.0/") == structure("/codelist/A/CL/1.0")


@pytest.mark.parametrize("wildcard", ["*", "%2A", "all", "ALL"])
def test_c003_wildcards_equal_the_omitted_form(wildcard: str):
    segments = "/".join([wildcard] * 5)
    assert data(f"/{segments}") == data("")
    assert structure(f"/{'/'.join([wildcard] * 3)}") == structure("")
    assert structure(f"/codelist/A/CL/{wildcard}").versions == ()
    assert availability(f"/dataflow/{segments}") == availability("/dataflow")
    assert data(f"/dataflow/A,{wildcard}/F").selection.agencies == ()


def test_c003_any_item_is_written_with_an_asterisk():
    assert structure("/codelist/A/CL/1.0/%2A/").items == ()
    assert structure("/codelist/A/CL/1.0/all").items == ("all",)


def test_c004_comma_lists():
    query = structure("/codelist/A,B.C/CL_X,CL_Y/1.0,2.0.0,+/M,F")
    assert query.agencies == ("A", "B.C")
    assert query.resource_ids == ("CL_X", "CL_Y")
    assert [str(version) for version in query.versions] == ["1.0", "2.0.0", "+"]
    assert query.items == ("M", "F")
    assert availability("/dataflow/A/F/*/*/FREQ,SEX").component_ids == ("FREQ", "SEX")
    assert structure("/codelist,valuelist").artefact_types == ("codelist", "valuelist")


@pytest.mark.parametrize(
    "context", ["codelist", "DATAFLOW", "dataflow,datastructure", "metadataflow"]
)
def test_c005_other_contexts_are_refused(context: str):
    for read in (data, availability):
        with pytest.raises(QuerySyntaxError, match="context cannot be"):
            read(f"/{context}/A/F")


@pytest.mark.parametrize("url", ["", "/", "/*/A/F", "/all/A/F"])
def test_availability_needs_a_context(url: str):
    with pytest.raises(QuerySyntaxError):
        availability(url)


def test_c006_nested_agencies():
    assert structure("/codelist/VIPMG.CR").agencies == ("VIPMG.CR",)


def test_c007_percent_encoding_changes_nothing():
    plain = (
        "/dataflow/A,B/F/1.0+.0,~/M.*,A.X?c[TIME_PERIOD]=ge:2020+le:2021,2023&sort=FREQ+SEX:desc"
    )
    encoded = (
        "/dataflow/A%2CB/F/1.0%2B.0%2C%7E/M.%2A%2CA.X"
        "?c%5BTIME_PERIOD%5D=ge%3A2020%2Ble%3A2021%2C2023&sort=FREQ%2BSEX%3Adesc"
    )
    assert data(plain) == data(encoded)
    assert canonical(data(plain)) == canonical(data(encoded))


def test_c008_default_versions():
    assert structure("/codelist/A/CL").versions == LATEST
    assert data("/dataflow/A/F").selection.versions == ()
    assert availability("/dataflow/A/F").selection.versions == ()


@pytest.mark.parametrize(
    "url",
    [
        "/dataflow//F",
        "//A",
        "/dataflow/A/F/1.0/K/X",
        "/dataflow/A B/F",
        "/dataflow/1A/F",
        "/dataflow/A/F%2FG",
        "/dataflow/A/F,",
        "/dataflow/A/F/latest",
        "/dataflow/A/F/+.2.3",
        "/dataflow/A/F/1.0/,",
        "/dataflow/A/F/1.0/M,,A",
        "/dataflow/A/F/1.0/M%00",
        "/dataflow/%FF",
    ],
)
def test_malformed_paths_are_refused(url: str):
    with pytest.raises(QuerySyntaxError):
        data(url)


# --- keys


def keys(raw: str) -> tuple[tuple[str | None, ...], ...]:
    return data(f"/dataflow/A/F/1.0/{raw}").selection.keys


def test_c009_missing_trailing_positions_are_wildcards():
    (short,), (full,) = keys("D.USD"), keys("D.USD.*.*.*")
    assert align_key(short, 5) == align_key(full, 5) == ("D", "USD", None, None, None)


def test_c010_several_whole_keys():
    assert keys("M.A,D.B") == (("M", "A"), ("D", "B"))
    assert keys("M.A,M.A") == (("M", "A"),)
    assert keys("M.A,*") == ()


def test_c011_too_many_positions_are_refused():
    (key,) = keys("D.A.B.C.D.E.F")
    with pytest.raises(QuerySyntaxError, match="Invalid number of dimensions") as caught:
        align_key(key, 5)
    assert caught.value.detail == {"positions": 7, "dimensions": 5}


def test_empty_positions_are_wildcards_and_dots_can_be_hidden():
    assert keys("D..EUR") == (("D", None, "EUR"),)
    assert keys("D.1%2E5.%C3%91") == (("D", "1.5", "Ñ"),)


def test_the_1_x_plus_in_a_key_is_refused_with_the_way_out():
    with pytest.raises(QuerySyntaxError, match=r"c\[DIMENSION\]=A,B"):
        keys("D.USD+JPY")


# --- structure queries


def test_there_are_34_artefact_types_and_16_with_items():
    assert len(ARTEFACT_TYPES) == 34
    assert len(ITEM_SCHEME_TYPES) == 16
    for artefact_type in ARTEFACT_TYPES:
        assert structure(f"/{artefact_type}").artefact_types == (artefact_type,)
    with pytest.raises(QuerySyntaxError, match="artefactType cannot be 'organisationscheme'"):
        structure("/organisationscheme")


@pytest.mark.parametrize(
    "parameters",
    ["detail=foo", "detail=", "references=foo", "references=none,codelist", "references=all,"],
)
def test_c033_wrong_detail_and_references(parameters: str):
    with pytest.raises(QuerySyntaxError):
        structure(f"/codelist?{parameters}")


def test_c037_references_by_type():
    query = structure("/dataflow?references=codelist%2Cconceptscheme&detail=referencepartial")
    assert query.references == ("codelist", "conceptscheme")
    assert query.detail == "referencepartial"


def test_c039_nested_items():
    query = structure("/categoryscheme/A/CS/1.0.0/ECO.SECTOR.ENERGY,SOC")
    assert query.items == ("ECO.SECTOR.ENERGY", "SOC")


def test_c040_items_of_what_has_none():
    with pytest.raises(QuerySyntaxError, match="dataflow has no items"):
        structure("/dataflow/A/F/1.0/X")
    assert structure("/dataflow/A/F/1.0/*").items == ()
    assert structure("/*/A/F/1.0/X").artefact_types == ITEM_SCHEME_TYPES


# --- parameters


def test_c041_instants():
    noon = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
    for text in ("12:00:00+02:00", "12:00:00%2B02:00", "12:00:00%2b02:00", "10:00:00Z", "10:00:00"):
        assert structure(f"/codelist?asOf=2024-05-01T{text}").as_of == noon
        assert data(f"?updatedAfter=2024-05-01T{text}").selection.updated_after == noon


def test_c048_filters_of_several_components():
    filters = data("?c[SEX]=M&c[AGE]=ge:Y15").selection.filters
    assert [one.component for one in filters] == ["AGE", "SEX"]
    assert data("?c[AGE]=ge:Y15&c[SEX]=M").selection.filters == filters


def test_c050_a_second_filter_of_one_component_is_refused():
    for query in ("c[A]=1&c[A]=2", "c[A]=1&c%5BA%5D=2", "limit=1&limit=1"):
        with pytest.raises(QuerySyntaxError, match="more than once"):
            data(f"?{query}")


@pytest.mark.parametrize("name", ["firstNObservations", "lastNObservations", "limit"])
@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1.0", "%2B1", "٣", "9" * 5000])
def test_c064_counts_are_whole_numbers_from_one(name: str, value: str):
    with pytest.raises(QuerySyntaxError, match=name):
        data(f"?{name}={value}")


def test_c063_c073_counts():
    query = data("?firstNObservations=2&lastNObservations=3&offset=0&limit=1000")
    assert (query.first_n_observations, query.last_n_observations) == (2, 3)
    assert (query.offset, query.limit) == (0, 1000)
    with pytest.raises(QuerySyntaxError, match="offset"):
        data("?offset=-1")


def test_c065_dimension_at_observation():
    assert data("").dimension_at_observation is None
    assert data("?dimensionAtObservation=AllDimensions").dimension_at_observation == "AllDimensions"
    assert data("?dimensionAtObservation=TimeDimension").dimension_at_observation == "TIME_PERIOD"
    with pytest.raises(QuerySyntaxError):
        data("?dimensionAtObservation=A,B")


def test_c067_attributes_and_measures():
    query = data("?attributes=dataset,series,OBS_STATUS&measures=none")
    assert query.attributes == ("dataset", "series", "OBS_STATUS")
    assert query.measures == ("none",)
    assert (data("").attributes, data("").measures) == (("dsd",), ("all",))
    for wrong in ("attributes=", "attributes=none,dsd", "measures=A,,B", "measures=A B"):
        with pytest.raises(QuerySyntaxError):
            data(f"?{wrong}")


def test_c074_sort():
    expected = (SortKey("series_key"), SortKey("TIME_PERIOD", descending=True))
    for text in ("series_key:asc+TIME_PERIOD:desc", "series_key%20TIME_PERIOD:desc"):
        assert data(f"?sort={text}").sort == expected
    assert data("?sort=OBS_VALUE+*").sort == (SortKey("OBS_VALUE"), SortKey("*"))
    for wrong in ("", "A:up", "A++B", "A+A:desc", "A,B"):
        with pytest.raises(QuerySyntaxError, match="sort"):
            data(f"?sort={wrong}")


def test_c080_as_of_before_updated_after_is_refused():
    with pytest.raises(QuerySyntaxError, match="asOf must not be earlier"):
        data("?asOf=2024-01-01&updatedAfter=2024-01-02")
    assert data("?asOf=2024-01-02&updatedAfter=2024-01-02").as_of is not None


def test_include_history_and_start_day():
    assert data("?includeHistory=true").include_history
    assert not data("").include_history
    assert data("?reportingYearStartDay=--07-01").selection.reporting_year_start_day == "--07-01"
    for wrong in ("includeHistory=yes", "reportingYearStartDay=07-01"):
        with pytest.raises(QuerySyntaxError):
            data(f"?{wrong}")


def test_availability_parameters():
    query = availability("/dataflow/A/F/1.0/M.*/SEX?mode=available&references=codelist,dataflow")
    assert query.mode == "available"
    assert query.references == ("codelist", "dataflow")
    assert query.selection.keys == (("M", None),)
    for wrong in ("mode=both", "references=parents", "asOf=2024-01-01", "sort=A"):
        with pytest.raises(QuerySyntaxError):
            availability(f"/dataflow?{wrong}")


@pytest.mark.parametrize(
    "query", ["startPeriod=2020", "C[A]=1", "c[]=1", "c[A=1", "c=1", "asof=2024"]
)
def test_unknown_parameters_are_refused_with_the_known_ones(query: str):
    with pytest.raises(QuerySyntaxError) as caught:
        data(f"?{query}")
    if not query.startswith("c[]"):
        assert "updatedAfter" in caught.value.text["en"]
        assert "updatedAfter" in caught.value.text["es"]


def test_extension_parameters_are_left_to_negotiation():
    query = "&".join(f"{name}=x" for name in sorted(EXTENSION_PARAMETERS))
    assert data(f"?{query}") == data("")
    assert structure(f"?{query}") == structure("")
    assert data("?&&limit=1&") == data("?limit=1")


# --- canonical text

AGENCIES = st.lists(st.sampled_from(["A", "B.C", "VIPMG"]), unique=True, max_size=2).map(tuple)
IDS = st.lists(st.sampled_from(["DF_MIG", "CL@X", "1$"]), unique=True, max_size=2).map(tuple)
VERSIONS = st.lists(
    st.sampled_from(["1.0", "+", "~", "2.3+.1", "1.*.0", "1.0.0-draft"]).map(VersionQuery.parse),
    unique=True,
    max_size=2,
).map(tuple)
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=8)
CODES = TEXTS.filter(lambda code: not {"+", ","} & set(code) and code not in ("*", "all", "ALL"))
KEYS = st.lists(
    st.lists(st.one_of(st.none(), CODES), min_size=2, max_size=4).map(tuple),
    unique=True,
    max_size=2,
).map(tuple)
FILTERS = st.lists(
    st.builds(
        ComponentFilter,
        st.sampled_from(["FREQ", "OBS_VALUE", "TIME_PERIOD"]),
        st.tuples(st.tuples(st.builds(Condition, st.sampled_from(["eq", "ge", "co"]), TEXTS))),
    ),
    unique_by=lambda one: one.component,
    max_size=2,
).map(lambda filters: tuple(sorted(filters, key=lambda one: one.component)))
INSTANTS = st.one_of(st.none(), st.datetimes(timezones=st.just(dt.UTC)))
SELECTIONS = st.builds(
    DataSelection,
    context=st.sampled_from(["datastructure", "dataflow", "provisionagreement"]),
    agencies=AGENCIES,
    resource_ids=IDS,
    versions=VERSIONS,
    keys=KEYS,
    filters=FILTERS,
    updated_after=INSTANTS,
    reporting_year_start_day=st.sampled_from([None, "--07-01"]),
)
COUNTS = st.one_of(st.none(), st.integers(1, 10**9))
SORTS = st.lists(
    st.builds(SortKey, st.sampled_from(["*", "series_key", "SEX"]), st.booleans()),
    unique_by=lambda key: key.component,
).map(tuple)


@given(
    st.builds(
        DataQuery,
        selection=SELECTIONS,
        first_n_observations=COUNTS,
        last_n_observations=COUNTS,
        dimension_at_observation=st.sampled_from([None, "SEX", "AllDimensions"]),
        attributes=st.sampled_from([("dsd",), ("none",), ("dataset", "OBS_STATUS")]),
        measures=st.sampled_from([("all",), ("none",), ("OBS_VALUE",)]),
        include_history=st.booleans(),
        offset=st.integers(0, 10**9),
        limit=COUNTS,
        sort=SORTS,
    )
)
def test_a_data_query_reads_back_from_its_canonical_text(query: DataQuery):
    text = canonical(query)
    assert reread(text) == query
    assert canonical(reread(text)) == text


@given(
    st.builds(
        StructureQuery,
        artefact_types=st.sampled_from([(), ("codelist",), ("codelist", "valuelist")]),
        agencies=AGENCIES,
        resource_ids=IDS,
        versions=VERSIONS,
        detail=st.sampled_from(STRUCTURE_DETAILS),
        references=st.sampled_from(STRUCTURE_REFERENCES).map(lambda one: (one,)),
        as_of=INSTANTS,
    ),
    st.sampled_from([(), ("A",), ("A.B", "C")]),
)
def test_a_structure_query_reads_back_from_its_canonical_text(query: StructureQuery, items):
    if items and query.artefact_types:
        query = structure(
            "/" + canonical(query).partition("/")[2].replace("/*?", f"/{','.join(items)}?")
        )
        assert query.items == items
    assert reread(canonical(query)) == query


@given(
    st.builds(
        AvailabilityQuery,
        selection=SELECTIONS,
        component_ids=st.sampled_from([(), ("SEX",), ("SEX", "FREQ")]),
        mode=st.sampled_from(["exact", "available"]),
        references=st.sampled_from([("none",), ("all",), ("codelist", "valuelist")]),
    )
)
def test_an_availability_query_reads_back_from_its_canonical_text(query: AvailabilityQuery):
    assert reread(canonical(query)) == query


SEGMENTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["dataflow", "*", "A", "codelist", "+", "1.0", "M.*", "%2C", "%", "%F1"]),
)
QUERIES = st.one_of(
    st.text(max_size=40),
    st.lists(
        st.tuples(
            st.sampled_from(["c[A]", "asOf", "limit", "sort", "detail", "references", "format"]),
            st.text(max_size=10).map(lambda text: quote(text, safe="+,:%", errors="replace")),
        ).map("=".join),
        max_size=3,
    ).map("&".join),
)


@given(st.lists(SEGMENTS, max_size=7), QUERIES)
def test_any_request_is_a_query_or_an_error_of_ours(segments: list[str], query: str):
    for read in (parse_data, parse_structure, parse_availability):
        try:
            parsed = read(segments, query)
        except VipmgError as error:
            assert set(error.text) == {"en", "es"}
        else:
            assert reread(canonical(parsed)) == parsed
