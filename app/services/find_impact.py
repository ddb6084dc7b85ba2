"""What a change of a shared structure would touch, before it is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from app.auth.subject import Subject
from app.errors import NotFoundError, QuerySemanticError, VipmgError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact, find_differences
from app.sdmx.code_uses import CodeUses, codes_of
from app.sdmx.impact import Touched, mirror_pairs, removed_codes, touched_by, touched_by_codes
from app.sdmx.maintenance_body import read_artefacts
from app.services.fed_agreements import fed_agreements
from app.services.find_code_uses import UsedCode, find_code_uses
from app.store import impact
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools
from app.store.types import Connection

MOST: Final = 5000
MOST_CODES: Final = 500

Fed: TypeAlias = Callable[[Artefact], list[str]]
"""The agreements that a map feeds."""

GROUPS: Final = (
    "agreements",
    "maps",
    "tables",
    "constraints",
    "rulesets",
    "codelists",
    "concept_schemes",
    "hierarchies",
    "data_structures",
    "dataflows",
    "others",
)


@dataclass
class Impact:
    """What a change touches.

    Attributes:
        artefact: the artefact, as it is stored.
        removed: codes that it is to lose.
        unknown: codes that it was asked for and does not have.
        is_of_codes: whether codes alone are to go: only what uses them is touched.
        changes: how many places of its document differ; nothing where no change was sent.
        touched: what it touches.
        document: all of it, as it is told.
    """

    artefact: Artefact
    removed: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    is_of_codes: bool = False
    changes: int | None = None
    touched: Sequence[Touched] = ()
    document: dict[str, Any] = field(default_factory=dict)


async def find_impact(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject | None,
    *,
    urn: str | None = None,
    removing: Sequence[str] = (),
    changed: bytes | None = None,
) -> Impact:
    """What a change would touch, directly and through others, and who uses codes that go.

    Where only codes are to go (`removing`), that is what names them, or has them in its figures.

    Counts are of what the public sees. Layouts are named to the organisation that made them, and
    counted for others.

    Args:
        pools: those of the service.
        cache: the registry.
        subject: the caller.
        urn: the artefact that is to change.
        removing: codes that it is to lose.
        changed: a structure message with the one artefact as it is to be, instead of these.

    Raises:
        NotFoundError: there is no such artefact.
        MessageError: the change cannot be read.
        QuerySemanticError: it holds no artefact, or several.
    """
    async with pools.public.acquire() as connection:
        catalogue = await cache.current(connection)
    artefacts = catalogue.snapshot.artefacts
    found = _asked(artefacts, urn, removing, changed)

    def fed(one: Artefact) -> list[str]:
        return fed_agreements(catalogue, one)

    found.touched = touched_by(artefacts, found.artefact, fed)
    used: list[UsedCode] = []
    if found.removed or found.is_of_codes:
        async with pools.public.acquire() as connection:
            used = await _by_codes(connection, catalogue, found, fed)
    urns = [one.artefact.urn for one in found.touched]
    agreements = [one.artefact.urn for one in found.touched if one.group == "agreements"]
    if found.artefact.artefact_class.name == "ProvisionAgreement":
        agreements.append(found.artefact.urn)
    async with pools.writer.acquire() as connection:
        layouts = await impact.layouts(connection, agreements)
    own = [one for one in layouts if subject and subject.organisation == one.provider]
    found.document = {
        "urn": found.artefact.urn,
        "stable": found.artefact.stable,
        "changes": found.changes,
        "removed_codes": found.removed[:MOST_CODES],
        "unknown_codes": found.unknown[:MOST_CODES],
        "touched": {group: _told(found.touched, group) for group in GROUPS},
        "counts": {group: sum(one.group == group for one in found.touched) for group in GROUPS},
        "computed_dataflows": _computed(catalogue, urns),
        "mirror_pairs": mirror_pairs(artefacts, [*urns, found.artefact.urn]),
        "templates": agreements,
        "layouts": {
            "count": len(layouts),
            "own": [{"agreement": one.agreement, "name": one.name} for one in own],
        },
        "saved_queries": {"kept": False, "listed": []},
        "used_codes": [one.document() for one in used],
    }
    return found


def _asked(
    artefacts: ArtefactSet, urn: str | None, removing: Sequence[str], changed: bytes | None
) -> Impact:
    if changed is None:
        stored = _stored(artefacts, urn or "")
        known = codes_of(artefacts, stored)
        asked = list(dict.fromkeys(removing))
        return Impact(
            stored,
            [code for code in asked if code in known],
            unknown=[code for code in asked if code not in known],
            is_of_codes=bool(asked),
        )
    sent = read_artefacts(changed)
    if len(sent) != 1:
        raise QuerySemanticError(
            "Send the one artefact that is to change.", "Envíe el único artefacto que va a cambiar."
        )
    after = sent[0]
    before = artefacts.get(after.urn) or _latest(artefacts, after)
    if before is None:
        raise _unknown(after.urn)
    differences = list(find_differences(before.document, after.document))
    return Impact(before, removed_codes(before, after), changes=len(differences))


def _latest(artefacts: ArtefactSet, after: Artefact) -> Artefact | None:
    """The version before one that is new."""
    same = (after.artefact_class.name, after.agency, after.id)
    known = [
        one
        for one in artefacts.of_class(after.artefact_class.name)
        if (one.artefact_class.name, one.agency, one.id) == same and one.version < after.version
    ]
    return max(known, key=lambda one: one.version, default=None)


def _stored(artefacts: ArtefactSet, urn: str) -> Artefact:
    try:
        found = artefacts.resolve(urn)
    except VipmgError:
        found = None
    if found is None:
        raise _unknown(urn)
    return found


def _unknown(urn: str) -> NotFoundError:
    return NotFoundError(f"There is no {urn[:300]!r}.", f"No existe {urn[:300]!r}.")


def _told(touched: Sequence[Touched], group: str) -> list[dict[str, Any]]:
    return [
        {
            "urn": one.artefact.urn,
            "via": one.via,
            "distance": one.distance,
            "codes": list(one.codes),
        }
        for one in touched
        if one.group == group
    ][:MOST]


def _computed(catalogue: Catalogue, urns: Sequence[str]) -> list[str]:
    artefacts = [catalogue.snapshot.artefacts.get(urn) for urn in urns]
    return [one.urn for one in artefacts if one is not None and _is_computed(one)]


def _is_computed(one: Artefact) -> bool:
    return one.artefact_class.name == "Dataflow" and any(
        each.get("type") == "COMPUTED" for each in one.document.get("annotations", ())
    )


async def _by_codes(
    connection: Connection, catalogue: Catalogue, found: Impact, fed: Fed
) -> list[UsedCode]:
    """Which public figures have the codes that go, and what of all that is touched uses them.

    Where only codes go, what does not use them is not touched.
    """
    artefacts = catalogue.snapshot.artefacts
    codes = found.removed[:MOST_CODES]
    uses = CodeUses(artefacts, found.artefact, codes, catalogue.find_flow)
    flows = [one.artefact.urn for one in found.touched if one.group == "dataflows"]
    used = await find_code_uses(connection, catalogue, flows, codes, uses)
    named = {one.artefact.urn: uses.of(one.artefact) for one in found.touched}
    for use in used:
        for urn in (use.dataflow, *use.agreements):
            known = named.get(urn, ())
            named[urn] = known if use.code in known else (*known, use.code)
    kept = {urn: told for urn, told in named.items() if told}
    if found.is_of_codes:
        found.touched = touched_by_codes(artefacts, found.touched, kept, fed)
    else:
        found.touched = [
            replace(one, codes=kept.get(one.artefact.urn, ())) for one in found.touched
        ]
    return used
