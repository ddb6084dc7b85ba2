from __future__ import annotations

import datetime as dt

import pytest

from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.submit_response import SubmissionResult, write_xml
from tests.artefact_samples import urn
from tests.submit_schemas import check_response

HEADER = MessageHeader("M", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), languages=("en", "es"))


@pytest.mark.parametrize("version", ["3.1.0", "3.0.0"])
@pytest.mark.parametrize(
    ("said", "read"),
    [("a < b & c", "a < b & c"), ("not\x0bof\x00XML", "not\ufffdof\ufffdXML")],
)
def test_what_was_sent_may_be_told_in_xml(version: str, said: str, read: str) -> None:
    result = SubmissionResult("Append", urn("Codelist", "CL"), "Failure", 422, {"en": said})
    root = check_response(write_xml([result], HEADER, "TST.SUB", version=version), version[:3])
    assert [one.text for one in root.iter("{*}Text")] == [read]
    [receiver] = root.iter("{*}Receiver")
    assert receiver.get("id") == "TST-SUB"
