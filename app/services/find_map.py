"""Finding a structure map by its URN, or by what of it people write."""

from __future__ import annotations

from app.errors import NotFoundError, VipmgError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.urn import PREFIX

KIND = f"{PREFIX}structuremapping.StructureMap="


def find_map(artefacts: ArtefactSet, named: str) -> Artefact:
    """The structure map of a URN, or of `AGENCY:ID(VERSION)`.

    Raises:
        NotFoundError: there is none.
    """
    urn = named if named.startswith("urn:") else f"{KIND}{named}"
    found = None
    try:
        if urn.startswith(KIND):
            found = artefacts.resolve(urn)
    except VipmgError:
        found = None
    if found is None or found.is_external:
        raise NotFoundError(
            f"There is no structure map {named[:200]!r}.",
            f"No existe el mapa de estructura {named[:200]!r}.",
        )
    return found
