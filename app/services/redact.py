"""Redacting: what must leave history as well, by a publication of its own in the ledger."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.errors import NotFoundError, NotUndoableError, QuerySemanticError
from app.sdmx.flow import Flow
from app.sdmx.intake import PartialKey
from app.sdmx.redacted_cells import Taken
from app.sdmx.redaction import Chosen, figures_of, within, written_by
from app.sdmx.time_period import parse_time_period
from app.sdmx.undo import Past, Version
from app.services.derive.publish_derived import PROVIDER
from app.services.redact_notes import redact_notes
from app.services.redacted_sources import ReadAgain, figures_read_again, keep_out_rows
from app.services.settle_nil_returns import settle_nil_returns
from app.services.submission_preview import preview_of
from app.store import notices, publication, redacted_texts, redaction, submissions
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.effects import Publication
from app.store.ledger import Place
from app.store.redaction import Counts, Scope
from app.store.submissions import StoredSubmission
from app.store.types import Connection, Pool, Record
from app.store.undo import lock_concerned

REDACTABLE = frozenset({"published", "awaiting release", "superseded", "rolled back", "withdrawn"})
"""States of submissions whose figures stand in history."""


@dataclass(frozen=True, slots=True)
class RedactionOrder:
    """What is to be redacted, and on whose order.

    Attributes:
        submission: all that it wrote; or else:
        agreement: id or `AGENCY:ID(VERSION)` of the agreement.
        keys: `A.CRI`, dimensions that are open as `*` or empty.
        first: the first time period; None: from the begin.
        last: the last time period; None: to the end.
        reference: of the legal order.
        actors: who asks for it, and who approved.
        destroy: keep no copy of the journal rows.
        destroy_file: destroy the bytes that were sent, too.
    """

    reason: str
    reference: str
    actors: Sequence[str]
    submission: uuid.UUID | None = None
    agreement: str | None = None
    keys: Sequence[str] = ()
    first: str | None = None
    last: str | None = None
    destroy: bool = False
    destroy_file: bool = False

    @property
    def scope(self) -> dict[str, Any]:
        """What is redacted, for the record."""
        if self.submission is not None:
            return {"submission": str(self.submission), "destroy_file": self.destroy_file}
        bounds = {"from": self.first, "to": self.last}
        return {"agreement": self.agreement, "keys": list(self.keys), **bounds}


@dataclass(slots=True)
class RedactionReport:
    """What a redaction did, or would do.

    Attributes:
        counts: versions and rows of both rooms.
        agreements: URNs of the agreements concerned.
        place: its place in the ledger; None: it was only tried.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    agreements: Sequence[str] = ()
    preview: Mapping[str, Any] = field(default_factory=dict)
    begun: Publication | None = None
    place: Place | None = None


class _TriedError(Exception):
    """Carries the report of a try out of its transaction, which is rolled back by it."""

    def __init__(self, report: RedactionReport) -> None:
        super().__init__("tried")
        self.report = report


async def redact(pool: Pool, order: RedactionOrder, *, dry_run: bool) -> RedactionReport:
    """Redact in one transaction; a dry run does all of it and rolls it back.

    Raises:
        NotFoundError: there is no such submission or agreement.
        NotUndoableError: the submission has nothing in history.
        QuerySyntaxError: a time period is none.
        QuerySemanticError: a key does not suit the agreement.
    """
    async with pool.acquire() as connection:
        catalogue = await CatalogueCache().current(connection)
        try:
            async with connection.transaction():
                about = f"submission/{order.submission}" if order.submission else order.agreement
                report = await redact_within(
                    connection, catalogue, order, actor="vipmg", about=about or "", sha256=None
                )
                if dry_run:
                    report.place = None
                    raise _TriedError(report)
        except _TriedError as tried:
            return tried.report
    return report


async def redact_within(
    connection: Connection,
    catalogue: Catalogue,
    order: RedactionOrder,
    *,
    actor: str,
    about: str,
    sha256: str | None,
) -> RedactionReport:
    """Redact in a transaction of the caller.

    Raises:
        NotFoundError: there is no such submission or agreement.
        NotUndoableError: the submission has nothing in history.
        QuerySyntaxError: a time period is none.
        QuerySemanticError: a key does not suit the agreement.
    """
    await redaction.take_role(connection)
    begun = await publication.begin_publication(connection, None)
    counts = Counts()
    concerned = await _concerned(connection, order)
    for agreement, written in concerned:
        scope = await _scope(connection, catalogue, order, agreement, written)
        taken = await redaction.publish_redaction(
            connection, begun, agreement, scope, counts, destroy=order.destroy
        )
        await _follow(connection, catalogue, order, agreement, taken)
    place = await publication.end_publication(
        connection, begun, action="redaction", actor=actor, about=about, content_sha256=sha256
    )
    if order.submission is not None:
        await redaction.end_submission(
            connection, order.submission, destroy_file=order.destroy_file
        )
        await redacted_texts.empty_mapping(connection, order.submission)
        await settle_nil_returns(connection, [row["id"] for row, _ in concerned], None)
    await redaction.record(
        connection,
        begun,
        about=about,
        scope=order.scope,
        reason=order.reason,
        reference=order.reference,
        actors=order.actors,
        destroyed=order.destroy,
        counts=counts,
    )
    await notices.tell_redacted(connection)
    urns = [agreement["urn"] for agreement, _ in concerned]
    preview = preview_of(catalogue, urns, begun.effects)
    return RedactionReport(counts.document, urns, preview, begun, place)


