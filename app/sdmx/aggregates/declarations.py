"""What a computed dataflow says of itself: from what it is computed, and how.

Annotations of the type COMPUTED on the dataflow:

    METHOD               TOTAL: totals that a provider did not report, from complete partitions;
                         REGION: sums over the members of groups of areas
    SOURCE               the dataflow that it is computed from, as AGENCY:ID(VERSION); it has the
                         same dimensions
    RULESETS             the scheme of the rulesets that declare partitions
    PARTITION:<ruleset>  a hierarchical ruleset of that scheme: its rules with `=` are partitions;
                         the value lists the parts that count as nought where they are absent,
                         all others have to be there. Tried in the order of the annotations.
    ONLY:<dimension>     codes of a dimension that are computed; others are left out
    RESULT:<dimension>   codes of a dimension that are published; others are only parts
    WITHOUT:OBS_STATUS   states of figures that do not enter, as if they had not been sent; where
                         it is absent all enter, and what is computed tells of their states
    AREA                 of REGION: the dimension that is summed
    HIERARCHY            of REGION: the hierarchy that tells the members, dated
    GROUPS               of REGION: codes of the groups

Annotations of the type ATTRIBUTE say, in several languages, the value of an attribute that its
datasets have.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.errors import InvalidArtefactError
from app.sdmx.aggregates.cells import NORMAL, STATUS, SUPPRESSED
from app.sdmx.aggregates.membership import Member, members_of
from app.sdmx.aggregates.partitions import Partition, partition_of
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.checks.rulesets import TotalRuleset
from app.sdmx.checks.terms import named_scope, read_scope
from app.sdmx.flow import Flow, resolve_flow
from app.sdmx.urn import urn_of

COMPUTED: Final = "COMPUTED"
"""Type of the annotations of a computed dataflow."""

ATTRIBUTE: Final = "ATTRIBUTE"
"""Type of the annotations of a computed dataflow that say an attribute of its datasets."""

WITHOUT: Final = f"WITHOUT:{STATUS}"
TOTAL: Final = "TOTAL"
REGION: Final = "REGION"


@dataclass(frozen=True, slots=True)
class Computation:
    """A computed dataflow, ready to be computed.

    Attributes:
        dataflow: its URN.
        source: URN of the dataflow that it is computed from.
        area: position of the dimension of areas in the key.
        partitions: the partitions that make totals, by position of their dimension.
        only: by position of a dimension, the codes that are computed.
        results: by position of a dimension, the codes that are published.
        left_out: codes of OBS_STATUS whose figures do not enter.
        groups: by code of a group, its dated members; none: totals of each area.
        fingerprint: changes when anything changes that it says, or that it refers to.
    """

    dataflow: str
    source: str
    flow: Flow
    area: int
    partitions: tuple[Partition, ...]
    only: Mapping[int, frozenset[str]]
    results: Mapping[int, frozenset[str]]
    left_out: frozenset[str]
    groups: Mapping[str, tuple[Member, ...]]
    fingerprint: str

    @property
    def areas(self) -> frozenset[str] | None:
        """The areas whose figures enter; None: all."""
        if not self.groups:
            return None
        return frozenset(member.area for listed in self.groups.values() for member in listed)

    @property
    def family(self) -> tuple[int, ...]:
        """Positions of the dimensions that all series of a family share."""
        varying = {self.area, *(partition.position for partition in self.partitions)}
        return tuple(p for p in range(len(self.flow.dimensions)) if p not in varying)


def method_of(artefact: Artefact) -> str | None:
    """How a dataflow is computed; None: it is reported."""
    return _said(artefact).get("METHOD")


def computed_dataflows(artefacts: ArtefactSet) -> Iterator[Artefact]:
    """The dataflows that say of themselves that they are computed."""
    for artefact in artefacts.of_class("Dataflow"):
        if not artefact.is_external and method_of(artefact) is not None:
            yield artefact


def source_of(artefact: Artefact) -> str:
    """URN of the dataflow that a computed one says to come from; empty where it says none."""
    text = _said(artefact).get("SOURCE", "")
    agency, _, rest = text.partition(":")
    resource, _, version = rest.partition("(")
    return urn_of("Dataflow", agency, resource, version.rstrip(")")) if version else ""


def attributes_of(artefact: Artefact, flow: Flow) -> dict[str, Mapping[str, str] | str]:
    """The attributes of its datasets that a computed dataflow says, text by language.

    Where the component takes one text only, it has those of all languages in it.
    """
    found: dict[str, Mapping[str, str] | str] = {}
    annotations: Sequence[Mapping[str, Any]] = artefact.document.get("annotations", ())
    for annotation in annotations:
        component = flow.components.get(str(annotation.get("id")))
        texts = annotation.get("texts")
        if annotation.get("type") == ATTRIBUTE and component is not None and texts:
            several = dict(texts) if component.multilingual else " / ".join(texts.values())
            found[component.id] = several
    return found


def check_computed(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that a dataflow can be computed as it says, if it says so.

    Raises:
        InvalidArtefactError: it refers to what is not there, or does not suit its source.
    """
    if method_of(artefact) in (TOTAL, REGION):
        read_computation(artefact, after, lambda urn: resolve_flow(after, urn))


