"""What a client says of its submissions beside files, and what is told of them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.models.api import Reply


class Order(BaseModel):
    """The body of a request; what it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class CorrectionOrder(Order):
    """A correction from the report: of one cell, of a row, or of a value throughout a column."""

    row: Annotated[int | None, Field(ge=1, description="Row as the report tells it.")] = None
    file: Annotated[str | None, Field(max_length=500, description="Member of an archive.")] = None
    place: Annotated[
        str | None, Field(max_length=2000, description="Cell, JSON pointer or XPath of the report.")
    ] = None
    column: Annotated[str | None, Field(min_length=1, max_length=500)] = None
    value: Annotated[
        str | None,
        Field(max_length=10_000, description="What is put; with `replacement`, what was sent."),
    ] = None
    replacement: Annotated[
        str | None, Field(max_length=10_000, description="Put wherever the column has `value`.")
    ] = None
    drop: Annotated[bool, Field(description="Leave the row out.")] = False
    code: Annotated[str | None, Field(max_length=20, description="The finding it mends.")] = None


class ObservationOrder(Order):
    """What is to become of one observation."""

    key: Annotated[dict[str, str], Field(description="The code of every dimension.")]
    TIME_PERIOD: Annotated[str | None, Field(max_length=100)] = None
    values: Annotated[
        dict[str, Any],
        Field(description="Measures and attributes; null deletes one; others stay as they are."),
    ] = {}
    delete: Annotated[bool, Field(description="Delete the observation.")] = False


class ObservationsOrder(Order):
    """Corrections of observations without a file, and the reason for them."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]
    observations: Annotated[list[ObservationOrder], Field(min_length=1, max_length=1000)]


class ApprovalOrder(Order):
    """What a second person says of a submission."""

    decision: Literal["approve", "refuse"]
    note: Annotated[str | None, Field(max_length=2000)] = None


class NilReturnOrder(Order):
    """A period in which nothing happened."""

    period: Annotated[str, Field(min_length=1, max_length=100)]
    note: Annotated[str | None, Field(max_length=2000)] = None


class CopyOrder(Order):
    """The agreement whose published data are copied into the practice space."""

    agreement: Annotated[str, Field(min_length=1, max_length=300)]


class PreviewReply(Reply):
    """What publication changes or would change, agreement by agreement."""

    submission: uuid.UUID
    state: str
    published: Annotated[bool, Field(description="Whether it has been published so.")]
    agreements: list[dict[str, Any]]


class NilReturnReply(Reply):
    """A nil return."""

    agreement: str
    period: str
    note: str | None
    submission: uuid.UUID
    state: Annotated[
        Literal["accepted", "published", "superseded"],
        Field(description="Superseded: data of the period came later."),
    ]
    received_at: dt.datetime
    superseded_by: uuid.UUID | None


class NilReturnList(Reply):
    """The nil returns of an agreement, by period."""

    agreement: str
    nil_returns: list[NilReturnReply]


class PeriodReply(Reply):
    """What there is of one period."""

    period: str
    frequency: str
    state: Annotated[
        Literal["received", "nil", "missing", "expected"],
        Field(description="Expected: not due yet. Missing: due, and neither data nor nil return."),
    ]
    due: Annotated[dt.date | None, Field(description="Last day on which it is on time.")]
    observations: int
    withheld: int
    nil_return: uuid.UUID | None


class PeriodsReply(Reply):
    """Completeness of an agreement by period, the latest first."""

    agreement: str
    frequency: str | None
    release_due: str | None
    missing: int
    periods: list[PeriodReply]


class PracticeReply(Reply):
    """What was done in the practice space."""

    notice: dict[str, str]
    counts: dict[str, int]
