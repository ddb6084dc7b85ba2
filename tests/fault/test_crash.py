"""The promises under kill -9, in short runs; longer ones by hand, see README.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.crash import Plan, Report, run

SEEDS = (1, 2, 3)


@pytest.mark.parametrize("target", ["app", "db"])
async def test_nothing_acknowledged_is_lost_or_half_visible(target: str, tmp_path: Path) -> None:
    """D1, D2, D11: of the server, the worker, or the database; the app outlives the database."""
    report = await run(Plan(target, kills=4, seed=1, hasty=True), tmp_path)
    said = "\n".join(report.lines())
    print(said)
    assert report.sound, said
    assert report.killed.total() == 4, said
    assert report.counts["acked"] > 0, said
    assert report.counts["ring replies"] > 0, said
    assert report.counts["bulk replies"] > 0, said
    assert report.polls > 0, said


@pytest.mark.parametrize(
    ("target", "mutant", "kinds"),
    [
        ("worker", "split", ["half"]),
        ("worker", "halves", ["half"]),
        ("db", "early", ["lost"]),
    ],
)
async def test_a_service_that_breaks_the_promise_is_seen(
    target: str, mutant: str, kinds: list[str], tmp_path: Path
) -> None:
    """D2b: rows before their ledger entry, a file in two parts, a receipt that is not on disk."""
    reports: list[Report] = []
    for seed in SEEDS:
        plan = Plan(target, kills=2, seed=seed, mutant=mutant, hasty=True)
        reports.append(await run(plan, tmp_path / str(seed)))
        if any(reports[-1].findings[kind] for kind in kinds):
            return
    pytest.fail("\n".join(line for report in reports for line in report.lines()))
