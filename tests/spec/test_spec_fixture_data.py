"""All formats say the same of the data of the bundle, and that is what its files say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.data_messages import check_data
from tests.fixture_exchange import Bundle
from tests.fixture_messages import read_message, said
from tests.fixture_model import Shape, documents, rows_of, shapes
from tests.fixture_queries import Query, queries

VENDOR = "application/vnd.sdmx."
JSON21 = f"{VENDOR}data+json;version=2.1.0"
FORMATS = (
    JSON21,
    f"{VENDOR}data+json;version=2.0.0",
    f"{VENDOR}data+csv;version=2.1.0",
    f"{VENDOR}data+csv;version=2.0.0",
    f"{VENDOR}data+csv;version=1.0.0",
)
EXAMPLES = 100
AGREEMENTS = sorted(
    name.partition("=")[2] for name in documents() if name.startswith("provisionAgreements=")
)


def ask(bundle: Bundle, path: str, media_type: str, shape: Shape) -> list[Any]:
    """The datasets of a reply that must be valid; none for no content."""
    reply = bundle.get(path, media_type)
    if reply.status_code == 204:
        assert reply.content == b""
        return []
    assert reply.status_code == 200, (path, media_type, reply.text[:500])
    told = reply.headers["Content-Type"]
    assert told.replace(" ", "") == media_type
    judge(bundle, reply.content, told)
    return read_message(reply.content, told, shape)


def judge(bundle: Bundle, body: bytes, media_type: str) -> None:
    """Check a data message with the official schema of its format."""
    name, _, version = media_type.replace(" ", "").partition(";version=")
    if name.endswith("+json"):
        check_data(body, version)


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_each_format_says_what_the_files_say(
    bundle: Bundle, agreement: str, media_type: str
) -> None:
    shape = next(each for each in shapes().values() if agreement in each.agreements)
    agency, rest = agreement.split(":")
    name, version = rest.rstrip(")").split("(")
    path = f"/sdmx/v2/data/provisionagreement/{agency}/{name}/{version}"
    [dataset] = ask(bundle, path, media_type, shape)
    language = None if "json;version=2" in media_type else "en"
    assert said(dataset.rows, shape, language) == said(rows_of(agreement), shape, language)


@given(query=queries())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_c119_every_query_is_answered_the_same_in_all_formats(bundle: Bundle, query: Query) -> None:
    assume(
        query.shows_observations or query.at_observation in (None, "AllDimensions", "TIME_PERIOD")
    )
    expected = said(query.answer(), query.shape, None)
    replies = {
        media_type: ask(bundle, query.path, media_type, query.shape) for media_type in FORMATS
    }
    for media_type, datasets in replies.items():
        language = None if "json;version=2" in media_type else "en"
        rows = {key: row for dataset in datasets for key, row in dataset.rows.items()}
        about = (media_type, query.path)
        if query.shows_observations:
            got, wanted = (
                said(rows, query.shape, language),
                said(query.answer(), query.shape, language),
            )
            if query.agreement is None:
                # Of two agreements one speaks for the dataset as a whole.
                got, wanted = (
                    _without_dataset(got, query.shape),
                    _without_dataset(wanted, query.shape),
                )
            assert got == wanted, about
        else:
            series = {key for dataset in datasets for key in dataset.series}
            width = len(query.shape.dimensions)
            assert series | {key[:width] for key in rows} == {key[:width] for key in expected}, (
                about
            )


def _without_dataset(rows: dict[Any, Any], shape: Shape) -> dict[Any, Any]:
    return {
        key: {name: value for name, value in row.items() if shape.parts[name].dimensions != ()}
        for key, row in rows.items()
    }
