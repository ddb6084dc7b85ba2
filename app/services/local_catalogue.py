"""The catalogue of structures that lie in files, for who checks data without the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from app.sdmx.agreements import agreement_terms
from app.sdmx.artefact_set import ArtefactSet
from app.services.publish_structures import read_structure_files
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.registry import RegistrySnapshot


def local_catalogue(paths: Iterable[Path]) -> Catalogue:
    """Read structures from files and folders; their agreements and dataflows get numbers.

    Raises:
        VipmgError: a file is not there, or is no structure message.
    """
    artefacts = ArtefactSet(read_structure_files(paths))
    terms = agreement_terms(artefacts)
    numbers: dict[str, int] = {}
    for one in terms:
        numbers.setdefault(one.dataflow, len(numbers) + 1)
    agreements = {
        number: StoredAgreement(
            number,
            one.urn,
            numbers[one.dataflow],
            one.dataflow,
            one.provider,
            one.precedence,
            one.readers,
            one.fixed_attributes,
            one.expires,
        )
        for number, one in enumerate(terms, 1)
    }
    snapshot = RegistrySnapshot(0, dt.datetime.fromtimestamp(0, dt.UTC), "", artefacts)
    return Catalogue(snapshot, agreements, numbers)
