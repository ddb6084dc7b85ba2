"""The dataflows that a name means, of those with an agreement in force."""

from __future__ import annotations

from app.errors import NotFoundError
from app.sdmx.urn import names_of_artefact
from app.store.catalogue import Catalogue


def find_agreed_dataflows(
    catalogue: Catalogue, provider: str | None, named: str | None
) -> list[str]:
    """The URNs of dataflows with an agreement: of a provider, of a name, or all.

    A name is an id, `AGENCY:ID`, `AGENCY:ID(VERSION)` or a URN.

    Raises:
        NotFoundError: something was named, and no agreement is with it.
    """
    found = {
        one.dataflow_urn
        for one in catalogue.agreements.values()
        if provider in (None, one.provider)
        and (named is None or named in names_of_artefact(one.dataflow_urn))
    }
    if not found and (provider or named):
        told = " ".join(filter(None, (provider, named)))[:120]
        raise NotFoundError(
            f"No agreement with {told!r} is in force here.",
            f"Aquí no rige ningún convenio con {told!r}.",
        )
    return sorted(found)
