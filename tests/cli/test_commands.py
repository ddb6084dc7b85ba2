"""Commands that need no service: settings, migrate, doctor, help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from app.cli import COMMANDS, program
from app.cli.pull import data_path
from app.settings import Settings
from tests.conftest import execute

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def vipmg(*arguments: str) -> Result:
    return CliRunner().invoke(program(), arguments, env={"COLUMNS": "200"})


def test_every_setting_is_documented_with_its_default() -> None:
    page = (REFERENCE / "settings.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert field.description
        line = next(line for line in page.splitlines() if f"`VIPMG_{name.upper()}`" in line)
        if field.default is None:
            continue
        if not isinstance(field.default, int) or field.default < 1 << 20:
            assert f"`{field.default}`" in line


def test_every_command_and_option_is_documented() -> None:
    page = (REFERENCE / "command-line.md").read_text("utf-8")
    group = typer.main.get_command(program())
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        if command.hidden:
            continue
        assert f"`vipmg {name}" in page
        section = page.split(f"### `vipmg {name}")[1].split("\n##")[0]
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--") and not option.endswith(("-completion", "--help")):
                    assert f"`{option}" in section, (name, option)
    assert set(group.commands) == set(COMMANDS)  # type: ignore[attr-defined]


def test_settings_are_shown_with_their_source_and_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VIPMG_DATABASE_URL", "postgresql://vipmg:hunter2@db/vipmg")
    monkeypatch.setenv("VIPMG_PORT", "8123")
    for arguments in (("settings",), ("settings", "--json")):
        shown = vipmg(*arguments)
        assert shown.exit_code == 0
        assert "hunter2" not in shown.output
    told = json.loads(shown.stdout)
    assert told["VIPMG_PORT"] == {"value": "8123", "from": "environment"}
    assert told["VIPMG_HOST"]["from"] == "default"


def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPMG_PORT", "99999")
    for command in ("settings", "serve", "doctor"):
        shown = vipmg(command)
        assert shown.exit_code == 1
        assert "port" in shown.output.lower()
        assert not isinstance(shown.exception, ValueError)


def test_migrate_prints_without_changing_and_then_migrates(
    empty_dsn: str, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIPMG_DATABASE_URL", empty_dsn)
    printed = vipmg("migrate", "--sql")
    assert "CREATE TABLE submission" in printed.output
    assert vipmg("migrate", "--sql").output == printed.output
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    assert "up to date" in vipmg("migrate").output


def test_the_doctor_tells_what_is_wrong_and_what_to_do(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    monkeypatch.setenv("VIPMG_DATA_DIR", str(tmp_path))
    execute(
        dsn,
        "INSERT INTO ledger VALUES (1, 1, clock_timestamp(), 'submission', 'X', 'x', '{1}', true, "
        "NULL, '{}', 'forged', 'forged', '{}', 'salt', 'forged', 1, 'forged')",
    )
    execute(dsn, "ALTER TABLE submission ADD COLUMN by_hand text")
    shown = vipmg("doctor", "--json")
    wrong = {check["name"] for check in json.loads(shown.stdout) if not check["holds"]}
    assert shown.exit_code == 1
    assert wrong == {"registry", "ledger", "drift"}
    monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
    assert "restaure una copia" in vipmg("doctor").output


def test_the_doctor_says_when_no_database_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIPMG_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    monkeypatch.setenv("VIPMG_DATA_DIR", str(tmp_path))
    shown = vipmg("doctor")
    assert shown.exit_code == 1
    assert "VIPMG_DATABASE_URL" in shown.output


@pytest.mark.parametrize(
    ("flow", "key", "filters", "path"),
    [
        ("DF_A", "*", (), "/sdmx/v2/data/dataflow/VIPMG/DF_A/~/*"),
        ("IOM:DF_A(1.0+.0)", "M.CRI", (), "/sdmx/v2/data/dataflow/IOM/DF_A/1.0+.0/M.CRI"),
        (
            "DF_A", "*", ("REF_AREA=CRI,PAN", "TIME_PERIOD=ge:2024"),
            "/sdmx/v2/data/dataflow/VIPMG/DF_A/~/*?c[REF_AREA]=CRI,PAN&c[TIME_PERIOD]=ge:2024",
        ),
    ],
)  # fmt: skip
def test_what_is_pulled_is_an_address_of_sdmx_rest(
    flow: str, key: str, filters: tuple[str, ...], path: str
) -> None:
    assert data_path(flow, key, filters) == path


@pytest.mark.parametrize(("flow", "filters"), [("DF A", ()), ("DF_A", ("REF_AREA",))])
def test_what_is_no_dataflow_or_filter_is_refused(flow: str, filters: tuple[str, ...]) -> None:
    with pytest.raises(typer.BadParameter):
        data_path(flow, "*", filters)


def test_the_program_tells_its_release() -> None:
    assert vipmg("--version").output.startswith("vipmg ")
