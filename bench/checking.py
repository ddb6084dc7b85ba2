"""What checks of figures cost a submission: the same file, with and without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.checks import Check, at_most, interleaved, slower
from bench.ground import Ground
from bench.service import PeakMemory
from bench.shapes import MONTHS, Cube, month, monthly_cube, one_area, value
from bench.structures import AGENCY, CHECKED, CHECKED_SENDERS, UNCHECKED_SENDERS

RUNS = 3


def checks(ground: Ground) -> Iterator[Check]:
    """A file of all series of an area whose totals add up: first to an empty agreement, each."""
    service, cube = ground.service, one_area(monthly_cube(ground.size))
    message = ground.folder / "checked.csv"
    write_totals(cube, message)
    checked, unchecked = (
        iter([ground.sender(name) for name in names])
        for names in (CHECKED_SENDERS, UNCHECKED_SENDERS)
    )
    with PeakMemory(service.process, service.worker) as peak:
        ours, theirs = interleaved(
            RUNS, lambda: next(checked).send(message), lambda: next(unchecked).send(message)
        )
    what = f"submission of {cube.wanted * len(MONTHS):,} rows, checked"
    yield slower(what, "the same without checks", 1.15, ours, theirs)
    yield at_most(f"{what}: peak memory of the worker", "", 400, [peak.megabytes[1]], "MB")


def write_totals(cube: Cube, message: Path) -> None:
    """Write a cube as SDMX-CSV, with totals of the sexes that are the sum of both."""
    place = cube.dimensions.index("SEX")
    known: dict[tuple[str, ...], list[int]] = {}
    identity = f"dataflow,{AGENCY}:{CHECKED}(1.0.0),M,"
    times = [month(number) for number in range(len(MONTHS))]
    with message.open("w") as file:
        header = ["STRUCTURE", "STRUCTURE_ID", "ACTION", *cube.dimensions]
        file.write(",".join([*header, "TIME_PERIOD", "OBS_VALUE", "OBS_STATUS"]) + "\n")
        for number, key in cube.series():
            rest = (*key[:place], *key[place + 1 :])
            if key[place] == "_T":  # comes after the sexes in the order of keys
                values = known.pop(rest)
            else:
                values = [int(value(number, each)) + 3 for each in range(len(times))]
                sums = known.setdefault(rest, [0] * len(times))
                sums[:] = map(sum, zip(sums, values, strict=True))
            head = identity + ",".join(key)
            file.writelines(
                f"{head},{time},{count},A\n" for time, count in zip(times, values, strict=True)
            )
