"""Finding the agreements that may hold a figure."""

from __future__ import annotations

from app.errors import NotFoundError
from app.sdmx.urn import names_of_artefact
from app.store.catalogue import Catalogue, StoredAgreement


def find_agreements(
    catalogue: Catalogue, agreement: str | None, dataflow: str | None
) -> list[StoredAgreement]:
    """The agreement, or those of a dataflow, of the highest precedence first.

    Args:
        catalogue: the registry.
        agreement: id, `AGENCY:ID(VERSION)` or URN of the agreement.
        dataflow: the same of the dataflow, where no agreement is named.

    Raises:
        NotFoundError: there is none.
    """
    named = agreement or dataflow or ""
    listed = [
        one
        for one in catalogue.agreements.values()
        if named in names_of_artefact(one.urn if agreement else one.dataflow_urn)
    ]
    if not listed:
        raise NotFoundError(
            f"There are no agreements of {named[:200]!r}.",
            f"No hay convenios de {named[:200]!r}.",
        )
    return listed
