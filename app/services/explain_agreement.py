"""Why somebody can or cannot send or see something under an agreement, as it stands now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.auth.rights import may_maintain, may_submit
from app.auth.subject import OrganisationKind, Subject
from app.errors import NotAuthorisedError, NotFoundError, QuerySyntaxError
from app.models.agreement_terms import CellReply, ExplanationReply, RuleReply
from app.sdmx.flow import Flow
from app.sdmx.intake import Target
from app.sdmx.room_rules import room_rule
from app.sdmx.rooms import CONFIDENTIALITY, FOR_GOOD, RoomRule, is_confidential, is_marker
from app.sdmx.terms import Terms
from app.sdmx.terms_explained import (
    Action,
    Explanation,
    Question,
    Seen,
    explain,
    sees_withheld,
)
from app.sdmx.terms_rows import row_rules
from app.sdmx.terms_texts import PUBLIC
from app.sdmx.time_period import parse_time_period
from app.services.find_any_agreement import find_any_agreement
from app.store import clients
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.cells import Cell, read_cell
from app.store.pools import Pools, with_retry
from app.store.types import Connection

_OPEN: Final = frozenset({"", "*"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it comes: whom it is about, and what."""

    agreement: str
    action: Action
    organisation: str = ""
    client: str = ""
    key: str = ""
    period: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class _About:
    """Whom a question is about; no organisation: anybody."""

    organisation: str | None
    kind: OrganisationKind | None

    @property
    def subject(self) -> Subject | None:
        return None if self.organisation is None else Subject("", self.organisation, self.kind)


async def explain_agreement(
    pools: Pools, cache: CatalogueCache, caller: Subject, asked: Asked, language: str
) -> ExplanationReply:
    """Say why the caller, or another organisation, can or cannot send or see something.

    Raises:
        NotFoundError: there is no such agreement, or no such organisation or client.
        NotAuthorisedError: the question is about others, and the caller is neither the provider
            nor of the agency of the agreement.
        QuerySyntaxError: the key does not suit the dataflow, or the period is none.
    """

    async def read() -> ExplanationReply:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            stored = find_any_agreement(catalogue, caller, asked.agreement)
            about = await _about(connection, caller, stored, asked)
            return await _explained(connection, catalogue, stored, caller, about, asked, language)

    return await with_retry(read)


async def _about(
    connection: Connection, caller: Subject, stored: StoredAgreement, asked: Asked
) -> _About:
    kind = caller.organisation_kind
    named = asked.organisation
    if not named and not asked.client:
        return _About(caller.organisation, kind)
    if named == PUBLIC and not asked.client:
        return _About(None, None)
    is_party = caller.organisation == stored.provider or may_maintain(caller, _agency(stored))
    if asked.client:
        client = await clients.get_client(connection, asked.client)
        if client is not None and client.organisation == caller.organisation:
            return _about_organisation(client.organisation, {client.organisation_kind})
        if not is_party:
            raise _not_a_party(stored)
        if client is None:
            raise NotFoundError(
                f"There is no client {asked.client[:100]!r}.",
                f"No existe un cliente {asked.client[:100]!r}.",
            )
        return _about_organisation(client.organisation, {client.organisation_kind})
    if named == caller.organisation:
        return _About(named, kind)
    if not is_party:
        raise _not_a_party(stored)
    kinds = {k for name, k in await clients.list_organisations(connection) if name == named}
    if not kinds:
        raise NotFoundError(
            f"There is no organisation {named[:100]!r}.",
            f"No existe una organización {named[:100]!r}.",
        )
    return _about_organisation(named, kinds)


def _about_organisation(named: str, kinds: Collection[str]) -> _About:
    """One that is in both schemes is a data provider."""
    return _About(named, "data_provider" if "data_provider" in kinds else "data_consumer")


def _not_a_party(stored: StoredAgreement) -> NotAuthorisedError:
    return NotAuthorisedError(
        f"Only {stored.provider} and {_agency(stored)} may ask about others here.",
        f"Solo {stored.provider} y {_agency(stored)} pueden preguntar aquí por otros.",
    )


def _agency(stored: StoredAgreement) -> str:
    return stored.urn.rpartition("=")[2].partition(":")[0]


async def _explained(
    connection: Connection,
    catalogue: Catalogue,
    stored: StoredAgreement,
    caller: Subject,
    about: _About,
    asked: Asked,
    language: str,
) -> ExplanationReply:
    flow = catalogue.flow(stored.dataflow_urn, stored.urn)
    terms = catalogue.terms(stored.urn)
    now = dt.datetime.now(dt.UTC)
    key = _key(flow, asked)
    if asked.period and asked.action == "see":
        parse_time_period(asked.period)
    cell = None
    if asked.action == "see" and key and None not in key and (asked.period or flow.time is None):
        whole = [code or "" for code in key]
        cell = await read_cell(connection, stored.id, whole, asked.period)
    entitled = sees_withheld(terms, _question(terms, caller.organisation, caller, asked, now))
    rule = room_rule(terms, catalogue.snapshot.artefacts, stored.dataflow_urn)
    question = _question(
        terms,
        about.organisation,
        about.subject,
        asked,
        now,
        key=key,
        observation=_observation(flow, asked, cell if entitled else _public_only(cell)),
        attributes={} if cell is None else cell.attributes,
    )
    if cell is not None and not asked.value:
        question = replace(
            question,
            public=_seen(cell),
            is_newer=entitled and cell.withheld is not None,
            is_beside=_is_beside(cell, rule, entitled=entitled),
            is_by_terms=_is_by_terms(cell),
        )
    target = Target(stored.id, stored.urn, flow, stored.fixed, agreed=row_rules(terms, flow))
    found = explain(terms, target, rule, question)
    return _reply(stored, about, asked, found, _cell_reply(cell, entitled=entitled), language)


