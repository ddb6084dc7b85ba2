"""Beginning an upload: a file that comes in parts, on a line that may break."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.auth.subject import Subject
from app.errors import MessageError, TooLargeError, TooManyUploadsError
from app.services.check_provider import check_provider
from app.store import uploads
from app.store.pools import Pools
from app.store.uploads import OpenUploads, StoredUpload


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one organisation may have under way, and for how long.

    Attributes:
        file_bytes: most bytes of one file.
        number: most uploads under way.
        bytes: most bytes that all of them are to have.
        life: time from the last byte that came until an upload is forgotten.
    """

    file_bytes: int
    number: int
    bytes: int
    life: dt.timedelta


async def begin_upload(
    pools: Pools,
    subject: Subject,
    byte_count: int,
    metadata: Mapping[str, str],
    limits: UploadLimits,
) -> StoredUpload:
    """Begin an upload of a known size; nothing of it has come yet.

    Raises:
        NotAuthorisedError: the caller's organisation is no data provider.
        MessageError: the file is empty.
        TooLargeError: it is larger than one file may be.
        TooManyUploadsError: the organisation has too much under way already.
    """
    check_provider(subject)
    if byte_count == 0:
        raise MessageError("The file is empty.", "El archivo está vacío.")
    if byte_count > limits.file_bytes:
        raise TooLargeError(
            f"The file has {byte_count} bytes; up to {limits.file_bytes} are taken. Send it in "
            "several files.",
            f"El archivo tiene {byte_count} bytes; se aceptan hasta {limits.file_bytes}. Envíelo "
            "en varios archivos.",
            limit=limits.file_bytes,
        )
    async with pools.writer.acquire() as connection, connection.transaction():
        held = await uploads.open_uploads(connection, subject.organisation)
        if held.number >= limits.number or held.bytes + byte_count > limits.bytes:
            raise _too_many(held, limits)
        return await uploads.insert(
            connection,
            subject.client_id,
            subject.organisation,
            byte_count,
            metadata,
            limits.life,
        )


def _too_many(held: OpenUploads, limits: UploadLimits) -> TooManyUploadsError:
    return TooManyUploadsError(
        f"Your organisation has {held.number} uploads of {held.bytes} bytes under way; "
        f"{limits.number} of {limits.bytes} bytes are allowed. Finish or end one.",
        f"Su organización tiene {held.number} cargas de {held.bytes} bytes en curso; se permiten "
        f"{limits.number} de {limits.bytes} bytes. Termine o cancele una.",
        limit=limits.number,
        limit_bytes=limits.bytes,
    )
