"""What a sender says of the reading of a file: agreement and saved layout, or its dataflow."""

from __future__ import annotations

import orjson

from app.auth.subject import Subject
from app.errors import NotFoundError, QuerySyntaxError
from app.services.find_agreement import find_agreement
from app.services.find_structure import find_structure
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
    dataflow: str | None = None,
) -> dict[str, str]:
    """The options of a submission; the layout as it is now, whatever becomes of it later.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout; or
            there is no such dataflow.
        QuerySyntaxError: a layout is named without its agreement, or a dataflow beside one.
    """
    if dataflow is not None:
        if agreement is not None or layout is not None:
            raise QuerySyntaxError(
                "A file is one of an agreement or one of a dataflow: name either of them.",
                "Un archivo es de un convenio o de un flujo de datos: nombre uno de los dos.",
                parameter="dataflow",
            )
        return {"dataflow": await _dataflow(pools, cache, dataflow)}
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


async def _dataflow(pools: Pools, cache: CatalogueCache, named: str) -> str:
    """`AGENCY:ID` with the version if one was named: else that which is there when it is read."""

    async def read() -> bool:
        async with pools.public.acquire() as connection:
            catalogue = await cache.current(connection)
        return find_structure(catalogue, "dataflow", named) is not None

    if not await with_retry(read):
        raise NotFoundError(
            f"There is no dataflow {named[:100]!r}; it is written AGENCY:ID(VERSION).",
            f"No hay un flujo de datos {named[:100]!r}; se escribe AGENCIA:ID(VERSIÓN).",
        )
    return named
