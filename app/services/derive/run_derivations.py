"""Computing all computed dataflows after publications: one turn for however many there were."""

from __future__ import annotations

from typing import Final

import structlog

from app.errors import InvalidArtefactError
from app.sdmx.aggregates.declarations import (
    REGION,
    TOTAL,
    computed_dataflows,
    method_of,
    read_computation,
)
from app.services.derive.derive_aggregates import (
    Aggregation,
    aggregation_of,
    derive_aggregates,
)
from app.services.derive.derive_mirrors import derive_mirrors
from app.services.derive.publish_derived import BehindError
from app.store import derived
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools
from app.store.publication import StructuresChangedError
from app.store.types import Connection

ATTEMPTS: Final = 10
"""How often a turn begins anew because of what was published meanwhile; then the job waits."""

log = structlog.get_logger("vipmg.derive")


class Derivations:
    """The computed dataflows at the revision of the registry that was seen last."""

    def __init__(self) -> None:
        self._catalogue: Catalogue | None = None
        self._aggregations: list[Aggregation] = []

    def at(self, catalogue: Catalogue) -> list[Aggregation]:
        """Those that can be computed; one that cannot is logged, and the others go on."""
        if self._catalogue is not catalogue:
            self._aggregations = list(_read(catalogue))
            self._catalogue = catalogue
        return self._aggregations


async def run_derivations(pools: Pools, cache: CatalogueCache, derivations: Derivations) -> None:
    """Bring each computed dataflow up to the last publication, where it concerns it.

    Runs after commits, again at will. Of many jobs the first does the work of all that were
    published before it looks; the others find nothing left to do.

    Raises:
        StructuresChangedError: the registry moved on at each attempt.
        BehindError: another worker was faster at each attempt.
    """
    async with pools.writer.acquire() as connection:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                catalogue = await cache.current(connection)
                failures = await _run(connection, catalogue, derivations.at(catalogue))
                await derive_mirrors(connection, catalogue)
            except (StructuresChangedError, BehindError):
                if attempt == ATTEMPTS:
                    raise
                continue  # computed anew from what holds by now
            if failures:
                raise failures[0]  # the job is tried again; the others have come as far as they can
            return


async def _run(
    connection: Connection, catalogue: Catalogue, aggregations: list[Aggregation]
) -> list[Exception]:
    """Compute what has to be; one that fails is logged, and does not keep the others waiting."""
    seen = await derived.last_seen(connection)
    states = await derived.states(connection)
    known = {
        each.computation.dataflow: states[each.computation.dataflow]
        for each in aggregations
        if each.computation.dataflow in states
        and states[each.computation.dataflow].facts.get("basis") == each.basis
    }
    since = min((state.through for state in known.values()), default=seen.sequence)
    written = await derived.written(connection, since, seen.sequence)
    still, failures = [], list[Exception]()
    for each in aggregations:
        state = known.get(each.computation.dataflow)
        if state is not None and not any(
            written.get(number, 0) > state.through for number in each.numbers
        ):
            still.append(each.computation.dataflow)
            continue
        try:
            place = await derive_aggregates(connection, catalogue, each)
        except (StructuresChangedError, BehindError):
            raise
        except Exception as error:
            log.exception("not computed", dataflow=each.computation.dataflow)
            failures.append(error)
            continue
        if place is not None:
            log.info("derived", dataflow=each.computation.dataflow, sequence=place.sequence)
    if still:
        await derived.stand_still(connection, still, seen.sequence)
    return failures


def _read(catalogue: Catalogue) -> list[Aggregation]:
    artefacts = catalogue.snapshot.artefacts
    found = []
    for artefact in computed_dataflows(artefacts):
        if method_of(artefact) not in (TOTAL, REGION):
            continue
        try:
            computation = read_computation(artefact, artefacts, catalogue.flow)
            aggregation = aggregation_of(catalogue, computation)
        except InvalidArtefactError as error:
            log.error("cannot be computed", dataflow=artefact.urn, reason=str(error))
            continue
        if aggregation is not None:
            found.append(aggregation)
    return found
