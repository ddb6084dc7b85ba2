"""Tables of submissions: the receipt, the bytes as they came, the findings."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class Submission(SQLModel, table=True):
    """One file that one organisation sent, and what became of it."""

    __tablename__ = "submission"
    __table_args__ = (
        Index("submission_idempotency", "client_id", "idempotency_key", unique=True),
        Index("submission_organisation", "organisation", "received_at"),
        Index("submission_parent", "parent_id"),
        Index("submission_content_of", "organisation", "sha256"),
        Index(
            "submission_undecided",
            "received_at",
            "id",
            postgresql_where=text("state IN ('received', 'validating', 'failed')"),
        ),
    )

    id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    idempotency_key: str | None = Field(sa_column=Column(Text, nullable=True))
    content_type: str = Field(sa_column=Column(Text, nullable=False))
    content_encoding: str | None = Field(sa_column=Column(Text, nullable=True))
    file_name: str | None = Field(sa_column=Column(Text, nullable=True))
    sha256: str = Field(sa_column=Column(Text, nullable=False, index=True))
    byte_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    decided_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    agreements: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    row_count: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    rows_read: int = Field(sa_column=Column(BigInteger, nullable=False))
    finding_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    publication_id: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    sequence: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    release_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))
    changes: dict[str, int] | None = Field(sa_column=Column(JSON, nullable=True))
    failure: str | None = Field(sa_column=Column(Text, nullable=True))
    kind: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'file'")))
    validate_only: bool = Field(
        sa_column=Column(Boolean, nullable=False, server_default=text("false"))
    )
    parent_id: uuid.UUID | None = Field(sa_column=Column(Uuid, nullable=True))
    options: dict[str, Any] = Field(
        sa_column=Column(JSON, nullable=False, server_default=text("'{}'"))
    )
    corrections: list[Any] | None = Field(sa_column=Column(JSON, nullable=True))
    datasets: list[dict[str, Any]] | None = Field(sa_column=Column(JSON, nullable=True))
    mapping: list[dict[str, Any]] | None = Field(sa_column=Column(JSON, nullable=True))
    waiting: dict[str, Any] | None = Field(sa_column=Column(JSON, nullable=True))
    redacted_rows: list[int] | None = Field(sa_column=Column(ARRAY(BigInteger), nullable=True))
    preview: dict[str, Any] | None = Field(sa_column=Column(JSON, nullable=True))
    note: str | None = Field(sa_column=Column(Text, nullable=True))
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    phase: str | None = Field(sa_column=Column(Text, nullable=True))
    rows_total: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    approval: str | None = Field(sa_column=Column(Text, nullable=True))
    approved_by: str | None = Field(sa_column=Column(Text, nullable=True))
    approved_at: dt.datetime | None = Field(
        sa_column=Column(DateTime(timezone=True), nullable=True)
    )
    approval_note: str | None = Field(sa_column=Column(Text, nullable=True))


class SubmissionContent(SQLModel, table=True):
    """The bytes as they came, content-addressed, in deflated parts of 1 MiB."""

    __tablename__ = "submission_content"

    sha256: str = Field(sa_column=Column(Text, primary_key=True))
    part: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    deflated: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FindingRow(SQLModel, table=True):
    """One finding of the validation of a submission."""

    __tablename__ = "finding"

    submission_id: uuid.UUID = Field(
        sa_column=Column(Uuid, ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    row: int | None = Field(sa_column=Column(BigInteger, nullable=True))
    component: str | None = Field(sa_column=Column(Text, nullable=True))
    value: str | None = Field(sa_column=Column(Text, nullable=True))
    code: str = Field(sa_column=Column(Text, nullable=False))
    rule: str | None = Field(sa_column=Column(Text, nullable=True))
    allowed: str | None = Field(sa_column=Column(Text, nullable=True))
    nearest: str | None = Field(sa_column=Column(Text, nullable=True))
    severity: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    place: str | None = Field(sa_column=Column(Text, nullable=True))
    file: str | None = Field(sa_column=Column(Text, nullable=True))


class NilReturn(SQLModel, table=True):
    """A period of which a provider says that nothing happened in it."""

    __tablename__ = "nil_return"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    period: str = Field(sa_column=Column(Text, primary_key=True))
    submission_id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    note: str | None = Field(sa_column=Column(Text, nullable=True))
    superseded_by: uuid.UUID | None = Field(sa_column=Column(Uuid, nullable=True))


class LayoutProfile(SQLModel, table=True):
    """How the workbooks of one agreement are laid out, under a name."""

    __tablename__ = "layout_profile"

    agreement_id: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    name: str = Field(sa_column=Column(Text, primary_key=True))
    document: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    changed_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    changed_by: str = Field(sa_column=Column(Text, nullable=False))
