"""Structures of SDMX-REST 1.5 over HTTP, on the bundle that has every class.

The numbers C... are those of the conformance checklist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.sdmx.rest_v1 import ITEM_TYPES, STRUCTURE_REFERENCES, STRUCTURE_TYPES
from tests.structure_schemas import check_message
from tests.xml_schemas import check_xml

if TYPE_CHECKING:
    from tests.fixture_exchange import Bundle

ROOT = "/sdmx/v1"
AGENCY = "SICA_TEST"
JSON21 = "application/vnd.sdmx.structure+json;version=2.1.0"
XML21 = "application/vnd.sdmx.structure+xml; version=2.1"
COMPUTED = {"actualconstraint", "attachmentconstraint"}


def documents(bundle: Bundle, path: str) -> dict[str, list[dict[str, Any]]]:
    reply = bundle.get(ROOT + path, JSON21)
    assert reply.status_code == 200, (path, reply.text)
    found: dict[str, list[dict[str, Any]]] = check_message(reply.content)["data"]
    return found


def ids(bundle: Bundle, path: str) -> set[tuple[str, str, str]]:
    return {
        (one["agencyID"], one["id"], one["version"])
        for listed in documents(bundle, path).values()
        for one in listed
    }


@pytest.mark.parametrize("artefact_type", STRUCTURE_TYPES)
def test_c026_c099_every_type_answers_in_sdmx_ml_2_1(bundle: Bundle, artefact_type: str) -> None:
    for accept in (None, "*/*", "application/xml", "text/xml"):
        reply = bundle.get(f"{ROOT}/{artefact_type}", accept)
        if artefact_type in COMPUTED:
            assert reply.status_code == 404
            message = check_xml(reply.content, "2.1")
            assert message[0].get("code") == "100"
            continue
        assert reply.status_code == 200
        assert reply.headers["content-type"] == XML21
        check_xml(reply.content, "2.1")


@pytest.mark.parametrize(
    "accept",
    [
        *("application/vnd.sdmx.structure+xml;version=2.1", JSON21),
        *(f"application/vnd.sdmx.structure+json;version={one}" for one in ("1.0.0", "2.0.0")),
        *(f"application/vnd.sdmx.structure+xml;version={one}" for one in ("3.0.0", "3.1.0")),
        "APPLICATION/VND.SDMX.STRUCTURE+XML ; VERSION=\"2.1\"",
    ],
)  # fmt: skip
def test_c100_what_is_asked_for_is_echoed(bundle: Bundle, accept: str) -> None:
    reply = bundle.get(f"{ROOT}/codelist", accept)
    assert reply.status_code == 200
    told = accept.lower().replace(" ", "").replace('"', "")
    assert reply.headers["content-type"].replace(" ", "") == told


def test_c013_spellings_of_everything(bundle: Bundle) -> None:
    spellings = (
        *("/dataflow", "/dataflow/", "/dataflow/all", "/dataflow/ALL/all/latest"),
        *("/dataflow/*/%2A/latest/", "/dataflow/all/latest", "/dataflow/all/all/latest/all"),
    )
    replies = [bundle.get(ROOT + spelling) for spelling in spellings]
    assert {reply.status_code for reply in replies[:-1]} == {200}
    assert len({reply.headers["etag"] for reply in replies[:-1]}) == 1
    assert len({reply.content for reply in replies[:-1]}) == 1


def test_c006_c015_plus_is_or(bundle: Bundle) -> None:
    def one(path: str) -> set[tuple[str, str, str]]:
        return ids(bundle, path)

    both = one(f"/codelist/{AGENCY}/CL_FREQ+CL_SEX")
    assert both == one(f"/codelist/{AGENCY}/CL_FREQ") | one(f"/codelist/{AGENCY}/CL_SEX")
    assert both == one(f"/codelist/{AGENCY}/CL_FREQ%2BCL_SEX/latest")
    agencies = one(f"/structure/{AGENCY}+{AGENCY}.MIG/all/latest?detail=allstubs")
    assert {agency for agency, _, _ in agencies} == {AGENCY, f"{AGENCY}.MIG"}
    versions = one(f"/codelist/{AGENCY}/CL_PERMIT/1.0.0+1.1.0")
    assert {version for _, _, version in versions} == {"1.0.0", "1.1.0"}
    [codelist] = documents(bundle, f"/codelist/{AGENCY}/CL_SEX/latest/F+M")["codelists"]
    assert {code["id"] for code in codelist["codes"]} == {"F", "M"}
    assert codelist["isPartial"] is True


def test_c025_latest_is_in_production(bundle: Bundle) -> None:
    path = f"/codelist/{AGENCY}/CL_PERMIT"
    assert ids(bundle, path) == ids(bundle, f"{path}/latest") == {(AGENCY, "CL_PERMIT", "1.1.0")}
    assert {version for _, _, version in ids(bundle, f"{path}/all")} == {
        *("1.0.0", "1.1.0", "2.0.0-draft")
    }
    assert ids(bundle, f"{path}/2.0.0-draft") == {(AGENCY, "CL_PERMIT", "2.0.0-draft")}
    # What SDMX 2.1 does not know is not there for those who ask in its formats.
    for accept in (None, "application/vnd.sdmx.structure+json;version=1.0.0"):
        assert bundle.get(f"{ROOT}{path}/2.0.0-draft", accept).status_code == 404
    # Versions of two parts are in production as well: the schemes of organisations have no other.
    assert ids(bundle, f"/codelist/{AGENCY}/CL_LEGACY") == {(AGENCY, "CL_LEGACY", "1.0")}
    assert (AGENCY, "AGENCIES", "1.0") in ids(bundle, "/agencyscheme")


def test_types_of_2_1_mean_those_that_took_their_place(bundle: Bundle) -> None:
    assert set(documents(bundle, "/hierarchicalcodelist")) == {"hierarchies"}
    assert set(documents(bundle, "/structureset")) >= {"structureMaps", "representationMaps"}
    assert set(documents(bundle, "/organisationscheme")) >= {
        *("agencySchemes", "dataProviderSchemes", "dataConsumerSchemes")
    }
    constraints = documents(bundle, "/contentconstraint")
    assert constraints == documents(bundle, "/allowedconstraint")
    assert set(constraints) >= {"dataConstraints"}
    everything = documents(bundle, "/structure?detail=allstubs")
    assert set(everything) >= {"codelists", "dataflows", "dataStructures", "hierarchies"}


def test_a_list_of_dataflows_holds_dataflows_only(bundle: Bundle) -> None:
    """What rsdmx relies on."""
    assert set(documents(bundle, "/dataflow/all/all/latest/")) == {"dataflows"}


@pytest.mark.parametrize("references", STRUCTURE_REFERENCES)
def test_c034_c035_c037_references(bundle: Bundle, references: str) -> None:
    reply = bundle.get(f"{ROOT}/dataflow/{AGENCY}/DF_MIGRATION?references={references}")
    assert reply.status_code == 200
    check_xml(reply.content, "2.1")
    found = documents(bundle, f"/dataflow/{AGENCY}/DF_MIGRATION?references={references}")
    assert "dataflows" in found
    wanted = {
        "none": set(),
        "children": {"dataStructures"},
        "descendants": {"dataStructures", "codelists", "conceptSchemes"},
        "codelist": {"codelists"},
        "conceptscheme": {"conceptSchemes"},
        "provisionagreement": {"provisionAgreements"},
        "contentconstraint": {"dataConstraints"},
        "organisationscheme": {"agencySchemes"},
        "all": {"dataStructures", "codelists", "provisionAgreements", "dataConstraints"},
    }.get(references, set())
    assert wanted <= set(found)


@pytest.mark.parametrize(
    "detail",
    ["full", "allstubs", "allcompletestubs", "referencestubs", "referencepartial"],
)
def test_c027_c028_c029_details(bundle: Bundle, detail: str) -> None:
    path = f"/dataflow/{AGENCY}/DF_MIGRATION?references=descendants&detail={detail}"
    reply = bundle.get(ROOT + path)
    assert reply.status_code == 200
    check_xml(reply.content, "2.1")
    found = documents(bundle, path)
    stubs = [bool(one.get("isExternalReference")) for one in found["codelists"]]
    assert all(stubs) == (detail not in {"full", "referencepartial"})
    [dataflow] = found["dataflows"]
    assert bool(dataflow.get("isExternalReference")) == detail.startswith("all")
    if detail == "referencepartial":
        assert any(one.get("isPartial") for one in found["conceptSchemes"])


@pytest.mark.parametrize("artefact_type", ITEM_TYPES)
def test_c038_items_of_every_type_that_has_some(bundle: Bundle, artefact_type: str) -> None:
    found = bundle.get(f"{ROOT}/{artefact_type}/all/all/latest/NO_SUCH_ITEM")
    assert found.status_code == 404
    assert check_xml(found.content, "2.1")[0].get("code") == "100"


def test_items_of_hierarchical_codelists(bundle: Bundle) -> None:
    hierarchy = documents(bundle, "/hierarchicalcodelist")["hierarchies"][0]
    path = f"/hierarchicalcodelist/{hierarchy['agencyID']}/{hierarchy['id']}/latest"
    [found] = documents(bundle, f"{path}/{hierarchy['id']}")["hierarchies"]
    assert found["id"] == hierarchy["id"]
    assert bundle.get(f"{ROOT}{path}/OTHER").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/codelist?detail=foo", 400, "140"),
        ("/codelist?detail=raw", 400, "140"),
        ("/codelist?references=foo", 400, "140"),
        ("/codelist?references=codelist,dataflow", 400, "140"),
        ("/codelist?nonsense=1", 400, "140"),
        ("/dataflow/A/F/1.0/X", 400, "140"),
        ("/codelist/A/CL/+.2.3", 400, "140"),
        ("/codelist/A/CL/1.0/X/too/many", 400, "140"),
        ("/valuelist", 400, "140"),
        ("/nonsense", 400, "140"),
        ("/codelist/NOPE", 404, "100"),
        (f"/codelist/{AGENCY}/NOPE", 404, "100"),
        (f"/codelist/{AGENCY}/CL_SEX/7.0", 404, "100"),
        ("/codelist?lang=xx", 406, "1406"),
        ("/codelist?format=nonsense", 406, "1406"),
        ("/codelist?compression=exi", 406, "1406"),
    ],
)
def test_c033_c040_c112_c116_errors_are_messages_of_2_1(
    bundle: Bundle, path: str, status: int, code: str
) -> None:
    reply = bundle.get(ROOT + path, Accept_Language="es")
    assert (reply.status_code, reply.headers["content-type"]) == (status, "application/xml")
    [error] = check_xml(reply.content, "2.1")
    assert error.get("code") == code
    languages = [text.get("{http://www.w3.org/XML/1998/namespace}lang") for text in error]
    assert languages == ["es", "en"]
    assert 'rel="help"' in reply.headers["link"]


def test_c109_c110_conditions_and_head(bundle: Bundle) -> None:
    path = f"{ROOT}/codelist/{AGENCY}/CL_SEX"
    first = bundle.get(path)
    held = bundle.get(path, If_None_Match=first.headers["etag"])
    assert (held.status_code, held.content) == (304, b"")
    same = bundle.get(path, If_Modified_Since=first.headers["last-modified"])
    assert same.status_code == 304
    head = bundle.run(bundle.client.head(path))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == first.headers["etag"]
    assert {"Accept", "Accept-Encoding", "Accept-Language"} <= set(
        first.headers["vary"].split(", ")
    )


def test_c042_c043_names_in_the_language_asked_for(bundle: Bundle) -> None:
    path = f"{ROOT}/codelist/{AGENCY}/CL_SEX"
    spanish = bundle.get(path, Accept_Language="es-CR, es;q=0.9")
    assert spanish.headers["content-language"] == "es"
    every = bundle.get(path, Accept_Language="*")
    told = {one.strip() for one in every.headers["content-language"].split(",")}
    assert told >= {"en", "es"}


def test_c090_c094_schemas(bundle: Bundle) -> None:
    path = f"{ROOT}/schema/dataflow/{AGENCY}/DF_MIGRATION"
    reply = bundle.get(path)
    assert (reply.status_code, reply.content[:5]) == (200, b"<?xml")
    assert "schema+xml" in reply.headers["content-type"]
    assert reply.headers["content-type"].replace(" ", "").endswith("version=2.1")
    for wrong in ("/schema", "/schema/dataflow/all/DF_MIGRATION", f"/schema/codelist/{AGENCY}/X"):
        assert bundle.get(ROOT + wrong).status_code == 400, wrong
    assert bundle.get(f"{ROOT}/schema/dataflow/{AGENCY}/NOPE").status_code == 404


def test_a_content_type_on_get_is_passed_over(bundle: Bundle) -> None:
    """As rsdmx sends it."""
    reply = bundle.get(
        f"{ROOT}/datastructure/all/DSD_MIGRATION/latest/?references=children",
        "application/xml",
        Content_Type="application/xml",
    )
    assert reply.status_code == 200
