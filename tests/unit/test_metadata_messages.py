"""Metadata messages: what is written is read again as the same, and what is wrong is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages import metadata_json, metadata_ml
from app.sdmx.messages.metadata_readers import is_metadata_message, read_metadata_message
from app.sdmx.messages.structure_message import MessageHeader
from tests.artefact_samples import urn
from tests.metadata import metadata_network, metadata_set
from tests.metadata_schemas import check_metadata
from tests.xml_schemas import check_xml

HEADER = MessageHeader("M1", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), languages=("en",))
ADDRESS = "http://localhost/sdmx/v2"
HELD = ArtefactSet(metadata_network())

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
LANGUAGES = st.sampled_from(["en", "es", "pt-BR", "zh-Hant"])
VALUES = TEXTS | st.dictionaries(LANGUAGES, TEXTS, min_size=1, max_size=3)


def attributes(depth: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    below = attributes(depth + 1) if depth < 3 else st.just([])
    one = st.builds(
        lambda name, value, nested: (
            {"id": name}
            | ({} if value is None else {"value": value})
            | ({"attributes": nested} if nested else {})
        ),
        st.sampled_from(["SCOPE", "CONTACT", "A$B", "a-1"]),
        st.none() | VALUES,
        below,
    )
    return st.lists(one, min_size=0 if depth else 1, max_size=3)


def write(sets: list[Artefact], version: str) -> bytes:
    if version.startswith("3"):
        chosen: Any = version
        return metadata_ml.write_metadata_sets(
            sets, HEADER, version=chosen, address=ADDRESS, artefacts=HELD
        )
    return metadata_json.write_metadata_sets(sets, HEADER, version=version, address=ADDRESS)


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0", "3.1.0", "3.0.0"])
@given(reported=attributes())
@settings(max_examples=60, deadline=None)
def test_every_message_is_valid_and_reads_back(version: str, reported: list[Any]) -> None:
    one = metadata_set(
        attributes=reported,
        description="d",
        descriptions={"en": "d", "es": "e"},
        reportingBegin="2024-01-01",
        publicationYear="2025",
        annotations=[{"id": "N", "value": "v"}],
        links=[{"rel": "describedby", "href": "https://example.org/page"}],
        validFrom="2024-01-01T00:00:00Z",
    )
    body = write([one], version)
    if version.startswith("3"):
        check_xml(body, version)
    else:
        check_metadata(body, version)
    assert is_metadata_message(body)
    [read] = read_metadata_message(body)
    assert read.urn == one.urn
    assert read.document == one.document


@pytest.mark.parametrize("version", ["2.1.0", "2.0.0", "3.1.0", "3.0.0"])
def test_a_set_of_an_agreement_and_without_a_version_number(version: str) -> None:
    one = metadata_set(
        "MS", "1.0", metadataProvisionAgreement=urn("MetadataProvisionAgreement", "MPA")
    )
    body = write([one], version)
    if version.startswith("3"):
        check_xml(body, version)
        assert body.count(b"Metadataflow=TST:MDF(1.0.0)") == 1
    else:
        check_metadata(body, version)
    [read] = read_metadata_message(body)
    assert read.document["metadataProvisionAgreement"] == one.document["metadataProvisionAgreement"]
    assert read.version.text == "1.0"


def xml(content: str, version: str = "v3_0") -> bytes:
    base = f"http://www.sdmx.org/resources/sdmxml/schemas/{version}"
    return (
        f'<m:GenericMetadata xmlns:m="{base}/message" xmlns:g="{base}/metadata/generic" '
        f'xmlns:c="{base}/common"><m:Header/><m:MetadataSet id="MS" agencyID="TST.OFFICE">'
        f"<c:Name>n</c:Name><g:Metadataflow>{urn('Metadataflow', 'MDF')}</g:Metadataflow>"
        f"<g:Target>{urn('Dataflow', 'DF')}</g:Target>{content}</m:MetadataSet>"
        f"</m:GenericMetadata>"
    ).encode()


def reported(content: str) -> list[dict[str, Any]]:
    [read] = read_metadata_message(xml(content))
    found: list[dict[str, Any]] = read.document["attributes"]
    return found


def test_several_values_of_3_0_are_several_attributes() -> None:
    found = reported(
        '<g:Attribute id="YEARS"><g:Value>2020</g:Value><g:Value>2021</g:Value></g:Attribute>'
    )
    assert found == [{"id": "YEARS", "value": "2020"}, {"id": "YEARS", "value": "2021"}]


def test_structured_text_is_read_as_markup() -> None:
    found = reported(
        '<g:Attribute id="NOTE"><c:StructuredText xml:lang="es">'
        '<div xmlns="http://www.w3.org/1999/xhtml"><p>A &amp; B</p></div>'
        "</c:StructuredText></g:Attribute>"
    )
    assert found == [
        {
            "id": "NOTE",
            "value": {"es": '<div xmlns="http://www.w3.org/1999/xhtml"><p>A &amp; B</p></div>'},
        }
    ]


def test_text_without_a_language_is_english() -> None:
    found = reported('<g:Attribute id="SCOPE"><c:Text>All</c:Text></g:Attribute>')
    assert found == [{"id": "SCOPE", "value": {"en": "All"}}]


def test_what_does_not_belong_there_is_refused_with_its_line() -> None:
    for content in (
        '<g:Attribute id="SCOPE" colour="red"/>',
        '<g:Attribute id="SCOPE"><g:Other/></g:Attribute>',
        '<g:Attribute id="SCOPE"><g:Value><b/></g:Value></g:Attribute>',
    ):
        with pytest.raises(InvalidArtefactError) as error:
            reported(content)
        assert error.value.detail["line"] == 1


def test_mixed_values_are_refused() -> None:
    with pytest.raises(InvalidArtefactError):
        reported('<g:Attribute id="A"><g:Value>x</g:Value><c:Text>y</c:Text></g:Attribute>')
    with pytest.raises(InvalidArtefactError):
        reported('<g:Attribute id="A"><c:Text>y</c:Text><g:Value>x</g:Value></g:Attribute>')


def test_hostile_xml_is_refused() -> None:
    deep = '<g:Attribute id="A">' * 500 + "</g:Attribute>" * 500
    for body in (
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
        b"<a/>",
        b"<",
        xml(deep),
        xml("", "v2_1"),
    ):
        with pytest.raises((MessageError, InvalidArtefactError)):
            read_metadata_message(body)


def test_a_structure_message_that_names_metadata_sets_is_none_of_them() -> None:
    message = {"data": {"codelists": [{"id": "A", "name": '"metadataSets"'}]}}
    assert not is_metadata_message(orjson.dumps(message))
    assert not is_metadata_message(b'{"metadataSets": ')
