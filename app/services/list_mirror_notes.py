"""The history of what parties said of the cells of a mirror pair."""

from __future__ import annotations

from collections.abc import Mapping

from app.models.mirror import KeptNoteReply, MirrorNoteList
from app.sdmx.mirrors.notes import Note, note_key
from app.sdmx.series import TIME
from app.services.find_mirror_pair import find_mirror_pair
from app.store.catalogue import CatalogueCache
from app.store.mirrors import read_notes
from app.store.pools import Pools, with_retry


async def list_mirror_notes(
    pools: Pools, cache: CatalogueCache, named: str, codes: Mapping[str, str], limit: int
) -> MirrorNoteList:
    """All notes on a pair, or on the cells that have these codes, the last first.

    Codes are by dimension as the left side names it; the period is TIME_PERIOD.

    Raises:
        NotFoundError: there is no such pair.
    """
    asked = [f"{name}={code}" for name, code in codes.items()]

    async def read() -> MirrorNoteList:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
            pair = find_mirror_pair(catalogue, named)
            found = await read_notes(connection, note_key(pair.urn), asked)
        seen: set[tuple[tuple[str, ...], str]] = set()
        told = []
        for note in found:
            told.append(describe_note(note, stands=(note.cell, note.organisation) not in seen))
            seen.add((note.cell, note.organisation))
        return MirrorNoteList(pair=pair.short_urn, notes=told[:limit])

    return await with_retry(read)


def describe_note(note: Note, *, stands: bool) -> KeptNoteReply:
    """A note with the cell that it is on."""
    cell = dict(part.split("=", 1) for part in note.cell)
    period = cell.pop(TIME)
    return KeptNoteReply(
        id=str(note.id),
        cell=cell,
        period=period,
        organisation=note.organisation,
        note=note.note,
        agreed_value=None if note.agreed_value is None else float(note.agreed_value),
        written_at=note.written_at,
        stands=stands,
    )
