"""Who may report reference metadata on what, and who may take a report away.

What is reported on an artefact is shown wherever the artefact is, so that it reads as the word of
those responsible for it. They are: the agency of the artefact and those above it; of a provision
agreement its data provider as well; and whom a metadata provision agreement of that agency lets
report. SDMX gives the last its class, and says nothing of who else may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.errors import ConflictError, NotAuthorisedError
from app.sdmx import terms_sets
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.metadata_structures import structure_of
from app.sdmx.mirrors import pair
from app.sdmx.structures import ProvisionAgreement, decode
from app.sdmx.urn import parse_urn

SpeaksFor = Callable[[str], bool]
"""Whether the caller may maintain what an agency publishes."""

_ACTED_ON: Final = frozenset({terms_sets.STRUCTURE, (pair.AGENCY, pair.STRUCTURE)})
"""Structures whose sets are no reports: the service does what they say."""


def check_reporter(artefact: Artefact, artefacts: ArtefactSet, speaks_for: SpeaksFor) -> None:
    """See that the caller may report on each target of a metadata set.

    Terms of agreements have a rule of their own. A mirror pair says nothing of the dataflows that
    it names: any agency has its pairs, and who is none has no say in what is computed.

    Raises:
        NotAuthorisedError: it may not report on a target, which the error names.
    """
    if artefact.artefact_class is not METADATA_SET or terms_sets.is_of_terms(artefact, artefacts):
        return
    if not is_report(artefact, artefacts) and speaks_for(artefact.agency):
        return
    listed = artefact.document.get("targets")
    for place, target in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(target, str):
            continue  # found where the form is checked
        agency = target.partition("=")[2].partition(":")[0]
        if speaks_for(agency) or _is_let(artefact, artefacts, agency):
            continue
        if not _is_provider(artefact, artefacts, target):
            raise _refused(artefact, place, target, agency)


def may_take_away(artefact: Artefact, artefacts: ArtefactSet, speaks_for: SpeaksFor) -> bool:
    """Whether the caller may delete a stable artefact: a report of one below its agency."""
    above = artefact.agency.rpartition(".")[0]
    if artefact.artefact_class is not METADATA_SET or not above or not speaks_for(above):
        return False
    return is_report(artefact, artefacts)


def stays(artefact: Artefact, artefacts: ArtefactSet) -> ConflictError:
    """The refusal to delete a stable artefact; of a report, with what can be done instead."""
    en = f"{artefact} is stable: it stays for those who rely on it."
    es = f"{artefact} es estable: se conserva para quienes dependen de él."
    above = artefact.agency.rpartition(".")[0]
    if artefact.artefact_class is METADATA_SET and above and is_report(artefact, artefacts):
        en += f" The next version takes its place; {above} may take it away."
        es += f" La versión siguiente ocupa su lugar; {above} puede retirarlo."
    return ConflictError(en, es, urn=artefact.urn)


def is_report(artefact: Artefact, artefacts: ArtefactSet) -> bool:
    """Whether a metadata set tells of its targets, and is not there for the service to act on."""
    structure = structure_of(artefacts, artefact.document)
    return structure is None or (structure.agency, structure.id) not in _ACTED_ON


def _is_let(artefact: Artefact, artefacts: ArtefactSet, agency: str) -> bool:
    """Whether it is under a metadata provision agreement of the agency, or of one above."""
    named = artefact.document.get("metadataProvisionAgreement")
    # Who reports under it, and about what, is checked with the set.
    held = artefacts.resolve(named) if isinstance(named, str) else None
    return held is not None and (agency == held.agency or agency.startswith(f"{held.agency}."))


def _is_provider(artefact: Artefact, artefacts: ArtefactSet, target: str) -> bool:
    """Whether it is of the data provider of the agreement that it is about."""
    if ".ProvisionAgreement=" not in target or "*" in target:
        return False
    held = artefacts.resolve(target)
    if held is None or held.is_external:
        return False
    provider = parse_urn(decode(held, ProvisionAgreement).data_provider)
    return artefact.agency == f"{provider.agency}.{provider.item}"


def _refused(artefact: Artefact, place: int, target: str, agency: str) -> NotAuthorisedError:
    named = target.rpartition("=")[2]
    return NotAuthorisedError(
        f"Your program may not report on {named[:200]}: {agency} may, who reports under a metadata "
        f"provision agreement of {agency}, and on a provision agreement its data provider.",
        f"Su programa no puede informar sobre {named[:200]}: puede {agency}, quien informa bajo "
        f"un acuerdo de metadatos de {agency} y, sobre un acuerdo de provisión, su proveedor "
        "de datos.",
        urn=artefact.urn,
        path=f"/targets/{place}",
        target=target[:500],
    )
