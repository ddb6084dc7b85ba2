"""Correcting a file from its report, without sending it again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from app.auth.subject import Subject
from app.errors import ConflictError, QuerySemanticError
from app.sdmx.corrections import Correction
from app.services.check_provider import check_provider
from app.services.get_submission import find_submission
from app.services.take_submission import check_overtaken, take_submission
from app.store.pools import Pools
from app.store.submissions import Arrival, StoredSubmission

MOST_CORRECTIONS: Final = 20_000
"""Corrections of one file, those of its parents included."""


async def correct_submission(
    pools: Pools,
    subject: Subject,
    submission: str,
    corrections: Sequence[Correction],
    *,
    idempotency_key: str | None,
    validate_only: bool,
    again: bool,
) -> tuple[StoredSubmission, bool]:
    """Make a submission of the same bytes, read with corrections after those of the parent.

    Returns:
        The submission, and whether it is a new one.

    Raises:
        NotFoundError: the caller's organisation has no such submission.
        ConflictError: it is not decided yet, or is no file.
        QuerySemanticError: a correction is not whole, or there are too many.
        RepeatedContentError: it was published, and figures of its agreements changed since.
    """
    check_provider(subject)
    parent = await find_submission(pools, subject, submission)
    _check_parent(parent)
    if not corrections:
        raise QuerySemanticError(
            "The list has no corrections. Give at least one; nothing was sent.",
            "La lista no tiene correcciones. Dé al menos una; no se envió nada.",
        )
    for number, correction in enumerate(corrections, 1):
        if not correction.is_whole:
            raise _not_whole(number)
    told = [*(parent.corrections or ()), *map(msgspec.to_builtins, corrections)]
    if len(told) > MOST_CORRECTIONS:
        raise _too_many(len(told))
    arrival = _arrival(subject, parent, told, idempotency_key, validate_only=validate_only)
    async with pools.writer.acquire() as connection, connection.transaction():
        if not (again or validate_only):
            await check_overtaken(connection, parent)
        return await take_submission(
            connection, arrival, (), practice=pools.is_practice, again=again
        )


def _arrival(
    subject: Subject,
    parent: StoredSubmission,
    corrections: list[dict[str, object]],
    idempotency_key: str | None,
    *,
    validate_only: bool,
) -> Arrival:
    arrival = Arrival(
        uuid.uuid4(),
        subject.client_id,
        subject.organisation,
        idempotency_key,
        parent.content_type,
        parent.content_encoding,
        parent.file_name,
        parent.sha256,
        parent.byte_count,
        kind=parent.kind,
        parent_id=parent.id,
        options=parent.options,
        corrections=corrections,
        note=parent.note,
    )
    return replace(arrival, validate_only=validate_only)


def _check_parent(parent: StoredSubmission) -> None:
    if parent.kind not in ("file", "correction"):
        raise ConflictError(
            "Only a file can be corrected from its report.",
            "Solo un archivo se puede corregir desde su informe.",
            kind=parent.kind,
        )
    if not parent.is_decided:
        raise ConflictError(
            "The submission is not decided yet; correct it once its report is there.",
            "El envío aún no está decidido; corríjalo cuando esté su informe.",
            state=parent.state,
        )


def _not_whole(number: int) -> QuerySemanticError:
    return QuerySemanticError(
        f"Correction {number} is not whole: give a row (or place) with column and value; or a row "
        "with drop; or column, value and replacement.",
        f"La corrección {number} no está completa: dé una fila (o place) con column y value; o una "
        "fila con drop; o column, value y replacement.",
        correction=number,
    )


def _too_many(count: int) -> QuerySemanticError:
    return QuerySemanticError(
        f"The file would have {count} corrections; up to {MOST_CORRECTIONS} are applied. Mend the "
        "file and send it anew.",
        f"El archivo tendría {count} correcciones; se aplican hasta {MOST_CORRECTIONS}. Corrija el "
        "archivo y envíelo de nuevo.",
        limit=MOST_CORRECTIONS,
    )
