"""What a start does not load: each of these costs more than many a request."""

from __future__ import annotations

import subprocess
import sys

SPARED = (
    *("alembic", "sqlalchemy", "sqlmodel"),  # only to migrate
    *("xlsxwriter", "openpyxl", "python_calamine"),  # only for workbooks
    *("pgqueuer", "httpx", "typer", "sdmx", "pandas"),
)
PROGRAM = "import sys, {}; print(*sorted(set(sys.argv[1:]) & set(sys.modules)))"


def loaded_by(module: str, *looked_for: str) -> str:
    """Which of the modules there are in a fresh process after one import."""
    command = [sys.executable, "-c", PROGRAM.format(module), *looked_for]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_application_is_loaded_without_what_few_requests_need():
    assert loaded_by("app.main", *SPARED) == ""


def test_the_worker_is_loaded_without_what_migrates():
    assert loaded_by("app.cli.worker", "alembic", "sqlalchemy", "sqlmodel", "httpx") == ""


def test_serve_loads_nothing_of_the_application_before_the_database_is_being_started():
    assert loaded_by("app.cli.serve", "alembic", "sqlalchemy", "fastapi", "app.main") == ""
