"""Commands whose database does not answer, or is not there: one line, and nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import program
from app.cli.output import print_table

COMMANDS = [
    ("clients", "list"),
    ("clients", "add", "CRI_DGME"),
    ("structures", "publish"),
    ("migrate", "--sql"),
]
UNREACHABLE = [*COMMANDS, ("migrate",), ("serve", "--port", "0")]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("VIPMG_DATABASE_URL", "VIPMG_DATA_DIR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def vipmg(*arguments: str) -> Result:
    return CliRunner().invoke(program(), arguments)


@pytest.mark.parametrize("command", UNREACHABLE)
@pytest.mark.parametrize(
    "address", ["postgresql://x:hunter2@127.0.0.1:1/z", "postgresql://x:hun/ter2@127.0.0.1:1/z"]
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(
    command: tuple[str, ...], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)  # `serve` takes those of the tests
    monkeypatch.setenv("VIPMG_DATABASE_URL", address)
    done = vipmg(*command)
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True)
    assert len(done.stderr.splitlines()) == 1
    assert "VIPMG_DATABASE_URL" in done.stderr
    assert "hun" not in done.output
    monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
    assert "No se puede usar la base de datos" in vipmg(*command).stderr


def test_the_doctor_tells_a_refusal_too(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn.replace("///", "///not_", 1))
    done = vipmg("doctor")
    assert done.exit_code == 1
    assert isinstance(done.exception, SystemExit)
    assert "does not exist" in done.output


@pytest.mark.parametrize("command", [*COMMANDS, ("migrate",)])
def test_a_setting_that_cannot_be_used_is_told_in_one_line(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIPMG_PORT", "abc")
    done = vipmg(*command)
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1)
    assert "VIPMG_PORT" in done.stderr


@pytest.mark.parametrize("command", [*COMMANDS, ("clients", "revoke", "x"), ("doctor",)])
def test_no_command_but_serve_and_migrate_makes_a_database(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = vipmg(*command)
    assert done.exit_code == 1
    (line,) = [each for each in done.output.splitlines() if "There is no database in" in each]
    assert str(tmp_path / "vipmg-data") in line
    assert "VIPMG_DATA_DIR or --data-dir, or run `vipmg serve`" in line
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
    assert "No hay base de datos en" in vipmg(*command).output


def test_names_that_people_copy_stay_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client_id = "cri_dgme-0123456789abcdef"
    row = ("CRI_DGME", client_id, "client_secret_basic", "a note of some words " * 4, "2026-01-01")
    for columns in ("", "80"):
        monkeypatch.setenv("COLUMNS", columns)
        print_table("Organisation|Program|Signs in with|Note|Registered", [row], whole=1)
        assert client_id in capsys.readouterr().out
        assert "VIPMG_OAUTH_ORGANISATION_CLAIM" in vipmg("settings").output


def test_a_name_too_long_for_one_line_is_folded_and_whole(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    print_table("Name|Note", [("n" * 30, "o" * 50)], whole=0)
    out = capsys.readouterr().out
    assert (out.count("n"), out.count("o")) == (30, 51)  # one more in the heading
