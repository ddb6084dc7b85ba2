"""Artefacts that hold every property of their class; those of `artefact_samples` are small."""

from __future__ import annotations

from typing import Any

from app.sdmx.artefacts import Artefact
from tests.artefact_samples import artefact, codelist, component, item, urn

ANNOTATIONS = [
    {
        "id": "A1",
        "title": "A title",
        "type": "NOTE",
        "value": "a & b < c",
        "text": "A text",
        "texts": {"en": "A text", "es": "Un texto"},
        "links": [
            {"rel": "self", "href": "https://example.org/a", "hreflang": "en"},
            {"rel": "self", "href": "https://example.org/b"},
        ],
    },
    {"type": "BARE"},
]
LINKS = [
    {"rel": "help", "href": "https://example.org/help", "type": "text/html"},
    {"rel": "structure", "urn": urn("DataStructure", "DSD")},
    {
        "rel": "alternate",
        "href": "https://example.org/structure?a=1&b=2",
        "urn": urn("Codelist", "CL_AREA"),
    },
]
DESCRIBED: dict[str, Any] = {
    "description": "In English",
    "descriptions": {"en": "In English", "es": "En español", "fr-CA": "En français"},
    "annotations": ANNOTATIONS,
    "links": LINKS,
}
FACETS: dict[str, Any] = {
    "dataType": "Decimal",
    "isSequence": False,
    "interval": 2,
    "startValue": 0.5,
    "endValue": 100,
    "minLength": 1,
    "maxLength": 12,
    "minValue": -0.0000001,
    "maxValue": 123456789.25,
    "decimals": 3,
    "pattern": '[0-9]+\\.[0-9]"&<>',
    "sentinelValues": [
        {
            "value": -9,
            "name": "Not known",
            "names": {"en": "Not known", "es": "Desconocido"},
            "description": "Nobody knows",
            "descriptions": {"en": "Nobody knows"},
        }
    ],
}


def _whole(class_name: str, resource_id: str, version: str = "1.0.0", **parts: Any) -> Artefact:
    """An artefact with what every maintainable object may have."""
    return artefact(
        class_name,
        resource_id,
        version,
        validFrom="2020-01-01T00:00:00Z",
        validTo="2030-12-31T23:59:59+02:00",
        isPartialLanguage=False,
        isExternalReference=False,
        **(DESCRIBED | parts),
    )


def structures() -> list[Artefact]:
    """A data structure, a metadata structure and flows with all that they may have."""
    return [
        _data_structure(),
        _whole(
            "MetadataStructure",
            "MSD_FULL",
            metadataStructureComponents={
                "metadataAttributeList": {
                    "id": "MetadataAttributeDescriptor",
                    "annotations": ANNOTATIONS,
                    "links": LINKS,
                    "metadataAttributes": [
                        component(
                            "CONTACT",
                            isPresentational=True,
                            minOccurs=0,
                            maxOccurs="unbounded",
                            annotations=ANNOTATIONS,
                            metadataAttributes=[
                                component(
                                    "PERSON",
                                    minOccurs=1,
                                    maxOccurs=2,
                                    localRepresentation={
                                        "format": {"dataType": "XHTML", "isMultiLingual": True}
                                    },
                                    metadataAttributes=[
                                        component("PHONE", urn("Codelist", "CL_AREA"))
                                    ],
                                )
                            ],
                        )
                    ],
                }
            },
        ),
        _whole(
            "Dataflow",
            "DF_FULL",
            structure=urn("DataStructure", "DSD_FULL", version="1.0+.0"),
            dimensionConstraint=["FREQ", "AREA"],
        ),
        _whole(
            "Metadataflow",
            "MDF_FULL",
            structure=urn("MetadataStructure", "MSD_FULL"),
            targets=["urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=TST:*(*)"],
        ),
        _whole("Categorisation", "CTG_FULL", "2.1.3-draft"),
        artefact(
            "Codelist",
            "CL_ELSEWHERE",
            isExternalReference=True,
            links=[
                {"rel": "help", "href": "https://example.org/help"},
                {"rel": "service", "href": "https://example.org/sdmx/v2"},
                {"rel": "structure", "href": "https://example.org/codelist.json"},
            ],
        ),
    ]


