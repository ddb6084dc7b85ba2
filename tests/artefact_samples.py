"""Small artefacts for tests: a builder, and one valid artefact of every class of SDMX 3.1."""

from __future__ import annotations

import datetime as dt
from typing import Any

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import write_structure_message
from app.sdmx.offers import Offer
from app.sdmx.urn import urn_of

AGENCY = "TST"


def artefact(
    class_name: str, resource_id: str, version: str = "1.0.0", agency: str = AGENCY, **parts: Any
) -> Artefact:
    """An artefact with a name in two languages."""
    names = {"en": f"{resource_id} in English", "es": f"{resource_id} en español"}
    document = {
        "id": resource_id,
        "agencyID": agency,
        "version": version,
        "name": names["en"],
        "names": names,
        **parts,
    }
    return Artefact.read(CLASS_BY_NAME[class_name], document)


def item(item_id: str, **parts: Any) -> dict[str, Any]:
    """An item with a name in two languages."""
    names = {"en": f"{item_id} in English", "es": f"{item_id} en español"}
    return {"id": item_id, "name": names["en"], "names": names, **parts}


def urn(class_name: str, resource_id: str, item_path: str | None = None, **parts: str) -> str:
    """A URN of the test agency."""
    version = parts.get("version", "1.0.0")
    return urn_of(class_name, parts.get("agency", AGENCY), resource_id, version, item_path)


def codelist(resource_id: str, *codes: str | dict[str, Any], **parts: Any) -> Artefact:
    """A codelist of codes given by id or whole."""
    items = [item(code) if isinstance(code, str) else code for code in codes]
    return artefact("Codelist", resource_id, **({"codes": items} if items else {}), **parts)


def available_with(offer: Offer, *artefacts: Artefact) -> bytes:
    """A message of artefacts and of what is available for the dataflow DF."""
    region = {"include": True, "keyValues": [{"id": "FREQ", "include": True, "values": ["A"]}]}
    available = {"constraintAttachment": {"dataflow": urn("Dataflow", "DF")}, "cubeRegion": region}
    header = MessageHeader("M", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), languages=("en", "es"))
    return write_structure_message(
        offer, artefacts, header, base_url="http://127.0.0.1:9", availability=[available]
    )


def component(component_id: str, enumeration: str | None = None, **parts: Any) -> dict[str, Any]:
    """A component of the concept of its id; coded if an enumeration is given."""
    coded = {"localRepresentation": {"enumeration": enumeration}} if enumeration else {}
    concept = urn("Concept", "CS", component_id)
    return {"id": component_id, "conceptIdentity": concept, **coded, **parts}


def data_structure(resource_id: str = "DSD", version: str = "1.0.0", **parts: Any) -> Artefact:
    """A structure of three dimensions, of which FREQ and AREA are coded, and time."""
    return artefact(
        "DataStructure",
        resource_id,
        version,
        dataStructureComponents={
            "dimensionList": {
                "id": "DimensionDescriptor",
                "dimensions": [
                    component("FREQ", urn("Codelist", "CL_FREQ"), position=1),
                    component("AREA", urn("Codelist", "CL_AREA"), position=2),
                    component("TOPIC", urn("Codelist", "CL_TOPIC"), position=3),
                ],
                "timeDimension": {
                    "id": "TIME_PERIOD",
                    "conceptIdentity": urn("Concept", "CS", "TIME_PERIOD"),
                    "localRepresentation": {"format": {"dataType": "ObservationalTimePeriod"}},
                },
            },
            "groups": [{"id": "SIBLING", "groupDimensions": ["AREA", "TOPIC"]}],
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": [
                    component(
                        "OBS_STATUS",
                        urn("ValueList", "VL_STATUS"),
                        usage="optional",
                        attributeRelationship={"observation": {}},
                    )
                ],
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [
                    component(
                        "OBS_VALUE",
                        usage="optional",
                        localRepresentation={"format": {"dataType": "Decimal", "minValue": 0}},
                    )
                ],
            },
        },
        **parts,
    )


