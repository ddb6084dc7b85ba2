"""Checking files on this computer: the structures, who the sender is, the check."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import orjson

from app.cli.database import terminal_language
from app.cli.local_files import LocalFile, home, structures_folder
from app.cli.push_texts import text
from app.errors import VipmgError
from app.sdmx.intake import Target
from app.sdmx.messages.data_reading import DataReader
from app.services.check_file import check_file
from app.services.check_reader import CheckedFile
from app.services.find_source import find_source
from app.services.local_catalogue import local_catalogue
from app.services.open_message import open_message
from app.services.publish_structures import shared_structures
from app.settings import Settings
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.local_stage import LocalStage

ABOUT: Final = "about.json"
STRUCTURES: Final = "structures.json"
METADATA: Final = "metadata.json"
"""Metadata sets, among them the terms of agreements."""

MAX_BYTES: Final = 1 << 30


class NotCheckedError(Exception):
    """A file cannot be checked as asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Structures:
    """Structures on this computer.

    Attributes:
        folder: where they lie.
        about: where and when they were fetched; None of those that are delivered.
    """

    folder: Path
    about: dict[str, str] | None

    def describe(self) -> str:
        """Which they are, in a line."""
        if self.about is None:
            return text("on_delivered")
        return text("on_fetched", url=self.about["url"], when=self.about["fetched_at"][:16])


def find_structures(folder: Path | None = None, url: str | None = None) -> Structures | None:
    """Structures in a folder; those fetched of a service; or those fetched last."""
    if folder is None and url is not None:
        folder = structures_folder(url)
        return Structures(folder, _about(folder)) if (folder / STRUCTURES).exists() else None
    if folder is not None:
        return Structures(folder, _about(folder))
    fetched = sorted(
        home().glob(f"structures/*/{STRUCTURES}"), key=lambda each: each.stat().st_mtime
    )
    return Structures(fetched[-1].parent, _about(fetched[-1].parent)) if fetched else None


def delivered_structures() -> Structures:
    """The structures that come with this program."""
    return Structures(shared_structures(Settings()), None)


def _about(folder: Path) -> dict[str, str] | None:
    try:
        read = orjson.loads((folder / ABOUT).read_bytes())
        return {name: str(read[name]) for name in ("url", "fetched_at")}
    except (OSError, ValueError, LookupError, TypeError):
        return None


class LocalCheck:
    """Checks files as the service would, for one sender.

    Raises:
        NotCheckedError: the structures cannot be read, or do not know the sender.
    """

    def __init__(
        self,
        structures: Structures,
        provider: str | None,
        agreement: str | None,
        dataflow: str | None = None,
    ) -> None:
        fetched = [structures.folder / name for name in (STRUCTURES, METADATA)]
        there = [path for path in fetched if path.exists()] if fetched[0].exists() else []
        try:
            self._catalogue = local_catalogue(there or [structures.folder])
        except (VipmgError, OSError) as error:
            raise NotCheckedError(_said(error)) from error
        self.own = _own(self._catalogue, provider, agreement)
        self._options: dict[str, str] = {} if dataflow is None else {"dataflow": dataflow}
        if agreement is not None:  # of a workbook that does not say it itself
            self._options["agreement"] = self.own[0].urn.rpartition("=")[2].partition("(")[0]

    @contextlib.contextmanager
    def checked(
        self, file: LocalFile, on_read: Callable[[int], None]
    ) -> Iterator[tuple[CheckedFile, LocalStage]]:
        """A file, checked; its findings lie on the stage until the block ends."""
        with file.path.open("rb") as content, LocalStage() as stage:
            checked = check_file(
                self._catalogue,
                self.own,
                file,
                content,
                stage,
                max_bytes=MAX_BYTES,
                now=dt.datetime.now(dt.UTC),
                options=self._options,
                on_rows=lambda rows: on_read(content.tell()),
            )
            yield checked, stage

    def agreed(self, checked: CheckedFile, today: dt.date) -> list[str]:
        """What the terms of the agreements of a file do to it at the service, beside findings."""
        terms = [self._catalogue.terms(urn) for urn in checked.agreements]
        ended = [one.expiry for one in terms if one.has_expired(today)]
        said = [text("would_wait", day=day) for day in ended[:1]]
        if any(one.needs_approval for one in terms):
            said.append(text("would_ask"))
        if checked.is_refused and terms and all(one.allows_partial for one in terms):
            said.append(text("would_take_part"))
        return said

    def open(self, file: LocalFile, content: IO[bytes]) -> DataReader:
        """The reader of a file, without any check."""

        def resolve(kind: str, structure: str) -> Target | str:
            return find_source(self._catalogue, self.own, kind, structure)

        return open_message(file, content, MAX_BYTES, resolve=resolve, options=self._options)


def _own(
    catalogue: Catalogue, provider: str | None, agreement: str | None
) -> list[StoredAgreement]:
    """The agreements of the sender; the client id of our own service begins with its name."""
    every = list(catalogue.agreements.values())
    providers = {one.provider for one in every}
    client = os.environ.get("VIPMG_CLIENT_ID", "").rpartition("-")[0].upper()
    provider = provider or (client if client in providers else None)
    if provider is not None:
        if provider not in providers:
            raise NotCheckedError(text("nobody", provider=provider))
        every = [one for one in every if one.provider == provider]
    if agreement is None:
        if provider is None:
            raise NotCheckedError(text("who", providers=", ".join(sorted(providers))))
        return every
    named = [one for one in every if agreement in _names(one.urn)]
    if not named:
        raise NotCheckedError(text("no_agreement", agreement=agreement))
    return named


def _names(urn: str) -> tuple[str, str, str]:
    """The names by which people call an agreement."""
    short = urn.rpartition("=")[2]
    identity = short.partition("(")[0]
    return short, identity, identity.rpartition(":")[2]


def _said(error: Exception) -> str:
    return error.text[terminal_language()] if isinstance(error, VipmgError) else str(error)
