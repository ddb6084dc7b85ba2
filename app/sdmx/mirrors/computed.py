"""The comparison of a cell as a series of the dataflow of mirrors, `VIPMG:DF_MIRROR`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.sdmx.computed_series import Computed
from app.sdmx.mirrors.cells import SideSeries
from app.sdmx.mirrors.compare import DIGITS, ComparedSeries, Observation, State
from app.sdmx.mirrors.lags import best_lag, correlate
from app.sdmx.mirrors.notes import Note, Parties, agreed_value, cell_name, told_notes
from app.sdmx.mirrors.pair import AGENCY, UNIT, MirrorPair
from app.sdmx.mirrors.plan import TOTALS, YEAR, Cell, PairPlan
from app.sdmx.series import TIME, Document, compact
from app.sdmx.slices import Key
from app.sdmx.urn import parse_urn

PLAIN: Final = ("CITIZENSHIP", "SEX", "AGE")
"""Dimensions of a cell that the dataflow of mirrors has under the same name."""

TOTAL, NOT_APPLICABLE = TOTALS

_STATUS: Final[Mapping[State, str]] = {
    "COMPARED": "A",
    "BOTH_ZERO": "A",
    "NOT_DEFINED": "A",
    "LEFT_MISSING": "O",
    "RIGHT_MISSING": "O",
    "BOTH_MISSING": "O",
    "LEFT_SUPPRESSED": "Q",
    "RIGHT_SUPPRESSED": "Q",
    "BOTH_SUPPRESSED": "Q",
}
"""The observation status of each state."""

_Standing = Mapping[tuple[str, ...], Mapping[str, Note]]
_WhoMaySpeak = Callable[[Observation], Parties]


def pair_code(pair: MirrorPair) -> str:
    """What the dataflow of mirrors calls a pair: its id, that of another agency with the agency."""
    agency = parse_urn(pair.urn).agency
    return pair.id if agency == AGENCY else f"{agency.replace('.', '@')}@{pair.id}"


def mirror_key(plan: PairPlan, cell: Cell) -> Key:
    """The key of a cell in the dataflow of mirrors.

    Codes of dimensions that it does not have stand in DETAIL, but for totals.
    """
    codes = dict(zip(plan.dimensions, cell, strict=True))
    first, second = plan.areas(cell)
    told = {"FREQ", *PLAIN}
    places = [place for place in (plan.first, plan.second) if isinstance(place, int)]
    told |= {plan.dimensions[place] for place in places}
    if isinstance(plan.second, int) and plan.dimensions[plan.second] in PLAIN:
        second = NOT_APPLICABLE
    detail = [
        f"{name}@{code}" for name, code in codes.items() if name not in told and code not in TOTALS
    ]
    return (
        codes.get("FREQ", YEAR),
        pair_code(plan.pair),
        first,
        second,
        *(codes.get(name, TOTAL) for name in PLAIN),
        "$".join(detail) or TOTAL,
    )


def cell_codes(plan: PairPlan, key: Mapping[str, str]) -> dict[str, str]:
    """The codes of a cell by dimension of its pair, from a key of the dataflow of mirrors.

    Totals that the key does not tell are left out.
    """
    told = {name: code for name, code in key.items() if name in {"FREQ", *PLAIN}}
    for place, name in ((plan.first, "REF_AREA"), (plan.second, "COUNTERPART_AREA")):
        if isinstance(place, int) and plan.dimensions[place] not in told:
            told[plan.dimensions[place]] = key[name]
    for part in key["DETAIL"].split("$"):
        name, at, code = part.partition("@")
        if at:
            told[name] = code
    return {name: told[name] for name in plan.dimensions if name in told}


def computed_series(
    plan: PairPlan, one: ComparedSeries, standing: _Standing, parties: _WhoMaySpeak
) -> Computed:
    """A compared series as it is published; `parties` tells who may speak of a period."""
    rows = [_row(plan, one, seen, standing, parties) for seen in one.observations]
    names = dict.fromkeys(name for row in rows for name in row)
    document: Document = {name: [row.get(name) for row in rows] for name in names}
    return Computed(mirror_key(plan, one.cell), compact(document), _attributes(plan, one))


def _row(
    plan: PairPlan,
    one: ComparedSeries,
    seen: Observation,
    standing: _Standing,
    parties: _WhoMaySpeak,
) -> dict[str, Any]:
    figures = seen.figures
    said = standing.get(cell_name(plan, one.cell, seen.period), {}) if standing else {}
    row: dict[str, Any] = {
        TIME: seen.period,
        "ASYMMETRY": _decimal(figures.asymmetry),
        "LEFT_VALUE": figures.left,
        "RIGHT_VALUE": figures.right,
        "GAP": figures.gap,
        "RATIO": _decimal(figures.ratio),
        "LEFT_PROVIDER": seen.left and seen.left.provider,
        "RIGHT_PROVIDER": seen.right and seen.right.provider,
        "OBS_STATUS": _STATUS[figures.state],
        "CONF_STATUS": "F",
        "MIRROR_STATE": figures.state,
    }
    if said:
        row["AGREED_VALUE"] = agreed_value(told_notes(said, figures), parties(seen))
        row["COMMENT_OBS"] = _comment(said)
    return row


def _comment(said: Mapping[str, Note]) -> dict[str, str] | None:
    """What parties noted, in their own words, whatever the language of the reader."""
    noted = [f"{name}: {note.note}" for name, note in sorted(said.items()) if note.note]
    text = " / ".join(noted)
    return {"en": text, "es": text} if text else None


def _attributes(plan: PairPlan, one: ComparedSeries) -> dict[str, Any]:
    told = {"UNIT_MULT": str(one.multiplier)}
    for name, side in (("LEFT", one.left), ("RIGHT", one.right)):
        if side is not None:
            unit = _unit(plan, one, side)
            if unit:
                told[f"{name}_UNIT"] = unit
    if plan.pair.time_rule == "LAG":
        lags = correlate(_numbers(one, "left"), _numbers(one, "right"), plan.pair.lags)
        best = best_lag(lags)
        if best is not None:
            told["BEST_LAG"] = str(best)
            known = [each for each in lags if each.correlation is not None]
            told["LAG_CORRELATION"] = " ".join(
                f"{each.lag}:{_decimal(each.correlation)}" for each in known
            )
    return told


def _unit(plan: PairPlan, one: ComparedSeries, side: SideSeries) -> str:
    if UNIT in plan.dimensions:
        return one.cell[plan.dimensions.index(UNIT)]
    return side.unit


def _numbers(one: ComparedSeries, side: str) -> dict[str, float]:
    values = ((seen.period, getattr(seen.figures, side)) for seen in one.observations)
    return {period: float(value) for period, value in values if value is not None}


def _decimal(value: float | None) -> str | None:
    """A rounded figure as decimal text."""
    if value is None:
        return None
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text