def network() -> list[Artefact]:
    """A dataflow with everything around it: two providers, constraints, categories, lists."""
    concepts = ["FREQ", "AREA", "TOPIC", "TIME_PERIOD", "OBS_STATUS", "OBS_VALUE", "UNUSED"]
    coded = {"coreRepresentation": {"enumeration": urn("Codelist", "CL_UNUSED")}}
    return [
        artefact("AgencyScheme", "AGENCIES", "1.0", "SDMX", agencies=[item("TST"), item("OTH")]),
        artefact(
            "DataProviderScheme",
            "DATA_PROVIDERS",
            "1.0",
            dataProviders=[item("P1"), item("P2"), item("P3")],
        ),
        artefact(
            "ConceptScheme",
            "CS",
            concepts=[item(one, **(coded if one == "UNUSED" else {})) for one in concepts],
        ),
        codelist("CL_FREQ", "A", "M"),
        codelist("CL_AREA", "ALL", item("NORTH", parent="ALL"), item("SOUTH", parent="ALL")),
        codelist("CL_BASE", "X", "Y"),
        codelist("CL_UNUSED", "Q"),
        codelist("CL_TOPIC", "T1", codelistExtensions=[{"codelist": urn("Codelist", "CL_BASE")}]),
        artefact("ValueList", "VL_STATUS", valueItems=[{"id": "a+", "name": "good"}, {"id": "?"}]),
        data_structure(),
        artefact("Dataflow", "DF", structure=urn("DataStructure", "DSD")),
        *(
            artefact(
                "ProvisionAgreement",
                f"PA_{number}",
                dataflow=urn("Dataflow", "DF"),
                dataProvider=urn("DataProvider", "DATA_PROVIDERS", f"P{number}", version="1.0"),
                annotations=[
                    {"id": "PRECEDENCE", "type": "AGREEMENT_TERM", "value": f"{number}00"},
                    {"id": "ATTRIBUTE:LICENCE", "type": "AGREEMENT_TERM", "value": "CC0"},
                ],
            )
            for number in (1, 2)
        ),
        artefact(
            "DataConstraint",
            "CC_DF",
            constraintAttachment={"dataflows": [urn("Dataflow", "DF")]},
            cubeRegions=[
                {
                    "include": True,
                    "keyValues": [
                        {"id": "AREA", "include": True, "values": [{"value": "NORTH"}]},
                        {"id": "TOPIC", "include": True, "values": ["X", "T1"]},
                    ],
                }
            ],
        ),
        artefact(
            "CategoryScheme",
            "CAT",
            categories=[
                item(
                    "C1",
                    categories=[item("C11", categories=[item("C111")]), item("C12")],
                ),
                item("C2"),
            ],
        ),
        artefact(
            "Categorisation",
            "CTG",
            source=urn("Dataflow", "DF"),
            target=urn("Category", "CAT", "C1.C11"),
        ),
    ]


