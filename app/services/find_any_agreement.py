"""Finding an agreement by its id, whoever it is with."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.sdmx.urn import names_of_artefact
from app.store.catalogue import Catalogue, StoredAgreement


def find_any_agreement(
    catalogue: Catalogue, subject: Subject | None, named: str
) -> StoredAgreement:
    """The agreement of an id (`PA_ENTRY_EXIT_CRI_DGME`), `AGENCY:ID(VERSION)` or its URN.

    Agreements are structures, which everybody may read. Of several of one id the caller's comes
    first.

    Raises:
        NotFoundError: there is none.
    """
    found = [one for one in catalogue.agreements.values() if named in names_of_artefact(one.urn)]
    own = None if subject is None else subject.organisation
    if not found:
        raise NotFoundError(
            f"There is no agreement {named[:100]!r}.", f"No existe un convenio {named[:100]!r}."
        )
    return next((one for one in found if one.provider == own), found[0])
