"""A desk that also undoes: requests go the way of the service, and are processed at once."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from app.auth.subject import Subject
from app.sdmx.undo import Undoing
from app.services.undo_request import request_undo
from app.services.undo_superseded import settle_superseded
from app.store.pools import Pools
from tests.structures import CRI, SMALL, Decision, Desk, open_desk, sheet

HEADER = "FREQ,REF_AREA,TIME_PERIOD,OBS_VALUE,STATUS,CONF_STATUS,EMBARGO_TIME,S,G,D"
LATER = "2990-01-01T00:00:00Z"


def rows(*lines: str, action: str = "M") -> str:
    """A file for the small dataflow; cells at the end may be left out."""
    width = HEADER.count(",")
    return sheet(
        HEADER,
        *(line + "," * (width - line.count(",")) for line in lines),
        flow=SMALL,
        action=action,
    )


@dataclass
class UndoDesk(Desk):
    """A desk with undoing."""

    async def undo(
        self,
        submission: uuid.UUID,
        undoing: Undoing = "rollback",
        organisation: str = CRI,
        **parts: Any,
    ) -> Decision:
        """Ask for a submission to be undone, and process that."""
        subject = Subject(f"client-of-{organisation}", organisation, "data_provider")
        stored, _ = await request_undo(
            self.pools, subject, str(submission), undoing, "a mistake", **parts
        )
        return await self.process(stored.id)

    async def put_rows(self, *lines: str, action: str = "M") -> uuid.UUID:
        """Send rows that have to be accepted."""
        return (await self.accept(rows(*lines, action=action))).submission.id

    async def settle(self, *, last: bool = False) -> None:
        """Do the looks that publications have left, in their order; or that of the last."""
        found = await self.pools.writer.fetch("SELECT publication_id FROM ledger ORDER BY sequence")
        for row in found[-1:] if last else found:
            await settle_superseded(self.pools, row["publication_id"])

    async def state_of(self, submission: uuid.UUID) -> str:
        """The state of a submission."""
        found: str = await self.pools.writer.fetchval(
            "SELECT state FROM submission WHERE id = $1", submission
        )
        return found

    async def values(self) -> dict[str, str]:
        """The values of the public room."""
        return {k: v.get("OBS_VALUE", "") for k, v in (await self.observations()).items()}


async def open_undo_desk(pools: Pools) -> UndoDesk:
    """The desk with the small structures."""
    desk = await open_desk(pools)
    return UndoDesk(desk.pools)
