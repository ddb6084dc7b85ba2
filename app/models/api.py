"""Replies of our own API, `/api/...`: what a client reads of its submissions."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

SubmissionState: TypeAlias = Literal[
    "received",
    "validating",
    "failed",
    "rejected",
    "validated",
    "accepted",
    "awaiting release",
    "published",
    "superseded",
    "withdrawn",
    "rolled back",
    "cancelled",
    "broken",
]
SubmissionKind: TypeAlias = Literal[
    "file", "nil return", "correction", "reharmonisation", "withdrawal", "rollback", "redaction"
]


class Reply(BaseModel):
    """A reply; its fields never change after it is made."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class FileReply(Reply):
    """The file as it came."""

    name: Annotated[str | None, Field(description="Name that the sender gave it.")]
    content_type: str
    content_encoding: Annotated[str | None, Field(description="`gzip`, or none.")]
    sha256: Annotated[str, Field(description="SHA-256 of the bytes as they came.")]
    bytes: Annotated[int, Field(description="Number of the bytes as they came.")]


class FindingReply(Reply):
    """One finding of the validation."""

    row: Annotated[int | None, Field(description="Row of the file; the header is row 1.")]
    place: Annotated[
        str | None, Field(description="Cell of a workbook (`Hoja1!C14`), JSON pointer or XPath.")
    ]
    file: Annotated[str | None, Field(description="The member of an archive.")]
    column: Annotated[str | None, Field(description="Component, or the name of the column.")]
    value: Annotated[str | None, Field(description="The value as it was sent.")]
    code: Annotated[str, Field(description="Stable code, explained in /docs/errors.")]
    severity: Annotated[
        Literal["error", "warning"],
        Field(description="An error refuses the file, or the row where the agreement says so."),
    ]
    rule: Annotated[str | None, Field(description="Constraint or codelist that says so.")]
    allowed: Annotated[str | None, Field(description="What would be right, in short.")]
    nearest: Annotated[str | None, Field(description="The valid code nearest to the value.")]
    message: Annotated[str, Field(description="The finding in the language of the caller.")]
    messages: Annotated[dict[str, str], Field(description="The finding by language.")]
    mend: Annotated[str, Field(description="How to put it right, in the language of the caller.")]


class FindingsSummary(Reply):
    """How many findings there are, and the first of them."""

    total: int
    by_code: dict[str, int]
    first: Annotated[
        list[FindingReply], Field(description="The first 20, once decided; none in a list.")
    ]


class FindingsPage(Reply):
    """A part of the findings of a submission, in the order of the file."""

    total: int
    offset: int
    limit: int
    findings: list[FindingReply]


class SubmissionLinks(Reply):
    """Where more is told."""

    self: str
    findings: str
    findings_csv: str
    content: str
    receipts: Annotated[str, Field(description="Its signed receipts.")]
    preview: str


class FailureReply(Reply):
    """Why processing was given up; the fault is that of the service."""

    code: Annotated[str, Field(description="Stable code, explained in /docs/errors.")]
    message: str
    messages: dict[str, str]


class ApprovalReply(Reply):
    """What a second person said of the submission."""

    decision: Literal["approve", "refuse"]
    by: Annotated[str, Field(description="The program (client) of that person.")]
    at: dt.datetime
    note: str | None


class WaitingReply(Reply):
    """Why a submission that is in order is not published yet."""

    reason: Annotated[
        Literal["approval", "expired"],
        Field(description="A second person has to approve, or an agreement has ended."),
    ]
    agreements: Annotated[list[str], Field(description="URNs of the agreements that say so.")]
    message: str
    messages: dict[str, str]


class ChangeCounts(Reply):
    """What publication changes or would change in the data of one agreement, in counts."""

    agreement: str
    new: int
    revised: int
    deleted: int
    unchanged: int
    new_series: int
    emptied_series: int
    series_attributes: Annotated[
        int, Field(description="Series of which an attribute changes, and so what figures mean.")
    ] = 0
    attachments: Annotated[
        int, Field(description="Places above the series, as groups, whose attributes change.")
    ] = 0
    withheld: dict[str, int]
    periods: dict[str, int | str | None]