def _data_structure() -> Artefact:
    relation = {"attributeRelationship": {"observation": {}}}
    return _whole(
        "DataStructure",
        "DSD_FULL",
        evolvingStructure=True,
        metadata=urn("MetadataStructure", "MSD_FULL"),
        dataStructureComponents={
            "dimensionList": {
                "id": "DimensionDescriptor",
                "annotations": ANNOTATIONS,
                "links": LINKS,
                "dimensions": [
                    component(
                        "FREQ",
                        position=1,
                        annotations=ANNOTATIONS,
                        links=LINKS,
                        conceptRoles=[urn("Concept", "ROLES", "FREQ"), urn("Concept", "CS", "F")],
                        localRepresentation={
                            "enumeration": urn("Codelist", "CL_FREQ"),
                            "enumerationFormat": {
                                "dataType": "AlphaNumeric",
                                "minLength": 1,
                                "maxLength": 2,
                                "pattern": "[A-Z][0-9]?",
                            },
                        },
                    ),
                    component(
                        "AREA",
                        localRepresentation={
                            "format": {
                                "dataType": "String",
                                "timeInterval": "P1Y",
                                "startTime": "2000-01",
                                "endTime": "2020-Q4",
                            }
                        },
                    ),
                    component("TOPIC"),
                ],
                "timeDimension": {
                    "id": "TIME_PERIOD",
                    "conceptIdentity": urn("Concept", "CS", "TIME_PERIOD"),
                },
            },
            "groups": [
                {"id": "G1", "groupDimensions": ["AREA", "TOPIC"], "annotations": ANNOTATIONS},
                {"id": "G2", "groupDimensions": ["TOPIC"]},
            ],
            "attributeList": {
                "id": "AttributeDescriptor",
                "attributes": [
                    component("OF_FLOW", attributeRelationship={"dataflow": {}}),
                    component("OF_GROUP", attributeRelationship={"group": "G1"}),
                    component(
                        "OF_SERIES",
                        usage="mandatory",
                        attributeRelationship={"dimensions": ["FREQ", "AREA"]},
                    ),
                    component(
                        "OF_SOME",
                        attributeRelationship={
                            "dimensions": ["FREQ", "AREA", "TOPIC"],
                            "areDimensionsOptional": [False, True, False],
                        },
                    ),
                    component(
                        "OF_VALUE",
                        **relation,
                        measureRelationship=["VALUE", "SHARE"],
                        localRepresentation={
                            "enumeration": urn("ValueList", "VL_STATUS"),
                            "minOccurs": 0,
                            "maxOccurs": "unbounded",
                        },
                    ),
                    component(
                        "OF_TEXT",
                        **relation,
                        localRepresentation={
                            "format": {"dataType": "String", "isMultiLingual": True},
                            "maxOccurs": 3,
                        },
                    ),
                ],
                "metadataAttributeUsages": [
                    {
                        "metadataAttributeReference": "CONTACT",
                        "attributeRelationship": {"dataflow": {}},
                        "annotations": ANNOTATIONS,
                    }
                ],
            },
            "measureList": {
                "id": "MeasureDescriptor",
                "measures": [
                    component(
                        "VALUE",
                        usage="mandatory",
                        conceptRoles=[urn("Concept", "ROLES", "VALUE")],
                        localRepresentation={"format": FACETS},
                    ),
                    component("SHARE", usage="optional"),
                ],
            },
        },
    )


