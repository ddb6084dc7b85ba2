"""What a sender says of the reading of a workbook: its agreement, and a saved layout."""

from __future__ import annotations

import orjson

from app.auth.subject import Subject
from app.errors import QuerySyntaxError
from app.services.find_agreement import find_agreement
from app.services.get_layout import find_layout
from app.store.catalogue import CatalogueCache
from app.store.pools import Pools, with_retry


async def reading_options(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    *,
    agreement: str | None,
    layout: str | None,
) -> dict[str, str]:
    """The options of a submission; the layout as it is now, whatever becomes of it later.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout.
        QuerySyntaxError: a layout is named without its agreement.
    """
    if agreement is None and layout is None:
        return {}
    if agreement is None:
        raise QuerySyntaxError(
            "A layout is one of an agreement: name it too, as ?layout=NAME&agreement=ID.",
            "Un diseño es de un convenio: nómbrelo también, como ?layout=NOMBRE&agreement=ID.",
            parameter="agreement",
        )
    if layout is None:

        async def read() -> str:
            async with pools.public.acquire() as connection:
                catalogue = await cache.current(connection)
            return find_agreement(catalogue, subject, agreement).urn

        return {"agreement": _identity(await with_retry(read))}
    found, stored = await find_layout(pools, cache, subject, agreement, layout)
    return {
        "agreement": _identity(found.urn),
        "layout": stored.name,
        "layout_document": orjson.dumps(stored.document).decode(),
    }


def _identity(urn: str) -> str:
    """`AGENCY:ID`: the version that holds when the workbook is read is meant."""
    return urn.rpartition("=")[2].partition("(")[0]
