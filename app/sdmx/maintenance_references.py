"""References before and after a change of the registry: what would lead nowhere, and whose fault.

Only artefacts that a change can touch are looked at: those that are changed, those that refer to
them, and those that refer to a codelist which takes codes over from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from app.errors import ConflictError, InvalidArtefactError, VipmgError
from app.sdmx.artefact_classes import METADATA_SET
from app.sdmx.artefact_set import TOP_AGENCY, ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.components import ComponentBuilder
from app.sdmx.item_schemes import item_paths
from app.sdmx.metadata_structures import provider_of
from app.sdmx.structures import DataStructure, decode
from app.sdmx.urn import Urn, parse_urn, urn_of

Fault: TypeAlias = tuple[str, VipmgError]
"""The URN of a candidate, and why it cannot be taken."""

_Key: TypeAlias = tuple[str, str, str]
_SHOWN: Final = 20
_NEED_THE_WHOLE: Final = frozenset(
    {
        "Codelist",
        "DataStructure",
        "Dataflow",
        "GeoGridCodelist",
        "GeographicCodelist",
        "MetadataProvisionAgreement",
        "MetadataStructure",
        "Metadataflow",
        "ProvisionAgreement",
    }
)
"""Classes whose meaning, and so the validation of data, rests on what they refer to."""


def with_changes(
    current: ArtefactSet, artefacts: Iterable[Artefact], *, deleted: str = ""
) -> ArtefactSet:
    """The registry with artefacts added or replaced, and one deleted."""
    new = {artefact.urn: artefact for artefact in artefacts}
    kept = [one for one in current if one.urn not in new and one.urn != deleted]
    known = {one.urn: [str(urn) for urn in current.references_of(one)] for one in kept}
    return ArtefactSet((*kept, *new.values()), known)


def versions_of(artefacts: ArtefactSet, artefact: Artefact) -> Iterator[Artefact]:
    """All versions of an artefact that a set holds."""
    key = _key_of(artefact)
    return (one for one in artefacts if _key_of(one) == key)


def reference_faults(
    current: ArtefactSet, after: ArtefactSet, candidates: Mapping[str, Artefact]
) -> Iterator[Fault]:
    """Candidates that refer to nothing, or that take away what others refer to."""
    touched = _touched(after, candidates.values())
    for urn, artefact in candidates.items():
        missing = after.missing_references(artefact)
        if missing:
            yield urn, _missing(artefact, missing)
        elif (shell := _shell_below(after, artefact)) is not None:
            yield urn, _rests_on_shell(artefact, shell)
        else:
            yield from _extension_fault(after, artefact)
    yield from _agency_faults(current, after, candidates)
    for artefact in after:
        if artefact.urn not in candidates and _refers_to(after, artefact, touched):
            broken = after.missing_references(artefact)
            if broken and (new := [one for one in broken if one not in _before(current, artefact)]):
                yield from _broken(after, candidates, artefact, new)


def _agency_faults(
    current: ArtefactSet, after: ArtefactSet, candidates: Mapping[str, Artefact]
) -> Iterator[Fault]:
    """Agency schemes that would no longer list who maintains what is stored."""
    changed = [urn for urn, one in candidates.items() if one.artefact_class.name == "AgencyScheme"]
    if not changed:
        return
    for agency, held in unlisted_agencies(current, after):
        yield from ((urn, unlisted(agency, held)) for urn in changed)


def check_agency(artefact: Artefact, after: ArtefactSet) -> None:
    """Check that the scheme which should list the agency of a new artefact does, if it is held.

    Of agencies whose scheme is kept elsewhere nothing is known; import does not ask, for it
    brings what others maintain.

    Raises:
        InvalidArtefactError: the scheme does not list it.
    """
    agency = artefact.agency
    parent = agency.rpartition(".")[0] or TOP_AGENCY
    scheme = urn_of("AgencyScheme", parent, "AGENCIES", "1.0")
    if agency == TOP_AGENCY or scheme not in after or after.agency_scheme(agency) is not None:
        return
    if artefact.artefact_class is METADATA_SET and provider_of(after, agency) in _reporting(after):
        return
    raise InvalidArtefactError(
        f"{artefact}, /agencyID: no agency scheme lists {agency}.",
        f"{artefact}, /agencyID: ningún esquema de agencias lista {agency}.",
        urn=artefact.urn,
        path="/agencyID",
    )


def _reporting(after: ArtefactSet) -> frozenset[tuple[str, str]]:
    """The metadata providers that schemes list, each with the agency of its scheme."""
    schemes = after.of_class("MetadataProviderScheme")
    return frozenset((one.agency, item) for one in schemes for item in item_paths(one))


def unlisted(agency: str, held: Artefact) -> ConflictError:
    """The refusal to forget an agency that maintains an artefact."""
    return ConflictError(
        f"{agency} maintains {held}, and would be listed nowhere.",
        f"{agency} mantiene {held}, y no estaría en ninguna lista.",
        urn=held.urn,
        agency=agency,
    )


def unlisted_agencies(current: ArtefactSet, after: ArtefactSet) -> Iterator[tuple[str, Artefact]]:
    """The agencies that are listed now and would not be, with one artefact of each."""
    held = {one.agency: one for one in after if one.artefact_class.name != "AgencyScheme"}
    for agency, artefact in held.items():
        if current.agency_scheme(agency) is not None and after.agency_scheme(agency) is None:
            yield agency, artefact


def _before(current: ArtefactSet, artefact: Artefact) -> list[tuple[str, str]]:
    return current.missing_references(artefact)


def _broken(
    after: ArtefactSet,
    candidates: Mapping[str, Artefact],
    artefact: Artefact,
    missing: list[tuple[str, str]],
) -> Iterator[Fault]:
    """Blame the candidates that those references lead to, or whose codes they meant."""
    path, reference = missing[0]
    error = ConflictError(
        f"{artefact}{path} refers to {reference}, which would be there no more.",
        f"{artefact}{path} se refiere a {reference}, que dejaría de existir.",
        urn=artefact.urn,
        path=path,
        reference=reference,
    )
    wanted = {_key(parse_urn(one)) for _, one in missing}
    guilty = [
        urn
        for urn, one in candidates.items()
        if _key_of(one) in wanted or wanted & _touched(after, [one])
    ]
    yield from ((urn, error) for urn in guilty or candidates)


def _extension_fault(after: ArtefactSet, artefact: Artefact) -> Iterator[Fault]:
    try:
        after.with_extensions(artefact)
    except InvalidArtefactError as error:
        yield artefact.urn, error


def _touched(after: ArtefactSet, artefacts: Iterable[Artefact]) -> set[_Key]:
    """The artefacts themselves, and all codelists that take codes over from them."""
    touched = {_key_of(artefact) for artefact in artefacts}
    extending = [one for one in after if one.document.get("codelistExtensions")]
    grown = True
    while grown:
        more = {
            _key_of(one)
            for one in extending
            if _key_of(one) not in touched and _refers_to(after, one, touched)
        }
        touched |= more
        grown = bool(more)
    return touched


def _refers_to(after: ArtefactSet, artefact: Artefact, keys: set[_Key]) -> bool:
    return any(_key(reference) in keys for reference in after.references_of(artefact))


def _shell_below(after: ArtefactSet, artefact: Artefact) -> Artefact | None:
    """A shell, whose whole is kept elsewhere, that an artefact would rest on."""
    if artefact.artefact_class.name not in _NEED_THE_WHOLE or artefact.is_external:
        return None
    references = map(str, after.references_of(artefact))
    targets = map(after.resolve, (*references, *_lists_of_concepts(after, artefact)))
    return next((one for one in targets if one is not None and one.is_external), None)


def _lists_of_concepts(after: ArtefactSet, artefact: Artefact) -> Iterator[str]:
    """The lists that the components of a structure have from their concepts."""
    if artefact.artefact_class.name != "DataStructure":
        return
    builder = ComponentBuilder(after)
    structure = decode(artefact, DataStructure)
    for component in (*structure.dimensions, *structure.measures, *structure.attributes):
        concept = builder.concept(component.concept_identity)
        core = concept.core_representation if concept is not None else None
        if component.local_representation is None and core is not None and core.enumeration:
            yield core.enumeration


def _rests_on_shell(artefact: Artefact, shell: Artefact) -> InvalidArtefactError:
    return InvalidArtefactError(
        f"{artefact} rests on {shell}, of which only a reference to another service is stored; "
        "send the whole of it first.",
        f"{artefact} se apoya en {shell}, del que solo se guarda una referencia a otro servicio; "
        "envíelo completo primero.",
        urn=artefact.urn,
        reference=shell.urn,
    )


def _missing(artefact: Artefact, missing: list[tuple[str, str]]) -> ConflictError:
    listed = ", ".join(f"{path}: {reference}" for path, reference in missing[:_SHOWN])
    return ConflictError(
        f"{artefact}: {len(missing)} reference(s) lead to nothing that is stored or sent here "
        f"({listed}).",
        f"{artefact}: {len(missing)} referencia(s) no llevan a nada guardado ni enviado aquí "
        f"({listed}).",
        urn=artefact.urn,
        missing=[{"path": path, "reference": reference} for path, reference in missing],
    )


def _key_of(artefact: Artefact) -> _Key:
    return artefact.artefact_class.urn_class, artefact.agency, artefact.id


def _key(reference: Urn) -> _Key:
    whole = reference.maintainable
    return whole.class_name, whole.agency, whole.id
