"""The registry: artefacts in every state they were stored in, read as one immutable snapshot.

The registry is small (hundreds of artefacts), so that readers take it whole, once a revision;
`RegistryCache` asks the database only for the number of the revision.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import orjson

from app.sdmx.artefact_classes import CLASS_BY_NAME
from app.sdmx.artefact_set import ArtefactSet
from app.sdmx.artefacts import Artefact
from app.sdmx.localisation import Localisations, languages_of
from app.store.types import Connection, Record

_REVISION = "SELECT revision, revised_at, restore_epoch FROM registry WHERE id = 1"

# One statement, so that the revision and the artefacts are of one moment. The registry has
# a row before it has any artefact, hence the outer join.
_CURRENT = """
SELECT registry.revision, registry.revised_at, registry.restore_epoch,
       artefact.class, artefact.document::text AS document, edge.urns
FROM registry
LEFT JOIN artefact ON artefact.recorded_to IS NULL
LEFT JOIN (SELECT artefact, array_agg(to_urn) AS urns FROM artefact_reference GROUP BY artefact)
  AS edge ON edge.artefact = artefact.id
WHERE registry.id = 1
ORDER BY artefact.id
"""

_AS_OF = """
SELECT artefact.class, artefact.document::text AS document, edge.urns
FROM artefact
LEFT JOIN (SELECT artefact, array_agg(to_urn) AS urns FROM artefact_reference GROUP BY artefact)
  AS edge ON edge.artefact = artefact.id
WHERE recorded_from <= $1 AND (recorded_to IS NULL OR recorded_to > $1)
ORDER BY artefact.id
"""


_PAST = """
SELECT class, document::text AS document FROM artefact
WHERE urn = ANY ($1) AND recorded_to IS NOT NULL
"""


@dataclass(frozen=True)
class RegistrySnapshot:
    """The registry at one revision.

    Attributes:
        revision: counts the changes of the registry.
        revised_at: when the last change was made.
        restore_epoch: another text after each restore of a backup.
        artefacts: all current artefacts.
    """

    revision: int
    revised_at: dt.datetime
    restore_epoch: str
    artefacts: ArtefactSet

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """All languages that there are texts in, those of the service first."""
        return languages_of(self.artefacts)

    @cached_property
    def localisations(self) -> Localisations:
        """The artefacts in the languages that were asked for last."""
        return Localisations()


class RegistryCache:
    """The current snapshot of one process, loaded anew when the revision has moved."""

    def __init__(self) -> None:
        self._snapshot: RegistrySnapshot | None = None
        self._loading = asyncio.Lock()

    async def current(self, connection: Connection) -> RegistrySnapshot:
        """Give the snapshot of the revision that the connection sees."""
        [row] = await connection.fetch(_REVISION)
        known = self._snapshot
        if known is not None and _is_of(known, row):
            return known
        async with self._loading:
            known = self._snapshot
            if known is None or not _is_of(known, row):
                known = self._snapshot = await load_current(connection)
        return known


def _is_of(snapshot: RegistrySnapshot, row: Record) -> bool:
    return (snapshot.revision, snapshot.restore_epoch) == (row["revision"], row["restore_epoch"])


async def load_current(connection: Connection) -> RegistrySnapshot:
    """Read all current artefacts."""
    rows = await connection.fetch(_CURRENT)
    first = rows[0]
    return RegistrySnapshot(
        first["revision"],
        first["revised_at"],
        first["restore_epoch"],
        _artefact_set(row for row in rows if row["class"] is not None),
    )


async def load_as_of(connection: Connection, instant: dt.datetime) -> ArtefactSet:
    """Read all artefacts as they were stored at an instant."""
    return _artefact_set(await connection.fetch(_AS_OF, instant))


async def load_past_states(
    connection: Connection, urns: Iterable[str]
) -> dict[str, frozenset[bytes]]:
    """Read the states that artefacts once had and have no more, in their canonical form."""
    found: dict[str, set[bytes]] = {}
    for row in await connection.fetch(_PAST, list(urns)):
        state = Artefact.read(CLASS_BY_NAME[row["class"]], orjson.loads(row["document"]))
        found.setdefault(state.urn, set()).add(state.canonical())
    return {urn: frozenset(states) for urn, states in found.items()}


def _artefact_set(rows: Iterable[Record]) -> ArtefactSet:
    artefacts: list[Artefact] = []
    references: dict[str, list[str]] = {}
    for row in rows:
        document = orjson.loads(row["document"])
        artefact = Artefact.read(CLASS_BY_NAME[row["class"]], document)
        artefacts.append(artefact)
        references[artefact.urn] = row["urns"] or []
    return ArtefactSet(artefacts, references)
