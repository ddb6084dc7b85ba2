"""Mirror pairs: two sources of one stock side by side, 100,000 short series together."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Iterator

import asyncpg

from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import urn_of
from app.store.registry_publication import publish
from bench.checks import Check, at_most
from bench.ground import Ground
from bench.http_client import Http
from bench.service import Service
from bench.shapes import Cube, monthly_cube, numbered
from bench.stores import fill_series
from bench.structures import AGENCY, publish_structures

PAIR = "BENCH_MIRROR"
SERIES = 100_000
LIMIT_SECONDS = 2.0
DERIVED_WITHIN_SECONDS = 300
LOOK_SECONDS = 0.2

_IS_BEHIND = """
SELECT NOT EXISTS (
  SELECT FROM derived
  WHERE dataflow LIKE '%:DF_MIRROR(%'
    AND through_sequence >= (SELECT max(sequence) FROM ledger WHERE action <> 'derivation')
)
"""


def mirrors(ground: Ground) -> Iterator[Check]:
    """A pair of two sources, cell by cell and corridor by corridor."""
    cubes = [_stock(ground.size, name) for name in ("CENSUS", "ESTIMATE")]
    count = sum(cube.wanted for cube in cubes)
    with Service(ground.folder / "mirrors") as service:
        ground.tell(f"filling {count:,} series of both sides of a mirror")
        asyncio.run(publish_structures(service.dsn, [monthly_cube(ground.size), *cubes]))
        asyncio.run(_publish_pair(service.dsn, cubes))
        for cube in cubes:
            asyncio.run(fill_series(service.dsn, cube))
        begin = time.monotonic()
        asyncio.run(_await_derived(service.dsn))
        derived = time.monotonic() - begin
        http = service.http()
        what = f"a mirror pair over {count:,} series"
        limit = LIMIT_SECONDS / ground.size
        for name, query in (
            ("its first 500 cells", ""),
            ("its corridors by disagreement", "/corridors?limit=500"),
            ("the cells that disagree most", "?order=asymmetry&compared=true"),
        ):
            yield at_most(f"{what}: {name}", "", limit, _times(http, query, ground.runs), "s")
        yield at_most(f"{what}: computed and published", "", None, [derived], "s")


def _stock(size: int, name: str) -> Cube:
    """Half of the series: people in each country by country of birth."""
    countries = 230 if size == 1 else 80
    codes = {
        "FREQ": ("A",),
        "REF_AREA": numbered("A", countries),
        "BIRTH_AREA": numbered("A", countries),
        "SEX": ("_T",),
    }
    wanted = SERIES // 2 // size
    return Cube(name.lower(), f"BENCH_{name}", f"BENCH_PA_{name}", codes, wanted, monthly=False)


async def _publish_pair(dsn: str, cubes: list[Cube]) -> None:
    left, right = (urn_of("Dataflow", AGENCY, cube.flow, "1.0.0") for cube in cubes)
    attributes = [
        {"id": "LEFT", "attributes": [{"id": "DATAFLOW", "value": left}]},
        {"id": "RIGHT", "attributes": [{"id": "DATAFLOW", "value": right}]},
        {"id": "MATCH", "value": "REF_AREA=REF_AREA"},
        {"id": "TIME_RULE", "value": "SAME"},
        {"id": "FIRST_AREA", "value": "LEFT.REF_AREA"},
        {"id": "SECOND_AREA", "value": "LEFT.BIRTH_AREA"},
    ]
    document = {
        "id": PAIR,
        "agencyID": AGENCY,
        "version": "1.0.0",
        "name": PAIR,
        "names": {"en": PAIR, "es": PAIR},
        "metadataflow": urn_of("Metadataflow", AGENCY, "MDF_MIRROR_PAIR", "1.0.0"),
        "targets": [left, right],
        "attributes": attributes,
    }
    connection = await asyncpg.connect(dsn)
    try:
        pair = Artefact.read(METADATA_SET, document)
        await publish(connection, [pair], dt.datetime.now(dt.UTC))
    finally:
        await connection.close()


def _times(http: Http, query: str, runs: int) -> list[float]:
    """Seconds of each run; the first warms up."""
    seconds = []
    for _ in range(runs + 1):
        reply = http.get(f"/api/mirror/{PAIR}{query}")
        if reply.status != 200:
            raise RuntimeError(f"{PAIR}{query}: {reply.status}")
        seconds.append(reply.seconds)
    return seconds[1:]


async def _await_derived(dsn: str) -> None:
    """Wait until the worker has computed the dataflow of mirrors."""
    connection = await asyncpg.connect(dsn)
    try:
        deadline = time.monotonic() + DERIVED_WITHIN_SECONDS
        while await connection.fetchval(_IS_BEHIND):
            if time.monotonic() > deadline:
                raise RuntimeError("the dataflow of mirrors was not computed in time")
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await connection.close()