def lists() -> list[Artefact]:
    """Item schemes and hierarchies with all that they may have."""
    contact = {
        "id": "C1",
        "name": "Ana",
        "names": {"en": "Ana", "es": "Ana"},
        "department": "Statistics",
        "departments": {"en": "Statistics", "es": "Estadística"},
        "role": "Head",
        "roles": {"en": "Head", "es": "Jefa"},
        "telephones": ["+506 1", "+506 2"],
        "faxes": ["+506 3"],
        "x400s": ["C=CR; S=Ana"],
        "uris": ["https://example.org/ana"],
        "emails": ["ana@example.org"],
    }
    base = urn("Codelist", "CL_BASE")
    return [
        codelist(
            "CL_FULL",
            item("1", **DESCRIBED),
            item("_T", parent="1"),
            item("A$B@", parent="_T"),
            isPartial=True,
            codelistExtensions=[
                {"codelist": base, "prefix": "X_"},
                {
                    "codelist": base,
                    "inclusiveCodeSelection": {
                        "memberValues": [
                            "A",
                            {"value": "B"},
                            {"value": "C", "cascadeValues": True},
                            {"value": "D", "cascadeValues": False},
                            {"value": "E", "cascadeValues": "excluderoot"},
                        ],
                        "wildcardedMemberValues": ["F%"],
                    },
                },
                {
                    "codelist": base,
                    "exclusiveCodeSelection": {"wildcardedMemberValues": ["G%", "H%"]},
                },
            ],
        ),
        codelist("CL_EMPTY"),
        artefact(
            "GeographicCodelist",
            "GEO_FULL",
            geoType="GeographicCodelist",
            isPartial=False,
            geoFeatureSetCodes=[
                item("G1", value="1.5,2.5: \t{A}\nB"),
                item("G2", value="", parent="G1", **DESCRIBED),
            ],
            codelistExtensions=[{"codelist": base}],
        ),
        artefact(
            "GeoGridCodelist",
            "GRID_FULL",
            geoType="GeoGridCodelist",
            geoGridCodes=[item("R1", geoCell=" 1, 2 "), item("R2", geoCell="3", parent="R1")],
        ),
        artefact(
            "ValueList",
            "VL_FULL",
            valueItems=[
                {"id": "$ € <>&\"'", "annotations": ANNOTATIONS},
                {"id": "2", "name": "Two", "names": {"en": "Two", "es": "Dos"}},
                {"id": "3", "name": "Three", "description": "No language is told"},
            ],
        ),
        artefact(
            "ConceptScheme",
            "CS_FULL",
            isPartial=True,
            concepts=[
                item(
                    "C1",
                    **DESCRIBED,
                    coreRepresentation={"format": FACETS, "minOccurs": 1, "maxOccurs": 2},
                    isoConceptReference={
                        "conceptAgency": "ISO",
                        "conceptSchemeID": "S",
                        "conceptID": "C",
                    },
                ),
                item(
                    "C2",
                    parent="C1",
                    coreRepresentation={"enumeration": urn("ValueList", "VL_FULL")},
                ),
            ],
        ),
        artefact(
            "OrganisationUnitScheme",
            "UNITS_FULL",
            "1.0",
            organisationUnits=[
                item("U1", contacts=[contact, {"name": "B", "emails": ["b@example.org"]}]),
                item("U2", parent="U1", **DESCRIBED),
            ],
        ),
        artefact(
            "DataProviderScheme",
            "DATA_PROVIDERS",
            "1.0",
            isPartial=True,
            dataProviders=[item("1P", contacts=[contact])],
        ),
        artefact(
            "ReportingTaxonomy",
            "RT_FULL",
            reportingCategories=[
                item(
                    "R1",
                    reportingCategories=[
                        item("R11", structuralMetadata=[urn("DataStructure", "DSD")]),
                        item("R12", provisioningMetadata=[urn("Dataflow", "DF")]),
                    ],
                )
            ],
        ),
        artefact(
            "Hierarchy",
            "H_FULL",
            hasFormalLevels=False,
            level=item(
                "L1",
                codingFormat={"dataType": "Alpha", "minLength": 1},
                level=item("L2", **DESCRIBED, level=item("L3")),
            ),
            hierarchicalCodes=[
                {
                    "id": "H1",
                    "code": urn("Code", "CL_AREA", "ALL"),
                    "validFrom": "2020-01-01T00:00:00Z",
                    "validTo": "2021-01-01T00:00:00Z",
                    "annotations": ANNOTATIONS,
                    "links": LINKS,
                    "hierarchicalCodes": [
                        {"id": "H2", "code": urn("Code", "CL_AREA", "NORTH"), "level": "L2"}
                    ],
                }
            ],
        ),
    ]


