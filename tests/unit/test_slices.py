"""Selections compiled for a dataflow."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import QuerySyntaxError
from app.sdmx import series
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.rest_v2 import parse_data
from app.sdmx.slices import SeriesSelection, Slice, compile_slice, first_and_last
from tests.artefact_samples import urn
from tests.exchange import structures

ARTEFACTS = ArtefactSet(structures())
DOCUMENT = {
    "TIME_PERIOD": ["2019", "2020", "2021"],
    "OBS_VALUE": ["1", "2", None],
    "OBS_STATUS": "A",
}


def flow(name: str = "DF") -> Flow:
    return resolve_flow(ARTEFACTS, urn("Dataflow", name))


def compiled(query: str, key: str = "*", name: str = "DF") -> Slice:
    return compile_slice(parse_data(["*", "*", "*", "*", key], query).selection, flow(name))


def times(slice_: Slice) -> list[str]:
    found: list[str] = slice_.of(DOCUMENT, {}.get)["TIME_PERIOD"]
    return found


def test_a_whole_series_is_given_as_it_is() -> None:
    assert compiled("").is_whole_series
    assert compiled("").of(DOCUMENT, {}.get) is DOCUMENT
    assert compiled("c[SEX]=F").is_whole_series
    assert not compiled("c[OBS_STATUS]=A").is_whole_series


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("c[TIME_PERIOD]=ge:2020", ["2020", "2021"]),
        ("c[OBS_VALUE]=ge:1", ["2019", "2020"]),
        ("c[OBS_VALUE]=ne:1", ["2020"]),
        ("c[OBS_STATUS]=A", ["2019", "2020", "2021"]),
        ("c[OBS_STATUS]=B", []),
        ("c[CONF_STATUS]=ne:C", []),
        ("c[METHOD]=x", []),
    ],
)
def test_observations_are_chosen(query: str, expected: list[str]) -> None:
    assert times(compiled(query)) == expected


def test_single_keys_and_wildcards() -> None:
    assert compiled("", "A.CRI.F").series.single_key == ("A", "CRI", "F")
    assert compiled("", "A.CRI").series.single_key is None
    assert compiled("c[SEX]=F", "A.CRI.F").series.single_key is None
    assert compiled("", "*.*.*").series.keys == ()
    assert compiled("", "A.CRI.F,*.*").series.keys == ()


def test_c011_c055_what_does_not_suit_the_structure() -> None:
    for query, key in (("", "A.B.C.D"), ("c[NOPE]=1", "*"), ("c[OBS_VALUE]=ge:x", "*")):
        with pytest.raises(QuerySyntaxError):
            compiled(query, key)


def test_bounds_of_time_hold_every_observation_that_passes() -> None:
    selection = compiled("c[TIME_PERIOD]=ge:2020-02+le:2020-Q3").series
    assert (selection.first_day, selection.last_day) == (
        dt.date(2020, 2, 1),
        dt.date(2020, 9, 30),
    )
    either = compiled("c[TIME_PERIOD]=le:2019,ge:2021").series
    assert (either.first_day, either.last_day) == (None, None)
    shifted = compiled("c[TIME_PERIOD]=2020-Q1&reportingYearStartDay=--07-01").series
    assert (shifted.first_day, shifted.last_day) == (None, None)
    own_year = compiled("c[TIME_PERIOD]=2020-Q1", name="DF_YEAR").series
    assert (own_year.first_day, own_year.last_day) == (None, None)


def test_c061_each_series_has_its_own_year() -> None:
    slice_ = compiled("c[TIME_PERIOD]=ge:2011", name="DF_YEAR")
    document = {"TIME_PERIOD": ["2010-Q2", "2010-Q4"]}
    own = {"REPORTING_YEAR_START_DAY": "--07-01"}
    assert slice_.of(document, own.get)["TIME_PERIOD"] == ["2010-Q4"]
    assert slice_.of(document, {}.get)["TIME_PERIOD"] == []


def test_uncoded_dimensions_are_asked_of_the_key() -> None:
    slice_ = compiled("c[PARTNER]=sw:C", name="DF_TYPES")
    assert slice_.of(DOCUMENT, {"PARTNER": "Cuba"}.get) == DOCUMENT
    assert slice_.of(DOCUMENT, {"PARTNER": "Haiti"}.get)["TIME_PERIOD"] == []


CODES = st.sampled_from(["a", "b", "c"])


@given(
    st.lists(st.tuples(*[st.one_of(st.none(), CODES)] * 3), max_size=3),
    st.dictionaries(st.integers(0, 2), st.lists(CODES, max_size=2).map(tuple), max_size=2),
    st.tuples(CODES, CODES, CODES),
    st.integers(0, 2),
)
def test_a_selection_without_a_position_has_every_key_of_the_selection(
    keys: list[tuple[str | None, ...]],
    codes: dict[int, tuple[str, ...]],
    key: tuple[str, ...],
    position: int,
) -> None:
    selection = SeriesSelection(tuple(keys), codes)
    freed = selection.without(position)
    if selection.matches(key):
        assert freed.matches(key)
        assert not selection.is_empty
    others = [(*key[:position], code, *key[position + 1 :]) for code in "abc"]
    assert len({freed.matches(other) for other in others}) == 1


@given(
    st.integers(0, 6),
    st.one_of(st.none(), st.integers(1, 8)),
    st.one_of(st.none(), st.integers(1, 8)),
)
def test_c062_c063_first_and_last(size: int, first: int | None, last: int | None) -> None:
    document = {"TIME_PERIOD": [str(2000 + n) for n in range(size)], "OBS_VALUE": "1"}
    found = first_and_last(document, first, last)["TIME_PERIOD"]
    every = document["TIME_PERIOD"]
    if first is None and last is None:
        assert found == every
        return
    wanted = set(every[: first or 0]) | set(every[len(every) - min(last or 0, size) :])
    assert found == [time for time in every if time in wanted]
    assert series.count(document) == size
