"""Where a published figure comes from: publication, submission, map, national label, signer, row.

The public learns what is public: provider, place in the public ledger, map, national label where
the figure bears it, the key that signed. The submission, its persons and the rows of its file are
its sender's.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from app.auth.rights import may_read_withheld, may_submit
from app.auth.subject import Subject
from app.errors import NotFoundError, QuerySemanticError, QuerySyntaxError
from app.sdmx.flow import Flow
from app.sdmx.time_period import parse_time_period
from app.sdmx.undo import Version
from app.services.derive.publish_derived import PROVIDER
from app.services.find_agreements import find_agreements
from app.services.find_raw_rows import RawRows, Wanted, find_raw_rows
from app.services.preview_map import Bounds
from app.services.trace_computed import trace_computed
from app.services.trace_sources import trace_sources
from app.store import lineage
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.lineage import Made
from app.store.pools import Pools

LABEL: Final = "NAT_CATEGORY"
"""The attribute that keeps what the sender called it."""

MOST_VERSIONS: Final = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """A figure that is asked for.

    Attributes:
        agreement: id, `AGENCY:ID(VERSION)` or URN of its agreement; else by its dataflow.
        dataflow: the same of its dataflow.
        key: codes of the dimensions, with dots between them.
        period: its time period; empty where the structure has no time.
    """

    agreement: str | None
    dataflow: str | None
    key: str
    period: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A series with the past of a figure in it, as the caller may see it.

    Attributes:
        versions: of the figure; none where the series has nothing in its period.
    """

    agreement: StoredAgreement
    flow: Flow
    key: Sequence[str]
    versions: Sequence[Version]
    sees_all: bool

    def value(self, version: Version) -> Mapping[str, Any] | None:
        """The observation of a version, as far as the caller may see it."""
        seen = version.value if self.sees_all else version.public
        return seen if isinstance(seen, Mapping) else None

    @property
    def is_there(self) -> bool:
        """Whether there is a figure now."""
        return bool(self.versions) and self.value(self.versions[-1]) is not None


async def trace_figure(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject | None,
    asked: Asked,
    base_url: str,
    bounds: Bounds,
) -> dict[str, Any]:
    """The lineage of a figure.

    By a dataflow it is the figure that a query of the dataflow gives: one agreement answers for a
    series, the highest that has anything under its key.

    Raises:
        NotFoundError: there is no such agreement or dataflow, or the caller sees no such figure.
        QuerySyntaxError: the time period is missing, or is none.
        QuerySemanticError: the key does not suit the dataflow.
    """
    async with pools.writer.acquire() as connection:
        catalogue = await cache.current(connection)
    agreements = find_agreements(catalogue, asked.agreement, asked.dataflow)
    held: list[_Found] = []
    for agreement in () if "\x00" in asked.key else agreements:  # in no code list
        found = await _find(pools, catalogue, subject, agreement, asked)
        if found is None:
            continue
        if found.is_there and not any(_answers_for(catalogue, one, found) for one in held):
            return await _describe(pools, catalogue, subject, found, asked, (base_url, bounds))
        held.append(found)
    raise _no_figure(asked, held)


def _answers_for(catalogue: Catalogue, higher: _Found, other: _Found) -> bool:
    """Whether an agreement of a higher precedence answers for the series of another."""
    one, two = higher.agreement, other.agreement
    return one.dataflow == two.dataflow and catalogue.may_overlap(one, two)


