"""What files have to do with a redaction: figures that were read again, rows that may not be.

A re-harmonisation publishes figures of a file once more, maybe on other keys: they go with the
file's own. Other files that say a redacted figure keep it out when they are read again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.sdmx.actions import Segment
from app.sdmx.intake import Key
from app.sdmx.redacted_cells import Cells, Taken, rows_of
from app.services.read_cells import read_cells
from app.store import redacted_texts, submissions
from app.store.catalogue import Catalogue, StoredAgreement
from app.store.redacted_texts import Mapped
from app.store.submissions import StoredSubmission
from app.store.types import Connection


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The figures of one submission that re-harmonisations published once more.

    Attributes:
        publications: the re-harmonisations.
        cells: its figures as those have them.
    """

    publications: frozenset[int] = frozenset()
    cells: Cells = field(default_factory=Cells)


async def figures_read_again(
    connection: Connection,
    catalogue: Catalogue,
    agreement: StoredAgreement,
    stored: StoredSubmission,
) -> ReadAgain:
    """What re-harmonisations of an agreement published of a submission.

    What they found in its file is quoted no more.
    """
    again = await redacted_texts.read_again_since(connection, agreement.urn, stored.sequence or 0)
    if not again or stored.kind not in {"file", "correction"}:
        return ReadAgain()
    measures = _measures(catalogue, agreement)
    file = stored.file_name or str(stored.id)
    await redacted_texts.empty_findings_on(connection, [one.id for one in again], file)
    cells = Cells()

    def take(key: Key, segment: Segment) -> None:
        for _, time, figures in rows_of(segment, measures):
            if segment.adds:
                cells.add_place(key, time)
            else:
                cells.add(key, time, figures)

    await read_cells(connection, catalogue, stored, agreement, _maps(again), take)
    return ReadAgain(frozenset(one.publication for one in again if one.publication), cells)


async def keep_out_rows(
    connection: Connection,
    catalogue: Catalogue,
    agreement: StoredAgreement,
    taken: Taken,
    submission: uuid.UUID | None,
) -> None:
    """Note the rows of other files that say what was taken; forget single values of maps.

    Args:
        connection: in the transaction of the redaction.
        catalogue: the registry.
        agreement: in which it was taken.
        taken: what was taken.
        submission: that is redacted whole, and is not read again at all.
    """
    again = await redacted_texts.read_again_since(connection, agreement.urn, 0)
    for one in again:
        await redacted_texts.empty_mapping(connection, one.id)
    reached = [one for one in again if one.publication in taken.publications]
    before = max((one.sequence for one in reached if one.sequence), default=None)
    for one in await redacted_texts.sources(
        connection, agreement.urn, taken.publications, before, submission
    ):
        stored = await submissions.by_id(connection, one.id)
        assert stored is not None  # noqa: S101 - submissions are never deleted
        rows: set[int] = set()

        def take(key: Key, segment: Segment, rows: set[int] = rows) -> None:
            rows.update(taken.rows_in(key, segment))

        await read_cells(connection, catalogue, stored, agreement, _maps([one, *reached]), take)
        if rows:
            await redacted_texts.keep_out(connection, one.id, rows)
            await redacted_texts.empty_mapping(connection, one.id)


def _maps(mapped: Sequence[Mapped]) -> list[str]:
    return list(dict.fromkeys(urn for one in mapped for urn in one.maps))


def _measures(catalogue: Catalogue, agreement: StoredAgreement) -> list[str]:
    flow = catalogue.flow(agreement.dataflow_urn, agreement.urn)
    return [measure.id for measure in flow.measures]
