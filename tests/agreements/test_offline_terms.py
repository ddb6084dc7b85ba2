"""`vipmg check` on structures that were fetched: terms of metadata sets hold as at the service."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import program
from app.sdmx.messages.structure_message import MessageHeader
from app.sdmx.messages.structure_writers import write_structure_message
from app.sdmx.offers import STRUCTURE_OFFERS
from tests.agreements.desk import file, message, structures, terms_set


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as `vipmg structures fetch` leaves it."""
    monkeypatch.setenv("VIPMG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIPMG_CLIENT_ID", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    folder = tmp_path / "fetched"
    folder.mkdir()
    header = MessageHeader("M", dt.datetime(2026, 1, 1, tzinfo=dt.UTC), languages=("en", "es"))
    (folder / "structures.json").write_bytes(
        write_structure_message(STRUCTURE_OFFERS[0], structures(), header, base_url="http://x")
    )
    (folder / "metadata.json").write_bytes(
        message(
            terms_set("FREQ", FREQUENCY="A", DETAIL="REF_AREA=CRI HND"),
            terms_set("END", EXPIRY_DATE="2020-12-31"),
            terms_set("HOLD", APPROVAL="REQUIRED"),
            terms_set("PART", PARTIAL="ALLOWED"),
        )
    )
    return folder


def check(folder: Path, name: str, *rows: str) -> tuple[int, dict[str, Any]]:
    sent = folder.parent / f"{name}.csv"
    sent.write_bytes(file(name, *rows))
    told = ["check", str(sent), "--structures", str(folder), "--provider", "CRI_STAT", "--json"]
    done = CliRunner().invoke(program(("check",)), told, catch_exceptions=False)
    [answer] = json.loads(done.stdout)
    return done.exit_code, answer


def test_what_the_terms_refuse_is_refused_here_too(fetched: Path) -> None:
    code, told = check(fetched, "FREQ", "M,CRI,2020-01,1", "A,SLV,2020,1", "A,CRI,2020,1")
    assert code == 1
    assert {group["code"] for group in told["groups"]} == {"VIPMG-340", "VIPMG-341"}


def test_what_the_terms_do_beside_findings_is_told(fetched: Path) -> None:
    assert "2020-12-31" in check(fetched, "END", "A,CRI,2020,1")[1]["agreed"][0]
    assert "second person" in check(fetched, "HOLD", "A,CRI,2020,1")[1]["agreed"][0]
    code, told = check(fetched, "PART", "A,CRI,2020,1", "A,NOPE,2020,1")
    assert code == 1
    assert "right rows" in told["agreed"][0]
    assert check(fetched, "PART", "A,CRI,2020,1")[1]["agreed"] == []
