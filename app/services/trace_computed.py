"""From what a computed figure comes: its declaration, and queries for the figures behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from app.errors import InvalidArtefactError, VipmgError
from app.sdmx.aggregates.declarations import method_of, read_computation, source_of
from app.sdmx.aggregates.membership import due
from app.sdmx.artefacts import Artefact
from app.sdmx.mirrors.computed import cell_codes, pair_code
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery, PairPlan, SidePlan
from app.sdmx.time_period import parse_time_period
from app.services.plan_mirror import plan_mirror
from app.store.catalogue import Catalogue

METHOD: Final = "MIRROR"
PAIR: Final = "MIRROR_PAIR"
LAGGED: Final = "LAG"
"""Pairs that compare a period of the one side with others of the other."""


def trace_computed(
    catalogue: Catalogue, dataflow: str, key: Mapping[str, str], period: str, base_url: str
) -> dict[str, Any] | None:
    """Method, declaration and source of a computed figure; of a mirror both sides.

    Args:
        catalogue: the registry.
        dataflow: URN of the computed dataflow.
        key: codes by dimension.
        period: the time period.
        base_url: address of the service.
    """
    artefact = catalogue.snapshot.artefacts.get(dataflow)
    if artefact is None:
        return None
    told: dict[str, Any] = {
        "method": method_of(artefact),
        "source": None,
        "members": [],
        "declared": [
            {"id": one.get("id"), "value": one.get("value") or one.get("title")}
            for one in artefact.document.get("annotations", ())
            if one.get("type") == "COMPUTED"
        ],
        "links": {"source": None},
    }
    if told["method"] == METHOD:
        return told | _of_mirror(catalogue, key, period, base_url)
    return told | _of_sums(catalogue, artefact, key, period, base_url)


def _of_sums(
    catalogue: Catalogue, artefact: Artefact, key: Mapping[str, str], period: str, base_url: str
) -> dict[str, Any]:
    """The source of a total or a region, its members, and the query for just its figures."""
    artefacts = catalogue.snapshot.artefacts
    source = artefacts.get(source_of(artefact))
    if source is None:
        return {}
    address = f"{base_url}/sdmx/v2/data/dataflow/{source.agency}/{source.id}/{source.version}"
    told: dict[str, Any] = {"source": source.urn, "links": {"source": address}}
    try:
        computation = read_computation(artefact, artefacts, catalogue.flow)
    except InvalidArtefactError:
        return told
    codes = list(key.values())
    shared = computation.family
    asked = ".".join(code if place in shared else "*" for place, code in enumerate(codes))
    span = parse_time_period(period)
    listed = computation.groups.get(codes[computation.area], ())
    return told | {
        "members": due(listed, span.start_date, span.end_date),
        "links": {"source": f"{address}/{asked}?c[TIME_PERIOD]={quote(period)}"},
    }


def _of_mirror(
    catalogue: Catalogue, key: Mapping[str, str], period: str, base_url: str
) -> dict[str, Any]:
    """The pair, and the query for the figures of either side."""
    plan = _plan(catalogue, key.get(PAIR, ""))
    if plan is None:
        return {}
    cell = cell_codes(plan, key)
    shown = "" if plan.pair.time_rule == LAGGED else _within(period)
    own = plan.pair.short_urn.partition("(")[0]
    return {
        "pair": plan.pair.urn,
        "sides": [
            {
                "side": name,
                "dataflow": side.flow.urn,
                "links": {"source": _query(plan, side, cell, shown, base_url)},
            }
            for name, side in (("LEFT", plan.left), ("RIGHT", plan.right))
        ],
        "links": {"source": f"{base_url}/api/mirror/{own}?{_asked(cell)}"},
    }


def _plan(catalogue: Catalogue, code: str) -> PairPlan | None:
    for artefact in find_pair_sets(catalogue.snapshot.artefacts):
        try:
            pair = read_pair(artefact)
            if pair_code(pair) == code:
                return plan_mirror(catalogue, pair, CellQuery(), None).plan
        except VipmgError:
            continue  # a pair that cannot be used has no figures
    return None


def _query(
    plan: PairPlan, side: SidePlan, cell: Mapping[str, str], shown: str, base_url: str
) -> str:
    """The query for the series of a side that fall in a cell, parts of formulas included."""
    flow = side.flow
    computed = {place for place, _ in side.formulas}
    asked = dict(_filters(side, computed))
    for name, place in zip(plan.dimensions, side.places, strict=True):
        if place >= 0 and place not in computed and name in cell:
            asked[flow.dimensions[place].id] = cell[name]
    agency, _, rest = flow.short_urn.partition(":")
    resource, _, version = rest.rstrip(")").partition("(")
    address = f"{base_url}/sdmx/v2/data/dataflow/{agency}/{resource}/{version}/*"
    return f"{address}?{_asked({f'c[{name}]': codes for name, codes in asked.items()})}{shown}"


def _filters(side: SidePlan, computed: set[int]) -> Iterator[tuple[str, str]]:
    for name, codes in side.side.filters.items():
        if side.flow.position[name] not in computed:
            yield name, ",".join(codes)


def _asked(codes: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(code, safe=',')}" for name, code in codes.items())


def _within(period: str) -> str:
    """What lies in a period: years are compared with the months that they have, too."""
    return f"&c[TIME_PERIOD]=ge:{quote(period)}+le:{quote(period)}"
