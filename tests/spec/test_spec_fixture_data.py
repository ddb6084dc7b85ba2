"""All formats say the same of the data of the bundle, and that is what its files say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fixture_exchange import MIGRATION, Bundle
from tests.fixture_messages import said, words_of
from tests.fixture_model import Shape, documents, shapes
from tests.fixture_queries import Query, queries
from tests.fixture_replies import DATA_FORMATS, read_data

EXAMPLES = 60
AGREEMENTS = sorted(
    name.partition("=")[2] for name in documents() if name.startswith("provisionAgreements=")
)


def formats_of(query: Query) -> tuple[str, ...]:
    """The formats that can hold a reply: time series have time at the observation."""
    along = query.at_observation if query.shows_observations else None
    series = query.shape.time and along in (None, "TIME_PERIOD")
    return tuple(name for name in DATA_FORMATS if series or "timeseries" not in name)


@pytest.mark.parametrize("media_type", DATA_FORMATS)
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_each_format_says_what_the_files_say(
    bundle: Bundle, agreement: str, media_type: str
) -> None:
    shape = next(each for each in shapes().values() if agreement in each.agreements)
    query = Query(shape, agreement)
    if media_type not in formats_of(query):
        assert bundle.get(query.path, media_type).status_code == 406
        return
    [dataset] = read_data(bundle, query.path, media_type, shape)
    words = words_of(media_type)
    assert said(dataset.rows, shape, words) == said(query.answer(), shape, words)


LAYOUTS = (None, "TIME_PERIOD", "AllDimensions", "SEX", "FREQ")
SHOWN = (
    ("dsd", "all"),
    ("all", "all"),
    ("msd", "none"),
    ("none", "none"),
    ("series", "none"),
    ("obs", "none"),
    ("dataset", "SHARE"),
    ("CONTACT.CONTACT_NAME", "all"),
)


@pytest.mark.parametrize(("attributes", "measures"), SHOWN)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_c067_every_choice_of_components_in_every_layout(
    bundle: Bundle, layout: str | None, attributes: str, measures: str
) -> None:
    shape = shapes()[MIGRATION]
    shown = (attributes,), (measures,)
    check_query(bundle, Query(shape, None, (("A", "CRI"),), (), *shown, layout))


@given(query=queries())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_c119_every_query_is_answered_the_same_in_all_formats(bundle: Bundle, query: Query) -> None:
    check_query(bundle, query)


def check_query(bundle: Bundle, query: Query) -> None:
    """All formats must be valid, and say what is worked out from the files."""
    answer, shape = query.answer(), query.shape
    for media_type in formats_of(query):
        datasets = read_data(bundle, query.path, media_type, shape)
        words = words_of(media_type)
        rows = {key: row for dataset in datasets for key, row in dataset.rows.items()}
        about = (media_type, query.path)
        if query.shows_observations:
            got, wanted = said(rows, shape, words), said(answer, shape, words)
            if query.agreement is None:
                # Of two agreements one speaks for the dataset as a whole.
                got, wanted = _without_dataset(got, shape), _without_dataset(wanted, shape)
            assert got == wanted, about
        else:
            width = len(shape.dimensions)
            series = {key[:width] for dataset in datasets for key in (*dataset.series, *rows)}
            assert series == {key[:width] for key in answer}, about


def _without_dataset(rows: dict[Any, Any], shape: Shape) -> dict[Any, Any]:
    return {
        key: {name: value for name, value in row.items() if shape.parts[name].dimensions != ()}
        for key, row in rows.items()
    }
