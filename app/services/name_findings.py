"""The names of what the findings of a submission speak of, for people who know no ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.components import Code, Names, names_of
from app.sdmx.finding_names import FindingNames
from app.sdmx.flow import Flow
from app.store.catalogue import Catalogue


def name_findings(
    catalogue: Catalogue, agreements: Sequence[str], sources: Iterable[str] = ()
) -> FindingNames:
    """The names of all components of the dataflows of some agreements, and of their rules.

    Where two dataflows name a component differently, the first one's holds.

    Args:
        catalogue: the registry.
        agreements: URNs of the agreements.
        sources: URNs of the national dataflows or data structures that the rows were read by.
    """
    artefacts = catalogue.snapshot.artefacts
    components: dict[str, Names] = {}
    rules: dict[str, Names] = {}
    words: dict[str, Mapping[str, Code]] = {}
    for urn in sources:
        national = catalogue.find_flow(urn)
        for component in national.components.values() if national is not None else ():
            components.setdefault(component.id, component.names)
            if component.codes is not None:
                words.setdefault(component.id, component.codes)
    for agreement in catalogue.agreements.values():
        if agreement.urn not in agreements:
            continue
        flow = catalogue.find_flow(agreement.dataflow_urn)
        if flow is None:
            continue
        for component in flow.components.values():
            components.setdefault(component.id, component.names)
        attached = (agreement.urn, flow.urn, flow.structure_urn)
        for identity, names in (*_of_flow(artefacts, flow), *_constraints(artefacts, attached)):
            rules.setdefault(identity, names)
    if words:
        rules = dict(_tables(artefacts)) | rules
    return FindingNames(components, dict(_rulesets(artefacts)) | rules, words)


def _of_flow(artefacts: ArtefactSet, flow: Flow) -> Iterator[tuple[str, Names]]:
    yield flow.short_urn, flow.names
    for component in flow.components.values():
        codelist = component.codelist and artefacts.resolve(component.codelist)
        if component.codelist and codelist:
            yield component.codelist.rpartition("=")[2], names_of(codelist.document)


def _constraints(artefacts: ArtefactSet, attached: Sequence[str]) -> Iterator[tuple[str, Names]]:
    """Those of what is named, by their id, which is all that findings tell of them."""
    for urn in attached:
        for parent in sorted(artefacts.parents(urn)):
            constraint = artefacts.get(parent)
            if constraint is not None and constraint.artefact_class.name == "DataConstraint":
                yield constraint.id, names_of(constraint.document)


def _tables(artefacts: ArtefactSet) -> Iterator[tuple[str, Names]]:
    for table in artefacts.of_class("RepresentationMap"):
        yield table.urn.rpartition("=")[2], names_of(table.document)


def _rulesets(artefacts: ArtefactSet) -> Iterator[tuple[str, Names]]:
    for scheme in artefacts.of_class("RulesetScheme"):
        for item in scheme.document.get("rulesets", ()):
            yield f"{scheme.urn.rpartition('=')[2]}.{item['id']}", names_of(item)
