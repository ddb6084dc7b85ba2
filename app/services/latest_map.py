"""Only the latest version of a map can run."""

from __future__ import annotations

from app.errors import ConflictError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact


def check_latest_map(artefacts: ArtefactSet, wanted: Artefact) -> None:
    """See that no later version of a map is active.

    Raises:
        ConflictError: there is one.
    """
    later = [
        one
        for one in artefacts.of_class("StructureMap")
        if (one.agency, one.id) == (wanted.agency, wanted.id)
        and one.version.is_in_production
        and one.version > wanted.version
    ]
    if later:
        last = max(later, key=lambda one: one.version)
        raise ConflictError(
            f"{last} is the latest version; a draft needs a higher one to take its place.",
            f"{last} es la última versión; un borrador necesita una mayor para reemplazarla.",
            active=last.urn,
        )
