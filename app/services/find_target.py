"""Finding the agreement that rows of a structure go to."""

from __future__ import annotations

from collections.abc import Iterable

from app.sdmx.intake import Target
from app.sdmx.terms_rows import row_rules
from app.services.find_structure import find_structure
from app.store.catalogue import Catalogue, StoredAgreement


def find_target(
    catalogue: Catalogue, own: Iterable[StoredAgreement], kind: str, structure: str
) -> Target | str:
    """The agreement that rows go to, or the code of the finding that says why there is none.

    Args:
        catalogue: the registry.
        own: the agreements that the sender may send to.
        kind: `dataflow`, `datastructure` or `dataprovision`.
        structure: the structure as the rows name it.
    """
    artefact = find_structure(catalogue, kind, structure)
    if artefact is None:
        return "VIPMG-203"
    mine = [one for one in own if artefact.urn in _structures_of(catalogue, one, kind)]
    if len(mine) != 1:
        return "VIPMG-223"
    flow = catalogue.flow(mine[0].dataflow_urn, mine[0].urn)
    checks = catalogue.checks(mine[0].urn, flow)
    agreed = row_rules(catalogue.terms(mine[0].urn), flow)
    return Target(mine[0].id, mine[0].urn, flow, mine[0].fixed, checks, agreed)


def _structures_of(catalogue: Catalogue, agreement: StoredAgreement, kind: str) -> tuple[str, ...]:
    if kind == "dataprovision":
        return (agreement.urn,)
    if kind == "dataflow":
        return (agreement.dataflow_urn,)
    return (catalogue.flow(agreement.dataflow_urn).structure_urn,)
