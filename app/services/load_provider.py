"""Loading a provider's take-out into this service: all of it, or nothing."""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from app.auth.evidence import BrokenLinkError, Statement
from app.errors import ConflictError, MessageError
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.messages.metadata_json import read_metadata_sets
from app.sdmx.messages.structure_json import read_structures
from app.sdmx.terms import Terms
from app.sdmx.terms_sets import TermSets
from app.services.admit_submission import JOB
from app.services.publish_structures import keep_organisations
from app.services.take_out_archive import METADATA_SETS, TakeOut
from app.services.verify_evidence import Evidence, verify_evidence
from app.store import contents, jobs, registry_publication, take_in
from app.store.registry import load_current
from app.store.take_in import LeftOverError, Publications
from app.store.types import Connection, Pool

_CONTENT: Final = "submissions/content/"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was loaded.

    Attributes:
        organisation: whose take-out it is.
        is_new: False: it had been loaded before, and nothing was done.
        structures: URNs of artefacts that were added.
        kept: URNs of artefacts that are otherwise here, and were left as they are.
        publications: how many there are, and how many have their time of before.
        lines: how many rows of each member were stored.
    """

    organisation: str
    is_new: bool
    structures: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    publications: Publications = field(default_factory=lambda: Publications(0, 0))
    lines: Mapping[str, int] = field(default_factory=dict)


async def load_provider(writer: Pool, path: Path, now: dt.datetime) -> Loaded:
    """Load a take-out whose manifest, receipts and ledgers hold.

    Args:
        writer: the pool that may write.
        path: the archive.
        now: the instant at which its structures are published.

    Raises:
        MessageError: it is no take-out, was changed, or its parts do not fit each other.
        ConflictError: the provider has data here already, or structures here are others.
        VipmgError: its structures cannot be published here.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            take_out = TakeOut(archive)
            _verify(take_out)
            async with writer.acquire() as connection, connection.transaction():
                return await _load(connection, take_out, now)
    except (OSError, zipfile.BadZipFile) as error:
        raise MessageError(
            f"{path} cannot be opened as an archive.", f"{path} no se puede abrir como archivo ZIP."
        ) from error
    except LeftOverError as error:
        raise MessageError(
            f"{error.count} lines of {error.member} fit nothing in the take-out.",
            f"{error.count} líneas de {error.member} no corresponden a nada en la exportación.",
            member=error.member,
        ) from error


def _verify(take_out: TakeOut) -> None:
    """See that receipts and ledgers of the archive hold."""
    keys = orjson.loads(take_out.read("receipts/jwks.json"))["keys"]
    evidence = Evidence({str(key["kid"]): key for key in keys})
    for path in ("ledger/ledger.jsonl", "ledger/public-ledger.jsonl"):
        evidence.ledgers[path] = _Lines(take_out, path).open
    for path in ("receipts/receipts.jws", "ledger/heads.jws"):
        with take_out.lines(path) as lines:
            found = [Statement(path, number, text) for number, text in enumerate(lines, 1)]
        evidence.chains.append(found)
    broken = verify_evidence(evidence).broken
    if broken is not None:
        raise _broken(broken)


@dataclass(frozen=True, slots=True)
class _Lines:
    """The lines of a member, each time they are asked for."""

    take_out: TakeOut
    path: str

    @contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        with self.take_out.lines(self.path) as lines:
            yield (f"{line}\n".encode() for line in lines)


async def _load(connection: Connection, take_out: TakeOut, now: dt.datetime) -> Loaded:
    organisation = take_out.organisation
    await take_in.begin(connection)
    if await take_in.is_loaded(connection, take_out.sha256):
        return Loaded(organisation, is_new=False)
    await _require_room(connection, organisation)
    structures, kept = await _publish_structures(connection, take_out, now)
    numbers = await take_in.agreements(connection, organisation)
    for urn in take_out.manifest["agreements"]:
        if urn not in numbers:
            raise ConflictError(
                f"{urn} is not an agreement of {organisation} here.",
                f"{urn} no es aquí un convenio de {organisation}.",
                urn=urn,
            )
    with take_out.lines(take_in.PUBLICATIONS) as told:
        publications = await take_in.add_publications(connection, told, numbers)
    lines: dict[str, int] = {}
    for path in take_in.STATEMENTS:
        with take_out.lines(path) as rows:
            lines[path] = await take_in.add_lines(connection, path, rows, organisation)
    await _add_contents(connection, take_out)
    await _add_keys(connection, take_out, now)
    for submission in await take_in.place_submissions(connection, organisation):
        await jobs.enqueue(connection, JOB, submission)
    own = sorted(numbers[urn] for urn in take_out.manifest["agreements"])
    await take_in.end(connection, organisation, own, take_out.sha256, publications.count)
    return Loaded(organisation, True, structures, kept, publications, lines)


