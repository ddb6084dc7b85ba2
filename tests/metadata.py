"""Metadata structures small enough to hold in mind, and sets that are reported by them.

`TST:MSD(1.0.0)` has a presentational attribute that repeats (CONTACT with NAME and EMAIL), text by
language (SCOPE), markup (NOTE), codes (RATING) and numbers (COVERAGE, YEARS).
"""

from __future__ import annotations

from typing import Any

from app.sdmx.artefacts import Artefact
from tests.artefact_samples import artefact, codelist, component, item, urn
from tests.structures import of_type

PROVIDER = "TST.OFFICE"
ANY_FLOW = "urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)"


def _attribute(part: dict[str, Any], least: int = 0, most: int | str = 1, **parts: Any) -> Any:
    concept = urn("Concept", "CS_META", part["id"])
    return part | {"conceptIdentity": concept, "minOccurs": least, "maxOccurs": most, **parts}


def metadata_structure() -> Artefact:
    """The metadata structure that has everything."""
    texts = {"isMultiLingual": True}
    attributes = [
        _attribute(of_type("SCOPE", "String", facets=texts), 1),
        _attribute(of_type("NOTE", "XHTML", facets=texts), 0, "unbounded"),
        _attribute(component("RATING", urn("Codelist", "CL_RATING")), 0, 2),
        _attribute(of_type("COVERAGE", "Double", facets={"maxValue": 100})),
        _attribute(of_type("YEARS", "Integer"), 0, "unbounded"),
        _attribute(of_type("FINAL", "Boolean")),
        _attribute(
            component("CONTACT"),
            0,
            "unbounded",
            isPresentational=True,
            metadataAttributes=[
                _attribute(of_type("NAME", "String", facets=texts), 1),
                _attribute(of_type("EMAIL", "String"), 0, "unbounded"),
            ],
        ),
    ]
    listed = {"id": "MetadataAttributeDescriptor", "metadataAttributes": attributes}
    return artefact(
        "MetadataStructure", "MSD", metadataStructureComponents={"metadataAttributeList": listed}
    )


def metadata_network() -> list[Artefact]:
    """What metadata sets rest on, beside the dataflows that they are about."""
    concepts = ["SCOPE", "NOTE", "RATING", "COVERAGE", "YEARS", "FINAL", "CONTACT", "NAME", "EMAIL"]
    return [
        artefact(
            "MetadataProviderScheme",
            "METADATA_PROVIDERS",
            "1.0",
            metadataProviders=[item("OFFICE"), item("OTHER")],
        ),
        artefact("ConceptScheme", "CS_META", concepts=[item(one) for one in concepts]),
        codelist("CL_RATING", "GOOD", "POOR"),
        metadata_structure(),
        artefact(
            "Metadataflow", "MDF", structure=urn("MetadataStructure", "MSD"), targets=[ANY_FLOW]
        ),
        artefact(
            "MetadataProvisionAgreement",
            "MPA",
            metadataflow=urn("Metadataflow", "MDF"),
            metadataProvider=urn("MetadataProvider", "METADATA_PROVIDERS", "OFFICE", version="1.0"),
        ),
    ]


FULL: list[dict[str, Any]] = [
    {"id": "SCOPE", "value": {"en": "All who enter", "es": "Todas las personas que entran"}},
    {"id": "NOTE", "value": {"en": "<p>Read <b>this</b> &amp; that</p>", "es": "<p>Lea esto</p>"}},
    {"id": "NOTE", "value": {"en": '<p>Second, with "quotes"; a line\nbreak</p>'}},
    {"id": "RATING", "value": "GOOD"},
    {"id": "COVERAGE", "value": 97.5},
    {"id": "YEARS", "value": 2020},
    {"id": "YEARS", "value": 2021},
    {"id": "FINAL", "value": True},
    {
        "id": "CONTACT",
        "attributes": [
            {"id": "NAME", "value": {"en": "Desk", "es": "Oficina"}},
            {"id": "EMAIL", "value": "a@example.org"},
            {"id": "EMAIL", "value": "b@example.org"},
        ],
    },
    {"id": "CONTACT", "attributes": [{"id": "NAME", "value": "Plain"}]},
]
"""Everything that the structure has."""


def metadata_set(
    resource_id: str = "MS", version: str = "1.0.0", agency: str = PROVIDER, **parts: Any
) -> Artefact:
    """A metadata set about a dataflow."""
    whole: dict[str, Any] = {
        "metadataflow": urn("Metadataflow", "MDF"),
        "targets": [urn("Dataflow", "DF")],
        "attributes": FULL,
    }
    if "metadataProvisionAgreement" in parts:
        del whole["metadataflow"]
    return artefact("MetadataSet", resource_id, version, agency, **(whole | parts))
