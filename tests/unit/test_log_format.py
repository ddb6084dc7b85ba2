"""The log at a terminal: what went wrong, and not with which data."""

from __future__ import annotations

import subprocess
import sys

AT_A_TERMINAL = """
import sys
import structlog
from app.http.log_format import set_up_logging

sys.stderr.isatty = lambda: True
set_up_logging("INFO")
confidential = [str(7 * 111)]
try:
    raise ValueError("of no use")
except ValueError:
    structlog.get_logger("vipmg.test").exception("a fault")
"""


def test_a_fault_at_a_terminal_shows_no_data() -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_A_TERMINAL], capture_output=True, text=True, check=True
    )
    assert "a fault" in done.stderr
    assert "ValueError: of no use" in done.stderr
    assert "777" not in done.stderr
