"""Requests and replies on what a change would touch: `/api/impact`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from app.models.api import Reply
from app.models.sending import Order


class TouchedArtefact(Reply):
    """An artefact that the change would touch."""

    urn: str
    via: Annotated[str, Field(description="What leads to it.")]
    distance: Annotated[int, Field(description="How many steps it is away.")]
    codes: Annotated[list[str], Field(description="Removed codes that it names, or has.")]


class TouchedLayouts(Reply):
    """Layouts of workbooks; others' are counted only."""

    count: int
    own: list[dict[str, str]]


class SavedQueries(Reply):
    """Queries that are kept for others."""

    kept: Annotated[bool, Field(description="Whether the exchange keeps queries at all.")]
    listed: list[str]


class UsedCode(Reply):
    """Public series that have a code which is to go."""

    dataflow: str
    component: Annotated[str, Field(description="Dimension, attribute or measure.")]
    code: str
    series: int
    observations: Annotated[int, Field(description="All figures of these series.")]
    agreements: list[str]


class ImpactReply(Reply):
    """What a change would touch."""

    urn: str
    stable: Annotated[
        bool, Field(description="Whether it may never change: the change is a new version.")
    ]
    changes: Annotated[int | None, Field(description="Places of its document that differ.")]
    removed_codes: list[str]
    unknown_codes: Annotated[list[str], Field(description="Asked for, but not in the list.")]
    touched: dict[str, list[TouchedArtefact]]
    counts: dict[str, int]
    computed_dataflows: list[str]
    mirror_pairs: list[str]
    templates: Annotated[list[str], Field(description="Agreements whose workbooks change.")]
    layouts: TouchedLayouts
    saved_queries: SavedQueries
    used_codes: list[UsedCode]
    told: Annotated[tuple[str, ...], Field(description="Organisations that were told now.")] = ()


class ImpactOrder(Order):
    """A change whose impact is asked for."""

    urn: Annotated[str | None, Field(description="The artefact that is to change.")] = None
    removing: Annotated[tuple[str, ...], Field(max_length=500, description="Codes that go.")] = ()
    change: Annotated[
        dict[str, Any] | None,
        Field(description="SDMX-JSON structure message with the artefact as it is to be."),
    ] = None


class NotifyOrder(ImpactOrder):
    """A change whose impact is told to those whom it touches."""

    note: Annotated[str, Field(min_length=1, max_length=1000, description="In your words.")]
