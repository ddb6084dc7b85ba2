"""Finding an agreement of the caller's organisation by its id."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.sdmx.urn import names_of_artefact
from app.store.catalogue import Catalogue, StoredAgreement


def find_agreement(catalogue: Catalogue, subject: Subject, named: str) -> StoredAgreement:
    """The agreement of an id (`PA_ENTRY_EXIT_CRI_DGME`), `AGENCY:ID(VERSION)` or its URN.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """
    for agreement in catalogue.agreements.values():
        is_own = agreement.provider == subject.organisation
        if is_own and named in names_of_artefact(agreement.urn):
            return agreement
    raise NotFoundError(
        f"Your organisation has no agreement {named[:100]!r}.",
        f"Su organización no tiene un convenio {named[:100]!r}.",
    )
