"""Measurements of reading: requests, slices, whole selections, availability, growth."""

from __future__ import annotations

from collections.abc import Iterator

from bench.checks import Check, at_most, faster, interleaved, rate, slower
from bench.empty_app import serve_bytes
from bench.ground import Filled, Ground
from bench.load_client import Answered, Load, put_load
from bench.selections import Selection
from bench.service import PeakMemory

CSV = "application/vnd.sdmx.data+csv"
LOAD_SECONDS = 2.0


def requests(ground: Ground) -> Iterator[Check]:
    """One series as JSON: new, from the cache, and unchanged (304)."""
    http, service = ground.http, ground.service
    keys = list(ground.monthly.selections.keys())
    every, one, root, body = (ground.folder / name for name in ("every", "one", "root", "body"))
    every.write_text("\n".join(keys[number * 7919 % len(keys)] for number in range(len(keys))))
    one.write_text(keys[0])
    root.write_text("/")
    reply = http.get(keys[0], keep=True)
    body.write_bytes(reply.body)
    unchanged = {"If-None-Match": reply.headers["etag"]}
    asked = 0

    def uncached() -> Answered:
        nonlocal asked
        found = put_load(Load(service.port, str(every), LOAD_SECONDS, skip=asked), service.process)
        asked += int(found.rate * LOAD_SECONDS * 2)
        return found

    def again(expected: int, headers: dict[str, str]) -> Answered:
        load = Load(service.port, str(one), LOAD_SECONDS, expected, headers)
        return put_load(load, service.process)

    with serve_bytes(body) as (port, process):
        empty, *ours = interleaved(
            ground.runs,
            lambda: put_load(Load(port, str(root), LOAD_SECONDS), process),
            uncached,
            lambda: again(200, {}),
            lambda: again(304, unchanged),
        )
    for name, limit, found in zip(
        ("not from the cache", "from the cache", "304"), (0.4, 0.8, 0.8), ours, strict=True
    ):
        what = f"one series, JSON, {name}"
        rates = [each.rate for each in found], [each.rate for each in empty]
        yield rate(f"{what}: requests", "empty FastAPI endpoint", limit, *rates)
        cpu = [each.cpu_seconds for each in found], [each.cpu_seconds for each in empty]
        yield slower(f"{what}: CPU of the server", "empty FastAPI endpoint", None, *cpu)


def slices(ground: Ground) -> Iterator[Check]:
    """102 series of the cube of months."""
    filled = ground.monthly
    asked = [filled.selections.slice() for _ in range(ground.runs + 1)]
    ours, wide, lake = _three(ground, filled, asked, threads=2)
    what = f"slice of {102 * len(filled.cube.times(0)):,} observations, CSV, not from the cache"
    yield faster(what, "COPY from a wide table", 7, ours, wide)
    yield faster(what, "DuckDB", 1, ours, lake)


def whole(ground: Ground) -> Iterator[Check]:
    """All series of an area of the cube of months: a twelfth of it."""
    filled = ground.monthly
    asked = [filled.selections.by("REF_AREA") for _ in range(ground.runs + 1)]
    ours, wide, lake = _three(ground, filled, asked, threads=1, in_order=True)
    size = filled.cube.wanted // 12 * len(filled.cube.times(0))
    what = f"{size:,} observations, CSV"
    yield faster(f"{what}, not from the cache", "COPY from a wide table", 1.6, ours, wide)
    yield faster(f"{what}, not from the cache", "DuckDB, one thread", 1, ours, lake)
    cached = [ground.http.ok(asked[-1].data, Accept=CSV).seconds for _ in wide]
    yield faster(f"{what}, from the cache", "COPY from a wide table", 10, cached, wide)
    ground.forget()
    with PeakMemory(ground.service.process) as peak:
        shares = [ground.http.ok(each.data, Accept=CSV) for each in asked[: ground.runs]]
    first = [100 * reply.first_seconds / reply.seconds for reply in shares]
    yield at_most(f"{what}: first byte", "the last", 10, first, "%")
    yield at_most(f"{what}: peak memory of the server", "", 300, peak.megabytes, "MB")


