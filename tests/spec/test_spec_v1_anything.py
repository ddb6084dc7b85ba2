"""Whatever is asked on the 1.x paths is answered in the family asked for, and never our fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.sdmx.rest_v1 import STRUCTURE_DETAILS, STRUCTURE_REFERENCES, STRUCTURE_TYPES
from tests.xml_schemas import check_xml

if TYPE_CHECKING:
    from tests.fixture_exchange import Bundle

WORDS = st.sampled_from(
    [
        *("all", "ALL", "*", "latest", "SICA_TEST", "SICA_TEST.MIG", "DF_MIGRATION", "CL_SEX"),
        *("1.0.0", "1.0", "2.0.0-draft", "CL_PERMIT", "F", "CRI_TEST", "NOPE", "SEX", "FREQ"),
        *("SICA_TEST,DF_MIGRATION", "SICA_TEST,DF_MIGRATION,1.0.0", "A...", "A+Q.CRI+SLV..", "..."),
        *("DF_STOCK", "DF_YEAR", "dataflow", "provisionagreement", "MDF_QUALITY", "DSD_MIGRATION"),
    ]
)
ODD = st.text("AZaz09_-.+,:;*~@$%()'\"<>&{}|\\^ñ€\x00\n ", max_size=12).map(
    lambda text: quote(text, safe="+,:;*~@$")
)
SEGMENTS = st.lists(
    st.one_of(WORDS, WORDS, WORDS, ODD, st.lists(WORDS, min_size=2, max_size=3).map("+".join)),
    max_size=6,
).map("/".join)
RESOURCES = st.sampled_from(
    [*STRUCTURE_TYPES, *["data", "availableconstraint"] * 8, *["schema", "metadata"] * 4]
)
VALUES = {
    "startPeriod": ["2020", "2020-Q3", "2021-W14", "2020-01-01T00:00:00", "soon", ""],
    "endPeriod": ["2024", "2020-02", "--07-01", "9999"],
    "updatedAfter": ["2020-01-01T00:00:00Z", "2999-01-01", "x"],
    "firstNObservations": ["1", "0", "x", "99999999999999999999"],
    "lastNObservations": ["2", "-1"],
    "dimensionAtObservation": ["AllDimensions", "TimeDimension", "SEX", "NOPE", "1"],
    "detail": ["full", "dataonly", "serieskeysonly", "nodata", *STRUCTURE_DETAILS],
    "includeHistory": ["true", "false", "maybe"],
    "references": ["all", "none", *STRUCTURE_REFERENCES],
    "mode": ["exact", "available", "x"],
    "format": ["csv", "json", "genericdata", "structurespecificdata", "x"],
    "lang": ["es", "all", "xx"],
    "compression": ["gzip", "br", "exi"],
    "c[FREQ]": ["A"],
}
PARAMETERS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.sampled_from(VALUES[name]).map(lambda value: f"{name}={quote(value)}")
    ),
    max_size=3,
).map("&".join)
FAMILIES = st.sampled_from(
    [
        *("*/*", "application/xml", "application/json", "text/csv"),
        *("application/vnd.sdmx.genericdata+xml;version=2.1", "text/html", ";;,=q"),
        "application/vnd.sdmx.data+json;version=1.0.0, application/vnd.sdmx.structure+xml;q=0.5",
    ]
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RESOURCES, SEGMENTS, PARAMETERS, FAMILIES)
def test_c115_c116_c117_anything_is_answered(
    bundle: Bundle, resource: str, segments: str, parameters: str, accept: str
) -> None:
    reply = bundle.get(f"/sdmx/v1/{resource}/{segments}?{parameters}", accept)
    assert reply.status_code in {200, 400, 403, 404, 406}, reply.text
    kind = reply.headers["content-type"]
    if reply.status_code == 200:
        assert reply.content
        assert kind.startswith("application/vnd.sdmx.")
    elif kind == "application/xml":
        [error] = check_xml(reply.content, "2.1")
        assert (
            error.get("code")
            == {400: "140", 403: "150", 404: "100", 406: "1406"}[reply.status_code]
        )
    else:
        assert "+json" in kind
        [told] = json.loads(reply.content)["errors"]
        assert told["x-code"].startswith("VIPMG-")
