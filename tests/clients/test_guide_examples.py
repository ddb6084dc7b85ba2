"""The examples of the reading guide, run as they stand but for the address of the service."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest

from app.sdmx.offers import DATA_OFFERS, STRUCTURE_OFFERS
from tests.clients.test_opensdmx import PYTHON as PYTHON_OF_OPENSDMX
from tests.clients.test_rsdmx import has_rsdmx
from tests.served import Service, environment

GUIDE = (Path(__file__).parents[2] / "docs" / "how-to" / "read-data.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8000"

# What each section prints of the demonstration data, among other things.
PRINTED: Final = {
    "pandas": ("2025-03", "CITIZENSHIP"),
    "R": ("CRI", "22028|23828"),
    "sdmx1": ("PAN .*2025-03", "ENT +Entry"),
    "pysdmx": ("CAN +2022-01 +22028",),
    "opensdmx": ("ENT .*Entry", "CRI .*2024"),
    "Keep a copy in step": ("nothing changed since 20",),
}


class Example(NamedTuple):
    """An example of the guide: the section it is in, its number there, and what is run."""

    section: str
    number: int
    language: str
    code: str


def examples() -> Iterator[Example]:
    """All examples that a program can run."""
    for part in re.split(r"^## ", GUIDE, flags=re.MULTILINE)[1:]:
        section, _, text = part.partition("\n")
        found = re.findall(r"^```(python|r)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for number, (language, code) in enumerate(found):
            yield Example(section, number, language, code)


def command(example: Example) -> list[str]:
    """The program that runs an example."""
    if example.language == "r":
        if not has_rsdmx():
            pytest.skip("needs R with rsdmx (r-cran-rsdmx)")
        return ["Rscript", "-"]
    if "import opensdmx" in example.code:
        if not PYTHON_OF_OPENSDMX.exists():
            pytest.skip("needs opensdmx (make .venv-opensdmx/stamp; Python 3.12 or later)")
        return [str(PYTHON_OF_OPENSDMX), "-"]
    return [sys.executable, "-"]


def test_every_section_with_examples_is_known() -> None:
    assert {one.section for one in examples()} == PRINTED.keys()


@pytest.mark.parametrize("example", list(examples()), ids=lambda one: f"{one.section}-{one.number}")
def test_an_example_prints_what_is_there(
    service: Service, example: Example, tmp_path: Path
) -> None:
    assert ADDRESS in example.code
    done = subprocess.run(
        command(example),
        input=example.code.replace(ADDRESS, service.url),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env=environment(HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), NO_PROXY="127.0.0.1"),
    )
    assert done.returncode == 0, done.stderr
    for pattern in PRINTED[example.section]:
        assert re.search(pattern, done.stdout, re.DOTALL), done.stdout


ROW = re.compile(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \| (`[^|]+`) \|$", re.MULTILINE)
FORMATS = [
    (kind, name, re.findall("`([^`]+)`", versions)) for kind, name, versions in ROW.findall(GUIDE)
]


def addresses(service: Service, kind: str) -> tuple[str, str]:
    """Where data or structures are on 1.x and 2.x paths."""
    if kind.startswith("structure+"):
        paths = ("v1/codelist/VIPMG/CL_SEX", "v2/structure/codelist/VIPMG/CL_SEX/~")
    else:
        paths = ("v1/data/DF_ENTRY_EXIT", "v2/data/dataflow/VIPMG/DF_ENTRY_EXIT/~")
    return f"{service.url}/sdmx/{paths[0]}", f"{service.url}/sdmx/{paths[1]}"


def told(url: str, **asked: dict[str, str]) -> str:
    """The type of the answer, as `Accept` would ask for it."""
    reply = httpx.head(url, **asked)  # type: ignore[arg-type]
    return reply.headers["Content-Type"].replace("; ", ";")


def test_all_formats_are_in_the_table() -> None:
    listed = {(f"application/vnd.sdmx.{kind}", one) for kind, _, all_ in FORMATS for one in all_}
    offered = {(one.name, one.version) for one in (*DATA_OFFERS, *STRUCTURE_OFFERS)}
    assert listed == {(name, version) for name, version in offered if "-wd" not in version}


@pytest.mark.parametrize(("kind", "name", "versions"), FORMATS)
def test_every_format_is_asked_for_as_the_table_says(
    service: Service, kind: str, name: str, versions: list[str]
) -> None:
    first, last = (f"application/vnd.sdmx.{kind};version={versions[one]}" for one in (-1, 0))
    for url in addresses(service, kind):
        for version in versions:
            expected = f"application/vnd.sdmx.{kind};version={version}"
            assert told(url, headers={"Accept": expected}) == expected
            assert told(url, params={"format": name, "formatVersion": version}) == expected
    v1, v2 = (told(url, params={"format": name}) for url in addresses(service, kind))
    if kind == "data+xml":
        assert v1 == "application/vnd.sdmx.genericdata+xml;version=2.1"
    else:
        assert v1 == first
    if name == "structurespecific":
        assert v2 == "application/vnd.sdmx.data+xml;version=3.1.0"
    else:
        assert v2 == last
