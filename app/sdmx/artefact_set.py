"""A set of artefacts with the graph of their references: the registry at one moment.

References are kept as written and resolved here, so that one with a `+` version always leads to
the artefact that is the latest in this set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_classes import CLASS_BY_NAME, METADATA_SET
from app.sdmx.artefacts import Artefact, find_references
from app.sdmx.codelist_extension import resolve_extensions
from app.sdmx.item_schemes import item_paths
from app.sdmx.urn import Urn, parse_urn, urn_of
from app.sdmx.version import Version, VersionQuery

TOP_AGENCY: Final = "SDMX"
"""The agency whose scheme lists the agencies without a parent."""


class ArtefactSet:
    """Artefacts by URN, by agency and id, and by who refers to whom.

    Args:
        artefacts: the artefacts; a later one replaces an earlier one of the same URN.
        references: the URNs that each refers to, as stored; found in the documents where absent.
    """

    def __init__(
        self,
        artefacts: Iterable[Artefact],
        references: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        self._by_urn = {artefact.urn: artefact for artefact in artefacts}
        self._stored_references = references or {}
        self._versions: dict[tuple[str, str, str], dict[Version, Artefact]] = {}
        for artefact in self._by_urn.values():
            key = (artefact.artefact_class.urn_class, artefact.agency, artefact.id)
            self._versions.setdefault(key, {})[artefact.version] = artefact
        self._resolved: dict[str, Artefact] = {}
        self._references: dict[str, tuple[Urn, ...]] = {}

    def __len__(self) -> int:
        return len(self._by_urn)

    def __iter__(self) -> Iterator[Artefact]:
        return iter(self._by_urn.values())

    def __contains__(self, urn: str) -> bool:
        return urn in self._by_urn

    def get(self, urn: str) -> Artefact | None:
        """The artefact of exactly this URN."""
        return self._by_urn.get(urn)

    def of_class(self, *names: str) -> list[Artefact]:
        """All artefacts of the classes named."""
        return [artefact for artefact in self if artefact.artefact_class.name in names]

    def versions(self) -> Iterable[Mapping[Version, Artefact]]:
        """The versions of each artefact, one mapping an agency and id."""
        return self._versions.values()

    def resolve(self, reference: str | Urn) -> Artefact | None:
        """The artefact that a reference, to it or to an item of it, means in this set."""
        urn = (parse_urn(reference) if isinstance(reference, str) else reference).maintainable
        exact = self._by_urn.get(str(urn))
        if exact is not None:
            return exact
        versions = self._versions.get((urn.class_name, urn.agency, urn.id), {})
        chosen = VersionQuery.parse(urn.version).select(versions)
        return versions[chosen[-1]] if chosen else None

    def resolved_codelist(self, reference: str) -> Artefact | None:
        """The codelist or value list of a reference with all codes that it takes over."""
        codelist = self.resolve(reference)
        return None if codelist is None else self.with_extensions(codelist)

    def with_extensions(self, artefact: Artefact) -> Artefact:
        """The artefact itself, or the codelist with its extensions resolved (kept for reuse)."""
        if not artefact.document.get("codelistExtensions"):
            return artefact
        known = self._resolved.get(artefact.urn)
        if known is None:
            known = self._resolved[artefact.urn] = resolve_extensions(artefact, self.resolve)
        return known

    def references_of(self, artefact: Artefact) -> tuple[Urn, ...]:
        """The references that its stored document holds, each once."""
        urn = artefact.urn
        found = self._references.get(urn)
        if found is None:
            stored = self._stored_references.get(urn)
            found = (
                tuple(parse_urn(text) for text in stored)
                if stored is not None
                else unique(reference for _, reference in find_references(artefact))
            )
            self._references[urn] = found
        return found

    @cached_property
    def _children(self) -> dict[str, frozenset[str]]:
        return {
            urn: frozenset(
                child.urn
                for child in map(self.resolve, self.references_of(artefact))
                if child is not None
            )
            for urn, artefact in self._by_urn.items()
        }

    @cached_property
    def _parents(self) -> dict[str, frozenset[str]]:
        parents: dict[str, set[str]] = {}
        for parent, children in self._children.items():
            for child in children:
                parents.setdefault(child, set()).add(parent)
        return {child: frozenset(found) for child, found in parents.items()}

    def children(self, urn: str) -> frozenset[str]:
        """URNs of the artefacts that it refers to, its agency's scheme apart."""
        return self._children.get(urn, frozenset())

    def parents(self, urn: str) -> frozenset[str]:
        """URNs of the artefacts that refer to it."""
        return self._parents.get(urn, frozenset())

    def parents_of_items(self, urn: str, items: Iterable[str]) -> frozenset[str]:
        """URNs of the artefacts that refer to one of these items of a scheme."""
        wanted = frozenset(items)
        return frozenset(
            parent
            for parent in self.parents(urn)
            if any(
                reference.item in wanted and self._means(reference, urn)
                for reference in self.references_of(self._by_urn[parent])
            )
        )

    def _means(self, reference: Urn, urn: str) -> bool:
        target = self.resolve(reference)
        return target is not None and target.urn == urn

    def agency_scheme(self, agency: str) -> tuple[Artefact, str] | None:
        """The scheme that lists an agency, and the agency's id in it.

        A sub-agency stands in the scheme of its parent. A top agency stands in that of SDMX, or
        where this is not held, in its own.
        """
        parent, _, name = agency.rpartition(".")
        for maintainer in (parent,) if parent else (TOP_AGENCY, agency):
            scheme = self._by_urn.get(urn_of("AgencyScheme", maintainer, "AGENCIES", "1.0"))
            if scheme is not None and name in item_paths(scheme):
                return scheme, name
        return None

    def missing_references(self, artefact: Artefact) -> list[tuple[str, str]]:
        """The references of an artefact that lead nowhere in this set, with their paths.

        A reference to an item needs the item too; codes may come from an extended codelist. A
        metadata set may be about what another registry holds.
        """
        missing: list[tuple[str, str]] = []
        for path, reference in find_references(artefact):
            target = self.resolve(reference)
            if target is None and self._is_elsewhere(artefact, path, reference):
                continue
            if target is None or not self._has_item(target, reference):
                missing.append((path, str(reference)))
        return missing

    def _is_elsewhere(self, artefact: Artefact, path: str, reference: Urn) -> bool:
        is_target = artefact.artefact_class is METADATA_SET and path.startswith("/targets/")
        return is_target and reference.agency not in self._agencies

    @cached_property
    def _agencies(self) -> frozenset[str]:
        return frozenset(artefact.agency for artefact in self)

    def _has_item(self, target: Artefact, reference: Urn) -> bool:
        if reference.item is None or not target.artefact_class.is_item_scheme:
            return True
        return reference.item in self._item_paths(target)

    def _item_paths(self, scheme: Artefact) -> frozenset[str]:
        known = self._paths.get(scheme.urn)
        if known is None:
            try:
                known = item_paths(self.with_extensions(scheme))
            except InvalidArtefactError:
                # The extension itself is reported where the codelist is checked.
                known = item_paths(scheme)
            self._paths[scheme.urn] = known
        return known

    @cached_property
    def _paths(self) -> dict[str, frozenset[str]]:
        return {}


def unique(references: Iterable[Urn]) -> tuple[Urn, ...]:
    """Each reference once, in the order of first appearance."""
    return tuple(dict.fromkeys(references))


def class_order(artefact: Artefact) -> tuple[int, str, str, Version]:
    """Sort key for replies: by class as SDMX-JSON lists them, then agency, id and version."""
    position = _POSITIONS[artefact.artefact_class.name]
    return position, artefact.agency, artefact.id, artefact.version


_POSITIONS: Final = {name: position for position, name in enumerate(CLASS_BY_NAME)}
