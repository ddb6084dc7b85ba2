"""What is stored is what the order of the ledger gives, in short runs; longer ones by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fault.crash import Plan
from tests.fault.history import run


@pytest.mark.parametrize("target", ["app", "db"])
async def test_mixed_files_and_their_undoing_are_as_in_one_order(
    target: str, tmp_path: Path
) -> None:
    """D1, D2: sixteen writers, with rollbacks and withdrawals, none lost under kill -9."""
    report = await run(Plan(target, kills=3, writers=16, seed=1, hasty=True), tmp_path)
    said = "\n".join(report.lines())
    print(said)
    assert report.sound, said
    assert report.killed.total() == 3, said


@pytest.mark.parametrize("mutant", ["forgetful", "stale", "shallow"])
async def test_a_service_that_loses_or_mixes_is_seen(mutant: str, tmp_path: Path) -> None:
    """A series left out, an update lost, a rollback that only deletes."""
    report = await run(
        Plan("worker", kills=1, writers=8, seed=1, mutant=mutant, hasty=True), tmp_path
    )
    assert report.findings["order"], "\n".join(report.lines())
