"""Finding an agreement of the caller's organisation by its id."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.store.catalogue import Catalogue, StoredAgreement


def find_agreement(catalogue: Catalogue, subject: Subject, named: str) -> StoredAgreement:
    """The agreement of an id (`PA_ENTRY_EXIT_CRI_DGME`) or of `AGENCY:ID(VERSION)`.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
    """
    for agreement in catalogue.agreements.values():
        short = agreement.urn.rpartition("=")[2]
        identity = short.partition("(")[0]
        if agreement.provider == subject.organisation and named in {
            short,
            identity,
            identity.rpartition(":")[2],
        }:
            return agreement
    raise NotFoundError(
        f"Your organisation has no agreement {named[:100]!r}.",
        f"Su organización no tiene un convenio {named[:100]!r}.",
    )
