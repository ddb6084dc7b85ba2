"""Which metadata set holds the terms of which agreement, and who may report it.

Terms are reported under a metadataflow of VIPMG:MSD_AGREEMENT. Because they decide who sees what, a
set counts only where the agreement's own agency maintains it, or a metadata provision agreement
of that agency lets a metadata provider report it. Of its versions the latest stable one holds:
a draft (`1.1.0-draft`) changes nothing. All versions of an agreement have the same terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from app.errors import InvalidArtefactError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefact_shape import misshapen
from app.sdmx.artefacts import Artefact
from app.sdmx.flow import resolve_flow
from app.sdmx.metadata_sets import value_text
from app.sdmx.metadata_structures import MetadataSet, flow_of
from app.sdmx.reporting_periods import read_due
from app.sdmx.structures import ProvisionAgreement, decode
from app.sdmx.terms import NOBODY, Terms, merged_terms
from app.sdmx.urn import parse_urn

STRUCTURE: Final = ("VIPMG", "MSD_AGREEMENT")
"""Agency and id of the metadata structure of terms."""


class TermSets:
    """The metadata sets of terms that hold in a registry, by agreement."""

    def __init__(self, artefacts: ArtefactSet) -> None:
        self._artefacts = artefacts
        self._by_agreement: dict[str, Artefact] = {}
        for held in sets_in_force(artefacts):
            for stem in targets_of(held):
                if may_report(artefacts, held, stem):
                    self._by_agreement.setdefault(stem, held)

    def terms(self, artefact: Artefact) -> Terms:
        """The terms of a provision agreement, its annotations being the defaults.

        Raises:
            InvalidArtefactError: the document does not have the shape of the class.
        """
        agreement = decode(artefact, ProvisionAgreement)
        held = self._by_agreement.get(stem_of(artefact.urn))
        reported = {} if held is None else reported_terms(held)
        source = "" if held is None else held.urn
        return merged_terms(artefact.urn, agreement.provider_id, agreement.terms, reported, source)

    def of(self, agreement: str) -> Terms | None:
        """The terms of the agreement of a URN, if that is held."""
        artefact = self._artefacts.get(agreement)
        return None if artefact is None else self.terms(artefact)


def stem_of(urn: str) -> str:
    """The URN of an agreement up to the version, which all its versions have in common."""
    return urn.partition("(")[0]


def is_of_terms(artefact: Artefact, artefacts: ArtefactSet) -> bool:
    """Whether a metadata set reports terms of agreements."""
    flow = flow_of(artefacts, artefact.document)
    reference = None if flow is None else flow.document.get("structure")
    if not isinstance(reference, str):
        return False
    structure = parse_urn(reference)
    return (structure.agency, structure.id) == STRUCTURE


def sets_in_force(artefacts: ArtefactSet) -> Iterator[Artefact]:
    """The latest stable version of each metadata set of terms, in the order of their URNs."""
    latest: dict[tuple[str, str], Artefact] = {}
    for one in artefacts.of_class("MetadataSet"):
        if not one.stable or one.is_external:
            continue
        known = latest.get((one.agency, one.id))
        if known is None or known.version < one.version:
            latest[one.agency, one.id] = one
    ordered = sorted(latest.values(), key=lambda one: one.urn)
    return (one for one in ordered if is_of_terms(one, artefacts))


def targets_of(artefact: Artefact) -> list[str]:
    """The agreements that a metadata set is about, without their versions."""
    listed = artefact.document.get("targets", ())
    return [stem_of(urn) for urn in listed if ".ProvisionAgreement=" in urn]


def may_report(artefacts: ArtefactSet, artefact: Artefact, stem: str) -> bool:
    """Whether the maintainer of a metadata set may say the terms of an agreement."""
    agency = stem.rpartition("=")[2].partition(":")[0]
    if _is_of(agency, artefact.agency):
        return True
    named = artefact.document.get("metadataProvisionAgreement")
    if not isinstance(named, str):
        return False
    # Who reports under it, and about what, was checked when the set came.
    held = artefacts.resolve(named)
    return held is not None and _is_of(agency, held.agency)


def _is_of(agency: str, above: str) -> bool:
    return agency == above or agency.startswith(f"{above}.")


def reported_terms(artefact: Artefact) -> dict[str, tuple[Any, ...]]:
    """The values of each attribute of a metadata set, in their order."""
    found: dict[str, list[Any]] = {}
    for one in decode(artefact, MetadataSet).attributes:
        if one.value is not None:
            value = one.value if isinstance(one.value, dict) else value_text(one.value)
            found.setdefault(one.id, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def check_terms_set(artefact: Artefact, after: ArtefactSet) -> None:
    """Check what only terms of agreements must fulfil; other metadata sets are left alone.

    Raises:
        InvalidArtefactError: a value is not what it should be, the maintainer may not say the
            terms, or another set says them already.
    """
    if artefact.is_external or not is_of_terms(artefact, after):
        return
    for path, en, es in _findings(artefact, after):
        raise misshapen(artefact, en, es, path)
    for place, urn in enumerate(artefact.document.get("targets", ())):
        held = after.resolve(urn)
        if held is None or held.is_external:
            continue
        provider = decode(held, ProvisionAgreement).provider_id
        terms = merged_terms(held.urn, provider, {}, reported_terms(artefact), artefact.urn)
        terms.check()
        _check_names(artefact, terms, held, after, f"/targets/{place}")


def check_annotated_terms(artefact: Artefact, after: ArtefactSet) -> None:
    """Check what the annotations of an agreement say of dimensions and codes.

    Raises:
        InvalidArtefactError: one is not there.
    """
    agreement = decode(artefact, ProvisionAgreement)
    terms = merged_terms(artefact.urn, agreement.provider_id, agreement.terms, {}, "")
    check_detail(artefact, terms, artefact, after, "/annotations")


def _findings(artefact: Artefact, after: ArtefactSet) -> Iterator[tuple[str, str, str]]:
    if artefact.version.text.count(".") < 2:
        yield (
            "/version",
            "terms are kept in versions: it must have three numbers (1.0.0)",
            "los términos se guardan por versiones: debe tener tres números (1.0.0)",
        )
    for name in ("validFrom", "validTo"):
        if name in artefact.document:
            yield (
                f"/{name}",
                "terms hold from their publication on; EXPIRY_DATE says until when",
                "los términos rigen desde su publicación; EXPIRY_DATE dice hasta cuándo",
            )
    for due in reported_terms(artefact).get("RELEASE_DUE", ()):
        if read_due(str(due)) is None:
            yield (
                "/attributes",
                "RELEASE_DUE begins with a duration: P20D after month end, P6M after year end",
                "RELEASE_DUE empieza con una duración: P20D after month end, P6M after year end",
            )
    rivals = _rivals(artefact, after)
    for place, urn in enumerate(artefact.document.get("targets", ())):
        stem = stem_of(urn)
        if ".ProvisionAgreement=" not in urn or "*" in urn:
            yield (
                f"/targets/{place}",
                "terms are those of a provision agreement, named by its URN",
                "los términos son de un acuerdo de provisión, indicado por su URN",
            )
        elif not may_report(after, artefact, stem):
            agency = stem.rpartition("=")[2].partition(":")[0]
            yield (
                f"/targets/{place}",
                f"its terms are said by {agency}, or under a metadata provision agreement of "
                f"{agency}",
                f"sus términos los dice {agency}, o se dicen bajo un acuerdo de metadatos de "
                f"{agency}",
            )
        elif stem in rivals:
            yield (
                f"/targets/{place}",
                f"its terms are in {rivals[stem]} already; publish the next version of that",
                f"sus términos ya están en {rivals[stem]}; publique la versión siguiente de ese",
            )


def _rivals(artefact: Artefact, after: ArtefactSet) -> Mapping[str, Artefact]:
    others = (
        one
        for one in sets_in_force(after)
        if (one.agency, one.id) != (artefact.agency, artefact.id)
    )
    return {stem: one for one in others for stem in targets_of(one)}


def _check_names(
    artefact: Artefact, terms: Terms, held: Artefact, after: ArtefactSet, path: str
) -> None:
    """Check that recipients, dimensions and codes are there."""
    known = _organisations(after)
    if NOBODY in terms.readers:
        raise misshapen(
            artefact,
            f"READERS: {NOBODY} means nobody, and stands alone",
            f"READERS: {NOBODY} significa nadie, y va solo",
            "/attributes",
        )
    for reader in terms.readers:
        if known and reader not in known:
            raise misshapen(
                artefact,
                f"READERS: no data provider or consumer has the id {reader}",
                f"READERS: ningún proveedor o consumidor de datos tiene el id {reader}",
                "/attributes",
            )
    check_detail(artefact, terms, held, after, path)


def check_detail(
    artefact: Artefact, terms: Terms, held: Artefact, after: ArtefactSet, path: str
) -> None:
    """Check that DETAIL names dimensions and codes of the agreement's dataflow.

    Raises:
        InvalidArtefactError: one is not there.
    """
    if not terms.detail:
        return
    try:
        flow = resolve_flow(after, decode(held, ProvisionAgreement).dataflow)
    except InvalidArtefactError:
        return  # what it rests on is kept elsewhere
    for name, codes in terms.detail.items():
        position = flow.position.get(name)
        if position is None:
            raise misshapen(
                artefact,
                f"DETAIL: {flow.short_urn} has no dimension {name}",
                f"DETAIL: {flow.short_urn} no tiene la dimensión {name}",
                path,
            )
        known = flow.dimensions[position].codes
        for code in sorted(codes):
            if known is not None and code not in known:
                raise misshapen(
                    artefact,
                    f"DETAIL: {name} has no code {code}",
                    f"DETAIL: {name} no tiene el código {code}",
                    path,
                )


def _organisations(artefacts: ArtefactSet) -> frozenset[str]:
    schemes: Iterable[tuple[str, str]] = (
        ("DataProviderScheme", "dataProviders"),
        ("DataConsumerScheme", "dataConsumers"),
    )
    return frozenset(
        item["id"]
        for name, key in schemes
        for scheme in artefacts.of_class(name)
        for item in scheme.document.get(key, ())
    )
