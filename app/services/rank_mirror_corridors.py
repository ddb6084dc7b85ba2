"""Corridors of a mirror pair, those on which the sides disagree most first."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from app.auth.subject import Subject
from app.sdmx.mirrors.compare import DIGITS
from app.sdmx.mirrors.corridors import Corridor, CorridorPage, find_corridors
from app.sdmx.mirrors.plan import CellQuery, PairPlan
from app.sdmx.mirrors.totals import SideTotal
from app.services.list_mirror_pairs import MIRROR_PATH
from app.services.mirror_words import AREAS, AreaNames, describe_pair, explain_nothing, tell_lags
from app.services.read_mirror import read_mirror
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

COLUMNS: Final = (
    *("rank", *AREAS, "apart", "left_sum", "right_sum", "gap", "ratio", "asymmetry"),
    *("periods", "first_period", "last_period", "correlation", "best_lag", "left_unit"),
    *("right_unit", "left_providers", "right_providers", "left_added", "right_added"),
    *("left_suppressed", "right_suppressed"),
)
BYTE_ORDER_MARK: Final = "\ufeff"


async def rank_mirror_corridors(
    pools: Pools,
    cache: CatalogueCache,
    named: str,
    query: CellQuery,
    page: CorridorPage,
    subject: Subject | None,
    *,
    language: str,
    as_table: bool,
    base_url: str,
) -> bytes:
    """The corridors of a pair, those that disagree most first, in JSON or CSV.

    Raises:
        NotFoundError: there is no such pair.
        InvalidArtefactError: the pair does not suit its dataflows.
        QueryMisfitError: the query names a dimension that the pair does not have.
        TooLargeError: a side has too many series.
    """
    reading = await read_mirror(pools, cache, named, query, subject)

    def write() -> bytes:
        plan = reading.planned.plan
        found = find_corridors(plan, reading.left, reading.right, query, page)
        names = AreaNames(plan, language)
        shown = list(enumerate(found.corridors, page.offset + 1))
        if as_table:
            return _table(shown, names)
        address = f"{base_url}{MIRROR_PATH}/{plan.pair.short_urn}"
        return orjson.dumps(
            {
                "pair": describe_pair(reading.pair, language),
                "order": page.order,
                "minimum": page.at_least,
                "total": found.total,
                "one_sided": {"left": found.left_alone, "right": found.right_alone},
                "offset": page.offset,
                "limit": page.limit,
                "lag": query.lag,
                "reason": None if found.total else explain_nothing(reading, language),
                "corridors": [_told(plan, rank, one, names, address) for rank, one in shown],
            }
        )

    return await asyncio.to_thread(write)


def _told(
    plan: PairPlan, rank: int, one: Corridor, names: AreaNames, address: str
) -> dict[str, Any]:
    return {
        "rank": rank,
        **dict(zip(AREAS, _areas(one, names), strict=True)),
        "apart": one.apart,
        "left": _side(one.left, one.left_sum, one.left_providers),
        "right": _side(one.right, one.right_sum, one.right_providers),
        "gap": _plain(one.left_sum - one.right_sum),
        "ratio": _ratio(one),
        "asymmetry": one.asymmetry,
        "periods": one.periods,
        "first_period": one.first_period,
        "last_period": one.last_period,
        "correlation": one.lags[0].correlation if one.lags else None,
        "lags": tell_lags(one.lags),
        "best_lag": one.best_lag,
        "cells": f"{address}?{urlencode(_codes(plan, one))}",
    }


def _areas(one: Corridor, names: AreaNames) -> tuple[str, ...]:
    first, second = one.areas
    return first, names.first(first), second, names.second(second)


def _ratio(one: Corridor) -> float | None:
    return round(one.right_sum / one.left_sum, DIGITS) if one.left_sum else None


def _codes(plan: PairPlan, one: Corridor) -> dict[str, str]:
    """The codes with which the cells of a corridor are asked for."""
    places = zip((plan.first, plan.second), one.areas, strict=True)
    areas = {plan.dimensions[place]: code for place, code in places if isinstance(place, int)}
    return {**areas, **one.apart}


def _side(side: SideTotal, total: float, providers: tuple[str, ...]) -> dict[str, Any]:
    return {
        "sum": _plain(total),
        "unit": side.unit or None,
        "providers": list(providers),
        "added": list(side.added),
        "suppressed": side.suppressed,
    }


def _table(shown: list[tuple[int, Corridor]], names: AreaNames) -> bytes:
    table = io.StringIO(newline="")
    table.write(BYTE_ORDER_MARK)
    writer = csv.writer(table)
    writer.writerow(COLUMNS)
    for rank, one in shown:
        left, right = one.left, one.right
        writer.writerow(
            [
                rank,
                *_areas(one, names),
                " ".join(f"{name}:{code}" for name, code in one.apart.items()),
                _plain(one.left_sum),
                _plain(one.right_sum),
                _plain(one.left_sum - one.right_sum),
                _ratio(one),
                one.asymmetry,
                one.periods,
                one.first_period,
                one.last_period,
                one.lags[0].correlation if one.lags else None,
                one.best_lag,
                left.unit,
                right.unit,
                *(" ".join(names) for names in (one.left_providers, one.right_providers)),
                *(" ".join(names) for names in (left.added, right.added)),
                *(left.suppressed, right.suppressed),
            ]
        )
    return table.getvalue().encode()


def _plain(value: float) -> float | int:
    """A whole number without a decimal point, as most of these are."""
    return int(value) if value.is_integer() else round(value, 6)