class UntakenReply(Reply):
    """Rows that a map does not take because of one value, or combination of values."""

    why: Annotated[
        Literal["unmapped", "ended", "date", "left out", "no figure"],
        Field(
            description="Ended: its counterpart is for other periods. "
            "No figure: the rows say nothing, and were passed over."
        ),
    ]
    components: Annotated[list[str], Field(description="Columns of the file.")]
    values: list[str]
    rows: int
    first_row: int
    by: Annotated[str, Field(description="The representation map, or the date patterns.")]
    nearest: Annotated[str | None, Field(description="The value of the map nearest to it.")]
    allowed: Annotated[
        str | None, Field(description="What is taken; of one that ended, its days: `A/B`.")
    ]


class MapReply(Reply):
    """A map that led rows of a national dataflow to a shared one, and what it did."""

    map: Annotated[str, Field(description="URN of the StructureMap.")]
    source: str
    target: str
    same_key: Annotated[
        str | None, Field(description="SUM: values of rows on one key were added.")
    ] = None
    rows: int
    taken: int
    left_out: Annotated[int, Field(description="Rows that the map leaves out on purpose.")]
    unmapped: Annotated[int, Field(description="Rows with a value it has no counterpart for.")]
    refused: Annotated[int, Field(description="Rows with another error, as no number.")]
    values: list[UntakenReply]
    left_out_values: list[UntakenReply]
    unlisted_rows: Annotated[int, Field(description="Rows of values beyond those listed.")]


class SubmissionReply(Reply):
    """A submission: the receipt of its arrival, and its verdict once there is one."""

    id: uuid.UUID
    state: SubmissionState
    kind: SubmissionKind
    validate_only: Annotated[bool, Field(description="Tried only: nothing is published.")]
    practice: Annotated[bool, Field(description="Sent to the practice space.")]
    notice: Annotated[
        dict[str, str] | None, Field(description="By language; said of what is practice.")
    ]
    repeated_of: Annotated[
        uuid.UUID | None, Field(description="This one was there already, and is not sent anew.")
    ]
    parent_id: Annotated[uuid.UUID | None, Field(description="The submission that it mends.")]
    supersedes: Annotated[
        uuid.UUID | None, Field(description="The submission that it replaces whole.")
    ] = None
    superseded_by: Annotated[
        uuid.UUID | None,
        Field(description="The published submission that replaces it whole (`?supersedes=`)."),
    ] = None
    corrections: Annotated[int, Field(description="Corrections that are applied in reading.")]
    note: Annotated[str | None, Field(description="Why it was sent, in the words of the sender.")]
    received_at: dt.datetime
    decided_at: dt.datetime | None
    organisation: str
    agreements: Annotated[list[str], Field(description="URNs of the provision agreements.")]
    file: FileReply
    rows: Annotated[int | None, Field(description="Rows of the file, when it was read whole.")]
    rows_read: Annotated[int, Field(description="Rows read up to now, for a progress bar.")]
    rows_total: Annotated[int | None, Field(description="Rows of the file, once that is known.")]
    phase: Annotated[
        str | None, Field(description="While it is processed: reading, checking or publishing.")
    ]
    queue_position: Annotated[
        int | None, Field(description="1: the next to be decided, or in hand. None once decided.")
    ]
    attempts: Annotated[int, Field(description="How often its processing was begun.")]
    failure: Annotated[FailureReply | None, Field(description="Why it is `broken`.")]
    approval: ApprovalReply | None
    waiting: Annotated[
        WaitingReply | None, Field(description="Why it is `accepted` and not published yet.")
    ] = None
    partial: Annotated[
        bool, Field(description="Wrong rows were left out, as the agreement allows.")
    ] = False
    rows_left_out: Annotated[int, Field(description="Wrong rows that were left out.")] = 0
    preview: Annotated[
        list[ChangeCounts] | None,
        Field(description="What it changes or would change; all of it at `links.preview`."),
    ]
    mapping: Annotated[
        list[MapReply] | None, Field(description="The maps that it was read by, if any.")
    ] = None
    findings: FindingsSummary
    changes: Annotated[
        dict[str, int] | None, Field(description="What the publication changed, in counts.")
    ]
    release_at: Annotated[
        dt.datetime | None, Field(description="When the last embargoed value becomes public.")
    ]
    sequence: Annotated[int | None, Field(description="Place among all publications.")]
    links: SubmissionLinks


class SubmissionList(Reply):
    """Submissions of one organisation, the newest first."""

    submissions: list[SubmissionReply]
    next: Annotated[str | None, Field(description="Address of the next page, if there is one.")]


class HealthReply(Reply):
    """The service answers."""

    status: Literal["ok"] = "ok"


class ReadinessReply(Reply):
    """Whether the service can work: each part, and all together."""

    status: Literal["ready", "not ready"]
    checks: dict[str, bool]
