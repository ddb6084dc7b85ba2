"""Finding a mirror pair by its id."""

from __future__ import annotations

from app.errors import NotFoundError
from app.sdmx.artefacts import Artefact
from app.sdmx.mirrors.pair import AGENCY, MirrorPair, find_pair_sets, read_pair
from app.store.catalogue import Catalogue


def find_mirror_pair(catalogue: Catalogue, named: str) -> MirrorPair:
    """The pair of an id (`MS_RETURN`), of `AGENCY:ID`, or of `AGENCY:ID(VERSION)`.

    An id alone means that of the network, where it has such a pair.

    Raises:
        NotFoundError: there is no such pair, or none at that version.
        InvalidArtefactError: it is not written as a pair has to be.
    """
    found = [one for one in find_pair_sets(catalogue.snapshot.artefacts) if named in _names(one)]
    found.sort(key=lambda one: (one.agency != AGENCY, one.agency))
    if not found:
        raise NotFoundError(
            f"There is no mirror pair {named[:100]!r}.",
            f"No existe el par espejo {named[:100]!r}.",
        )
    return read_pair(found[0])


def _names(artefact: Artefact) -> set[str]:
    short = artefact.urn.rpartition("=")[2]
    return {short, short.partition("(")[0], artefact.id}
