"""`vipmg structures`: publishing from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from app.cli.structures import structures
from app.sdmx.artefacts import Artefact
from tests.artefact_samples import artefact, item


@pytest.fixture
def run(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: str | Path, status: int = 0) -> Result:
        result = CliRunner().invoke(structures, ["publish", *map(str, arguments)])
        assert result.exit_code == status, result.output
        return result

    return run


def write(path: Path, *codelists: Artefact) -> Path:
    data = {"codelists": [one.document for one in codelists]}
    path.write_bytes(orjson.dumps({"meta": {}, "data": data}))
    return path


def test_publishing_a_file_says_what_changed(run: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "a.json", artefact("Codelist", "CL", "1.0", codes=[item("A")]))
    first = run(file)
    assert first.stdout.splitlines() == [
        "+ codelist.Codelist=TST:CL(1.0)",
        "Revision 1: 1 added, 0 changed, 0 unchanged.",
    ]
    assert run(file).stdout == "Revision 1: 0 added, 0 changed, 1 unchanged.\n"
    write(file, artefact("Codelist", "CL", "1.0", codes=[item("B")]))
    changed = orjson.loads(run(file, "--json").stdout)
    assert changed["revision"] == 2
    assert changed["changed"] == ["urn:sdmx:org.sdmx.infomodel.codelist.Codelist=TST:CL(1.0)"]


def test_without_a_path_the_shared_structures_are_published(run: Any) -> None:
    shared = len(list((Path(__file__).parents[2] / "codelists").rglob("*.json")))
    last = run().stdout.splitlines()[-1]
    assert last == f"Revision 1: {shared} added, 0 changed, 0 unchanged."


def test_what_is_refused_is_said_in_the_language_of_the_terminal(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(tmp_path / "a.json", artefact("Codelist", "CL", codes=[item("A")]))
    run(file)
    write(file, artefact("Codelist", "CL", codes=[item("B")]))
    refused = run(file, status=1)
    assert "Codelist TST:CL(1.0.0)/codes/B: nothing -> " in refused.stderr
    monkeypatch.setenv("LC_ALL", "es_CR.UTF-8")
    assert "publique el cambio con una versión nueva" in run(file, status=1).stderr
