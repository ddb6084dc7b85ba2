"""Structure messages of SDMX-ML that are wrong, or meant to do harm."""

from __future__ import annotations

import datetime as dt

import pytest

from app.errors import InvalidArtefactError, MessageError
from app.sdmx.messages import structure_ml_message
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_ml import write_structures_ml
from app.sdmx.messages.structure_readers import read_structure_message
from tests.artefact_samples import artefact, codelist, item

HEADER = MessageHeader("TEST", dt.datetime(2026, 1, 2, tzinfo=dt.UTC))
MESSAGE = write_structures_ml([codelist("CL", "A", item("B", parent="A"))], HEADER)
START = MESSAGE.index(b"<mes:Structure")
BOMB = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 9))


@pytest.mark.parametrize(
    "document_type",
    [
        b"<!DOCTYPE x>",
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE x [<!ENTITY e0 "ha">' + BOMB + b"]>",
    ],
    ids=["empty", "external", "file", "bomb"],
)
def test_a_document_type_is_refused(document_type: bytes) -> None:
    body = MESSAGE[:START] + document_type + MESSAGE[START:].replace(b"A in English", b"&f;&e8;")
    with pytest.raises(MessageError, match="document type"):
        read_structure_message(body)


def test_what_is_not_well_formed_is_told_with_its_place() -> None:
    body = MESSAGE.replace(b"</str:Code>", b"\n</str:Cod>", 1)
    with pytest.raises(MessageError, match="not XML") as caught:
        read_structure_message(body)
    assert caught.value.detail["line"] == 3
    assert caught.value.detail["column"]


@pytest.mark.parametrize("body", [b"<", b"<<", b" <?xml?>", b"<a", MESSAGE[:500], MESSAGE[:-5]])
def test_what_is_cut_short_is_refused(body: bytes) -> None:
    with pytest.raises(MessageError):
        read_structure_message(body)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"<str:Parent>", b"<str:Nonsense/><str:Parent>", "Nonsense"),
        (b"<str:Parent>", b'<Parent xmlns="urn:other"/><str:Parent>', "Parent"),
        (b"<str:Parent>A<", b"<str:Parent><str:A/>A<", "A"),
        (b'agencyID="TST"', b'agencyID="TST" nonsense="1"', "nonsense"),
        (b'agencyID="TST"', b'agencyID="TST" isPartial="maybe"', "isPartial"),
        (b"<str:Codelists>", b"<str:Nonsenses/><str:Codelists>", "Nonsenses"),
        (b"<str:Codelists>", b"<str:Codelists><str:Dataflow/>", "Dataflow"),
    ],
)
def test_what_is_not_known_is_named(old: bytes, new: bytes, named: str) -> None:
    assert old in MESSAGE
    with pytest.raises(InvalidArtefactError, match=named) as caught:
        read_structure_message(MESSAGE.replace(old, new, 1))
    assert caught.value.detail["line"] == 2
    assert named in caught.value.text["es"]


def test_attributes_of_other_namespaces_and_comments_are_passed_over() -> None:
    xsi = b'<mes:Structures xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    body = MESSAGE.replace(b"<mes:Structures>", xsi)
    body = body.replace(b"<str:Code ", b'<!-- one --><?pi?><str:Code xsi:nil="false" ')
    assert read_structure_message(body) == read_structure_message(MESSAGE)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_xml_is_read(encoding: str) -> None:
    text = MESSAGE[START:].decode()
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    body = (mark + text).encode(encoding)
    assert read_structure_message(body) == read_structure_message(MESSAGE)


def test_another_message_is_not_taken_for_a_structure_message() -> None:
    with pytest.raises(MessageError, match="StructureSpecificData"):
        read_structure_message(MESSAGE.replace(b"mes:Structure ", b"mes:StructureSpecificData "))


