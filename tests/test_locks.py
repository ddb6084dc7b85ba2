"""The lock files have all that pyproject.toml asks for, in a version that it takes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = [Requirement(each) for each in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(each) for each in PROJECT["dependency-groups"]["dev"]]
PIN = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    """The versions of a lock file, by canonical name."""
    found = PIN.findall((ROOT / name).read_text())
    return {canonicalize_name(package): version for package, version in found}


def is_met(asked: Requirement, locked: dict[str, str]) -> bool:
    """Whether a lock file has a version that is asked for."""
    version = locked.get(canonicalize_name(asked.name))
    return version is not None and asked.specifier.contains(version, prereleases=True)


@pytest.mark.parametrize(
    ("lock", "asked"),
    [
        ("requirements.lock", RUNTIME),
        ("requirements-dev.lock", RUNTIME + DEVELOPMENT),
    ],
    ids=["runtime", "development"],
)
def test_a_lock_file_has_every_dependency(lock: str, asked: list[Requirement]) -> None:
    locked = pins(lock)
    missing = [str(each) for each in asked if not is_met(each, locked)]
    assert missing == []


def test_both_lock_files_have_the_same_versions() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert runtime == {name: development.get(name) for name in runtime}
