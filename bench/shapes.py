"""The two cubes that are measured, made up the same way in every run.

`monthly` is long: 100,800 series of 120 months. `mix` is what there really is: 592,104 short
series of 4.6 years. Keys come in their order, so that all stores are filled in the same order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

Key = tuple[str, ...]
Observation = tuple[str, str, str]
"""Time period, value, status."""

FIRST_YEAR = 2014
MIX_LENGTHS = [1] * 31 + [2] * 14 + [3] * 9 + [5] * 11 + [7] * 25 + [12] * 7 + [20] * 3
"""Lengths of a hundred series of the mix: 460 observations."""

AREAS = ("BLZ", "CRI", "DOM", "GTM", "GUY", "HND", "JAM", "LCA", "MEX", "NIC", "PAN", "SLV")


@dataclass(frozen=True)
class Cube:
    """A dataflow with made-up data.

    Attributes:
        table: its name in the wide store and of its Parquet file.
        codes: the codes of each dimension, in their order.
        wanted: number of series; those left out of the product are spread evenly.
        monthly: 120 months each, or a few years.
    """

    table: str
    flow: str
    agreement: str
    codes: dict[str, tuple[str, ...]]
    wanted: int
    monthly: bool

    @property
    def dimensions(self) -> list[str]:
        """Ids of the dimensions without time."""
        return list(self.codes)

    def series(self) -> Iterator[tuple[int, Key]]:
        """Numbers and keys, in the order of the keys."""
        product = 1
        for codes in self.codes.values():
            product *= len(codes)
        for place, key in enumerate(itertools.product(*self.codes.values())):
            number = place * self.wanted // product
            if (place + 1) * self.wanted // product > number:
                yield number, key

    def times(self, number: int) -> list[str]:
        """The time periods of a series."""
        if self.monthly:
            return MONTHS
        length = MIX_LENGTHS[number * 61 % 100]
        begin = 1995 + number * 7 % (31 - length)
        return YEARS[begin - 1995 : begin - 1995 + length]

    def observations(self, number: int) -> list[Observation]:
        """The observations of a series in time order; one series in ten ends with estimates."""
        times = self.times(number)
        statuses = ["A"] * len(times)
        if number % 10 == 3:
            statuses[-3:] = ["E"] * len(statuses[-3:])
        return [
            (time, value(number, place), status)
            for place, (time, status) in enumerate(zip(times, statuses, strict=True))
        ]


def month(place: int) -> str:
    """A month, counted from the first of the cube."""
    return f"{FIRST_YEAR + place // 12}-{place % 12 + 1:02}"


MONTHS = [month(place) for place in range(120)]
YEARS = [str(year) for year in range(1995, 2027)]


def value(number: int, place: int) -> str:
    """A count of people: mostly small, moving from period to period."""
    mixed = (number * 2654435761 + place * 40503) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 0x5BD1E995) & 0xFFFFFFFF
    level = 4 << (number * 7 % 9)
    return str(level + (mixed >> 8) % level)


def csv_rows(cube: Cube) -> Iterator[bytes]:
    """All rows as CSV without a header, a series at a time."""
    for number, key in cube.series():
        head = ",".join(key)
        yield "".join(
            f"{head},{time},{count},{status}\n" for time, count, status in cube.observations(number)
        ).encode()


def monthly_cube(size: int) -> Cube:
    """The cube of months, at 1, 1/10 or 1/100 of its size."""
    citizenships = 21 if size == 100 else 35
    codes = {
        "FREQ": ("M",),
        "REF_AREA": AREAS[:2] if size == 100 else AREAS,
        "DIRECTION": ("I", "O"),
        "CITIZENSHIP": numbered("X", citizenships),
        "SEX": ("F", "M", "_T"),
        "AGE": ("Y0T14", "Y15T24", "Y25T64", "Y_GE65"),
        "REASON": numbered("R", 10 if size == 1 else 1),
    }
    return Cube("monthly", "BENCH_MONTHLY", "BENCH_PA_MONTHLY", codes, 100_800 // size, True)


def one_area(cube: Cube) -> Cube:
    """The first area of a cube, as a provider would send it."""
    areas = cube.codes["REF_AREA"]
    codes = cube.codes | {"REF_AREA": areas[:1]}
    return Cube("sent", "BENCH_SENT", "", codes, cube.wanted // len(areas), cube.monthly)


def mix_cube(size: int) -> Cube:
    """The real mix, at 1 or 1/10 of its size."""
    codes = {
        "FREQ": ("A",),
        "REF_AREA": numbered("A", 232 // (10 if size > 1 else 1)),
        "COUNTERPART_AREA": numbered("C", 232 if size == 1 else 236),
        "SEX": ("F", "M", "_T"),
        "AGE": ("Y0T14", "Y15T24", "Y25T64", "_T"),
    }
    return Cube("mix", "BENCH_MIX", "BENCH_PA_MIX", codes, 592_104 // size, False)


def numbered(letter: str, count: int) -> tuple[str, ...]:
    """Codes of one length, in order."""
    return tuple(f"{letter}{number:03}" for number in range(count))