async def _require_room(connection: Connection, organisation: str) -> None:
    """See that nothing of the provider is here, which could not be told from what comes."""
    agreement = await take_in.occupied(connection, organisation)
    if agreement is not None or await take_in.has_sent(connection, organisation):
        what = agreement or organisation
        raise ConflictError(
            f"There are data or submissions of {what} here already: a take-out is loaded where "
            "its provider has sent nothing yet.",
            f"Ya hay datos o envíos de {what} aquí: una exportación se carga donde su proveedor "
            "aún no envió nada.",
        )


async def _publish_structures(
    connection: Connection, take_out: TakeOut, now: dt.datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Add the structures that are missing: URNs of these, and of those that are otherwise here."""
    kept: list[str] = []

    def prepare(current: ArtefactSet, artefact: Artefact) -> Artefact:
        stored = current.get(artefact.urn)
        if stored is None or artefact.artefact_class.unversioned or artefact.stable:
            return keep_organisations(current, artefact)
        if stored.canonical() != artefact.canonical():
            kept.append(artefact.urn)
        return stored

    # Terms with their agreements, and both before any figure: what they withhold is never shown.
    found = read_structures(take_out.read("structures/structures.json"))
    if take_out.names(METADATA_SETS):
        found += read_metadata_sets(take_out.read(METADATA_SETS))
    result = await registry_publication.publish(connection, found, now, prepare=prepare)
    held = (await load_current(connection)).artefacts
    _require_same_terms(take_out, ArtefactSet(found), held)
    return result.added, tuple(sorted(kept))


def _require_same_terms(take_out: TakeOut, brought: ArtefactSet, held: ArtefactSet) -> None:
    """See that the terms here withhold what those of the take-out do: its rooms come as they are.

    Raises:
        ConflictError: those of an agreement withhold otherwise.
    """
    theirs, ours = TermSets(brought), TermSets(held)
    for urn in take_out.manifest["agreements"]:
        was, now = theirs.of(urn), ours.of(urn)
        if was is None or now is None:
            continue  # without an agreement nothing is loaded
        for name in _withheld_otherwise(was, now):
            before, after = was.get(name) or "-", now.get(name) or "-"
            raise ConflictError(
                f"The terms of {urn} withhold otherwise here than where the take-out is from: "
                f"{name} is {after}, there {before}. Load it under the same terms; a new version "
                "of them then divides what is there anew.",
                f"Los términos de {urn} retienen aquí otra cosa que allí de donde viene la "
                f"exportación: {name} es {after}, allí {before}. Cárguela con los mismos "
                "términos; después, una versión nueva de ellos divide de nuevo lo que hay.",
                urn=urn,
                term=name,
            )


def _withheld_otherwise(was: Terms, now: Terms) -> Iterator[str]:
    """The terms that do not withhold the same from the public."""
    if was.minimum_cell != now.minimum_cell:
        yield "MINIMUM_CELL"
    if was.embargo != now.embargo:
        yield "EMBARGO"


async def _add_contents(connection: Connection, take_out: TakeOut) -> None:
    hashes = {file["path"]: file["sha256"] for file in take_out.manifest["files"]}
    for path in take_out.names(_CONTENT):
        name = path.removeprefix(_CONTENT)
        if hashes[path] != name:
            raise LeftOverError(path, 1)
        parts = (zlib.compress(part, 1) for part in take_out.parts(path, contents.PART_BYTES))
        await contents.put(connection, name, parts)


async def _add_keys(connection: Connection, take_out: TakeOut, now: dt.datetime) -> None:
    """Keep the public keys: here they check the receipts of before, and sign nothing."""
    keys: list[dict[str, Any]] = orjson.loads(take_out.read("receipts/jwks.json"))["keys"]
    for key in keys:
        if "d" in key:
            raise LeftOverError("receipts/jwks.json", 1)
        until = dt.datetime.fromtimestamp(key["exp"], dt.UTC) if "exp" in key else now
        await take_in.add_public_key(connection, key, until)


def _broken(broken: BrokenLinkError) -> MessageError:
    kind, name, number = broken.place
    return MessageError(
        f"What the take-out says of itself does not hold: {kind} {name} {number}, {broken.field}.",
        f"Lo que la exportación dice de sí misma no se sostiene: {kind} {name} {number}, "
        f"{broken.field}.",
        place=list(broken.place),
        field=broken.field,
    )
