"""Publish structures that were fetched elsewhere, or only tell what that would change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from app.sdmx.artefacts import Artefact
from app.services.publish_structures import keep_organisations
from app.store import registry_publication
from app.store.registry_publication import PublishResult
from app.store.types import Pool


async def import_structures(
    writer: Pool, artefacts: Sequence[Artefact], now: dt.datetime, *, dry_run: bool = False
) -> PublishResult:
    """Publish artefacts, all or none; of organisation schemes only what is new is added.

    Args:
        writer: pool that may write.
        artefacts: the artefacts, whole.
        now: the instant of the publication.
        dry_run: whether everything is undone again once it is known what changes.

    Raises:
        VipmgError: they may not be published.
    """
    async with writer.acquire() as connection:
        trial = connection.transaction()
        await trial.start()
        try:
            result = await registry_publication.publish(
                connection, artefacts, now, prepare=keep_organisations
            )
        except BaseException:
            await trial.rollback()
            raise
        await (trial.rollback() if dry_run else trial.commit())
        return result
