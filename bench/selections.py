"""Selections of a cube, each as a query and as a condition in SQL; never the same one twice.

A reply that was given before would come from the cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.shapes import Cube
from bench.structures import AGENCY

CITIZENSHIPS = 17
"""With both directions and the three groups of sex: 102 series."""


@dataclass(frozen=True)
class Selection:
    """Series of a cube.

    Attributes:
        data: address of their data.
        availability: address of what is available, less the component.
        where: the condition on the wide table.
    """

    data: str
    availability: str
    where: str

    def within(self, first: str, last: str) -> Selection:
        """The same in a range of time."""
        term = f"&c[TIME_PERIOD]=ge:{first}%2Ble:{last}"
        where = f"{self.where} AND time_period BETWEEN '{first}' AND '{last}'"
        return Selection(self.data + term, self.availability + term, where)


class Selections:
    """Selections of one cube, one after the other."""

    def __init__(self, cube: Cube) -> None:
        self.cube = cube
        self._slices = itertools.product(
            range(len(cube.codes.get("CITIZENSHIP", ()))),
            *(cube.codes.get(name, ()) for name in ("REF_AREA", "AGE", "REASON")),
        )
        self._codes = {name: itertools.cycle(codes) for name, codes in cube.codes.items()}

    def by(self, *names: str) -> Selection:
        """All series of one code of each dimension named."""
        return self._select({name: (next(self._codes[name]),) for name in names})

    def slice(self) -> Selection:
        """102 series of the cube of months, selected by four dimensions."""
        begin, area, age, reason = next(self._slices)
        codes = self.cube.codes["CITIZENSHIP"]
        listed = sorted(codes[(begin + place) % len(codes)] for place in range(CITIZENSHIPS))
        return self._select(
            {"REF_AREA": (area,), "CITIZENSHIP": tuple(listed), "AGE": (age,), "REASON": (reason,)}
        )

    def whole(self) -> Selection:
        """All series."""
        return self._select({})

    def keys(self) -> Iterator[str]:
        """The address of each series."""
        return (f"{self._base('data')}/{'.'.join(key)}" for _, key in self.cube.series())

    def _select(self, codes: Mapping[str, tuple[str, ...]]) -> Selection:
        single = {name: listed[0] for name, listed in codes.items() if len(listed) == 1}
        several = {name: listed for name, listed in codes.items() if len(listed) > 1}
        key = ".".join(single.get(name, "*") for name in self.cube.dimensions)
        key = key if single else "*"
        terms = "&".join(f"c[{name}]={','.join(listed)}" for name, listed in several.items())
        where = [f"{name.lower()} = '{code}'" for name, code in single.items()]
        where += [
            f"{name.lower()} IN ({', '.join(repr(code) for code in listed)})"
            for name, listed in several.items()
        ]
        return Selection(
            f"{self._base('data')}/{key}?{terms}",
            f"{self._base('availability')}/{key}/{{}}?{terms}",
            " AND ".join(where) or "true",
        )

    def _base(self, resource: str) -> str:
        return f"/sdmx/v2/{resource}/dataflow/{AGENCY}/{self.cube.flow}/1.0.0"
