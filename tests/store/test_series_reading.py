"""Reading series: what a selection gives, and by which index PostgreSQL finds it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from app.sdmx.slices import SeriesSelection
from app.store import series as store
from app.store.pools import Pools
from app.store.series import Source
from app.store.types import Connection

AREAS, PARTNERS, YEARS = 40, 50, 3
AGREEMENTS = (1, 2, 3)
FILL = """
INSERT INTO series (agreement_id, key, dataflow_id, observations, attributes, observation_count,
                    first_period, last_period, publication_id)
SELECT agreement, ARRAY['A', 'R' || area, 'P' || partner], 1,
  '{"TIME_PERIOD": ["2020", "2021"], "OBS_VALUE": ["1", "2"]}', '{}', 2,
  '2020-01-01', '2021-12-31', agreement
FROM unnest($1::integer[]) AS agreement, generate_series(1, $2::integer) AS area,
  generate_series(1, $3::integer) AS partner
"""


@pytest.fixture
async def connection(pools: Pools) -> AsyncIterator[Connection]:
    """Some thousand series under three agreements of one dataflow."""
    async with pools.writer.acquire() as writing:
        await writing.execute(FILL, list(AGREEMENTS), AREAS, PARTNERS)
    async with pools.writer.acquire() as writing:
        await writing.execute(
            "INSERT INTO change (agreement_id, key, publication_id, action, observations) "
            "SELECT agreement_id, key, publication_id, 'Replace', observations FROM series"
        )
    async with pools.public.acquire() as opened, opened.transaction():
        yield opened


@pytest.fixture(autouse=True)
async def analysed(connection: Connection, dsn: str) -> None:
    import asyncpg

    owner = await asyncpg.connect(dsn)
    await owner.execute("VACUUM ANALYZE series")
    await owner.execute("VACUUM ANALYZE change")
    await owner.close()


def source(agreement: int = 1, shadowed_by: tuple[int, ...] = ()) -> Source:
    return Source(agreement, 1, False, shadowed_by, False)


async def read(
    connection: Connection, selection: SeriesSelection, **parts: Any
) -> list[tuple[str, ...]]:
    asked = parts.pop("source", source())
    batches = store.read_series(connection, asked, selection, **parts)
    return [row.key for batch in [batch async for batch in batches] for row in batch]


async def plan(connection: Connection, statement: str, parameters: Sequence[object]) -> list[str]:
    """The kinds of scans of tables in a plan: `Index Scan series_pkey` and the like."""
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {statement}", *parameters)
    return list(_scans(json.loads(found)[0]["Plan"]))


def _scans(node: dict[str, Any]) -> list[str]:
    kind = node["Node Type"]
    name = node.get("Index Name") or node.get("Relation Name")
    found = [f"{kind} {name}"] if "Scan" in kind and name else []
    return found + [scan for child in node.get("Plans", []) for scan in _scans(child)]


async def test_a_selection_gives_its_series_in_key_order(connection: Connection) -> None:
    whole = await read(connection, SeriesSelection())
    assert len(whole) == AREAS * PARTNERS
    assert whole == sorted(whole)
    assert await read(connection, SeriesSelection(keys=(("A", "R7", "P9"),))) == [("A", "R7", "P9")]
    some = await read(connection, SeriesSelection(keys=((None, "R7", None),)))
    assert some == [key for key in whole if key[1] == "R7"]
    both = SeriesSelection(codes={1: ("R1", "R2"), 2: ("P1", "P3", "NOPE")})
    assert await read(connection, both) == [
        *(("A", "R1", "P1"), ("A", "R1", "P3"), ("A", "R2", "P1"), ("A", "R2", "P3"))
    ]
    assert await read(connection, SeriesSelection(codes={0: ("A.R1", "=")})) == []
    down = await read(connection, both, order=((2, True), (1, False)))
    assert down == [*(("A", "R1", "P3"), ("A", "R2", "P3"), ("A", "R1", "P1"), ("A", "R2", "P1"))]


async def test_a_code_is_not_taken_for_another_of_another_position(connection: Connection) -> None:
    assert await read(connection, SeriesSelection(codes={1: ("P1",)})) == []
    assert await read(connection, SeriesSelection(codes={2: ("R1",)})) == []
    assert await read(connection, SeriesSelection(keys=((None, "P1", None),))) == []


async def test_what_a_higher_agreement_holds_is_left_out(connection: Connection) -> None:
    assert await read(connection, SeriesSelection(), source=source(2, (1,))) == []
    assert (
        len(await read(connection, SeriesSelection(), source=source(2, (9,)))) == AREAS * PARTNERS
    )


SELECTIONS = {
    "one code": SeriesSelection(codes={1: ("R7",)}),
    "two positions": SeriesSelection(codes={1: ("R7", "R8"), 2: ("P9",)}),
    "a partial key": SeriesSelection(keys=((None, "R7", "P3"),)),
    "a whole key": SeriesSelection(keys=(("A", "R7", "P3"),)),
    "two whole keys": SeriesSelection(keys=(("A", "R7", "P3"), ("A", "R8", "P3"))),
}


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("shadowed_by", [(), (2,)])
async def test_selections_use_an_index(
    connection: Connection, name: str, shadowed_by: tuple[int, ...]
) -> None:
    statement, parameters = store._current(source(1, shadowed_by), SELECTIONS[name], ())
    scans = await plan(connection, statement, parameters)
    assert scans
    assert not any(scan.startswith("Seq Scan series") for scan in scans), scans
    if "key" not in name or "partial" in name:
        assert any("series_by_term" in scan or "pkey" in scan for scan in scans), scans


async def test_a_whole_agreement_is_read_in_key_order_without_a_sort(
    connection: Connection,
) -> None:
    statement, parameters = store._current(source(), SeriesSelection(), ())
    found = await connection.fetchval(f"EXPLAIN {statement} LIMIT 64", *parameters)
    rows = await connection.fetch(f"EXPLAIN {statement} LIMIT 64", *parameters)
    text = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in text, found
    assert "Index Scan using series_pkey" in text
    assert "Sort" not in text or "Incremental Sort" in text


async def test_one_key_with_its_heads_uses_the_primary_key(connection: Connection) -> None:
    scans = await plan(connection, store._SINGLE, [[1, 2, 3], ["A", "R7", "P3"]])
    assert any("series_pkey" in scan for scan in scans), scans
    assert not any(scan == "Seq Scan series" for scan in scans), scans


async def test_the_journal_of_a_selection_uses_the_primary_key(connection: Connection) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []

    class Recorder:
        async def cursor(self, statement: str, *parameters: object) -> Any:
            seen.append((statement, parameters))
            return await connection.cursor(statement, *parameters)

    recorder: Any = Recorder()
    changes = store.read_changes(
        recorder, source(), SELECTIONS["two positions"], changed_after=None, among=[1], until=None
    )
    assert [key async for key, _ in changes] == []
    [(statement, parameters)] = seen
    scans = await plan(connection, statement, parameters)
    assert not any(scan in {"Seq Scan series", "Seq Scan change"} for scan in scans), scans
