"""Measurements of writing and of what it leaves: submissions, history, disk, start."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from urllib.parse import quote

from bench.checks import Check, at_most, interleaved, slower
from bench.ground import Ground
from bench.reading import CSV
from bench.sending import write_message
from bench.service import PeakMemory, Service
from bench.shapes import MONTHS, monthly_cube, one_area
from bench.stores import Wide
from bench.structures import SENDERS, SENT

LONG_RUNS = 3


def disk(ground: Ground) -> Iterator[Check]:
    """Bytes on disk of the cube of months."""
    filled = ground.monthly
    count = filled.cube.wanted * len(MONTHS)
    series, journal = (filled.disk[name] / count for name in ("series", "journal"))
    yield at_most("disk, an observation: series with indexes", "", 15, [series], "B")
    yield at_most("disk, an observation: journal", "", None, [journal], "B")
    wide = filled.wide.size / count
    yield at_most("disk, an observation: wide table with its key", "", None, [wide], "B")


def month(ground: Ground) -> Iterator[Check]:
    """One more month for every series of the cube of months."""
    wide = ground.monthly.wide
    pairs = [ground.send_month(wide.copy_in) for _ in range(LONG_RUNS)]
    ours, theirs = ([pair[side] for pair in pairs] for side in (0, 1))
    what = f"one more month for {ground.monthly.cube.wanted:,} series, HTTP to published"
    yield slower(what, "COPY FROM into the wide table", 4, ours, theirs)


def history(ground: Ground) -> Iterator[Check]:
    """A slice as it was, and what changed in it."""
    selections = ground.monthly.selections
    if ground.months == 0:
        ground.send_month(lambda _rows: 0.0)
    moments = iter(_moments(ground))

    def ask(parameter: str) -> float:
        address = selections.slice().data
        if parameter:
            address += f"&{parameter}={quote(next(moments).isoformat())}"
        return ground.http.ok(address, Accept=CSV).seconds

    now, then, after = interleaved(
        2 * ground.runs, lambda: ask(""), lambda: ask("asOf"), lambda: ask("updatedAfter")
    )
    yield slower("asOf over a slice", "the current slice", 5, then, now)
    yield slower("updatedAfter over a slice", "the current slice", 5, after, now)


def submission(ground: Ground) -> Iterator[Check]:
    """A file of all series of an area, sent to an agreement without data yet."""
    service, source = ground.service, one_area(monthly_cube(ground.size))
    message, rows = ground.folder / "message.csv", ground.folder / "rows.csv"
    write_message(source, SENT, message, rows, range(len(MONTHS)))
    wide = Wide(ground.psql, source, "sent")
    wide.create()
    wide.add_key()
    senders = iter([ground.sender(name) for name in SENDERS])

    def copy() -> float:
        seconds = wide.copy_in(rows)
        wide.empty()
        return seconds

    with PeakMemory(service.process, service.worker) as peak:
        ours, theirs = interleaved(LONG_RUNS, lambda: next(senders).send(message), copy)
    what = f"submission of {source.wanted * len(MONTHS):,} rows of CSV"
    yield slower(f"{what}, HTTP to published", "COPY FROM into a wide table", 2, ours, theirs)
    server, worker = peak.megabytes
    yield at_most(f"{what}: peak memory of the server", "", 400, [server], "MB")
    yield at_most(f"{what}: peak memory of the worker", "", 400, [worker], "MB")


def start(ground: Ground) -> Iterator[Check]:
    """From the command to the first answer, on the data directory of this run."""
    path = next(ground.monthly.selections.keys())
    ground.stop_service()
    seconds = []
    for _ in range(LONG_RUNS):
        begin = time.perf_counter()
        with Service(ground.folder / "data") as service:
            service.http().ok(path)
            seconds.append(time.perf_counter() - begin)
    yield at_most("start of a prepared data directory to the first answer", "", 2, seconds, "s")


def _moments(ground: Ground) -> list[dt.datetime]:
    """Instants just after the cube was first published, all different."""
    epoch = float(
        ground.psql.ask(
            "SELECT extract(epoch FROM min(published_at)) FROM ledger "
            f"WHERE object = '{ground.monthly.cube.flow}';"
        )
    )
    first = dt.datetime.fromtimestamp(epoch, dt.UTC) + dt.timedelta(milliseconds=1)
    return [first + dt.timedelta(microseconds=each) for each in range(1000)]
