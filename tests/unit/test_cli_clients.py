"""`vipmg clients`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner, Result

from app.cli.clients import clients
from tests.conftest import execute

SCHEME = '{"dataProviders": [{"id": "CRI_DGME"}, {"id": "SLV_DGME"}]}'


@pytest.fixture
def database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    execute(
        dsn,
        "INSERT INTO artefact (urn, class, agency, artefact_id, version, stable, document, "
        "recorded_from) VALUES ('u', 'DataProviderScheme', 'VIPMG', 'DATA_PROVIDERS', '1.0', "
        f"false, '{SCHEME}', clock_timestamp())",
    )
    monkeypatch.setenv("VIPMG_DATABASE_URL", dsn)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return dsn


def vipmg_clients(*arguments: str) -> Result:
    return CliRunner().invoke(clients, arguments, env={"COLUMNS": "200"})


def test_a_client_is_added_listed_and_revoked(database: str) -> None:
    added = vipmg_clients("add", "CRI_DGME", "--note", "mesa de ayuda", "--json")
    assert added.exit_code == 0, added.output
    new = json.loads(added.stdout)
    assert new["organisation"] == "CRI_DGME"
    assert new["organisation_kind"] == "data_provider"
    assert new["client_secret"].startswith("vipmg_")

    table = vipmg_clients("list").stdout
    assert new["client_id"] in table
    assert "mesa de ayuda" in table
    assert new["client_secret"] not in table

    revoked = vipmg_clients("revoke", new["client_id"])
    assert revoked.exit_code == 0
    assert "ten minutes" in revoked.stdout
    (listed,) = json.loads(vipmg_clients("list", "--json").stdout)
    assert listed["revoked_at"] is not None
    assert "client_secret" not in listed


def test_agencies_are_granted_and_shown(database: str) -> None:
    for agency in ("VIPMG", "UNKNOWN"):
        added = vipmg_clients("add", "CRI_DGME", "--agency", agency, "--json")
        assert added.exit_code == (0 if agency == "VIPMG" else 1)
    assert "No agency has the id UNKNOWN" in added.stderr
    (listed,) = json.loads(vipmg_clients("list", "--json").stdout)
    assert listed["agencies"] == ["VIPMG"]
    table = vipmg_clients("list").stdout
    assert "Maintains" in table
    assert "VIPMG" in table


def test_the_secret_is_shown_once_and_in_one_piece(database: str) -> None:
    shown = vipmg_clients("add", "SLV_DGME").stdout
    (secret,) = [word for word in shown.split() if word.startswith("vipmg_")]
    assert len(secret) > 40
    assert secret not in vipmg_clients("list", "--json").stdout


def test_a_client_with_a_public_key_has_no_secret(database: str, tmp_path: Path) -> None:
    file = tmp_path / "clave.pem"
    file.write_bytes(ECKey.generate_key("P-256").as_pem(private=False))
    added = vipmg_clients("add", "SLV_DGME", "--public-key", str(file), "--json")
    assert json.loads(added.stdout)["client_secret"] is None
    (listed,) = json.loads(vipmg_clients("list", "--json").stdout)
    assert listed["authentication"] == "private_key_jwt"


def test_a_private_key_is_refused_and_nothing_is_added(database: str, tmp_path: Path) -> None:
    file = tmp_path / "clave.pem"
    file.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    added = vipmg_clients("add", "SLV_DGME", "--public-key", str(file))
    assert added.exit_code == 1
    assert "private key" in added.stderr
    assert json.loads(vipmg_clients("list", "--json").stdout) == []


def test_mistakes_are_answered_in_the_language_of_the_operator(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "")
    monkeypatch.setenv("LANG", "es_CR.UTF-8")
    typo = vipmg_clients("add", "CRI_DMGE")
    assert typo.exit_code == 1
    assert "Los más parecidos: CRI_DGME" in typo.stderr
    assert "No existe el cliente" in vipmg_clients("revoke", "nadie").stderr
    assert "no se puede leer" in vipmg_clients("add", "X", "--public-key", "/ninguno").stderr
    assert "No hay programas" in vipmg_clients("list").stdout
