"""A child that cannot take its order is not left behind."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from app.sheets import process
from app.sheets.process import ChildProcess


def test_a_child_whose_order_cannot_be_sent_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[subprocess.Popen[bytes]] = []

    def begin(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen(*arguments, **options))
        return begun[-1]

    class Subprocess:
        PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL
        TimeoutExpired, Popen = subprocess.TimeoutExpired, staticmethod(begin)

    monkeypatch.setattr(process, "subprocess", Subprocess)
    with pytest.raises(TypeError):
        ChildProcess("app.sheets.child", {"not to be sent": object()})
    [child] = begun
    try:
        assert child.returncode is not None
        assert child.stdin is not None and child.stdin.closed
    finally:
        child.kill()
        child.wait()
