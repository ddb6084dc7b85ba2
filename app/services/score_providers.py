"""The scorecards of each day, and what is late told to whom owes it, beside the worker."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections import defaultdict
from typing import Final

import structlog

from app.errors import VipmgError
from app.services.calendar_duties import calendar_duties
from app.services.describe_agreement import agreement_id
from app.services.score_agreement import Scored, score_agreement
from app.services.score_mirrors import score_mirrors
from app.services.tell_late import tell_late
from app.store import nil_returns, reported, scorecards
from app.store.catalogue import Catalogue, CatalogueCache, StoredAgreement
from app.store.pools import Pools
from app.store.scorecards import Scorecard, Through
from app.store.types import Connection

EVERY_SECONDS: Final = 3600.0
FIRST_SECONDS: Final = 60.0
"""The worker has better to do when it starts."""

log = structlog.get_logger("vipmg.scores")


async def keep_scoring(pools: Pools, cache: CatalogueCache, stop: asyncio.Event) -> None:
    """Bring the scorecards of the day up to the figures, every hour, until told to stop.

    Who is late is told once a day.
    """
    seconds, told = FIRST_SECONDS, dt.date.min
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
            return
        seconds = EVERY_SECONDS
        try:
            await score_providers(pools, cache, stop=stop)
            today = dt.datetime.now(dt.UTC).date()
            if today != told:
                await tell_late(pools, cache)
                told = today
        except Exception:
            log.exception("not scored, tried again later")


async def score_providers(
    pools: Pools,
    cache: CatalogueCache,
    *,
    today: dt.date | None = None,
    stop: asyncio.Event | None = None,
) -> int:
    """Write the scorecards of a day whose figures have moved; else there is nothing to do.

    Args:
        pools: of the service.
        cache: with the catalogue.
        today: the day; None: that of the clock of the database.
        stop: told to stop, it ends between two scorecards.

    Returns:
        How many were written.
    """
    async with (
        pools.writer.acquire() as writer,
        pools.public.acquire() as public,
        public.transaction(isolation="repeatable_read", readonly=True),
    ):
        day = today or await nil_returns.today(writer)
        catalogue = await cache.current(writer)
        moved = await _moved(writer, public, catalogue, day)
        if not moved:
            return 0
        count = 0
        groups = [listed for listed, _ in moved]
        scored = await _scored(writer, public, catalogue, groups, day)
        for one, (_, through) in zip(scored, moved, strict=True):
            if stop is not None and stop.is_set():
                break
            card = await _card(writer, public, catalogue, one, (day, through))
            if card is not None:
                await scorecards.write(writer, card)
                count += 1
    log.info("scored", scorecards=count, day=day.isoformat())
    return count


def _groups(catalogue: Catalogue, day: dt.date) -> dict[tuple[str, str], list[StoredAgreement]]:
    duties = calendar_duties(catalogue, {}, day)
    found: dict[tuple[str, str], list[StoredAgreement]] = defaultdict(list)
    for number in (*duties.dated, *duties.undated):
        stored = catalogue.agreements[number]
        if catalogue.find_flow(stored.dataflow_urn) is not None:
            found[stored.provider, stored.dataflow_urn].append(stored)
    return found


async def _moved(
    writer: Connection, public: Connection, catalogue: Catalogue, day: dt.date
) -> list[tuple[list[StoredAgreement], Through]]:
    """The agreements of which the scorecard of the day does not know all that is public."""
    written = await scorecards.written_on(writer, day)
    revisions = await reported.revisions(public, list(catalogue.agreements))
    found: list[tuple[list[StoredAgreement], Through]] = []
    for (provider, dataflow), listed in sorted(_groups(catalogue, day).items()):
        through = {agreement_id(one): revisions.get(one.id, 0) for one in listed}
        if written.get((provider, dataflow.rpartition("=")[2])) != through:
            found.append((listed, through))
    return found


async def _scored(
    writer: Connection,
    public: Connection,
    catalogue: Catalogue,
    groups: list[list[StoredAgreement]],
    day: dt.date,
) -> list[Scored]:
    duties = calendar_duties(catalogue, await reported.entered(writer), day)
    numbers = [stored.id for listed in groups for stored in listed]
    facts = await reported.public_periods(public, numbers)
    written = {n: [one.period for one in of] for n, of in reported.by_agreement(facts).items()}
    came = reported.by_period([*facts, *await reported.nil_periods(writer, numbers)])
    mirrors = await score_mirrors(public, catalogue)
    return [
        Scored(
            listed,
            {one.id: duties.dated.get(one.id) or duties.undated[one.id] for one in listed},
            came,
            written,
            mirrors.middles.get((listed[0].provider, listed[0].dataflow_urn)),
            listed[0].dataflow_urn in mirrors.paired,
        )
        for listed in groups
    ]


async def _card(
    writer: Connection,
    public: Connection,
    catalogue: Catalogue,
    scored: Scored,
    of: tuple[dt.date, Through],
) -> Scorecard | None:
    day, through = of
    stored = scored.agreements[0]
    try:
        scores = await score_agreement(writer, public, catalogue, scored, day)
    except VipmgError as error:
        log.warning("not scored", agreement=stored.urn, reason=str(error))
        return None
    told = {str(name): score.stored() for name, score in scores.items()}
    dataflow = stored.dataflow_urn.rpartition("=")[2]
    return Scorecard(stored.provider, dataflow, day, through, told)
