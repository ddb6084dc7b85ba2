"""Writing a note on a cell of a mirror: by either party, kept for good, changing no figure."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from app.auth.rights import may_submit
from app.auth.subject import Subject
from app.errors import AgreedFigureError, NotAuthorisedError, QuerySemanticError
from app.models.mirror import WrittenNoteReply
from app.sdmx.mirrors.compare import ComparedSeries, Observation, compare_series
from app.sdmx.mirrors.notes import (
    Note,
    Parties,
    agreed_value,
    both_told,
    cell_name,
    may_be_negative,
    may_have_parts,
    note_key,
    standing_notes,
    told_notes,
)
from app.sdmx.mirrors.pair import MirrorPair
from app.sdmx.mirrors.plan import Cell, CellQuery
from app.sdmx.time_period import parse_time_period
from app.services.list_mirror_notes import describe_note
from app.services.mirror_parties import mirror_parties
from app.services.read_mirror import MirrorReading, read_mirror
from app.store import derived, mirrors
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

LISTED: Final = 5

_DECIMAL: Final = re.compile(r"-?(?:0|[1-9]\d{0,40})(?:\.\d{1,20})?")


@dataclass(frozen=True, slots=True)
class NoteOrder:
    """What a party says.

    Attributes:
        keeps_value: the figure that it named before stands on; `agreed_value` is then none.
    """

    cell: dict[str, str]
    period: str
    note: str | None
    agreed_value: str | None
    keeps_value: bool


async def write_mirror_note(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, order: NoteOrder
) -> WrittenNoteReply:
    """Keep what a party says of a cell, and tell whether both agree by now.

    A note is on what the public sees, so that it tells nothing of what is withheld.

    Raises:
        NotFoundError: there is no such pair.
        QuerySemanticError: it says nothing, or does not mean just one cell.
        NotAuthorisedError: the caller's organisation is no party of this cell.
        AgreedFigureError: it names a figure where the public does not see both values, or one
            below zero or with decimals where things are counted.
    """
    _check(order)
    day = parse_time_period(order.period)
    codes = {name: (code,) for name, code in order.cell.items()}
    query = CellQuery(codes, day.start_date, day.end_date, is_cell=True)
    reading = await read_mirror(pools, cache, named, query, None)
    one, seen = _only(reading, query, order.period)
    parties = mirror_parties(reading, one, seen)
    if not any(may_submit(subject, party) for side in parties for party in side):
        raise _no_party(subject, parties)
    plan = reading.planned.plan
    if order.agreed_value is not None:
        _check_figure(plan.pair, one, seen, order.agreed_value)
    note = Note(
        uuid.uuid4(),
        note_key(plan.pair.urn),
        cell_name(plan, one.cell, seen.period),
        subject.organisation,
        subject.client_id,
        order.note,
        order.agreed_value,
        dt.datetime.min.replace(tzinfo=dt.UTC),
    )
    written, standing = await _write(pools, note, keeps_value=order.keeps_value)
    agreed = agreed_value(told_notes(standing, seen.figures), parties)
    return WrittenNoteReply(
        **dict(describe_note(written, stands=True, agreed=agreed)),
        parties=sorted(parties[0] | parties[1]),
        agreed=_number(agreed),
    )


async def _write(pools: Pools, note: Note, *, keeps_value: bool) -> tuple[Note, dict[str, Note]]:
    async with pools.writer.acquire() as connection, connection.transaction():
        await mirrors.lock_notes(connection, note.pair)
        known = standing_notes(await mirrors.read_notes(connection, note.pair, note.cell))
        standing = known.get(note.cell, {})
        before = standing.get(note.organisation)
        if keeps_value and before is not None:
            note = replace(note, agreed_value=before.agreed_value)
        note = replace(note, written_at=await mirrors.add_note(connection, note))
        await derived.look_later(connection, f"mirror note {note.id}")
    return note, {**standing, note.organisation: note}


def _check(order: NoteOrder) -> None:
    if order.keeps_value and not order.note:
        raise QuerySemanticError(
            "There is neither a note nor an agreed figure.",
            "No hay ni nota ni cifra acordada.",
        )
    if order.agreed_value is not None and not _DECIMAL.fullmatch(order.agreed_value):
        raise QuerySemanticError(
            f"{order.agreed_value[:80]!r} is no decimal number, such as 1250 or 12.5.",
            f"{order.agreed_value[:80]!r} no es un número decimal, como 1250 o 12.5.",
        )


def _check_figure(pair: MirrorPair, one: ComparedSeries, seen: Observation, value: str) -> None:
    figures = seen.figures
    if not both_told(figures):
        raise AgreedFigureError(
            "A figure can be agreed on where both values are public. In this cell one is missing, "
            f"suppressed or not public ({figures.state}); a note without a figure is taken.",
            "Se puede acordar una cifra donde ambos valores son públicos. En esta celda uno falta, "
            f"está suprimido o no es público ({figures.state}); una nota sin cifra se admite.",
            reason="NOT_PUBLIC",
            state=figures.state,
        )
    if value.startswith("-") and Decimal(value) and not may_be_negative(pair, figures):
        raise AgreedFigureError(
            f"{value[:80]} cannot be agreed on: the values of {pair.short_urn} are never negative.",
            f"{value[:80]} no se puede acordar: los valores de {pair.short_urn} nunca son "
            "negativos.",
            reason="NEGATIVE",
        )
    if not may_have_parts(one, seen, value):
        raise AgreedFigureError(
            f"{value[:80]} cannot be agreed on: what both sides count in this cell are whole "
            "numbers.",
            f"{value[:80]} no se puede acordar: lo que ambos lados cuentan en esta celda son "
            "números enteros.",
            reason="NOT_WHOLE",
        )


def _only(
    reading: MirrorReading, query: CellQuery, period: str
) -> tuple[ComparedSeries, Observation]:
    """The one cell that is meant, in its period."""
    plan = reading.planned.plan
    found = [
        (one, seen)
        for one in compare_series(plan, reading.left, reading.right, query)
        for seen in one.observations
        if parse_time_period(seen.period).start == parse_time_period(period).start
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise QuerySemanticError(
            f"The pair has no figure in {period[:50]} with these codes.",
            f"El par no tiene ninguna cifra en {period[:50]} con estos códigos.",
        )
    varying = _varying([one.cell for one, _ in found], plan.dimensions)
    listed = "; ".join(varying)
    raise QuerySemanticError(
        f"{len(found)} cells have these codes; say which is meant: {listed}.",
        f"{len(found)} celdas tienen estos códigos; indique cuál: {listed}.",
        cells=len(found),
    )


def _varying(cells: list[Cell], dimensions: Iterable[str]) -> list[str]:
    """The dimensions that tell the cells apart, with some of their codes."""
    told = []
    for place, name in enumerate(dimensions):
        codes = sorted({cell[place] for cell in cells})
        if len(codes) > 1:
            told.append(f"{name} ({', '.join(codes[:LISTED])}{' ...' * (len(codes) > LISTED)})")
    return told


def _no_party(subject: Subject, parties: Parties) -> NotAuthorisedError:
    named = ", ".join(sorted(parties[0] | parties[1]))
    return NotAuthorisedError(
        f"{subject.organisation} is no party of this cell; those are {named}.",
        f"{subject.organisation} no es parte en esta celda; las partes son {named}.",
    )


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
