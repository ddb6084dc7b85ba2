"""Sides of mirror pairs, authored: rows of the shared dataflows, and the pairs put to them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.mirrors.cells import SideCells, StoredSeries, collect_cells
from app.sdmx.mirrors.compare import ComparedSeries, Figures, compare_series
from app.sdmx.mirrors.pair import MirrorPair, find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery, PairPlan, SidePlan, plan_pair
from app.services.publish_structures import read_structure_files

CODELISTS = Path(__file__).parents[2] / "codelists"
NOW = ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS")
Row = Mapping[str, str]


@cache
def shared() -> ArtefactSet:
    """The shared structures."""
    return ArtefactSet(read_structure_files([CODELISTS]))


@cache
def pairs() -> dict[str, MirrorPair]:
    """The delivered pairs by id."""
    return {one.id: read_pair(one) for one in find_pair_sets(shared())}


def declared(identity: str) -> Artefact:
    """The declaration of a delivered pair."""
    [found] = [one for one in find_pair_sets(shared()) if one.id == identity]
    return found


@cache
def flow(urn: str) -> Flow:
    """A dataflow."""
    return resolve_flow(shared(), urn)


def planned(pair: MirrorPair | str, query: CellQuery | None = None) -> PairPlan:
    """A pair, put to its dataflows."""
    one = pairs()[pair] if isinstance(pair, str) else pair
    return plan_pair(one, flow(one.left.dataflow), flow(one.right.dataflow), query or CellQuery())


def row(period: str, value: str | None, **codes: str) -> Row:
    """A row: totals where nothing is said; a suppressed value is `-`, a missing one None."""
    said = {"OBS_STATUS": "A", "CONF_STATUS": "F"}
    if value == "-":
        value, said = None, {"OBS_STATUS": "Q", "CONF_STATUS": "A"}
    elif value is None:
        said["OBS_STATUS"] = "O"
    told = {"FREQ": "M", "TIME_PERIOD": period, **said, **codes}
    return told if value is None else {**told, "OBS_VALUE": value}


def side(plan: SidePlan, rows: Iterable[Row], agreement: int = 1) -> list[StoredSeries]:
    """Rows as the store gives the series that a side reads."""
    documents: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for one in rows:
        key = tuple(one.get(each.id, "_T") for each in plan.flow.dimensions)
        documents[key].append(one)
    found = []
    for key, listed in documents.items():
        listed = sorted(listed, key=lambda each: each["TIME_PERIOD"])
        document = {"TIME_PERIOD": [each["TIME_PERIOD"] for each in listed]} | {
            name: [each.get(name) for each in listed] for name in NOW
        }
        attributes = {"UNIT_MULT": listed[0].get("UNIT_MULT", "0")}
        if plan.selection.matches(key):
            found.append(StoredSeries(agreement, key, json.dumps(document), json.dumps(attributes)))
    return found


def cells(plan: SidePlan, rows: Iterable[Row], provider: str = "TST_STAT") -> SideCells:
    """The cells of a side that one provider reports."""
    return collect_cells(plan, side(plan, rows), {1: provider})


def compared(
    pair: str | MirrorPair,
    left: Iterable[Row],
    right: Iterable[Row],
    query: CellQuery | None = None,
) -> list[ComparedSeries]:
    """The comparison of two sides."""
    query = query or CellQuery()
    plan = planned(pair, query)
    ours, theirs = cells(plan.left, left), cells(plan.right, right)
    return list(compare_series(plan, ours, theirs, query))


def figures(one: ComparedSeries) -> list[tuple[str, Figures]]:
    """The figures of a series with their periods."""
    return [(seen.period, seen.figures) for seen in one.observations]


def told(found: Iterable[ComparedSeries]) -> dict[str, tuple[str, str | None, str | None]]:
    """State and both values by period, of one series."""
    [one] = found
    return {period: (f.state, f.left, f.right) for period, f in figures(one)}
