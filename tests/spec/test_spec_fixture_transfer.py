"""What one service gives another takes: structures in every 3.x format; pages; languages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from app.services.publish_structures import publish_structures
from app.store.pools import Pools
from tests.fixture_exchange import MIGRATION, Bundle, bundle_artefacts
from tests.fixture_messages import read_message, said, words_of
from tests.fixture_model import rows_of, shapes
from tests.fixture_replies import DATA_FORMATS

NOW = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
STRUCTURE = "application/vnd.sdmx.structure"
FLOW = "/sdmx/v2/data/dataflow/SICA_TEST/DF_MIGRATION/1.0.0"
SHAPE = shapes()[MIGRATION]


@pytest.mark.parametrize(
    "media_type", [f"{STRUCTURE}+json;version=2.1.0", f"{STRUCTURE}+xml;version=3.1.0"]
)
async def test_another_service_takes_the_bundle(
    bundle: Bundle, pools: Pools, tmp_path: Path, media_type: str
) -> None:
    reply = bundle.get("/sdmx/v2/structure/*/*/*/*?detail=raw", media_type, Accept_Language="*")
    file = tmp_path / f"all.{'xml' if '+xml' in media_type else 'json'}"
    file.write_bytes(reply.content)
    result = await publish_structures(pools.writer, [file], NOW)
    assert set(result.added) == {each.urn for each in bundle_artefacts()}
    again = await publish_structures(pools.writer, [file], NOW)
    assert not again.changed
    assert not again.added


SORTS = ("series_key:asc", "TIME_PERIOD:desc+REF_AREA:asc", "OBS_VALUE:asc", "SEX:desc+TIME_PERIOD")


@pytest.mark.parametrize("sort", ["", *SORTS])
def test_c073_pages_are_the_whole_in_every_format(bundle: Bundle, sort: str) -> None:
    asked = f"&sort={sort}" if sort else ""
    for media_type in DATA_FORMATS:
        pages = [
            _rows(bundle, f"{FLOW}?limit=10&offset={offset}{asked}", media_type)
            for offset in range(0, 60, 10)
        ]
        keys = [key for page in pages for key in page]
        whole = _rows(bundle, f"{FLOW}?offset=0{asked}", media_type)
        assert len(keys) == len(set(keys))
        assert set(keys) == whole.keys()
        assert len(pages[0]) == 10


def _rows(bundle: Bundle, path: str, media_type: str) -> dict[Any, Any]:
    reply = bundle.get(path, media_type)
    if reply.status_code == 204:
        return {}
    assert reply.status_code == 200, (path, media_type, reply.text[:300])
    datasets = read_message(reply.content, media_type, SHAPE)
    return {key: row for each in datasets for key, row in each.rows.items()}


@pytest.mark.parametrize("media_type", DATA_FORMATS)
def test_c042_texts_are_in_the_language_that_was_asked(bundle: Bundle, media_type: str) -> None:
    path = "/sdmx/v2/data/provisionagreement/SICA_TEST/PA_MIGRATION_CRI/1.0.0/A.CRI._T"
    reply = bundle.get(path, media_type, Accept_Language="es")
    [dataset] = read_message(reply.content, media_type, SHAPE)
    row = dataset.rows["A", "CRI", "_T", "_T", "2024"]
    texts = {"TITLE": "Migrantes, por sexo y edad", "COMMENT": "Nuevo"}
    for name, text in texts.items():
        value = row[name]
        assert (value["es"] if isinstance(value, dict) else value) == text
    assert "Migrantes" in reply.text


@pytest.mark.parametrize("media_type", [each for each in DATA_FORMATS if "csv;version=2" in each])
def test_c133_all_languages_stand_in_csv(bundle: Bundle, media_type: str) -> None:
    path = "/sdmx/v2/data/provisionagreement/SICA_TEST/PA_MIGRATION_CRI/1.0.0"
    reply = bundle.get(path, media_type, Accept_Language="*")
    [dataset] = read_message(reply.content, media_type, SHAPE)
    every = words_of("application/vnd.sdmx.data+json;version=2.1.0")
    expected = {
        key: {name: value for name, value in row.items() if not SHAPE.parts[name].metadata}
        for key, row in rows_of("SICA_TEST:PA_MIGRATION_CRI(1.0.0)").items()
    }
    assert said(dataset.rows, SHAPE, every) == said(expected, SHAPE, every)
