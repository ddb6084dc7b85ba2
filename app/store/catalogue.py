"""The catalogue: the registry at one revision, as work on data needs it.

It adds the numbers that the store gives to dataflows and agreements, and resolved flows, all
kept in memory until the revision moves.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace

import orjson

from app.errors import InvalidArtefactError
from app.sdmx.checks.binding import Checks, checks_of
from app.sdmx.constraints import may_overlap
from app.sdmx.flow import Flow, constraints_of, resolve_flow
from app.sdmx.room_rules import room_rule
from app.sdmx.terms import Terms, has_expired
from app.sdmx.terms_sets import TermSets
from app.store.registry import RegistryCache, RegistrySnapshot
from app.store.types import Connection

_log = logging.getLogger(__name__)

REMEMBERED = 4096
"""Selections of structures that are remembered for one revision."""

_DATAFLOWS = "SELECT id, urn FROM dataflow"
_AGREEMENTS = """
SELECT id, urn, dataflow_id, provider, precedence, readers, fixed_attributes, expires
FROM agreement WHERE active ORDER BY precedence DESC, id
"""


@dataclass(frozen=True, slots=True)
class StoredAgreement:
    """An agreement with its number; `dataflow` is the number of its dataflow."""

    id: int
    urn: str
    dataflow: int
    dataflow_urn: str
    provider: str
    precedence: int
    readers: tuple[str, ...]
    fixed: Mapping[str, str]
    expires: dt.date | None = None

    def readers_on(self, day: dt.date) -> tuple[str, ...]:
        """Who may read what is withheld, beside the provider: nobody after its last day."""
        return () if has_expired(self.expires, day) else self.readers


@dataclass
class Catalogue:
    """The registry at one revision, with numbers and resolved flows.

    Attributes:
        agreements: by number, those of the highest precedence first.
        dataflows: number of each dataflow by its URN.
    """

    snapshot: RegistrySnapshot
    agreements: Mapping[int, StoredAgreement]
    dataflows: Mapping[str, int]
    _flows: dict[tuple[str, str | None], Flow] = field(default_factory=dict)
    _unresolved: dict[tuple[str, str | None], InvalidArtefactError] = field(default_factory=dict)
    _checks: dict[str, Checks] = field(default_factory=dict)
    _terms: dict[str, Terms] = field(default_factory=dict)
    _term_sets: TermSets | None = None
    _overlaps: dict[tuple[int, int], bool] = field(default_factory=dict)
    _remembered: dict[Hashable, list[str]] = field(default_factory=dict)

    def flow(self, urn: str, agreement: str | None = None) -> Flow:
        """The resolved dataflow (or data structure), with the constraints of an agreement.

        Raises:
            InvalidArtefactError: it cannot be resolved, which is logged once.
        """
        key = (urn, agreement)
        if key in self._unresolved:
            raise self._unresolved[key]
        if key not in self._flows:
            try:
                self._flows[key] = resolve_flow(self.snapshot.artefacts, urn, agreement)
            except InvalidArtefactError as error:
                self._unresolved[key] = error
                _log.error("%s", error, exc_info=error.__cause__)
                raise
        return self._flows[key]

    def checks(self, agreement: str, flow: Flow) -> Checks:
        """The checks that hold for what is sent under an agreement to its dataflow."""
        if agreement not in self._checks:
            checks = checks_of(self.snapshot.artefacts, agreement, flow)
            if checks.series is not None and (terms := self.terms(agreement)).minimum_cell:
                rule = room_rule(terms, self.snapshot.artefacts, flow.urn)
                checks = replace(checks, series=checks.series.under(rule))
            self._checks[agreement] = checks
        return self._checks[agreement]

    def find_flow(self, urn: str) -> Flow | None:
        """The resolved dataflow (or data structure); None where it cannot be resolved."""
        try:
            return self.flow(urn)
        except InvalidArtefactError:
            return None

    def structure_flow(self, structure: str, dataflow: str) -> Flow:
        """A data structure with those of its dimensions that a dataflow has."""
        whole, used = self.flow(structure), self.flow(dataflow)
        if len(used.dimensions) == len(whole.dimensions):
            return whole
        key = (structure, dataflow)
        if key not in self._flows:
            self._flows[key] = replace(
                used, urn=whole.urn, names=whole.names, constraints=whole.constraints
            )
        return self._flows[key]

    def remembered(self, asked: Hashable, find: Callable[[], list[str]]) -> list[str]:
        """The URNs that something asked for means at this revision, found once."""
        found = self._remembered.get(asked)
        if found is None:
            found = find()
            if len(self._remembered) < REMEMBERED:
                self._remembered[asked] = found
        return found

    def terms(self, agreement: str) -> Terms:
        """The terms of the agreement of a URN: of its metadata set, else of its annotations.

        Raises:
            InvalidArtefactError: it is not in the registry any more.
        """
        known = self._terms.get(agreement)
        if known is None:
            if self._term_sets is None:
                self._term_sets = TermSets(self.snapshot.artefacts)
            known = self._term_sets.of(agreement)
            if known is None:
                raise InvalidArtefactError(
                    f"{agreement} is not in the registry.", f"{agreement} no está registrado."
                )
            self._terms[agreement] = known
        return known

    def needs_approval(self, agreement: str) -> bool:
        """Whether a second person has to approve what is published under an agreement."""
        return self.terms(agreement).needs_approval

    def agreements_of(self, dataflow: int) -> list[StoredAgreement]:
        """The agreements of a dataflow, those of the highest precedence first."""
        return [a for a in self.agreements.values() if a.dataflow == dataflow]

    def of_provider(self, organisation: str) -> list[StoredAgreement]:
        """The agreements that a data provider sends to."""
        return [one for one in self.agreements.values() if one.provider == organisation]

    def may_overlap(self, left: StoredAgreement, right: StoredAgreement) -> bool:
        """Whether two agreements of one dataflow could hold the same key."""
        pair = (left.id, right.id)
        if pair not in self._overlaps:
            artefacts = self.snapshot.artefacts
            self._overlaps[pair] = may_overlap(
                list(constraints_of(artefacts, left.urn)),
                list(constraints_of(artefacts, right.urn)),
            )
        return self._overlaps[pair]


class CatalogueCache:
    """The catalogue of one process, built anew when the revision of the registry has moved."""

    def __init__(self, registry: RegistryCache | None = None) -> None:
        self.registry = registry or RegistryCache()
        self._catalogue: Catalogue | None = None

    async def current(self, connection: Connection) -> Catalogue:
        """The catalogue at the revision that the connection sees."""
        snapshot = await self.registry.current(connection)
        known = self._catalogue
        if known is None or known.snapshot is not snapshot:
            known = self._catalogue = await _load(connection, snapshot)
        return known

    @property
    def known(self) -> Catalogue | None:
        """The catalogue as last seen, without asking the database."""
        return self._catalogue


async def _load(connection: Connection, snapshot: RegistrySnapshot) -> Catalogue:
    dataflows = {row["id"]: row["urn"] for row in await connection.fetch(_DATAFLOWS)}
    agreements = {
        row["id"]: StoredAgreement(
            row["id"],
            row["urn"],
            row["dataflow_id"],
            dataflows[row["dataflow_id"]],
            row["provider"],
            row["precedence"],
            tuple(row["readers"]),
            orjson.loads(row["fixed_attributes"]),
            row["expires"],
        )
        for row in await connection.fetch(_AGREEMENTS)
    }
    return Catalogue(snapshot, agreements, {urn: number for number, urn in dataflows.items()})
