"""XML schemas of structure-specific data: good messages are valid by them, others are not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import QueryMisfitError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.schema_xsd import write_xml_schema
from app.sdmx.messages.schema_xsd_types import schema_pattern
from app.sdmx.query import SchemaContext, SchemaQuery
from app.sdmx.schema_data import DataSchema, resolve_data_schema
from app.sdmx.schema_structures import find_context
from app.sdmx.version import VersionQuery
from tests.artefact_samples import artefact, component, item, urn
from tests.structures import OBSERVATION, attribute, constraint, network, of_type, region, structure
from tests.xml_schemas import check_structure_specific, faults

VERSIONS = ["2.1", "3.0.0", "3.1.0"]
ALL = "AllDimensions"
"""The layout without series."""


def schema_of(
    resource_id: str,
    along: str | None = None,
    *,
    context: SchemaContext = "dataflow",
    deletion: bool = False,
    artefacts: Iterable[Artefact] = (),
) -> DataSchema:
    """What is valid in a context of the small network."""
    held = ArtefactSet([*network(), *artefacts])
    query = SchemaQuery(context, "TST", resource_id, VersionQuery.parse("~"), along, deletion)
    return resolve_data_schema(held, find_context(held, query), query)


def message(schema: DataSchema, version: str, content: str, **dataset: str) -> bytes:
    """A structure-specific message with this content of its dataset."""
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v" + version[:3].replace(".", "_")
    along = schema.dimension_at_observation
    namespace = f"{schema.urn}:ObsLevelDim:{along}"
    old = version == "2.1"
    reference = '<Ref agencyID="TST" id="F" version="1.0.0"/>' if old else urn("Dataflow", "F")
    told = "".join(f' {name}="{value}"' for name, value in dataset.items())
    scope = ' ss:dataScope="Dataflow"' if old else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<message:StructureSpecificData xmlns:message="{space}/message" xmlns:common="{space}/common"
 xmlns:ss="{space}/data/structurespecific" xmlns:ns1="{namespace}"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<message:Header><message:ID>M</message:ID><message:Test>false</message:Test>
<message:Prepared>2026-01-01T00:00:00Z</message:Prepared><message:Sender id="TST"/>
<message:Structure structureID="S" namespace="{namespace}" dimensionAtObservation="{along}">
<common:StructureUsage>{reference}</common:StructureUsage></message:Structure></message:Header>
<message:DataSet xsi:type="ns1:DataSetType" ss:structureRef="S"{scope}{told}>
{content}</message:DataSet></message:StructureSpecificData>""".encode()


SERIES = (
    '<Series FREQ="A" REF_AREA="CRI" SEX="F" UNIT_MULT="0" METHOD="counted">'
    '<Obs TIME_PERIOD="2020" OBS_VALUE="10.5" SHARE="1.5" OBS_STATUS="A"/></Series>'
)
FLAT = (
    '<Obs FREQ="A" REF_AREA="CRI" SEX="F" TIME_PERIOD="2020" OBS_VALUE="10.5" OBS_STATUS="A"'
    ' METHOD="counted"/>'
)
SECTION = (
    '<Series FREQ="A" SEX="F" TIME_PERIOD="2020">'
    '<Obs REF_AREA="CRI" OBS_VALUE="10.5" OBS_STATUS="A" METHOD="counted"/></Series>'
)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("along", "content"), [(None, SERIES), (ALL, FLAT), ("REF_AREA", SECTION)])
def test_c092_good_messages_of_each_layout_are_valid(
    version: str, along: str | None, content: str
) -> None:
    schema = schema_of("DF", along)
    check_structure_specific(
        message(schema, version, content), write_xml_schema(schema, version), version
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("good", "bad", "named"),
    [
        ('REF_AREA="CRI"', 'REF_AREA="XXX"', "REF_AREA"),
        ('SEX="F"', 'SEX="U"', "SEX"),  # in the code list, but not allowed
        (' REF_AREA="CRI"', "", "REF_AREA"),
        (' TIME_PERIOD="2020"', "", "TIME_PERIOD"),
        ('TIME_PERIOD="2020"', 'TIME_PERIOD="soon"', "TIME_PERIOD"),
        ('OBS_VALUE="10.5"', 'OBS_VALUE="ten"', "OBS_VALUE"),
        ('SHARE="1.5"', 'SHARE="100.5"', "SHARE"),
        ('SHARE="1.5"', 'SHARE="1.555"', "SHARE"),
        ('OBS_STATUS="A"', 'OBS_STATUS="ZZ"', "OBS_STATUS"),
        ('UNIT_MULT="0"', 'UNIT_MULT="0.5"', "UNIT_MULT"),
        ('METHOD="counted"', 'MADE_UP="x"', "MADE_UP"),
    ],
)
def test_c092_bad_messages_are_not_valid(version: str, good: str, bad: str, named: str) -> None:
    schema = schema_of("DF")
    assert good in SERIES
    found = faults(
        message(schema, version, SERIES.replace(good, bad)),
        write_xml_schema(schema, version),
        version,
    )
    assert any(f"'{named}'" in fault for fault in found), found


