"""What is wrong gets a status of 400 to 499 and an error of the asked family, whatever it is."""

from __future__ import annotations

from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fixture_exchange import Bundle
from tests.fixture_replies import check_refusal

VENDOR = "application/vnd.sdmx."
JSON21 = f"{VENDOR}data+json;version=2.1.0"
ACCEPTS = {
    "data": (
        JSON21,
        f"{VENDOR}data+json;version=2.0.0",
        f"{VENDOR}data+json;version=1.0.0",
        f"{VENDOR}data+csv;version=2.1.0",
        f"{VENDOR}data+xml;version=3.1.0",
        f"{VENDOR}data+xml;version=3.0.0",
        f"{VENDOR}genericdata+xml;version=2.1",
        f"{VENDOR}structurespecificdata+xml;version=2.1",
    ),
    "structure": tuple(
        f"{VENDOR}structure+{each}"
        for each in (
            "json;version=2.1.0",
            "json;version=2.0.0",
            "json;version=1.0.0",
            "xml;version=3.1.0",
            "xml;version=3.0.0",
            "xml;version=2.1",
        )
    ),
    "schema": (f"{VENDOR}schema+xml;version=3.1.0", f"{VENDOR}schema+json;version=2.1.0"),
    "metadata": (f"{VENDOR}metadata+json;version=2.1.0", f"{VENDOR}metadata+xml;version=3.1.0"),
    "registration": (f"{VENDOR}registry+xml;version=3.1.0",),
}
FLOW = "/sdmx/v2/data/dataflow/SICA_TEST/DF_MIGRATION/1.0.0"
FLOW_1 = "/sdmx/v1/data/SICA_TEST,DF_MIGRATION,1.0.0"
LIST = "/sdmx/v2/structure/codelist/SICA_TEST/CL_AREA"
LIST_1 = "/sdmx/v1/codelist/SICA_TEST/CL_AREA"
FAST = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

WRONG = {
    "a key that is too long": (f"{FLOW}/A.CRI.F._T.X.Y", 400),
    "an unknown component in a filter": (f"{FLOW}?c[NOPE]=1", 400),
    "a component filtered twice": (f"{FLOW}?c[SEX]=F&c[SEX]=M", 400),
    "a period that is none": (f"{FLOW}?c[TIME_PERIOD]=ge:yesterday", 400),
    "an unknown context": ("/sdmx/v2/data/codelist/SICA_TEST/CL_AREA", 400),
    "a version that is none": ("/sdmx/v2/data/dataflow/SICA_TEST/DF_MIGRATION/one", 400),
    "a version of 1.x": ("/sdmx/v2/data/dataflow/SICA_TEST/DF_MIGRATION/latest", 400),
    "a version that is not supported": (f"{LIST}/+.2.3", 400),
    "two operators in a version": (f"{LIST}/3.2*.1+", 400),
    "an unknown attribute": (f"{FLOW}?attributes=NOPE", 400),
    "an unknown measure": (f"{FLOW}?measures=NOPE", 400),
    "an unknown dimension at the observation": (f"{FLOW}?dimensionAtObservation=NOPE", 400),
    "no number of observations": (f"{FLOW}?firstNObservations=0", 400),
    "a negative number": (f"{FLOW}?lastNObservations=-1", 400),
    "a number that is none": (f"{FLOW}?limit=ten", 400),
    "an instant that is none": (f"{FLOW}?updatedAfter=yesterday", 400),
    "a sort of what is not there": (f"{FLOW}?sort=NOPE:asc", 400),
    "a start of the year that is none": (f"{FLOW}?reportingYearStartDay=--13-01", 400),
    "an unknown detail": (f"{LIST}?detail=everything", 400),
    "an unknown reference": (f"{LIST}?references=cousins", 400),
    "an unknown type": ("/sdmx/v2/structure/codebook", 400),
    "an item of no item scheme": (
        "/sdmx/v2/structure/dataflow/SICA_TEST/DF_MIGRATION/1.0.0/X",
        400,
    ),
    "a flow that is not there": ("/sdmx/v2/data/dataflow/SICA_TEST/DF_NOPE/1.0.0", 404),
    "a schema of all": ("/sdmx/v2/schema/dataflow/*/DF_MIGRATION", 400),
    "a schema of two": ("/sdmx/v2/schema/dataflow/SICA_TEST/DF_MIGRATION,DF_RETURN", 400),
    "what is available of all contexts": ("/sdmx/v2/availability/*/SICA_TEST/DF_MIGRATION", 400),
    "1.x: a key with a wrong number of places": (f"{FLOW_1}/A.CRI", 403),
    "1.x: a detail of structures": (f"{FLOW_1}/all?detail=allstubs", 400),
    "1.x: a period that is none": (f"{FLOW_1}/all?startPeriod=yesterday", 400),
    "1.x: a flow that is not there": ("/sdmx/v1/data/NOPE/all", 404),
    "1.x: a list that is not there": ("/sdmx/v1/codelist/SICA_TEST/CL_NOPE", 404),
    "1.x: an unknown type": ("/sdmx/v1/codebook/SICA_TEST", 400),
    "1.x: an unknown detail": (f"{LIST_1}?detail=everything", 400),
    "1.x: a path that is too long": (f"{FLOW_1}/all/all/all/all", 400),
}


