"""Emptying the notes on cells of mirrors that redacted figures fall in."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

from app.errors import VipmgError
from app.sdmx.mirrors.cells import cells_of
from app.sdmx.mirrors.notes import note_key
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.sdmx.mirrors.plan import CellQuery, PairPlan
from app.sdmx.redacted_cells import Taken
from app.sdmx.series import TIME
from app.sdmx.time_period import parse_time_period
from app.services.plan_mirror import PlannedMirror, plan_mirror
from app.store import mirrors, redacted_texts
from app.store.catalogue import Catalogue
from app.store.types import Connection

LAGGED = "LAG"
"""The rule of pairs that compare different periods of both sides."""


async def redact_notes(
    connection: Connection, catalogue: Catalogue, agreement: int, taken: Taken
) -> None:
    """Empty the notes on cells that what was taken out of an agreement falls in."""
    for planned in _plans(catalogue):
        cells = set(_cells(planned, agreement, taken))
        if not cells:
            continue
        key = note_key(planned.plan.pair.urn)
        notes = await mirrors.read_notes(connection, key, None, None)
        quoting: list[uuid.UUID] = []
        for note in notes:
            named = dict(part.split("=", 1) for part in note.cell)
            period = named.pop(TIME, "")
            if frozenset(named.items()) in cells and _meets(planned.plan, period, taken):
                quoting.append(note.id)
        await redacted_texts.empty_notes(connection, quoting)


def _plans(catalogue: Catalogue) -> Iterator[PlannedMirror]:
    """The pairs that can be compared; of no other is anything computed."""
    for artefact in find_pair_sets(catalogue.snapshot.artefacts):
        with contextlib.suppress(VipmgError):
            yield plan_mirror(catalogue, read_pair(artefact), CellQuery(), None)


def _cells(
    planned: PlannedMirror, agreement: int, taken: Taken
) -> Iterator[frozenset[tuple[str, str]]]:
    """The cells, by dimension and code, that series of the agreement fall in."""
    plan = planned.plan
    for source, side in ((planned.left, plan.left), (planned.right, plan.right)):
        if agreement not in source.agreements:
            continue
        for key in taken.keys:
            codes = tuple(code for code in key if code is not None)
            if len(codes) == len(key):
                for cell in cells_of(side, codes):
                    yield frozenset(zip(plan.dimensions, cell, strict=True))


def _meets(plan: PairPlan, period: str, taken: Taken) -> bool:
    """Whether a period of a cell has any of the periods in it; of lagged pairs any has."""
    if plan.pair.time_rule == LAGGED or period in taken.periods:
        return True
    span = parse_time_period(period)
    for time in taken.periods:
        one = parse_time_period(time)
        if one.start <= span.end and span.start <= one.end:
            return True
    return False