def every_class() -> list[Artefact]:
    """At least one artefact of each of the 36 classes, all references among themselves."""
    flow, code, area = urn("Dataflow", "DF"), urn("Codelist", "CL_FREQ"), urn("Codelist", "CL_AREA")
    category, concept = urn("CategoryScheme", "CAT"), urn("ConceptScheme", "CS")
    metadata_structure = urn("MetadataStructure", "MSD")
    provider = urn("MetadataProvider", "METADATA_PROVIDERS", "M1", version="1.0")
    mapping = {"itemMaps": [{"sourceValue": {"value": "A"}, "targetValue": "B"}]}
    providers = urn("DataProviderScheme", "DATA_PROVIDERS", version="1.0")
    flow_step = item("S1", inputs=[{"objectReference": flow}], processSteps=[item("S11")])
    return [
        *network(),
        artefact("DataConsumerScheme", "DATA_CONSUMERS", "1.0", dataConsumers=[item("D1")]),
        artefact(
            "MetadataProviderScheme", "METADATA_PROVIDERS", "1.0", metadataProviders=[item("M1")]
        ),
        artefact(
            "OrganisationUnitScheme",
            "UNITS",
            "1.0",
            organisationUnits=[item("U1"), item("U2", parent="U1")],
        ),
        artefact(
            "GeographicCodelist",
            "CL_GEO",
            geoType="GeographicCodelist",
            geoFeatureSetCodes=[item("G1", value="1.5,2.5")],
        ),
        artefact(
            "GeoGridCodelist",
            "CL_GRID",
            geoType="GeoGridCodelist",
            gridDefinition="EPSG:4326",
            geoGridCodes=[item("R1", geoCell="AA")],
        ),
        artefact(
            "Hierarchy",
            "H",
            hasFormalLevels=True,
            level=item("L1"),
            hierarchicalCodes=[
                {
                    "id": "HALL",
                    "code": urn("Code", "CL_AREA", "ALL"),
                    "level": "L1",
                    "hierarchicalCodes": [
                        {"id": "HNORTH", "code": urn("Code", "CL_AREA", "NORTH")}
                    ],
                }
            ],
        ),
        artefact(
            "HierarchyAssociation",
            "HA",
            linkedHierarchy=urn("Hierarchy", "H"),
            linkedObject=urn("Dimension", "DSD", "AREA"),
            contextObject=flow,
        ),
        artefact(
            "MetadataStructure",
            "MSD",
            metadataStructureComponents={
                "metadataAttributeList": {
                    "id": "MetadataAttributeDescriptor",
                    "metadataAttributes": [component("UNUSED", isPresentational=True)],
                }
            },
        ),
        artefact(
            "Metadataflow",
            "MDF",
            structure=metadata_structure,
            targets=["urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)"],
        ),
        artefact(
            "MetadataProvisionAgreement",
            "MPA",
            metadataflow=urn("Metadataflow", "MDF"),
            metadataProvider=provider,
            targets=["urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)"],
        ),
        artefact(
            "ReportingTaxonomy",
            "RT",
            reportingCategories=[
                item("R1", reportingCategories=[item("R11", provisioningMetadata=[flow])])
            ],
        ),
        artefact(
            "StructureMap",
            "SM",
            source=flow,
            target=urn("DataStructure", "DSD"),
            componentMaps=[
                {
                    "source": ["AREA"],
                    "target": ["AREA"],
                    "representationMap": urn("RepresentationMap", "RM"),
                }
            ],
            fixedValueMaps=[{"target": "FREQ", "values": ["A"]}],
        ),
        artefact(
            "RepresentationMap",
            "RM",
            source=[{"codelist": area}],
            target=[{"codelist": code}],
            representationMappings=[
                {"sourceValues": [{"value": "ALL"}], "targetValues": ["A"]},
                {"sourceValues": [{"value": "(.*)", "isRegEx": True}], "targetValues": ["\\1"]},
            ],
        ),
        artefact("ConceptSchemeMap", "CSM", source=concept, target=concept, **mapping),
        artefact("CategorySchemeMap", "CAM", source=category, target=category, **mapping),
        artefact("OrganisationSchemeMap", "OSM", source=providers, target=providers, **mapping),
        artefact(
            "ReportingTaxonomyMap",
            "RTM",
            source=urn("ReportingTaxonomy", "RT"),
            target=urn("ReportingTaxonomy", "RT"),
            **mapping,
        ),
        artefact("Process", "PRC", processSteps=[flow_step]),
        artefact(
            "MetadataConstraint",
            "MC",
            constraintAttachment={"metadataflows": [urn("Metadataflow", "MDF")]},
            metadataTargetRegions=[{"include": True, "components": [{"id": "UNUSED"}]}],
        ),
        artefact(
            "CustomTypeScheme",
            "CTS",
            vtlVersion="2.0",
            customTypes=[item("CT", vtlScalarType="string", dataType="String")],
        ),
        artefact(
            "VtlMappingScheme",
            "VMS",
            vtlMappings=[item("VM", alias="AREAS", codelist=area)],
        ),
        artefact(
            "NamePersonalisationScheme",
            "NPS",
            vtlVersion="2.0",
            namePersonalisations=[
                item("NP", vtlDefaultName="a", personalisedName="b", vtlArtefact="alias")
            ],
        ),
        artefact(
            "RulesetScheme",
            "RS",
            vtlVersion="2.0",
            rulesets=[
                item("R", rulesetDefinition="x", rulesetType="datapoint", rulesetScope="variable")
            ],
            vtlMappingScheme=urn("VtlMappingScheme", "VMS"),
        ),
        artefact(
            "TransformationScheme",
            "TS",
            vtlVersion="2.0",
            transformations=[item("T", expression="a + b", result="c", isPersistent=True)],
            rulesetSchemes=[urn("RulesetScheme", "RS")],
        ),
        artefact(
            "UserDefinedOperatorScheme",
            "UDO",
            vtlVersion="2.0",
            userDefinedOperators=[item("O", operatorDefinition="define operator")],
        ),
    ]
