"""Sending a file to a service: at once, or in parts that can be resumed; and what became of it."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import httpx

from app.cli.journal import Journal
from app.cli.local_files import READ_BYTES, LocalFile, digest_of
from app.cli.remote import NotSentError, Remote, RetriableError, pause

RESUMABLE_BYTES: Final = 5 << 20
"""A file that is longer, as it is sent, is sent in parts."""

PART_BYTES: Final = 4 << 20
ATTEMPTS: Final = 12
UNDECIDED: Final = frozenset({"received", "validating", "failed"})
REPORTS: Final = {
    ".csv": "findings?format=csv",
    ".json": "report?format=json",
    ".html": "report?format=html",
    ".xlsx": "report.xlsx",
}
"""Where the report of a submission is, by the end of the file that it is to be kept in."""

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_OFFSET_STREAM: Final = "application/offset+octet-stream"

Submission: TypeAlias = dict[str, Any]
Told: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a file is sent for, and how it is to be read."""

    validate_only: bool = False
    practice: bool = False
    layout: str | None = None
    agreement: str | None = None
    again: bool = False
    supersedes: str | None = None
    dataflow: str | None = None

    def pairs(self) -> dict[str, str]:
        """The parameters that are not left out, as the service names them."""
        said = {
            "validate-only": self.validate_only,
            "practice": self.practice,
            "again": self.again,
            "layout": self.layout,
            "agreement": self.agreement,
            "supersedes": self.supersedes,
            "dataflow": self.dataflow,
        }
        return {
            name: "true" if value is True else str(value) for name, value in said.items() if value
        }