async def _concerned(
    connection: Connection, order: RedactionOrder
) -> list[tuple[Record, StoredSubmission | None]]:
    """The agreements, locked, and the submission whose versions are redacted."""
    if order.submission is None:
        agreement = await redaction.lock_agreement(connection, order.agreement or "")
        if agreement is None:
            raise NotFoundError(
                f"There is no agreement {order.agreement!r}.",
                f"No hay ningún convenio {order.agreement!r}.",
            )
        return [(agreement, None)]
    stored = await submissions.by_id(connection, order.submission)
    if stored is None:
        raise NotFoundError(
            f"There is no submission {order.submission}.",
            f"No hay ningún envío {order.submission}.",
        )
    if stored.publication_id is None or stored.state not in REDACTABLE:
        raise NotUndoableError(
            f"The submission is {stored.state}: nothing of it stands in history.",
            f"El envío está en el estado {stored.state!r}: nada suyo está en el historial.",
            state=stored.state,
        )
    locked = await lock_concerned(connection, stored.publication_id)
    return [(agreement, stored) for agreement in locked]


async def _follow(
    connection: Connection,
    catalogue: Catalogue,
    order: RedactionOrder,
    agreement: Record,
    taken: Taken,
) -> None:
    """Leave nothing beside the rooms that tells of what was taken."""
    await redacted_texts.empty_findings(
        connection, agreement["provider"], agreement["urn"], taken.texts
    )
    await redact_notes(connection, catalogue, agreement["id"], taken)
    known = catalogue.agreements.get(agreement["id"])
    if known is not None and known.provider != PROVIDER and taken.keys:
        await keep_out_rows(connection, catalogue, known, taken, order.submission)


async def _scope(
    connection: Connection,
    catalogue: Catalogue,
    order: RedactionOrder,
    agreement: Record,
    written: StoredSubmission | None,
) -> Scope:
    known = catalogue.agreements.get(agreement["id"])
    flow = None if known is None else catalogue.flow(known.dataflow_urn, known.urn)
    measures = [] if flow is None else [measure.id for measure in flow.measures]
    if written is not None:
        again = ReadAgain()
        if known is not None:
            again = await figures_read_again(connection, catalogue, known, written)
        return _scope_of_submission(flow, measures, written, again)
    keys = [_key(text, agreement["dimensions"]) for text in order.keys]
    passes = _passes(order)
    whole = order.first is None and order.last is None

    def choose(_key: PartialKey, past: Past) -> tuple[Chosen, Chosen]:
        return within(past, passes, attributes=whole)

    def choose_above(key: PartialKey, past: Past) -> tuple[Chosen, Chosen]:
        if whole and any(_covers(each, key) for each in keys):
            return within(past, passes, attributes=True)
        return {}, {}

    return Scope((), keys, choose, choose_above, measures)


def _scope_of_submission(
    flow: Flow | None, measures: Sequence[str], written: StoredSubmission, again: ReadAgain
) -> Scope:
    """What a submission wrote, and what was read from its file later."""
    own = frozenset({written.publication_id or 0})
    needed = () if flow is None else (*flow.series_attributes, *flow.partial_attributes)
    mandatory = frozenset(each.id for each in needed if each.mandatory)

    def choose(key: PartialKey, past: Past) -> tuple[Chosen, Chosen]:
        def owns(time: str, version: Version) -> bool:
            by = {version.publication, version.owner}
            if by & own:
                return True
            figures = figures_of(version.value, measures)
            return bool(by & again.publications) and again.cells.holds(key, time, figures)

        return written_by(past, owns, own, measures, mandatory)

    def choose_above(key: PartialKey, past: Past) -> tuple[Chosen, Chosen]:
        observations, attributes = choose(key, past)
        return observations, {n: v for n, v in attributes.items() if n not in mandatory}

    return Scope((*own, *sorted(again.publications)), (), choose, choose_above, measures)


def _key(text: str, dimensions: Sequence[str]) -> PartialKey:
    codes = text.split(".")
    if len(codes) != len(dimensions):
        named = ".".join(dimensions)
        raise QuerySemanticError(
            f"The key {text!r} has {len(codes)} positions; the agreement has {named}.",
            f"La clave {text!r} tiene {len(codes)} posiciones; el convenio tiene {named}.",
        )
    return tuple(None if code in {"", "*"} else code for code in codes)


def _covers(asked: PartialKey, key: PartialKey) -> bool:
    """Whether all series under a key are asked for."""
    return all(code is None or code == own for code, own in zip(asked, key, strict=True))


def _passes(order: RedactionOrder) -> Callable[[str], bool]:
    first = None if order.first is None else parse_time_period(order.first).start_date
    last = None if order.last is None else parse_time_period(order.last).end_date

    def passes(time: str) -> bool:
        if first is None and last is None:
            return True
        if not time:
            return False
        period = parse_time_period(time)
        return (first is None or period.start_date >= first) and (
            last is None or period.end_date <= last
        )

    return passes
