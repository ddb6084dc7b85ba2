"""Tables of what agreements bring about: computed dataflows, notes on mirrors, notices, scores."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import BigInteger, Column, Date, DateTime, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlmodel import Field, SQLModel


class Derived(SQLModel, table=True):
    """A computed dataflow, and the sequence up to which it knows the reported data."""

    __tablename__ = "derived"

    dataflow: str = Field(sa_column=Column(Text, primary_key=True))
    through_sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    computed_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))


class MirrorNote(SQLModel, table=True):
    """What a party says of a cell of a mirror pair; only a redaction changes what was added."""

    __tablename__ = "mirror_note"
    __table_args__ = (Index("mirror_note_cell", "pair", "cell", "written_at"),)

    id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    pair: str = Field(sa_column=Column(Text, nullable=False))
    cell: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    client_id: str = Field(sa_column=Column(Text, nullable=False))
    note: str | None = Field(sa_column=Column(Text, nullable=True))
    agreed_value: str | None = Field(sa_column=Column(Text, nullable=True))
    written_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))


class Notice(SQLModel, table=True):
    """What an organisation is told of, once for each kind and subject."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("notice_organisation", "organisation", "created_at"),
        Index("notice_once", "organisation", "kind", "subject", unique=True),
    )

    id: uuid.UUID = Field(sa_column=Column(Uuid, primary_key=True))
    organisation: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    facts: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: dt.datetime = Field(sa_column=Column(DateTime(timezone=True), nullable=False))
    seen_at: dt.datetime | None = Field(sa_column=Column(DateTime(timezone=True), nullable=True))


class Scorecard(SQLModel, table=True):
    """How a provider's reporting to a dataflow stood on a day."""

    __tablename__ = "scorecard"

    provider: str = Field(sa_column=Column(Text, primary_key=True))
    dataflow: str = Field(sa_column=Column(Text, primary_key=True))
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    scores: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