class Sender(Remote):
    """A service to which files are sent.

    Attributes:
        practises: whether they are sent to the practice space.
    """

    practises = False

    @property
    def _submissions(self) -> str:
        return "/api/practice/submissions" if self.practises else "/api/submissions"

    def key(self, file: LocalFile, parameters: Parameters, on_read: Told) -> str:
        """The key of a file: made of program, name, parameters and bytes, the same each time."""
        client = self._credential[0] if self._credential else ""
        # Another release of zlib may compress to other bytes, which are another body.
        parts = [client, file.file_name, zlib.ZLIB_RUNTIME_VERSION]
        parts += [f"{name}={value}" for name, value in sorted(parameters.pairs().items())]
        return digest_of(file.path, parts, on_read)

    def send(
        self,
        file: LocalFile,
        parameters: Parameters,
        key: str,
        journal: Journal | None,
        on_sent: Told,
    ) -> tuple[Submission, bool]:
        """Send a file, compressed on its way; the flag tells whether it was sent before.

        The same key with the same bytes never stores twice. A long file goes in parts, of which
        the journal is kept; without one every file goes at once.

        Raises:
            NotSentError: the service refused it as a whole, or cannot be reached.
        """
        self.practises = parameters.practice
        if journal is not None and file.size > RESUMABLE_BYTES:
            return self._send_in_parts(file, parameters, key, journal, on_sent)
        headers = {
            "Content-Type": file.content_type,
            "Idempotency-Key": key,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.file_name, safe='')}",
        }
        if not file.is_packed or file.content_encoding:
            headers["Content-Encoding"] = "gzip"

        def content() -> Iterator[bytes]:
            on_sent(0)
            return sent_bytes(file, on_sent)

        said = {name: said for name, said in parameters.pairs().items() if name != "practice"}
        query = urlencode(said)
        address = self._submissions + (f"?{query}" if query else "")
        reply = self.request("POST", address, headers=headers, content=content)
        submission: Submission = reply.json()
        return submission, reply.status_code == 200

    def follow(
        self, submission: Submission, on_progress: Callable[[Submission], None]
    ) -> Submission:
        """Ask until the submission is decided."""
        wait = 0.1
        while submission["state"] in UNDECIDED:
            on_progress(submission)
            time.sleep(wait)
            wait = min(wait * 1.5, 2.0)
            submission = self.submission(submission["id"])
        on_progress(submission)
        return submission

    def submission(self, identity: str) -> Submission:
        """A submission as it is now."""
        found: Submission = self.request("GET", f"{self._submissions}/{identity}").json()
        return found

    def findings(self, submission: Submission, limit: int) -> list[dict[str, Any]]:
        """The first findings of a submission."""
        address = f"{self._submissions}/{submission['id']}/findings?limit={limit}"
        found: list[dict[str, Any]] = self.request("GET", address).json()["findings"]
        return found

    def save_findings(self, submission: Submission, target: Path) -> None:
        """Write all findings of a submission to a file, in the format that its name says."""
        what = REPORTS.get(target.suffix.lower(), REPORTS[".csv"])
        reply = self.request("GET", f"{self._submissions}/{submission['id']}/{what}")
        part = target.with_name(target.name + ".part")
        part.write_bytes(reply.content)
        part.replace(target)

    def _send_in_parts(
        self, file: LocalFile, parameters: Parameters, key: str, journal: Journal, on_sent: Told
    ) -> tuple[Submission, bool]:
        """By tus 1.0; where a cut upload stands is told by the service alone."""
        before = bool(journal.entry(key).get("submission"))
        packed = journal.packed(key)
        try:
            size = _pack(file, packed)
            upload: str | None = journal.entry(key).get("upload")
            identity: str | None = None
            while identity is None:
                offset, identity = self._standing(upload)
                if offset is None or upload is None:
                    upload = self._begin(file, parameters, key, size)
                    journal.note(key, upload=upload)
                    offset = 0
                on_sent(file.size * offset // size)
                if identity is None:
                    identity = self._go_on(
                        upload, packed, offset, lambda sent: on_sent(file.size * sent // size)
                    )
            journal.note(key, submission=identity)
        finally:
            packed.unlink(missing_ok=True)  # the same bytes can be made again
        return self.submission(identity), before

    def _begin(self, file: LocalFile, parameters: Parameters, key: str, size: int) -> str:
        metadata = {
            "filename": file.file_name,
            "filetype": file.content_type,
            "idempotency-key": key,
            **parameters.pairs(),
        }
        if not file.is_packed or file.content_encoding:
            metadata["encoding"] = "gzip"
        headers = {"Upload-Length": str(size), "Upload-Metadata": _metadata(metadata)}
        reply = self._tus("POST", "/api/uploads", headers)
        # The path alone: the address that the service gives itself may not be ours.
        path: str = urlsplit(reply.headers["location"]).path
        return path

    def _standing(self, upload: str | None) -> tuple[int | None, str | None]:
        """How many bytes of an upload have come, and the submission that it became."""
        if upload is None:
            return None, None
        try:
            reply = self._tus("HEAD", upload, {})
        except NotSentError as error:
            if error.status == 404:
                return None, None
            raise
        return int(reply.headers["upload-offset"]), reply.headers.get("vipmg-submission")

    def _go_on(self, upload: str, packed: Path, offset: int, on_sent: Told) -> str | None:
        """Send what is missing; after a break ask where the upload stands, and go on there.

        Returns:
            The submission that it became; None: the service knows the upload no more.
        """
        failures = 0
        while True:
            try:
                offset, identity = self._send_part(upload, packed, offset, on_sent)
                failures = 0
            except (RetriableError, NotSentError) as error:
                if isinstance(error, NotSentError) and error.status not in (404, 409):
                    raise
                failures += 1
                if failures == ATTEMPTS:
                    raise NotSentError(str(error)) from error
                time.sleep(pause(failures))
                standing, identity = self._standing(upload)
                if standing is None:
                    return None
                failures = 0 if standing > offset else failures
                offset = standing
            if identity is not None:
                return identity

    def _send_part(
        self, upload: str, packed: Path, offset: int, on_sent: Told
    ) -> tuple[int, str | None]:
        with packed.open("rb") as content:
            content.seek(offset)
            part = content.read(PART_BYTES)
        headers = {**_TUS, "Upload-Offset": str(offset), "Content-Type": _OFFSET_STREAM}
        reply = self.once("PATCH", upload, headers, lambda: _told(part, offset, on_sent))
        return int(reply.headers["upload-offset"]), reply.headers.get("vipmg-submission")

    def _tus(self, method: str, address: str, headers: Mapping[str, str]) -> httpx.Response:
        return self.request(method, address, headers={**_TUS, **headers})


def _told(part: bytes, offset: int, on_sent: Told) -> Iterator[bytes]:
    for place in range(0, len(part), READ_BYTES):
        yield part[place : place + READ_BYTES]
        on_sent(offset + min(place + READ_BYTES, len(part)))


def _metadata(pairs: Mapping[str, str]) -> str:
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())


def _pack(file: LocalFile, target: Path) -> int:
    """Write the bytes as they are sent to a file, whole or not at all; return how many."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(target.name + ".part")
        with part.open("wb") as packed:
            for piece in sent_bytes(file, lambda read: None):
                packed.write(piece)
        part.replace(target)
    return target.stat().st_size


def sent_bytes(file: LocalFile, on_read: Told) -> Iterator[bytes]:
    """The file as gzip, the same bytes each time; one that is compressed stays as it is."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31)
    read = 0
    with file.path.open("rb") as content:
        while part := content.read(READ_BYTES):
            yield part if file.is_packed else deflate.compress(part)
            read += len(part)
            on_read(read)
    if not file.is_packed:
        yield deflate.flush()
