"""What the mirrors say of the figures of each data provider and dataflow."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from app.errors import VipmgError
from app.sdmx.aggregates.declarations import computed_dataflows, method_of
from app.sdmx.mirrors.computed import pair_code
from app.sdmx.mirrors.pair import find_pair_sets, read_pair
from app.services.derive.derive_mirrors import METHOD, POSITION
from app.services.derive.publish_derived import target_of
from app.store import scorecards
from app.store.catalogue import Catalogue
from app.store.scorecards import MirrorMiddle
from app.store.types import Connection

log = structlog.get_logger("vipmg.scores")


@dataclass(slots=True)
class MirrorScores:
    """Median asymmetries by provider and URN of the dataflow, and the dataflows with a pair."""

    middles: dict[tuple[str, str], MirrorMiddle] = field(default_factory=dict)
    paired: set[str] = field(default_factory=set)


async def score_mirrors(public: Connection, catalogue: Catalogue) -> MirrorScores:
    """Read the computed dataflow of mirrors, where there is one."""
    artefacts = catalogue.snapshot.artefacts
    sides: list[tuple[str, str, str]] = []
    for artefact in find_pair_sets(artefacts):
        try:
            pair = read_pair(artefact)
        except VipmgError as error:
            log.warning("pair not scored", pair=artefact.urn, reason=str(error))
            continue
        for name, side in (("LEFT", pair.left), ("RIGHT", pair.right)):
            dataflow = artefacts.resolve(side.dataflow)
            if dataflow is not None:
                sides.append((pair_code(pair), name, dataflow.urn))
    found = MirrorScores(paired={dataflow for _, _, dataflow in sides})
    for artefact in computed_dataflows(artefacts):
        target = target_of(catalogue, artefact.urn) if method_of(artefact) == METHOD else None
        if target is not None and POSITION in target.flow.position:
            place = target.flow.position[POSITION]
            found.middles |= await scorecards.mirror_middles(public, target.agreement, place, sides)
    return found
