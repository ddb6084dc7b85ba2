"""One receipt of a submission, as it was signed."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.services.get_receipts import get_receipts
from app.store.pools import Pools


async def get_receipt(pools: Pools, subject: Subject, submission: str, named: str) -> str:
    """The receipt `arrival`, the latest `decision`, or the one of an id.

    Raises:
        NotFoundError: the caller's organisation has no such submission, or it has no such receipt
            (yet).
    """
    for receipt in reversed(await get_receipts(pools, subject, submission)):
        if named in {receipt.kind, str(receipt.id)}:
            return receipt.receipt
    if named == "decision":
        raise NotFoundError(
            "The submission is not decided yet; its receipt of arrival is there.",
            "El envío aún no está decidido; su recibo de llegada sí está.",
        )
    raise NotFoundError(
        f"The submission has no receipt {named[:64]!r}: there are arrival and decision.",
        f"El envío no tiene recibo {named[:64]!r}: existen arrival (llegada) y decision.",
    )
