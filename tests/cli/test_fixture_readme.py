"""The steps of `tests/fixtures/README.md`, run as they stand against a service that is empty."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixture_exchange import FIXTURES, bundle_artefacts, data_files
from tests.served import VIPMG, environment, start, stop

ROOT = FIXTURES.parents[1]
README = (FIXTURES / "README.md").read_text("utf-8")
CSV = "application/vnd.sdmx.data+csv"


def steps(data_dir: Path, url: str) -> str:
    """What the page tells to type, for the service that runs here."""
    script = "\n".join(re.findall(r"```bash\n(.*?)```", README, re.DOTALL))
    for named, here in (("=vipmg-data", data_dir), ("=http://127.0.0.1:8000", url)):
        assert script.count(named) == 1
        script = script.replace(named, f"={here}")
    return f'vipmg() {{ {shlex.join(VIPMG)} "$@"; }}\nset -eu\n{script}'


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service that was empty before the steps were taken."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "nothing").mkdir()
    process, url = start(folder / "data", VIPMG_CODELISTS_DIR=str(folder / "nothing"))
    try:
        done = subprocess.run(
            ["bash", "-c", steps(folder / "data", url)],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        yield url
    finally:
        assert stop(process) == 0


def test_every_structure_is_there(service: str) -> None:
    listed = httpx.get(f"{service}/sdmx/v2/structure/*/*/*/*?detail=allstubs", timeout=60).json()
    held = sum(len(artefacts) for artefacts in listed["data"].values())
    assert held == len(bundle_artefacts())


def test_the_metadata_sets_are_there(service: str) -> None:
    reply = httpx.get(f"{service}/sdmx/v2/metadata/metadataset", timeout=60)
    assert reply.status_code == 200
    assert {one["id"] for one in reply.json()["data"]["metadataSets"]} == {
        "MS_AREA",
        "MS_MIGRATION",
    }


@pytest.mark.parametrize(
    "flow", sorted({re.split(r"[-.]", file.name)[1] for file, _ in data_files()})
)
def test_the_data_are_there(service: str, flow: str) -> None:
    names = {"grown": "GROWING", "growing": "GROWING"}
    flow_id = f"DF_{names.get(flow, flow.upper())}"
    address = f"{service}/sdmx/v2/data/dataflow/*/{flow_id}/*?limit=1"
    assert httpx.get(address, headers={"Accept": CSV}, timeout=60).status_code == 200