def _question(
    terms: Terms,
    organisation: str | None,
    subject: Subject | None,
    asked: Asked,
    now: dt.datetime,
    *,
    key: tuple[str | None, ...] = (),
    observation: Mapping[str, Any] | None = None,
    attributes: Mapping[str, Any] | None = None,
) -> Question:
    return Question(
        asked.action,
        organisation or PUBLIC,
        may_submit(subject, terms.provider),
        organisation is not None and organisation in terms.readers,
        now,
        key,
        asked.period or None,
        observation or {},
        attributes or {},
    )


def _key(flow: Flow, asked: Asked) -> tuple[str | None, ...]:
    """The codes of a key such as `M.CRI.*`; the frequency may come from the period."""
    if not asked.key:
        key: list[str | None] = [None] * len(flow.dimensions)
    else:
        key = [None if code in _OPEN else code for code in asked.key.split(".")]
    if len(key) != len(flow.dimensions):
        names = ".".join(dimension.id for dimension in flow.dimensions)
        raise QuerySyntaxError(
            f"The key {asked.key[:100]!r} has {len(key)} positions; wanted is {names}, open ones "
            "as *.",
            f"La clave {asked.key[:100]!r} tiene {len(key)} posiciones; se espera {names}, las "
            "abiertas con *.",
        )
    if asked.period and flow.frequency is not None and key[flow.frequency] is None:
        frequency = _frequency(asked.period)
        if frequency in flow.dimensions[flow.frequency].code_set:
            key[flow.frequency] = frequency
    return tuple(key)


def _frequency(period: str) -> str | None:
    try:
        return parse_time_period(period).frequency
    except QuerySyntaxError:
        return None  # what is wrong with it is said by the check of a row


def _observation(flow: Flow, asked: Asked, cell: Cell | None) -> dict[str, Any]:
    if asked.value and flow.measures:
        return {flow.measures[0].id: asked.value}
    if cell is None:
        return {}
    return dict(cell.withheld if cell.withheld is not None else cell.public or {})


def _public_only(cell: Cell | None) -> Cell | None:
    return None if cell is None else Cell(cell.public, None, None, cell.attributes)


def _cell_reply(cell: Cell | None, *, entitled: bool) -> CellReply | None:
    if cell is None:
        return None
    withheld, release = None, None
    if entitled:
        withheld = "nothing"
        if cell.withheld is not None and cell.release_at is not None:
            withheld = "for good" if cell.release_at >= FOR_GOOD else "until"
            release = cell.release_at if withheld == "until" else None
    return CellReply.model_validate(
        {"public": _seen(cell), "withheld": withheld, "release_at": release}
    )


def _seen(cell: Cell) -> Seen:
    """What the public sees of a figure."""
    if cell.public is None:
        return "nothing"
    return "marker" if is_marker(cell.public) else "value"


def _is_beside(cell: Cell, rule: RoomRule, *, entitled: bool) -> bool:
    """Whether a figure is suppressed for another's sake; the public knows by its marker alone."""
    if not rule.sums or _seen(cell) == "value":
        return False
    if entitled:
        sent, release = cell.withheld, cell.release_at
        if sent is None or release is None or release < FOR_GOOD:
            return False
        small = rule.multiplied(cell.attributes).is_small(sent)
        return not is_confidential(sent) and not small
    marker = rule.marker_beside.get(CONFIDENTIALITY)
    said = (cell.public or {}).get(CONFIDENTIALITY)
    return said == marker and marker != rule.marker.get(CONFIDENTIALITY)


def _is_by_terms(cell: Cell) -> bool:
    """Whether the marker that all see was put by the terms; the reason is no secret."""
    if _seen(cell) != "marker" or cell.withheld is None or cell.release_at is None:
        return False
    return cell.release_at >= FOR_GOOD and not is_confidential(cell.withheld)


def _reply(
    stored: StoredAgreement,
    about: _About,
    asked: Asked,
    found: Explanation,
    cell: CellReply | None,
    language: str,
) -> ExplanationReply:
    def spoken(texts: Mapping[str, str]) -> str:
        return texts.get(language, texts["en"])

    return ExplanationReply(
        agreement=stored.urn.rpartition("=")[2],
        action=asked.action,
        organisation=about.organisation,
        key=asked.key or None,
        period=asked.period or None,
        verdict=found.verdict,
        until=found.until,
        message=spoken(found.texts),
        messages=dict(found.texts),
        rules=[
            RuleReply(
                rule=one.rule,
                outcome=one.outcome,
                value=one.value,
                source=one.source,
                until=one.until,
                message=spoken(one.texts),
                messages=dict(one.texts),
            )
            for one in found.rules
        ],
        cell=cell,
    )
