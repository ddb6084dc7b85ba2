"""Attributes of groups and of the dataset in SDMX-ML, where all data come from one agreement."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
import sdmx
from lxml import etree
from pysdmx.io import read_sdmx

from tests.fixture_replies import VENDOR, check_data

if TYPE_CHECKING:
    from tests.fixture_exchange import Bundle

ONE = "provisionagreement/SICA_TEST/PA_MIGRATION_CRI/1.0.0"
SEVERAL = "dataflow/SICA_TEST/DF_MIGRATION/1.0.0"
GENERIC = f"{VENDOR}genericdata+xml;version=2.1"
SPECIFIC = f"{VENDOR}structurespecificdata+xml;version=2.1"
FORMATS = (
    GENERIC,
    SPECIFIC,
    f"{VENDOR}generictimeseriesdata+xml;version=2.1",
    f"{VENDOR}structurespecifictimeseriesdata+xml;version=2.1",
    f"{VENDOR}data+xml;version=3.0.0",
    f"{VENDOR}data+xml;version=3.1.0",
)
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
GROUP = "BY_AREA_SEX"
KEY = {"REF_AREA", "SEX"}

Found = dict[tuple[str, ...], dict[str, Any]]


def fetch(bundle: Bundle, path: str, media_type: str) -> bytes:
    path = f"/sdmx/v2/data/{path}"
    reply = bundle.get(path, media_type)
    assert reply.status_code == 200, reply.text
    check_data(bundle, path, reply.content, media_type)
    return reply.content


def groups(body: bytes) -> Found:
    """The values of groups by their keys, in the order of the message."""
    found: Found = {}
    seen: set[str] = set()
    for part in etree.fromstring(body).iter():
        name = etree.QName(part).localname
        seen.add(name)
        if name != "Group":
            continue
        assert not seen & {"Series", "Obs"}, "groups come first"
        cells = {
            **{k: v for k, v in part.attrib.items() if k not in ("type", XSI)},
            **{v.get("id"): v.get("value") for v in part.iter("{*}Value") if v.get("id")},
            **{c.get("id"): "".join(c.itertext()) for c in part.iter("Comp")},
        }
        assert (part.get(XSI) or part.get("type")).rpartition(":")[2] == GROUP
        key = tuple(cells.pop(each) for each in sorted(KEY))
        assert key not in found
        assert cells, "no group without attributes"
        found[key] = cells
    return found


@pytest.mark.parametrize("media_type", FORMATS)
def test_groups_stand_before_the_series(bundle: Bundle, media_type: str) -> None:
    found = groups(fetch(bundle, ONE, media_type))
    assert found
    assert {name for cells in found.values() for name in cells} == {"COLLECTION", "GROUP_SOURCE"}
    told = groups(fetch(bundle, ONE, GENERIC))
    assert {key: cells["COLLECTION"] for key, cells in told.items() if "COLLECTION" in cells} == {
        key: cells["COLLECTION"] for key, cells in found.items() if "COLLECTION" in cells
    }


@pytest.mark.parametrize("along", ["AllDimensions", "SEX", "FREQ"])
@pytest.mark.parametrize("media_type", [GENERIC, SPECIFIC, *FORMATS[4:]])
def test_groups_stand_in_every_layout(bundle: Bundle, media_type: str, along: str) -> None:
    assert groups(fetch(bundle, f"{ONE}?dimensionAtObservation={along}", media_type))


@pytest.mark.parametrize("media_type", FORMATS)
def test_only_groups_that_were_asked_for(bundle: Bundle, media_type: str) -> None:
    every = groups(fetch(bundle, ONE, media_type))
    one = next(iter(every))
    for query in (f"?c[SEX]={one[1]}&c[REF_AREA]={one[0]}", f"/*.{one[0]}.{one[1]}"):
        assert groups(fetch(bundle, ONE + query, media_type)) == {one: every[one]}
    assert groups(fetch(bundle, f"{ONE}?attributes=none", media_type)) == {}
    only = groups(fetch(bundle, f"{ONE}?attributes=COLLECTION", media_type))
    assert {name for cells in only.values() for name in cells} == {"COLLECTION"}


@pytest.mark.parametrize("media_type", FORMATS)
def test_of_several_agreements_no_group_has_one_value(bundle: Bundle, media_type: str) -> None:
    body = fetch(bundle, SEVERAL, media_type)
    assert groups(body) == {}
    assert b"COLLECTION" in body


@pytest.mark.parametrize("media_type", [GENERIC, SPECIFIC])
def test_c072_no_data_of_1_x_has_groups_and_the_dataset(bundle: Bundle, media_type: str) -> None:
    path = "/sdmx/v1/data/SICA_TEST,DF_MIGRATION,1.0.0/all/CRI_TEST?detail=nodata"
    reply = bundle.get(path, media_type)
    assert reply.status_code == 200, reply.text
    assert groups(reply.content)
    [dataset] = etree.fromstring(reply.content).findall("{*}DataSet")
    told = {*dataset.attrib, *(v.get("id") for v in dataset.findall("{*}Attributes/{*}Value"))}
    assert {"TITLE", "LICENCE"} & told
    assert not list(dataset.iter("{*}Obs"))


@pytest.mark.parametrize("media_type", [GENERIC, SPECIFIC])
def test_sdmx1_reads_groups(bundle: Bundle, media_type: str) -> None:
    body = fetch(bundle, ONE, media_type)
    [dataset] = sdmx.read_sdmx(io.BytesIO(body)).data
    read = {
        tuple(str(key[name].value) for name in sorted(KEY)): {
            name: value.value for name, value in key.attrib.items()
        }
        for key in dataset.group
    }
    told = groups(body)
    assert read.keys() == told.keys()
    if media_type == GENERIC:  # of structure-specific groups it reads the key alone
        assert read == told
    assert any(dataset.group.values()), "observations are put to their groups"
    table = sdmx.to_pandas(dataset, attributes="osgd").reset_index()
    rows = table.to_dict("records")
    assert rows
    for row in rows:
        cells = told.get((row["REF_AREA"], row["SEX"]), {})
        assert {name: row[name] for name in cells} == cells


@pytest.mark.parametrize("media_type", [GENERIC, SPECIFIC])
def test_pysdmx_reads_data_with_groups(bundle: Bundle, media_type: str) -> None:
    body = fetch(bundle, ONE, media_type)
    [dataset] = read_sdmx(body.decode()).data
    rows = dataset.data.to_dict("records")
    read = {(r["REF_AREA"], r["SEX"]): r["COLLECTION"] for r in rows if r.get("COLLECTION")}
    told = {key: cells["COLLECTION"] for key, cells in groups(body).items()}
    assert read
    assert read == {key: told[key] for key in read}
