"""Making the template of an agreement: the workbook that its provider fills in."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import dataclass
from typing import Final

from app.auth.subject import Subject
from app.errors import QueryMisfitError
from app.sdmx.flow import Flow
from app.sdmx.terms_rows import row_rules
from app.services.describe_agreement import agreement_id, agreement_terms
from app.services.find_agreement import find_agreement
from app.sheets.template import TemplateOrder, write_template
from app.sheets.template_format import Layout
from app.store.catalogue import Catalogue, CatalogueCache
from app.store.pools import Pools, with_retry

YEARS_ACROSS: Final = 5
"""Years that head the columns of yearly data where no period is asked for."""


@dataclass(frozen=True, slots=True)
class TemplateRequest:
    """What the caller asks for; `across` and `period` may be empty."""

    agreement: str
    layout: Layout
    across: str
    period: str
    language: str


async def make_template(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    asked: TemplateRequest,
    *,
    base_url: str,
    today: dt.date,
) -> tuple[str, bytes]:
    """The name of the file, and the workbook.

    Raises:
        NotFoundError: the caller's organisation has no such agreement.
        QueryMisfitError: the dimension across is none of its dataflow, or there is no cross.
        QuerySyntaxError: the period is none.
    """

    async def current() -> Catalogue:
        async with pools.public.acquire() as connection:
            return await cache.current(connection)

    catalogue = await with_retry(current)
    stored = find_agreement(catalogue, subject, asked.agreement)
    names, terms = agreement_terms(catalogue, stored)
    flow = catalogue.flow(stored.dataflow_urn, stored.urn)
    frequency = terms.get("FREQUENCY")
    across = _across(asked, flow)
    order = TemplateOrder(
        flow=flow,
        agreement=stored.urn.rpartition("=")[2],
        names=names,
        provider=stored.provider,
        fixed=frozenset(stored.fixed),
        frequency=frequency,
        layout=asked.layout,
        across=across,
        period=asked.period or _period(across, flow, frequency, today),
        language=asked.language,
        address=f"{base_url}/api/submissions",
        agreed=row_rules(catalogue.terms(stored.urn), flow),
    )
    return f"{agreement_id(stored)}.xlsx", await asyncio.to_thread(write_template, order)


def _across(asked: TemplateRequest, flow: Flow) -> str:
    """The dimension across: time where none is named."""
    if asked.layout != "cross":
        if asked.across:
            raise QueryMisfitError(
                "across goes with layout=cross, not with layout=rows.",
                "across va con layout=cross, no con layout=rows.",
                parameter="across",
            )
        return ""
    return asked.across or (flow.time.id if flow.time else "")


def _period(across: str, flow: Flow, frequency: str | None, today: dt.date) -> str:
    """The periods of this year, or the last years, where time goes across."""
    if flow.time is None or across != flow.time.id:
        return ""
    if frequency in {"M", "Q", "S"}:
        return f"{today.year:04d}"
    return f"{today.year - YEARS_ACROSS + 1:04d}/{today.year:04d}"