def test_a_nesting_without_end_is_refused() -> None:
    steps = item("S")
    for _ in range(100):
        steps = item("S", processSteps=[steps])
    body = write_structures_ml([artefact("Process", "P", processSteps=[steps])], HEADER)
    with pytest.raises(InvalidArtefactError, match="nested too deep"):
        read_structure_message(body)
    deep = MESSAGE.replace(b"<str:Codelists>", b"<str:Codelists>" * 300)
    with pytest.raises(MessageError, match="not XML"):
        read_structure_message(deep)


def test_a_message_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure_ml_message, "LARGEST", len(MESSAGE) - 1)
    with pytest.raises(MessageError) as caught:
        read_structure_message(MESSAGE)
    assert caught.value.detail == {"limit": len(MESSAGE) - 1, "size": len(MESSAGE)}


@pytest.mark.parametrize("facet", ["minLength", "maxOccurs", "decimals"])
@pytest.mark.parametrize("value", ["9" * 30, "1.5", "NaN", "", "x", "1_0", "٣"])
def test_a_number_that_is_none_is_refused(facet: str, value: str) -> None:
    coded = {"maxOccurs": 77777, "format": {"minLength": 77777, "decimals": 77777}}
    concepts = [item("C", coreRepresentation=coded)]
    body = write_structures_ml([artefact("ConceptScheme", "CS", concepts=concepts)], HEADER)
    wrong = body.replace(f'{facet}="77777"'.encode(), f'{facet}="{value}"'.encode())
    assert wrong != body
    with pytest.raises(InvalidArtefactError, match=facet):
        read_structure_message(wrong)


@pytest.mark.parametrize("value", ["1_0", "٣", "NaN", "1E999", "INF", ""])
def test_a_bound_that_is_no_number_is_refused(value: str) -> None:
    concepts = [item("C", coreRepresentation={"format": {"maxValue": 77777}})]
    body = write_structures_ml([artefact("ConceptScheme", "CS", concepts=concepts)], HEADER)
    with pytest.raises(InvalidArtefactError, match="maxValue"):
        read_structure_message(body.replace(b"77777", value.encode()))


@pytest.mark.parametrize(("text", "value"), [("9" * 30, 1e30), ("-0.50", -0.5), ("7", 7)])
def test_a_bound_is_a_number_that_json_can_hold(text: str, value: float) -> None:
    concepts = [item("C", coreRepresentation={"format": {"maxValue": 77777}})]
    body = write_structures_ml([artefact("ConceptScheme", "CS", concepts=concepts)], HEADER)
    [read] = read_structure_message(body.replace(b"77777", text.encode()))
    facets = read.document["concepts"][0]["coreRepresentation"]["format"]
    assert facets == {"maxValue": value}
    assert type(facets["maxValue"]) is type(value)


def test_a_sentinel_that_is_no_number_stays_a_text() -> None:
    sentinels = [{"value": value, "name": "Missing"} for value in ("NaN", "x", "77777")]
    coded = {"format": {"dataType": "Double", "sentinelValues": sentinels}}
    concepts = [item("C", coreRepresentation=coded)]
    body = write_structures_ml([artefact("ConceptScheme", "CS", concepts=concepts)], HEADER)
    [read] = read_structure_message(body)
    found = read.document["concepts"][0]["coreRepresentation"]["format"]["sentinelValues"]
    assert [one["value"] for one in found] == ["NaN", "x", 77777]


@pytest.mark.parametrize(
    "link",
    [
        {"rel": "parent"},
        {"href": "http://a"},
        {"urn": "urn:a"},
        {"rel": "self", "type": "text"},
        {},
    ],
)
def test_a_link_without_its_parts_is_kept_as_it_is(link: dict[str, str]) -> None:
    told = " ".join(f'{"url" if key == "href" else key}="{link[key]}"' for key in link)
    first = b'<com:Name xml:lang="en"'
    body = MESSAGE.replace(first, f"<com:Link {told}/>".encode() + first)
    body = body.replace(b"<str:Parent>A</str:Parent>", b"").replace(b' version="1.0.0"', b"", 1)
    [read] = read_structure_message(body)
    assert [code["links"] for code in read.document["codes"]] == [[link], [link]]
