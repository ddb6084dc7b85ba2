"""Measurements of formats: how fast each is written beside CSV, and of structure queries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import orjson

from bench.checks import Check, at_most, faster, interleaved, rate, slower
from bench.empty_app import serve_bytes
from bench.ground import Ground
from bench.load_client import Answered, Load, put_load
from bench.reading import CSV, LOAD_SECONDS
from bench.service import PeakMemory
from bench.structures import AGENCY, LONG_LIST

VENDOR = "application/vnd.sdmx."
FLAT = "&dimensionAtObservation=AllDimensions"

# Name, media type, what is added to the address, share of the rate of CSV.
FORMATS = (
    ("SDMX-JSON 2.1, series", f"{VENDOR}data+json;version=2.1.0", "", 0.6),
    ("SDMX-JSON 2.1, flat", f"{VENDOR}data+json;version=2.1.0", FLAT, 0.35),
    ("SDMX-JSON 1.0, series", f"{VENDOR}data+json;version=1.0.0", "", None),
    ("SDMX-ML 3.1", f"{VENDOR}data+xml;version=3.1.0", "", 0.35),
    ("SDMX-ML 2.1, structure-specific", f"{VENDOR}structurespecificdata+xml;version=2.1", "", 0.35),
    ("SDMX-ML 2.1, generic", f"{VENDOR}genericdata+xml;version=2.1", "", 0.25),
)


def formats(ground: Ground) -> Iterator[Check]:
    """The same observations in each format, not from the cache, and the memory that it takes."""
    filled = ground.monthly
    size = filled.cube.wanted // 12 * len(filled.cube.times(0))
    address = filled.selections.by("REF_AREA").data

    def seconds(accept: str, more: str) -> float:
        ground.forget()
        return ground.http.ok(address + more, Accept=accept).seconds

    asked = ((CSV, ""), *((accept, more) for _, accept, more, _ in FORMATS))
    plain, *found = interleaved(ground.runs, *(partial(seconds, *each) for each in asked))
    for (name, _, _, limit), ours in zip(FORMATS, found, strict=True):
        yield faster(f"{size:,} observations, {name}", "CSV", limit, ours, plain)
    for name, accept, more, _ in FORMATS:
        with PeakMemory(ground.service.process) as peak:
            seconds(accept, more)
        what = f"{size:,} observations, {name}: peak memory of the server"
        yield at_most(what, "", 300, peak.megabytes, "MB")


def registry(ground: Ground) -> Iterator[Check]:
    """A long code list from the cache, and a dataflow with everything around it."""
    http, service = ground.http, ground.service
    path, body = ground.folder / "codelist", ground.folder / "codelist-body"
    path.write_text(f"/sdmx/v2/structure/codelist/{AGENCY}/{LONG_LIST}/1.0.0")
    body.write_bytes(http.get(path.read_text(), keep=True).body)

    def load(port: int, asked: str, process: int) -> Answered:
        return put_load(Load(port, asked, LOAD_SECONDS), process)

    root = ground.folder / "list-root"
    root.write_text("/")
    with serve_bytes(body) as (port, process):
        empty, ours = interleaved(
            ground.runs,
            lambda: load(port, str(root), process),
            lambda: load(service.port, str(path), service.process),
        )
    yield rate(
        "code list of 10,000 codes, from the cache: requests",
        "empty FastAPI endpoint",
        0.5,
        [each.rate for each in ours],
        [each.rate for each in empty],
    )
    yield from _around_a_dataflow(ground)


def _around_a_dataflow(ground: Ground) -> Iterator[Check]:
    """`references=all`: each question names an id that is not there, so that none is cached."""
    asked = 0

    def whole() -> float:
        nonlocal asked
        asked += 1
        path = f"/sdmx/v2/structure/dataflow/{AGENCY}/DF_ENTRY_EXIT,NONE_{asked}/1.0.0"
        return ground.http.ok(f"{path}?references=all").seconds

    path = f"/sdmx/v2/structure/dataflow/{AGENCY}/DF_ENTRY_EXIT/1.0.0?references=all"
    message = orjson.loads(ground.http.get(path, keep=True).body)

    def written() -> float:
        begin = time.perf_counter()
        orjson.dumps(message)
        return time.perf_counter() - begin

    ours, theirs = interleaved(3 * ground.runs, whole, written)
    what = "references=all on a dataflow, not from the cache"
    yield slower(what, "writing its bytes", 5, ours, theirs)
