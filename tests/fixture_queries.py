"""Data queries on the bundle: what they ask as text, and what they have to give.

The answers are worked out from `tests.fixture_model` by the rules of SDMX-REST 2.2 (data,
filters, time frames), without the service.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fixture_model import Key, Row, Shape, canonical, rows_of, shapes

TIME = "TIME_PERIOD"
START_DAY = "REPORTING_YEAR_START_DAY"

# -- time -------------------------------------------------------------------------------------

_DAY = dt.timedelta(days=1)
_PARTS = {"A": 1, "S": 2, "T": 3, "Q": 4, "M": 12}


def frame(period: str, start_day: str = "--01-01") -> tuple[dt.date, dt.date]:
    """The first and the last day of a period."""
    if re.fullmatch(r"\d{4}", period):
        return dt.date(int(period), 1, 1), dt.date(int(period), 12, 31)
    if found := re.fullmatch(r"(\d{4})-(\d{2})", period):
        first = dt.date(int(found[1]), int(found[2]), 1)
        return first, _months_later(first, 1) - _DAY
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", period):
        return dt.date.fromisoformat(period), dt.date.fromisoformat(period)
    found = re.fullmatch(r"(\d{4})-([ASTQMWD])(\d+)", period)
    assert found is not None, period
    year = dt.date(int(found[1]), int(start_day[2:4]), int(start_day[5:7]))
    kind, number = found[2], int(found[3])
    if kind == "D":
        return year + (number - 1) * _DAY, year + (number - 1) * _DAY
    if kind == "W":
        # Week 1 is the first with most of its days, Monday to Sunday, in the year.
        monday = year - year.weekday() * _DAY + (7 * _DAY if year.weekday() > 3 else 0 * _DAY)
        return monday + (number - 1) * 7 * _DAY, monday + (number * 7 - 1) * _DAY
    months = 12 // _PARTS[kind]
    first = _months_later(year, (number - 1) * months)
    return first, _months_later(first, months) - _DAY


def _months_later(day: dt.date, months: int) -> dt.date:
    place = day.year * 12 + day.month - 1 + months
    return dt.date(place // 12, place % 12 + 1, day.day)


def within(operator: str, period: str, asked: str, start_day: str) -> bool:
    """Whether a period meets a condition, both in the reporting year of the data."""
    first, last = frame(period, start_day)
    asked_first, asked_last = frame(asked, start_day)
    return {
        "gt": first > asked_last,
        "ge": first >= asked_first,
        "lt": last < asked_first,
        "le": last <= asked_last,
        "eq": first >= asked_first and last <= asked_last,
    }[operator]


# -- queries ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Filter:
    """A filter: any of the alternatives, all conditions of which hold."""

    component: str
    alternatives: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def text(self) -> str:
        """As in a query string."""
        parts = (
            "+".join(value if op == "" else f"{op}:{value}" for op, value in conditions)
            for conditions in self.alternatives
        )
        return f"c[{self.component}]={quote(','.join(parts), safe=':+,')}"

    def holds(self, value: Any, start_day: str) -> bool:
        """Whether a value of the component is taken."""
        return any(
            all(self._meets(operator, asked, value, start_day) for operator, asked in conditions)
            for conditions in self.alternatives
        )

    def _meets(self, operator: str, asked: str, value: Any, start_day: str) -> bool:
        if value is None:
            return False
        if self.component == TIME:
            return within(operator or "eq", value, asked, start_day)
        if isinstance(value, list):
            return asked in value
        if operator == "ne":
            return bool(value != asked)
        if operator in ("", "eq"):
            return bool(value == asked)
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return False
        mine, theirs = float(value), float(asked)
        return {
            "lt": mine < theirs,
            "le": mine <= theirs,
            "gt": mine > theirs,
            "ge": mine >= theirs,
        }[operator]


@dataclass(frozen=True)
class Query:
    """A data query on one dataflow or on one of its agreements."""

    shape: Shape
    agreement: str | None
    keys: tuple[tuple[str | None, ...], ...] = ()
    filters: tuple[Filter, ...] = ()
    attributes: tuple[str, ...] = ("dsd",)
    measures: tuple[str, ...] = ("all",)
    at_observation: str | None = None
    first: int | None = None
    last: int | None = None
    until: str = "99"

    @property
    def path(self) -> str:
        """The path of SDMX-REST 2.2 with its query string, but for `asOf`."""
        context = "dataflow" if self.agreement is None else "provisionagreement"
        agency, rest = (self.agreement or self.shape.urn).split(":")
        name, version = rest.rstrip(")").split("(")
        keys = ",".join(".".join(code or "*" for code in key) for key in self.keys) or "*"
        return _url(f"/sdmx/v2/data/{context}/{agency}/{name}/{version}/{keys}", self._parameters())

    def _parameters(self) -> list[str]:
        found = [each.text for each in self.filters]
        if self.attributes != ("dsd",):
            found.append(f"attributes={','.join(self.attributes)}")
        if self.measures != ("all",):
            found.append(f"measures={','.join(self.measures)}")
        if self.at_observation:
            found.append(f"dimensionAtObservation={self.at_observation}")
        if self.first:
            found.append(f"firstNObservations={self.first}")
        if self.last:
            found.append(f"lastNObservations={self.last}")
        return found

    @property
    def shown(self) -> frozenset[str]:
        """The measures and attributes that the reply shows."""
        found = set()
        for part in self.shape.parts.values():
            if part.measure:
                taken = "all" in self.measures or part.id in self.measures
            else:
                level = (
                    "obs" if part.dimensions is None else "series" if part.dimensions else "dataset"
                )
                own = {"msd"} if part.metadata else {"dsd", level}
                asked = {name.rpartition(".")[2] for name in self.attributes}
                taken = bool({"all", part.id, *own} & asked)
            if taken:
                found.add(part.id)
        return frozenset(found)

    @property
    def shows_observations(self) -> bool:
        """Whether something of the observation itself is shown."""
        parts = (self.shape.parts[name] for name in self.shown)
        return any(part.measure or part.dimensions is None for part in parts)

    def answer(self) -> dict[Key, Row]:
        """The observations of the reply, with what is shown of each."""
        agreements = self.shape.agreements if self.agreement is None else (self.agreement,)
        found: dict[Key, Row] = {}
        for agreement in agreements:
            for key, row in rows_of(agreement, self.until).items():
                if self._takes(key, row):
                    found[key] = row
        found = self._nearest(found)
        return {
            key: {name: row[name] for name in row if name in self.shown}
            for key, row in found.items()
        }

    def _takes(self, key: Key, row: Row) -> bool:
        codes = dict(zip(self.shape.every_dimension, key, strict=True))
        if self.keys and not any(
            all(code in (None, mine) for code, mine in zip(asked, key, strict=False))
            for asked in self.keys
        ):
            return False
        start_day = row.get(START_DAY, "--01-01")
        return all(
            each.holds((codes | row).get(each.component), start_day) for each in self.filters
        )

    def _nearest(self, rows: dict[Key, Row]) -> dict[Key, Row]:
        if self.first is None and self.last is None:
            return rows
        kept: dict[Key, Row] = {}
        if self.shape.time is None:
            return rows
        for _, members in groupby(sorted(rows), key=lambda key: key[:-1]):
            ordered = sorted(
                members, key=lambda key: frame(key[-1], rows[key].get(START_DAY, "--01-01"))
            )
            first = ordered[: self.first] if self.first else []
            last = ordered[-self.last :] if self.last else []
            kept |= {key: rows[key] for key in (*first, *last)}
        return kept


def _url(path: str, parameters: Sequence[str]) -> str:
    return f"{path}?{'&'.join(parameters)}" if parameters else path


# -- generation -------------------------------------------------------------------------------

UNKNOWN = "NOT_A_CODE"


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Queries that are right, though they may find nothing."""
    shape = draw(st.sampled_from([shapes()[name] for name in sorted(shapes())]))
    agreement = draw(st.sampled_from((None, None, *shape.agreements)))
    held = sorted(key for each in shape.agreements for key in rows_of(each))
    return Query(
        shape,
        agreement,
        draw(_keys(shape, held)),
        draw(_filters(shape, held)),
        draw(_attributes(shape)),
        draw(_measures(shape)),
        draw(st.sampled_from((None, None, "AllDimensions", *shape.every_dimension))),
        draw(st.sampled_from((None, None, None, 1, 2))),
        draw(st.sampled_from((None, None, None, 1, 3))),
    )


