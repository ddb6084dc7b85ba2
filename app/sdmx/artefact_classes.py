"""The maintainable classes of SDMX 3.1: how the model, SDMX-REST and SDMX-JSON name each.

Metadata sets are maintainable too. They travel in metadata messages and are asked for by paths
of their own, so that `CLASSES` does not list them: `METADATA_SET`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ArtefactClass:
    """One maintainable class.

    Attributes:
        name: name of the class in the information model.
        artefact_type: its name in paths of SDMX-REST 2.2.
        collection: its key in `data` of an SDMX-JSON structure message.
        items: the key of its items in SDMX-JSON, empty when it is no item scheme.
        nested: whether an item holds its children (else it names its parent).
        urn_class: the class in its URN; geographic codelists are codelists there.
        fixed_id: the only id that its artefacts may have, empty when free.
        unversioned: whether the version is always 1.0.
    """

    name: str
    artefact_type: str
    collection: str
    items: str = ""
    nested: bool = False
    urn_class: str = ""
    fixed_id: str = ""
    unversioned: bool = False

    def __post_init__(self) -> None:
        if not self.urn_class:
            object.__setattr__(self, "urn_class", self.name)

    @property
    def is_item_scheme(self) -> bool:
        """Whether it holds items that a query may ask for one by one."""
        return bool(self.items)

    @property
    def is_codelist(self) -> bool:
        """Whether it is a codelist of any kind, and so may extend others."""
        return self.urn_class == "Codelist"


def _organisations(kind: str, items: str, fixed_id: str) -> ArtefactClass:
    name = f"{kind}Scheme"
    collection = f"{name[0].lower()}{name[1:]}s"
    return ArtefactClass(name, name.lower(), collection, items, fixed_id=fixed_id, unversioned=True)


CLASSES: Final = (
    ArtefactClass("DataStructure", "datastructure", "dataStructures"),
    ArtefactClass("MetadataStructure", "metadatastructure", "metadataStructures"),
    ArtefactClass("CategoryScheme", "categoryscheme", "categorySchemes", "categories", True),
    ArtefactClass("ConceptScheme", "conceptscheme", "conceptSchemes", "concepts"),
    ArtefactClass("Codelist", "codelist", "codelists", "codes"),
    ArtefactClass(
        "GeographicCodelist",
        "codelist",
        "geographicCodelists",
        "geoFeatureSetCodes",
        urn_class="Codelist",
    ),
    ArtefactClass(
        "GeoGridCodelist", "codelist", "geoGridCodelists", "geoGridCodes", urn_class="Codelist"
    ),
    ArtefactClass("ValueList", "valuelist", "valueLists", "valueItems"),
    ArtefactClass("Hierarchy", "hierarchy", "hierarchies"),
    ArtefactClass("HierarchyAssociation", "hierarchyassociation", "hierarchyAssociations"),
    _organisations("Agency", "agencies", "AGENCIES"),
    _organisations("DataProvider", "dataProviders", "DATA_PROVIDERS"),
    _organisations("DataConsumer", "dataConsumers", "DATA_CONSUMERS"),
    _organisations("MetadataProvider", "metadataProviders", "METADATA_PROVIDERS"),
    _organisations("OrganisationUnit", "organisationUnits", ""),
    ArtefactClass("Dataflow", "dataflow", "dataflows"),
    ArtefactClass("Metadataflow", "metadataflow", "metadataflows"),
    ArtefactClass(
        "ReportingTaxonomy", "reportingtaxonomy", "reportingTaxonomies", "reportingCategories", True
    ),
    ArtefactClass("ProvisionAgreement", "provisionagreement", "provisionAgreements"),
    ArtefactClass(
        "MetadataProvisionAgreement", "metadataprovisionagreement", "metadataProvisionAgreements"
    ),
    ArtefactClass("StructureMap", "structuremap", "structureMaps"),
    ArtefactClass("RepresentationMap", "representationmap", "representationMaps"),
    ArtefactClass("ConceptSchemeMap", "conceptschememap", "conceptSchemeMaps"),
    ArtefactClass("CategorySchemeMap", "categoryschememap", "categorySchemeMaps"),
    ArtefactClass("OrganisationSchemeMap", "organisationschememap", "organisationSchemeMaps"),
    ArtefactClass("ReportingTaxonomyMap", "reportingtaxonomymap", "reportingTaxonomyMaps"),
    ArtefactClass("Process", "process", "processes"),
    ArtefactClass("Categorisation", "categorisation", "categorisations"),
    ArtefactClass("DataConstraint", "dataconstraint", "dataConstraints"),
    ArtefactClass("MetadataConstraint", "metadataconstraint", "metadataConstraints"),
    ArtefactClass("CustomTypeScheme", "customtypescheme", "customTypeSchemes", "customTypes"),
    ArtefactClass("VtlMappingScheme", "vtlmappingscheme", "vtlMappingSchemes", "vtlMappings"),
    ArtefactClass(
        "NamePersonalisationScheme",
        "namepersonalisationscheme",
        "namePersonalisationSchemes",
        "namePersonalisations",
    ),
    ArtefactClass("RulesetScheme", "rulesetscheme", "rulesetSchemes", "rulesets"),
    ArtefactClass(
        "TransformationScheme", "transformationscheme", "transformationSchemes", "transformations"
    ),
    ArtefactClass(
        "UserDefinedOperatorScheme",
        "userdefinedoperatorscheme",
        "userDefinedOperatorSchemes",
        "userDefinedOperators",
    ),
)
"""Every class, in the order in which SDMX-JSON lists them."""

METADATA_SET: Final = ArtefactClass("MetadataSet", "metadataset", "metadataSets")
"""Reference metadata about artefacts; no class of structure messages and structure queries."""

CLASS_BY_NAME: Final[Mapping[str, ArtefactClass]] = MappingProxyType(
    {artefact_class.name: artefact_class for artefact_class in (*CLASSES, METADATA_SET)}
)
"""The classes by their name in the information model, metadata sets included."""

CLASS_BY_COLLECTION: Final[Mapping[str, ArtefactClass]] = MappingProxyType(
    {artefact_class.collection: artefact_class for artefact_class in CLASSES}
)
"""The classes by their key in `data` of an SDMX-JSON structure message."""

ARTEFACT_TYPES: Final = tuple(dict.fromkeys(entry.artefact_type for entry in CLASSES))
"""The artefact types of SDMX-REST 2.2, each once."""
