"""Answering metadata queries over a set of artefacts (sdmx-rest 2.2, doc/metadata.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from app.sdmx.artefact_classes import CLASS_BY_NAME, METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, Document
from app.sdmx.metadata_structures import flow_of, provider_of
from app.sdmx.query import MetadataQuery, StructureQuery
from app.sdmx.structure_answer import find_matches
from app.sdmx.urn import CLASS_PACKAGES, CONTAINER_CLASSES, PREFIX, Urn, parse_urn
from app.sdmx.version import VersionQuery

_ALL: Final = VersionQuery.parse("*")
_STUB: Final = (
    *("id", "agencyID", "version", "name", "names", "isPartialLanguage", "links"),
    *("metadataflow", "metadataProvisionAgreement", "targets"),
)


def find_metadata_sets(artefacts: ArtefactSet, query: MetadataQuery) -> list[Artefact]:
    """Find the metadata sets that a query asks for, by agency, id and version; stubs if asked."""
    sets = [one for one in _matched(artefacts, query) if _is_of_provider(artefacts, one, query)]
    sets.sort(key=lambda one: (one.agency, one.id, one.version))
    return [_stub(one) for one in sets] if query.detail == "allstubs" else sets


def reported_on(artefacts: ArtefactSet, takes: Callable[[Artefact], bool]) -> list[str]:
    """URNs of the artefacts that metadata sets of some kinds are about, wildcards resolved."""
    found: dict[str, None] = {}
    patterns: list[re.Pattern[str]] = []
    for one in filter(takes, _standing(artefacts)):
        for target in one.document.get("targets", ()):
            if "*" in target:
                patterns.append(_pattern(target))
            elif (held := artefacts.resolve(target)) is not None:
                found[held.urn] = None
    for artefact in artefacts if patterns else ():
        if any(pattern.fullmatch(artefact.urn) for pattern in patterns):
            found[artefact.urn] = None
    return list(found)


def names_one_by_one(artefacts: ArtefactSet, query: MetadataQuery) -> bool:
    """Whether what a query names in full is not there; else there is nothing reported for it."""
    if query.by == "metadataset":
        return bool(query.providers and query.resource_ids)
    if not (query.agencies and query.resource_ids):
        return False
    if query.by == "structure" and not query.artefact_types:
        return False
    return not _structures(artefacts, query)


def _matched(artefacts: ArtefactSet, query: MetadataQuery) -> Iterable[Artefact]:
    if query.by == "metadataset":
        return _by_identity(artefacts, query)
    wanted = {one.urn for one in _structures(artefacts, query)}
    if query.by == "metadataflow":
        every = artefacts.of_class(METADATA_SET.name)
        return [one for one in every if _flow_urn(artefacts, one) in wanted]
    return [one for one in _standing(artefacts) if _is_about(artefacts, one, wanted, query)]


def _standing(artefacts: ArtefactSet) -> Iterator[Artefact]:
    """The sets that say what holds: those that no later stable version has taken the place of."""
    for versions in artefacts.versions():
        if next(iter(versions.values())).artefact_class is not METADATA_SET:
            continue
        last = max((version for version, one in versions.items() if one.stable), default=None)
        yield from (one for version, one in versions.items() if last is None or version >= last)


def _by_identity(artefacts: ArtefactSet, query: MetadataQuery) -> Iterable[Artefact]:
    for versions in artefacts.versions():
        one = next(iter(versions.values()))
        if one.artefact_class is not METADATA_SET:
            continue
        if query.resource_ids and one.id not in query.resource_ids:
            continue
        chosen = {
            found for wanted in query.versions or (_ALL,) for found in wanted.select(versions)
        }
        yield from (versions[version] for version in chosen)


def _structures(artefacts: ArtefactSet, query: MetadataQuery) -> list[Artefact]:
    types = ("metadataflow",) if query.by == "metadataflow" else query.artefact_types
    return find_matches(
        artefacts, StructureQuery(types, query.agencies, query.resource_ids, query.versions)
    )


def _flow_urn(artefacts: ArtefactSet, one: Artefact) -> str:
    flow = flow_of(artefacts, one.document)
    return "" if flow is None else flow.urn


def _is_about(
    artefacts: ArtefactSet, one: Artefact, wanted: Collection[str], query: MetadataQuery
) -> bool:
    for target in one.document.get("targets", ()):
        if "*" in target:
            if any(map(_pattern(target).fullmatch, wanted)):
                return True
            continue
        held = artefacts.resolve(target)
        if held is None and _is_asked_elsewhere(parse_urn(target).maintainable, query):
            return True
        if held is not None and held.urn in wanted:
            return True
    return False


def _pattern(target: str) -> re.Pattern[str]:
    return re.compile(re.escape(_maintainable(target)).replace(r"\*", ".*"))


def _maintainable(target: str) -> str:
    """The URN with wildcards of the artefact that a target is, or is in."""
    head, _, rest = target.removeprefix(PREFIX).partition("=")
    name = head.rpartition(".")[2]
    container = CONTAINER_CLASSES.get(name, name)
    return f"{PREFIX}{CLASS_PACKAGES.get(container, '*')}.{container}={rest.partition(')')[0]})"


def _is_asked_elsewhere(urn: Urn, query: MetadataQuery) -> bool:
    """Whether a query means an artefact that another registry holds, and this one knows not."""
    kind = CLASS_BY_NAME.get(urn.class_name)
    version = VersionQuery.parse(urn.version).exact
    return (
        kind is not None
        and (not query.artefact_types or kind.artefact_type in query.artefact_types)
        and (not query.agencies or urn.agency in query.agencies)
        and (not query.resource_ids or urn.id in query.resource_ids)
        and version is not None
        and any(asked.select([version]) for asked in query.versions or (_ALL,))
    )


def _is_of_provider(artefacts: ArtefactSet, one: Artefact, query: MetadataQuery) -> bool:
    if not query.providers:
        return True
    agency, provider = provider_of(artefacts, one.agency)
    return any(reference.matches(agency, provider) for reference in query.providers)


def _stub(one: Artefact) -> Artefact:
    """Identification and name; and, without values, what the schema asks for of any set."""
    document: Document = {key: one.document[key] for key in _STUB if key in one.document}
    ids = dict.fromkeys(part["id"] for part in one.document.get("attributes", ()))
    document["attributes"] = [{"id": name} for name in ids]
    return one.with_document(document | {"isExternalReference": True})
