"""SDMX-ML data as it comes from elsewhere: references, groups, deletions, several values."""

from __future__ import annotations

import io

import pytest

from app.sdmx.findings import Finding, UnreadableError
from app.sdmx.messages.data_ml_reader import MlReader
from app.sdmx.messages.data_reading import Batch
from tests.read_back import ReadBack, read_back
from tests.unit.test_data_csv_writer import layout

SCHEMAS = "http://www.sdmx.org/resources/sdmxml/schemas/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
URN = "urn:sdmx:org.sdmx.infomodel."
FLOW = f"{URN}datastructure.Dataflow=TST:DF_SMALL(1.0.0)"
NAMESPACE = f"{FLOW}:ObsLevelDim:TIME_PERIOD"


def specific(
    *datasets: str,
    version: str = "v3_0",
    reference: str = f"<common:StructureUsage>{FLOW}</common:StructureUsage>",
    namespace: str = NAMESPACE,
    header: str = "",
    root: str = "StructureSpecificData",
) -> bytes:
    """A structure-specific message; a dataset is its attributes, `|`, and its content."""
    told = "".join(
        f'<message:DataSet ss:structureRef="S" xsi:type="ns1:DataSetType" {about}>{content}'
        "</message:DataSet>"
        for about, _, content in (one.partition("|") for one in datasets)
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<message:{root} xmlns:message="{SCHEMAS}{version}/message" xmlns:common="{SCHEMAS}{version}/common"
 xmlns:ss="{SCHEMAS}{version}/data/structurespecific" xmlns:xsi="{XSI}" xmlns:ns1="{namespace}">
<message:Header><message:ID>X</message:ID><message:Test>false</message:Test>
<message:Prepared>2026-01-01T00:00:00Z</message:Prepared><message:Sender id="Structure"/>
<message:Structure structureID="S" namespace="{namespace}" dimensionAtObservation="TIME_PERIOD">
{reference}</message:Structure>{header}</message:Header>
{told}</message:{root}>""".encode()


def generic(*datasets: str, along: str = "TIME_PERIOD") -> bytes:
    """A generic message."""
    told = (
        "".join(
            f'<message:DataSet structureRef="S" {about}>{content}</message:DataSet>'
            for about, _, content in (one.partition("|") for one in datasets)
        )
        .replace("<", "<g:")
        .replace("<g:/", "</g:")
        .replace("g:message", "message")
    )
    return f"""<message:GenericData xmlns:message="{SCHEMAS}v2_1/message"
 xmlns:c="{SCHEMAS}v2_1/common" xmlns:g="{SCHEMAS}v2_1/data/generic">
<message:Header><message:ID>X</message:ID>
<message:Structure structureID="S" dimensionAtObservation="{along}"><c:StructureUsage>
<Ref agencyID="TST" id="DF_SMALL" version="1.0.0" class="Dataflow"/></c:StructureUsage>
</message:Structure></message:Header>{told}</message:GenericData>""".encode()


def read(body: bytes, batch_rows: int = 20_000) -> tuple[MlReader, list[Batch]]:
    reader = MlReader(io.BytesIO(body))  # type: ignore[arg-type]
    return reader, list(reader.batches(batch_rows))


def refused(body: bytes) -> Finding:
    with pytest.raises(UnreadableError) as caught:
        read(body)
    return caught.value.finding


SERIES = '<Series FREQ="A" REF_AREA="CRI" S="s"><Obs TIME_PERIOD="2020" OBS_VALUE="1"/></Series>'


class TestStructures:
    @pytest.mark.parametrize(
        ("reference", "kind", "name"),
        [
            (f"<common:StructureUsage>{FLOW}</common:StructureUsage>", "dataflow", "DF_SMALL"),
            (
                f"<common:Structure>{URN}datastructure.DataStructure=TST:DSD(1.0.0)"
                "</common:Structure>",
                "datastructure",
                "DSD",
            ),
            (
                f"<common:ProvisionAgreement>{URN}registry.ProvisionAgreement=TST:PA(1.0.0)"
                "</common:ProvisionAgreement>",
                "dataprovision",
                "PA",
            ),
            (
                f"<common:StructureUsage><URN>{FLOW}</URN></common:StructureUsage>",
                "dataflow",
                "DF_SMALL",
            ),
            (
                '<common:StructureUsage><Ref agencyID="TST" id="FL" version="1.0.0"/>'
                "</common:StructureUsage>",
                "dataflow",
                "FL",
            ),
            (
                '<common:Structure><Ref agencyID="TST" id="DSD" version="1.0.0" '
                'class="DataStructure" package="datastructure"/></common:Structure>',
                "datastructure",
                "DSD",
            ),
            (
                '<common:ProvisionAgrement><Ref agencyID="TST" id="PA" version="1.0.0"/>'
                "</common:ProvisionAgrement>",
                "dataprovision",
                "PA",
            ),
        ],
    )
    @pytest.mark.parametrize("version", ["v2_1", "v3_0", "v3_1"])
    def test_named_by_urn_and_by_reference(
        self, version: str, reference: str, kind: str, name: str
    ) -> None:
        _, [batch] = read(specific(f"|{SERIES}", version=version, reference=reference))
        assert (batch.kind, batch.structure) == (kind, f"TST:{name}(1.0.0)")

    def test_an_agreement_in_the_namespace_says_more_than_the_dataflow(self) -> None:
        """As our own messages of 2.1 have it."""
        named = f"{URN}registry.ProvisionAgreement=TST:PA(1.0.0):ObsLevelDim:TIME_PERIOD"
        _, [batch] = read(specific(f"|{SERIES}", version="v2_1", namespace=named))
        assert (batch.kind, batch.structure) == ("dataprovision", "TST:PA(1.0.0)")

    def test_named_by_the_type_of_the_dataset_alone(self) -> None:
        body = specific(f"|{SERIES}", reference="").replace(b'ss:structureRef="S"', b"")
        _, [batch] = read(body)
        assert (batch.kind, batch.structure) == ("dataflow", "TST:DF_SMALL(1.0.0)")

    def test_no_structure_at_all(self) -> None:
        body = specific(f"|{SERIES}", reference="", namespace="urn:nothing")
        assert refused(body).rule == "no-structure"


class TestRows:
    def test_series_observations_and_where_they_stand(self) -> None:
        body = specific(
            f'|{SERIES}\n<Series FREQ="A" REF_AREA="SLV"/>\n'
            '<Obs FREQ="A" REF_AREA="GTM" TIME_PERIOD="2021" OBS_VALUE="3" STATUS="A"/>'
        )
        for batch_rows in (1, 20_000):
            reader, batches = read(body, batch_rows)
            found = [
                (dict(zip(b.cells, cells, strict=True)), reader.locate(row, None))
                for b in batches
                for row, cells in zip(b.rows, zip(*b.cells.values(), strict=True), strict=True)
            ]
            root = "/message:StructureSpecificData/message:DataSet[1]"
            places = {where.place: {n: c for n, c in row.items() if c} for row, where in found}
            assert places == {
                f"{root}/Series[1]/Obs[1]": {
                    "FREQ": "A",
                    "REF_AREA": "CRI",
                    "S": "s",
                    "TIME_PERIOD": "2020",
                    "OBS_VALUE": "1",
                },
                f"{root}/Series[2]": {"FREQ": "A", "REF_AREA": "SLV"},
                f"{root}/Obs[1]": {
                    "FREQ": "A",
                    "REF_AREA": "GTM",
                    "TIME_PERIOD": "2021",
                    "OBS_VALUE": "3",
                    "STATUS": "A",
                },
            }
            lines = {where.place: where.row for _, where in found}
            assert lines[f"{root}/Obs[1]"] == lines[f"{root}/Series[1]/Obs[1]"] + 2
            assert reader.row_count == 3

    def test_generic_series_groups_and_attributes(self) -> None:
        body = generic(
            'action="Replace"|<Attributes><Value id="D" value="d"/></Attributes>'
            '<Group type="G"><GroupKey><Value id="REF_AREA" value="CRI"/></GroupKey>'
            '<Attributes><Value id="G" value="g"/></Attributes></Group>'
            '<Series><SeriesKey><Value id="FREQ" value="A"/><Value id="REF_AREA" value="CRI"/>'
            '</SeriesKey><Attributes><Value id="S" value="s"/></Attributes>'
            '<Obs><ObsDimension value="2020"/><ObsValue value="1"/><Attributes>'
            '<Value id="STATUS" value="A"/></Attributes></Obs></Series>'
        )
        found = read_back(body, layout().flow)
        assert found.findings == []
        assert found.observations == {
            ("A", "CRI", "2020"): {"D": "d", "G": "g", "S": "s", "OBS_VALUE": "1", "STATUS": "A"}
        }

    def test_values_with_parts_languages_and_markup(self) -> None:
        body = specific(
            '|<Series FREQ="A" REF_AREA="CRI" SEX="F"><Comp id="UNIT_MULT"><Value>0</Value></Comp>'
            '<Obs TIME_PERIOD="2020" OBS_VALUE="1" OBS_STATUS="A"><Comp id="SOURCES">'
            "<Value>CENSUS</Value><Value>SURVEY</Value></Comp><Comp id='COMMENT'><Value>"
            '<common:Text>plain &lt; &amp;</common:Text><common:StructuredText xml:lang="es">'
            '<p class="x">uno<br/>&amp; dos</p></common:StructuredText></Value></Comp></Obs>'
            "</Series>"
        )
        found = read_back(body, layout("DF").flow)
        assert [f.code for f in found.findings if f.code != "VIPMG-230"] == []
        [row] = found.series["A", "CRI", "F"][0].values()
        assert row["SOURCES"] == ["CENSUS", "SURVEY"]
        assert row["COMMENT"] == {
            "en": "plain < &",
            "es": '<p class="x">uno<br></br>&amp; dos</p>',
        }

    def test_attributes_of_the_dataset_in_an_element_of_their_own(self) -> None:
        found = read_back(specific(f'|<Atts D="d"/>{SERIES}'), layout().flow)
        assert found.above == {(None, None): {"D": "d"}}

    def test_actions_of_the_dataset_and_of_the_header(self) -> None:
        header = "<message:DataSetAction>Replace</message:DataSetAction>"
        body = specific(f"|{SERIES}", f'ss:action="Append"|{SERIES}', header=header)
        _, batches = read(body)
        assert [batch.action for batch in batches] == ["Replace", "Merge"]

    def test_an_unknown_action_is_told_and_the_rest_is_read(self) -> None:
        reader, [batch] = read(specific(f'ss:action="Burn"|{SERIES}', f"|{SERIES}"))
        [finding] = reader.findings
        assert (finding.code, finding.value) == ("VIPMG-206", "Burn")
        assert finding.place == "/message:StructureSpecificData/message:DataSet[1]/@action"
        assert batch.action == "Merge"


BEFORE = {
    ("A", "CRI"): (
        {"TIME_PERIOD": ["2020", "2021"], "OBS_VALUE": ["1", "2"], "STATUS": ["A", "B"]},
        {"S": "s"},
    )
}


class TestDeletions:
    def deleted(self, content: str) -> ReadBack:
        return read_back(specific(f'ss:action="Delete"|{content}'), layout().flow, before=BEFORE)

    def test_c143_observations_and_the_attribute_above_them(self) -> None:
        """The attribute stands at the series: the observation goes all the same."""
        found = self.deleted(
            '<Series FREQ="A" REF_AREA="CRI" S="s"><Obs TIME_PERIOD="2020"/></Series>'
        )
        assert found.series["A", "CRI"] == ({"2021": {"OBS_VALUE": "2", "STATUS": "B"}}, {})

    def test_c143_parts_of_observations(self) -> None:
        found = self.deleted(
            '<Series FREQ="A" REF_AREA="CRI"><Obs TIME_PERIOD="2020" OBS_VALUE="-"/></Series>'
        )
        rows, attributes = found.series["A", "CRI"]
        assert rows == {"2020": {"STATUS": "A"}, "2021": {"OBS_VALUE": "2", "STATUS": "B"}}
        assert attributes == {"S": "s"}

    def test_c143_a_whole_series(self) -> None:
        assert self.deleted('<Series FREQ="A" REF_AREA="CRI"/>').series["A", "CRI"] == ({}, {})

    @pytest.mark.parametrize(
        ("content", "key"),
        [
            ("", (None, None)),
            ('<Series REF_AREA="CRI"/>', (None, "CRI")),
            ('<Group REF_AREA="CRI"/>', (None, "CRI")),
            ('<Obs REF_AREA="CRI"/>', (None, "CRI")),
        ],
    )
    def test_c143_wildcards(self, content: str, key: tuple[str | None, ...]) -> None:
        [deletion] = self.deleted(content).deletions
        assert (deletion.key, deletion.time, deletion.components) == (key, None, ())

    def test_c143_an_attribute_of_the_dataset_alone(self) -> None:
        body = specific('ss:action="Delete" D="-"|')
        [deletion] = read_back(body, layout().flow).deletions
        assert (deletion.key, deletion.components) == ((None, None), ("D",))


class TestRefused:
    def test_the_place_of_what_is_not_well_formed(self) -> None:
        finding = refused(specific(f"|{SERIES}").replace(b"</Series>", b"</Serie>"))
        assert finding.rule == "xml"
        assert finding.place is not None
        assert finding.place.startswith("8:")

    def test_a_message_of_structures(self) -> None:
        finding = refused(b'<m:Structure xmlns:m="x"><m:Header/></m:Structure>')
        assert (finding.rule, finding.value) == ("xml-root", "Structure")

    def test_a_message_without_datasets(self) -> None:
        assert refused(specific()).rule == "no-datasets"

    def test_a_value_twice(self) -> None:
        body = generic(
            "|<Series><SeriesKey><Value id='FREQ' value='A'/><Value id='FREQ' value='M'/>"
            "</SeriesKey></Series>"
        )
        assert (refused(body).rule, refused(body).value) == ("xml-twice", "FREQ")

    def test_attributes_of_a_series_after_its_observations(self) -> None:
        body = specific(
            f"|{SERIES.replace('</Series>', '')}<Comp id='X'><Value>1</Value></Comp></Series>"
        )
        assert refused(body).rule == "xml-order"
