"""What must hold of any message, however wrong: it is read, or refused with a reason."""

from __future__ import annotations

from functools import cache

import orjson

from app.sdmx.findings import message
from app.sdmx.flow import Flow
from tests.read_back import ReadBack, read_back
from tests.unit.test_data_csv_writer import layout

LANGUAGES = ("en", "es", "fr", "nl")


@cache
def flow_of(name: str) -> Flow:
    """A resolved dataflow of the tests."""
    return layout(name).flow


def judge(flow: str, body: bytes) -> ReadBack:
    """Read a message as the service does; anything but findings is a fault of ours."""
    found = read_back(body, flow_of(flow), batch_rows=3)
    for finding in found.findings:
        assert finding.row is None or finding.row > 0, finding
        for language in LANGUAGES:
            orjson.dumps(message(finding, language))
    if not any(finding.is_error for finding in found.findings):
        # What would be stored: text that JSON and the database take.
        for rows, attributes in found.series.values():
            text = orjson.dumps([rows, attributes]).decode()
            assert "\\u0000" not in text
        orjson.dumps([list(key) for key in found.series])
        assert all("\x00" not in code for key in found.series for code in key)
    return found
