"""What the bundle held at each time, what changed since, and its history: alike in all formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import pytest

from tests.data_messages import ReadDataSet
from tests.fixture_exchange import MIGRATION, Bundle
from tests.fixture_messages import read_message, said, words_of
from tests.fixture_model import Row, rows_of, shapes
from tests.fixture_replies import split_type

VENDOR = "application/vnd.sdmx."
FORMATS = (
    f"{VENDOR}data+json;version=2.1.0",
    f"{VENDOR}data+json;version=2.0.0",
    f"{VENDOR}data+json;version=1.0.0",
    f"{VENDOR}data+csv;version=2.1.0",
    f"{VENDOR}data+csv;version=2.0.0",
    f"{VENDOR}data+xml;version=3.1.0",
    f"{VENDOR}data+xml;version=3.0.0",
    f"{VENDOR}genericdata+xml;version=2.1",
    f"{VENDOR}structurespecificdata+xml;version=2.1",
)
AGREEMENT = "SICA_TEST:PA_MIGRATION_CRI(1.0.0)"
PATH = "/sdmx/v2/data/provisionagreement/SICA_TEST/PA_MIGRATION_CRI/1.0.0"
SHAPE = shapes()[MIGRATION]


def ask(bundle: Bundle, query: str, media_type: str) -> list[ReadDataSet]:
    reply = bundle.get(f"{PATH}?{query}", media_type)
    if reply.status_code == 204:
        return []
    assert reply.status_code == 200, (query, media_type, reply.text[:300])
    return read_message(reply.content, media_type, SHAPE)


def instant(bundle: Bundle, number: str) -> str:
    return quote(bundle.instants[number].isoformat())


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("number", ["01", "02", "03", "04", "11"])
def test_c041_as_of_gives_what_was_held_then(bundle: Bundle, number: str, media_type: str) -> None:
    [dataset] = ask(bundle, f"asOf={instant(bundle, number)}", media_type)
    expected = {key: _data(row) for key, row in rows_of(AGREEMENT, number).items()}
    words = words_of(media_type)
    assert said(dataset.rows, SHAPE, words) == said(expected, SHAPE, words)


def _data(row: Row) -> Row:
    return {name: value for name, value in row.items() if not SHAPE.parts[name].metadata}


def gone(datasets: Sequence[ReadDataSet]) -> set[tuple[str, ...]]:
    return {key for each in datasets if each.action == "Delete" for key in each.rows}


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(("since", "until"), [("01", "03"), ("03", "04"), ("02", "04")])
def test_c077_what_changed_is_told_with_what_went(
    bundle: Bundle, since: str, until: str, media_type: str
) -> None:
    query = f"updatedAfter={instant(bundle, since)}&asOf={instant(bundle, until)}"
    datasets = ask(bundle, query, media_type)
    before, after = rows_of(AGREEMENT, since), rows_of(AGREEMENT, until)
    assert gone(datasets) == before.keys() - after.keys()
    changed = {key for each in datasets if each.action != "Delete" for key in each.rows}
    touched = {key for key in after if _own(before.get(key)) != _own(after[key])}
    assert touched <= changed <= after.keys()
    put = {
        key: row for each in datasets if each.action != "Delete" for key, row in each.rows.items()
    }
    words = words_of(media_type)
    expected = {key: _data(after[key]) for key in put}
    observed = {name for name, part in SHAPE.parts.items() if part.dimensions is None}
    assert _only(said(put, SHAPE, words), observed) == _only(said(expected, SHAPE, words), observed)


def _own(row: Row | None) -> Row:
    return {n: v for n, v in (row or {}).items() if SHAPE.parts[n].dimensions is None}


def _only(rows: dict[Any, Any], names: set[str]) -> dict[Any, Any]:
    return {key: {n: v for n, v in row.items() if n in names} for key, row in rows.items()}


@pytest.mark.parametrize("media_type", [each for each in FORMATS if "csv" not in each])
def test_c081_history_is_alike_in_all_formats(bundle: Bundle, media_type: str) -> None:
    query = f"includeHistory=true&asOf={instant(bundle, '04')}"
    first = ask(bundle, query, FORMATS[0])
    assert [each.action for each in first].count("Delete") >= 1
    assert len(first) >= 3
    other = ask(bundle, query, media_type)
    assert [_told(each, media_type) for each in other] == [
        _told(each, media_type) for each in first
    ]


def _told(dataset: ReadDataSet, media_type: str) -> Any:
    # Before 2.1 of SDMX-JSON and 3.1 of SDMX-ML, what is given is information or an addition.
    action = "Delete" if dataset.action == "Delete" else "Put"
    kind, version = split_type(media_type)
    assert kind, version
    rows = _only(said(dataset.rows, SHAPE, words_of(media_type)), {"OBS_VALUE"})
    return action, _time(dataset.valid_from), _time(dataset.valid_to), rows


def _time(text: str | None) -> str | None:
    return text and text.replace("+00:00", "Z")