def resource(path: str) -> str:
    """The resource of a path."""
    name = path.split("?")[0].split("/")[3]
    if "/v1/" in path and name not in ACCEPTS:
        return "structure"
    return "structure" if name in ("availability", "availableconstraint") else name


def check(reply: httpx.Response, accept: str) -> None:
    """No failure, no page for a browser; a refusal is an error of the asked family."""
    assert reply.status_code < 500, (reply.request.url, reply.text[:300])
    assert "html" not in reply.headers.get("Content-Type", ""), reply.request.url
    if reply.status_code >= 400:
        check_refusal(reply, accept)
    elif reply.status_code == 200:
        assert not reply.content.startswith(b'{"errors"'), reply.request.url
        assert b"message:Error" not in reply.content[:2000], reply.request.url


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_refused_in_every_family(bundle: Bundle, name: str) -> None:
    path, status = WRONG[name]
    for accept in ACCEPTS.get(resource(path), ACCEPTS["structure"]):
        reply = bundle.get(path, accept)
        assert reply.status_code == status, (accept, reply.text[:300])
        check_refusal(reply, accept)


RIGHT = [
    FLOW,
    f"{FLOW}/A.CRI",
    f"{FLOW_1}/A.CRI..",
    LIST,
    LIST_1,
    "/sdmx/v2/availability/dataflow/SICA_TEST/DF_MIGRATION",
    "/sdmx/v1/availableconstraint/DF_MIGRATION",
    "/sdmx/v2/schema/dataflow/SICA_TEST/DF_MIGRATION/1.0.0",
    "/sdmx/v1/schema/dataflow/SICA_TEST/DF_MIGRATION/1.0.0",
    "/sdmx/v2/metadata/metadataset",
    "/sdmx/v1/metadata/MDF_QUALITY",
    "/sdmx/v2/registration/provider/SICA_TEST/CRI_TEST",
]

PARTS = st.one_of(
    st.text(max_size=8).map(lambda text: quote(text, safe="")),
    st.binary(max_size=6).map(lambda body: quote(body, safe="")),
    st.sampled_from(
        (
            "*",
            "~",
            "+",
            "all",
            "latest",
            "%2E%2E",
            "%2E",
            "%2F",
            "%00",
            "A.B",
            "1.0.0",
            "1.0+.0",
            "%",
            "%zz",
        )
    ),
)


@given(
    start=st.sampled_from(RIGHT),
    cut=st.integers(0, 5),
    parts=st.lists(PARTS, max_size=3),
    accept=st.sampled_from((0, 1, 2, 3)),
)
@example(start=FLOW, cut=0, parts=["%7F"], accept=0)
@FAST
def test_no_path_fails(bundle: Bundle, start: str, cut: int, parts: list[str], accept: int) -> None:
    kept = start.split("/")[: max(4, len(start.split("/")) - cut)]
    path = "/".join([*kept, *parts])
    known = ACCEPTS[resource(start)]
    check(raw(bundle, path, known[accept % len(known)]), known[accept % len(known)])


