"""The metadata sets of the bundle in every format, and what is registered for its data."""

from __future__ import annotations

from typing import Any

import pytest

from app.sdmx.messages.metadata_readers import read_metadata_message
from tests.fixture_exchange import METADATA, Bundle
from tests.fixture_model import documents
from tests.fixture_replies import check_refusal, json_faults
from tests.xml_schemas import check_xml

VENDOR = "application/vnd.sdmx."
MODERN = (
    f"{VENDOR}metadata+json;version=2.1.0",
    f"{VENDOR}metadata+json;version=2.0.0",
    f"{VENDOR}metadata+xml;version=3.1.0",
    f"{VENDOR}metadata+xml;version=3.0.0",
)
GENERIC = f"{VENDOR}genericmetadata+xml;version=2.1"
REGISTRY = f"{VENDOR}registry+xml;version=3.1.0"


def check(body: bytes, media_type: str) -> None:
    """Check a metadata message with the official schema of its format."""
    version = media_type.partition("version=")[2]
    if "+xml" in media_type:
        check_xml(body, version)
    else:
        assert json_faults(body, "metadata", version) == []


def files() -> dict[str, dict[str, Any]]:
    """The metadata sets as they were written."""
    [file] = METADATA.glob("*.json")
    return {each.urn: each.document for each in read_metadata_message(file.read_bytes())}


@pytest.mark.parametrize("media_type", MODERN)
@pytest.mark.parametrize(
    "path",
    [
        "/metadata/metadataset/SICA_TEST.QUALITY_UNIT",
        "/metadata/metadataflow/SICA_TEST/MDF_QUALITY/1.0.0/SICA_TEST.QUALITY_UNIT",
        "/metadata/structure/*/SICA_TEST",
    ],
)
def test_c096_metadata_sets_come_back_unchanged(bundle: Bundle, path: str, media_type: str) -> None:
    reply = bundle.get(f"/sdmx/v2{path}", media_type, Accept_Language="*")
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"].replace(" ", "") == media_type
    check(reply.content, media_type)
    read = {each.urn: each.document for each in read_metadata_message(reply.content)}
    assert read == files()


@pytest.mark.parametrize("detail", ["full", "allstubs"])
@pytest.mark.parametrize("media_type", [*MODERN, f"{VENDOR}metadata+csv;version=2.1.0"])
def test_c096_every_detail_is_valid(bundle: Bundle, media_type: str, detail: str) -> None:
    reply = bundle.get(f"/sdmx/v2/metadata/metadataset?detail={detail}", media_type)
    assert reply.status_code == 200, reply.text
    if "csv" not in media_type:
        check(reply.content, media_type)
    assert "MS_AREA" in reply.text
    assert ("Lucho" in reply.text) is (detail == "full")


def test_c096_generic_metadata_of_2_1_are_valid(bundle: Bundle) -> None:
    reply = bundle.get("/sdmx/v1/metadata/SICA_TEST,MDF_QUALITY,1.0.0", GENERIC)
    assert reply.status_code == 200, reply.text
    check(reply.content, GENERIC)
    assert "Lucho" in reply.text


@pytest.mark.parametrize("media_type", MODERN)
def test_c097_no_set_is_no_content(bundle: Bundle, media_type: str) -> None:
    assert bundle.get("/sdmx/v2/metadata/metadataset/*/MS_NOPE/*", media_type).status_code == 204


def test_c097_each_agreement_with_data_is_registered(bundle: Bundle) -> None:
    reply = bundle.get("/sdmx/v2/registration/provider/SICA_TEST/*", REGISTRY)
    assert reply.status_code == 200, reply.text
    message = check_xml(reply.content, "3.1")
    agreements = {
        (one.text or "").rpartition("=")[2]
        for one in message.iter()
        if isinstance(one.tag, str) and one.tag.endswith("}ProvisionAgreement")
    }
    assert agreements == {
        name.partition("=")[2] for name in documents() if name.startswith("provisionAgreements=")
    }
    refused = bundle.get("/sdmx/v2/registration/provider/SICA_TEST/*", "text/csv")
    assert refused.status_code == 406
    assert "html" not in refused.headers["Content-Type"]
    check_refusal(refused, "+xml" if "xml" in refused.headers["Content-Type"] else "+json")
