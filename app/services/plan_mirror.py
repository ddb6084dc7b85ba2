"""A mirror pair as a caller sees it: which agreements each side is read from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from app.auth.rights import may_read_withheld
from app.auth.subject import Subject
from app.errors import InvalidArtefactError
from app.sdmx.mirrors.pair import MirrorPair, PairSide
from app.sdmx.mirrors.plan import CellQuery, PairPlan, SidePlan, plan_pair
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.mirrors import SideSelection


@dataclass(frozen=True, slots=True)
class MirrorSource:
    """Where one side is read from; `agreements` by number, the highest precedence first."""

    agreements: Mapping[int, StoredAgreement]
    selection: SideSelection

    @property
    def providers(self) -> dict[int, str]:
        """The data provider of each agreement, in the order of precedence."""
        return {number: agreement.provider for number, agreement in self.agreements.items()}


@dataclass(frozen=True, slots=True)
class PlannedMirror:
    """A pair put to the registry; `sees_more`: the caller may see more than the public."""

    plan: PairPlan
    left: MirrorSource
    right: MirrorSource

    @property
    def sees_more(self) -> bool:
        """Whether the caller may see withheld series of a side."""
        return bool(self.left.selection.granted or self.right.selection.granted)


def plan_mirror(
    catalogue: Catalogue, pair: MirrorPair, query: CellQuery, subject: Subject | None
) -> PlannedMirror:
    """Put a pair to its dataflows and their agreements.

    Raises:
        InvalidArtefactError: a dataflow is not there, or does not have what the pair names.
        QueryMisfitError: the query names a dimension that the pair does not have.
    """
    left, right = (_flow_urn(catalogue, side) for side in (pair.left, pair.right))
    plan = plan_pair(pair, catalogue.flow(left), catalogue.flow(right), query)
    return PlannedMirror(
        plan,
        _source(catalogue, plan.left, left, subject),
        _source(catalogue, plan.right, right, subject),
    )


def _flow_urn(catalogue: Catalogue, side: PairSide) -> str:
    artefact = catalogue.snapshot.artefacts.resolve(side.dataflow)
    if artefact is None or artefact.urn not in catalogue.dataflows:
        raise InvalidArtefactError(
            f"The mirror pair names {side.dataflow}, which is not in the registry.",
            f"El par espejo nombra {side.dataflow}, que no está registrado.",
            urn=side.dataflow,
        )
    return artefact.urn


def _source(
    catalogue: Catalogue, plan: SidePlan, dataflow: str, subject: Subject | None
) -> MirrorSource:
    number = catalogue.dataflows[dataflow]
    agreements = {
        one.id: one for one in catalogue.agreements_of(number) if plan.side.takes(one.provider)
    }
    today = dt.datetime.now(dt.UTC).date()
    granted = [
        one.id
        for one in agreements.values()
        if may_read_withheld(subject, one.provider, one.readers_on(today))
    ]
    return MirrorSource(
        agreements, SideSelection(list(agreements), granted, number, plan.selection)
    )
