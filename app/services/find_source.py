"""Finding the dataflow that cells of a file are read by, before it is known where they go."""

from __future__ import annotations

from collections.abc import Sequence

from app.errors import InvalidArtefactError
from app.sdmx.intake import Target
from app.services.find_structure import find_structure
from app.services.find_target import find_target
from app.store.catalogue import Catalogue, StoredAgreement


def find_source(
    catalogue: Catalogue, own: Sequence[StoredAgreement], kind: str, structure: str
) -> Target | str:
    """As `find_target`; a dataflow without an agreement of the sender, as a national one, too.

    Headers and words are read by its components. Rows go nowhere by it: what it gives then has
    the agreement 0, which there is not.
    """
    found = find_target(catalogue, own, kind, structure)
    artefact = find_structure(catalogue, kind, structure)
    if not isinstance(found, str) or artefact is None or kind == "dataprovision":
        return found
    try:
        return Target(0, artefact.urn, catalogue.flow(artefact.urn), {})
    except InvalidArtefactError:
        return found
