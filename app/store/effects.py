"""A publication under way and what it changes, agreement by agreement."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from app.sdmx.preview import Preview
from app.store.checks import Unchecked


@dataclass(slots=True)
class Effect:
    """What a publication changed for one agreement.

    Counts are of observations, or of series where named so (`series_attributes`: series that had
    other attributes before); `*_room` tell whether the room
    changed at all.
    """

    agreement: int
    series: int = 0
    observations: int = 0
    put: int = 0
    deleted: int = 0
    withheld: int = 0
    attachments: int = 0
    series_attributes: int = 0
    public_room: bool = False
    withheld_room: bool = False
    release_at: dt.datetime | None = None
    preview: Preview = field(default_factory=Preview)


@dataclass(slots=True)
class Publication:
    """A publication under way: its id, the database's clock at its begin, its effects.

    Attributes:
        unchecked: what it put, and has not been seen yet beside the other series.
    """

    id: int
    now: dt.datetime
    effects: list[Effect] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)

    @property
    def release_at(self) -> dt.datetime | None:
        """When the last of what was embargoed may be seen by all."""
        return max((e.release_at for e in self.effects if e.release_at), default=None)

    @property
    def facts(self) -> dict[str, int]:
        """Totals for the ledger and the receipt; what is withheld is not told here."""
        return {
            "observations_put": sum(effect.put for effect in self.effects),
            "observations_deleted": sum(effect.deleted for effect in self.effects),
            "attachments": sum(effect.attachments for effect in self.effects),
            "series_attributes": sum(effect.series_attributes for effect in self.effects),
        }
