"""The report of a submission as a reply of our own API: groups of findings, how to mend each."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from pydantic import Field

from app.models.api import FindingReply, Reply
from app.models.sending import Order


class WrongValueReply(Reply):
    """One value of a group, and where it stands."""

    value: Annotated[str | None, Field(description="As it was sent; null: the cell is empty.")]
    count: int
    rows: Annotated[str, Field(description="All rows, as `14-20, 33`.")]
    nearest: Annotated[str | None, Field(description="The valid code nearest to the value.")]
    place: Annotated[
        str | None, Field(description="Its first cell (`Hoja1!C14`), JSON pointer or XPath.")
    ]


class GroupReply(Reply):
    """Findings that are mended in one way."""

    code: Annotated[str, Field(description="Stable code, explained in /docs/errors.")]
    severity: Literal["error", "warning"]
    cause: Annotated[str, Field(description="What is wrong, in the language of the caller.")]
    mend: Annotated[str, Field(description="How to put it right, in the language of the caller.")]
    causes: Annotated[dict[str, str], Field(description="What is wrong, by language.")]
    mends: Annotated[dict[str, str], Field(description="How to put it right, by language.")]
    column: Annotated[str | None, Field(description="Component, or the name of the column.")]
    column_name: Annotated[
        str | None, Field(description="What people call it, in the language of the caller.")
    ]
    rule: Annotated[str | None, Field(description="Constraint or codelist that says so.")]
    rule_name: Annotated[
        str | None, Field(description="What people call it, in the language of the caller.")
    ]
    allowed: Annotated[str | None, Field(description="What would be right, in short.")]
    allowed_text: Annotated[
        str | None, Field(description="The same as people say it, in the language of the caller.")
    ]
    pattern: Annotated[
        str | None,
        Field(description="Kind of the values where their form is wrong: `9/9/9`, `A 9`."),
    ]
    file: Annotated[str | None, Field(description="The member of an archive.")]
    count: Annotated[int, Field(description="Number of findings.")]
    rows: Annotated[str, Field(description="All rows, as `14-20, 33`.")]
    cells: Annotated[
        str | None, Field(description="All cells of a workbook, as `Hoja1!C14:C20, Hoja1!C33`.")
    ]
    values: Annotated[list[WrongValueReply], Field(description="The first values; 50 at most.")]
    other_values: Annotated[int, Field(description="Findings whose values are not listed.")]
    first: Annotated[list[FindingReply], Field(description="The first findings, whole.")]
    documentation: Annotated[str, Field(description="Where the code is explained.")]


class ReportLinks(Reply):
    """Where more is told."""

    self: str
    csv: Annotated[str, Field(description="All findings one by one, grouped by rule.")]
    html: str
    xlsx: Annotated[str, Field(description="The sender's workbook with the cells coloured.")]
    submission: str
    findings: str
    content: Annotated[str, Field(description="The file as it came.")]
    corrections: Annotated[str, Field(description="Where single cells are corrected (POST).")]


class ReportReply(Reply):
    """What a submission has wrong, grouped by rule."""

    submission: uuid.UUID
    state: str
    kind: str
    file_name: str | None
    sha256: str
    received_at: dt.datetime
    decided_at: dt.datetime | None
    organisation: str
    agreements: list[str]
    rows: int | None
    language: str
    errors: Annotated[int, Field(description="Findings that refuse the submission.")]
    warnings: int
    groups: Annotated[
        list[GroupReply], Field(description="Errors before warnings, then by their first rows.")
    ]
    links: ReportLinks


class ReportLink(Reply):
    """An address that opens the report in a browser, without a token, for an hour."""

    url: str
    expires_at: dt.datetime


class ReportLinkOrder(Order):
    """What the link is to be good for."""

    may_correct: Annotated[
        bool,
        Field(description="Whoever has it may correct the file, in the name of your client."),
    ] = False
