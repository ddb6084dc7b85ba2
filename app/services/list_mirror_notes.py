"""The history of what parties said of the cells of a mirror pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from app.errors import InvalidArtefactError, QueryMisfitError, TooLargeError
from app.models.mirror import KeptNoteReply, MirrorNoteList
from app.sdmx.mirrors.compare import compare_series
from app.sdmx.mirrors.notes import (
    Note,
    agreed_value,
    both_told,
    cell_name,
    note_key,
    standing_notes,
)
from app.sdmx.mirrors.pair import MirrorPair
from app.sdmx.mirrors.plan import CellQuery
from app.sdmx.series import TIME
from app.services.find_mirror_pair import find_mirror_pair
from app.services.mirror_parties import mirror_parties
from app.services.plan_mirror import plan_mirror
from app.services.read_mirror import read_planned
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.mirrors import read_notes
from app.store.pools import Pools, with_retry
from app.store.snapshots import snapshot
from app.store.types import Connection

_Cell: TypeAlias = tuple[str, ...]


async def list_mirror_notes(
    pools: Pools,
    cache: CatalogueCache,
    named: str,
    codes: Mapping[str, str],
    page: tuple[int, int],
) -> MirrorNoteList:
    """The notes on a pair, or on the cells that have these codes, the last first.

    A figure is told where the public sees both values of its cell, as beside the values.

    Args:
        pools: of the database.
        cache: of the registry.
        named: the pair.
        codes: by dimension as the left side names it; the period is TIME_PERIOD.
        page: how many are left out, and how many are told at most.

    Raises:
        NotFoundError: there is no such pair.
    """
    asked = [f"{name}={code}" for name, code in codes.items()]
    offset, limit = page

    async def read() -> MirrorNoteList:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
        pair = find_mirror_pair(catalogue, named)
        async with snapshot(pools, None) as connection:
            found = await read_notes(connection, note_key(pair.urn), asked)
            shown = found[offset : offset + limit]
            standing = standing_notes(found)
            agreed = await _agreed(connection, catalogue, pair, shown, standing)
        return MirrorNoteList(
            pair=pair.short_urn,
            total=len(found),
            offset=offset,
            limit=limit,
            notes=[
                describe_note(
                    note if note.cell in agreed else note.without_value(),
                    stands=standing[note.cell][note.organisation] is note,
                    agreed=agreed.get(note.cell),
                )
                for note in shown
            ],
        )

    return await with_retry(read)


def describe_note(note: Note, *, stands: bool, agreed: str | None) -> KeptNoteReply:
    """A note with the cell that it is on; `agreed`: the figure that both parties agree on now."""
    cell = dict(part.split("=", 1) for part in note.cell)
    period = cell.pop(TIME)
    return KeptNoteReply(
        id=str(note.id),
        cell=cell,
        period=period,
        organisation=note.organisation,
        note=note.note,
        agreed_value=None if note.agreed_value is None else float(note.agreed_value),
        hides_value=note.hides_value,
        written_at=note.written_at,
        stands=stands,
        is_agreed=stands and agreed is not None and _is_same(note.agreed_value, agreed),
    )


def _is_same(figure: str | None, other: str) -> bool:
    return figure is not None and Decimal(figure) == Decimal(other)


async def _agreed(
    connection: Connection,
    catalogue: Catalogue,
    pair: MirrorPair,
    notes: Sequence[Note],
    standing: Mapping[_Cell, Mapping[str, Note]],
) -> dict[_Cell, str | None]:
    """The cells of which the public sees both values now, with what is agreed on in each.

    Only cells are looked at on which a note names a figure.
    """
    cells = {note.cell for note in notes if note.agreed_value is not None}
    if not cells:
        return {}
    try:
        plan = plan_mirror(catalogue, pair, CellQuery(), None).plan
        codes = _codes(cells, plan.dimensions)
        planned = plan_mirror(catalogue, pair, CellQuery(codes, is_cell=True), None)
        reading = await read_planned(connection, catalogue, planned)
    except (InvalidArtefactError, QueryMisfitError, TooLargeError):
        return {}  # the pair is not to be compared any more, and nobody sees its cells
    common = reading.left.keys() & reading.right.keys()
    compared = compare_series(plan, reading.left, reading.right, CellQuery(), sorted(common))
    return {
        name: agreed_value(standing[name], mirror_parties(reading, one, seen))
        for one in compared
        for seen in one.observations
        if both_told(seen.figures) and (name := cell_name(plan, one.cell, seen.period)) in cells
    }


def _codes(cells: set[_Cell], dimensions: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The codes of cells by dimension."""
    found: dict[str, set[str]] = {name: set() for name in dimensions}
    for cell in cells:
        for part in cell:
            name, code = part.split("=", 1)
            if name in found:
                found[name].add(code)
    return {name: tuple(sorted(codes)) for name, codes in found.items() if codes}
