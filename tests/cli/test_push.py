"""`vipmg push` against a service that is played: what people are told of each file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner, Result

from app.cli import program
from app.cli.journal import Journal
from app.cli.local_files import LocalFile
from app.cli.pushing import verdict
from app.cli.sending import Parameters, Sender

CONSTRAINT = "VIPMG:CONSTRAINT_OF_A_NAME_THAT_IS_LONGER_THAN_ITS_COLUMN_ON_A_TERMINAL(1.0.0)"


class PlayedSender(Sender):
    """Refuses files named `bad`; warns of a column in those named `typo`."""

    def __enter__(self) -> Self:
        return self

    def send(
        self,
        file: LocalFile,
        parameters: Parameters,
        key: str,
        journal: Journal | None,
        on_sent: Callable[[int], None],
    ) -> tuple[dict[str, Any], bool]:
        path = file.path
        found = 0 if path.name.startswith("good") else 1
        submission = {
            "id": path.read_text(),
            "state": "rejected" if path.name.startswith("bad") else "published",
            "rows": 1,
            "findings": {"total": found},
            "changes": {"observations_put": 1, "observations_deleted": 1},
            "release_at": None,
            "links": {"findings_csv": "address"},
        }
        submission["received_at"] = "2026-03-01T12:00:00Z"
        return submission, path.stem.endswith("again")

    def findings(self, submission: dict[str, Any], limit: int) -> list[dict[str, Any]]:
        message = f"VIPMG-301 {CONSTRAINT}"
        severity = "error" if submission["state"] == "rejected" else "warning"
        told = {"row": 1, "severity": severity, "column": "SEXO", "value": None}
        return [{**told, "message": message, "nearest": "SEX"}]

    def save_findings(self, submission: dict[str, Any], target: Path) -> None:
        target.write_text(submission["id"])


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("app.cli.push.Sender", PlayedSender)
    for name in ("VIPMG_CLIENT_ID", "VIPMG_CLIENT_SECRET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("VIPMG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    for path in ("good.csv", "typo.csv", "bad.csv", "bad2.csv", "other/bad.csv"):
        (tmp_path / path).write_text(path)


def pushed(*arguments: str) -> Result:
    return CliRunner().invoke(program(("push", "settings")), ("push", *arguments))


def test_what_was_wrong_in_an_accepted_file_is_told() -> None:
    done = pushed("typo.csv", "--report", "report.csv")
    assert done.exit_code == 0
    assert "SEXO" in done.output
    assert Path("report.csv").read_text() == "typo.csv"
    quiet = pushed("good.csv", "--report", "none.csv")
    assert "accepted" in quiet.output
    assert "finding" not in quiet.output
    assert not Path("none.csv").exists()


def test_each_of_several_files_has_a_report_of_its_own() -> None:
    files = ["bad.csv", "bad2.csv", "other/bad.csv"]
    done = pushed(*files, "--report", "f.csv")
    assert done.exit_code == 1
    reports = ["f-bad.csv", "f-bad2.csv", "f-bad-2.csv"]
    assert [Path(report).read_text() for report in reports] == files
    assert all(report in done.output for report in reports)
    assert not Path("f.csv").exists()


def test_a_report_that_cannot_be_saved_stops_nothing() -> None:
    done = pushed("typo.csv", "good.csv", "--report", "no/folder/f.csv")
    assert done.exit_code == 0
    assert "could not be fetched or saved" in done.output
    assert "good.csv: accepted" in done.output


def test_a_report_never_replaces_a_file_to_send() -> None:
    assert pushed("bad.csv", "--report", "./bad.csv").exit_code == 2
    assert Path("bad.csv").read_text() == "bad.csv"


@pytest.mark.parametrize("columns", ["", "80"])
def test_no_name_is_cut(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    told = pushed("bad.csv").output
    if columns:  # a long name goes on in the next line of its cell, whole
        assert "…" not in told
        message = "".join(line.split("│")[5].strip() for line in told.splitlines() if "│" in line)
        assert CONSTRAINT in message
    else:
        assert CONSTRAINT in told


@pytest.mark.parametrize(
    ("language", "accepted", "refused"),
    [
        ("C", "accepted: 1 row, 1 observation put, 1 deleted.", "1 finding in 1 row."),
        (
            "es_CR.UTF-8", "aceptado: 1 fila, 1 observación guardada, 1 eliminada.",
            "1 hallazgo en 1 fila.",
        ),
    ],
)  # fmt: skip
def test_one_is_told_in_the_singular(
    language: str, accepted: str, refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    assert accepted in pushed("good.csv").output
    assert refused in pushed("bad.csv").output


@pytest.mark.parametrize(
    ("language", "warning", "error"), [("C", "warning", "error"), ("es_CR.UTF-8", "aviso", "error")]
)
def test_each_finding_is_told_to_be_an_error_or_a_warning(
    language: str, warning: str, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    for name, kind in (("typo.csv", warning), ("bad.csv", error)):
        rows = [line for line in pushed(name).output.splitlines() if "SEXO" in line]
        assert [row.split("│")[2].strip() for row in rows] == [kind]


def test_what_was_sent_before_is_told_once() -> None:
    Path("good-again.csv").write_text("sent")
    told = [line for line in pushed("good-again.csv").output.splitlines() if line]
    assert len(told) == 1
    assert "was sent before, on 2026-03-01T12:00:00Z, and is not stored twice" in told[0]
    assert "then it was accepted: 1 row, 1 observation put" in told[0]


@pytest.mark.parametrize(
    ("state", "preview", "changes", "count"),
    [
        ("published", [(2, 0), (1, 0)], 3, 3),
        ("awaiting release", [(0, 1)], 0, 1),
        ("validated", [(2, 0)], None, 2),
        ("accepted", [(2, 0)], None, 2),
        ("published", None, 4, 4),
        ("published", [(0, 0)], 0, 0),
        ("rejected", [(2, 0)], None, 0),
    ],
)
@pytest.mark.parametrize(
    ("language", "told"),
    [("C", "Attributes of {} series change"), ("es_CR.UTF-8", "Cambian atributos de {} serie")],
)
def test_what_changes_all_figures_of_a_series_is_told(
    language: str,
    told: str,
    state: str,
    preview: list[tuple[int, int]] | None,
    changes: int | None,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    submission = {
        "state": state,
        "rows": 3,
        "findings": {"total": 0},
        "release_at": None,
        "changes": None if changes is None else {"series_attributes": changes},
        "preview": preview
        and [
            {"series_attributes": public, "withheld": {"series_attributes": waiting}}
            for public, waiting in preview
        ],
    }
    said = verdict(submission)
    assert (told.format(count) in said) == (count > 0)
    assert told.partition(" ")[0] not in said or count > 0


@pytest.mark.parametrize(("put", "places", "told"), [(0, 2, True), (5, 2, False), (0, 0, False)])
def test_a_file_of_definitions_alone_is_told_to_have_changed_something(
    put: int, places: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    changes = {"observations_put": put, "attachments": places}
    submission = {"state": "published", "rows": 2, "findings": {"total": 0}, "release_at": None}
    said = verdict(submission | {"changes": changes})
    assert ("What is said of the data changes in 2 places." in said) == told
