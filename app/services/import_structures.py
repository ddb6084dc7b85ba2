"""Publish structures that were fetched elsewhere, or only tell what that would change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from app.sdmx.artefact_checks import is_computed
from app.sdmx.artefacts import Artefact
from app.services.publish_structures import keep_organisations
from app.store import registry_publication
from app.store.registry_publication import PublishResult
from app.store.types import Pool


@dataclass(frozen=True, slots=True)
class ImportResult(PublishResult):
    """What an import did.

    Attributes:
        left_out: the URNs of constraints that tell what data there are elsewhere, which are
            nothing to store here.
    """

    left_out: tuple[str, ...] = ()


async def import_structures(
    writer: Pool, artefacts: Sequence[Artefact], now: dt.datetime, *, dry_run: bool = False
) -> ImportResult:
    """Publish artefacts, all or none; of organisation schemes only what is new is added.

    Args:
        writer: pool that may write.
        artefacts: the artefacts, whole.
        now: the instant of the publication.
        dry_run: whether everything is undone again once it is known what changes.

    Raises:
        VipmgError: they may not be published.
    """
    kept = [one for one in artefacts if not is_computed(one)]
    left_out = tuple(one.urn for one in artefacts if is_computed(one))
    async with writer.acquire() as connection:
        trial = connection.transaction()
        await trial.start()
        try:
            result = await registry_publication.publish(
                connection, kept, now, prepare=keep_organisations
            )
        except BaseException:
            await trial.rollback()
            raise
        await (trial.rollback() if dry_run else trial.commit())
    return ImportResult(
        result.revision,
        result.added,
        result.changed,
        result.unchanged,
        result.changed_terms,
        left_out,
    )
