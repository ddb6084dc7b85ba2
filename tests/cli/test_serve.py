"""`vipmg serve`, `push` and `pull` as people type them: real processes, a real service."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import psutil
import pytest

import app
from tests.served import VIPMG, Service, demonstration, environment, start, stop

DEMO = Path(app.__file__).parent / "demo"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with demonstration(tmp_path_factory.mktemp("serve")) as running:
        yield running


def vipmg(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VIPMG, *arguments], env=environment(**variables), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def test_the_demonstration_is_loaded_through_the_public_api(service: Service) -> None:
    assert "33 files accepted, 1 refused on purpose" in service.output
    addresses = re.findall(rf"{service.url}/sdmx\S+", service.output)
    assert len(addresses) == 5
    assert httpx.get(f"{service.url}/ready").json()["status"] == "ready"


def read(service: Service, address: str, language: str = "*") -> Any:
    reply = httpx.get(f"{service.url}{address}", headers={"Accept-Language": language})
    assert reply.status_code == 200, reply.text
    return reply


def rows_of(reply: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.text, newline="")))


def test_c068_national_definitions_come_beside_the_data(service: Service) -> None:
    address = "/sdmx/v2/data/dataflow/VIPMG/DF_RETURN_OUT/~/*?format=csv&lastNObservations=1"
    meaning = "CATEGORY_DEFINITION.DEFINITION_TEXT"
    rows = rows_of(read(service, f"{address}&attributes=msd", "en"))
    told = {(row["REF_AREA"], row["RETURN_TYPE"]): row[meaning] for row in rows}
    assert "ten years" in told["PAN", "DEP"]
    assert "for good" in told["PAN", "EXP"]
    assert told["MEX", "DEP"] == "", "nothing is known of it"
    assert "diez años" in read(service, f"{address}&attributes=all", "es").text
    assert not any("DEFINITION." in name for name in rows_of(read(service, address))[0])
    one = read(service, f"{address}&attributes=CATEGORY_DEFINITION&c[RETURN_TYPE]=EXP", "es")
    assert {row["REF_AREA"] for row in rows_of(one) if "para siempre" in row[meaning]} == {"PAN"}


def test_c096_the_report_of_a_country_is_found_from_its_data(service: Service) -> None:
    data = read(service, "/sdmx/v2/data/dataflow/VIPMG/DF_RETURN_IN/~?lastNObservations=1")
    links = re.findall(r'<([^>]+)>; rel="describedby"', data.headers["link"])
    found = {
        one["id"]: one for link in links for one in httpx.get(link).json()["data"]["metadataSets"]
    }
    assert {"MS_RETURN", "QUALITY_RETURN_IN"} <= found.keys()
    terms = json.dumps(found["QUALITY_RETURN_IN"]["attributes"])
    assert "9,701" in terms and "NNA" in terms


def test_definitions_are_sent_as_the_guide_shows(service: Service, tmp_path: Path) -> None:
    guide = Path(__file__).parents[2] / "docs" / "how-to" / "say-what-figures-mean.md"
    blocks = re.findall(r"```(csv|json)\n(.*?)```", guide.read_text("utf-8"), re.S)
    shown = dict(blocks)
    file = tmp_path / "definitions.csv"
    file.write_text(shown["csv"], "utf-8")
    done = vipmg("push", str(file), "--url", service.url, LC_ALL="C", **service.credential)
    assert "What is said of the data changes in 1 place." in done.stdout, done.stdout
    address = "/sdmx/v2/data/dataflow/VIPMG/DF_RETURN_IN/~/*?format=csv&attributes=msd"
    rows = rows_of(
        read(service, f"{address}&c[AGE_DEFINITION.DEFINITION_CERTAINTY]=CONFIRMED", "en")
    )
    assert {row["AGE"] for row in rows} == {"Y_LT18"}
    assert {row["AGE_DEFINITION.DEFINITION_TEXT"] for row in rows} == {"Under 18 on arrival"}
    assert {row["AGE_DEFINITION.DEFINITION_SOURCE"] for row in rows} == {""}, "that of the press"
    reply = httpx.post(
        f"{service.url}/sdmx/v2/metadata",
        headers=authorisation(service)
        | {"Content-Type": "application/vnd.sdmx.metadata+json;version=2.1.0"},
        content=shown["json"],
    )
    assert reply.status_code == 201, reply.text


def authorisation(service: Service) -> dict[str, str]:
    reply = httpx.post(
        f"{service.url}/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(service.credential["VIPMG_CLIENT_ID"], service.credential["VIPMG_CLIENT_SECRET"]),
    )
    return {"Authorization": f"Bearer {reply.json()['access_token']}"}


def test_optional_metadata_are_in_no_template(service: Service, tmp_path: Path) -> None:
    reply = httpx.get(
        f"{service.url}/api/agreements/PA_RETURN_IN_HND_INM/template.xlsx",
        headers=authorisation(service),
    )
    assert reply.status_code == 200, reply.text
    file = tmp_path / "template.xlsx"
    file.write_bytes(reply.content)
    book = openpyxl.load_workbook(file)
    shown = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert any("COMMENT_OBS" in text for text in shown)
    assert not any("AGE_DEFINITION" in text or "STAT_PRES" in text for text in shown)


def test_a_wrong_file_is_told_row_by_row(service: Service, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    wrong = str(DEMO / "wrong_on_purpose.csv")
    arguments = ("push", wrong, "--url", service.url, "--report", str(report))
    done = vipmg(*arguments, **service.credential, LC_ALL="es_GT.UTF-8")
    assert done.returncode == 1, done.stderr
    assert "rechazado, no se guardó nada" in done.stdout
    assert "¿Quiso decir" in done.stdout
    lines = report.read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("row,column,value,code")
    answers = json.loads(vipmg(*arguments, "--json", **service.credential).stdout)
    assert answers[0]["findings"]["total"] == len(lines) - 1


def test_a_column_that_was_not_stored_is_told_of_an_accepted_file(
    service: Service, tmp_path: Path
) -> None:
    header, *rows = (DEMO / "hnd_inm_return_in.csv").read_text("utf-8").splitlines()
    file = tmp_path / "typo.csv"
    file.write_text("\n".join([f"{header},SEXO", *(f"{row},F" for row in rows)]) + "\n", "utf-8")
    done = vipmg("push", str(file), "--url", service.url, **service.credential)
    assert (done.returncode, "SEXO" in done.stdout) == (0, True), done.stdout
    client_id = service.credential["VIPMG_CLIENT_ID"]
    listed = vipmg("clients", "list", "--data-dir", str(service.data_dir), COLUMNS="80")
    assert client_id in listed.stdout


def test_the_same_push_again_stores_nothing_twice(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "enero [1].csv"
    # The demonstration has sent the same bytes already, under another name.
    file.write_bytes((DEMO / "hnd_inm_return_in.csv").read_bytes())
    arguments = ("push", str(file), "--url", service.url, "--json")
    replies = [
        json.loads(vipmg(*each, **service.credential).stdout)[0]
        for each in ((*arguments, "--again"), arguments, (*arguments, "--again"))
    ]
    assert replies[0]["file"]["name"] == "enero [1].csv"
    assert replies[0]["id"] == replies[1]["id"] != replies[2]["id"]
    assert {reply["state"] for reply in replies} == {"published"}


def test_the_example_for_any_client_works_as_it_stands(service: Service) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "send-data.md").read_text("utf-8")
    example = page.split("```bash\n")[1].split("```")[0]
    variables = service.credential | {
        "SERVICE": service.url,
        "FILE": str(DEMO / "hnd_inm_return_in.csv"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example], env=environment(**variables),
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    reply = json.loads(done.stdout)
    assert reply["state"] == "published"
    assert reply["file"]["name"] == "entradas-2025-03.csv"


def test_a_push_that_cannot_be_sent_says_why(service: Service) -> None:
    good = str(DEMO / "hnd_inm_return_in.csv")
    wrong_secret = service.credential | {"VIPMG_CLIENT_SECRET": "guess"}
    done = vipmg("push", good, "--url", service.url, **wrong_secret)
    assert (done.returncode, "401" in done.stdout) == (2, True)
    done = vipmg("push", good, "--url", service.url)
    assert (done.returncode, "VIPMG_CLIENT_ID" in done.stderr) == (2, True)


def test_data_are_pulled_into_a_file(service: Service, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    arguments = ("pull", "DF_ENTRY_EXIT", "--url", service.url, "--filter", "REF_AREA=CRI")
    done = vipmg(*arguments, "-o", str(target))
    assert done.returncode == 0, done.stderr
    lines = target.read_text().splitlines()
    assert lines[0].startswith("STRUCTURE,")
    sent = ("cri_dgme_entry_exit.csv", "national/cri_dgme_movimientos.csv")
    rows = sum(len((DEMO / name).read_text("utf-8").splitlines()) - 1 for name in sent)
    assert len(lines) == 1 + rows
    assert list(tmp_path.iterdir()) == [target]
    nothing = vipmg("pull", "DF_NOTHING", "--url", service.url)
    assert (nothing.returncode, "404" in nothing.stderr) == (2, True)


def test_the_doctor_finds_nothing_wrong(service: Service) -> None:
    done = vipmg("doctor", "--data-dir", str(service.data_dir), "--json")
    assert done.returncode == 0, done.stdout
    assert all(check["holds"] for check in json.loads(done.stdout))


def test_a_worker_that_was_killed_is_replaced_and_loses_nothing(service: Service) -> None:
    def worker() -> psutil.Process | None:
        children = psutil.Process(service.process.pid).children()
        return next((each for each in children if each.cmdline()[-1:] == ["worker"]), None)

    first = worker()
    assert first is not None
    first.kill()
    good = str(DEMO / "hnd_inm_entry_exit.csv")
    done = vipmg("push", good, "--again", "--url", service.url, **service.credential)
    assert done.returncode == 0, done.stdout
    assert worker() not in {None, first}


def test_a_database_that_was_killed_is_replaced_and_the_work_goes_on(service: Service) -> None:
    pid_file = service.data_dir / "postgresql" / "postmaster.pid"
    psutil.Process(int(pid_file.read_text().split()[0])).kill()
    good = str(DEMO / "hnd_inm_entry_exit.csv")
    done = vipmg("push", good, "--again", "--url", service.url, **service.credential)
    assert done.returncode == 0, done.stdout
    assert httpx.get(f"{service.url}/sdmx/v2/structure/dataflow").status_code == 200


def test_a_port_in_use_is_said_in_one_line(service: Service, tmp_path: Path) -> None:
    port = service.url.rpartition(":")[2]
    done = vipmg("serve", "--data-dir", str(tmp_path / "other"), "--port", port)
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "other").exists()


def test_all_parts_end_with_the_service(tmp_path: Path) -> None:
    process, url = start(tmp_path / "data", "--workers", "2")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/health", timeout=5).raise_for_status()
            break
        except httpx.TransportError:
            time.sleep(0.1)
    parts = psutil.Process(process.pid).children(recursive=True)
    assert len(parts) > 3
    assert stop(process) == 0
    _, alive = psutil.wait_procs(parts, timeout=20)
    assert alive == []