def read_computation(
    artefact: Artefact, artefacts: ArtefactSet, flow_of: Callable[[str], Flow]
) -> Computation:
    """Read what a computed dataflow says; `flow_of` resolves a dataflow.

    Raises:
        InvalidArtefactError: it refers to what is not there, or does not suit its source.
    """
    said = _said(artefact)
    method = said.get("METHOD")
    if method not in (TOTAL, REGION):
        raise _refused(artefact, f"METHOD {method!r}")
    source = artefacts.get(source_of(artefact))
    if source is None:
        raise _refused(artefact, f"SOURCE {said.get('SOURCE')!r}")
    flow, own = flow_of(source.urn), flow_of(artefact.urn)
    if _shape(flow) != _shape(own) or flow.time is None:
        raise _refused(artefact, "SOURCE: DIMENSIONS")
    used: list[Artefact] = [artefact, source]
    partitions = _partitions(artefact, artefacts, flow, said, used)
    area, groups = said.get("AREA", "REF_AREA"), {}
    if area not in flow.position:
        raise _refused(artefact, f"AREA {area!r}")
    if method == REGION:
        groups = _groups(artefact, artefacts, said, used)
    elif not partitions:
        raise _refused(artefact, "PARTITION")
    return Computation(
        artefact.urn,
        source.urn,
        flow,
        flow.position[area],
        partitions,
        _codes(artefact, flow, said, "ONLY:"),
        _codes(artefact, flow, said, "RESULT:"),
        _left_out(artefact, flow, said),
        groups,
        _digest(used),
    )


def _codes(
    artefact: Artefact, flow: Flow, said: Mapping[str, str], prefix: str
) -> dict[int, frozenset[str]]:
    """The codes that annotations name, by position of their dimension."""
    found = {}
    for name, codes in said.items():
        if name.startswith(prefix):
            place = flow.position.get(name.removeprefix(prefix))
            if place is None:
                raise _refused(artefact, name)
            found[place] = frozenset(codes.split())
    return found


def _left_out(artefact: Artefact, flow: Flow, said: Mapping[str, str]) -> frozenset[str]:
    """The states of figures that do not enter: codes that the source knows.

    What is normal always enters, and what is suppressed always counts as withheld.
    """
    wanted = frozenset(said.get(WITHOUT, "").split())
    status = flow.components.get(STATUS)
    known = frozenset((status and status.codes) or ()) - {SUPPRESSED, *NORMAL}
    if not wanted <= known:
        raise _refused(artefact, f"{WITHOUT} {said[WITHOUT]!r}")
    return wanted


def _shape(flow: Flow) -> list[str]:
    """What source and result have in common: the dimensions, and the measure that is summed."""
    return [part.id for part in (*flow.dimensions, *flow.measures[:1])]


def _groups(
    artefact: Artefact, artefacts: ArtefactSet, said: Mapping[str, str], used: list[Artefact]
) -> dict[str, tuple[Member, ...]]:
    agency, _, rest = said.get("HIERARCHY", "").partition(":")
    resource, _, version = rest.partition("(")
    hierarchy = None
    if version:
        hierarchy = artefacts.resolve(urn_of("Hierarchy", agency, resource, version.rstrip(")")))
    if hierarchy is None:
        raise _refused(artefact, f"HIERARCHY {said.get('HIERARCHY')!r}")
    used.append(hierarchy)
    groups = {name: members_of(hierarchy.document, name) for name in said.get("GROUPS", "").split()}
    if not groups or not all(groups.values()):
        raise _refused(artefact, f"GROUPS {said.get('GROUPS')!r}")
    return groups


def _partitions(
    artefact: Artefact,
    artefacts: ArtefactSet,
    flow: Flow,
    said: Mapping[str, str],
    used: list[Artefact],
) -> tuple[Partition, ...]:
    found: dict[int, Partition] = {}
    for name, optional in said.items():
        if not name.startswith("PARTITION:"):
            continue
        named = named_scope(artefacts, f"{said.get('RULESETS', '')}.{name.partition(':')[2]}")
        if named is None:
            raise _refused(artefact, name)
        scheme, scope = named
        ruleset = read_scope(scheme, scope)
        if not isinstance(ruleset, TotalRuleset) or ruleset.component not in flow.position:
            raise _refused(artefact, name)
        used.append(scheme)
        partition = partition_of(ruleset, flow, frozenset(optional.split()))
        if partition is None:
            raise _refused(artefact, name)
        known = found.get(partition.position)
        found[partition.position] = partition if known is None else known.with_rules(partition)
    return tuple(found.values())


def _said(artefact: Artefact) -> dict[str, str]:
    annotations: Sequence[Mapping[str, Any]] = artefact.document.get("annotations", ())
    return {
        str(annotation["id"]): str(annotation.get("value", ""))
        for annotation in annotations
        if annotation.get("type") == COMPUTED and "id" in annotation
    }


def _digest(used: Sequence[Artefact]) -> str:
    parts = hashlib.sha256()
    for artefact in used:
        parts.update(artefact.urn.encode())
        parts.update(artefact.canonical())
    return parts.hexdigest()


def _refused(artefact: Artefact, what: str) -> InvalidArtefactError:
    return misshapen(
        artefact,
        f"it cannot be computed as it says: {what}",
        f"no se puede calcular como dice: {what}",
        "/annotations",
    )