def test_c092_time_series_messages_of_2_1_are_valid_by_the_same_schema() -> None:
    schema = schema_of("DF")
    body = message(schema, "2.1", SERIES).replace(
        b"StructureSpecificData", b"StructureSpecificTimeSeriesData"
    )
    check_structure_specific(body, write_xml_schema(schema, "2.1"), "2.1")


@pytest.mark.parametrize("version", ["3.0.0", "3.1.0"])
def test_values_of_several_parts_and_languages(version: str) -> None:
    schema = schema_of("DF")
    space = "http://www.sdmx.org/resources/sdmxml/schemas/v" + version[:3].replace(".", "_")
    content = SERIES.replace(
        'OBS_STATUS="A"/>',
        'OBS_STATUS="A"><Comp id="SOURCES" xsi:type="ns1:SOURCES_ATTRIBUTE">'
        "<Value>CENSUS</Value><Value>SURVEY</Value></Comp>"
        f'<Comp id="COMMENT" xsi:type="ns1:COMMENT_ATTRIBUTE"><Value xmlns:c="{space}/common">'
        '<c:Text xml:lang="en">first</c:Text><c:Text xml:lang="es">primera</c:Text></Value></Comp>'
        "</Obs>",
    )
    xsd = write_xml_schema(schema, version)
    check_structure_specific(message(schema, version, content), xsd, version)
    bad = content.replace("CENSUS", "HEARSAY")
    assert faults(message(schema, version, bad), xsd, version)


def test_2_1_has_one_text_where_3_has_several_values() -> None:
    schema = schema_of("DF")
    content = SERIES.replace('OBS_STATUS="A"', 'OBS_STATUS="A" SOURCES="CENSUS;SURVEY" COMMENT="x"')
    body = message(schema, "2.1", content, TITLE="Migrants")
    check_structure_specific(body, write_xml_schema(schema, "2.1"), "2.1")


