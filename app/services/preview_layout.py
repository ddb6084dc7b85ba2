"""What a saved layout makes of a workbook: its first rows as they would be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import IO, Final

import orjson

from app.auth.subject import Subject
from app.errors import VipmgError
from app.models.agreement_reply import LayoutPreview, LayoutPreviewRow
from app.sdmx.findings import Finding
from app.sdmx.intake import Target
from app.sdmx.messages.reading_findings import located_once, unreadable_finding
from app.sdmx.validation import Validator
from app.services.describe_finding import describe_finding
from app.services.find_agreement import find_agreement
from app.services.find_target import find_target
from app.services.get_layout import no_layout
from app.sheets.layout import read_layout
from app.sheets.xlsx_reader import XlsxReader
from app.store import layouts
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.layouts import StoredLayout
from app.store.pools import Pools, with_retry

ROWS: Final = 20


async def preview_layout(
    pools: Pools,
    cache: CatalogueCache,
    subject: Subject,
    named: str,
    name: str,
    content: IO[bytes],
    *,
    language: str,
    max_xlsx_rows: int,
    turns: asyncio.Semaphore,
) -> LayoutPreview:
    """The first rows of a workbook, with what is wrong in them; nothing is stored.

    Raises:
        NotFoundError: the caller's organisation has no such agreement, or that no such layout.
        InvalidLayoutError: the layout does not suit the agreement any more.
    """

    async def read() -> tuple[Catalogue, StoredAgreement, StoredLayout | None]:
        async with pools.writer.acquire() as connection:
            catalogue = await cache.current(connection)
            agreement = find_agreement(catalogue, subject, named)
            stored = await layouts.get_layout(connection, agreement.id, name)
            return catalogue, agreement, stored

    catalogue, agreement, stored = await with_retry(read)
    if stored is None:
        raise no_layout(name)
    flow = catalogue.flow(agreement.dataflow_urn, agreement.urn)
    layout = await asyncio.to_thread(read_layout, orjson.dumps(stored.document), flow)
    own = [agreement]

    def resolve(kind: str, structure: str) -> Target | str:
        return find_target(catalogue, own, kind, structure)

    identity = agreement.urn.rpartition("=")[2].partition("(")[0]
    reader = XlsxReader(content, resolve, agreement=identity, layout=layout, max_rows=max_xlsx_rows)
    async with turns:
        return await asyncio.to_thread(_preview, reader, resolve, language)


def _preview(
    reader: XlsxReader, resolve: Callable[[str, str], Target | str], language: str
) -> LayoutPreview:
    found: list[Finding] = []
    validator = Validator(resolve, found.append)
    rows: list[LayoutPreviewRow] = []
    components: list[str] = []
    is_whole = True
    batches = reader.batches(batch_rows=ROWS)
    try:
        for batch in batches:
            if len(rows) >= ROWS:
                is_whole = False
                break
            list(validator.check(batch))
            components = list(batch.cells)
            for place, number in enumerate(batch.rows):
                values = {component: cells[place] for component, cells in batch.cells.items()}
                here = reader.locate(number, _measure(resolve, batch.kind, batch.structure))
                rows.append(LayoutPreviewRow(row=here.row or 0, place=here.place, values=values))
    except VipmgError as error:
        found.append(unreadable_finding(error))
    finally:
        batches.close()
    told = located_once(reader, [*reader.findings, *found], set())
    told.sort(key=lambda finding: finding.row or 0)
    return LayoutPreview(
        components=components,
        rows=rows[:ROWS],
        is_whole=is_whole,
        findings=[describe_finding(finding, language) for finding in told],
    )


def _measure(resolve: Callable[[str, str], Target | str], kind: str, structure: str) -> str | None:
    target = resolve(kind, structure)
    return target.flow.measures[0].id if not isinstance(target, str) else None