def _no_figure(asked: Asked, held: Sequence[_Found]) -> NotFoundError:
    """That there is none; where a lower agreement has one, that it has to be asked for by name."""
    named = f"{asked.key[:200]} {asked.period[:40]}"
    en = f"There is no figure {named} that you may see."
    es = f"No hay ninguna cifra {named} que usted pueda ver."
    others = [one.agreement.urn for one in held if one.is_there]
    if not others:
        return NotFoundError(en, es)
    answers = held[0].agreement.urn
    first, then = (urn.rpartition("=")[2] for urn in (answers, others[0]))
    return NotFoundError(
        f"{en} A query of the dataflow shows this series as {first} has it, without this period. "
        f"Ask with agreement={then}, which has one.",
        f"{es} Una consulta del flujo de datos muestra esta serie como la tiene {first}, sin este "
        f"período. Pregunte con agreement={then}, que tiene una.",
        answers=answers,
        agreements=others,
    )


async def _find(
    pools: Pools,
    catalogue: Catalogue,
    subject: Subject | None,
    agreement: StoredAgreement,
    asked: Asked,
) -> _Found | None:
    """The series in one agreement, by a connection that sees no more than the caller.

    Returns:
        None where nothing stands under the key.
    """
    flow = catalogue.flow(agreement.dataflow_urn, agreement.urn)
    key = asked.key.split(".")
    if len(key) != len(flow.dimensions):
        names = ".".join(one.id for one in flow.dimensions)
        raise QuerySemanticError(
            f"A key of {flow.short_urn} is {names}; one code for each.",
            f"Una clave de {flow.short_urn} es {names}; un código para cada una.",
            dimensions=[one.id for one in flow.dimensions],
        )
    if flow.time is not None:
        _check_period(asked.period)
    today = dt.datetime.now(dt.UTC).date()
    sees_all = may_read_withheld(subject, agreement.provider, agreement.readers_on(today))
    async with pools.writer.acquire() as connection:
        acts = await lineage.acts_of(connection, agreement.id)
    read, pool = (
        (lineage.whole_past, pools.writer) if sees_all else (lineage.public_past, pools.public)
    )
    async with pool.acquire() as connection:
        past = await read(connection, agreement.id, key, acts)
    period = asked.period if flow.time else ""
    found = _Found(agreement, flow, key, past.observations.get(period, ()), sees_all)
    lasts = (versions[-1] for versions in past.observations.values())
    return found if any(found.value(last) is not None for last in lasts) else None


def _check_period(period: str) -> None:
    """See that a time period is given, and is one.

    Raises:
        QuerySyntaxError: it is not, and the text names the parameter.
    """
    if not period:
        raise QuerySyntaxError(
            "Say of which time period with `period`, such as period=2024-01.",
            "Diga de qué período con `period`, por ejemplo period=2024-01.",
            parameter="period",
        )
    try:
        parse_time_period(period)
    except QuerySyntaxError as error:
        text = error.text
        raise QuerySyntaxError(
            f"period: {text['en']}", f"period: {text['es']}", parameter="period"
        ) from error


async def _describe(
    pools: Pools,
    catalogue: Catalogue,
    subject: Subject | None,
    found: _Found,
    asked: Asked,
    served: tuple[str, Bounds],
) -> dict[str, Any]:
    base_url, bounds = served
    shown = list(found.versions)[-MOST_VERSIONS:]
    numbers = {n for one in shown for n in (one.publication, one.owner) if n is not None}
    agreement, flow = found.agreement, found.flow
    is_own = may_submit(subject, agreement.provider)
    raw = None
    async with pools.writer.acquire() as connection:
        made = await lineage.made_by(connection, numbers)
    last = shown[-1]
    source = made.get(last.owner or last.publication)
    if is_own and source is not None and agreement.provider != PROVIDER:
        used = _map_of(source, flow)
        wanted = Wanted(agreement, flow, found.key, asked.period, used)
        raw = await find_raw_rows(pools, catalogue, wanted, source, bounds)
    value = found.value(shown[-1]) or {}
    told: dict[str, Any] = {
        "dataflow": agreement.dataflow_urn,
        "agreement": agreement.urn,
        "provider": agreement.provider,
        "key": dict(zip((one.id for one in flow.dimensions), found.key, strict=True)),
        "period": asked.period or None,
        "values": {one.id: value.get(one.id) for one in flow.measures},
        "attributes": {
            name: each for name, each in value.items() if name not in {m.id for m in flow.measures}
        },
        "national_label": value.get(LABEL),
        "source": None if source is None else _source(source, flow, base_url, is_own=is_own),
        "rows": None if raw is None else _rows(raw),
        "history": list(_history(found, shown, made, is_own=is_own)),
        "versions": len(found.versions),
    }
    if agreement.provider == PROVIDER:
        computed = trace_computed(
            catalogue, agreement.dataflow_urn, told["key"], asked.period, base_url
        )
        made_of = str(value.get("COMPUTED_FROM") or "")
        if computed is not None:
            figure = (agreement.dataflow_urn, found.key, asked.period, made_of)
            computed["sources"] = await trace_sources(pools, catalogue, *figure, base_url)
        told["computed"] = computed
    return told