@pytest.mark.parametrize("version", VERSIONS)
def test_groups_and_attributes_of_the_dataset(version: str) -> None:
    schema = schema_of("DF")
    group = '<Group xsi:type="ns1:BY_AREA_SEX" REF_AREA="CRI" SEX="F" COLLECTION="all"/>'
    body = message(schema, version, group + SERIES, TITLE="Migrants")
    xsd = write_xml_schema(schema, version)
    check_structure_specific(body, xsd, version)
    assert faults(body.replace(b' SEX="F" COLL', b" COLL"), xsd, version)
    assert faults(body.replace(b'COLLECTION="all"', b'OBS_STATUS="A"'), xsd, version)
    if version != "2.1":
        atts = '<Atts REF_AREA="CRI" METHOD="counted"/><Atts TITLE="Migrants"/>'
        check_structure_specific(message(schema, version, atts + SERIES), xsd, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_c095_what_is_deleted_need_not_be_whole(version: str) -> None:
    partial = (
        '<Series REF_AREA="CRI" UNIT_MULT="?"><Obs TIME_PERIOD="2020" OBS_VALUE="?"/></Series>'
    )
    whole, deletion = schema_of("DF"), schema_of("DF", deletion=True)
    body = message(whole, version, partial, **{"ss:action": "Delete"})
    assert len(faults(body, write_xml_schema(whole, version), version)) > 1
    xsd = write_xml_schema(deletion, version)
    check_structure_specific(body, xsd, version)
    assert faults(body.replace(b"CRI", b"XXX"), xsd, version)


def test_c090_allowed_codes_by_context() -> None:
    def codes(context: SchemaContext, resource_id: str) -> tuple[str, ...]:
        schema = schema_of(resource_id, context=context)
        return schema.allowed["REF_AREA"] + schema.allowed["SEX"]

    sex = ("F", "M", "_T")
    assert codes("datastructure", "DSD") == ("CRI", "SLV", "GTM", "HND", *sex)
    assert codes("dataflow", "DF") == ("CRI", "SLV", "GTM", "HND", *sex)
    assert codes("provisionagreement", "PA_CRI") == ("CRI", "GTM", *sex)


def test_a_component_that_may_take_nothing_takes_nothing() -> None:
    never = constraint(
        "CC_NEVER",
        {"dataflows": [urn("Dataflow", "DF_SMALL")]},
        cubeRegions=[region(REF_AREA=["CRI"])],
    )
    nor = constraint(
        "CC_NOR",
        {"dataStructures": [urn("DataStructure", "DSD_SMALL")]},
        cubeRegions=[region(REF_AREA=["SLV"])],
    )
    schema = schema_of("DF_SMALL", artefacts=[never, nor])
    for code in ("CRI", "SLV", ""):
        body = message(schema, "3.1.0", f'<Series FREQ="A" REF_AREA="{code}"/>')
        assert faults(body, write_xml_schema(schema, "3.1.0"), "3.1.0")


def test_values_that_a_constraint_lists_of_a_component_without_codes() -> None:
    held = [
        artefact("ConceptScheme", "CS_P", concepts=[item("PARTNER")]),
        structure(
            "DSD_P",
            [
                component("FREQ", urn("Codelist", "CL_FREQ")),
                of_type("PARTNER", "String")
                | {"conceptIdentity": urn("Concept", "CS_P", "PARTNER")},
            ],
            [of_type("OBS_VALUE", "Decimal", usage="optional")],
            [],
        ),
        artefact("Dataflow", "DF_P", structure=urn("DataStructure", "DSD_P")),
        constraint(
            "CC_PARTNER",
            {"dataflows": [urn("Dataflow", "DF_P")]},
            cubeRegions=[region(PARTNER=["X", "Y"])],
        ),
    ]
    schema = schema_of("DF_P", artefacts=held)
    xsd = write_xml_schema(schema, "3.1.0")
    good = '<Series FREQ="A" PARTNER="X"><Obs TIME_PERIOD="2020" OBS_VALUE="1"/></Series>'
    check_structure_specific(message(schema, "3.1.0", good), xsd, "3.1.0")
    assert faults(message(schema, "3.1.0", good.replace("X", "Z")), xsd, "3.1.0")


def test_a_mandatory_measure_must_be_there() -> None:
    held = [
        artefact("ConceptScheme", "CS_M", concepts=[item("VALUE")]),
        structure(
            "DSD_M",
            [component("FREQ", urn("Codelist", "CL_FREQ"))],
            [
                of_type("VALUE", "Decimal", usage="mandatory")
                | {"conceptIdentity": urn("Concept", "CS_M", "VALUE")}
            ],
            [],
        ),
        artefact("Dataflow", "DF_M", structure=urn("DataStructure", "DSD_M")),
    ]
    schema = schema_of("DF_M", artefacts=held)
    for version in VERSIONS:
        xsd = write_xml_schema(schema, version)
        # The one measure that 2.1 knows has always this id.
        name = "OBS_VALUE" if version == "2.1" else "VALUE"
        row = f'<Series FREQ="A"><Obs TIME_PERIOD="2020" {name}="1"/></Series>'
        check_structure_specific(message(schema, version, row), xsd, version)
        assert faults(message(schema, version, row.replace(f' {name}="1"', "")), xsd, version)


def test_a_dimension_that_is_not_there() -> None:
    with pytest.raises(QueryMisfitError, match=r"NOWHERE.*AllDimensions"):
        schema_of("DF", "NOWHERE")


# What the service takes as a value of a type, the schema takes too, and the other way round.
FACETS: dict[str, dict[str, Any]] = {
    "Integer": {"minValue": 1, "maxValue": 12},
    "Decimal": {"decimals": 2, "minValue": 0.5},
    "String": {"minLength": 2, "maxLength": 4, "pattern": "^[A-Z][a-z]+$"},
    "ExclusiveValueRange": {"minValue": 0, "maxValue": 1},
    "Long": {"startValue": 10, "endValue": 0, "interval": -1},
}
# The official type of reporting days refuses those that end in 0 up to the 90th: none is here.
SAMPLES = [
    *("0", "1", "12", "13", "-1", "0.5", "0.55", "0.555", "1.0", "x", "Ab", "Abcde", "A"),
    *("2020", "2020-01", "2020-01-31", "2020-Q1", "2020-S3", "2020-W01", "2020-A1", "--12-24"),
    *("true", "1", "no", "12:30:00", "P1Y", "2020-01-31T10:00:00", "2020-01-01/P1M", "--02"),
    *("---05", "2020-T2", "2020-D011", "2020-M01", "1e3", "INF", "http://example.org/x"),
]
VERY_SAME = [
    *("Integer", "Long", "Short", "BigInteger", "Count", "Decimal", "Double", "Float", "Boolean"),
    *("Alpha", "AlphaNumeric", "DateTime", "Time", "Month", "Day", "MonthDay", "Duration"),
    *("GregorianYear", "GregorianYearMonth", "GregorianDay", "ReportingQuarter", "TimeRange"),
    *("ReportingSemester", "ReportingTrimester", "ReportingMonth", "ReportingWeek", "String"),
    *("ReportingDay", "ReportingYear", "ObservationalTimePeriod", "ExclusiveValueRange"),
]


def typed(data_type: str) -> DataSchema:
    """A flow with one attribute of a data type."""
    concept = {"conceptIdentity": urn("Concept", "CS_T", "VALUE")}
    of = of_type("VALUE", data_type, facets=FACETS.get(data_type, {})) | concept
    held = [
        artefact("ConceptScheme", "CS_T", concepts=[item("VALUE")]),
        structure(
            "DSD_T",
            [component("FREQ", urn("Codelist", "CL_FREQ"))],
            [of_type("OBS_VALUE", "Decimal", usage="optional")],
            [attribute(of, OBSERVATION)],
        ),
        artefact("Dataflow", "DF_T", structure=urn("DataStructure", "DSD_T")),
    ]
    return schema_of("DF_T", artefacts=held)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("data_type", VERY_SAME)
def test_the_schema_and_the_service_take_the_same_values(data_type: str, version: str) -> None:
    schema = typed(data_type)
    xsd = write_xml_schema(schema, version)
    check = schema.flow.components["VALUE"].check
    for sample in SAMPLES:
        row = f'<Series FREQ="A"><Obs TIME_PERIOD="2020" VALUE="{sample}"/></Series>'
        found = faults(message(schema, version, row), xsd, version)
        assert (not found) == check(sample), (sample, found)


OTHERS = [
    *("Numeric", "Incremental", "InclusiveValueRange", "URI", "XHTML", "GeospatialInformation"),
    *("IdentifiableReference", "StandardTimePeriod", "BasicTimePeriod", "GregorianTimePeriod"),
    *("ReportingTimePeriod", "KeyValues", "DataSetReference"),
]


@pytest.mark.parametrize("data_type", OTHERS)
def test_every_data_type_makes_a_schema_that_compiles(data_type: str) -> None:
    schema = typed(data_type)
    for version in VERSIONS:
        xsd = write_xml_schema(schema, version)
        check_structure_specific(message(schema, version, '<Series FREQ="A"/>'), xsd, version)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("^[A-Z]{2}$", "[A-Z]{2}"),
        ("[A-Z]+|^x$", "[A-Z]+|x"),
        (r"\d+\.\d", r"\d+\.\d"),
        ("(?:a)", None),
        ("a+?", None),
        (r"\bx", None),
        ("[", None),
        ("", None),
    ],
)
def test_patterns(written: str, read: str | None) -> None:
    assert schema_pattern(written) == read


@settings(max_examples=25)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=8))
def test_values_of_a_value_list_are_any_text(value: str) -> None:
    held = [
        artefact("ValueList", "VL", valueItems=[{"id": value, "name": "Any"}]),
        artefact("ConceptScheme", "CS_V", concepts=[item("V")]),
        structure(
            "DSD_V",
            [component("FREQ", urn("Codelist", "CL_FREQ"))],
            [of_type("OBS_VALUE", "Decimal", usage="optional")],
            [
                attribute(
                    component("V", urn("ValueList", "VL"))
                    | {"conceptIdentity": urn("Concept", "CS_V", "V")},
                    OBSERVATION,
                )
            ],
        ),
        artefact("Dataflow", "DF_V", structure=urn("DataStructure", "DSD_V")),
    ]
    schema = schema_of("DF_V", artefacts=held)
    row = f'<Series FREQ="A"><Obs TIME_PERIOD="2020" V={quoteattr(value)}/></Series>'
    body = message(schema, "3.1.0", row)
    check_structure_specific(body, write_xml_schema(schema, "3.1.0"), "3.1.0")
