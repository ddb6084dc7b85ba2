"""`vipmg redact`: it shows, asks, and then takes out of history what it was told to."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import program
from app.settings import Settings
from app.store.pools import open_pools
from tests.conftest import execute
from tests.undo.desk import UndoDesk, open_undo_desk

ORDER = ("--reason", "a court", "--order", "2026-17")


@pytest.fixture
def sent(dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> uuid.UUID:
    """A submission in the database that the command works on."""
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    async def send(desk: UndoDesk) -> uuid.UUID:
        return await desk.put_rows("A,CRI,2023,1", "A,CRI,2024,2", "A,GTM,2024,3")

    return _with_desk(dsn, settings, send)


def _with_desk(dsn: str, settings: Settings, use: Callable) -> object:  # type: ignore[type-arg]
    async def run() -> object:
        pools = await open_pools(dsn, settings)
        try:
            return await use(await open_undo_desk(pools))
        finally:
            await pools.close()

    return asyncio.run(run())


def values(dsn: str, settings: Settings) -> object:
    async def read() -> object:
        pools = await open_pools(dsn, settings)
        try:
            return await UndoDesk(pools).values()
        finally:
            await pools.close()

    return asyncio.run(read())


SETTINGS = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_a_login_that_does_not_migrate_redacts_with_the_roles_of_the_page(
    sent: uuid.UUID, dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    grants = re.findall(r"^GRANT .*;$", SETTINGS.read_text("utf-8"), re.MULTILINE)
    login = f"login_{uuid.uuid4().hex}"
    execute(dsn, f"CREATE ROLE {login} LOGIN")
    try:
        monkeypatch.setenv("VIPMG_DATABASE_URL", dsn.replace("user=vipmg", f"user={login}"))
        for grant in grants[:-1]:
            execute(dsn, grant.replace("exchange", login))
        refused = vipmg(str(sent), *ORDER, "--yes")
        assert refused.exit_code == 1
        [line] = refused.stderr.splitlines()
        assert "GRANT vipmg_redactor" in line
        assert line.endswith("(VIPMG-140)")
        assert len(values(dsn, settings)) == 3  # type: ignore[arg-type]
        execute(dsn, grants[-1].replace("exchange", login))
        done = vipmg(str(sent), *ORDER, "--yes")
        assert done.exit_code == 0, done.output
        assert values(dsn, settings) == {}
    finally:
        execute(dsn, f"DROP OWNED BY {login}; DROP ROLE {login}")


def vipmg(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(program(("redact",)), ("redact", *arguments), input=answer)


def test_it_shows_and_asks_and_goes_no_further_without_a_yes(
    sent: uuid.UUID, dsn: str, settings: Settings
) -> None:
    done = vipmg(str(sent), *ORDER, answer="n\n")
    assert done.exit_code == 1
    assert "PA_CRI_SMALL" in done.stdout
    assert "3  versions of observations" in done.stdout
    assert len(values(dsn, settings)) == 3  # type: ignore[arg-type]
    done = vipmg(str(sent), *ORDER, answer="y\n")
    assert done.exit_code == 0, done.output
    assert values(dsn, settings) == {}


def test_keys_and_periods(sent: uuid.UUID, dsn: str, settings: Settings) -> None:
    parts = ("--agreement", "PA_CRI_SMALL", "--key", "A.CRI", "--from", "2024", "--to", "2024")
    done = vipmg(*parts, *ORDER, "--yes", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["counts"]["versions"] == 1
    assert told["sequence"] == 2
    assert values(dsn, settings) == {"A.CRI.2023": "1", "A.GTM.2024": "3"}
    again = vipmg(*parts, *ORDER, "--yes")
    assert again.exit_code == 1
    assert "Nothing was found" in again.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("--agreement", "PA_CRI_SMALL"),
        ("--key", "A.CRI"),
        (str(uuid.uuid4()), "--agreement", "PA_CRI_SMALL", "--key", "A.CRI"),
        (str(uuid.uuid4()),),
        ("--agreement", "PA_CRI_SMALL", "--key", "CRI"),
        ("--agreement", "PA_CRI_SMALL", "--key", "A.CRI", "--from", "yesterday"),
    ],
)
def test_what_is_not_whole_is_told_in_one_line_and_changes_nothing(
    sent: uuid.UUID, dsn: str, settings: Settings, arguments: tuple[str, ...]
) -> None:
    done = vipmg(*arguments, *ORDER, "--yes")
    assert done.exit_code == 1
    [line] = done.stderr.splitlines()
    assert re.search(r"\(VIPMG-\d{3}\)$", line)
    assert len(values(dsn, settings)) == 3  # type: ignore[arg-type]


def test_reason_and_order_are_demanded(sent: uuid.UUID) -> None:
    assert vipmg(str(sent), "--reason", "x", "--yes").exit_code == 2
    assert vipmg(str(sent), "--order", "x", "--yes").exit_code == 2
