"""Finding the agreements that may hold a figure."""

from __future__ import annotations

from app.errors import NotFoundError
from app.store.catalogue import Catalogue, StoredAgreement


def find_agreements(
    catalogue: Catalogue, agreement: str | None, dataflow: str | None
) -> list[StoredAgreement]:
    """The agreement, or those of a dataflow, of the highest precedence first.

    Args:
        catalogue: the registry.
        agreement: `AGENCY:ID(VERSION)` or the URN of the agreement.
        dataflow: the same of the dataflow, where no agreement is named.

    Raises:
        NotFoundError: there is none.
    """
    named = agreement or dataflow or ""
    listed = [
        one
        for one in catalogue.agreements.values()
        if _is_named(one.urn if agreement else one.dataflow_urn, named)
    ]
    if not listed:
        raise NotFoundError(
            f"There are no agreements of {named[:200]!r}.",
            f"No hay convenios de {named[:200]!r}.",
        )
    return listed


def _is_named(urn: str, named: str) -> bool:
    short = urn.rpartition("=")[2]
    return named in (urn, short, short.partition("(")[0])
