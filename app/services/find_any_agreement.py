"""Finding an agreement by its id, whoever it is with."""

from __future__ import annotations

from app.auth.subject import Subject
from app.errors import NotFoundError
from app.store.catalogue import Catalogue, StoredAgreement


def find_any_agreement(
    catalogue: Catalogue, subject: Subject | None, named: str
) -> StoredAgreement:
    """The agreement of an id (`PA_ENTRY_EXIT_CRI_DGME`) or of `AGENCY:ID(VERSION)`.

    Agreements are structures, which everybody may read. Of several of one id the caller's comes
    first.

    Raises:
        NotFoundError: there is none.
    """
    found = [one for one in catalogue.agreements.values() if named in _names(one)]
    own = None if subject is None else subject.organisation
    if not found:
        raise NotFoundError(
            f"There is no agreement {named[:100]!r}.", f"No existe un convenio {named[:100]!r}."
        )
    return next((one for one in found if one.provider == own), found[0])


def _names(agreement: StoredAgreement) -> set[str]:
    short = agreement.urn.rpartition("=")[2]
    identity = short.partition("(")[0]
    return {short, identity, identity.rpartition(":")[2]}
