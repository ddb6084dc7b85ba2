"""Reading a stored submission again for the cells of one agreement, under given maps."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final

import structlog

from app.errors import DestroyedError, VipmgError
from app.sdmx.actions import Segment
from app.sdmx.findings import Finding
from app.sdmx.intake import Key, Target
from app.sdmx.mapping import CompiledMap, compile_map
from app.sdmx.mapping.harmonising import Harmonising
from app.sdmx.validation import Validator
from app.services.find_map import find_map
from app.services.find_structure import find_structure
from app.services.find_target import find_target
from app.services.open_again import open_again
from app.store import contents
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.submissions import StoredSubmission
from app.store.types import Connection

log = structlog.get_logger("vipmg.redact")

SPOOL_MEMORY_BYTES: Final = 8 << 20
AS_BEFORE: Final = 1 << 40
"""What was read once within the limits of the service is read again without."""


async def read_cells(
    connection: Connection,
    catalogue: Catalogue,
    stored: StoredSubmission,
    agreement: StoredAgreement,
    maps: Sequence[str],
    take: Callable[[Key, Segment], None],
) -> None:
    """Give each segment that the submission has for the agreement; none of a destroyed file.

    Where the structures that it was read by are there no more it ends, which is logged: nothing
    can be published from the file again either.

    Args:
        connection: that may read what was sent.
        catalogue: the registry.
        stored: the submission.
        agreement: whose series are wanted.
        maps: URNs of the maps by which national rows are read, each by itself.
        take: gets key and segment, in a thread.
    """
    with tempfile.SpooledTemporaryFile(SPOOL_MEMORY_BYTES) as spool:
        try:
            await contents.spool(connection, stored.sha256, spool)
        except DestroyedError:
            return
        reading = _Reading(catalogue, stored, agreement, maps)
        try:
            await asyncio.to_thread(reading.run, spool, take)
        except VipmgError as error:
            log.warning("cannot be read again", submission=str(stored.id), reason=str(error))


class _Reading:
    def __init__(
        self,
        catalogue: Catalogue,
        stored: StoredSubmission,
        agreement: StoredAgreement,
        maps: Sequence[str],
    ) -> None:
        self._catalogue = catalogue
        self._stored = stored
        self._agreement = agreement
        self._maps = maps

    def run(self, spool: IO[bytes], take: Callable[[Key, Segment], None]) -> None:
        reader = open_again(
            self._catalogue, self._stored, spool, max_bytes=AS_BEFORE, max_xlsx_rows=AS_BEFORE
        )
        harmonising = Harmonising(self._compiled, _ignore)
        validator = Validator(self._resolve, _ignore)
        for batch in reader.batches():
            reader.findings.clear()
            for target, key, segment in harmonising.check(validator, batch):
                if target.agreement == self._agreement.id:
                    take(key, segment)

    def _resolve(self, kind: str, structure: str) -> Target | str:
        return find_target(self._catalogue, [self._agreement], kind, structure)

    def _compiled(self, kind: str, structure: str) -> list[CompiledMap]:
        """The maps that lead from what rows name to the agreement."""
        named = find_structure(self._catalogue, kind, structure)
        if isinstance(self._resolve(kind, structure), Target) or named is None:
            return []
        flow = self._catalogue.flow(self._agreement.dataflow_urn)
        targets = (flow.urn, flow.structure_urn)
        return [
            one
            for one in self._usable()
            if one.target in targets and named.urn in self._sources(one, kind)
        ]

    def _sources(self, one: CompiledMap, kind: str) -> tuple[str, ...]:
        """What rows may name that a map reads: its source, or a dataflow of its data structure."""
        if kind == "dataflow" and ".DataStructure=" in one.source:
            return tuple(self._catalogue.snapshot.artefacts.parents(one.source))
        return (one.source,)

    def _usable(self) -> Iterator[CompiledMap]:
        artefacts = self._catalogue.snapshot.artefacts
        for urn in dict.fromkeys(self._maps):
            try:
                yield compile_map(artefacts, find_map(artefacts, urn))
            except VipmgError:
                continue


def _ignore(_finding: Finding) -> None:
    """What is wrong with the rows was told when they came."""