NAMES = [
    *("c[SEX]", "c[TIME_PERIOD]", "c[OBS_VALUE]", "c[]", "c[NOPE]", "c", "attributes"),
    *("measures", "detail", "references", "mode", "firstNObservations", "lastNObservations"),
    *("limit", "offset", "sort", "updatedAfter", "asOf", "includeHistory"),
    *("dimensionAtObservation", "reportingYearStartDay", "startPeriod", "endPeriod"),
    *("explicitMeasure", "deletion", "updatedBefore", "format", "formatVersion", "lang"),
    "compression",
]
VALUES = st.one_of(
    st.text(max_size=10).map(lambda text: quote(text, safe="+,:")),
    st.integers(-(10**12), 10**12).map(str),
    st.sampled_from(
        (
            *("", "true", "all", "none", "*", "2020", "2020-Q5", "ge:2020+le:", "eq:", "ne:,", ":"),
            *("A,B+C", "+", ",", "9999-12-31", "0000", "2020-02-30T25:00:00", "--02-30", "%FF%FE"),
            *(
                "1e9",
                "NaN",
                "0x10",
                "TIME_PERIOD:desc+SEX",
                "series_key",
                "csv",
                "xml",
                "gzip",
                "xx",
            ),
        )
    ),
)


@given(
    path=st.sampled_from(RIGHT),
    pairs=st.lists(st.tuples(st.sampled_from(NAMES), VALUES), min_size=1, max_size=3),
    accept=st.integers(0, 7),
)
@FAST
def test_no_parameter_fails(
    bundle: Bundle, path: str, pairs: list[tuple[str, str]], accept: int
) -> None:
    query = "&".join(f"{name}={value}" for name, value in pairs)
    known = ACCEPTS[resource(path)]
    asked = known[accept % len(known)]
    reply = raw(bundle, f"{path}?{query}", asked)
    # A parameter that names a format or a version of it is stronger than the header.
    named = {name for name, _ in pairs} & {"format", "formatVersion"}
    check(reply, told(reply) if named else asked)


@given(path=st.sampled_from(RIGHT), accept=st.text(st.characters(codec="latin-1"), max_size=40))
@example(path=FLOW, accept=";;q=,/")
@example(path=FLOW, accept=f"{VENDOR}data+json;version=99.1.0")
@example(path=FLOW, accept=f"{VENDOR}data+json;version=")
@example(path=FLOW, accept="application/json;q=0")
@example(path=LIST_1, accept="application/vnd.sdmx.structure+xml;version=2.1;q=x")
@FAST
def test_no_accept_fails(bundle: Bundle, path: str, accept: str) -> None:
    reply = raw(bundle, path, accept.replace("\r", "").replace("\n", "").replace("\0", ""))
    assert reply.status_code in (200, 204, 406), (accept, reply.status_code)
    if reply.status_code == 406:
        check_refusal(reply, told(reply))


@pytest.mark.parametrize("path", RIGHT)
def test_an_address_that_is_too_long_is_refused(bundle: Bundle, path: str) -> None:
    accept = ACCEPTS[resource(path)][0]
    reply = bundle.get(f"{path}?c[SEX]={'F,' * 5000}F", accept)
    assert reply.status_code == 414
    check_refusal(reply, accept)


@pytest.mark.parametrize("path", RIGHT)
@pytest.mark.parametrize("method", ["TRACE", "PATCH", "BREW"])
def test_a_method_that_is_not_known_is_refused(bundle: Bundle, path: str, method: str) -> None:
    accept = ACCEPTS[resource(path)][0]
    reply = bundle.run(bundle.client.request(method, path, headers={"Accept": accept}))
    assert reply.status_code == 405
    check_refusal(reply, accept)


def told(reply: httpx.Response) -> str:
    """The family that a reply says it is of, as a vendor type."""
    return "+xml" if "xml" in reply.headers.get("Content-Type", "") else "+json"


def raw(bundle: Bundle, path: str, accept: str) -> httpx.Response:
    """Ask for a path as it is written, byte for byte."""
    address = bundle.client.base_url.copy_with(raw_path=path.encode("latin-1"))
    request = bundle.client.build_request(
        "GET", address, headers={"Accept": accept.encode("latin-1")}
    )
    return bundle.run(bundle.client.send(request))
