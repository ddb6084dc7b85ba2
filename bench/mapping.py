"""Measurements of maps: the same rows in national words and in shared codes."""

from __future__ import annotations

from collections.abc import Iterator

from bench.checks import Check, at_most, interleaved, slower
from bench.ground import Ground
from bench.national import MAPPED, NATIONAL_SENDERS, SHARED_SENDERS, write_national
from bench.sending import write_message
from bench.service import PeakMemory
from bench.shapes import FIRST_YEAR, MONTHS, monthly_cube, one_area
from bench.structures import AGENCY


def mapping(ground: Ground) -> Iterator[Check]:
    """A file of all series of an area: harmonised at submission, against sent in shared codes."""
    source = one_area(monthly_cube(ground.size))
    shared, national = ground.folder / "shared.csv", ground.folder / "national.csv"
    places = range(len(MONTHS))
    write_message(source, MAPPED, shared, ground.folder / "shared-rows.csv", places)
    write_national(source, AGENCY, national, places, FIRST_YEAR)
    plain = iter([ground.sender(name) for name in SHARED_SENDERS])
    mapped = iter([ground.sender(name) for name in NATIONAL_SENDERS])
    service = ground.service
    with PeakMemory(service.process, service.worker) as peak:
        ours, theirs = interleaved(
            len(SHARED_SENDERS) - 1,  # the first of each warms up
            lambda: next(mapped).send(national),
            lambda: next(plain).send(shared),
        )
    what = f"submission of {source.wanted * len(MONTHS):,} rows in national words"
    yield slower(f"{what}, two tables, HTTP to published", "in shared codes", 1.5, ours, theirs)
    _, worker = peak.megabytes
    yield at_most(f"{what}: peak memory of the worker", "", 400, [worker], "MB")
