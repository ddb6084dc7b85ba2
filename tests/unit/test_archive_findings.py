"""What is wrong with the header of a member of an archive is told of that member."""

from __future__ import annotations

from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.findings import Finding
from app.sdmx.flow import resolve_flow
from app.sdmx.intake import Target
from app.sdmx.validation import Validator
from tests.artefact_samples import urn
from tests.structures import network, sheet
from tests.unit.test_message_reader import archive, reader_of
from tests.unit.test_validation import HEADER, OK


def placed(members: dict[str, bytes]) -> list[tuple[str, str | None, int | None, str | None]]:
    """Code, component, row and member of each finding, in order."""
    bound = urn("ProvisionAgreement", "PA_CRI")
    flow = resolve_flow(ArtefactSet(network()), urn("Dataflow", "DF"), bound)
    findings: list[Finding] = []
    validator = Validator(lambda kind, name: Target(1, bound, flow, {}), findings.append)
    reader = reader_of(archive(members))
    for batch in reader.batches():
        list(validator.check(batch))
    found = []
    for each in findings + reader.findings:
        place = reader.locate(each.row or 0, each.component)
        found.append((each.code, each.component, place.row, place.file))
    return sorted(found, key=str)


def test_columns_of_the_second_file_are_told_of_the_second_file() -> None:
    wrong = sheet("FREQ,REF_AREA,OBS_VALUE,OBS_STATUS,MY_NOTE", "A,CRI,1,A,x")
    right = sheet(HEADER, OK, "A,CRI,M,2024,1,A")
    assert placed({"a.csv": right.encode(), "b.csv": wrong.encode()}) == [
        ("VIPMG-204", "SEX", 1, "b.csv"),
        ("VIPMG-204", "TIME_PERIOD", 1, "b.csv"),
        ("VIPMG-301", "MY_NOTE", 1, "b.csv"),
    ]


def test_columns_that_both_files_lack_are_told_of_both() -> None:
    wrong = sheet("FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,OBS_STATUS", "A,CRI,2024,1,A").encode()
    assert placed({"a.csv": wrong, "b.csv": wrong}) == [
        ("VIPMG-204", "SEX", 1, "a.csv"),
        ("VIPMG-204", "SEX", 1, "b.csv"),
    ]
