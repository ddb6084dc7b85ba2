"""Reading what somebody has kept: receipts, heads, ledgers and keys, by what is in the files."""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import orjson

from app.auth.evidence import BrokenLinkError, Statement
from app.services.verify_evidence import Evidence

READ_BYTES: Final = 1 << 20
_GZIP: Final = 31
_LEVELS: Final = (6, 9, 1)
"""Levels of gzip that clients send with: ours, and the usual ones."""


class UnusableError(Exception):
    """A file that is not there, cannot be opened, or holds nothing that can be verified."""


def read_evidence(
    paths: Iterable[Path],
    keys: Iterable[Path],
    ledgers: Iterable[Path],
    originals: Iterable[Path],
) -> Evidence:
    """What files, folders and take-outs hold.

    Raises:
        UnusableError: one cannot be opened.
    """
    evidence = Evidence()
    try:
        for path in paths:
            _read_path(evidence, path)
        for path in keys:
            _add_keys(evidence, path.read_bytes(), str(path))
        for path in ledgers:
            evidence.ledgers[str(path)] = _lines_of(path)
        for path in originals:
            evidence.files[str(path)] = _digests(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise UnusableError(str(error)) from error
    return evidence


def _read_path(evidence: Evidence, path: Path) -> None:
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.is_file():
                _read_named(evidence, file.name, file.read_bytes, _lines_of(file))
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                read = partial(archive.read, name)
                _read_named(evidence, name, read, _lines_of_member(path, name))
    else:
        _read_file(evidence, path)


def _read_named(
    evidence: Evidence,
    name: str,
    read: Callable[[], bytes],
    opened: Callable[[], contextlib.AbstractContextManager[Iterable[bytes]]],
) -> None:
    """One of several files, known by its name."""
    if name.endswith(".jws"):
        evidence.chains.append(_statements(name, read()))
    elif name.endswith("ledger.jsonl"):
        evidence.ledgers[name] = opened
    elif name.endswith("jwks.json"):
        _add_keys(evidence, read(), name)


def _read_file(evidence: Evidence, path: Path) -> None:
    """A file of its own, known by what is in it."""
    with path.open("rb") as file:
        begin = file.read(4096)
    if not begin.lstrip().startswith(b"{"):
        found = _statements(str(path), path.read_bytes())
        if len(found) > 1:
            evidence.chains.append(found)
        else:
            evidence.statements += found
    elif b'"ledger"' in begin.partition(b"\n")[0] or path.name.endswith("ledger.jsonl"):
        evidence.ledgers[str(path)] = _lines_of(path)
    else:
        _read_object(evidence, path)


def _read_object(evidence: Evidence, path: Path) -> None:
    """Keys, or a list of receipts as the service gives it."""
    body = path.read_bytes()
    try:
        listed = orjson.loads(body)["receipts"]
        texts = [each["receipt"] for each in listed]
    except orjson.JSONDecodeError as error:
        raise BrokenLinkError(("file", str(path), 0), "form") from error
    except (KeyError, TypeError):
        _add_keys(evidence, body, str(path))
        return
    found = [Statement(str(path), number, str(text)) for number, text in enumerate(texts, 1)]
    evidence.statements += found


def _add_keys(evidence: Evidence, body: bytes, name: str) -> None:
    try:
        listed: list[dict[str, Any]] = orjson.loads(body)["keys"]
        evidence.keys |= {str(key["kid"]): key for key in listed}
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise BrokenLinkError(("file", name, 0), "form") from error


def _statements(name: str, body: bytes) -> list[Statement]:
    lines = body.removesuffix(b"\n").split(b"\n") if body else []
    return [
        Statement(name, number, line.decode("ascii", "replace"))
        for number, line in enumerate(lines, 1)
    ]


def _lines_of(path: Path) -> Callable[[], contextlib.AbstractContextManager[Iterable[bytes]]]:
    return lambda: path.open("rb")


def _lines_of_member(
    path: Path, name: str
) -> Callable[[], contextlib.AbstractContextManager[Iterable[bytes]]]:
    @contextlib.contextmanager
    def opened() -> Iterator[Iterable[bytes]]:
        with zipfile.ZipFile(path) as archive, archive.open(name) as member:
            yield member

    return opened


def _digests(path: Path) -> frozenset[str]:
    """SHA-256 of a file as it is, and as clients compress it on its way."""
    with path.open("rb") as file:
        found = {_digest(iter(lambda: file.read(READ_BYTES), b""))}
        for level in _LEVELS:
            file.seek(0)
            found.add(_digest(_deflated(file, level)))
    return frozenset(found)


def _digest(parts: Iterable[bytes]) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return hashed.hexdigest()


def _deflated(file: IO[bytes], level: int) -> Iterator[bytes]:
    deflate = zlib.compressobj(level, zlib.DEFLATED, _GZIP)
    while part := file.read(READ_BYTES):
        yield deflate.compress(part)
    yield deflate.flush()
