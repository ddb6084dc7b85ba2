"""What has to go along with some artefacts, so that they can be used in another registry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from app.sdmx.artefact_set import ArtefactSet, class_order
from app.sdmx.artefacts import Artefact

_RULING: Final = frozenset({"DataConstraint", "RulesetScheme"})
"""Classes of artefacts that say more of what they refer to."""


def family(artefacts: ArtefactSet, urns: Iterable[str]) -> list[Artefact]:
    """The artefacts named, all that they refer to, what rules them, and schemes of agencies.

    Args:
        artefacts: the registry.
        urns: the artefacts asked for; those that are not there are left out.

    Returns:
        In the order in which a message shows them.
    """
    found: dict[str, Artefact] = {}
    waiting = [artefact for urn in urns if (artefact := artefacts.get(urn)) is not None]
    while waiting:
        artefact = waiting.pop()
        if artefact.urn in found:
            continue
        found[artefact.urn] = artefact
        near = set(artefacts.children(artefact.urn))
        near |= {urn for urn in artefacts.parents(artefact.urn) if _rules(artefacts, urn)}
        listed = artefacts.agency_scheme(artefact.agency)
        if listed is not None:
            near.add(listed[0].urn)
        waiting += [one for urn in near if (one := artefacts.get(urn)) is not None]
    return sorted(found.values(), key=class_order)


def _rules(artefacts: ArtefactSet, urn: str) -> bool:
    artefact = artefacts.get(urn)
    return artefact is not None and artefact.artefact_class.name in _RULING
