"""opensdmx against the running service, run by the Python that it is installed for."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.submitted import ENTRY_EXIT, Submitted
from tests.served import Service

SCRIPT = Path(__file__).with_name("read_with_opensdmx.py")
ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("VIPMG_TEST_OPENSDMX_PYTHON", ROOT / ".venv-opensdmx/bin/python"))

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="needs opensdmx (make .venv-opensdmx/stamp; Python 3.12 or later)"
)


@pytest.fixture(scope="module")
def told(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What opensdmx has read."""
    home = tmp_path_factory.mktemp("opensdmx")
    done = subprocess.run(
        [str(PYTHON), str(SCRIPT), f"{service.url}/sdmx/v1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_opensdmx_reads_lists_and_the_structure(told: dict[str, Any], submitted: Submitted) -> None:
    assert ENTRY_EXIT in {row["df_id"] for row in told["flows"]}
    assert [row["dimension_id"] for row in told["dimensions"]] == submitted.dimensions[:-1]
    assert {"F", "M", "_T"} <= {row["id"] for row in told["sexes"]}


def test_c089_opensdmx_reads_what_is_available(told: dict[str, Any], submitted: Submitted) -> None:
    assert {row["id"] for row in told["areas"]} == submitted.codes("REF_AREA")


def test_c137_opensdmx_reads_filtered_data(told: dict[str, Any], submitted: Submitted) -> None:
    rows = [row | {"TIME_PERIOD": row["TIME_PERIOD"][:7]} for row in told["data"]]
    expected = {
        key: value
        for key, value in submitted.values(REF_AREA="CRI", MOVEMENT="ENT").items()
        if "2023-01" <= key[-1] <= "2023-06"
    }
    assert submitted.read(rows) == expected
