"""A mirror pair as a caller sees it: which agreements each side is read from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.auth.rights import may_read_withheld
from app.auth.subject import Subject
from app.errors import InvalidArtefactError, QueryMisfitError
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
        QueryMisfitError: the query names a dimension that the pair does not have, or a provider.
    """
    left, right = (_flow_urn(catalogue, side) for side in (pair.left, pair.right))
    plan = plan_pair(pair, catalogue.flow(left), catalogue.flow(right), query)
    return PlannedMirror(
        plan,
        _source(catalogue, plan.left, left, subject, ("leftProvider", query.left_providers)),
        _source(catalogue, plan.right, right, subject, ("rightProvider", query.right_providers)),
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


def _check_providers(parameter: str, named: Collection[str], there: Collection[str]) -> None:
    unknown = sorted(set(named) - set(there))
    if unknown:
        wrong, known = ", ".join(unknown)[:200], ", ".join(sorted(there))
        raise QueryMisfitError(
            f"{parameter}: {wrong} has no agreement on this side of the pair; there are "
            f"{known or 'none'}.",
            f"{parameter}: {wrong} no tiene convenio en este lado del par; hay "
            f"{known or 'ninguno'}.",
            parameter=parameter,
        )


def _source(
    catalogue: Catalogue,
    plan: SidePlan,
    dataflow: str,
    subject: Subject | None,
    asked: tuple[str, tuple[str, ...]],
) -> MirrorSource:
    """Where a side is read from; `asked`: the parameter that names its only providers, and these.

    Raises:
        QueryMisfitError: none of the agreements of the side is one of a provider that is named.
    """
    number = catalogue.dataflows[dataflow]
    there = [one for one in catalogue.agreements_of(number) if plan.side.takes(one.provider)]
    parameter, named = asked
    _check_providers(parameter, named, {one.provider for one in there})
    agreements = {one.id: one for one in there if not named or one.provider in named}
    today = dt.datetime.now(dt.UTC).date()
    granted = [
        one.id
        for one in agreements.values()
        if may_read_withheld(subject, one.provider, one.readers_on(today))
    ]
    return MirrorSource(
        agreements, SideSelection(list(agreements), granted, number, plan.selection)
    )