def constraints() -> list[Artefact]:
    """Constraints with all that they may have."""
    region = {
        "include": False,
        "annotations": ANNOTATIONS,
        "keyValues": [
            {
                "id": "AREA",
                "include": False,
                "removePrefix": True,
                "validFrom": "2020-01",
                "validTo": "2021-12",
                "values": [
                    "A",
                    {"value": "B"},
                    {"value": "C", "cascadeValues": True},
                    {"value": "D", "cascadeValues": False, "validFrom": "2020"},
                    {"value": "E", "cascadeValues": "excluderoot", "validTo": "2021"},
                ],
            },
            {
                "id": "TIME_PERIOD",
                "timeRange": {
                    "startPeriod": {"period": "2020-Q1", "isInclusive": False},
                    "endPeriod": {"period": "2021", "isInclusive": True},
                    "validFrom": "2020-01-01",
                },
            },
        ],
        "components": [
            {"id": "NOTE", "values": [{"value": "Nota", "lang": "es"}, "Note"]},
            {"id": "DATE", "timeRange": {"beforePeriod": {"period": "2020"}}},
            {"id": "STATUS"},
        ],
    }
    keys = [
        {
            "keyValues": [
                {"id": "FREQ", "include": True, "value": "A"},
                {"id": "AREA", "removePrefix": False, "value": "X & Y"},
            ],
            "annotations": ANNOTATIONS,
            "include": True,
            "validFrom": "2020",
            "validTo": "2021",
        },
        {
            "keyValues": [{"id": "FREQ", "value": "M"}],
            "components": [
                {"id": "OBS_STATUS", "include": False, "values": ["P"]},
                {"id": "DATE", "timeRange": {"afterPeriod": {"period": "2020-05-01"}}},
            ],
        },
    ]
    attached = {"dataStructures": [urn("DataStructure", "DSD"), urn("DataStructure", "DSD2")]}
    return [
        _whole(
            "DataConstraint",
            "DC_FULL",
            constraintAttachment=attached,
            dataKeySets=[{"isIncluded": True, "keys": keys}, {"isIncluded": False, "keys": keys}],
            cubeRegions=[region, {"keyValues": [{"id": "FREQ", "values": ["A"]}]}],
        ),
        artefact(
            "DataConstraint",
            "DC_PROVIDER",
            constraintAttachment={
                "dataProvider": urn("DataProvider", "DATA_PROVIDERS", "P1", version="1.0")
            },
        ),
        artefact(
            "DataConstraint",
            "DC_AGREEMENT",
            constraintAttachment={"provisionAgreements": [urn("ProvisionAgreement", "PA")]},
        ),
        *(
            artefact(
                "MetadataConstraint",
                f"MC_{number}",
                constraintAttachment=attachment,
                metadataTargetRegions=[
                    {
                        "include": False,
                        "validFrom": "2020",
                        "validTo": "2021",
                        "components": [
                            {"id": "CONTACT.NAME", "include": True, "values": ["Ana"]},
                            {"id": "DATE", "timeRange": {"afterPeriod": {"period": "2020"}}},
                        ],
                    }
                ],
            )
            for number, attachment in enumerate(
                (
                    {"metadataStructures": [urn("MetadataStructure", "MSD")]},
                    {
                        "metadataProvider": urn(
                            "MetadataProvider", "METADATA_PROVIDERS", "M1", version="1.0"
                        )
                    },
                    {
                        "metadataProvisionAgreements": [
                            urn("MetadataProvisionAgreement", "MPA"),
                        ]
                    },
                )
            )
        ),
    ]


def maps() -> list[Artefact]:
    """Maps and processes with all that they may have."""
    flow, dsd = urn("Dataflow", "DF"), urn("DataStructure", "DSD")
    mapped = [{"source": "T1", "target": "TIME_PERIOD"}, {"source": "T2", "target": "OTHER"}]
    by_day = {
        "validFrom": "2020-01-01T00:00:00Z",
        "validTo": "2020-12-31T00:00:00-06:00",
        "annotations": ANNOTATIONS,
    }
    value = {"value": " a.*b ", "isRegEx": True, "startIndex": 0, "endIndex": 3}
    return [
        _whole(
            "StructureMap",
            "SM_FULL",
            source=flow,
            target=dsd,
            epochMaps=[
                {
                    "id": "E1",
                    "annotations": ANNOTATIONS,
                    "links": LINKS,
                    "mappedComponents": mapped,
                    "resolvePeriod": "endOfPeriod",
                    "targetFrequencyID": "M",
                    "basePeriod": "1970",
                    "epochPeriod": "millisecond",
                }
            ],
            datePatternMaps=[
                {
                    "id": "D1",
                    "mappedComponents": mapped[:1],
                    "frequencyDimension": "FREQ",
                    "mappedFrequencies": ["A", "M"],
                    "sourcePattern": "dd/MM/yyyy",
                    "locale": "es",
                }
            ],
            frequencyFormatMappings=[
                {"id": "F1", "frequencyId": "A", "datePattern": "yyyy", "annotations": ANNOTATIONS}
            ],
            componentMaps=[
                {"source": ["A", "B"], "target": ["C"], "annotations": ANNOTATIONS},
                {
                    "source": ["D"],
                    "target": ["E", "F"],
                    "representationMap": urn("RepresentationMap", "RM"),
                },
            ],
            fixedValueMaps=[
                {"source": "G", "values": ["1", " 2 "]},
                {"target": "H", "values": ["3"], "annotations": ANNOTATIONS},
            ],
        ),
        _whole(
            "RepresentationMap",
            "RM_FULL",
            source=[
                {"dataType": "String"},
                {"codelist": urn("Codelist", "CL_AREA")},
                {"codelist": urn("ValueList", "VL_STATUS")},
            ],
            target=[{"codelist": urn("Codelist", "CL_FREQ")}, {"dataType": "Integer"}],
            representationMappings=[
                by_day | {"sourceValues": [value, {"value": ""}], "targetValues": ["x", ""]},
                {"sourceValues": [{"value": "b"}]},
            ],
        ),
        artefact(
            "ConceptSchemeMap",
            "CSM_FULL",
            source=urn("ConceptScheme", "CS"),
            target=urn("ConceptScheme", "CS2"),
            itemMaps=[by_day | {"sourceValue": value, "targetValue": "b"}, {"sourceValue": value}],
        ),
        _whole(
            "Process",
            "PRC_FULL",
            processSteps=[
                item(
                    "S1",
                    **DESCRIBED,
                    inputs=[
                        {"localID": "I", "objectReference": flow, "annotations": ANNOTATIONS},
                        {"objectReference": urn("Code", "CL_AREA", "ALL")},
                    ],
                    outputs=[{"localID": "O", "objectReference": dsd}],
                    computation={
                        "localID": "C",
                        "softwarePackage": "P",
                        "softwareLanguage": "R",
                        "softwareVersion": "4",
                        "annotations": ANNOTATIONS,
                        "description": "Sum",
                        "descriptions": {"en": "Sum", "es": "Suma"},
                    },
                    transitions=[
                        {
                            "id": "T1",
                            "localID": "L",
                            "targetStep": "S1.S11",
                            "condition": "always",
                            "conditions": {"en": "always", "es": "siempre"},
                            "annotations": ANNOTATIONS,
                            "links": LINKS,
                        }
                    ],
                    processSteps=[item("S11", processSteps=[item("S111")])],
                )
            ],
        ),
    ]


