"""What is said of a request before its answer: tokens, conditions, origins, parameters, errors."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import pytest

from app.services.publish_structures import publish_structures
from app.store.pools import open_pools
from tests.fixture_exchange import open_bundle
from tests.structures import START
from tests.xml_schemas import check_structure_specific

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from app.settings import Settings
    from tests.fixture_exchange import Bundle

V1 = "/sdmx/v1"
V2 = "/sdmx/v2"
FLOW = f"{V2}/data/dataflow/SICA_TEST/DF_MIGRATION/1.0.0"
STRUCTURE_2_1 = "application/vnd.sdmx.structure+xml; version=2.1"
ONE_OF_EACH = (
    FLOW,
    f"{FLOW}/A.CRI.F._T",
    f"{V2}/availability/dataflow/SICA_TEST/DF_MIGRATION",
    f"{V2}/structure/codelist/SICA_TEST",
    f"{V2}/schema/dataflow/SICA_TEST/DF_MIGRATION",
    f"{V2}/metadata/metadataset/*/*",
    f"{V2}/registration",
    f"{V1}/data/DF_MIGRATION",
    f"{V1}/availableconstraint/DF_MIGRATION",
    f"{V1}/dataflow/SICA_TEST",
    f"{V1}/schema/dataflow/SICA_TEST/DF_MIGRATION",
    f"{V1}/metadata/MDF_QUALITY",
)
OPERATORS = "eq, ne, lt, le, gt, ge, co, nc, sw, ew"


@pytest.mark.parametrize("accept", [None, "*/*", "application/xml"])
@pytest.mark.parametrize(
    "context", ["metadataflow/SICA_TEST/MDF_QUALITY", "metadatastructure/SICA_TEST/MSD_QUALITY"]
)
def test_c099_schemas_of_metadata_on_1_x_are_sdmx_ml_2_1(
    bundle: Bundle, context: str, accept: str | None
) -> None:
    reply = bundle.get(f"{V1}/schema/{context}", accept)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == STRUCTURE_2_1
    modern = bundle.get(f"{V2}/schema/{context}", accept)
    assert modern.headers["content-type"] != STRUCTURE_2_1


@pytest.mark.parametrize("path", ONE_OF_EACH)
@pytest.mark.parametrize("credential", ["Bearer zzz", "Basic zzz"])
def test_a_credential_that_does_not_hold_is_refused_everywhere(
    bundle: Bundle, path: str, credential: str
) -> None:
    assert bundle.get(path).status_code == 200
    reply = bundle.get(path, Authorization=credential)
    assert reply.status_code == 401, path
    assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ONE_OF_EACH)
def test_c110_any_tag_holds_for_what_is_there(bundle: Bundle, path: str) -> None:
    for _ in range(3):  # what is asked a second time takes another way
        assert bundle.get(path).status_code == 200
        reply = bundle.get(path, If_None_Match="*")
        assert reply.status_code == 304, path
        assert reply.content == b""


def test_c110_any_tag_does_not_hold_for_what_is_not_there(bundle: Bundle) -> None:
    for path, status in ((f"{FLOW}/Q.CRI.F._T", 204), (f"{V1}/dataflow/SICA_TEST/NONE", 404)):
        assert bundle.get(path, If_None_Match="*").status_code == status


DATA = "application/vnd.sdmx.data+"
TOLD_IN_ALL = {
    f"{DATA}json;version=2.1.0": re.compile(r'"(en|es|fr|nl)":"'),
    f"{DATA}json;version=2.0.0": re.compile(r'"(en|es|fr|nl)":"'),
    f"{DATA}xml;version=3.1.0": re.compile(r'xml:lang="(\w+)"'),
}


@pytest.mark.parametrize("media_type", TOLD_IN_ALL)
def test_c111_the_languages_of_data_are_those_in_use(bundle: Bundle, media_type: str) -> None:
    reply = bundle.get(f"{FLOW}?lang=all", media_type)
    told = reply.headers["content-language"].split(", ")
    used = set(TOLD_IN_ALL[media_type].findall(reply.text))
    assert used
    assert used <= set(told)
    assert told == ["en", "es", "fr"]
    if "json" in media_type:
        assert reply.json()["meta"]["contentLanguages"] == told


DUTCH = {
    **{"id": "CL_DUTCH", "agencyID": "SICA_TEST", "version": "1.0.0", "isExternalReference": False},
    **{
        "name": "Ja",
        "names": {"nl": "Ja"},
        "codes": [{"id": "J", "name": "J", "names": {"nl": "J"}}],
    },
}


def test_c111_a_language_without_texts_is_not_told(
    bundle_settings: Settings, bundle: Bundle, tmp_path: Path
) -> None:
    file = tmp_path / "dutch.json"
    file.write_text(json.dumps({"data": {"codelists": [DUTCH]}}))

    assert bundle_settings.database_url is not None
    dsn = bundle_settings.database_url.get_secret_value()

    async def publish() -> None:
        pools = await open_pools(dsn, bundle_settings)
        await publish_structures(pools.writer, [file], START)
        await pools.close()

    asyncio.run(publish())
    with open_bundle(bundle_settings, bundle.instants) as service:
        for version, path, sent, told in (
            ("2.1.0", f"{FLOW}?lang=nl", "*", ["en"]),
            ("2.1.0", f"{FLOW}?lang=all", "*", ["en", "es", "fr"]),
            ("1.0.0", f"{FLOW}/A.CRI.F._T", "es,nl", ["es"]),
        ):
            reply = service.get(path, f"{DATA}json;version={version}", Accept_Language=sent)
            assert reply.status_code == 200
            assert reply.headers["content-language"].split(", ") == told
            assert reply.json()["meta"]["contentLanguages"] == told


def test_c111_a_table_has_the_best_language(bundle: Bundle) -> None:
    asked = {"Accept_Language": "es, fr;q=0.5"}
    assert bundle.get(FLOW, f"{DATA}csv;labels=both", **asked).headers["content-language"] == "es"


def preflight(bundle: Bundle, path: str, method: str, fields: str) -> httpx.Response:
    asked = {
        "Origin": "https://editor.example.org",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": fields,
    }
    return bundle.run(bundle.client.options(path, headers=asked))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", [f"{V2}/structure/codelist/A/B/1.0", f"{V2}/metadata"])
def test_pages_of_other_sites_may_maintain_structures(
    bundle: Bundle, path: str, method: str
) -> None:
    fields = "authorization,content-type,content-encoding,if-match,idempotency-key"
    reply = preflight(bundle, path, method, fields)
    assert reply.status_code == 200, reply.text
    assert method in reply.headers["access-control-allow-methods"]
    allowed = reply.headers["access-control-allow-headers"].lower()
    assert all(field in allowed for field in fields.split(","))
    assert "access-control-allow-credentials" not in reply.headers
    assert preflight(bundle, FLOW, method, "authorization").status_code == 400


def test_c014_an_encoded_dot_of_1_x_is_a_dot(bundle: Bundle) -> None:
    plain = bundle.get(f"{V1}/data/DF_MIGRATION/A.CRI..")
    for key in ("A%2ECRI%2E%2E", "A%2eCRI.%2E"):
        assert bundle.get(f"{V1}/data/DF_MIGRATION/{key}").content == plain.content
    assert bundle.get(f"{V1}/data/DF_MIGRATION/%2E%2E%2E").status_code == 200


@pytest.mark.parametrize("name", ["SEX", "FREQ", "OBS_STATUS"])
def test_a_mistyped_operator_is_told(bundle: Bundle, name: str) -> None:
    for value in ("zz:F", "F,zz:M", "zz%3AF", "EQ:F"):
        reply = bundle.get(f"{FLOW}?c[{name}]={value}")
        assert reply.status_code == 400, value
        assert OPERATORS in reply.text
    assert bundle.get(f"{FLOW}?c[{name}]=eq:zz:F").status_code == 204


def test_texts_may_begin_with_anything(bundle: Bundle) -> None:
    assert bundle.get(f"{FLOW}?c[COLLECTION]=zz:F").status_code in (200, 204)


@pytest.mark.parametrize(
    "query", ["/Q.CRI.F._T", "?c[SEX]=NONE", "/W...", "?updatedAfter=2999-01-01T00:00:00Z"]
)
def test_what_has_no_body_has_no_coding(bundle: Bundle, query: str) -> None:
    reply = bundle.get(f"{FLOW}{query}", Accept_Encoding="br")
    assert reply.status_code == 204
    described = {name for name in reply.headers if name.startswith("content-")}
    assert described <= {"content-length"}


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ("format=", "format="),
        ("format=nonsense", "format=nonsense"),
        ("format=csv&formatVersion=9.0.0", "formatVersion=9.0.0"),
        ("format=csv&formatVersion=1.0.0&labels=name", "labels=name"),
        ("format=csv&formatVersion=1.0.0&labels=both&keys=obs", "keys=obs"),
    ],
)
def test_c103_the_parameter_that_is_wrong_is_named(bundle: Bundle, query: str, wrong: str) -> None:
    reply = bundle.get(f"{FLOW}?{query}", "application/json")
    assert reply.status_code == 406
    assert f"'{wrong}' is not offered" in reply.json()["errors"][0]["detail"]


def test_c103_a_parameter_that_the_accepted_type_does_not_take_is_named(bundle: Bundle) -> None:
    reply = bundle.get(f"{FLOW}?labels=name", "application/vnd.sdmx.data+csv;version=1.0.0")
    assert reply.status_code == 406
    assert "'labels=name' is not offered" in reply.text
    reply = bundle.get(f"{FLOW}?labels=name", "text/nonsense")
    assert "'text/nonsense' is not offered" in reply.text


@pytest.mark.parametrize("version", ["+", "~", "*+", "2.3+.1", "one"])
def test_a_version_of_1_x_is_told_in_its_own_words(bundle: Bundle, version: str) -> None:
    for path in (f"/codelist/SICA_TEST/CL_AREA/{version}", f"/data/SICA_TEST,DF,{version}"):
        reply = bundle.get(V1 + path)
        assert reply.status_code == 400
        assert "latest or all" in reply.text
        assert "2.3+.1 (" not in reply.text


@pytest.mark.parametrize("kind", ["codelist", "hierarchicalcodelist", "structureset"])
def test_what_is_not_there_has_the_type_that_was_asked(bundle: Bundle, kind: str) -> None:
    reply = bundle.get(f"{V1}/{kind}/SICA_TEST/NONE")
    assert reply.status_code == 404
    assert f"There is no {kind} SICA_TEST:NONE(latest)" in reply.text


@pytest.mark.parametrize("version", ["~.0", "1.~", "2.3+.1", "~"])
@pytest.mark.parametrize("path", ["structure/codelist", "schema/dataflow"])
def test_a_version_is_told_as_it_was_sent(bundle: Bundle, path: str, version: str) -> None:
    reply = bundle.get(f"{V2}/{path}/SICA_TEST/NONE/{version}")
    assert reply.status_code == 404
    assert f"SICA_TEST:NONE({version})" in reply.text


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        (f"{V2}/structure/codelist", "asOf, detail, references, compression, format"),
        (f"{V1}/codelist", "detail, references, compression, format"),
        (f"{V2}/registration", "updatedAfter, updatedBefore, compression, format"),
    ],
)
def test_only_what_a_resource_takes_is_listed(bundle: Bundle, path: str, listed: str) -> None:
    reply = bundle.get(f"{path}?nope=1")
    assert reply.status_code == 400
    assert f"there are {listed}, formatVersion, lang." in reply.text


def test_data_list_the_parameters_of_their_columns(bundle: Bundle) -> None:
    for path in (FLOW, f"{V1}/data/DF_MIGRATION"):
        assert "keys, labels, lang, timeFormat" in bundle.get(f"{path}?nope=1").text
    assert "labels, lang." in bundle.get(f"{V2}/metadata/metadataset?nope=1").text


def test_actual_constraints_are_asked_for_elsewhere(bundle: Bundle) -> None:
    for path in ("/actualconstraint", "/actualconstraint/SICA_TEST/DF_MIGRATION"):
        reply = bundle.get(V1 + path)
        assert reply.status_code == 404
        assert "/sdmx/v1/availableconstraint/" in reply.text


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.sdmx.data+xml;version=3.1.0",
        "application/vnd.sdmx.data+xml;version=3.0.0",
        "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
    ],
)
@pytest.mark.parametrize(
    "shown", ["attributes=none&measures=none", "attributes=series&measures=none"]
)
@pytest.mark.parametrize("flow", ["DF_MIGRATION", "DF_STOCK"])
def test_c048_series_keys_follow_the_schema_that_is_asked_for_alike(
    bundle: Bundle, flow: str, shown: str, media_type: str
) -> None:
    version = media_type.rpartition("=")[2]
    for along in ("SEX", "FREQ", "AllDimensions", None):
        asked = "" if along is None else f"dimensionAtObservation={along}"
        path = f"dataflow/SICA_TEST/{flow}/1.0.0"
        reply = bundle.get(f"{V2}/data/{path}?{shown}&{asked}", media_type)
        schema = bundle.get(
            f"{V2}/schema/{path}?{asked}", f"application/vnd.sdmx.schema+xml;version={version}"
        )
        if reply.status_code == schema.status_code == 400:  # no dimension of this flow
            continue
        message = check_structure_specific(reply.content, schema.content, version)
        keys = [tuple(one.attrib.items()) for one in message.iter("Series", "Obs")]
        assert keys
        assert len(set(keys)) == len(keys)
