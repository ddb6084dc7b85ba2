"""Series as they stand in both rooms, and as they become."""

from __future__ import annotations

from collections.abc import Collection, Set
from dataclasses import dataclass
from typing import Any

import orjson

from app.sdmx import series
from app.sdmx.actions import Outcome
from app.sdmx.intake import Key
from app.sdmx.series import EMPTY, Document
from app.sdmx.suppression import Standing
from app.store.types import Record


@dataclass(slots=True)
class Stored:
    """A series as it stands in both rooms.

    Attributes:
        exists: whether it has a row in the public room.
        public: its observations there.
        attributes: its attributes there.
        hidden: observations and attributes that wait in the other room.
        full: the observations over both rooms.
        full_attributes: the attributes over both rooms.
    """

    key: Key
    exists: bool
    public: Document
    attributes: dict[str, Any]
    hidden: list[tuple[Document, dict[str, Any]]]
    full: Document
    full_attributes: dict[str, Any]

    @classmethod
    def read(cls, row: Record) -> Stored:
        """The series of a row with key, observations, attributes and, it may be, hidden ones."""
        text = row["observations"]
        public: Document = EMPTY if text is None else orjson.loads(text)
        attributes: dict[str, Any] = {} if text is None else orjson.loads(row["attributes"])
        hidden = [
            (orjson.loads(document), orjson.loads(values))
            for document, values in (row.get("hidden") or ())
        ]
        full, full_attributes = public, attributes
        if hidden:
            full = series.overlay(public, (document for document, _ in hidden))
            waiting = {name: value for _, values in hidden for name, value in values.items()}
            full_attributes = attributes | waiting
        return cls(row["key"], text is not None, public, attributes, hidden, full, full_attributes)


@dataclass(slots=True)
class Placed:
    """A series as it becomes, before it is divided into the rooms.

    Attributes:
        stored: the series as it stands.
        outcome: the series as it becomes.
        periods: time periods that were sent again as they stood; `None`: all.
        again: attributes that were.
        still: what the public sees of observations that wait; else what it sees now.
        still_attributes: what it sees of the attributes while observations are embargoed.
        sent: attributes that it sees besides, unless all observations sent with them wait.
    """

    stored: Stored
    outcome: Outcome
    periods: list[str] | None
    again: Collection[str]
    still: Document | None = None
    still_attributes: dict[str, Any] | None = None
    sent: Set[str] = frozenset()

    @property
    def shown(self) -> Document:
        """What the public goes on seeing of observations that wait."""
        return self.stored.public if self.still is None else self.still

    @classmethod
    def unchanged(cls, stored: Stored) -> Placed:
        """A series that stays as it is, while others of its family change."""
        same = Outcome(stored.full, dict(stored.full_attributes), {}, [])
        return cls(stored, same, [], (), None, dict(stored.attributes))

    @property
    def standing(self) -> Standing:
        """What decides what is suppressed of it."""
        stored = self.stored
        shown = stored.public if self.still is None else self.still
        return Standing(
            tuple(stored.key),
            stored.public,
            stored.full,
            self.outcome.observations,
            shown,
            self.outcome.attributes,
            not stored.exists and not stored.hidden,
        )