def schemes_of_vtl() -> list[Artefact]:
    """The schemes of VTL with all that they may have."""
    scheme = {"vtlVersion": "2.0", "isPartial": True}
    mappings, rulesets = urn("VtlMappingScheme", "VMS"), [urn("RulesetScheme", "RS")]
    operators = urn("UserDefinedOperatorScheme", "UDO")
    space = {"keys": ["FREQ", "AREA"]}
    return [
        _whole(
            "TransformationScheme",
            "TS_FULL",
            **scheme,
            transformations=[
                item("T1", expression="a <- b;\n c < d", result="a", isPersistent=True),
                item("T2", expression="e", result="f", isPersistent=False, **DESCRIBED),
            ],
            vtlMappingScheme=mappings,
            namePersonalisationScheme=urn("NamePersonalisationScheme", "NPS"),
            customTypeScheme=urn("CustomTypeScheme", "CTS"),
            rulesetSchemes=rulesets,
            userDefinedOperatorSchemes=[operators],
        ),
        artefact(
            "UserDefinedOperatorScheme",
            "UDO_FULL",
            **scheme,
            userDefinedOperators=[item("O1", operatorDefinition="define operator o() is\t1 end")],
            vtlMappingScheme=mappings,
            rulesetSchemes=rulesets,
        ),
        artefact(
            "RulesetScheme",
            "RS_FULL",
            **scheme,
            rulesets=[
                item("R1", rulesetDefinition="d", rulesetType="datapoint", rulesetScope="variable")
            ],
            vtlMappingScheme=mappings,
        ),
        artefact(
            "CustomTypeScheme",
            "CTS_FULL",
            **scheme,
            customTypes=[
                item(
                    "C1",
                    vtlScalarType="date",
                    dataType="DateTime",
                    vtlLiteralFormat="YYYY",
                    outputFormat="yyyy",
                    nullValue="",
                )
            ],
        ),
        artefact(
            "VtlMappingScheme",
            "VMS_FULL",
            isPartial=True,
            vtlMappings=[
                item(
                    "M1",
                    alias="a",
                    dataflow=urn("Dataflow", "DF"),
                    toVtlMapping={"toVtlSubSpace": space, "method": "Pivot"},
                    fromVtlMapping={"fromVtlSuperSpace": space, "method": "Own"},
                ),
                item("M2", alias="b", genericDataflow={}, toVtlMapping={"method": "Basic"}),
                item("M3", alias="c", codelist=urn("Codelist", "CL_AREA")),
                item("M4", alias="d", concept=urn("Concept", "CS", "AREA")),
            ],
        ),
    ]


def full_artefacts() -> list[Artefact]:
    """All of them."""
    return [*structures(), *lists(), *constraints(), *maps(), *schemes_of_vtl()]
