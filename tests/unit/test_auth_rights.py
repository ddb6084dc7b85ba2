"""Who may send and who may see, by agreement."""

from __future__ import annotations

import pytest

from app.auth.rights import may_maintain, may_read_withheld, may_submit
from app.auth.subject import Subject

DIRECTORATE = Subject("c1", "CRI_DGME", "data_provider")
FROM_OUTSIDE = Subject("c2", "CRI_DGME", None)
READER = Subject("c3", "RCM", "data_consumer")
OTHER = Subject("c4", "SLV_DGME", "data_provider")
NAMESAKE = Subject("c5", "CRI_DGME", "data_consumer")


@pytest.mark.parametrize(
    ("subject", "submits", "reads"),
    [
        (DIRECTORATE, True, True),
        (FROM_OUTSIDE, True, True),
        (READER, False, True),
        (OTHER, False, False),
        (NAMESAKE, False, False),
        (None, False, False),
    ],
)
def test_the_provider_sends_and_named_readers_see(
    subject: Subject | None, submits: bool, reads: bool
) -> None:
    assert may_submit(subject, "CRI_DGME") is submits
    assert may_read_withheld(subject, "CRI_DGME", ["RCM"]) is reads


def test_an_agreement_without_readers_is_seen_by_its_provider_only() -> None:
    seen = [may_read_withheld(s, "CRI_DGME", []) for s in (DIRECTORATE, READER, OTHER, None)]
    assert seen == [True, False, False, False]


@pytest.mark.parametrize("near", ["", "CRI", "cri_dgme", "CRI_DGME ", "CRI_DGME.1"])
def test_an_id_that_only_looks_alike_gives_no_right(near: str) -> None:
    assert not may_submit(DIRECTORATE, near)
    assert not may_read_withheld(DIRECTORATE, near, [near])


@pytest.mark.parametrize(
    ("granted", "agency", "may"),
    [
        (("VIPMG",), "VIPMG", True),
        (("VIPMG",), "VIPMG.CR", True),
        (("VIPMG",), "VIPMG.CR.DGME", True),
        (("VIPMG",), "VIPMGX", False),
        (("VIPMG.CR",), "VIPMG", False),
        (("VIPMG.CR",), "VIPMG.CRI", False),
        (("SDMX", "VIPMG.CR"), "VIPMG.CR", True),
        ((), "VIPMG", False),
        ((), "CRI_DGME", False),
    ],
)
def test_a_grant_covers_an_agency_and_those_below_it(
    granted: tuple[str, ...], agency: str, may: bool
) -> None:
    assert may_maintain(Subject("c", "CRI_DGME", "data_provider", granted), agency) is may
    assert not may_maintain(None, agency)
