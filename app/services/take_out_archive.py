"""The archive of a take-out: a ZIP that is written as a stream, and read against its manifest."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import orjson

from app.errors import MessageError

FORMAT: Final = "vipmg-take-out"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
METADATA_SETS: Final = "structures/metadata-sets.json"
READ_BYTES: Final = 1 << 20
MOST_MANIFEST_BYTES: Final = 64 << 20


class _Sink(io.RawIOBase):
    """Takes what the ZIP writes, until it is taken away."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class ArchiveWriter:
    """Writes members one after the other; each call gives the bytes that are ready."""

    def __init__(self, now: dt.datetime) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self._date = now.timetuple()[:6]
        self._files: list[dict[str, Any]] = []

    async def add(self, path: str, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """A member, from its parts; memory holds one of them at a time."""
        hashed, size = hashlib.sha256(), 0
        info = zipfile.ZipInfo(path, self._date)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        with self._zip.open(info, "w", force_zip64=True) as member:
            async for part in parts:
                await asyncio.to_thread(member.write, part)
                hashed.update(part)
                size += len(part)
                yield self._sink.take()
        self._files.append({"path": path, "sha256": hashed.hexdigest(), "bytes": size})
        yield self._sink.take()

    async def add_bytes(self, path: str, body: bytes) -> bytes:
        """A member that is there whole."""

        async def parts() -> AsyncIterator[bytes]:
            yield body

        return b"".join([part async for part in self.add(path, parts())])

    async def end(self, facts: Mapping[str, Any]) -> bytes:
        """The manifest, which names each member with its hash, and the end of the archive."""
        manifest = {"format": FORMAT, "version": VERSION, **facts, "files": list(self._files)}
        written = await self.add_bytes(MANIFEST, orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        self._zip.close()
        return written + self._sink.take()


class TakeOut:
    """An archive that was opened, and is what its manifest says.

    Raises:
        MessageError: it is no take-out, or was changed; the text names the first member that is
            not as it was written.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._zip = archive
        self.manifest = self._read_manifest()
        self.sha256 = hashlib.sha256(archive.read(MANIFEST)).hexdigest()
        self._check()

    @property
    def organisation(self) -> str:
        """Whose it is."""
        return str(self.manifest["organisation"])

    def names(self, prefix: str) -> list[str]:
        """Members below a folder, in their order."""
        paths = [str(file["path"]) for file in self.manifest["files"]]
        return [path for path in paths if path.startswith(prefix)]

    def read(self, path: str) -> bytes:
        """A small member whole."""
        return self._zip.read(path)

    @contextlib.contextmanager
    def lines(self, path: str) -> Iterator[Iterator[str]]:
        """A member line by line; nothing when it is not there."""
        if path in self._zip.namelist():
            with self._zip.open(path) as member:
                yield (line.decode().rstrip("\n") for line in member)
        else:
            yield iter(())

    def parts(self, path: str, size: int) -> Iterator[bytes]:
        """A member in parts of a size."""
        with self._zip.open(path) as member:
            while part := member.read(size):
                yield part

    def _read_manifest(self) -> dict[str, Any]:
        try:
            if self._zip.getinfo(MANIFEST).file_size > MOST_MANIFEST_BYTES:
                raise _not_one("manifest.json")
            manifest: dict[str, Any] = orjson.loads(self._zip.read(MANIFEST))
            known = manifest["format"] == FORMAT and manifest["version"] == VERSION
            listed = {str(file["path"]) for file in manifest["files"]}
        except (KeyError, TypeError, zipfile.BadZipFile, orjson.JSONDecodeError) as error:
            raise _not_one("manifest.json") from error
        names = self._zip.namelist()
        if not known:
            raise _not_one("manifest.json")
        if len(set(names)) < len(names):
            raise _changed(next(name for name in names if names.count(name) > 1))
        if odd := sorted(listed.symmetric_difference(set(names) - {MANIFEST})):
            raise _changed(odd[0])
        return manifest

    def _check(self) -> None:
        for file in self.manifest["files"]:
            hashed, size = hashlib.sha256(), 0
            try:
                for part in self.parts(file["path"], READ_BYTES):
                    hashed.update(part)
                    size += len(part)
                    if size > file["bytes"]:
                        break  # not a byte more than was told is ever unpacked
            except (zipfile.BadZipFile, EOFError, OSError, ValueError) as error:
                raise _changed(file["path"]) from error
            if (hashed.hexdigest(), size) != (file["sha256"], file["bytes"]):
                raise _changed(file["path"])


def _not_one(name: str) -> MessageError:
    return MessageError(
        f"The file is no take-out of this service ({name}).",
        f"El archivo no es una exportación de este servicio ({name}).",
    )


def _changed(path: str) -> MessageError:
    return MessageError(
        f"The take-out was changed since it was made: {path} is not what its manifest says.",
        f"La exportación se modificó después de hacerse: {path} no es lo que dice su manifiesto.",
        member=path,
    )
