"""Reading history again under kill -9: all of it or nothing, and in the end all of it."""

from __future__ import annotations

from pathlib import Path

from tests.fault.reharmonise import KILLS, run


async def test_history_is_read_again_whole_or_not_at_all(tmp_path: Path) -> None:
    """D2: the worker and the database die while it is read and while it is written."""
    outcome = await run(tmp_path)
    said = "\n".join(outcome.lines())
    print(said)
    assert outcome.sound, said
    assert len(outcome.killed) == len(KILLS), said
    assert outcome.replies > 0, said


async def test_history_in_two_transactions_is_seen(tmp_path: Path) -> None:
    outcome = await run(tmp_path, ["torn"], KILLS[:1])
    assert outcome.found["half"], "\n".join(outcome.lines())
