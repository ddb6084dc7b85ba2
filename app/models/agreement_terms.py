"""Replies on the terms of agreements: what they are, and what they mean for a caller."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from pydantic import Field

from app.models.api import Reply


class TermSource(Reply):
    """Where a term comes from."""

    kind: Annotated[
        Literal["metadataset", "annotation"],
        Field(description="A metadata set on the agreement, or the agreement's own annotation."),
    ]
    urn: str


class TermReply(Reply):
    """One term."""

    id: Annotated[str, Field(description="Attribute of `MSD_AGREEMENT`, or of an annotation.")]
    name: str
    names: dict[str, str]
    values: Annotated[list[str | dict[str, str]], Field(description="Text, or text by language.")]
    value_names: Annotated[
        list[dict[str, str]], Field(description="Names of the values that are codes.")
    ]
    source: TermSource


class TermsReply(Reply):
    """The terms of an agreement, as they hold now."""

    id: str
    agreement: Annotated[str, Field(description="`AGENCY:ID(VERSION)`.")]
    urn: str
    dataflow: str
    provider: str
    state: Annotated[
        Literal["in force", "expired"], Field(description="By its last day, if it has one.")
    ]
    terms: list[TermReply]


class TermsList(Reply):
    """The terms of the agreements of a dataflow."""

    agreements: list[TermsReply]


class RuleReply(Reply):
    """What one rule says."""

    rule: Annotated[
        str,
        Field(
            description="The term; `PARTY`: who is who, `CHECK`: structure and constraints, "
            "`CONF_STATUS` and `EMBARGO_TIME`: what the figure says of itself. `SECONDARY`: it is "
            "suppressed lest another be reckoned."
        ),
    ]
    outcome: Literal["allows", "forbids", "delays", "notes"]
    value: str | None
    source: Annotated[
        str | None, Field(description="URN of the metadata set or agreement that says so.")
    ]
    until: dt.datetime | None
    message: str
    messages: dict[str, str]


class CellReply(Reply):
    """What the exchange holds of a figure, as far as the caller may know."""

    public: Annotated[
        Literal["value", "marker", "nothing"], Field(description="What the public sees.")
    ]
    withheld: Annotated[
        Literal["nothing", "until", "for good"] | None,
        Field(description="What is withheld; none where the caller may not know."),
    ]
    release_at: dt.datetime | None


class ExplanationReply(Reply):
    """Why somebody can or cannot send or see something."""

    agreement: str
    action: Literal["send", "see"]
    organisation: Annotated[str | None, Field(description="None: anybody, without a token.")]
    key: str | None
    period: str | None
    verdict: Literal["yes", "no", "waits"]
    until: dt.datetime | None
    message: str
    messages: dict[str, str]
    rules: list[RuleReply]
    cell: CellReply | None


class NoticeReply(Reply):
    """Something that an organisation is told."""

    id: uuid.UUID
    kind: str
    message: str
    messages: dict[str, str]
    facts: dict[str, Any]
    created_at: dt.datetime
    seen_at: dt.datetime | None


class NoticeList(Reply):
    """Notices, the newest first."""

    notices: list[NoticeReply]
    next: Annotated[str | None, Field(description="Address of the next page, if there is one.")]