def _keys(
    shape: Shape, held: Sequence[Key]
) -> st.SearchStrategy[tuple[tuple[str | None, ...], ...]]:
    width = len(shape.dimensions)

    @st.composite
    def key(draw: st.DrawFn) -> tuple[str | None, ...]:
        whole = draw(st.sampled_from(held))[:width]
        length = draw(st.integers(1, width))
        picks = draw(st.lists(st.sampled_from("=*?="), min_size=length, max_size=length))
        signs = {"*": None, "?": UNKNOWN}
        return tuple(
            code if pick == "=" else signs[pick] for code, pick in zip(whole, picks, strict=False)
        )

    return st.one_of(st.just(()), st.lists(key(), min_size=1, max_size=3).map(tuple))


def _filters(shape: Shape, held: Sequence[Key]) -> st.SearchStrategy[tuple[Filter, ...]]:
    single = [_codes_of(shape, place, held) for place in range(len(shape.dimensions))]
    if shape.time:
        years = st.sampled_from(("2020", "2021", "2022", "2023", "2024", "2023-04", "2023-Q2"))
        operators = st.sampled_from(("ge", "le", "gt", "lt", "eq"))
        conditions = st.lists(st.tuples(operators, years), min_size=1, max_size=2).map(tuple)
        single.append(st.builds(lambda c: Filter(TIME, (c,)), conditions))
    if "OBS_STATUS" in shape.parts:
        statuses = st.lists(st.sampled_from("AEOP"), min_size=1, max_size=2, unique=True)
        single.append(statuses.map(lambda found: Filter("OBS_STATUS", _any_of(found))))
        single.append(st.just(Filter("OBS_STATUS", ((("ne", "A"), ("ne", "E")),))))
    if "OBS_VALUE" in shape.parts:
        numbers = st.sampled_from(("0", "11", "100.5", "900", "1000"))
        operators = st.sampled_from(("ge", "le", "gt", "lt"))
        single.append(
            st.builds(lambda op, n: Filter("OBS_VALUE", (((op, n),),)), operators, numbers)
        )
    if "SOURCES" in shape.parts:
        single.append(st.just(Filter("SOURCES", ((("", "CENSUS"),),))))
    return st.lists(st.one_of(single), max_size=2, unique_by=lambda each: each.component).map(tuple)


