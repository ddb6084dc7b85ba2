"""`vipmg check`: the same verdict and findings as the service gives, without any network."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import psutil
import pytest
from typer.testing import CliRunner, Result

import app
from app.cli import program
from app.main import create_app
from app.services.publish_structures import publish_structures, shared_structures
from app.services.run_worker import run_worker
from app.settings import Settings
from app.store.pools import Pools
from tests.api.test_uploads import sender

DEMO = Path(app.__file__).parent / "demo"
GOOD = DEMO / "mex_upmrip_return_out.csv"
WRONG = DEMO / "wrong_on_purpose.csv"
MOST_MEBIBYTES = 400


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No network, no database, no files of another use."""
    monkeypatch.setenv("VIPMG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VIPMG_CLIENT_ID", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(f"socket.{name}", refuse)
    monkeypatch.setattr("asyncpg.connect", refuse)


def checked(*arguments: str | Path) -> Result:
    told = ["check", *map(str, arguments)]
    return CliRunner().invoke(program(("check",)), told, catch_exceptions=False)


@pytest.mark.usefixtures("no_network")
def test_a_good_and_a_wrong_file_on_the_structures_delivered() -> None:
    good = checked(GOOD, "--provider", "MEX_UPMRIP")
    assert good.exit_code == 0
    assert "144 rows; the service would accept it." in good.output
    assert "structures delivered" in good.output
    both = checked(GOOD, WRONG, "--provider", "HND_INM")
    assert both.exit_code == 1
    assert "Did you mean VEN?" in both.output
    assert "stored can hold them" in both.output


@pytest.mark.usefixtures("no_network")
def test_every_kind_of_report(tmp_path: Path) -> None:
    for kind in ("csv", "json", "html"):
        report = tmp_path / f"report.{kind}"
        done = checked(WRONG, "--provider", "HND_INM", "--report", report)
        assert done.exit_code == 1
        assert f"All findings are in {report}" in done.output.replace("\n", "")
        text = report.read_text("utf-8-sig")
        assert "VNE" in text
        assert "VIPMG-210" in text
    rows = list(csv.DictReader((tmp_path / "report.csv").read_text("utf-8-sig").splitlines()))
    assert [row["row"] for row in rows] == sorted((row["row"] for row in rows), key=int)
    assert json.loads((tmp_path / "report.json").read_text())["rows"] == 289
    workbook = tmp_path / "report.xlsx"
    checked(WRONG, "--provider", "HND_INM", "--report", workbook)
    cells = {
        str(cell.value)
        for sheet in openpyxl.load_workbook(workbook).worksheets
        for row in sheet.iter_rows()
        for cell in row
    }
    assert "VNE" in cells
    assert checked(WRONG, "--report", "report.pdf").exit_code == 2


@pytest.mark.usefixtures("no_network")
def test_programs_read_the_findings() -> None:
    done = checked(GOOD, WRONG, "--provider", "HND_INM", "--json")
    assert done.exit_code == 1
    good, wrong = json.loads(done.stdout)
    assert wrong["accepted"] is False
    assert wrong["rows"] == 289
    codes = {group["code"] for group in wrong["groups"]}
    assert {"VIPMG-210", "VIPMG-214", "VIPMG-230", "VIPMG-231"} <= codes
    assert good["path"] == str(GOOD)


@pytest.mark.usefixtures("no_network")
def test_who_the_sender_is_must_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    unsaid = checked(GOOD)
    assert unsaid.exit_code == 2
    assert "--provider" in unsaid.output
    assert "MEX_UPMRIP" in unsaid.output
    assert checked(GOOD, "--provider", "NOBODY").exit_code == 2
    assert checked(GOOD, "--agreement", "PA_RETURN_OUT_MEX_UPMRIP").exit_code == 0
    other = checked(GOOD, "--provider", "CRI_DGME", "--agreement", "PA_RETURN_OUT_MEX_UPMRIP")
    assert other.exit_code == 2
    monkeypatch.setenv("VIPMG_CLIENT_ID", "mex_upmrip-0123456789ab")
    assert checked(GOOD).exit_code == 0


@pytest.mark.usefixtures("no_network")
def test_compressed_files_and_archives(tmp_path: Path) -> None:
    packed = tmp_path / "good.csv.gz"
    packed.write_bytes(gzip.compress(GOOD.read_bytes()))
    assert checked(packed, "--provider", "MEX_UPMRIP").exit_code == 0
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(packed.read_bytes()[:-300])
    refused = checked(cut, "--provider", "MEX_UPMRIP", "--json")
    assert refused.exit_code == 1
    assert [group["code"] for group in json.loads(refused.stdout)[0]["groups"]] == ["VIPMG-201"]
    archive = tmp_path / "both.zip"
    with zipfile.ZipFile(archive, "w") as written:
        written.write(DEMO / "hnd_inm_return_in.csv", "a.csv")
        written.write(WRONG, "b.csv")
    done = checked(archive, "--provider", "HND_INM", "--json")
    assert done.exit_code == 1
    [answer] = json.loads(done.stdout)
    assert {group["file"] for group in answer["groups"]} == {"b.csv"}
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert checked(empty, "--provider", "HND_INM").exit_code == 1


def seen(finding: dict[str, object]) -> tuple[object, ...]:
    return tuple(
        str(finding[name] or "") for name in ("row", "column", "value", "code", "rule", "nearest")
    )


async def test_the_service_finds_the_same(pools: Pools, settings: Settings, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    await publish_structures(pools.writer, [shared_structures(settings)], now)
    service, stop = create_app(settings), asyncio.Event()
    async with service.router.lifespan_context(service):
        running = asyncio.create_task(run_worker(pools, settings, stop=stop))
        async with sender(service, pools, "HND_INM") as client:
            for file in (WRONG, DEMO / "hnd_inm_entry_exit.csv", GOOD):
                reply = await client.post(
                    "/api/submissions",
                    content=file.read_bytes(),
                    headers={"Content-Type": "text/csv", "Prefer": "wait=60"},
                )
                told = reply.json()
                address = told["links"]["findings"] + "?limit=5000"
                there = (await client.get(address)).json()["findings"]
                report = tmp_path / f"{file.stem}.csv"
                done = await asyncio.to_thread(
                    checked, file, "--provider", "HND_INM", "--report", report
                )
                assert done.exit_code == (told["state"] == "rejected"), done.output
                here = []
                if report.exists():
                    with report.open(encoding="utf-8-sig", newline="") as lines:
                        here = list(csv.DictReader(lines))
                # What only figures stored before can tell, or those of several series, is not here.
                errors = [each for each in there if each["severity"] == "error"]
                mine = [each for each in here if each["severity"] == "error"]
                assert sorted(map(seen, mine)) == sorted(map(seen, errors))
        stop.set()
        await running


def test_memory_is_bounded(tmp_path: Path) -> None:
    """Each row is of another series than the row before it, and a tenth of them is wrong."""
    header, *rows = GOOD.read_text("utf-8").splitlines()
    names = header.split(",")
    place = names.index("TIME_PERIOD")
    value = names.index("OBS_VALUE")
    large = tmp_path / "large.csv"
    with large.open("w") as file:
        file.write(header + "\n")
        for number in range(300_000):
            cells = rows[number % len(rows)].split(",")
            cells[place] = f"{1900 + number // 12 % 120}-{number % 12 + 1:02}"
            cells[value] = str(number) if number % 10 else f"x{number}"
            file.write(",".join(cells) + "\n")
    command = [sys.executable, "-c", "from app.cli import main; main()", "check", str(large)]
    process = subprocess.Popen(
        [*command, "--provider", "MEX_UPMRIP", "--report", str(tmp_path / "r.csv")],
        stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    watched, most = psutil.Process(process.pid), 0
    while process.poll() is None:
        try:
            most = max(most, watched.memory_info().rss)
        except psutil.Error:
            break
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    assert process.wait() == 1
    assert most < MOST_MEBIBYTES << 20
    assert (tmp_path / "r.csv").stat().st_size > 3_000_000