def _source(made: Made, flow: Flow, base_url: str, *, is_own: bool) -> dict[str, Any]:
    """The publication that the figure is of; for its sender, the submission too."""
    used = next((one for one in made.mapping if one["target"] in _targets(flow)), None)
    told: dict[str, Any] = {
        "publication": _publication(made, is_own=is_own),
        "map": None if used is None else used["map"],
        "same_key": None if used is None else used.get("same_key"),
        "signer": None
        if made.jws is None
        else {"organisation": made.organisation, "key_id": _key_id(made.jws)},
        "submission": None,
    }
    if is_own and made.submission is not None:
        address = f"{base_url}/api/submissions/{made.submission}"
        told["submission"] = {
            "id": str(made.submission),
            "kind": made.kind,
            "state": made.state,
            "file_name": made.file_name,
            "sent_by": made.client_id,
            "ordered_by": made.ordered_by,
            "approved_by": made.approved_by if made.approval == "approve" else None,
            "receipt": None if made.receipt is None else str(made.receipt),
            "links": {"self": address, "receipts": f"{address}/receipts"},
        }
    return told


def _publication(made: Made, *, is_own: bool) -> dict[str, Any]:
    return {
        "sequence": made.sequence if is_own else made.public_sequence,
        "public_sequence": made.public_sequence,
        "action": made.action,
        "published_at": made.published_at,
    }


def _key_id(jws: str) -> str | None:
    """The key that signed a receipt, as its header names it."""
    head = jws.partition(".")[0]
    found = orjson.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    return found.get("kid") if isinstance(found, dict) else None


def _map_of(made: Made, flow: Flow) -> str | None:
    return next((one["map"] for one in made.mapping if one["target"] in _targets(flow)), None)


def _targets(flow: Flow) -> tuple[str, str]:
    return flow.urn, flow.structure_urn


def _rows(raw: RawRows) -> dict[str, Any]:
    return {
        "submission": None if raw.submission is None else str(raw.submission),
        "file_name": raw.file_name,
        "found": [
            {
                "row": row.row if row.location is None else row.location.row or row.row,
                "place": None if row.location is None else row.location.place,
                "file": None if row.location is None else row.location.file,
                "column": row.column,
                "cells": row.cells,
            }
            for row in raw.rows
        ],
        "rows_read": raw.rows_read,
        "is_whole": raw.is_whole,
        "is_destroyed": raw.is_destroyed,
    }


def _history(
    found: _Found, shown: Sequence[Version], made: Mapping[int, Made], *, is_own: bool
) -> Iterator[dict[str, Any]]:
    """All values that the figure had, the first first."""
    measures = [one.id for one in found.flow.measures]
    for version in shown:
        value = found.value(version)
        by = made.get(version.publication)
        yield {
            "values": None if value is None else {name: value.get(name) for name in measures},
            "national_label": None if value is None else value.get(LABEL),
            "publication": None if by is None else _publication(by, is_own=is_own),
            "submission": str(by.submission) if is_own and by and by.submission else None,
        }
