"""What goes along with a data provider into another registry.

Its agreements and maps with all that they refer to, the rulesets that hold for it, and metadata
sets in all their versions: those about its agreements, whoever reports them; those that the
agencies themselves keep about its structures, such as mirror pairs; and those that it reports. What
other metadata providers report about shared structures is theirs to take.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.errors import InvalidArtefactError
from app.sdmx.artefact_family import family
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.checks.terms import named_by, named_scope, scopes_in_force, scopes_of
from app.sdmx.flow import resolve_flow
from app.sdmx.metadata_structures import MetadataProvisionAgreement, MetadataSet
from app.sdmx.mirrors.pair import is_pair, read_pair
from app.sdmx.registry_changes import check_in_context
from app.sdmx.structures import ProvisionAgreement, decode
from app.sdmx.terms_sets import is_of_terms, reported_terms, stem_of
from app.sdmx.urn import parse_urn


@dataclass(frozen=True, slots=True)
class ProviderFamily:
    """What goes along: structures in the order in which a message shows them, metadata sets."""

    structures: Sequence[Artefact]
    metadata_sets: Sequence[Artefact]


def provider_family(
    artefacts: ArtefactSet, provider: str, agreements: Sequence[str], maps: Iterable[str]
) -> ProviderFamily:
    """All that an empty registry has to take so that the agreements act there as they do here.

    Args:
        artefacts: the registry.
        provider: id of the data provider.
        agreements: URNs of its agreements.
        maps: URNs of the maps that its files were read by.
    """
    wanted = {*agreements, *maps}
    own = {artefact.urn for artefact in family(artefacts, wanted)}
    wanted |= set(_rulesets(artefacts, provider, agreements))
    while True:
        found = family(artefacts, wanted)
        urns = {artefact.urn for artefact in found}
        scope = _Scope(artefacts, provider, own, {*map(stem_of, agreements)}, {*map(stem_of, urns)})
        sets = [one for one in artefacts.of_class("MetadataSet") if scope.has(one)]
        needed = {urn for one in sets for urn in _needs(artefacts, one)}
        if needed <= urns:
            return ProviderFamily(found, sorted(sets, key=lambda one: one.urn))
        wanted |= needed


@dataclass(frozen=True, slots=True)
class _Scope:
    """Which metadata sets go along.

    Attributes:
        own: URNs of the provider's agreements and maps, and of what these refer to.
        agreements: its agreements, without versions.
        others: all artefacts that go along, without versions.
    """

    artefacts: ArtefactSet
    provider: str
    own: set[str]
    agreements: set[str]
    others: set[str]

    def has(self, one: Artefact) -> bool:
        """Whether a metadata set goes along.

        An earlier version that would not be taken any more stays: it must not stop the others.
        """
        if not self._is_meant(one):
            return False
        if not _is_superseded(one, self.artefacts):
            return True
        try:
            check_in_context(one, self.artefacts)
        except InvalidArtefactError:
            return False
        return True

    def _is_meant(self, one: Artefact) -> bool:
        targets = [urn for urn in one.document.get("targets", ()) if "*" not in urn]
        stems = {stem_of(urn) for urn in targets}
        if stems & self.agreements:
            return True
        if stems & self.others and is_of_terms(one, self.artefacts):
            return True  # an agreement without its terms would show what they withhold
        reporter = _reporter(one, self.artefacts)
        if reporter is not None:
            return reporter == self.provider
        held = (self.artefacts.resolve(urn) for urn in targets)
        return any(target is not None and target.urn in self.own for target in held)


def _reporter(one: Artefact, artefacts: ArtefactSet) -> str | None:
    """The metadata provider of a set; None: the agency itself."""
    named = decode(one, MetadataSet).metadata_provision_agreement
    held = None if named is None else artefacts.resolve(named)
    if held is None or held.is_external:
        return None if named is None else one.agency.rpartition(".")[2]
    return parse_urn(decode(held, MetadataProvisionAgreement).metadata_provider).item


def _is_superseded(one: Artefact, artefacts: ArtefactSet) -> bool:
    return any(
        other.stable and one.version < other.version
        for other in artefacts.of_class("MetadataSet")
        if (other.agency, other.id) == (one.agency, one.id)
    )


def _rulesets(artefacts: ArtefactSet, provider: str, agreements: Iterable[str]) -> Iterator[str]:
    """The schemes of rulesets that hold for a provider, and the dataflows that they name."""
    in_force = list(scopes_in_force(artefacts))
    for held in filter(None, map(artefacts.get, agreements)):
        agreement = decode(held, ProvisionAgreement)
        names = [*named_by(agreement)]
        try:
            flow = resolve_flow(artefacts, agreement.dataflow)
        except InvalidArtefactError:
            pass  # its dataflow is kept elsewhere
        else:
            names += [scope.id for scope in in_force if scope.holds_for(flow, provider)]
        for found in filter(None, (named_scope(artefacts, name) for name in names)):
            yield found[0].urn
            yield from _named_dataflows(artefacts, found[0])


def _named_dataflows(artefacts: ArtefactSet, scheme: Artefact) -> Iterator[str]:
    named = {name for scope in scopes_of(scheme) for name in scope.dataflows}
    for one in artefacts.of_class("Dataflow"):
        short = f"{one.agency}:{one.id}"
        if not named.isdisjoint({short, f"{short}({one.version})"}):
            yield one.urn


def _needs(artefacts: ArtefactSet, one: Artefact) -> Iterator[str]:
    """What a metadata set cannot be published without; what it is about may be elsewhere."""
    named = [one.document.get(name) for name in ("metadataflow", "metadataProvisionAgreement")]
    organisations: set[str] = set()
    if is_of_terms(one, artefacts):
        readers = reported_terms(one).get("READERS", ())
        organisations.update(*(str(reader).split() for reader in readers))
    elif is_pair(one, artefacts):
        pair = read_pair(one)
        named += [pair.left.dataflow, pair.right.dataflow]
        organisations.update(pair.left.providers, pair.right.providers)
    for urn in named:
        held = None if urn is None else artefacts.resolve(urn)
        if held is not None:
            yield held.urn
    yield from _schemes(artefacts, organisations)


def _schemes(artefacts: ArtefactSet, organisations: set[str]) -> Iterator[str]:
    """The schemes that list one of some organisations, which terms and pairs name by id alone."""
    for name, key in (
        ("DataProviderScheme", "dataProviders"),
        ("DataConsumerScheme", "dataConsumers"),
    ):
        for scheme in artefacts.of_class(name):
            if any(item["id"] in organisations for item in scheme.document.get(key, ())):
                yield scheme.urn