def _codes_of(shape: Shape, place: int, held: Sequence[Key]) -> st.SearchStrategy[Filter]:
    codes = sorted({key[place] for key in held})
    chosen = st.lists(st.sampled_from([*codes, UNKNOWN]), min_size=1, max_size=3, unique=True)
    name = shape.dimensions[place]
    return chosen.map(lambda found: Filter(name, _any_of(found)))


def _any_of(codes: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], ...]:
    return tuple((("", code),) for code in codes)


def _attributes(shape: Shape) -> st.SearchStrategy[tuple[str, ...]]:
    ids = sorted(part.id for part in shape.parts.values() if not part.measure and not part.metadata)
    named = st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True).map(tuple)
    levels = st.sampled_from(
        (("dsd",), ("dsd",), ("none",), ("dataset",), ("series",), ("obs",), ("msd",), ("all",))
    )
    return st.one_of(levels, named)


def _measures(shape: Shape) -> st.SearchStrategy[tuple[str, ...]]:
    ids = sorted(part.id for part in shape.parts.values() if part.measure)
    named = st.lists(st.sampled_from(ids), min_size=1, max_size=2, unique=True).map(tuple)
    return st.one_of(st.sampled_from((("all",), ("all",), ("none",))), named)


def comparable(row: Row, shape: Shape) -> Row:
    """A row with its values as they mean the same in every format."""
    return {name: canonical(shape.parts.get(name), value) for name, value in row.items()}
