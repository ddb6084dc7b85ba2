"""Finding the maps that lead from a national dataflow to the agreements of a sender."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.intake import Target
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.mapping.documents import StructureMap
from app.sdmx.structures import Dataflow, decode
from app.services.find_structure import find_structure
from app.services.find_target import find_target
from app.store.catalogue import Catalogue, StoredAgreement


def find_maps(
    catalogue: Catalogue,
    own: Iterable[StoredAgreement],
    kind: str,
    structure: str,
    on: dt.date,
    *,
    needs_one: bool = False,
) -> list[CompiledMap]:
    """The active maps of what rows name; none where they go to an agreement as they are.

    Active is the latest version that is no draft, of each map that is valid on the day. A map of
    the dataflow goes before one of its data structure to the same target. Only whoever maintains
    the source or the target, or an agency above, may say how the one becomes the other: what
    another agency writes about them runs on nobody's files.

    Args:
        catalogue: the registry.
        own: the agreements that the sender may send to.
        kind: `dataflow`, `datastructure` or `dataprovision`.
        structure: the structure as the rows name it.
        on: the day.
        needs_one: whether it is an error that there are maps, but none holds on the day.

    Raises:
        InvalidArtefactError: one of them cannot be run; or none holds: `detail` has the `urn` of
            one, and the `days` on which it holds.
    """
    listed = list(own)
    if isinstance(find_target(catalogue, listed, kind, structure), Target):
        return []
    artefact = find_structure(catalogue, kind, structure)
    if artefact is None or kind == "dataprovision":
        return []
    artefacts = catalogue.snapshot.artefacts
    reached = _targets(catalogue, listed)
    chosen: dict[str, list[Artefact]] = {}
    others: list[tuple[Artefact, StructureMap]] = []
    for source in _sources(artefacts, artefact):
        found: dict[str, list[Artefact]] = {}
        for one, document, target in _latest_maps(catalogue, source):
            if target.urn not in reached:
                continue
            if document.holds_on(on):
                found.setdefault(target.urn, []).append(one)
            else:
                others.append((one, document))
        chosen = found | chosen
    if needs_one and others and not chosen:
        raise _out_of_force(*others[0])
    return [compile_map(artefacts, one) for maps in chosen.values() for one in maps]


def _sources(artefacts: ArtefactSet, artefact: Artefact) -> Iterator[str]:
    """The dataflow, then its data structure."""
    yield artefact.urn
    if artefact.artefact_class.name == "Dataflow":
        structure = artefacts.resolve(decode(artefact, Dataflow).structure)
        if structure is not None:
            yield structure.urn


def _targets(catalogue: Catalogue, own: Iterable[StoredAgreement]) -> frozenset[str]:
    """The dataflows and data structures of the agreements of a sender."""
    flows = {one.dataflow_urn for one in own}
    return frozenset(flows | {catalogue.flow(flow).structure_urn for flow in flows})


def _out_of_force(one: Artefact, document: StructureMap) -> InvalidArtefactError:
    first, last = (document.valid_from or "")[:10], (document.valid_to or "")[:10]
    return InvalidArtefactError(
        f"{one} holds on other days: {first} to {last}.",
        f"{one} rige otros días: {first} a {last}.",
        urn=one.urn,
        days=f"{first}/{last}",
    )


def _latest_maps(
    catalogue: Catalogue, source: str
) -> Iterator[tuple[Artefact, StructureMap, Artefact]]:
    """The maps of a source, each in its latest version, with their targets."""
    artefacts = catalogue.snapshot.artefacts
    for urn in catalogue.remembered(("maps of", source), lambda: [*_latest(artefacts, source)]):
        latest = artefacts.get(urn)
        if latest is None:
            continue
        document = decode(latest, StructureMap)
        target = artefacts.resolve(document.target)
        if target is not None:
            yield latest, document, target


def _latest(artefacts: ArtefactSet, source: str) -> Iterator[str]:
    """The maps of a source by those who may map it, each in its latest version that is no draft."""
    for versions in artefacts.versions():
        of = [one for one in versions.values() if one.artefact_class.name == "StructureMap"]
        stable = [one for one in of if one.version.is_in_production and not one.is_external]
        if not stable:
            continue
        latest = max(stable, key=lambda one: one.version)
        document = decode(latest, StructureMap)
        named, target = artefacts.resolve(document.source), artefacts.resolve(document.target)
        if named is None or named.urn != source or target is None:
            continue
        if _may_map(latest, named, target):
            yield latest.urn


def _may_map(found: Artefact, source: Artefact, target: Artefact) -> bool:
    """Whether the agency of a map maintains one of its ends, or stands above who does."""
    own = found.agency + "."
    return any(f"{end.agency}.".startswith(own) for end in (source, target))
