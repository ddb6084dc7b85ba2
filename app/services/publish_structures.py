"""Publish structures from files: the shared ones at start, others from the command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

import app
from app.errors import ConfigurationError, InvalidArtefactError, VipmgError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.maintenance_updates import add_listed
from app.sdmx.messages.metadata_readers import is_metadata_message, read_metadata_message
from app.sdmx.messages.structure_readers import read_structure_message
from app.settings import Settings
from app.store import registry_publication
from app.store.registry import load_past_states
from app.store.registry_publication import PublishResult
from app.store.types import Pool

_SUFFIXES = frozenset({".json", ".xml"})


async def publish_structures(
    writer: Pool, paths: Iterable[Path], now: dt.datetime
) -> PublishResult:
    """Publish the artefacts of all files together: all or none.

    Args:
        writer: the pool that may write.
        paths: structure messages, or folders that are searched for `*.json` and `*.xml`.
        now: the instant of the publication.

    Raises:
        VipmgError: a file cannot be read, or what is in it may not be published.
    """
    artefacts = read_structure_files(paths)
    async with writer.acquire() as connection:
        return await registry_publication.publish(connection, artefacts, now)


async def publish_delivered(writer: Pool, folder: Path, now: dt.datetime) -> PublishResult:
    """Publish the shared structures at a start, without undoing what was maintained since.

    What was stored before just so, and was changed or deleted since, is left as it is. Of
    organisation schemes only organisations that are not listed yet are added.

    Raises:
        VipmgError: a file cannot be read, or what is in it may not be published.
    """
    artefacts = read_structure_files([folder])
    mutable = [artefact.urn for artefact in artefacts if not artefact.stable]
    async with writer.acquire() as connection:
        past = await load_past_states(connection, mutable)
        fresh = [one for one in artefacts if one.canonical() not in past.get(one.urn, ())]
        return await registry_publication.publish(
            connection, fresh, now, prepare=keep_organisations
        )


def keep_organisations(current: ArtefactSet, artefact: Artefact) -> Artefact:
    """An artefact of others as it is to be stored: an organisation scheme loses nobody here."""
    stored = current.get(artefact.urn)
    if stored is None or not artefact.artefact_class.unversioned:
        return artefact
    return add_listed(stored, artefact)


def shared_structures(settings: Settings) -> Path:
    """The folder of the shared structures: the one set, the delivered, or that of the checkout."""
    if settings.codelists_dir is not None:
        return settings.codelists_dir
    package = Path(app.__file__).parent
    delivered = package / "_codelists"
    return delivered if delivered.is_dir() else package.parent / "codelists"


def read_structure_files(paths: Iterable[Path]) -> list[Artefact]:
    """Read all artefacts of files and folders, in the order of the files' names.

    Raises:
        ConfigurationError: a file or folder is not there.
        InvalidArtefactError: two files hold the same artefact.
        VipmgError: a file is no structure message; the text names the file.
    """
    found: dict[str, tuple[Artefact, Path]] = {}
    for file in _files(paths):
        for artefact in _read(file):
            known = found.get(artefact.urn)
            if known is not None:
                raise InvalidArtefactError(
                    f"{artefact} is both in {known[1]} and in {file}.",
                    f"{artefact} está en {known[1]} y también en {file}.",
                    urn=artefact.urn,
                )
            found[artefact.urn] = artefact, file
    return [artefact for artefact, _ in found.values()]


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES)
        elif path.is_file():
            yield path
        else:
            raise ConfigurationError(
                f"There is no file or folder {path}.", f"No existe el archivo o carpeta {path}."
            )


def _read(file: Path) -> list[Artefact]:
    try:
        body = file.read_bytes()
        read = read_metadata_message if is_metadata_message(body) else read_structure_message
        return read(body)
    except VipmgError as error:
        raise type(error)(
            f"{file}: {error.text['en']}", f"{file}: {error.text['es']}", **error.detail
        ) from None
