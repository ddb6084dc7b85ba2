"""The agreements that a structure map feeds."""

from __future__ import annotations

from app.sdmx.artefacts import Artefact
from app.sdmx.impact import map_target
from app.sdmx.mirrors.pair import COMPILER
from app.store.catalogue import Catalogue


def fed_agreements(catalogue: Catalogue, one: Artefact) -> list[str]:
    """URNs of the agreements of its agency's own provider for what it leads to, else of all.

    The agency of a map is named after the provider whose tables it reads; compilers have a mark
    before their names.
    """
    target = map_target(catalogue.snapshot.artefacts, one)
    if target is None:
        return []
    flows = {target.urn, *catalogue.snapshot.artefacts.parents(target.urn)}
    reached = [a for a in catalogue.agreements.values() if a.dataflow_urn in flows]
    name = one.agency.rpartition(".")[2]
    own = [a for a in reached if a.provider in (name, f"{COMPILER}{name}")]
    return sorted(a.urn for a in own or reached)
