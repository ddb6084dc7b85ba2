"""What is an error and what a warning: said once for the program and once for the database."""

from __future__ import annotations

import pytest

from app.sdmx.findings import Finding
from app.store.findings import REFUSES, WARNS, all_findings
from app.store.pools import Pools
from app.store.scorecards import last_findings
from tests.structures import SMALL, Desk, open_desk, sheet

KINDS = [
    (code, severity)
    for code in ("VIPMG-201", "VIPMG-299", "VIPMG-301", "VIPMG-332", "VIPMG-342")
    for severity in ("", "error", "warning")
]


@pytest.fixture
async def desk(pools: Pools) -> Desk:
    return await open_desk(pools)


async def test_the_database_says_of_each_finding_what_the_program_says(desk: Desk) -> None:
    rows = await desk.pools.writer.fetch(
        f"SELECT code, severity, {REFUSES} AS refuses, {WARNS} AS warns "
        "FROM unnest($1::text[], $2::text[]) AS f (code, severity)",
        *zip(*KINDS, strict=True),
    )
    for row in rows:
        is_error = Finding(row["code"], severity=row["severity"]).is_error
        assert (row["refuses"], row["warns"]) == (is_error, not is_error), dict(row)


async def test_warnings_count_whether_their_severity_is_written_or_follows_from_the_code(
    desk: Desk,
) -> None:
    header = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,REMARK"
    taken = await desk.accept(sheet(header, "A,CRI,2024,1,A,no such column", flow=SMALL))
    assert taken.codes == ["VIPMG-301"]
    [found] = await desk.pools.writer.fetch("SELECT severity FROM finding")
    assert found["severity"] == ""
    [agreement] = await desk.pools.writer.fetch(
        "SELECT id, urn FROM agreement WHERE urn LIKE '%PA_CRI_SMALL%'"
    )
    async with desk.pools.writer.acquire() as connection:
        counted = await last_findings(connection, agreement["id"], agreement["urn"])
    assert (counted.files, counted.warnings) == (1, 1)


async def test_by_rule_errors_stand_before_warnings(desk: Desk) -> None:
    sent = await desk.send("nothing")
    rows = [(sent.submission.id, n, *kind) for n, kind in enumerate(KINDS, 100)]
    async with desk.pools.writer.acquire() as connection:
        await connection.executemany(
            "INSERT INTO finding (submission_id, number, code, severity) VALUES ($1, $2, $3, $4)",
            rows,
        )
        found = [one async for part in all_findings(connection, rows[0][0], "rule") for one in part]
    assert [one.is_error for one in found] == sorted((one.is_error for one in found), reverse=True)
