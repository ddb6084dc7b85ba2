"""Requests and replies on structure maps: `/api/maps`."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import Field

from app.models.api import FindingReply, Reply
from app.models.sending import Order


class MapReply(Reply):
    """A version of a structure map."""

    urn: str
    agency: str
    id: str
    version: str
    state: Annotated[
        Literal["active", "draft", "superseded", "not in force"],
        Field(description="Active is the latest version that is no draft, while it is valid."),
    ]
    name: str
    names: dict[str, str]
    source: Annotated[str, Field(description="URN of what it reads.")]
    target: Annotated[str, Field(description="URN of what it leads to.")]
    valid_from: str | None
    valid_to: str | None
    agreements: Annotated[list[str], Field(description="URNs of the agreements that it feeds.")]
    links: dict[str, str]


class MapList(Reply):
    """The structure maps that lead to data."""

    maps: list[MapReply]


class MapDifference(Reply):
    """One difference between two maps."""

    part: str
    change: Literal["added", "removed", "changed"]
    subject: Annotated[str | None, Field(description="Components: `grupo → SEX, AGE`.")]
    value: Annotated[str | None, Field(description="The source value of a mapping.")]
    before: str | None
    after: str | None
    message: str
    messages: dict[str, str]


class MapComparison(Reply):
    """What leads from one map (`with`) to another."""

    map: str
    with_: Annotated[str, Field(alias="with")]
    count: int
    differences: list[MapDifference]


class PreviewOrder(Order):
    """On which submission a map is previewed."""

    submission: Annotated[str, Field(description="Id of a submission of your organisation.")]
    map: Annotated[
        dict[str, Any] | None,
        Field(description="SDMX-JSON structure message with the draft and its tables."),
    ] = None


class PreviewFindings(Reply):
    """What a file would be told if a map were active; without what is stored already."""

    errors: Annotated[int, Field(description="None: it would be accepted.")]
    warnings: int
    by_code: dict[str, int]
    first: Annotated[list[FindingReply], Field(description="The first 100.")]


class MapPreviewReply(Reply):
    """What a map makes of a submission; nothing of it is stored."""

    submission: uuid.UUID
    practice: bool
    map: str
    source: str
    target: str
    same_key: Annotated[str | None, Field(description="Rule for two rows on one key.")]
    before_map: Annotated[
        str | None, Field(description="The map that is active now; null: there is none.")
    ]
    rows: int
    is_whole: Annotated[bool, Field(description="Whether all rows were read.")]
    other_rows: Annotated[int, Field(description="Rows of other structures.")]
    unreadable_cells: int
    coverage: dict[str, Any]
    findings: Annotated[
        PreviewFindings, Field(description="What the file would be told under the map.")
    ]
    coverage_before: dict[str, int] | None
    repeated: Annotated[dict[str, Any], Field(description="Rows on the key of another row.")]
    cube: Annotated[dict[str, Any], Field(description="Keys: same, new, changed, vanished.")]
    totals: Annotated[
        list[dict[str, Any]],
        Field(description="By measure and period: sent, left out, before and after."),
    ]


class ActivationOrder(Order):
    """How a map is activated."""

    reharmonise: Annotated[
        bool, Field(description="Read history again through it, one publication an agreement.")
    ] = False
    note: Annotated[str | None, Field(max_length=2000, description="In your words.")] = None


class Reharmonisation(Reply):
    """History of one agreement that is put under a map."""

    agreement: str
    submission: Annotated[uuid.UUID, Field(description="Submission of the provider.")]


class ActivationReply(Reply):
    """What an activation did."""

    map: Annotated[str, Field(description="URN of the map that is active now.")]
    published: list[str]
    reharmonisations: list[Reharmonisation]


class EndOrder(Order):
    """How a map is ended."""

    last_day: Annotated[
        dt.date | None,
        Field(description="The last day on which it reads files; left out: it ends now."),
    ] = None
    note: Annotated[
        str | None, Field(max_length=1000, description="For those whose files it read.")
    ] = None


class EndingReply(Reply):
    """What ends a map."""

    map: Annotated[str, Field(description="URN of the version that says so.")]
    last_day: dt.date
    agreements: Annotated[
        list[str], Field(description="Agreements that it fed, whose providers are told now.")
    ]
