"""Saving the layout of the workbooks of an agreement."""

from __future__ import annotations

import asyncio
import re
from typing import Final

from app.auth.subject import Subject
from app.errors import QuerySyntaxError, TooLargeError
from app.sdmx.terms_rows import row_rules
from app.services.find_agreement import find_agreement
from app.sheets.layout import layout_document, read_layout
from app.store import layouts
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


async def save_layout(
    pools: Pools, cache: CatalogueCache, subject: Subject, named: str, name: str, body: bytes
) -> bool:
    """Store a layout under a name; whether it is a new one.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
        QuerySyntaxError: the name cannot be one.
        InvalidLayoutError: the layout is not valid.
        TooLargeError: the agreement has too many layouts.
    """
    if not _NAME.fullmatch(name):
        raise QuerySyntaxError(
            "The name of a layout has 1 to 64 letters, digits, points, hyphens and underscores, "
            "and begins with a letter or a digit.",
            "El nombre de un diseño tiene de 1 a 64 letras, cifras, puntos, guiones y guiones "
            "bajos, y comienza con letra o cifra.",
        )
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
    agreement = find_agreement(catalogue, subject, named)
    flow = catalogue.flow(agreement.dataflow_urn, agreement.urn)
    agreed = row_rules(catalogue.terms(agreement.urn), flow)
    document = layout_document(await asyncio.to_thread(read_layout, body, flow, agreed))
    async with pools.writer.acquire() as connection:
        is_new = await layouts.put_layout(
            connection, agreement.id, name, document, subject.client_id
        )
    if is_new is None:
        raise TooLargeError(
            f"An agreement has up to {layouts.MOST_LAYOUTS} layouts; delete one.",
            f"Un convenio tiene hasta {layouts.MOST_LAYOUTS} diseños; borre uno.",
            limit=layouts.MOST_LAYOUTS,
        )
    return is_new