def availability(ground: Ground) -> Iterator[Check]:
    """Codes of one dimension under a filter, with counts."""
    filled, runs = ground.monthly, ground.runs
    for mode in ("exact", "available"):
        asked = [filled.selections.by("REF_AREA", "SEX") for _ in range(runs + 1)]
        yield _available(ground, filled, asked, mode, 12, "by two dimensions")
    asked = [filled.selections.slice() for _ in range(runs + 1)]
    yield _available(ground, filled, asked, "exact", 12, "of 102 series")
    yield _available(ground, filled, [filled.selections.whole()] * (runs + 1), "exact", 12, "whole")
    asked = [
        filled.selections.by("REF_AREA", "SEX").within("2016-04", "2019-09")
        for _ in range(runs + 1)
    ]
    yield _available(ground, filled, asked, "exact", 4, "by two dimensions and time")


def mix(ground: Ground) -> Iterator[Check]:
    """The real mix: short series."""
    filled, runs = ground.mix, ground.runs
    ours, wide, lake = _three(
        ground, filled, [filled.selections.whole()] * (runs + 1), threads=1, in_order=True
    )
    yield faster("real mix, whole flow, CSV", "COPY from a wide table", 1, ours, wide)
    yield faster("real mix, whole flow, CSV", "DuckDB, one thread", None, ours, lake)
    for name in ("REF_AREA", "COUNTERPART_AREA"):
        asked = [filled.selections.by(name) for _ in range(runs + 1)]
        ours, wide, lake = _three(ground, filled, asked, threads=2)
        yield faster(f"real mix, slice by {name}, CSV", "COPY from a wide table", 4, ours, wide)
        yield faster(f"real mix, slice by {name}, CSV", "DuckDB", None, ours, lake)
    share = filled.disk["series"] / filled.wide.size
    yield at_most("real mix, disk", "wide table with its key", 0.7, [share], "x")


def growth(ground: Ground) -> Iterator[Check]:
    """The same slice where there is ten times as much beside it."""
    http, selections = ground.smaller
    filled = ground.monthly
    asked = iter([selections.slice() for _ in range(3 * ground.runs + 1)] * 2)
    small, large = interleaved(
        3 * ground.runs,
        lambda: http.ok(next(asked).data, Accept=CSV).seconds,
        lambda: ground.http.ok(next(asked).data, Accept=CSV).seconds,
    )
    what = f"slice of {filled.cube.wanted * len(filled.cube.times(0)):,} observations"
    yield slower(what, "the same in a tenth of them", 1.5, large, small)


def _three(
    ground: Ground,
    filled: Filled,
    asked: list[Selection],
    *,
    threads: int,
    in_order: bool = False,
) -> list[list[float]]:
    """Seconds of ours, of COPY and of DuckDB for the same selections."""
    each = [iter(asked) for _ in range(3)]

    def ours() -> float:
        ground.forget()
        return ground.http.ok(next(each[0]).data, Accept=CSV).seconds

    return interleaved(
        len(asked) - 1,
        ours,
        lambda: filled.wide.copy_out(next(each[1]).where, in_order=in_order),
        lambda: ground.lakes[threads].copy_out(filled.cube, next(each[2]).where),
    )


def _available(
    ground: Ground,
    filled: Filled,
    asked: list[Selection],
    mode: str,
    limit: float,
    what: str,
) -> Check:
    each = iter(asked), iter(asked)

    def ours() -> float:
        ground.forget()
        address = next(each[0]).availability.format("CITIZENSHIP")
        return ground.http.ok(f"{address}&mode={mode}").seconds

    found = interleaved(
        len(asked) - 1,
        ours,
        lambda: filled.wide.distinct("citizenship", next(each[1]).where),
    )
    return faster(f"availability ({mode}) {what}", "SELECT DISTINCT", limit, *found)
